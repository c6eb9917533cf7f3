//! What is wrong with a value, and where.

use super::{
    Invalid, Rule, Value,
    rule::{Subject, Verdict},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{BuildHasher, Hash},
};

/// Input that can be checked: `#[derive(Validate)]` implements it.
///
/// ```
/// use carboy_ext::validation::Validate;
///
/// #[derive(Validate)]
/// struct Order {
///     #[validate(length(min = 1, max = 40))]
///     name: String,
///     #[validate(length(min = 1), nested)]
///     lines: Vec<Line>,
///     #[validate(each(length(max = 10)))]
///     tags: Vec<String>,
/// }
///
/// #[derive(Validate)]
/// struct Line {
///     #[validate(number_range(min = 1))]
///     count: u32,
/// }
///
/// let order = Order { name: String::new(), lines: vec![Line { count: 0 }], tags: vec![] };
/// let wrong = order.validate().unwrap_err();
/// assert_eq!(wrong[0].pointer(), "/name");
/// assert_eq!((wrong[1].pointer(), wrong[1].message()), ("/lines/0/count", "Number must be at least 1."));
/// ```
///
/// The rules are those of [forms](crate::forms), with the same messages. Beside them `nested` checks a value that is itself
/// `Validate` (in an `Option`, a list or a map, too), and `each(…)` applies rules to each item of a list or a map. A field with an
/// `Option` that is `None` passes unless it is `data_required` or `input_required`. The names are serde's: `rename`, `rename_all` and
/// `flatten` are understood. `#[validate(function = path)]` on the struct checks it as a whole: `fn(&Order, &mut Report)`.
pub trait Validate {
    /// Adds what is wrong to a report.
    fn validate_into(&self, report: &mut Report);

    /// Checks the value.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the fields.
    fn validate(&self) -> Result<(), Vec<Violation>> {
        let mut report = Report::default();
        self.validate_into(&mut report);
        if report.violations.is_empty() { Ok(()) } else { Err(report.violations) }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub(super) pointer: String,
    pub(super) rule: Cow<'static, str>,
    pub(super) message: String,
}

impl Violation {
    /// Where, as a JSON Pointer (RFC 6901): `/lines/0/count`; empty for the whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Where, with points: `lines.0.count`.
    pub fn field(&self) -> String {
        let parts = self.pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
        parts.collect::<Vec<_>>().join(".")
    }

    /// The name of the rule: `email`, `length`, …; `type` when the value is of another type, `custom` for a function.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// What is said about it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// What is wrong so far, and where the check is.
#[derive(Debug, Default)]
pub struct Report {
    path: String,
    violations: Vec<Violation>,
}

impl Report {
    /// Goes into a field or an item.
    pub fn within(&mut self, segment: &str, check: impl FnOnce(&mut Report)) {
        let length = self.path.len();
        self.path.push('/');
        for c in segment.chars() {
            match c {
                '~' => self.path.push_str("~0"),
                '/' => self.path.push_str("~1"),
                c => self.path.push(c),
            }
        }
        check(self);
        self.path.truncate(length);
    }

    /// Adds something that is wrong here.
    pub fn add(&mut self, message: impl Into<String>) {
        self.push("custom", message.into());
    }

    pub(super) fn push(&mut self, rule: &'static str, message: String) {
        self.violations.push(Violation { pointer: self.path.clone(), rule: rule.into(), message });
    }

    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// Begins the rules about one value.
    #[doc(hidden)]
    pub fn chain<'r>(&'r mut self, other: &'r dyn Fn(&str) -> Option<Value>) -> Chain<'r> {
        Chain { first: self.violations.len(), report: self, other, stopped: false }
    }
}

/// The rules about one value, one after the other.
#[doc(hidden)]
pub struct Chain<'r> {
    report: &'r mut Report,
    other: &'r dyn Fn(&str) -> Option<Value>,
    first: usize,
    stopped: bool,
}

impl Chain<'_> {
    /// Asks a rule.
    pub fn rule(&mut self, value: &Value, rule: &Rule) {
        if self.stopped {
            return;
        }
        let raw = match value {
            Value::None => Vec::new(),
            value => vec![value.clone()],
        };
        let other = |name: &str| Some((name.to_owned(), (self.other)(name)?));
        let verdict =
            rule.check(&Subject { data: value, raw: Some(&raw), object: &Value::None, other: &other });
        self.take(rule.name(), verdict);
    }

