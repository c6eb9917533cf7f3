//! What the pages share.

use carboy::{
    HeaderValue, HttpError, IntoResponse, Method, Response, Result, StatusCode, TemplateArgs,
    TemplateContext, TemplateError, TemplateValue, flash, gettext, redirect, redirect_target,
    render_template, request, select_template, try_url_for,
};

use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::extension::Accounts;
use crate::forms::{FormModel, FormState};
use crate::login;

/// A page that is being filled.
pub(in crate::accounts) struct Page {
    accounts: Accounts,
    template: &'static str,
    context: TemplateContext,
    status: StatusCode,
    own_password: &'static str,
    retry_after: Option<u64>,
}

/// The function `t` of the templates.
pub(in crate::accounts) fn translation() -> TemplateValue {
    TemplateValue::from_function(|args: &TemplateArgs<'_>| -> std::result::Result<String, TemplateError> {
        Ok(gettext(&args.argument::<String>(0, "text")?))
    })
}

impl Page {
    pub(in crate::accounts) fn new(accounts: &Accounts, template: &'static str) -> Self {
        Self {
            accounts: accounts.clone(),
            template,
            context: TemplateContext::new(),
            status: StatusCode::OK,
            own_password: "",
            retry_after: None,
        }
    }

    /// The field in which who is logged in types the password: an error about it belongs there.
    pub(in crate::accounts) fn own_password(mut self, field: &'static str) -> Self {
        self.own_password = field;
        self
    }

    pub(in crate::accounts) fn with<T: serde::Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Self {
        self.context.insert(name, value);
        self
    }

    /// The page with its form: empty, or as it was sent with what its rules found.
    pub(in crate::accounts) fn show<T: FormModel>(mut self, form: &FormState<T>) -> Result<Response> {
        let wrong = form.errors();
        if let Some((_, first)) = wrong.first() {
            self.context.insert("error", first);
            if self.status == StatusCode::OK {
                self.status = StatusCode::BAD_REQUEST;
            }
        }
        self.context.insert("form", form);
        self.render()
    }

    /// The page with its form as it was sent, and an error at the field that it is about.
    pub(in crate::accounts) fn refuse<T: FormModel>(
        mut self,
        mut form: FormState<T>,
        error: AccountError,
    ) -> Result<Response> {
        let field = match error.kind() {
            AccountErrorKind::Email | AccountErrorKind::EmailTaken => "email",
            AccountErrorKind::Password(_) => "password",
            AccountErrorKind::Code => "code",
            AccountErrorKind::Credentials => self.own_password,
            _ => "",
        };
        let own_password = matches!(error.kind(), AccountErrorKind::Credentials) && !field.is_empty();
        let message = self.message(error)?;
        form.add_error(field, if own_password { gettext("This password is not right.") } else { message });
        self.show(&form)
    }

    /// A page without fields again, with what was wrong.
    pub(in crate::accounts) fn with_error(mut self, error: AccountError) -> Result<Response> {
        let message = self.message(error)?;
        self.context.insert("error", &message);
        self.render()
    }

    /// What its user reads about an error; one that no user can mend is raised.
    fn message(&mut self, error: AccountError) -> Result<String> {
        match error.kind() {
            AccountErrorKind::Internal(_) | AccountErrorKind::Disabled | AccountErrorKind::NotLoggedIn => {
                return Err(error.into());
            }
            AccountErrorKind::Throttled(wait) => self.retry_after = Some(wait.as_secs().max(1)),
            _ => {}
        }
        self.status = error.status();
        Ok(gettext(&error.message()))
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
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
        }
        Ok(response)
    }
}

/// Whether the form was sent.
pub(in crate::accounts) fn is_post() -> bool {
    *request().method() == Method::POST
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
    // The pages hand it on in a field, also where it came by the session.
    Ok(match login::next_url().or_else(|| redirect_target("next")) {
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
