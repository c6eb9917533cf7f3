//! A field with what was sent: WTForms' bound field.

use super::{
    choice::Choice,
    data::FormData,
    datetime,
    definition::{FieldDef, Kind},
    html::{Attr, Attrs, clean_key},
    widget::Widget,
};
use crate::validation::{
    Decimal, Rule, Value,
    messages::{fill, gettext, ngettext},
    rule::{Subject, check_all},
};
use carboy::{Markup, escape};
use std::{borrow::Cow, fmt, sync::Arc};

/// A field of a form with its value and its errors.
#[derive(Clone)]
pub struct Field {
    def: Arc<FieldDef>,
    rules: Arc<Vec<Rule>>,
    name: String,
    short_name: String,
    id: String,
    label: String,
    data: Value,
    object_data: Value,
    raw: Option<Vec<Value>>,
    process_errors: Vec<String>,
    errors: Vec<String>,
    choices: Vec<Choice>,
    /// The fields of a form inside the form, or the entries of a list.
    inner: Vec<Arc<Field>>,
    /// One of the options of a field, and whether it is chosen.
    option: Option<bool>,
    token: Option<String>,
}

impl Field {
    pub(super) fn bind(def: Arc<FieldDef>, prefix: &str) -> Self {
        let name = format!("{prefix}{}", def.name);
        let label = match &def.label {
            Some(label) => carboy::gettext(label),
            None => gettext(&title(&def.name)),
        };
        Field {
            rules: Arc::new(def.all_rules()),
            short_name: def.name.to_string(),
            id: def.id.as_ref().map_or_else(|| name.clone(), ToString::to_string),
            label,
            name,
            data: Value::None,
            object_data: Value::None,
            raw: None,
            process_errors: Vec::new(),
            errors: Vec::new(),
            choices: def.choices.clone(),
            inner: Vec::new(),
            option: None,
            token: None,
            def,
        }
    }

    /// Takes what was sent; `object` is the value before, the default when there is none.
    pub(super) fn process(&mut self, sent: Option<&FormData>, object: Option<&Value>) {
        match &self.def.kind {
            Kind::Form(form) => {
                let form = form.clone();
                self.object_data = object.unwrap_or(&self.def.default).clone();
                let prefix = format!("{}-", self.name);
                let of = |name: &str| match &self.object_data {
                    Value::Map(entries) => {
                        entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
                    }
                    _ => None,
                };
                self.inner = form
                    .fields
                    .iter()
                    .map(|def| {
                        let mut field = Field::bind(Arc::new(def.clone()), &prefix);
                        field.process(sent, of(&def.name));
                        Arc::new(field)
                    })
                    .collect();
            }
            Kind::List(list) => {
                let list = list.clone();
                let object = object.filter(|value| value.is_true()).unwrap_or(&self.def.default);
                self.object_data = object.clone();
                let before = match object {
                    Value::List(items) => items.as_slice(),
                    _ => &[],
                };
                let entry = |index: u64, sent: Option<&FormData>, object: Option<&Value>| {
                    let mut def = list.of.clone();
                    def.name = index.to_string().into();
                    def.id = None;
                    let label = def.label.is_none();
                    let mut field = Field::bind(Arc::new(def), &format!("{}-", self.name));
                    if label {
                        field.label = gettext(&title(&format!("{}-{index}", self.name)));
                    }
                    field.id = format!("{}-{index}", self.id);
                    field.process(sent, object);
                    field
                };
                let mut inner = Vec::new();
                match sent {
                    Some(sent) if !sent.is_empty() => {
                        for (place, index) in sent.indices(&self.name).into_iter().take(list.max).enumerate()
                        {
                            let object = usize::try_from(index).ok().and_then(|at| before.get(at));
                            let mut field = entry(index, Some(sent), object);
                            field.rename(&format!("{}-{place}", self.name), &format!("{}-{place}", self.id));
                            field.short_name = place.to_string();
                            inner.push(Arc::new(field));
                        }
                    }
                    _ => {
                        for (index, object) in before.iter().enumerate() {
                            inner.push(Arc::new(entry(index as u64, sent, Some(object))));
                        }
                    }
                }
                while inner.len() < list.min {
                    inner.push(Arc::new(entry(inner.len() as u64, sent, None)));
                }
                self.inner = inner;
            }
            _ => self.process_value(sent, object),
        }
    }

