//! The mails that flows send: in the background, so that an answer takes as long with one as without.

use carboy::{
    Error, Result, State, TemplateContext, UrlValue, current_app, ext, gettext, render_template, try_request,
    try_url_for,
};

use super::extension::Accounts;
use super::views;
use crate::mail::{Mail, Message};

pub(super) const UNKNOWN_HOST: &str =
    "accounts mail links to this app, whose host the client would choose: set TRUSTED_HOSTS or SERVER_NAME";

/// A mail: its template below `accounts/mail/`, its subject, and the endpoint of its link.
pub(super) struct Letter {
    template: &'static str,
    subject: &'static str,
    endpoint: &'static str,
}

pub(super) const CONFIRM: Letter = Letter {
    template: "accounts/mail/confirm.txt",
    subject: "Confirm your e-mail address",
    endpoint: "accounts.confirm_email",
};
pub(super) const ALREADY: Letter = Letter {
    template: "accounts/mail/already.txt",
    subject: "You have an account already",
    endpoint: "accounts.login",
};
pub(super) const RESET: Letter = Letter {
    template: "accounts/mail/reset.txt",
    subject: "Choose a new password",
    endpoint: "accounts.reset_password",
};
pub(super) const PASSWORD_CHANGED: Letter = Letter {
    template: "accounts/mail/password_changed.txt",
    subject: "Your password was changed",
    endpoint: "accounts.forgot_password",
};
pub(super) const CHANGE_EMAIL: Letter = Letter {
    template: "accounts/mail/change_email.txt",
    subject: "Confirm your new e-mail address",
    endpoint: "accounts.confirm_new_email",
};
pub(super) const EMAIL_CHANGED: Letter = Letter {
    template: "accounts/mail/email_changed.txt",
    subject: "Your e-mail address was changed",
    endpoint: "accounts.login",
};

impl Accounts {
    /// Sends a letter in the background. Its recipient is an address of the store, or one that is to be confirmed.
    pub(super) fn mail(&self, letter: &Letter, to: &str, token: Option<&str>) -> Result<()> {
        let app = current_app();
        if !hosts_are_known(&app) && !is_local() {
            return Err(Error::msg(UNKNOWN_HOST));
        }
        let mut values = vec![("_external".to_owned(), UrlValue::Bool(true))];
        if let Some(token) = token {
            values.push(("token".to_owned(), UrlValue::Str(token.to_owned())));
        }
        let mut context = TemplateContext::new();
        context.insert("link", &try_url_for(letter.endpoint, values)?);
        context.insert("email", to);
        context.insert("service", &self.settings()?.issuer);
        context.set("t", views::translation());
        let text = render_template(letter.template, context)?.0;
        let message = Message::new(gettext(letter.subject), [to]).body(text);
        ext::<Mail>().send_in_background(message)?;
        Ok(())
    }
}

/// Whether the host of a link is not the client's to choose.
pub(super) fn hosts_are_known(app: &State) -> bool {
    app.testing()
        || ["TRUSTED_HOSTS", "SERVER_NAME"]
            .iter()
            .any(|key| app.config().value(key).is_some_and(|v| !v.is_null()))
}

/// Whether the request came from this machine for this machine: development.
fn is_local() -> bool {
    try_request().is_some_and(|request| {
        let host = request.host();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        request.remote_addr().is_some_and(|address| address.is_loopback())
            && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    })
}
