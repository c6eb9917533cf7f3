//! The token against cross-site requests in forms.

use super::{bound::BoundForm, data::FormData, definition::FormDef};
use carboy::{
    Result,
    security::csrf::{Csrf, csrf_enabled, csrf_field_name, csrf_token, csrf_valid, validate_csrf},
    try_ext,
};

/// What a form needs for its token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    field: String,
    token: String,
}

/// A token, if the form is to have one: `WTF_CSRF_ENABLED` is not off, and the form wants it or the app protects itself by tokens.
pub(super) fn token_for(wanted: Option<bool>) -> Result<Option<Token>> {
    let wanted = wanted.unwrap_or_else(|| try_ext::<Csrf>().is_some());
    if !wanted || !csrf_enabled()? {
        return Ok(None);
    }
    Ok(Some(Token { field: csrf_field_name()?, token: csrf_token()? }))
}

impl Token {
    pub(super) fn add_to(&self, form: &mut BoundForm, def: &FormDef, sent: Option<&FormData>) {
        form.add_csrf((&self.field, &def.full_prefix()), self.token.clone(), sent, |token| {
            if csrf_valid() {
                // The whole request was checked already.
                return Ok(());
            }
            validate_csrf(token).map_err(|error| error.to_string())
        });
    }
}