    fn process_value(&mut self, sent: Option<&FormData>, object: Option<&Value>) {
        self.object_data = object.unwrap_or(&self.def.default).clone();
        self.data = match (&self.def.kind, &self.object_data) {
            (Kind::Bool, value) => Value::Bool(value.is_true()),
            (Kind::Button, _) => Value::None,
            (Kind::Select { integer: false }, value) if *value != Value::None => {
                Value::Text(value.to_string())
            }
            (Kind::SelectMultiple { integer: false }, Value::List(items)) => {
                Value::List(items.iter().map(|item| Value::Text(item.to_string())).collect())
            }
            (_, value) => value.clone(),
        };
        if let Some(sent) = sent {
            let raw = if sent.contains(&self.name) { sent.list(&self.name).to_vec() } else { Vec::new() };
            let texts: Vec<&str> = raw.iter().filter_map(Value::as_str).collect();
            if let Err(message) = self.read_sent(&raw, &texts).map(|data| {
                if let Some(data) = data {
                    self.data = data;
                }
            }) {
                if !matches!(self.def.kind, Kind::Select { .. } | Kind::SelectMultiple { .. }) {
                    self.data = Value::None;
                }
                let own = self.def.invalid_value.as_ref().map(|own| carboy::gettext(own));
                self.process_errors.push(own.unwrap_or_else(|| gettext(message)));
            }
            let files = matches!(self.def.kind, Kind::File | Kind::Files);
            let chosen = raw.iter().any(|value| matches!(value, Value::File(file) if !file.is_empty()));
            self.raw = Some(if files && !chosen { Vec::new() } else { raw });
        }
        for filter in &self.def.filters {
            self.data = filter(std::mem::take(&mut self.data));
        }
    }

