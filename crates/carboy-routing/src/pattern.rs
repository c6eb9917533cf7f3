//! Matching one dynamic part of a rule, such as `<name>.<ext>`, against one segment of a path (or its whole rest).
//!
//! Werkzeug makes a regular expression of each part and lets Python's engine backtrack. Here a part with one variable is
//! checked by hand, one with several of the built-in converters by dynamic programming, and only one with a custom
//! regular expression by the `regex` crate. All three take time linear in the text and yield what the backtracking engine
//! would find first.

use regex::{Regex, RegexBuilder};
use smallvec::SmallVec;

use crate::converter::Shape;
use crate::python::is_digit;

/// What a part with a custom regular expression may compile to, in bytes; the time of a match grows with it.
const SIZE_LIMIT: usize = 256 << 10;

/// The texts of a rule's variables, in the order of the rule.
pub(crate) type Texts<'p> = SmallVec<[&'p str; 4]>;

/// A piece of a part.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Text(String),
    Variable { shape: Shape, regex: String },
}

/// A part of a rule, ready to be matched.
#[derive(Debug)]
pub(crate) struct Pattern {
    kind: Kind,
    /// Whether the rule ends with a slash that the part swallows: one slash may then follow.
    suffixed: bool,
}

#[derive(Debug)]
enum Kind {
    One { prefix: Box<str>, shape: Shape, suffix: Box<str> },
    Several(Steps),
    Regex { regex: Regex, variables: usize },
}

/// What a part says about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    No,
    Whole,
    /// The text fits and a slash follows it.
    WithSlash,
}

impl Pattern {
    /// Compiles a part. The error is that of the regular expression of a custom converter.
    pub(crate) fn new(pieces: &[Piece], suffixed: bool) -> Result<Self, regex::Error> {
        let variables = pieces.iter().filter(|piece| matches!(piece, Piece::Variable { .. })).count();
        let custom = pieces.iter().any(|piece| matches!(piece, Piece::Variable { shape: Shape::Regex, .. }));
        let kind = if custom {
            let regex = RegexBuilder::new(&expression(pieces)).size_limit(SIZE_LIMIT).build()?;
            Kind::Regex { regex, variables }
        } else if variables == 1 {
            let mut prefix = String::new();
            let mut suffix = String::new();
            let mut one = Shape::Path;
            let mut seen = false;
            for piece in pieces {
                match piece {
                    Piece::Text(text) if seen => suffix.push_str(text),
                    Piece::Text(text) => prefix.push_str(text),
                    Piece::Variable { shape, .. } => {
                        one = shape.clone();
                        seen = true;
                    }
                }
            }
            Kind::One { prefix: prefix.into(), shape: one, suffix: suffix.into() }
        } else {
            Kind::Several(Steps::new(pieces))
        };
        Ok(Self { kind, suffixed })
    }

    /// Matches a text in whole and appends the texts of the variables.
    pub(crate) fn fit<'p>(&self, text: &'p str, texts: &mut Texts<'p>) -> Fit {
        let (body, slash) = match text.strip_suffix('/') {
            Some(body) if self.suffixed => (body, true),
            _ => (text, false),
        };
        if self.suffixed && body.ends_with('/') {
            return Fit::No;
        }
        match (self.kind.fits(body, texts), slash) {
            (false, _) => Fit::No,
            (true, false) => Fit::Whole,
            (true, true) => Fit::WithSlash,
        }
    }
}

impl Kind {
    fn fits<'p>(&self, text: &'p str, texts: &mut Texts<'p>) -> bool {
        match self {
            Self::One { prefix, shape, suffix } => {
                let inner = without_prefix(text, prefix).and_then(|rest| without_suffix(rest, suffix));
                match inner {
                    Some(inner) if shape.accepts(inner) => {
                        texts.push(inner);
                        true
                    }
                    _ => false,
                }
            }
            Self::Several(steps) => steps.fits(text, texts),
            Self::Regex { regex, variables } => {
                let Some(groups) = regex.captures(text) else { return false };
                texts.extend(
                    (0..*variables)
                        .map(|index| groups.name(&group(index)).map_or("", |group| group.as_str())),
                );
                true
            }
        }
    }
}

fn group(index: usize) -> String {
    format!("carboy_{index}")
}

/// The part as one regular expression; also what tells two parts apart.
pub(crate) fn expression(pieces: &[Piece]) -> String {
    let mut expression = String::from("^");
    let mut variables = 0;
    for piece in pieces {
        match piece {
            Piece::Text(text) => expression.push_str(&regex::escape(text)),
            Piece::Variable { regex, .. } => {
                expression.push_str(&format!("(?P<{}>{regex})", group(variables)));
                variables += 1;
            }
        }
    }
    expression.push('$');
    expression
}

