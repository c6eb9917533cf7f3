//! Users: registering, logging in and out, and the user of a request.

use carboy::{
    Context, FromContext, Result,
    prelude::*,
    security::password::{check_password_hash, generate_password_hash},
};
use carboy_db::db;
use carboy_ext::forms::{Form, FormState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The views, below `/auth`.
pub fn bp() -> Blueprint {
    let mut bp = Blueprint::new("auth");
    bp.url_prefix("/auth").routes(routes![register, login, logout]);
    bp.before_app_request(load_logged_in_user);
    bp
}

/// A user as views and templates see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) username: String,
}

/// The user who is logged in: as an argument it sends everybody else to the login page.
pub(crate) struct CurrentUser(pub(crate) User);

impl FromContext for CurrentUser {
    fn from_context(_: &Arc<Context>) -> Result<Self> {
        match g().get::<User>("user") {
            Some(user) => Ok(CurrentUser(user)),
            None => abort(redirect(url_for!("auth.login")).into_response()?),
        }
    }
}

/// Loads the user whose id is in the session, before each request of the app.
///
/// # Errors
/// Those of the database.
pub async fn load_logged_in_user() -> Result<()> {
    if let Some(id) = session().get::<i64>("user_id") {
        let users = db().query_as::<User>("SELECT id, username FROM user WHERE id = ?", (id,)).await?;
        if let Some(user) = users.into_iter().next() {
            g().set("user", user);
        }
    }
    Ok(())
}

/// What a user types to register, and to log in.
#[derive(Form)]
struct Credentials {
    #[field(
        attr(autocomplete = "username", autofocus),
        validate(input_required(message = "Username is required."))
    )]
    username: String,
    #[field(widget = "password", validate(input_required(message = "Password is required.")))]
    password: String,
}

/// Registers a user: the name must be free, the password is stored as a hash.
#[route("/register", methods = ["GET", "POST"])]
async fn register(mut form: FormState<Credentials>) -> Result {
    if let Some(Credentials { username, password }) = form.validate_on_submit() {
        let hash = generate_password_hash(&password).await?;
        match db().execute("INSERT INTO user (username, password) VALUES (?, ?)", (&*username, hash)).await {
            Ok(_) => return redirect(url_for!(login)).into_response(),
            Err(e) if e.is_unique_violation() => {
                form.add_error("username", format!("User {username} is already registered."));
            }
            Err(e) => return Err(e.into()),
        }
    }
    render!("auth/register.html", form)?.into_response()
}

/// Logs a user in: the session remembers the id.
#[route("/login", methods = ["GET", "POST"])]
async fn login(mut form: FormState<Credentials>) -> Result {
    if let Some(Credentials { username, password }) = form.validate_on_submit() {
        match db().query_one("SELECT id, password FROM user WHERE username = ?", (username,)).await? {
            None => form.add_error("username", "Incorrect username."),
            Some(user) if !check_password_hash(&user.get::<String>("password")?, &password).await? => {
                form.add_error("password", "Incorrect password.")
            }
            Some(user) => {
                session().clear();
                session().set("user_id", user.get::<i64>("id")?);
                return redirect(url_for!("index")).into_response();
            }
        };
    }
    render!("auth/login.html", form)?.into_response()
}

/// Forgets the user.
#[route("/logout")]
fn logout() -> Redirect {
    session().clear();
    redirect(url_for!("index"))
}