    /// What the texts that were sent stand for: `None` leaves the value as it was.
    fn read_sent(&self, raw: &[Value], texts: &[&str]) -> Result<Option<Value>, &'static str> {
        let first = texts.first().copied();
        let formats = || self.def.formats.iter();
        let joined = || texts.join(" ");
        let dated = |message: &'static str,
                     suffix: Option<(&str, &str)>,
                     make: fn(jiff::civil::DateTime) -> Value| {
            if texts.is_empty() {
                return Ok(None);
            }
            let (more, directive) = suffix.unwrap_or_default();
            let found = formats().find_map(|format| {
                datetime::parse(&format!("{}{more}", joined()), &format!("{format}{directive}"))
            });
            found.map(|at| Some(make(at))).ok_or(message)
        };
        Ok(match &self.def.kind {
            Kind::Text | Kind::Csrf => first.map(Value::from),
            Kind::Bool => Some(Value::Bool(!matches!(first, None | Some("false" | "")))),
            Kind::Button => Some(first.into()),
            Kind::Integer => match first {
                None => None,
                Some(text) => Some(python_int(text).map(Value::Integer).ok_or("Not a valid integer value.")?),
            },
            Kind::Float => match first {
                None => None,
                Some(text) => Some(python_float(text).map(Value::Float).ok_or("Not a valid float value.")?),
            },
            Kind::Decimal { .. } => match first {
                None => None,
                Some(text) => {
                    Some(Decimal::parse(text).map(Value::Decimal).ok_or("Not a valid decimal value.")?)
                }
            },
            Kind::Date | Kind::Month => dated("Not a valid date value.", None, |at| Value::Date(at.date()))?,
            Kind::Week => dated("Not a valid week value.", Some(("-1", "-%w")), |at| Value::Date(at.date()))?,
            Kind::Time => dated("Not a valid time value.", None, |at| Value::Time(at.time()))?,
            Kind::DateTime => dated("Not a valid datetime value.", None, Value::DateTime)?,
            Kind::Select { integer } => match first {
                None => None,
                Some(text) if *integer => {
                    Some(Value::Integer(python_int(text).ok_or("Invalid Choice: could not coerce.")?))
                }
                Some(text) => Some(text.into()),
            },
            Kind::SelectMultiple { integer } => {
                let one = |text: &&str| match integer {
                    true => python_int(text).map(Value::Integer),
                    false => Some(Value::from(*text)),
                };
                let all: Option<Vec<Value>> = texts.iter().map(one).collect();
                Some(Value::List(
                    all.ok_or("Invalid choice(s): one or more data inputs could not be coerced.")?,
                ))
            }
            Kind::File | Kind::Files => {
                let chosen =
                    raw.iter().filter(|value| matches!(value, Value::File(file) if !file.is_empty()));
                let chosen: Vec<Value> = chosen.cloned().collect();
                match (&self.def.kind, chosen.is_empty()) {
                    (_, true) => None,
                    (Kind::File, _) => chosen.into_iter().next(),
                    _ => Some(Value::List(chosen)),
                }
            }
            Kind::Form(_) | Kind::List(_) => None,
        })
    }

    fn rename(&mut self, name: &str, id: &str) {
        let (old_name, old_id) = (
            std::mem::replace(&mut self.name, name.to_owned()),
            std::mem::replace(&mut self.id, id.to_owned()),
        );
        for inner in &mut self.inner {
            let inner = Arc::make_mut(inner);
            let moved = |text: &str, old: &str, new: &str| match text.strip_prefix(old) {
                Some(rest) => format!("{new}{rest}"),
                None => text.to_owned(),
            };
            let (name, id) = (moved(&inner.name, &old_name, name), moved(&inner.id, &old_id, id));
            inner.rename(&name, &id);
        }
    }

    /// Asks the rules; the errors are kept.
    pub(super) fn validate(&mut self, other: &dyn Fn(&str) -> Option<(String, Value)>) -> bool {
        match &self.def.kind {
            Kind::Form(_) => return validate_all(&mut self.inner),
            Kind::List(_) => {
                self.errors.clear();
                let mut good = true;
                for entry in &mut self.inner {
                    good &= Arc::make_mut(entry).validate(other);
                }
                let data = self.data().into_owned();
                // As in WTForms the rules of a list see no text.
                let subject = Subject { data: &data, raw: None, object: &self.object_data, other };
                check_all(&*self.rules, &subject, &mut self.errors);
                return good && self.errors.is_empty();
            }
            _ => {}
        }
        let mut errors = self.process_errors.clone();
        errors.extend(self.wrong_choice());
        let subject =
            Subject { data: &self.data, raw: self.raw.as_deref(), object: &self.object_data, other };
        check_all(&*self.rules, &subject, &mut errors);
        self.errors = errors;
        self.errors.is_empty()
    }

    fn wrong_choice(&self) -> Option<String> {
        if !self.process_errors.is_empty() || !self.def.validate_choice {
            return None;
        }
        let own = || self.def.invalid_choice.as_ref().map(|own| carboy::gettext(own));
        match &self.def.kind {
            Kind::Select { .. } if !self.choices.iter().any(|choice| self.is_selected(choice)) => {
                Some(own().unwrap_or_else(|| gettext("Not a valid choice.")))
            }
            Kind::SelectMultiple { .. } => {
                let Value::List(items) = &self.data else { return None };
                let mut wrong: Vec<String> = Vec::new();
                for item in items.iter().map(ToString::to_string) {
                    if !self.choices.iter().any(|choice| self.coerced(choice).to_string() == item)
                        && !wrong.contains(&item)
                    {
                        wrong.push(item);
                    }
                }
                if wrong.is_empty() {
                    return None;
                }
                let message = own().unwrap_or_else(|| {
                    ngettext(
                        "'%(value)s' is not a valid choice for this field.",
                        "'%(value)s' are not valid choices for this field.",
                        wrong.len() as u64,
                    )
                });
                Some(fill(&message, &[("value", wrong.join("', '"))]))
            }
            _ => None,
        }
    }

    fn coerced(&self, choice: &Choice) -> Value {
        match self.def.kind {
            Kind::Select { integer: true } | Kind::SelectMultiple { integer: true } => {
                python_int(&choice.value).map_or(Value::None, Value::Integer)
            }
            _ => Value::Text(choice.value.clone()),
        }
    }

    pub(super) fn is_selected(&self, choice: &Choice) -> bool {
        let value = self.coerced(choice);
        match &self.data {
            Value::List(items) => items.contains(&value),
            data => *data == value,
        }
    }

    /// Adds an error that the rules did not find, such as a name that is taken.
    pub(super) fn add_error(&mut self, message: String) {
        self.errors.push(message);
    }

    /// Says that the value does not fit into the Rust type, or is missing.
    pub(super) fn refuse(&mut self, path: &[String], missing: bool) {
        if let Some((first, rest)) = path.split_first()
            && let Some(inner) = self.inner.iter_mut().find(|inner| inner.short_name == *first)
        {
            return Arc::make_mut(inner).refuse(rest, missing);
        }
        let message = match self.def.kind {
            _ if missing => "This field is required.",
            Kind::Integer => "Not a valid integer value.",
            Kind::Select { .. } | Kind::SelectMultiple { .. } => "Not a valid choice.",
            _ => "Invalid input.",
        };
        let own = self.def.invalid_value.as_ref().filter(|_| !missing).map(|own| carboy::gettext(own));
        self.errors.push(own.unwrap_or_else(|| gettext(message)));
    }

    pub(super) fn set_choices(&mut self, choices: Vec<Choice>) {
        self.choices = choices;
    }

    pub(super) fn set_token(&mut self, token: String) {
        self.token = Some(token);
    }

    /// The name in the HTML, with the prefix of the form.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name in the form.
    pub fn short_name(&self) -> &str {
        &self.short_name
    }

    /// The id of the element.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The text of the label.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The sentence about the field.
    pub fn description(&self) -> String {
        carboy::gettext(&self.def.description)
    }

    /// The value: of a form inside the form a map, of a list a list.
    pub fn data(&self) -> Cow<'_, Value> {
        match self.def.kind {
            Kind::Form(_) => Cow::Owned(Value::Map(
                self.inner
                    .iter()
                    .map(|inner| (inner.short_name.clone(), inner.data().into_owned()))
                    .collect(),
            )),
            Kind::List(_) => {
                Cow::Owned(Value::List(self.inner.iter().map(|inner| inner.data().into_owned()).collect()))
            }
            _ => Cow::Borrowed(&self.data),
        }
    }

    /// The texts that were sent for it; `None` when no form was sent.
    pub fn raw_data(&self) -> Option<Vec<&str>> {
        self.raw.as_ref().map(|raw| raw.iter().filter_map(Value::as_str).collect())
    }

    /// What is wrong with it; not what is wrong inside of it, see [`iter`](Self::iter).
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// Whether something is wrong with it, or inside of it.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty() || self.inner.iter().any(|inner| inner.has_errors())
    }

    /// The fields of a form inside the form, the entries of a list, or the options of a choice as fields of their own.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Field>> + '_ {
        let choices: &[Choice] = match self.def.kind {
            Kind::Select { .. } | Kind::SelectMultiple { .. } if self.option.is_none() => &self.choices,
            _ => &[],
        };
        let options = choices.iter().enumerate().map(|(index, choice)| self.option_of(index, choice));
        self.inner.iter().cloned().chain(options)
    }

    fn option_of(&self, index: usize, choice: &Choice) -> Arc<Field> {
        let label = if choice.label.is_empty() { &choice.value } else { &choice.label };
        Arc::new(Field {
            id: format!("{}-{index}", self.id),
            label: carboy::gettext(label),
            data: Value::Text(choice.value.clone()),
            option: Some(self.is_selected(choice)),
            raw: None,
            errors: Vec::new(),
            choices: vec![choice.clone()],
            ..self.clone()
        })
    }

    /// The field of that name inside of it.
    pub fn field(&self, short_name: &str) -> Option<&Field> {
        self.inner.iter().find(|inner| inner.short_name == short_name).map(|inner| &**inner)
    }

    pub(super) fn inner(&self) -> &[Arc<Field>] {
        &self.inner
    }

    pub(super) fn inner_mut(&mut self) -> &mut Vec<Arc<Field>> {
        &mut self.inner
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.def.kind
    }

    /// WTForms' name of the field's class, such as `StringField`.
    pub fn type_name(&self) -> &'static str {
        if self.option.is_some() { "_Option" } else { self.def.type_name() }
    }

    /// An attribute that a rule gives: the last one that has it.
    pub(super) fn flag(&self, name: &str) -> Option<Value> {
        let flags = self.rules.iter().rev().find_map(|rule| {
            rule.flags().into_iter().find(|(flag, _)| *flag == name).map(|(_, value)| value)
        });
        flags.or_else(|| (name == "hidden" && self.def.widget == Widget::Hidden).then_some(Value::Bool(true)))
    }

    pub(super) fn is_option(&self) -> bool {
        self.option.is_some()
    }

    pub(super) fn is_checked(&self) -> bool {
        self.option.unwrap_or_else(|| self.data.is_true())
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.def.widget == Widget::Hidden
    }

    pub(super) fn format(&self) -> Option<&str> {
        self.def.formats.first().map(|format| &**format)
    }

    pub(super) fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// What the element shows.
    pub(super) fn shown_value(&self) -> String {
        let raw = || self.raw.as_ref().and_then(|raw| raw.first()).map(ToString::to_string);
        let or_data = || if self.data == Value::None { String::new() } else { self.data.to_string() };
        if self.option.is_some() {
            return self.data.to_string();
        }
        match &self.def.kind {
            Kind::Csrf => self.token.clone().unwrap_or_default(),
            Kind::Bool => raw().unwrap_or_else(|| "y".to_owned()),
            Kind::Button => raw().unwrap_or_else(|| match &self.object_data {
                Value::None => String::new(),
                value => value.to_string(),
            }),
            Kind::Integer | Kind::Float => raw().unwrap_or_else(or_data),
            Kind::Decimal { places } => raw().unwrap_or_else(|| match (&self.data, places) {
                (Value::None, _) => String::new(),
                (Value::Decimal(number), Some(places)) => number.quantize(*places).to_string(),
                (Value::Float(number), Some(places)) => format!("{number:.*}", usize::from(*places)),
                (value, _) => value.to_string(),
            }),
            Kind::Date | Kind::Time | Kind::DateTime | Kind::Month | Kind::Week => match &self.raw {
                Some(raw) if !raw.is_empty() => {
                    raw.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                }
                _ => {
                    self.format().and_then(|format| datetime::format(&self.data, format)).unwrap_or_default()
                }
            },
            _ => or_data(),
        }
    }

    /// The field as HTML, as `{{ form.email }}` shows it.
    pub fn html(&self) -> Markup {
        self.render(Attrs::default())
    }

    /// The field as HTML with more attributes, as `{{ form.email(class="wide") }}` shows it.
    pub fn html_with<'a, V: Into<Value>>(&self, attrs: impl IntoIterator<Item = (&'a str, V)>) -> Markup {
        let mut all = Attrs::default();
        for (name, value) in attrs {
            all.set(&clean_key(name), &value.into());
        }
        self.render(all)
    }

    /// The field with the attributes of a template, which come before its own.
    pub(super) fn render(&self, mut attrs: Attrs) -> Markup {
        for (name, value) in &self.def.attrs {
            attrs.set_default(&clean_key(name), value);
        }
        self.def.widget.render(self, attrs)
    }

    /// The label as HTML.
    pub fn label_html(&self) -> Markup {
        self.render_label(None, Attrs::default())
    }

    pub(super) fn render_label(&self, text: Option<Attr>, mut attrs: Attrs) -> Markup {
        // The label of a list of radio buttons stands for no element.
        let radios = self.def.widget == Widget::Radio && self.option.is_none();
        match attrs.remove("for_") {
            Some(of) => attrs.set("for", of),
            None if radios => attrs.set_default("for", Attr::Off),
            None => attrs.set_default("for", self.id.as_str()),
        }
        let text = match text {
            Some(Attr::Html(html)) if !html.is_empty() => html,
            Some(Attr::Text(text)) if !text.is_empty() => escape(text).into_string(),
            _ => escape(&*self.label).into_string(),
        };
        let attrs = attrs.html();
        let space = if attrs.is_empty() { "" } else { " " };
        Markup::new(format!("<label{space}{attrs}>{text}</label>"))
    }
}

