//! Widgets: how a field is shown.

use super::{
    choice::Choice,
    datetime,
    definition::Kind,
    field::Field,
    html::{Attr, Attrs},
};
use carboy::{Markup, escape};

/// How a field is shown, as WTForms' widgets show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the name of the input says it")]
pub enum Widget {
    Text,
    /// An input that does not show what was typed, and that is never filled in again.
    Password,
    Hidden,
    Checkbox,
    File,
    Files,
    Submit,
    /// A `button` element with the label as its text.
    Button,
    TextArea,
    Select,
    SelectMultiple,
    Search,
    Tel,
    Url,
    Email,
    Color,
    Date,
    Month,
    Week,
    Time,
    /// `<input type="datetime">`, which browsers no longer know; see [`Widget::DateTimeLocal`].
    DateTime,
    DateTimeLocal,
    Number,
    /// A slider.
    Range,
    /// A list of radio buttons.
    Radio,
    /// A list of checkboxes.
    Checkboxes,
    /// The fields inside, as an unordered list.
    List,
    /// The fields inside, as an ordered list.
    OrderedList,
    /// The fields inside, as the rows of a table.
    Table,
}

impl Widget {
    /// The attributes that rules may give to it.
    fn takes(self) -> &'static [&'static str] {
        match self {
            Widget::Text | Widget::Password | Widget::Search | Widget::Tel | Widget::Url | Widget::Email => {
                &["required", "disabled", "readonly", "maxlength", "minlength", "pattern"]
            }
            Widget::TextArea => &["required", "disabled", "readonly", "maxlength", "minlength"],
            Widget::Hidden | Widget::Color | Widget::Button => &["disabled"],
            Widget::File | Widget::Files => &["required", "disabled", "accept"],
            Widget::Checkbox
            | Widget::Checkboxes
            | Widget::Radio
            | Widget::Submit
            | Widget::Select
            | Widget::SelectMultiple => &["required", "disabled"],
            Widget::Date
            | Widget::Month
            | Widget::Week
            | Widget::Time
            | Widget::DateTime
            | Widget::DateTimeLocal
            | Widget::Number => &["required", "disabled", "readonly", "max", "min", "step"],
            Widget::Range => &["disabled", "max", "min", "step"],
            Widget::List | Widget::OrderedList | Widget::Table => &[],
        }
    }

    fn input_type(self) -> &'static str {
        match self {
            Widget::Password => "password",
            Widget::Hidden => "hidden",
            Widget::Checkbox | Widget::Checkboxes => "checkbox",
            Widget::Radio => "radio",
            Widget::File | Widget::Files => "file",
            Widget::Submit | Widget::Button => "submit",
            Widget::Search => "search",
            Widget::Tel => "tel",
            Widget::Url => "url",
            Widget::Email => "email",
            Widget::Color => "color",
            Widget::Date => "date",
            Widget::Month => "month",
            Widget::Week => "week",
            Widget::Time => "time",
            Widget::DateTime => "datetime",
            Widget::DateTimeLocal => "datetime-local",
            Widget::Number => "number",
            Widget::Range => "range",
            _ => "text",
        }
    }

    /// The field as HTML. `attrs` are those of the field and of the template, with clean names.
    pub(super) fn render(self, field: &Field, mut attrs: Attrs) -> Markup {
        match self {
            Widget::Radio | Widget::Checkboxes if field.is_option() => self.input(field, attrs),
            Widget::Select | Widget::SelectMultiple if field.is_option() => {
                let choices = field.choices();
                let rendered = choices.first().map(|choice| option(choice, field.is_checked(), &attrs));
                Markup::new(rendered.unwrap_or_default())
            }
            Widget::Radio | Widget::Checkboxes => list("ul", false, field, attrs),
            Widget::List => list("ul", true, field, attrs),
            Widget::OrderedList => list("ol", true, field, attrs),
            Widget::Table => table(field, attrs),
            Widget::TextArea => {
                attrs.set_default("id", field.id());
                self.flags(field, &mut attrs);
                attrs.set_default("name", field.name());
                let inner = escape(field.shown_value());
                Markup::new(format!("<textarea {}>\r\n{inner}</textarea>", attrs.html()))
            }
            Widget::Select | Widget::SelectMultiple => {
                attrs.set_default("id", field.id());
                if self == Widget::SelectMultiple {
                    attrs.set("multiple", Attr::On);
                }
                self.flags(field, &mut attrs);
                attrs.set_default("name", field.name());
                select(field, &attrs)
            }
            Widget::Button => {
                let label = attrs.remove("label").unwrap_or_else(|| field.label().into());
                attrs.set_default("id", field.id());
                attrs.set_default("type", self.input_type());
                attrs.set_default("value", field.shown_value());
                self.flags(field, &mut attrs);
                attrs.set_default("name", field.name());
                let label = match label {
                    Attr::Html(html) => html,
                    other => escape(text(&other)).into_string(),
                };
                Markup::new(format!("<button {}>{label}</button>", attrs.html()))
            }
            _ => self.input(field, attrs),
        }
    }

    fn input(self, field: &Field, mut attrs: Attrs) -> Markup {
        match self {
            Widget::Password => attrs.set("value", ""),
            Widget::Checkbox | Widget::Checkboxes | Widget::Radio if field.is_checked() => {
                attrs.set_default("checked", Attr::On);
            }
            Widget::File => attrs.set("value", Attr::Off),
            Widget::Files => {
                attrs.set("value", Attr::Off);
                attrs.set("multiple", Attr::On);
            }
            Widget::Submit => attrs.set_default("value", field.label()),
            Widget::Number | Widget::Range => {
                if matches!(field.kind(), Kind::Float | Kind::Decimal { .. }) {
                    attrs.set_default("step", "any");
                }
            }
            _ => {}
        }
        if let Some(format) = field.format() {
            for name in ["min", "max"] {
                if !attrs.contains(name)
                    && let Some(bound) = field.flag(name)
                    && let Some(bound) = datetime::format(&bound, format)
                {
                    attrs.set(name, bound);
                }
            }
        }
        attrs.set_default("id", field.id());
        attrs.set_default("type", self.input_type());
        attrs.set_default("value", field.shown_value());
        self.flags(field, &mut attrs);
        attrs.set_default("name", field.name());
        Markup::new(format!("<input {}>", attrs.html()))
    }

    fn flags(self, field: &Field, attrs: &mut Attrs) {
        for name in self.takes() {
            if let Some(value) = field.flag(name) {
                attrs.set_default(name, &value);
            }
        }
    }
}

