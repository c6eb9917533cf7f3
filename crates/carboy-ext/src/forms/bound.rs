//! A form with what was sent, whatever its Rust type.

use super::{
    choice::Choice,
    data::FormData,
    definition::{FieldDef, FormDef, Kind},
    field::{Field, validate_all},
};
use crate::validation::{Rule, Value};
use std::sync::Arc;

/// The fields of a form with their values and errors: what WTForms calls a form.
///
/// [`FormState`](super::FormState) holds one and knows the Rust type besides. A form that is only known when the program runs is made of
/// a [`FormDef`]:
///
/// ```
/// use carboy_ext::{forms::{BoundForm, FieldDef, FormData, FormDef}, validation::Rule};
///
/// let def = FormDef::new().field(FieldDef::of::<String>("email").label("E-mail").rule(Rule::email()));
/// let sent: FormData = [("email", "nobody")].into_iter().collect();
/// let mut form = BoundForm::new(&def, Some(&sent), None);
/// assert!(!form.validate());
/// assert_eq!(form.field("email").unwrap().errors(), ["Invalid email address."]);
/// assert_eq!(form.field("email").unwrap().html().as_str(), r#"<input id="email" name="email" type="text" value="nobody">"#);
/// ```
#[derive(Debug, Clone)]
pub struct BoundForm {
    fields: Vec<Arc<Field>>,
    errors: Vec<String>,
}

impl BoundForm {
    /// Binds what was sent; `object` is a map of the values before.
    pub fn new(def: &FormDef, sent: Option<&FormData>, object: Option<&Value>) -> Self {
        let prefix = def.full_prefix();
        let before = |name: &str| match object {
            Some(Value::Map(entries)) => {
                entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            _ => None,
        };
        let fields = def.fields.iter().map(|def| {
            let mut field = Field::bind(Arc::new(def.clone()), &prefix);
            field.process(sent, before(&def.name));
            Arc::new(field)
        });
        BoundForm { fields: fields.collect(), errors: Vec::new() }
    }

    /// Adds the token against cross-site requests, whose rule is what `check` says about the token that was sent.
    pub(super) fn add_csrf(
        &mut self,
        (name, prefix): (&str, &str),
        token: String,
        sent: Option<&FormData>,
        check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) {
        let check = move |value: &Value| check(value.as_str().unwrap_or_default()).map_err(Into::into);
        let def = FieldDef::new(name.to_owned(), Kind::Csrf).label("CSRF Token").rule(Rule::custom(check));
        let mut field = Field::bind(Arc::new(def), prefix);
        field.process(sent, None);
        field.set_token(token);
        self.fields.push(Arc::new(field));
    }

    /// Asks all rules; whether none found anything.
    pub fn validate(&mut self) -> bool {
        self.errors.clear();
        validate_all(&mut self.fields)
    }

    /// The fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().map(|field| &**field)
    }

    pub(super) fn shared_fields(&self) -> &[Arc<Field>] {
        &self.fields
    }

    /// The field of that name, without prefix; `address.city` is the field `city` of the form in the field `address`, and `lines.0` the
    /// first entry of a list.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let mut names = name.split('.');
        let first = names.next()?;
        let field = self.fields.iter().find(|field| field.short_name() == first)?;
        names.try_fold(&**field, |field, name| field.field(name))
    }

    fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        let mut names = name.split('.');
        let first = names.next()?;
        let field = self.fields.iter_mut().find(|field| field.short_name() == first)?;
        names.try_fold(Arc::make_mut(field), |field, name| {
            let inner = field.inner_mut().iter_mut().find(|inner| inner.short_name() == name)?;
            Some(Arc::make_mut(inner))
        })
    }

    /// Adds an error to a field, or to the form as a whole for an empty name.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn add_error(&mut self, name: &str, message: impl Into<String>) {
        if name.is_empty() {
            return self.errors.push(message.into());
        }
        match self.field_mut(name) {
            Some(field) => field.add_error(message.into()),
            None => panic!("the form has no field '{name}'"),
        }
    }

    /// Sets what can be chosen, for choices that are only known when the program runs.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn set_choices<C: Into<Choice>>(&mut self, name: &str, choices: impl IntoIterator<Item = C>) {
        match self.field_mut(name) {
            Some(field) => field.set_choices(choices.into_iter().map(Into::into).collect()),
            None => panic!("the form has no field '{name}'"),
        }
    }

    pub(super) fn refuse(&mut self, path: &[String], missing: bool) {
        if let Some((first, rest)) = path.split_first()
            && let Some(field) = self.fields.iter_mut().find(|field| field.short_name() == *first)
        {
            Arc::make_mut(field).refuse(rest, missing);
        }
    }

    /// What is wrong with the form as a whole.
    pub fn form_errors(&self) -> &[String] {
        &self.errors
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty() || self.fields.iter().any(|field| field.has_errors())
    }

    /// Everything that is wrong: the name of each field as [`field`](Self::field) takes it, empty for the form as a whole, and a message.
    pub fn errors(&self) -> Vec<(String, String)> {
        fn collect(field: &Field, path: &str, into: &mut Vec<(String, String)>) {
            into.extend(field.errors().iter().map(|error| (path.to_owned(), error.clone())));
            for inner in field.inner() {
                collect(inner, &format!("{path}.{}", inner.short_name()), into);
            }
        }
        let mut all = Vec::new();
        for field in &self.fields {
            collect(field, field.short_name(), &mut all);
        }
        all.extend(self.errors.iter().map(|error| (String::new(), error.clone())));
        all
    }

    /// The values by name.
    pub fn data(&self) -> Value {
        Value::Map(
            self.fields().map(|field| (field.short_name().to_owned(), field.data().into_owned())).collect(),
        )
    }
}
