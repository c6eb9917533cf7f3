//! The message of a failed build, with Werkzeug's suggestion: the rule whose endpoint looks most alike.

use std::collections::HashMap;

use crate::python;
use crate::rule::{Rule, given};
use crate::value::Values;

/// Werkzeug's `str(BuildError)`, for the rules in the order of their endpoints.
pub(crate) fn message<'r>(
    endpoint: &str,
    values: &Values,
    method: Option<&str>,
    rules: impl Iterator<Item = &'r Rule>,
) -> String {
    let mut names: Vec<&str> = values.names().filter(|name| given(values, name).is_some()).collect();
    names.sort_unstable();
    let mut message = format!("Could not build url for endpoint {}", python::repr(endpoint));
    if let Some(method) = method.filter(|method| !method.is_empty()) {
        message.push_str(&format!(" ({})", python::repr(method)));
    }
    if !names.is_empty() {
        message.push_str(&format!(" with values {}", python::repr_list(names.iter().copied())));
    }
    message.push('.');
    let Some(rule) = closest(endpoint, &names, method, rules) else { return message };
    if rule.endpoint != endpoint {
        message.push_str(&format!(" Did you mean {} instead?", python::repr(&rule.endpoint)));
        return message;
    }
    if let (Some(method), Some(methods)) = (method.filter(|method| !method.is_empty()), &rule.methods)
        && !methods.contains(method)
    {
        message.push_str(&format!(" Did you mean to use methods {}?", python::repr_list(methods.iter())));
    }
    let missing: Vec<&str> = rule.arguments().filter(|name| names.binary_search(name).is_err()).collect();
    if !missing.is_empty() {
        message.push_str(&format!(" Did you forget to specify values {}?", python::repr_list(missing)));
    }
    message
}

/// The first of the rules with the highest score: the likeness of the endpoint above all, then whether the rule takes all
/// values, then whether it takes the method.
fn closest<'r>(
    endpoint: &str,
    names: &[&str],
    method: Option<&str>,
    rules: impl Iterator<Item = &'r Rule>,
) -> Option<&'r Rule> {
    let wanted: Vec<char> = endpoint.chars().collect();
    let index = Index::new(&wanted);
    let mut best: Option<(f64, &Rule)> = None;
    // The rules of an endpoint follow each other, so its likeness is found once.
    let mut last: Option<(&str, f64)> = None;
    for rule in rules {
        let bonus_values = 0.01 * f64::from(u8::from(names.iter().all(|name| rule.has_argument(name))));
        let takes_method = match (method, &rule.methods) {
            (Some(method), Some(methods)) => methods.contains(method),
            _ => false,
        };
        let bonus_method = 0.01 * f64::from(u8::from(takes_method));
        let ratio = match last {
            Some((name, ratio)) if name == rule.endpoint => ratio,
            _ => {
                let candidate: Vec<char> = rule.endpoint.chars().collect();
                let bound = upper_bound(candidate.len(), wanted.len());
                if best.is_some_and(|(score, _)| 0.98 * bound + bonus_values + bonus_method + 1e-9 < score) {
                    continue;
                }
                let ratio = index.ratio(&candidate);
                last = Some((&rule.endpoint, ratio));
                ratio
            }
        };
        let score = 0.98 * ratio + bonus_values + bonus_method;
        if best.is_none_or(|(other, _)| score > other) {
            best = Some((score, rule));
        }
    }
    best.map(|(_, rule)| rule)
}

/// What the likeness of two texts of these lengths cannot exceed.
fn upper_bound(a: usize, b: usize) -> f64 {
    if a + b == 0 { 1.0 } else { 2.0 * a.min(b) as f64 / (a + b) as f64 }
}

/// A text prepared for many comparisons, as `difflib.SequenceMatcher` prepares its second one.
struct Index<'a> {
    text: &'a [char],
    places: HashMap<char, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(text: &'a [char]) -> Self {
        let mut places: HashMap<char, Vec<usize>> = HashMap::new();
        for (place, c) in text.iter().enumerate() {
            places.entry(*c).or_default().push(place);
        }
        // difflib leaves out what is frequent in long texts.
        if text.len() >= 200 {
            let popular = text.len() / 100 + 1;
            places.retain(|_, places| places.len() <= popular);
        }
        Self { text, places }
    }

    /// `SequenceMatcher(None, other, text).ratio()`.
    fn ratio(&self, other: &[char]) -> f64 {
        let length = other.len() + self.text.len();
        if length == 0 {
            return 1.0;
        }
        let mut matches = 0;
        let mut queue = vec![(0, other.len(), 0, self.text.len())];
        while let Some((a_low, a_high, b_low, b_high)) = queue.pop() {
            let (a, b, size) = self.longest_match(other, a_low, a_high, b_low, b_high);
            if size > 0 {
                matches += size;
                if a_low < a && b_low < b {
                    queue.push((a_low, a, b_low, b));
                }
                if a + size < a_high && b + size < b_high {
                    queue.push((a + size, a_high, b + size, b_high));
                }
            }
        }
        2.0 * matches as f64 / length as f64
    }

    /// The longest block that the two ranges have in common, the earliest of them, and its size.
    fn longest_match(
        &self,
        other: &[char],
        a_low: usize,
        a_high: usize,
        b_low: usize,
        b_high: usize,
    ) -> (usize, usize, usize) {
        let (mut best_a, mut best_b, mut best) = (a_low, b_low, 0);
        // The length of the common block that ends at each place of the text and at the last character looked at.
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for (a, c) in other.iter().enumerate().take(a_high).skip(a_low) {
            let mut next = HashMap::new();
            for b in self.places.get(c).map_or(&[][..], Vec::as_slice) {
                if *b < b_low {
                    continue;
                }
                if *b >= b_high {
                    break;
                }
                let length =
                    b.checked_sub(1).and_then(|before| lengths.get(&before)).copied().unwrap_or(0) + 1;
                next.insert(*b, length);
                if length > best {
                    (best_a, best_b, best) = (a + 1 - length, *b + 1 - length, length);
                }
            }
            lengths = next;
        }
        // Characters that were left out as frequent extend a block all the same.
        while best_a > a_low && best_b > b_low && other[best_a - 1] == self.text[best_b - 1] {
            (best_a, best_b, best) = (best_a - 1, best_b - 1, best + 1);
        }
        while best_a + best < a_high
            && best_b + best < b_high
            && other[best_a + best] == self.text[best_b + best]
        {
            best += 1;
        }
        (best_a, best_b, best)
    }
}
