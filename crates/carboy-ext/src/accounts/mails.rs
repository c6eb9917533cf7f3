//! The mails that flows send: made and sent in the background, so that an answer takes as long with one as without.

use carboy::{
    HttpError, Result, StatusCode, TemplateContext, UrlValue, ext, gettext, render_template, select_template,
    try_url_for,
};

use super::error::AccountError;
use super::extension::Accounts;
use super::hosts;
use super::views;
use crate::mail::{Mail, MailErrorKind, Message};

/// What a mail says: texts for `gettext`, with a link between them.
pub(super) struct Letter {
    /// An app's templates of this name below `accounts/mail/` take the place of those for all letters.
    name: &'static str,
    subject: &'static str,
    before: &'static [&'static str],
    /// The endpoint of the link.
    endpoint: &'static str,
    after: &'static [&'static str],
}

/// A letter with what it is about.
pub(super) struct Mailing {
    pub(super) letter: &'static Letter,
    /// An address of the store, or one that is to be confirmed.
    pub(super) to: String,
    pub(super) token: Option<String>,
    /// The other provider of a login.
    pub(super) provider: String,
}

impl Mailing {
    pub(super) fn new(letter: &'static Letter, to: &str) -> Self {
        Self { letter, to: to.to_owned(), token: None, provider: String::new() }
    }

    pub(super) fn with_token(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }
}

pub(super) const CONFIRM: Letter = Letter {
    name: "confirm",
    subject: "Confirm your e-mail address",
    before: &["Follow this link to confirm your e-mail address:"],
    endpoint: "accounts.confirm_email",
    after: &["If you have not asked for an account, you need do nothing."],
};
pub(super) const ALREADY: Letter = Letter {
    name: "already",
    subject: "You have an account already",
    before: &[
        "Somebody asked for an account with this address, but it has one already. If it was you, log in:",
    ],
    endpoint: "accounts.login",
    after: &["If it was not you, you need do nothing."],
};
pub(super) const RESET: Letter = Letter {
    name: "reset",
    subject: "Choose a new password",
    before: &["Follow this link to choose a new password:"],
    endpoint: "accounts.reset_password",
    after: &["If you have not asked for it, you need do nothing: your password stays as it is."],
};
pub(super) const PASSWORD_CHANGED: Letter = Letter {
    name: "password_changed",
    subject: "Your password was changed",
    before: &["Your password was changed. If it was not you, choose a new one at once:"],
    endpoint: "accounts.forgot_password",
    after: &[],
};
pub(super) const CHANGE_EMAIL: Letter = Letter {
    name: "change_email",
    subject: "Confirm your new e-mail address",
    before: &["Follow this link to use this address for your account:"],
    endpoint: "accounts.confirm_new_email",
    after: &["If you have not asked for it, you need do nothing."],
};
pub(super) const EMAIL_CHANGED: Letter = Letter {
    name: "email_changed",
    subject: "Your e-mail address was changed",
    before: &["Your account has another e-mail address now. If it was not you, tell us at once."],
    endpoint: "accounts.login",
    after: &[],
};

/// Of what changes how one logs in its owner is told, who may not be the one who changed it.
const NOT_YOU: &str = "If it was not you, log in and change your password at once:";