fn text(value: &Attr) -> &str {
    match value {
        Attr::Text(text) | Attr::Html(text) => text,
        Attr::On => "True",
        Attr::Off => "False",
    }
}

fn list(tag: &str, prefix_label: bool, field: &Field, mut attrs: Attrs) -> Markup {
    attrs.set_default("id", field.id());
    let mut html = format!("<{tag} {}>", attrs.html());
    for inner in field.iter() {
        let (label, input) = (inner.label_html(), inner.html());
        let item = if prefix_label { [label, input] } else { [input, label] };
        html.push_str(&format!("<li>{} {}</li>", item[0], item[1]));
    }
    html.push_str(&format!("</{tag}>"));
    Markup::new(html)
}

fn table(field: &Field, mut attrs: Attrs) -> Markup {
    attrs.set_default("id", field.id());
    let mut html = format!("<table {}>", attrs.html());
    let mut hidden = String::new();
    for inner in field.iter() {
        if inner.is_hidden() {
            hidden.push_str(&inner.html());
        } else {
            html.push_str(&format!(
                "<tr><th>{}</th><td>{hidden}{}</td></tr>",
                inner.label_html(),
                inner.html()
            ));
            hidden.clear();
        }
    }
    html.push_str("</table>");
    html.push_str(&hidden);
    Markup::new(html)
}

fn select(field: &Field, attrs: &Attrs) -> Markup {
    let mut html = format!("<select {}>", attrs.html());
    let choices = field.choices();
    let grouped = choices.iter().any(|choice| choice.group.is_some());
    let mut group: Option<&str> = None;
    for (index, choice) in choices.iter().enumerate() {
        let own = choice.group.as_deref();
        if grouped && (index == 0 || own != group) {
            if index > 0 && group.is_some() {
                html.push_str("</optgroup>");
            }
            if let Some(label) = own {
                let mut attrs = Attrs::default();
                attrs.set("label", label);
                html.push_str(&format!("<optgroup {}>", attrs.html()));
            }
            group = own;
        }
        html.push_str(&option(choice, field.is_selected(choice), &Attrs::default()));
    }
    if group.is_some() {
        html.push_str("</optgroup>");
    }
    html.push_str("</select>");
    Markup::new(html)
}

/// One option of a `select`; the attributes of the template come before its own.
fn option(choice: &Choice, selected: bool, more: &Attrs) -> String {
    let mut attrs = Attrs::default();
    attrs.set("value", choice.value.as_str());
    for (name, value) in &choice.attrs {
        attrs.set(name, value);
    }
    attrs.extend(more);
    if selected {
        attrs.set("selected", Attr::On);
    }
    let label = if choice.label.is_empty() { &choice.value } else { &choice.label };
    format!("<option {}>{}</option>", attrs.html(), escape(carboy::gettext(label)))
}