impl Shape {
    /// Whether the whole text has this shape.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Chars { min, max } => {
                if memchr_slash(text) {
                    return false;
                }
                match (min, max) {
                    (0, None) => true,
                    (1, None) => !text.is_empty(),
                    (min, max) => {
                        let length = text.chars().count();
                        length >= *min && max.is_none_or(|max| length <= max)
                    }
                }
            }
            Self::Digits { signed } => is_number(unsigned(text, *signed)),
            Self::Decimal { signed } => unsigned(text, *signed)
                .split_once('.')
                .is_some_and(|(whole, part)| is_number(whole) && is_number(part)),
            Self::Uuid => text.len() == UUID_LENGTH && is_uuid(text.chars()),
            Self::OneOf(items) => {
                items.iter().any(|item| **item == *text) || (items.is_empty() && text.is_empty())
            }
            Self::Path => {
                let mut chars = text.chars();
                chars.next().is_some_and(|first| first != '/') && !chars.as_str().contains('\n')
            }
            Self::Regex => false,
        }
    }
}

// An empty text lies at no address. To compare nothing with it is right, but glibc's `memcmp` of AVX-512 loads from there behind a mask, and a load
// that would fault costs a hundred times what it looks like. Most variables have nothing around them.

fn without_prefix<'p>(text: &'p str, prefix: &str) -> Option<&'p str> {
    if prefix.is_empty() { Some(text) } else { text.strip_prefix(prefix) }
}

fn without_suffix<'p>(text: &'p str, suffix: &str) -> Option<&'p str> {
    if suffix.is_empty() { Some(text) } else { text.strip_suffix(suffix) }
}

fn memchr_slash(text: &str) -> bool {
    text.as_bytes().contains(&b'/')
}

fn unsigned(text: &str, signed: bool) -> &str {
    if signed { text.strip_prefix('-').unwrap_or(text) } else { text }
}

fn is_number(text: &str) -> bool {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return !text.is_empty();
    }
    text.chars().all(is_digit)
}

const UUID_LENGTH: usize = 36;

fn is_uuid(chars: impl Iterator<Item = char>) -> bool {
    let mut count = 0;
    for c in chars {
        let fits = if matches!(count, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() };
        if !fits {
            return false;
        }
        count += 1;
    }
    count == UUID_LENGTH
}

/// A part with several variables as steps, each of which has a preference among the places where it may end.
#[derive(Debug)]
struct Steps {
    steps: Vec<Step>,
    /// For each variable, the first of its steps and the step after its last.
    variables: Vec<(usize, usize)>,
    prefix: Box<str>,
    suffix: Box<str>,
}

#[derive(Debug)]
enum Step {
    Text(Vec<char>),
    /// As many characters other than a slash as possible.
    Chars {
        min: usize,
        max: usize,
    },
    /// As many digits as possible, at least one.
    Digits,
    /// A minus sign, if possible.
    Minus,
    Uuid,
    /// The first item possible.
    OneOf(Vec<Vec<char>>),
    /// A character other than a slash, then as few characters as possible, none of them a newline.
    Path,
}

impl Steps {
    fn new(pieces: &[Piece]) -> Self {
        let mut steps = Vec::new();
        let mut variables = Vec::new();
        for piece in pieces {
            let first = steps.len();
            match piece {
                Piece::Text(text) => {
                    steps.push(Step::Text(text.chars().collect()));
                    continue;
                }
                Piece::Variable { shape, .. } => match shape {
                    Shape::Chars { min, max } => {
                        steps.push(Step::Chars { min: *min, max: max.unwrap_or(usize::MAX) });
                    }
                    Shape::Digits { signed } => {
                        steps.extend(signed.then_some(Step::Minus));
                        steps.push(Step::Digits);
                    }
                    Shape::Decimal { signed } => {
                        steps.extend(signed.then_some(Step::Minus));
                        steps.extend([Step::Digits, Step::Text(vec!['.']), Step::Digits]);
                    }
                    Shape::Uuid => steps.push(Step::Uuid),
                    Shape::OneOf(items) if items.is_empty() => steps.push(Step::Text(Vec::new())),
                    Shape::OneOf(items) => {
                        steps.push(Step::OneOf(items.iter().map(|item| item.chars().collect()).collect()));
                    }
                    Shape::Path | Shape::Regex => steps.push(Step::Path),
                },
            }
            variables.push((first, steps.len()));
        }
        let text = |piece: Option<&Piece>| match piece {
            Some(Piece::Text(text)) => text.as_str().into(),
            _ => Box::from(""),
        };
        Self { steps, variables, prefix: text(pieces.first()), suffix: text(pieces.last()) }
    }

