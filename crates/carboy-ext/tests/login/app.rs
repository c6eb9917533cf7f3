//! A club whose members log in with their number.

use carboy::{CurrentRequest, prelude::*};
use carboy_ext::login::{
    CurrentUser, Login, LoginOptions, User, confirm_login, current_user, fresh_login_required, login_fresh,
    login_required, login_user_with, logout_user, next_url,
};

#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) banned: bool,
    #[serde(skip)]
    pub(super) secret: String,
}

impl User for Member {
    fn get_id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        !self.banned
    }
}

/// Numbers 1 to 8 are members, 9 is banned, `broken` is what the database cannot answer.
pub(super) async fn find(id: String) -> carboy::Result<Option<Member>> {
    let number = id.split('.').next().unwrap_or_default();
    Ok(match number {
        "broken" => abort((503u16, "The database is away."))?,
        "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Some(Member {
            name: format!("Member {number}"),
            banned: number == "9",
            id,
            secret: "hidden".to_owned(),
        }),
        _ => None,
    })
}

#[route("/login/<id>", methods = ["GET", "POST"])]
async fn log_in(id: String) -> carboy::Result<String> {
    let member = find(id).await?.or_404()?;
    let form = request().args();
    let options = LoginOptions {
        remember: form.contains("remember"),
        duration: form.get::<u64>("duration").map(std::time::Duration::from_secs),
        force: form.contains("force"),
        fresh: !form.contains("stale"),
    };
    Ok(login_user_with(member, options).to_string())
}

#[route("/logout")]
fn log_out() -> &'static str {
    logout_user();
    "out"
}

#[route("/confirm")]
fn confirm() -> &'static str {
    confirm_login();
    "confirmed"
}

#[route("/who")]
fn who() -> String {
    match current_user::<Member>() {
        Some(member) => format!("{} {}", member.name, if login_fresh() { "fresh" } else { "stale" }),
        None => "nobody".to_owned(),
    }
}

#[route("/plain")]
fn plain() -> &'static str {
    "plain"
}

#[route("/cellar", methods = ["GET", "POST", "OPTIONS"], guard = login_required)]
fn cellar() -> &'static str {
    "wine"
}

#[route("/vault", guard = fresh_login_required)]
fn vault() -> &'static str {
    "gold"
}

#[route("/me")]
pub(super) fn me(member: CurrentUser<Member>) -> String {
    member.name.clone()
}

#[route("/maybe")]
fn maybe(member: Option<CurrentUser<Member>>) -> String {
    member.map_or("nobody".to_owned(), |member| member.name.clone())
}

#[route("/next")]
fn next() -> Redirect {
    redirect(next_url().unwrap_or_else(|| url_for!(plain)))
}

/// The app, with an extension made of [`find`].
pub(super) fn app(choose: impl FnOnce(Login) -> Login) -> App {
    let mut app = App::new("club");
    app.config().set("SECRET_KEY", "dev");
    app.ext(choose(Login::new(find)));
    views(&mut app);
    app
}

/// Finds a member by the key in a request.
pub(super) async fn find_by_key(request: CurrentRequest) -> carboy::Result<Option<Member>> {
    match request.header("x-key") {
        Some(key) => find(key.into_owned()).await,
        None => Ok(None),
    }
}

pub(super) fn views(app: &mut App) {
    app.routes(routes![log_in, log_out, confirm, who, plain, cellar, vault, me, maybe, next]);
}