/// Not what was typed: it may be a password.
impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.type_name())
            .field("name", &self.name)
            .field("errors", &self.errors)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// Asks the rules of all fields of one form.
pub(super) fn validate_all(fields: &mut [Arc<Field>]) -> bool {
    let mut good = true;
    for at in 0..fields.len() {
        let (before, rest) = fields.split_at_mut(at);
        let Some((field, after)) = rest.split_first_mut() else { break };
        let own = (field.short_name.clone(), field.label.clone(), field.data().into_owned());
        let other = |name: &str| {
            if name == own.0 {
                return Some((own.1.clone(), own.2.clone()));
            }
            let found = before.iter().chain(after.iter()).find(|field| field.short_name == name)?;
            Some((found.label.clone(), found.data().into_owned()))
        };
        good &= Arc::make_mut(field).validate(&other);
    }
    good
}

/// Python's `name.replace("_", " ").title()`.
fn title(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut inside = false;
    for c in name.chars() {
        let c = if c == '_' { ' ' } else { c };
        match (c.is_alphabetic(), inside) {
            (true, false) => out.extend(c.to_uppercase()),
            (true, true) => out.extend(c.to_lowercase()),
            _ => out.push(c),
        }
        inside = c.is_alphabetic();
    }
    out
}

/// Whether underscores stand between digits only, as Python wants it.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let fine = bytes
        .iter()
        .enumerate()
        .all(|(at, b)| *b != b'_' || (digit(at.checked_sub(1)) && digit(Some(at + 1))));
    fine.then(|| text.replace('_', ""))
}

/// Python's `int(text)`, of numbers that fit.
fn python_int(text: &str) -> Option<i128> {
    let text = without_underscores(text.trim())?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Python's `float(text)`.
fn python_float(text: &str) -> Option<f64> {
    let text = without_underscores(text.trim())?;
    text.parse().ok()
}
