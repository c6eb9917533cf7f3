//! Forms, fields and labels as templates see them.

use super::{
    bound::BoundForm,
    definition::Kind,
    field::Field,
    html::{Attr, Attrs, clean_key},
};
use crate::validation::Value;
use carboy::{Markup, TemplateArgs, TemplateError, TemplateObject, TemplateValue};
use std::sync::Arc;

type Items<'a> = Box<dyn Iterator<Item = TemplateValue> + 'a>;
type Found = Result<Option<TemplateValue>, TemplateError>;

pub(super) fn form_value(form: &BoundForm) -> TemplateValue {
    TemplateValue::from_object(FormView(form.clone()))
}

fn field_value(field: &Arc<Field>) -> TemplateValue {
    TemplateValue::from_object(FieldView(field.clone()))
}

fn attrs(arguments: &TemplateArgs<'_>) -> Attrs {
    let mut attrs = Attrs::default();
    for (name, value) in arguments.all_named() {
        attrs.set(&clean_key(&name), Attr::from(&value));
    }
    attrs
}

fn texts(messages: &[String]) -> Vec<TemplateValue> {
    messages.iter().map(|message| message.as_str().into()).collect()
}

/// WTForms' `field.errors`: of a form inside the form by name, of a list one by one.
fn errors(field: &Field) -> TemplateValue {
    match field.kind() {
        Kind::Form(_) => errors_by_name(field.inner()),
        Kind::List(_) => {
            let inner: Vec<TemplateValue> = match field.inner().iter().any(|inner| inner.has_errors()) {
                true => field.inner().iter().map(|inner| errors(inner)).collect(),
                false => Vec::new(),
            };
            TemplateValue::list(inner.into_iter().chain(texts(field.errors())).collect())
        }
        _ => TemplateValue::list(texts(field.errors())),
    }
}

fn errors_by_name(fields: &[Arc<Field>]) -> TemplateValue {
    let wrong = fields.iter().filter(|field| field.has_errors());
    TemplateValue::map(wrong.map(|field| (field.short_name().to_owned(), errors(field))))
}

/// The hidden inputs of a form: Flask-WTF's `hidden_tag`, of all fields or of those that are given, by name or as fields.
fn hidden_tag(fields: &[Arc<Field>], arguments: &TemplateArgs<'_>) -> Markup {
    let hidden = fields.iter().filter(|field| field.is_hidden());
    let wanted: Vec<String> = (0..arguments.len())
        .filter_map(|index| arguments.get(index))
        .map(|given| given.to_string())
        .collect();
    let inputs: Vec<String> = match wanted.is_empty() {
        true => hidden.map(|field| field.html().into_string()).collect(),
        // A field that is given prints as its HTML.
        false => wanted
            .iter()
            .filter_map(|given| {
                hidden.clone().find(|field| field.short_name() == given || *field.html() == **given)
            })
            .map(|field| field.html().into_string())
            .collect(),
    };
    Markup::new(inputs.join("\n"))
}

/// A form: its fields by name, and one after the other.
struct FormView(BoundForm);

impl TemplateObject for FormView {
    fn get(&self, name: &str) -> Found {
        if let Some(field) = self.0.shared_fields().iter().find(|field| field.short_name() == name) {
            return Ok(Some(field_value(field)));
        }
        Ok(match name {
            "errors" => {
                let whole = TemplateValue::list(texts(self.0.form_errors()));
                let whole = (!self.0.form_errors().is_empty()).then(|| (String::new(), whole));
                let wrong = self.0.shared_fields().iter().filter(|field| field.has_errors());
                let fields = wrong.map(|field| (field.short_name().to_owned(), errors(field)));
                Some(TemplateValue::map(fields.chain(whole)))
            }
            "form_errors" => Some(TemplateValue::list(texts(self.0.form_errors()))),
            "data" => Some(self.0.data().to_template()),
            _ => None,
        })
    }

    fn call_method(
        &self,
        name: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        (name == "hidden_tag").then(|| Ok(hidden_tag(self.0.shared_fields(), arguments).into()))
    }

