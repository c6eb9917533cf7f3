//! Tokens for programs: made by hand, by whoever is logged in, and made anew by the programs themselves.

use carboy::{Result, prelude::*, security::signing::base64_encode};
use carboy_db::Db;
use carboy_ext::{
    accounts::{Account, accounts},
    jwt::{Claims, Jwt},
    login::{CurrentUser, fresh_login_required},
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What a token permits.
const SCOPES: &str = "notes:read notes:write";
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The claim that ties a token to its account as it was.
const TIE: &str = "tie";

/// A token is good for as long as its account may be used and has the password and the address of the day that it was made.
pub(crate) fn jwt(db: Db) -> Jwt {
    let revoked = |claims: Claims| async move { Ok(owner(&claims).await?.is_none()) };
    Jwt::new().key_file("token_key.pem").revoked(revoked).refresh_store(db)
}

async fn owner(claims: &Claims) -> Result<Option<Account>> {
    let account = accounts().store().find(claims.sub.as_deref().unwrap_or_default()).await?;
    let same = |account: &Account| {
        account.active && claims.get(TIE).is_some_and(|told: String| told == tie(account))
    };
    Ok(account.filter(same))
}

/// What changes with the password and the address. The stamp itself is what sessions know an account by: no token tells it.
fn tie(account: &Account) -> String {
    base64_encode(&Sha256::digest(account.stamp.expose())[..16])
}

fn claims(account: &Account) -> Claims {
    Claims::new(&account.id).scope(SCOPES).set(TIE, tie(account))
}

/// What a program gets (RFC 6749 section 5.1).
#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    scope: &'static str,
}

impl Tokens {
    fn new(account: &Account, refresh_token: String) -> Result<Tokens> {
        Ok(Tokens {
            access_token: ext::<Jwt>().issue(&claims(account).expires_in(LIFETIME))?,
            token_type: "Bearer",
            expires_in: LIFETIME.as_secs(),
            refresh_token,
            scope: SCOPES,
        })
    }
}

pub(crate) fn bp() -> Blueprint {
    let mut bp = Blueprint::new("tokens");
    bp.url_prefix("/tokens").guard(fresh_login_required).routes(routes![index]);
    bp
}

/// Shows how the API is used; a POST makes a token.
#[route("/", methods = ["GET", "POST"])]
async fn index(account: CurrentUser<Account>) -> Result<Response> {
    let tokens = match request().method().as_str() {
        "POST" => Some(Tokens::new(&account, ext::<Jwt>().begin_refresh(&claims(&account)).await?)?),
        _ => None,
    };
    unkept(render!("api/tokens.html", tokens)?)
}

/// No cache keeps what holds tokens.
fn unkept(response: impl IntoResponse) -> Result<Response> {
    let mut response = response.into_response()?;
    response.set_header("cache-control", "no-store")?;
    Ok(response)
}

/// The next tokens for a refresh token, which is good once (RFC 6749 section 6).
#[post("/api/token")]
pub(crate) async fn refresh() -> Result<Response> {
    let form = request().form();
    if form.get::<String>("grant_type").as_deref() != Some("refresh_token") {
        return refused("unsupported_grant_type");
    }
    let Some(token) = form.get::<String>("refresh_token") else { return refused("invalid_request") };
    let next = match ext::<Jwt>().rotate_refresh(&token).await {
        Ok(next) => next,
        Err(error) if error.is_token() => return refused("invalid_grant"),
        Err(error) => return Err(error.into()),
    };
    match owner(&next.claims).await? {
        Some(account) => unkept(Json(Tokens::new(&account, next.refresh_token)?)),
        None => {
            ext::<Jwt>().end_refresh(&next.refresh_token).await?;
            refused("invalid_grant")
        }
    }
}

/// Takes a refresh token back: there are no next tokens. A token that is not good is as good as taken back (RFC 7009).
#[post("/api/token/revoke")]
pub(crate) async fn revoke() -> Result<Response> {
    let Some(token) = request().form().get::<String>("token") else { return refused("invalid_request") };
    match ext::<Jwt>().end_refresh(&token).await {
        Err(error) if !error.is_token() => Err(error.into()),
        _ => unkept(Json(json!({}))),
    }
}

fn refused(error: &str) -> Result<Response> {
    unkept((Json(json!({ "error": error })), 400))
}
