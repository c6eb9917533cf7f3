//! The app whose users log in.

use super::fake::{Fake, query};
use carboy::{
    Error,
    prelude::*,
    redirect_target,
    testing::{TestClient, TestResponse},
};
use carboy_ext::oauth::{self, Authorize, OAuth, OAuthError, Provider, Token};
use serde_json::{Value, json};
use std::collections::HashMap;

#[get("/login/<name>")]
async fn login(name: String) -> carboy::Result<Redirect> {
    let mut options = Authorize::new().next(redirect_target("next")).param("prompt", "login");
    // None of these may be changed.
    options = options
        .param("state", "mine")
        .param("redirect_uri", "http://evil.example/")
        .param("response_mode", "fragment");
    let back = url_for!(callback, name = &name, _external = true);
    oauth::client(&name)?.authorize_redirect_with(&back, options).await
}

#[get("/login/<name>/callback")]
async fn callback(name: String) -> carboy::Result<Json<Value>> {
    let login = oauth::client(&name)?.authorize_access_token().await?;
    session().set("user", &login.identity.subject);
    session().set("token", &login.token);
    let identity = &login.identity;
    Ok(Json(json!({
        "subject": identity.subject, "email": identity.email, "verified": identity.verified_email(), "name": identity.name,
        "username": identity.username, "next": login.next, "provider": identity.provider,
        "debug": format!("{login:?}"),
    })))
}

#[get("/refresh/<name>")]
async fn refresh(name: String) -> carboy::Result<Json<Token>> {
    let token: Token = session().get("token").or_abort(401)?;
    let token = oauth::client(&name)?.refresh(&token).await?;
    session().set("token", &token);
    Ok(Json(token))
}

#[get("/userinfo/<name>")]
async fn userinfo(name: String) -> carboy::Result<Json<Value>> {
    let token: Token = session().get("token").or_abort(401)?;
    Ok(Json(oauth::client(&name)?.userinfo(&token).await?.into()))
}

#[get("/revoke/<name>")]
async fn revoke(name: String) -> carboy::Result<String> {
    let token: Token = session().get("token").or_abort(401)?;
    Ok(oauth::client(&name)?.revoke(&token).await?.to_string())
}

#[get("/logout/<name>")]
async fn logout(name: String) -> carboy::Result<Redirect> {
    let token: Option<Token> = session().pop("token");
    session().clear();
    let back = url_for!(index, _external = true);
    let there = oauth::client(&name)?.logout_redirect(token.as_ref(), &back).await?;
    Ok(there.unwrap_or_else(|| redirect("/")))
}

#[get("/")]
fn index() -> String {
    session().get::<String>("user").unwrap_or_else(|| "nobody".to_owned())
}

fn failed(error: &OAuthError, status: u16) -> (Value, u16) {
    (json!({"code": error.code(), "error": error.to_string()}), status)
}

pub(crate) fn app(oauth: OAuth) -> App {
    let mut app = App::new("shop");
    app.config().set("SECRET_KEY", "dev").set("PROPAGATE_EXCEPTIONS", false);
    app.ext(oauth);
    app.routes(routes![login, callback, refresh, userinfo, revoke, logout, index]);
    app.errorhandler_for::<OAuthError, _, _>(|error| failed(&error, error.error().status().as_u16()));
    app.errorhandler(404, |_: Error| ("nothing", 404u16));
    app
}

/// The usual way to be a client of the made-up provider.
pub(crate) fn provider(fake: &Fake) -> Provider {
    Provider::discover(&fake.issuer).client("shop", "se:cret")
}

pub(crate) fn shop(fake: &Fake) -> TestClient {
    app(OAuth::new().register("fake", provider(fake))).test_client()
}

/// What the browser was sent to the provider with.
pub(crate) fn begin(client: &TestClient, target: &str) -> HashMap<String, String> {
    let response = client.get(target).send();
    assert_eq!(response.status(), 302, "{}", response.text());
    let location = response.location().unwrap();
    query(location.split_once('?').unwrap().1)
}

/// Comes back from the provider with these arguments.
pub(crate) fn end(client: &TestClient, name: &str, args: &[(&str, &str)]) -> TestResponse {
    client.get(&format!("/login/{name}/callback")).query(args.iter().map(|(n, v)| (*n, *v))).send()
}

/// A whole login.
pub(crate) fn log_in(client: &TestClient, fake: &Fake) -> TestResponse {
    let params = begin(client, "/login/fake");
    fake.nonce(&params["nonce"]);
    end(client, "fake", &[("state", &params["state"]), ("code", "c1"), ("iss", &fake.issuer)])
}

/// The error of a login that failed.
pub(crate) fn error(response: &TestResponse) -> (u16, String) {
    let text = response.text();
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}: {text}", response.status()));
    (response.status().as_u16(), body["error"].as_str().unwrap_or_else(|| panic!("{text}")).to_owned())
}