    fn fits<'p>(&self, text: &'p str, texts: &mut Texts<'p>) -> bool {
        if !text.starts_with(&*self.prefix) || !text.ends_with(&*self.suffix) {
            return false;
        }
        let chars: Chars = text.char_indices().collect();
        let length = chars.len();
        // `reach[step * width + place]`: whether the steps from `step` on can match the text from `place` on.
        let width = length + 1;
        let mut reach: SmallVec<[bool; 256]> = SmallVec::from_elem(false, (self.steps.len() + 1) * width);
        reach[self.steps.len() * width + length] = true;
        for (index, step) in self.steps.iter().enumerate().rev() {
            let (before, after) = reach.split_at_mut((index + 1) * width);
            step.reach(&chars, &after[..width], &mut before[index * width..]);
        }
        if !reach[0] {
            return false;
        }
        let mut places: SmallVec<[usize; 16]> = SmallVec::with_capacity(self.steps.len() + 1);
        let mut place = 0;
        places.push(0);
        for (index, step) in self.steps.iter().enumerate() {
            place = step.end(&chars, place, &reach[(index + 1) * width..(index + 2) * width]);
            places.push(place);
        }
        let byte = |place: usize| chars.get(place).map_or(text.len(), |(byte, _)| *byte);
        texts.extend(
            self.variables.iter().map(|(first, end)| &text[byte(places[*first])..byte(places[*end])]),
        );
        true
    }
}

type Chars = SmallVec<[(usize, char); 64]>;

fn starts_with(chars: &[(usize, char)], text: &[char]) -> bool {
    chars.len() >= text.len() && chars.iter().zip(text).all(|((_, own), other)| own == other)
}

fn starts_with_uuid(chars: &[(usize, char)]) -> bool {
    chars.get(..UUID_LENGTH).is_some_and(|chars| is_uuid(chars.iter().map(|(_, c)| *c)))
}

impl Step {
    /// From where the step can be taken so that the rest fits: fills `own` from `next`, the same of the step after it.
    fn reach(&self, chars: &[(usize, char)], next: &[bool], own: &mut [bool]) {
        match self {
            Self::Text(text) => {
                for place in 0..=chars.len() {
                    own[place] = starts_with(&chars[place..], text) && next[place + text.len()];
                }
            }
            Self::Minus => {
                for place in 0..=chars.len() {
                    let minus = chars.get(place).is_some_and(|(_, c)| *c == '-');
                    own[place] = next[place] || (minus && next[place + 1]);
                }
            }
            Self::Uuid => {
                for place in 0..=chars.len() {
                    own[place] = starts_with_uuid(&chars[place..]) && next[place + UUID_LENGTH];
                }
            }
            Self::OneOf(items) => {
                for place in 0..=chars.len() {
                    let rest = &chars[place..];
                    own[place] = items.iter().any(|item| starts_with(rest, item) && next[place + item.len()]);
                }
            }
            Self::Digits => reach_run(chars, next, own, 1, usize::MAX, is_digit),
            Self::Chars { min, max } => reach_run(chars, next, own, *min, *max, |c| c != '/'),
            Self::Path => {
                // The nearest place at or after this one from which the rest fits, without a newline on the way.
                let mut open = next[chars.len()];
                for place in (0..chars.len()).rev() {
                    own[place] = chars[place].1 != '/' && open;
                    open = next[place] || (chars[place].1 != '\n' && open);
                }
                own[chars.len()] = false;
            }
        }
    }

    /// Where the step ends that begins at `place`, given from where the rest fits and that there is such a place.
    fn end(&self, chars: &[(usize, char)], place: usize, next: &[bool]) -> usize {
        let run = |min: usize, max: usize, member: fn(char) -> bool| {
            let longest = chars[place..].iter().take(max).take_while(|(_, c)| member(*c)).count();
            (min..=longest).rev().map(|length| place + length).find(|end| next[*end])
        };
        let found = match self {
            Self::Text(text) => Some(place + text.len()),
            Self::Minus => {
                let minus = chars.get(place).is_some_and(|(_, c)| *c == '-');
                Some(if minus && next[place + 1] { place + 1 } else { place })
            }
            Self::Uuid => Some(place + UUID_LENGTH),
            Self::OneOf(items) => items
                .iter()
                .filter(|item| starts_with(&chars[place..], item))
                .map(|item| place + item.len())
                .find(|end| next[*end]),
            Self::Digits => run(1, usize::MAX, is_digit),
            Self::Chars { min, max } => run(*min, *max, |c| c != '/'),
            Self::Path => (place + 1..=chars.len()).find(|end| next[*end]),
        };
        found.unwrap_or(place)
    }
}

