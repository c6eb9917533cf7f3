//! Logging in without a page: Flask-Login's `FlaskLoginClient`.

use super::{
    user::User,
    visit::{FRESH, IDENTIFIER, USER_ID},
};
use carboy::{request, security::tokens::login_identifier, testing::TestClient};

/// Logs a user in in a test client, with a fresh login.
///
/// ```
/// # use carboy::prelude::*;
/// # use carboy_ext::login::{Login, User, login_required, testing};
/// # #[derive(serde::Serialize)] struct Member { name: String }
/// # impl User for Member { fn get_id(&self) -> String { self.name.clone() } }
/// # #[route("/cellar", guard = login_required)] fn cellar() -> &'static str { "wine" }
/// # let mut app = App::new("club");
/// # app.config().set("SECRET_KEY", "dev");
/// # app.ext(Login::new(|name: String| async move { carboy::Result::<_>::Ok(Some(Member { name })) })).routes(routes![cellar]);
/// let client = app.test_client();
/// testing::log_in(&client, &Member { name: "Ada".to_owned() });
/// assert_eq!(client.get("/cellar").send().text(), "wine");
/// ```
pub fn log_in<U: User>(client: &TestClient, user: &U) {
    set(client, user, true);
}

/// Logs a user in in a test client, with a login that is not fresh.
pub fn log_in_stale<U: User>(client: &TestClient, user: &U) {
    set(client, user, false);
}

fn set<U: User>(client: &TestClient, user: &U, fresh: bool) {
    client.session(|session| {
        session.set(USER_ID, user.get_id());
        session.set(FRESH, fresh);
        session.set(IDENTIFIER, login_identifier(&request()));
    });
}
