//! Tokens of the current request's session. They work without [`Csrf`](super::Csrf), for forms that check themselves.

use super::{Csrf, settings::Settings};
use crate::{Markup, Result, current_app, escape, g, session, try_ext};

/// Under which name `g` says that the token of this request was checked.
pub(super) const VALID: &str = "csrf_valid";

/// A token with the random text that it was made of.
struct Issued {
    raw: String,
    token: String,
}

fn settings() -> Result<Settings> {
    match try_ext::<Csrf>() {
        Some(csrf) => csrf.settings(&current_app()),
        None => Settings::from_config(current_app().config()),
    }
}

/// A token for the session of this request, as Flask-WTF's `generate_csrf` makes it; the template function `csrf_token()`.
///
/// The session is given a random text at the first one, so a page that shows a token depends on the session. All calls of one request
/// return the same token, and `g.csrf_token` holds it.
///
/// # Errors
/// There is no secret key, or a `WTF_CSRF_…` key holds something else than it should.
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn csrf_token() -> Result<String> {
    let settings = settings()?;
    let (session, g) = (session(), g());
    // Somebody may have cleared the session since the last one was made.
    let raw: Option<String> = session.get(&settings.field);
    if let (Some(raw), Some(issued)) = (&raw, g.of_type::<Issued>())
        && issued.raw == *raw
    {
        return Ok(issued.token.clone());
    }
    let token = settings.tokens()?.generate(&session)?;
    g.set(&settings.field, token.clone());
    g.insert(Issued { raw: session.get(&settings.field).unwrap_or_default(), token: token.clone() });
    Ok(token)
}

/// A hidden field with [a token](csrf_token), as Flask-WTF's `form.hidden_tag()` renders it; the template function `csrf_input()`.
///
/// # Errors
/// Those of [`csrf_token`].
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn csrf_input() -> Result<Markup> {
    let (name, token) = (escape(csrf_field_name()?), escape(csrf_token()?));
    Ok(Markup::new(format!(r#"<input id="{name}" name="{name}" type="hidden" value="{token}">"#)))
}

/// A `meta` element with [a token](csrf_token), for scripts that send it in `X-CSRFToken`; the template function `csrf_meta_tag()`.
///
/// # Errors
/// Those of [`csrf_token`].
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn csrf_meta_tag() -> Result<Markup> {
    let (name, token) = (escape(&*settings()?.meta_name), escape(csrf_token()?));
    Ok(Markup::new(format!(r#"<meta name="{name}" content="{token}">"#)))
}

/// Whether a token is good for the session of this request: Flask-WTF's `validate_csrf`, for forms that check themselves.
///
/// # Errors
/// A [`CsrfError`](super::CsrfError), for a form to show, which is a 400 when it is passed on; otherwise those of [`csrf_token`].
///
/// # Panics
/// Outside a request.
#[track_caller]
pub fn validate_csrf(token: &str) -> Result<()> {
    settings()?.tokens()?.validate(&session(), token).map_err(super::refusal)
}

/// Whether [`Csrf`](super::Csrf) has checked the token of this request already, so that a form need not.
///
/// # Panics
/// Outside a context.
#[track_caller]
pub fn csrf_valid() -> bool {
    g().get(VALID).unwrap_or(false)
}

/// Whether forms are to have tokens: `WTF_CSRF_ENABLED`, which is on unless somebody switched it off.
///
/// Whether every unsafe request is checked is another question: `try_ext::<Csrf>().is_some()`.
///
/// # Errors
/// A `WTF_CSRF_…` key holds something else than it should.
///
/// # Panics
/// Outside a context.
#[track_caller]
pub fn csrf_enabled() -> Result<bool> {
    Ok(settings()?.enabled)
}

/// The name of the form field: `WTF_CSRF_FIELD_NAME`.
///
/// # Errors
/// A `WTF_CSRF_…` key holds something else than it should.
///
/// # Panics
/// Outside a context.
#[track_caller]
pub fn csrf_field_name() -> Result<String> {
    Ok(settings()?.field.clone())
}

/// Gives the session a new random text, so that no token made before is good: what a login that keeps the rest of its session does, lest
/// somebody who knew the session before know its tokens afterwards.
///
/// Forms that are open in other tabs have to be loaded again.
///
/// # Errors
/// A `WTF_CSRF_…` key holds something else than it should.
///
/// # Panics
/// Outside a request, and when the session cannot be written.
#[track_caller]
pub fn renew_csrf_token() -> Result<()> {
    session().remove(&settings()?.field);
    Ok(())
}