/// [`Step::reach`] of a run of `min` to `max` characters of a class.
fn reach_run(
    chars: &[(usize, char)],
    next: &[bool],
    own: &mut [bool],
    min: usize,
    max: usize,
    member: impl Fn(char) -> bool,
) {
    // How many of the first places fit, so that any range of them is a subtraction.
    let mut fitting: SmallVec<[usize; 64]> = SmallVec::with_capacity(next.len() + 1);
    fitting.push(0);
    let mut count = 0;
    for fits in next {
        count += usize::from(*fits);
        fitting.push(count);
    }
    let mut end = chars.len();
    for place in (0..=chars.len()).rev() {
        if chars.get(place).is_some_and(|(_, c)| !member(*c)) {
            end = place;
        }
        let first = place.saturating_add(min);
        let last = place.saturating_add(max).min(end);
        own[place] = first <= last && fitting[last + 1] > fitting[first];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars() -> Piece {
        Piece::Variable { shape: Shape::Chars { min: 1, max: None }, regex: "[^/]{1,}".to_owned() }
    }

    fn shaped(shape: Shape) -> Piece {
        Piece::Variable { shape, regex: String::new() }
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn fit<'p>(pieces: &[Piece], text: &'p str) -> Option<Vec<&'p str>> {
        let mut texts = Texts::new();
        let pattern = Pattern::new(pieces, false).unwrap();
        (pattern.fit(text, &mut texts) == Fit::Whole).then(|| texts.to_vec())
    }

    #[test]
    fn an_earlier_variable_takes_as_much_as_it_can() {
        assert_eq!(fit(&[chars(), chars()], "xyz"), Some(vec!["xy", "z"]));
        assert_eq!(fit(&[chars(), text("-"), chars()], "a-b-c"), Some(vec!["a-b", "c"]));
        assert_eq!(fit(&[chars(), text("."), chars()], "ä.ö.ü"), Some(vec!["ä.ö", "ü"]));
    }

    #[test]
    fn a_path_takes_as_little_as_it_can() {
        let pieces = [shaped(Shape::Path), text("/"), chars()];
        assert_eq!(fit(&pieces, "a/b"), Some(vec!["a", "b"]));
        assert_eq!(fit(&pieces, "a/b/c"), Some(vec!["a/b", "c"]));
        assert_eq!(fit(&pieces, "/a/b"), None);
        assert_eq!(fit(&[shaped(Shape::Path), shaped(Shape::Path)], "abc"), Some(vec!["a", "bc"]));
        assert_eq!(fit(&[shaped(Shape::Path), text("-"), chars()], "a\nb-c"), None);
        assert_eq!(fit(&[shaped(Shape::Path), text("-"), chars()], "\n-c"), Some(vec!["\n", "c"]));
    }

    #[test]
    fn numbers_share_what_lies_between_them() {
        let digits = || shaped(Shape::Digits { signed: true });
        assert_eq!(fit(&[digits(), digits()], "1-2"), Some(vec!["1", "-2"]));
        assert_eq!(fit(&[digits(), digits()], "123"), Some(vec!["12", "3"]));
        assert_eq!(
            fit(&[shaped(Shape::Decimal { signed: false }), digits()], "1.23"),
            Some(vec!["1.2", "3"])
        );
        assert_eq!(fit(&[digits(), digits()], "1"), None);
    }

    #[test]
    fn the_steps_agree_with_the_regex_engine() {
        let shapes = [
            (Shape::Chars { min: 1, max: None }, "[^/]{1,}"),
            (Shape::Chars { min: 0, max: Some(2) }, "[^/]{0,2}"),
            (Shape::Chars { min: 2, max: None }, "[^/]{2,}"),
            (Shape::Digits { signed: false }, r"\d+"),
            (Shape::Digits { signed: true }, r"-?\d+"),
            (Shape::Decimal { signed: true }, r"-?\d+\.\d+"),
            (Shape::OneOf(vec!["a".into(), "ab".into(), "-".into()]), "(?:a|ab|-)"),
            (Shape::Path, "[^/].*?"),
        ];
        let mut seed = 7u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize % below
        };
        for _ in 0..3_000 {
            let mut pieces = Vec::new();
            for _ in 0..2 + random(3) {
                if random(2) == 0 {
                    pieces.push(text(["a", "-", ".", "/", "b"][random(5)]));
                }
                let (shape, regex) = shapes[random(shapes.len())].clone();
                pieces.push(Piece::Variable { shape, regex: regex.to_owned() });
            }
            let alphabet = ['a', 'b', '-', '.', '1', '2', '/', '\n', '٣'];
            let subject: String = (0..random(9)).map(|_| alphabet[random(alphabet.len())]).collect();
            let regex = Regex::new(&expression(&pieces)).unwrap();
            let expected = regex.captures(&subject).map(|groups| {
                regex
                    .capture_names()
                    .flatten()
                    .map(|name| groups.name(name).unwrap().as_str().to_owned())
                    .collect()
            });
            let found: Option<Vec<String>> =
                fit(&pieces, &subject).map(|texts| texts.into_iter().map(str::to_owned).collect());
            assert_eq!(found, expected, "{subject:?} against {}", expression(&pieces));
        }
    }
}
