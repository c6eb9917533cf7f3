//! What one side makes and the other takes: tokens, cookies, hashes. The twin has these views where SINK_LOGIN is set.

use carboy::{
    SetCookie,
    prelude::*,
    security::{
        password,
        signing::UrlSafeTimedSerializer,
        tokens::{CsrfTokens, RememberTokens, login_identifier},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

#[get("/csrf")]
fn form() -> carboy::Result<String> {
    Ok(CsrfTokens::from_config(current_app().config())?.generate(&session())?)
}

#[post("/csrf")]
fn submitted() -> carboy::Result {
    let tokens = CsrfTokens::from_config(current_app().config())?;
    let token = tokens.submitted(&request()).unwrap_or_default();
    match tokens.validate(&session(), &token) {
        Ok(()) => "valid".into_response(),
        Err(error) => (error.to_string(), 400).into_response(),
    }
}

fn remembering() -> carboy::Result<RememberTokens> {
    RememberTokens::from_config(current_app().config())
}

#[get("/login/<id>")]
fn login(id: String) -> carboy::Result {
    let session = session();
    session.set("_user_id", &id);
    session.set("_fresh", true);
    session.set("_id", login_identifier(&request()));
    let mut response = Response::html("welcome");
    response.set_cookie(remembering()?.cookie(&id))?;
    Ok(response)
}

#[get("/logout")]
fn logout() -> carboy::Result {
    for key in ["_user_id", "_fresh", "_id"] {
        session().remove(key);
    }
    let mut response = Response::html("bye");
    response.set_cookie(SetCookie::removal(RememberTokens::COOKIE_NAME))?;
    Ok(response)
}

/// The user of the session, else the one whom the cookie remembers.
#[get("/who")]
fn who() -> carboy::Result<Value> {
    let session = session();
    if session.get::<String>("_user_id").is_none()
        && let Some(cookie) = request().cookie(RememberTokens::COOKIE_NAME)
        && let Some(id) = remembering()?.decode(&cookie)
    {
        session.set("_user_id", id);
        session.set("_fresh", false);
    }
    Ok(json!({ "id": session.get::<String>("_user_id"), "fresh": session.get::<bool>("_fresh") }))
}

fn serializer() -> carboy::Result<UrlSafeTimedSerializer> {
    let key: String = current_app().config().require("SECRET_KEY")?;
    Ok(UrlSafeTimedSerializer::new(key.as_str()).with_salt("password-reset"))
}

#[get("/reset/<int:user>")]
fn reset(user: u64) -> carboy::Result<String> {
    Ok(serializer()?.dumps(&json!({ "user": user }))?)
}

#[post("/reset")]
fn resetting() -> carboy::Result {
    let token: String = request().form().get_required("token")?;
    match serializer()?.loads::<Value>(&token, Some(Duration::from_secs(600))) {
        Ok(value) => value.into_response(),
        Err(error) if error.is_expired() => ("expired", 410).into_response(),
        Err(_) => ("bad", 400).into_response(),
    }
}

#[post("/hash")]
async fn hashed() -> carboy::Result<String> {
    let form = request().form();
    let (secret, method): (String, String) = (form.get_required("password")?, form.get_required("method")?);
    password::generate_password_hash_with(&secret, &method, password::DEFAULT_SALT_LENGTH).await
}

#[post("/check")]
async fn check() -> carboy::Result<String> {
    let form = request().form();
    let (hash, secret): (String, String) = (form.get_required("hash")?, form.get_required("password")?);
    let same = password::check_password_hash(&hash, &secret).await?;
    Ok(same.to_string())
}

pub(crate) fn register(app: &mut App) {
    let mut hand = Blueprint::new("hand");
    hand.url_prefix("/hand");
    hand.routes(routes![form, submitted, login, logout, who, reset, resetting, hashed, check]);
    app.register(hand);
}
