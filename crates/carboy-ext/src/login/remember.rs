//! The remember-me cookie, set and taken away on the way back (`LoginManager._update_remember_cookie`).

use super::{
    Login,
    visit::{self, CLEAR, REMEMBER, REMEMBER_SECONDS, SET},
};
use carboy::{Error, Response, Result, SetCookie, request, session, session::Value};
use std::time::Duration;

/// Does to a response what the session asks for; a session that asks for nothing is not used.
pub(super) fn update_cookie(login: &Login, mut response: Response) -> Result<Response> {
    let session = session();
    let (asked, user_id) = session.peek(|dict, _| (dict.contains_key(REMEMBER), visit::user_id_in(dict)));
    if asked {
        let operation = session.pop::<String>(REMEMBER);
        match (operation.as_deref(), user_id) {
            (Some(SET), Some(user_id)) => set(login, &mut response, &user_id)?,
            (Some(CLEAR), _) => clear(login, &mut response)?,
            _ => {}
        }
    } else if login.settings().cookie.refresh_each_request
        && user_id.is_some()
        && visit::remembered_id(login) == user_id
    {
        set(login, &mut response, &user_id.unwrap_or_default())?;
    }
    Ok(response)
}

fn set(login: &Login, response: &mut Response, user_id: &str) -> Result<()> {
    let cookie = &login.settings().cookie;
    let tokens = cookie
        .tokens
        .as_ref()
        .ok_or_else(|| Error::msg("SECRET_KEY is not set, so nobody can be remembered: set it"))?;
    let seconds = session().peek(|dict, _| match dict.get(REMEMBER_SECONDS) {
        Some(Value::Float(seconds)) => Duration::try_from_secs_f64(*seconds).ok(),
        Some(Value::Int(seconds)) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        _ => None,
    });
    let mut set = SetCookie::new(&cookie.name, tokens.encode(user_id))
        .path(&cookie.path)
        .secure(cookie.secure || request().is_secure())
        .http_only(cookie.httponly)
        .same_site(cookie.samesite);
    if let Some(expires) = login.clock.now().checked_add(seconds.unwrap_or(cookie.duration)) {
        set = set.expires(expires);
    }
    if let Some(domain) = &cookie.domain {
        set = set.domain(domain);
    }
    response.set_cookie(set)?;
    Ok(())
}

fn clear(login: &Login, response: &mut Response) -> Result<()> {
    let cookie = &login.settings().cookie;
    let mut removal = SetCookie::removal(&cookie.name)
        .path(&cookie.path)
        // Browsers let a cookie with a prefix only be replaced by a secure one.
        .secure(cookie.secure || request().is_secure());
    if let Some(domain) = &cookie.domain {
        removal = removal.domain(domain);
    }
    response.set_cookie(removal)?;
    Ok(())
}
