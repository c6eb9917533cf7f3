//! A form of a Rust type with what was sent: what views have as an argument.

use super::{
    bound::BoundForm,
    choice::Choice,
    csrf,
    data::{FormData, is_submission},
    definition::FormDef,
    field::Field,
    field_type::{FieldType, Unread},
    template,
};
use crate::validation::Value;
use carboy::{Context, Error, FromContext, Markup, Result, TemplateValue};
use serde::{Serialize, Serializer};
use std::{borrow::Cow, marker::PhantomData, sync::Arc};

/// A struct that is a form: `#[derive(Form)]` implements it.
pub trait FormModel: Sized + Send + Sync + 'static {
    /// Its fields.
    fn definition() -> FormDef;

    /// Makes the struct of the values.
    ///
    /// # Errors
    /// A value does not fit.
    fn from_values(values: &Entries<'_>) -> Result<Self, Unread>;

    /// The values of the struct, by the names of the fields.
    fn to_values(&self) -> Vec<(String, Value)>;

    /// Says what is wrong with the form as a whole, once each field is right: `#[form(validate = function)]`.
    fn validate_form(&self, errors: &mut FormErrors) {
        let _ = errors;
    }
}

/// The values of a form by name: what [`FormModel::from_values`] reads.
pub struct Entries<'a>(&'a [(String, Value)]);

impl<'a> Entries<'a> {
    /// The entries of a map; none of another value.
    pub fn of(value: &'a Value) -> Self {
        match value {
            Value::Map(entries) => Entries(entries),
            _ => Entries(&[]),
        }
    }

    /// The value of a field.
    ///
    /// # Errors
    /// It does not fit.
    pub fn read<T: FieldType>(&self, name: &str) -> Result<T, Unread> {
        let value = self.0.iter().find(|(known, _)| known == name).map_or(&Value::None, |(_, value)| value);
        T::read(value).map_err(|unread| unread.within(name))
    }
}

