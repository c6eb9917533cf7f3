//! Who is logged in: Flask-Login, with its sessions, its remember-me cookies and its names.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::login::{CurrentUser, Login, LoginOptions, User, login_required, login_user_with, logout_user, next_url};
//!
//! #[derive(Clone, serde::Serialize)]
//! struct Member {
//!     id: u64,
//!     name: String,
//! }
//!
//! impl User for Member {
//!     fn get_id(&self) -> String {
//!         self.id.to_string()
//!     }
//! }
//!
//! /// Stands for a query of a database.
//! async fn find(id: String) -> carboy::Result<Option<Member>> {
//!     Ok((id == "1").then(|| Member { id: 1, name: "Ada".to_owned() }))
//! }
//!
//! #[route("/login", methods = ["GET", "POST"])]
//! async fn login() -> carboy::Result<Response> {
//!     if request().method() == "POST"
//!         && let Some(member) = find("1".to_owned()).await?
//!     {
//!         let options = LoginOptions { remember: request().form().contains("remember"), ..Default::default() };
//!         if login_user_with(member, options) {
//!             return redirect(next_url().unwrap_or_else(|| url_for!(me))).into_response();
//!         }
//!     }
//!     "<form method=post><button name=remember>Log in</button></form>".into_response()
//! }
//!
//! #[route("/logout", methods = ["POST"], guard = login_required)]
//! fn logout() -> Redirect {
//!     logout_user();
//!     redirect(url_for!(login))
//! }
//!
//! #[route("/me")]
//! fn me(member: CurrentUser<Member>) -> String {
//!     format!("Hello, {}!", member.name)
//! }
//!
//! let mut app = App::new("club");
//! app.config().set("SECRET_KEY", "dev");
//! app.ext(Login::new(find).login_view("login")).routes(routes![login, logout, me]);
//! let client = app.test_client();
//! assert_eq!(client.get("/me").send().location(), Some("/login?next=%2Fme"));
//! assert_eq!(client.post("/login?next=%2Fme").send().location(), Some("/me"));
//! assert_eq!(client.get("/me").send().text(), "Hello, Ada!");
//! ```
//!
//! | to do this | look at |
//! |---|---|
//! | say what a user is, and find one | [`User`], [`Login::new`], [`Login::request_loader`] |
//! | log somebody in and out | [`login_user`], [`login_user_with`], [`logout_user`], [`confirm_login`] |
//! | ask who it is | [`current_user`], [`CurrentUser`], `current_user` in templates |
//! | let users in alone | [`login_required`], [`fresh_login_required`], as guards of views and [blueprints](carboy::Blueprint::guard) |
//! | send people to log in and back | [`Login::login_view`], [`next_url`], [`unauthorized`], [`needs_refresh`] |
//! | hear of it | [`LoginSignals`] |
//! | log somebody in in a test | [`testing`] |
//!
//! # Configuration
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `LOGIN_DISABLED` | off | guards let everybody in; for tests |
//! | `SESSION_PROTECTION` | what the app chose, `"basic"` | `"basic"`, `"strong"` or null, see [`SessionProtection`] |
//! | `USE_SESSION_FOR_NEXT` | off | the page that was asked for is kept in the session, not in the URL |
//! | `FORCE_HOST_FOR_REDIRECTS` | none | the host in redirects to the login view |
//! | `REMEMBER_COOKIE_NAME` | `remember_token` | with HARDENED `__Host-remember_token`, unless INTEROP |
//! | `REMEMBER_COOKIE_DURATION` | 365 days | seconds |
//! | `REMEMBER_COOKIE_DOMAIN`, `…_PATH` | none, `/` | |
//! | `REMEMBER_COOKIE_SECURE` | off | cookies of requests that came by HTTPS are secure in any case |
//! | `REMEMBER_COOKIE_HTTPONLY`, `…_SAMESITE` | on, none | with HARDENED `Lax` |
//! | `REMEMBER_COOKIE_REFRESH_EACH_REQUEST` | off | a browser that sent the cookie gets it anew with every answer |
//! | `LOGIN_LIFETIME` | none | seconds after which a login ends, whatever its user does |
//! | `LOGIN_IDLE_LIFETIME` | none | seconds without a request after which a login ends |
//!
//! The last two end what a session holds; who has a remember-me cookie is recognised by it again, with a login that is not fresh. They are kept in
//! the session as `_login_at` and `_seen_at`, which Flask-Login does not look at.
//!
//! # What a session and a cookie hold
//!
//! `_user_id`, `_fresh` and `_id`, a digest of address and `User-Agent`; `remember_token` is the id with a signature. Logged in by Flask-Login
//! means logged in here, and the other way round, as long as both have the same SECRET_KEY.

mod actions;
mod extension;
mod guards;
mod next;
mod protection;
mod remember;
mod settings;
mod signals;
mod template;
pub mod testing;
mod user;
mod visit;

pub use actions::{
    LoginOptions, confirm_login, current_user, current_user_id, is_authenticated, loaded_user, login_fresh,
    login_remembered, login_user, login_user_with, logout_user,
};
pub use extension::Login;
use extension::login;
#[cfg(feature = "roles")]
pub(crate) use guards::is_exempt;
pub use guards::{
    CurrentUser, fresh_login_required, login_required, login_url, needs_refresh, next_url, unauthorized,
};
pub use settings::SessionProtection;
pub use signals::{LoginSignals, UserEvent};
pub use user::User;
