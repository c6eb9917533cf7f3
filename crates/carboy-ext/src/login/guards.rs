//! Views for users alone: guards, what they answer, and the user as an argument.

use super::{
    Login, login, next,
    user::User,
    visit::{self, IDENTIFIER, NEXT},
};
use carboy::{
    Context, Ext, FromContext, Guard, IntoResponse, Method, OrAbort, Response, Result, abort, flash, gettext,
    is_safe_redirect, redirect, redirect_target, request, security::tokens::login_identifier, session,
    url_for,
};
use std::{ops::Deref, sync::Arc};

/// Lets users in who are logged in; others get what [`unauthorized`] answers.
///
/// OPTIONS is let through, for browsers that ask beforehand without cookies, and everything is with LOGIN_DISABLED.
///
/// ```
/// # use carboy_ext::login::{Login, User, login_required};
/// # use carboy::prelude::*;
/// # #[derive(serde::Serialize)] struct Member { name: String }
/// # impl User for Member { fn get_id(&self) -> String { self.name.clone() } }
/// #[route("/cellar", guard = login_required)]
/// fn cellar() -> &'static str {
///     "wine"
/// }
/// # let mut app = App::new("club");
/// # app.ext(Login::new(|name: String| async move { carboy::Result::<_>::Ok(Some(Member { name })) })).routes(routes![cellar]);
/// # assert_eq!(app.test_client().get("/cellar").send().status(), 401);
/// ```
///
/// # Errors
/// 401, unless there is a login view or a handler. (As a guard; it is called by itself as well.)
pub fn login_required() -> Result<Option<Response>> {
    if is_exempt() || super::is_authenticated() { Ok(None) } else { unauthorized().map(Some) }
}

/// Lets users in whose login is [fresh](super::login_fresh); a user whose login is not gets what [`needs_refresh`] answers, others what
/// [`unauthorized`] answers. For what a thief of cookies must not do, such as changing the password.
///
/// # Errors
/// 401, unless there is a view or a handler.
pub fn fresh_login_required() -> Result<Option<Response>> {
    if is_exempt() {
        Ok(None)
    } else if !super::is_authenticated() {
        unauthorized().map(Some)
    } else if !super::login_fresh() {
        needs_refresh().map(Some)
    } else {
        Ok(None)
    }
}

/// Whether guards let this request pass, whoever sends it.
pub(crate) fn is_exempt() -> bool {
    login().settings().disabled || request().method() == Method::OPTIONS
}

/// Answers somebody who is not logged in: by the [handler](Login::unauthorized_handler), else by a redirect to the login view with the page that
/// was asked for in `next`, else with 401.
///
/// # Errors
/// 401, and those of the handler; a login view that has no URL.
///
/// # Panics
/// Outside a request, and when the app has no [`Login`].
#[track_caller]
pub fn unauthorized() -> Result<Response> {
    let login = login();
    login.signals.user_unauthorized.send(|| ());
    if let Some(handler) = &login.unauthorized_handler {
        return handler();
    }
    let request = request();
    let own = request.blueprint().and_then(|blueprint| login.blueprint_login_views.get(blueprint));
    let view = own.or(login.login_view.as_ref()).or_abort(401)?;
    send_to(&login, view, &login.login_message)
}

/// Answers a user whose login is not fresh: by the [handler](Login::needs_refresh_handler), else by a redirect to the
/// [refresh view](Login::refresh_view), else with 401.
///
/// # Errors
/// As [`unauthorized`].
///
/// # Panics
/// As [`unauthorized`].
#[track_caller]
pub fn needs_refresh() -> Result<Response> {
    let login = login();
    login.signals.user_needs_refresh.send(|| ());
    match (&login.needs_refresh_handler, &login.refresh_view) {
        (Some(handler), _) => handler(),
        (None, Some(view)) => send_to(&login, view, &login.needs_refresh_message),
        (None, None) => abort(401),
    }
}

/// A message and the category that it is flashed with.
pub(super) struct Message {
    pub(super) text: String,
    pub(super) category: String,
}

