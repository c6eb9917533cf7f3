//! What a form is made of, before anything is sent.

use super::{choice::Choice, field_type::FieldType, widget::Widget};
use crate::validation::{Rule, Value};
use std::{borrow::Cow, fmt, sync::Arc};

/// What the text of a field is turned into.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    Text,
    /// A checkbox, or a submit button: true when it was sent.
    Bool,
    /// A button that sends a value.
    Button,
    /// A whole number.
    Integer,
    /// A floating-point number.
    Float,
    /// A decimal number; the places are those that are shown.
    Decimal {
        /// How many places are shown of a number that was not sent; `None` for all.
        places: Option<u8>,
    },
    /// A date.
    Date,
    /// A time of the day.
    Time,
    /// A date and a time.
    DateTime,
    /// The first day of a month.
    Month,
    /// The Monday of a week.
    Week,
    /// One of several choices; of numbers when `integer` is set.
    Select {
        /// The values are whole numbers.
        integer: bool,
    },
    /// Some of several choices.
    SelectMultiple {
        /// The values are whole numbers.
        integer: bool,
    },
    /// An uploaded file.
    File,
    /// Several uploaded files.
    Files,
    /// A form inside the form.
    Form(Arc<FormDef>),
    /// The same field again and again.
    List(Arc<ListDef>),
    /// The token against cross-site requests.
    Csrf,
}

/// A field that is repeated: WTForms' `FieldList`.
#[derive(Debug, Clone)]
pub struct ListDef {
    pub(super) of: FieldDef,
    pub(super) min: usize,
    pub(super) max: usize,
}

/// The most entries of a list whose `max_entries` nobody set: what a client sends is bounded.
pub(super) const MOST_ENTRIES: usize = 1000;

type Filter = Arc<dyn Fn(Value) -> Value + Send + Sync>;

/// A field before anything is sent: its name, what it holds, how it is shown, and its rules.
#[derive(Clone)]
pub struct FieldDef {
    pub(super) name: Cow<'static, str>,
    pub(super) label: Option<Cow<'static, str>>,
    pub(super) kind: Kind,
    pub(super) widget: Widget,
    pub(super) rules: Vec<Rule>,
    pub(super) filters: Vec<Filter>,
    pub(super) default: Value,
    pub(super) description: Cow<'static, str>,
    pub(super) id: Option<Cow<'static, str>>,
    pub(super) attrs: Vec<(Cow<'static, str>, Value)>,
    pub(super) formats: Vec<Cow<'static, str>>,
    pub(super) choices: Vec<Choice>,
    pub(super) validate_choice: bool,
    pub(super) invalid_value: Option<Cow<'static, str>>,
    pub(super) invalid_choice: Option<Cow<'static, str>>,
    pub(super) required: bool,
    pub(super) optional: bool,
}

impl FieldDef {
    /// A field whose value is a `T`.
    pub fn of<T: FieldType>(name: impl Into<Cow<'static, str>>) -> Self {
        let mut field = Self::new(name, T::kind());
        field.choices = T::choices();
        field.required = T::REQUIRED;
        field.optional = T::OPTIONAL;
        field
    }

