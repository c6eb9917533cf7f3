//! Tokens for programs: made by hand, by whoever is logged in.

use carboy::{Result, prelude::*};
use carboy_ext::{
    accounts::Account,
    jwt::{Claims, Jwt},
    login::{CurrentUser, fresh_login_required},
};

/// What a token permits.
pub(crate) const SCOPES: &str = "notes:read notes:write";

pub(crate) fn bp() -> Blueprint {
    let mut bp = Blueprint::new("tokens");
    bp.url_prefix("/tokens").guard(fresh_login_required).routes(routes![index]);
    bp
}

/// Shows how the API is used; a POST makes a token.
#[route("/", methods = ["GET", "POST"])]
fn index(account: CurrentUser<Account>) -> Result<Response> {
    let token = match request().method().as_str() {
        "POST" => Some(ext::<Jwt>().issue(&Claims::new(&account.id).scope(SCOPES))?),
        _ => None,
    };
    let mut response = render!("api/tokens.html", token)?.into_response()?;
    response.set_header("cache-control", "no-store")?;
    Ok(response)
}
