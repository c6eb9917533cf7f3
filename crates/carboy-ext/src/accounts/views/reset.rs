//! Forgotten passwords.

use carboy::view::Args;
use carboy::{Response, Result};

use super::page::{Page, field, is_post, only_if, tell, to};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::{CaptchaFor, accounts};

pub(super) async fn forgot(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.recoverable)?;
    let email = field("email");
    let page = Page::new(&accounts, "accounts/address.html").with("email", &email).with("purpose", "reset");
    if !is_post() {
        return page.render();
    }
    if let Err(error) = accounts.check_captcha(CaptchaFor::Reset).await {
        return page.with_error(error);
    }
    match accounts.forgot(&email).await {
        Ok(()) => {
            tell("If this address has an account, we have sent a link to it.", "success");
            to("accounts.login")
        }
        Err(error) => page.with_error(error),
    }
}

pub(super) async fn reset(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.recoverable)?;
    let token: String = args.get("token")?;
    let page = Page::new(&accounts, "accounts/reset_password.html");
    let outcome = match is_post() {
        true => accounts.reset(&token, &field("password")).await,
        false => accounts.reset_account(&token).await,
    };
    match outcome {
        Ok(account) if !is_post() => page.with("email", &account.email).render(),
        Ok(_) => {
            tell("Your password is changed. You can log in with it now.", "success");
            to("accounts.login")
        }
        Err(error) if matches!(error.kind(), AccountErrorKind::Link) => {
            tell(&error.message(), "error");
            to("accounts.forgot_password")
        }
        Err(error) => page.with_error(error),
    }
}