    /// A field of a kind, with the widget and the formats that WTForms gives to it.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        let mut field = FieldDef {
            name: name.into(),
            label: None,
            kind: Kind::Text,
            widget: Widget::Text,
            rules: Vec::new(),
            filters: Vec::new(),
            default: Value::None,
            description: "".into(),
            id: None,
            attrs: Vec::new(),
            formats: Vec::new(),
            choices: Vec::new(),
            validate_choice: true,
            invalid_value: None,
            invalid_choice: None,
            required: false,
            optional: false,
        };
        field.set_kind(kind);
        field
    }

    fn set_kind(&mut self, kind: Kind) {
        let (widget, formats): (Widget, &[&'static str]) = match &kind {
            Kind::Text => (Widget::Text, &[]),
            Kind::Bool => (Widget::Checkbox, &[]),
            Kind::Button => (Widget::Button, &[]),
            Kind::Integer | Kind::Float | Kind::Decimal { .. } => (Widget::Number, &[]),
            Kind::Date => (Widget::Date, &["%Y-%m-%d"]),
            Kind::Time => (Widget::Time, &["%H:%M"]),
            Kind::DateTime => (
                Widget::DateTimeLocal,
                &["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"],
            ),
            Kind::Month => (Widget::Month, &["%Y-%m"]),
            Kind::Week => (Widget::Week, &["%Y-W%W"]),
            Kind::Select { .. } => (Widget::Select, &[]),
            Kind::SelectMultiple { .. } => (Widget::SelectMultiple, &[]),
            Kind::File => (Widget::File, &[]),
            Kind::Files => (Widget::Files, &[]),
            Kind::Form(_) => (Widget::Table, &[]),
            Kind::List(_) => (Widget::List, &[]),
            Kind::Csrf => (Widget::Hidden, &[]),
        };
        self.kind = kind;
        self.widget = widget;
        self.formats = formats.iter().map(|format| Cow::Borrowed(*format)).collect();
    }

    /// The label. Without one it is the name in words.
    #[must_use]
    pub fn label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// How it is shown.
    #[must_use]
    pub fn widget(mut self, widget: Widget) -> Self {
        let kind = match (&self.kind, widget) {
            (Kind::Date, Widget::Month) => Some(Kind::Month),
            (Kind::Date, Widget::Week) => Some(Kind::Week),
            (Kind::DateTime, Widget::DateTime) => {
                self.formats.truncate(1);
                None
            }
            (Kind::Text, Widget::Button) => Some(Kind::Button),
            _ => None,
        };
        if let Some(kind) = kind {
            self.set_kind(kind);
        }
        self.widget = widget;
        self
    }

    /// A rule, which is asked after those that stand already.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// A function that changes what was sent, before the rules see it. Values that are no text stay as they are.
    #[must_use]
    pub fn filter(mut self, filter: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        self.filters.push(Arc::new(move |value| match value {
            Value::Text(text) => Value::Text(filter(text)),
            other => other,
        }));
        self
    }

    /// The value where nothing was sent.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = value.into();
        self
    }

    /// A sentence about the field, for templates.
    #[must_use]
    pub fn description(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = text.into();
        self
    }

    /// The id of its element; without one it is the name.
    #[must_use]
    pub fn id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// An attribute of its element (one of WTForms' `render_kw`); templates may give it another value.
    #[must_use]
    pub fn attr(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.attrs.push((name.into(), value.into()));
        self
    }

    /// The formats of a date or time: all are read, the first is written. The directives are `%Y %y %m %d %H %M %S %f %j %W %w %%`, with a
    /// hyphen to write no leading zero.
    #[must_use]
    pub fn formats<F: Into<Cow<'static, str>>>(mut self, formats: impl IntoIterator<Item = F>) -> Self {
        self.formats = formats.into_iter().map(Into::into).collect();
        self
    }

    /// What can be chosen. A text becomes a choice of texts, a number one of numbers, a list one of several.
    #[must_use]
    pub fn choices<C: Into<Choice>>(mut self, choices: impl IntoIterator<Item = C>) -> Self {
        self.choices = choices.into_iter().map(Into::into).collect();
        let kind = match &self.kind {
            Kind::Text => Some(Kind::Select { integer: false }),
            Kind::Integer => Some(Kind::Select { integer: true }),
            Kind::List(list) => match list.of.kind {
                Kind::Text => Some(Kind::SelectMultiple { integer: false }),
                Kind::Integer => Some(Kind::SelectMultiple { integer: true }),
                _ => None,
            },
            _ => None,
        };
        if let Some(kind) = kind {
            self.set_kind(kind);
        }
        self
    }

    /// Whether a value must be one of the choices; it must.
    #[must_use]
    pub fn validate_choice(mut self, validate: bool) -> Self {
        self.validate_choice = validate;
        self
    }

    /// What is said when the text is no value of the field's type.
    #[must_use]
    pub fn invalid_value_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.invalid_value = Some(message.into());
        self
    }

    /// What is said when the value is none of the choices.
    #[must_use]
    pub fn invalid_choice_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.invalid_choice = Some(message.into());
        self
    }

    /// How many places of a decimal number are shown.
    #[must_use]
    pub fn places(mut self, places: impl Into<Option<u8>>) -> Self {
        if let Kind::Decimal { places: shown } = &mut self.kind {
            *shown = places.into();
        }
        self
    }

    /// How many entries a list has at least: empty ones are added.
    #[must_use]
    pub fn min_entries(mut self, min: usize) -> Self {
        if let Kind::List(list) = &mut self.kind {
            Arc::make_mut(list).min = min;
        }
        self
    }

    /// How many entries of a list are read; the others are left out, as in WTForms. Without a word it is 1000.
    #[must_use]
    pub fn max_entries(mut self, max: usize) -> Self {
        if let Kind::List(list) = &mut self.kind {
            Arc::make_mut(list).max = max;
        }
        self
    }

    /// Changes the field that a list repeats.
    #[must_use]
    pub fn entries(mut self, change: impl FnOnce(FieldDef) -> FieldDef) -> Self {
        if let Kind::List(list) = &mut self.kind {
            let list = Arc::make_mut(list);
            list.of = change(list.of.clone());
        }
        self
    }

    /// The rules, and the one that the type implies unless the field says itself whether it may be empty.
    pub(super) fn all_rules(&self) -> Vec<Rule> {
        let implied = match &self.kind {
            _ if self.rules.iter().any(Rule::is_requirement) => None,
            Kind::File | Kind::Files if self.required => Some(Rule::file_required()),
            _ if self.required => Some(Rule::input_required()),
            Kind::Form(_) | Kind::List(_) | Kind::Bool => None,
            _ if self.optional => Some(Rule::optional()),
            _ => None,
        };
        implied.into_iter().chain(self.rules.iter().cloned()).collect()
    }

    /// WTForms' name of the field's class.
    pub(super) fn type_name(&self) -> &'static str {
        match (&self.kind, self.widget) {
            (Kind::Csrf, _) => "CSRFTokenField",
            (Kind::Bool, Widget::Submit) => "SubmitField",
            (Kind::Bool, _) => "BooleanField",
            (Kind::Button, _) => "ButtonField",
            (Kind::Integer, Widget::Range) => "IntegerRangeField",
            (Kind::Integer, _) => "IntegerField",
            (Kind::Float, _) => "FloatField",
            (Kind::Decimal { .. }, Widget::Range) => "DecimalRangeField",
            (Kind::Decimal { .. }, _) => "DecimalField",
            (Kind::Date, _) => "DateField",
            (Kind::Time, _) => "TimeField",
            (Kind::DateTime, Widget::DateTime) => "DateTimeField",
            (Kind::DateTime, _) => "DateTimeLocalField",
            (Kind::Month, _) => "MonthField",
            (Kind::Week, _) => "WeekField",
            (Kind::Select { .. }, Widget::Radio) => "RadioField",
            (Kind::Select { .. }, _) => "SelectField",
            (Kind::SelectMultiple { .. }, _) => "SelectMultipleField",
            (Kind::File, _) => "FileField",
            (Kind::Files, _) => "MultipleFileField",
            (Kind::Form(_), _) => "FormField",
            (Kind::List(_), _) => "FieldList",
            (Kind::Text, Widget::Password) => "PasswordField",
            (Kind::Text, Widget::Hidden) => "HiddenField",
            (Kind::Text, Widget::TextArea) => "TextAreaField",
            (Kind::Text, Widget::Search) => "SearchField",
            (Kind::Text, Widget::Tel) => "TelField",
            (Kind::Text, Widget::Url) => "URLField",
            (Kind::Text, Widget::Email) => "EmailField",
            (Kind::Text, Widget::Color) => "ColorField",
            (Kind::Text, _) => "StringField",
        }
    }
}

impl fmt::Debug for FieldDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.type_name())
            .field("name", &self.name)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// The fields of a form, in their order, before anything is sent.
#[derive(Debug, Clone, Default)]
pub struct FormDef {
    pub(super) fields: Vec<FieldDef>,
    pub(super) prefix: Cow<'static, str>,
    pub(super) csrf: Option<bool>,
}

impl FormDef {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: FieldDef) -> Self {
        self.fields.push(field);
        self
    }

    /// What stands before the names of all fields, so that two forms fit on one page. A hyphen is added unless it ends with one of
    /// `-_;:/.`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The prefix with its hyphen.
    pub(super) fn full_prefix(&self) -> String {
        let hyphen = !self.prefix.is_empty() && !self.prefix.ends_with(['-', '_', ';', ':', '/', '.']);
        format!("{}{}", self.prefix, if hyphen { "-" } else { "" })
    }

    /// Whether the form has a token against cross-site requests; without a word it has one when the app registered
    /// [`Csrf`](carboy::security::csrf::Csrf).
    #[must_use]
    pub fn csrf(mut self, csrf: bool) -> Self {
        self.csrf = Some(csrf);
        self
    }
}
