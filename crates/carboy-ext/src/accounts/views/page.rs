//! What the pages share.

use carboy::{
    HeaderValue, HttpError, IntoResponse, Method, Response, Result, StatusCode, TemplateArgs,
    TemplateContext, TemplateError, TemplateValue, flash, gettext, redirect, render_template, request,
    select_template, try_url_for,
};

use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::extension::Accounts;
use crate::login;

/// A page that is being filled.
pub(in crate::accounts) struct Page {
    accounts: Accounts,
    template: &'static str,
    context: TemplateContext,
    status: StatusCode,
}

/// The function `t` of the templates.
pub(in crate::accounts) fn translation() -> TemplateValue {
    TemplateValue::from_function(|args: &TemplateArgs<'_>| -> std::result::Result<String, TemplateError> {
        Ok(gettext(&args.argument::<String>(0, "text")?))
    })
}

impl Page {
    pub(in crate::accounts) fn new(accounts: &Accounts, template: &'static str) -> Self {
        Self { accounts: accounts.clone(), template, context: TemplateContext::new(), status: StatusCode::OK }
    }

    pub(in crate::accounts) fn with<T: serde::Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Self {
        self.context.insert(name, value);
        self
    }

    /// The page again, with what was wrong; an error that no user can mend is raised.
    pub(in crate::accounts) fn with_error(mut self, error: AccountError) -> Result<Response> {
        let field = match error.kind() {
            AccountErrorKind::Internal(_) | AccountErrorKind::Disabled | AccountErrorKind::NotLoggedIn => {
                return Err(error.into());
            }
            AccountErrorKind::Email | AccountErrorKind::EmailTaken => "email",
            AccountErrorKind::Password(_) => "password",
            AccountErrorKind::Code => "code",
            _ => "",
        };
        self.context.insert("error", &gettext(&error.message()));
        self.context.insert("error_field", field);
        self.status = error.status();
        let mut response = self.render()?;
        if let AccountErrorKind::Throttled(wait) = error.kind() {
            response.headers_mut().insert("retry-after", HeaderValue::from(wait.as_secs().max(1)));
        }
        Ok(response)
    }

    pub(in crate::accounts) fn render(mut self) -> Result<Response> {
        let settings = self.accounts.settings()?;
        let layout = match self.accounts.layout() {
            Some(layout) => layout.to_owned(),
            None => select_template(["base.html", "accounts/layout.html"])?,
        };
        self.context.insert("layout", &layout);
        self.context.set("t", translation());
        self.context.insert("min_password_length", &settings.rules.min_length());
        let features = [
            ("register", settings.registerable),
            ("confirm", settings.confirmable),
            ("recover", settings.recoverable),
            ("change", settings.changeable),
            ("change_email", settings.change_email),
            ("two_factor", settings.two_factor),
            ("passkeys", settings.webauthn),
        ];
        let features = features.map(|(name, on)| (name, TemplateValue::from(on)));
        self.context.set("features", TemplateValue::map(features));
        let mut response =
            render_template(self.template, self.context)?.into_response()?.with_status(self.status);
        // The pages hold secrets, and their addresses tokens: no cache keeps them, no other site learns them.
        response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
        response.headers_mut().insert("referrer-policy", HeaderValue::from_static("same-origin"));
        Ok(response)
    }
}

/// Whether the form was sent.
pub(in crate::accounts) fn is_post() -> bool {
    *request().method() == Method::POST
}

/// A field of the form; empty when it was not sent.
pub(in crate::accounts) fn field(name: &str) -> String {
    request().form().get_str(name).unwrap_or_default().to_owned()
}

/// Says something on the next page.
pub(in crate::accounts) fn tell(text: &str, category: &str) {
    flash(gettext(text), category);
}

/// To a page of these.
pub(in crate::accounts) fn to(endpoint: &str) -> Result<Response> {
    to_url(&try_url_for(endpoint, ())?)
}

pub(in crate::accounts) fn to_url(url: &str) -> Result<Response> {
    let mut response = redirect(url).with_status(StatusCode::SEE_OTHER).into_response()?;
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Where to go after logging in: the page that was asked for, if it is one of this app.
pub(in crate::accounts) fn next_url(accounts: &Accounts) -> Result<String> {
    Ok(match login::next_url() {
        Some(next) => next,
        None => accounts.settings()?.post_login.clone(),
    })
}

/// What a view answers when there is no such page in this app, or nobody is logged in.
pub(in crate::accounts) fn or_login(error: AccountError) -> Result<Response> {
    match error.kind() {
        AccountErrorKind::NotLoggedIn if login::is_authenticated() => login::needs_refresh(),
        AccountErrorKind::NotLoggedIn => login::unauthorized(),
        _ => Err(error.into()),
    }
}

/// 404 for a page that is switched off.
pub(in crate::accounts) fn only_if(on: bool) -> Result<()> {
    if on { Ok(()) } else { Err(HttpError::new(StatusCode::NOT_FOUND).into()) }
}