/// What a function finds wrong with a form as a whole.
#[derive(Debug, Default)]
pub struct FormErrors(Vec<(Cow<'static, str>, String)>);

impl FormErrors {
    /// An error of a field, or of the form as a whole for an empty name; names are those of [`BoundForm::field`].
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        self.0.push((field.into(), message.into()));
    }
}

/// Where the values of a form come from and go to beside the form: `#[form(obj = Post)]` implements it for the fields of the same name.
pub trait FormObject<O> {
    /// The values of the object for the form's fields.
    fn values_of(object: &O) -> Vec<(String, Value)>;

    /// Writes the form's values into the object; WTForms' `populate_obj`. Only the form's own fields are written.
    fn populate(self, object: &mut O);
}

impl<T: FormModel> FormObject<T> for T {
    fn values_of(object: &T) -> Vec<(String, Value)> {
        object.to_values()
    }

    fn populate(self, object: &mut T) {
        *object = self;
    }
}

/// A form as a view's argument: what was sent, the values, the errors, and the HTML.
///
/// See the [module](super) for how views and templates use it.
///
/// # Errors
/// As an argument 400 when the body is JSON that does not parse, and 500 when the form is to have a token against cross-site requests and
/// the app has no secret key.
pub struct FormState<T> {
    def: Arc<FormDef>,
    form: BoundForm,
    sent: Option<Arc<FormData>>,
    object: Option<Value>,
    submitted: bool,
    token: Option<csrf::Token>,
    model: PhantomData<fn() -> T>,
}

impl<T: FormModel> FormState<T> {
    /// A form to which nothing was sent: to show one where another was submitted.
    ///
    /// # Errors
    /// The form is to have a token, and the app has no secret key.
    pub fn empty() -> Result<Self> {
        Self::make(T::definition(), None, false)
    }

    /// A form with these values as if they were sent, without a token: for tests, and for other sources than the request.
    pub fn from_data(sent: FormData) -> Self {
        let def = Arc::new(T::definition());
        let form = BoundForm::new(&def, Some(&sent), None);
        FormState {
            def,
            form,
            sent: Some(Arc::new(sent)),
            object: None,
            submitted: true,
            token: None,
            model: PhantomData,
        }
    }

    fn make(def: FormDef, sent: Option<FormData>, submitted: bool) -> Result<Self> {
        let token = csrf::token_for(def.csrf)?;
        let form = BoundForm::new(&def, None, None);
        let (def, sent) = (Arc::new(def), sent.map(Arc::new));
        let mut state = FormState { def, form, sent, object: None, submitted, token, model: PhantomData };
        state.bind();
        Ok(state)
    }

    fn bind(&mut self) {
        let sent = self.sent.as_deref();
        self.form = BoundForm::new(&self.def, sent, self.object.as_ref());
        if let Some(token) = &self.token {
            token.add_to(&mut self.form, &self.def, sent);
        }
    }

    /// The values that are shown before anything is sent: of a struct of the form's own, or of the one of `#[form(obj = …)]`. What was
    /// sent comes before them.
    #[must_use]
    pub fn fill<O>(mut self, object: &O) -> Self
    where
        T: FormObject<O>,
    {
        self.object = Some(Value::Map(T::values_of(object)));
        self.bind();
        self
    }

    /// Another prefix before the names of the fields, so that the same form stands on a page several times.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        let def = Arc::make_mut(&mut self.def);
        def.prefix = prefix.into();
        self.bind();
        self
    }

    /// Sets what can be chosen in a field, for choices that are only known when the program runs; before the form is validated.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn set_choices<C: Into<Choice>>(
        &mut self,
        field: &str,
        choices: impl IntoIterator<Item = C>,
    ) -> &mut Self {
        self.form.set_choices(field, choices);
        self
    }

    /// Whether the request sends a form: its method is POST, PUT, PATCH or DELETE.
    pub fn is_submitted(&self) -> bool {
        self.submitted
    }

    /// The form's value if one was sent and all of it is right; else the errors are in the form, which is shown again.
    pub fn validate_on_submit(&mut self) -> Option<T> {
        if self.is_submitted() { self.validate() } else { None }
    }

    /// The form's value if all of it is right, sent or not.
    pub fn validate(&mut self) -> Option<T> {
        if !self.form.validate() {
            return None;
        }
        let data = self.form.data();
        let model = match T::from_values(&Entries::of(&data)) {
            Ok(model) => model,
            Err(unread) => {
                self.form.refuse(&unread.path, unread.missing);
                return None;
            }
        };
        let mut errors = FormErrors::default();
        model.validate_form(&mut errors);
        if errors.0.is_empty() {
            return Some(model);
        }
        for (field, message) in errors.0 {
            self.form.add_error(&field, message);
        }
        None
    }

    /// Adds an error that only the view can find, such as a name that is taken; to the form as a whole when the name is empty.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn add_error(&mut self, field: &str, message: impl Into<String>) -> &mut Self {
        self.form.add_error(field, message);
        self
    }

    /// The field of that name; `address.city` and `lines.0` go inside.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.form.field(name)
    }

    /// Everything that is wrong, by the names of the fields.
    pub fn errors(&self) -> Vec<(String, String)> {
        self.form.errors()
    }

    /// The hidden fields with the token, as `{{ form.hidden_tag() }}` shows them.
    pub fn hidden_tag(&self) -> Markup {
        let hidden = self.form.fields().filter(|field| field.is_hidden());
        Markup::new(hidden.map(|field| field.html().into_string()).collect::<Vec<_>>().join("\n"))
    }

    /// The form without its type.
    pub fn form(&self) -> &BoundForm {
        &self.form
    }
}

impl<T: FormModel> FromContext for FormState<T> {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = context.request().ok_or_else(|| Error::msg("a form needs the context of a request"))?;
        Self::make(T::definition(), FormData::of(request)?, is_submission(request))
    }
}

impl<T> std::fmt::Debug for FormState<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not what was typed: it may be a password.
        f.debug_struct("FormState").field("submitted", &self.submitted).finish_non_exhaustive()
    }
}

impl<T> Clone for FormState<T> {
    fn clone(&self) -> Self {
        FormState {
            def: self.def.clone(),
            form: self.form.clone(),
            sent: self.sent.clone(),
            object: self.object.clone(),
            submitted: self.submitted,
            token: self.token.clone(),
            model: PhantomData,
        }
    }
}

/// Goes into templates as a live object: `render!("signup.html", form)`.
impl<T> Serialize for FormState<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        template::form_value(&self.form).serialize(serializer)
    }
}

impl<T> From<&FormState<T>> for TemplateValue {
    fn from(form: &FormState<T>) -> Self {
        template::form_value(&form.form)
    }
}

impl Serialize for BoundForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        template::form_value(self).serialize(serializer)
    }
}