fn send_to(login: &Login, view: &str, message: &Message) -> Result<Response> {
    if !message.text.is_empty() {
        let text = match &login.localize {
            Some(localize) => localize(&message.text),
            None => gettext(&message.text),
        };
        flash(text, &message.category);
    }
    let settings = login.settings();
    let request = request();
    let base = url_of(view);
    let target = if settings.session_for_next {
        session().set(IDENTIFIER, login_identifier(&request));
        session().set(NEXT, next::make_next_param(&base, &request.url()).into_owned());
        base
    } else {
        next::login_url(&base, &request.url(), settings.force_host.as_deref())
    };
    redirect(target).into_response()
}

/// The URL of a view that is given by its endpoint, a path or a URL.
fn url_of(view: &str) -> String {
    if ["https://", "http://", "/"].iter().any(|start| view.starts_with(start)) {
        view.to_owned()
    } else {
        url_for(view, [("", ""); 0])
    }
}

/// The URL of the page to log in, for a page that was asked for: `view` is an endpoint, a path or a URL.
///
/// # Panics
/// Outside a request, and when there is no such endpoint.
#[track_caller]
pub fn login_url(view: &str, next_url: &str) -> String {
    next::login_url(&url_of(view), next_url, login().settings().force_host.as_deref())
}

/// Where to go after the login: the page that was asked for, if it is [of this app](carboy::is_safe_redirect). It is the parameter `next` of
/// the form or the query string; with USE_SESSION_FOR_NEXT what the session holds, which is taken out.
///
/// ```no_run
/// # use carboy::prelude::*;
/// # use carboy_ext::login::next_url;
/// # #[route("/")] fn index() {}
/// # fn view() -> Redirect {
/// redirect(next_url().unwrap_or_else(|| url_for!(index)))
/// # }
/// ```
///
/// # Panics
/// Outside a request, and when the app has no [`Login`].
#[track_caller]
pub fn next_url() -> Option<String> {
    if login().settings().session_for_next {
        let session = session();
        if !session.contains(NEXT) {
            return None;
        }
        session.pop::<String>(NEXT).filter(|target| is_safe_redirect(target))
    } else {
        redirect_target(NEXT)
    }
}

/// The user of this request as an argument: it brings the guard [`login_required`] along. `Option<CurrentUser<U>>` lets everybody in.
///
/// With LOGIN_DISABLED a view that asks for a user answers 401 when there is none.
///
/// ```
/// # use carboy_ext::login::{CurrentUser, Login, User};
/// # use carboy::prelude::*;
/// # #[derive(serde::Serialize)] struct Member { name: String }
/// # impl User for Member { fn get_id(&self) -> String { self.name.clone() } }
/// #[route("/me")]
/// fn me(member: CurrentUser<Member>) -> String {
///     member.name.clone()
/// }
/// # let mut app = App::new("club");
/// # app.ext(Login::new(|name: String| async move { carboy::Result::<_>::Ok(Some(Member { name })) })).routes(routes![me]);
/// # assert_eq!(app.test_client().get("/me").send().status(), 401);
/// ```
#[derive(Debug)]
pub struct CurrentUser<U>(pub Arc<U>);

impl<U> Clone for CurrentUser<U> {
    fn clone(&self) -> Self {
        CurrentUser(self.0.clone())
    }
}

impl<U> Deref for CurrentUser<U> {
    type Target = U;
    fn deref(&self) -> &U {
        &self.0
    }
}

impl<U: User> FromContext for CurrentUser<U> {
    fn requires(requirements: &mut Vec<carboy::Requirement>) {
        <Ext<Login> as FromContext>::requires(requirements);
    }

    fn guards(guards: &mut Vec<Guard>) {
        guards.push(Guard::new(login_required));
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        <Ext<Login>>::from_context(context)?;
        let user = visit::current().filter(|user| user.authenticated());
        Ok(CurrentUser(user.map(|user| user.typed()).or_abort(401)?))
    }
}
