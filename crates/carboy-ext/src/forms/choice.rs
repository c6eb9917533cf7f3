//! What can be chosen: the options of a `select`, radio buttons, checkboxes.

use crate::validation::Value;

/// One thing that can be chosen (WTForms' `SelectChoice`).
///
/// ```
/// use carboy_ext::forms::Choice;
///
/// let choices: Vec<Choice> = vec![("r", "Red").into(), Choice::new("g").label("Green").group("Cold").attr("data-hex", "0f0")];
/// assert_eq!(choices[0].value(), "r");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) group: Option<String>,
    pub(super) attrs: Vec<(String, Value)>,
}

impl Choice {
    /// A choice that is shown as its value.
    pub fn new(value: impl ToString) -> Self {
        let value = value.to_string();
        Choice { label: value.clone(), value, group: None, attrs: Vec::new() }
    }

    /// What is shown.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The `optgroup` in which it is shown; choices of one group stand together.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// An attribute of its element.
    #[must_use]
    pub fn attr(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attrs.push((name.into(), value.into()));
        self
    }

    /// What is sent.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl From<&str> for Choice {
    fn from(value: &str) -> Self {
        Choice::new(value)
    }
}

impl From<String> for Choice {
    fn from(value: String) -> Self {
        Choice::new(value)
    }
}

impl<V: ToString, L: Into<String>> From<(V, L)> for Choice {
    fn from((value, label): (V, L)) -> Self {
        Choice::new(value).label(label)
    }
}

/// An enum whose variants can be chosen. Derive it:
///
/// ```
/// use carboy_ext::forms::Choices;
///
/// #[derive(Choices, Debug, Clone, PartialEq)]
/// enum Size {
///     Small,
///     #[choice(label = "As large as it gets")]
///     ExtraLarge,
/// }
/// assert_eq!(Size::ExtraLarge.value(), "extra_large");
/// assert_eq!(Size::from_value("small"), Some(Size::Small));
/// assert_eq!(Size::choices()[1], ("extra_large", "As large as it gets").into());
/// ```
///
/// `#[choice(value = "…", label = "…", group = "…")]` says what is sent, what is shown, and under which heading.
pub trait Choices: Sized + Send + Sync + 'static {
    /// All of them, in the order of the enum.
    fn choices() -> Vec<Choice>;

    /// What is sent for this one.
    fn value(&self) -> &'static str;

    /// The one for which this is sent.
    fn from_value(value: &str) -> Option<Self>;
}
