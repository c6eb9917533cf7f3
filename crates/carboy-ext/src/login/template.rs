//! `current_user` in templates.

use super::{user::UserRef, visit};
use carboy::{TemplateArgs, TemplateContext, TemplateError, TemplateObject, TemplateValue};
use std::sync::OnceLock;

/// What every template gets. The user is asked for when a template names an attribute, so that a page which does not is the same for all.
pub(super) fn context() -> TemplateContext {
    let mut context = TemplateContext::new();
    context.set("current_user", TemplateValue::from_object(TemplateUser::default()));
    context
}

/// The user of the request, or nobody: Flask-Login's attributes, and the user's own.
#[derive(Default)]
struct TemplateUser(OnceLock<(Option<UserRef>, OnceLock<TemplateValue>)>);

impl TemplateUser {
    fn user(&self) -> &(Option<UserRef>, OnceLock<TemplateValue>) {
        self.0.get_or_init(|| (visit::current(), OnceLock::new()))
    }
}

impl TemplateObject for TemplateUser {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        let (user, attributes) = self.user();
        let flag = |value: bool| Ok(Some(TemplateValue::from(value)));
        match (name, user) {
            ("is_anonymous", user) => flag(user.is_none()),
            ("is_authenticated", user) => flag(user.as_ref().is_some_and(|user| user.authenticated())),
            ("is_active", user) => flag(user.as_ref().is_some_and(|user| user.active())),
            (_, Some(user)) => {
                let value = attributes.get_or_init(|| user.template_value()).get(name);
                Ok((!value.is_undefined()).then_some(value))
            }
            (_, None) => Ok(None),
        }
    }

    fn call_method(&self, name: &str, _: &TemplateArgs<'_>) -> Option<Result<TemplateValue, TemplateError>> {
        (name == "get_id").then(|| {
            Ok(self.user().0.as_ref().map_or_else(TemplateValue::none, |user| TemplateValue::from(user.id())))
        })
    }

    fn text(&self) -> String {
        match &self.user().0 {
            Some(_) => "<User>".to_owned(),
            None => "<AnonymousUser>".to_owned(),
        }
    }
}