pub(super) const TOTP_ENABLED: Letter = Letter {
    name: "totp_enabled",
    subject: "An authenticator app was set up",
    before: &["Whoever logs in to your account is asked for a code of an authenticator app now.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};
pub(super) const TOTP_REPLACED: Letter = Letter {
    name: "totp_replaced",
    subject: "Your authenticator app was replaced",
    before: &[
        "Your account asks for the codes of another authenticator app now. Those of the former one are not good any more.",
        NOT_YOU,
    ],
    endpoint: "accounts.login",
    after: &[],
};
pub(super) const TOTP_DISABLED: Letter = Letter {
    name: "totp_disabled",
    subject: "Your authenticator app was switched off",
    before: &["Your account does not ask for a code of an authenticator app any more.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};
pub(super) const RECOVERY_CODES_MADE: Letter = Letter {
    name: "recovery_codes_made",
    subject: "You have new recovery codes",
    before: &["Your account has new recovery codes. Those from before are not good any more.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};
#[cfg(feature = "passkeys")]
pub(super) const PASSKEY_ADDED: Letter = Letter {
    name: "passkey_added",
    subject: "A passkey was added to your account",
    before: &["Your account has a new passkey, which logs in without a password.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};
#[cfg(feature = "passkeys")]
pub(super) const PASSKEY_DELETED: Letter = Letter {
    name: "passkey_deleted",
    subject: "A passkey of your account was deleted",
    before: &["A passkey of your account was deleted. It logs in no more.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};
pub(super) const IDENTITY_LINKED: Letter = Letter {
    name: "identity_linked",
    subject: "Your account was linked with another login",
    before: &["Whoever logs in to %(provider)s as you is logged in to your account now.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};
pub(super) const IDENTITY_UNLINKED: Letter = Letter {
    name: "identity_unlinked",
    subject: "A login was taken off your account",
    before: &["A login at %(provider)s does not lead to your account any more.", NOT_YOU],
    endpoint: "accounts.login",
    after: &[],
};

impl Accounts {
    /// Finds out in the background what to send to whom, if anything, and sends it.
    ///
    /// # Errors
    ///
    /// The client could choose the host of the link; a 503 when too much waits already. Both are so before anybody is looked for.
    pub(super) fn mail(
        &self,
        mailing: impl Future<Output = Result<Option<Mailing>>> + Send + 'static,
    ) -> Result<(), AccountError> {
        hosts::check()?;
        let accounts = self.clone();
        let message = async move {
            match mailing.await? {
                Some(mailing) => accounts.compose(&mailing).map(Some),
                None => Ok(None),
            }
        };
        match ext::<Mail>().compose_in_background(message) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == MailErrorKind::Full => {
                let busy = HttpError::new(StatusCode::SERVICE_UNAVAILABLE).with_retry_after(60);
                Err(carboy::Error::from(busy).into())
            }
            Err(error) => Err(carboy::Error::from(error).into()),
        }
    }

    /// Tells the owner of an address what has changed. The change is made, so that what keeps the letter from being sent is only logged.
    pub(super) fn notify(&self, mailing: Mailing) {
        if let Err(error) = self.mail(async move { Ok(Some(mailing)) }) {
            tracing::error!(target: "carboy::accounts", "the owner of an account was not told of a change: {error}");
        }
    }

    fn compose(&self, mailing: &Mailing) -> Result<Message> {
        let Mailing { letter, to, token, provider } = mailing;
        let mut values = vec![("_external".to_owned(), UrlValue::Bool(true))];
        if let Some(token) = token {
            values.push(("token".to_owned(), UrlValue::Str(token.clone())));
        }
        let link = try_url_for(letter.endpoint, values)?;
        let said = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| gettext(text).replace("%(provider)s", provider)).collect()
        };
        let subject = gettext(letter.subject);
        let service = &self.settings()?.issuer;
        let (before, after) = (said(letter.before), said(letter.after));
        let context = || {
            let mut context = TemplateContext::new();
            context.insert("link", &link);
            context.insert("email", to);
            context.insert("service", service);
            context.insert("subject", &subject);
            context.insert("before", &before);
            context.insert("after", &after);
            context.insert("provider", provider);
            context.set("t", views::translation());
            context
        };
        let [own_text, own_html] =
            ["txt", "html"].map(|kind| format!("accounts/mail/{}.{kind}", letter.name));
        let text = select_template([own_text.as_str(), "accounts/mail/letter.txt"])?;
        // A text of the app's own is not contradicted by HTML that is not.
        let html = match text == own_text {
            true => select_template([own_html.as_str()]).ok(),
            false => Some(select_template([own_html.as_str(), "accounts/mail/letter.html"])?),
        };
        let mut message = Message::new(&subject, [to.as_str()]).body(render_template(&text, context())?.0);
        if let Some(html) = html {
            message = message.html(render_template(&html, context())?.0);
        }
        Ok(message)
    }
}