    fn items(&self) -> Option<Items<'_>> {
        Some(Box::new(self.0.shared_fields().iter().map(field_value)))
    }

    fn is_true(&self) -> bool {
        true
    }

    fn text(&self) -> String {
        "<form>".to_owned()
    }
}

/// A field: `{{ form.email }}`, `{{ form.email(class="wide") }}`, `{{ form.email.label }}`, …
struct FieldView(Arc<Field>);

impl TemplateObject for FieldView {
    fn get(&self, name: &str) -> Found {
        let field = &self.0;
        Ok(match name {
            "label" => Some(TemplateValue::from_object(LabelView(field.clone()))),
            "errors" => Some(errors(field)),
            "data" => Some(field.data().to_template()),
            "name" => Some(field.name().into()),
            "short_name" => Some(field.short_name().into()),
            "id" => Some(field.id().into()),
            "type" => Some(field.type_name().into()),
            "description" => Some(field.description().into()),
            "raw_data" => Some(match field.raw_data() {
                Some(texts) => TemplateValue::list(texts.into_iter().map(Into::into).collect()),
                None => TemplateValue::none(),
            }),
            "flags" => Some(TemplateValue::from_object(FlagsView(field.clone()))),
            "checked" => Some(field.is_checked().into()),
            "entries" if matches!(field.kind(), Kind::List(_)) => {
                Some(TemplateValue::list(field.inner().iter().map(field_value).collect()))
            }
            _ => field.inner().iter().find(|inner| inner.short_name() == name).map(field_value),
        })
    }

    fn call_method(
        &self,
        name: &str,
        arguments: &TemplateArgs<'_>,
    ) -> Option<Result<TemplateValue, TemplateError>> {
        let form = name == "hidden_tag" && matches!(self.0.kind(), Kind::Form(_));
        form.then(|| Ok(hidden_tag(self.0.inner(), arguments).into()))
    }

    fn call(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
        Ok(self.0.render(attrs(arguments)).into())
    }

    fn items(&self) -> Option<Items<'_>> {
        let many = matches!(
            self.0.kind(),
            Kind::Form(_) | Kind::List(_) | Kind::Select { .. } | Kind::SelectMultiple { .. }
        );
        if !many || self.0.is_option() {
            return None;
        }
        Some(Box::new(self.0.iter().map(|inner| field_value(&inner))))
    }

    fn is_true(&self) -> bool {
        // A list is true when it has entries, as in Python; other fields are always there.
        !matches!(self.0.kind(), Kind::List(_)) || !self.0.inner().is_empty()
    }

    fn text(&self) -> String {
        self.0.html().into_string()
    }

    fn html(&self) -> Option<Markup> {
        Some(self.0.html())
    }
}

/// A label: `{{ form.email.label }}`, `{{ form.email.label(class="bold") }}`, `{{ form.email.label.text }}`.
struct LabelView(Arc<Field>);

impl TemplateObject for LabelView {
    fn get(&self, name: &str) -> Found {
        Ok(match name {
            "text" => Some(self.0.label().into()),
            "field_id" => Some(self.0.id().into()),
            _ => None,
        })
    }

    fn call(&self, arguments: &TemplateArgs<'_>) -> Result<TemplateValue, TemplateError> {
        let mut attrs = Attrs::default();
        let mut text = arguments.get(0);
        for (name, value) in arguments.all_named() {
            match name.as_str() {
                "text" => text = Some(value),
                _ => attrs.set(&name, Attr::from(&value)),
            }
        }
        let text = text.filter(|text| !text.is_none()).map(|text| Attr::from(&text));
        Ok(self.0.render_label(text, attrs).into())
    }

    fn text(&self) -> String {
        self.0.label_html().into_string()
    }

    fn html(&self) -> Option<Markup> {
        Some(self.0.label_html())
    }
}

/// The attributes that the rules of a field give: `{% if form.email.flags.required %}`.
struct FlagsView(Arc<Field>);

impl TemplateObject for FlagsView {
    fn get(&self, name: &str) -> Found {
        Ok(Some(self.0.flag(name).as_ref().map_or_else(TemplateValue::none, Value::to_template)))
    }
}