    /// Asks a rule about a length.
    pub fn length(&mut self, length: usize, rule: &Rule) {
        if !self.stopped {
            let verdict = rule.check_length(length);
            self.take(rule.name(), verdict);
        }
    }

    /// Takes what a function said.
    pub fn custom(&mut self, check: impl FnOnce() -> Result<(), Invalid>) {
        if self.stopped {
            return;
        }
        if let Err(Invalid { message, stop }) = check() {
            self.stopped = stop;
            if !message.is_empty() {
                self.report.push("custom", message);
            }
        }
    }

    fn take(&mut self, rule: &'static str, verdict: Verdict) {
        match verdict {
            Verdict::Pass => {}
            Verdict::Refuse(message) => self.report.push(rule, message),
            Verdict::Stop { message, clear } => {
                if clear {
                    self.report.violations.truncate(self.first);
                }
                if let Some(message) = message {
                    self.report.push(rule, message);
                }
                self.stopped = true;
            }
        }
    }
}

impl<T: Validate + ?Sized> Validate for &T {
    fn validate_into(&self, report: &mut Report) {
        (**self).validate_into(report);
    }
}

impl<T: Validate + ?Sized> Validate for Box<T> {
    fn validate_into(&self, report: &mut Report) {
        (**self).validate_into(report);
    }
}

impl<T: Validate> Validate for Option<T> {
    fn validate_into(&self, report: &mut Report) {
        if let Some(value) = self {
            value.validate_into(report);
        }
    }
}

impl<T: Validate> Validate for [T] {
    fn validate_into(&self, report: &mut Report) {
        for (index, item) in self.iter().enumerate() {
            report.within(&index.to_string(), |report| item.validate_into(report));
        }
    }
}

impl<T: Validate> Validate for Vec<T> {
    fn validate_into(&self, report: &mut Report) {
        self.as_slice().validate_into(report);
    }
}

impl<T: Validate, S: BuildHasher> Validate for HashMap<String, T, S> {
    fn validate_into(&self, report: &mut Report) {
        // In an order that does not change from one answer to the next.
        let mut entries: Vec<(&String, &T)> = self.iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        for (key, item) in entries {
            report.within(key, |report| item.validate_into(report));
        }
    }
}

impl<T: Validate> Validate for BTreeMap<String, T> {
    fn validate_into(&self, report: &mut Report) {
        for (key, item) in self {
            report.within(key, |report| item.validate_into(report));
        }
    }
}

/// What has a length and items of its own: what `length` and `each` of a derived check look at.
#[doc(hidden)]
pub trait Length {
    /// What it holds.
    type Item;
    /// How many there are.
    fn count(&self) -> usize;
    /// The items by the segments of their pointers.
    fn each(&self) -> Vec<(String, &Self::Item)>;
}

impl<T> Length for Vec<T> {
    type Item = T;
    fn count(&self) -> usize {
        self.len()
    }
    fn each(&self) -> Vec<(String, &T)> {
        self.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
    }
}

impl<T, S> Length for HashMap<String, T, S> {
    type Item = T;
    fn count(&self) -> usize {
        self.len()
    }
    fn each(&self) -> Vec<(String, &T)> {
        let mut entries: Vec<(String, &T)> = self.iter().map(|(key, item)| (key.clone(), item)).collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
    }
}

impl<T> Length for BTreeMap<String, T> {
    type Item = T;
    fn count(&self) -> usize {
        self.len()
    }
    fn each(&self) -> Vec<(String, &T)> {
        self.iter().map(|(key, item)| (key.clone(), item)).collect()
    }
}

impl<T: Eq + Hash, S> Length for HashSet<T, S> {
    type Item = T;
    fn count(&self) -> usize {
        self.len()
    }
    fn each(&self) -> Vec<(String, &T)> {
        self.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
    }
}

impl<T> Length for BTreeSet<T> {
    type Item = T;
    fn count(&self) -> usize {
        self.len()
    }
    fn each(&self) -> Vec<(String, &T)> {
        self.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
    }
}
