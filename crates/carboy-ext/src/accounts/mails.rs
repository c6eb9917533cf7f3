//! The mails that flows send: in the background, so that an answer takes as long with one as without.

use carboy::{Result, TemplateContext, UrlValue, ext, gettext, render_template, try_url_for};

use super::extension::Accounts;
use super::hosts;
use super::views;
use crate::mail::{Mail, Message};

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
        hosts::check()?;
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
