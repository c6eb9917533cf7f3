//! Sign-up and confirmation.

use carboy::view::Args;
use carboy::{Response, Result};

use super::page::{Page, field, is_post, only_if, tell, to};
use crate::accounts::extension::{CaptchaFor, accounts};

pub(super) async fn register(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.registerable)?;
    let email = field("email");
    let page = Page::new(&accounts, "accounts/register.html").with("email", &email);
    if !is_post() {
        return page.render();
    }
    if let Err(error) = accounts.check_captcha(CaptchaFor::Register).await {
        return page.with_error(error);
    }
    match accounts.register(&email, &field("password")).await {
        Ok(()) if accounts.settings()?.confirmable => {
            tell("Thank you. We have sent you a mail: follow its link to confirm your address.", "success");
            to("accounts.login")
        }
        Ok(()) => {
            tell("Thank you. You can log in now.", "success");
            to("accounts.login")
        }
        Err(error) => page.with_error(error),
    }
}

pub(super) async fn resend(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.confirmable)?;
    let email = field("email");
    let page = Page::new(&accounts, "accounts/address.html").with("email", &email).with("purpose", "confirm");
    if !is_post() {
        return page.render();
    }
    if let Err(error) = accounts.check_captcha(CaptchaFor::Confirm).await {
        return page.with_error(error);
    }
    match accounts.resend_confirmation(&email).await {
        Ok(()) => {
            tell("If this address waits for it, we have sent a link to it.", "success");
            to("accounts.login")
        }
        Err(error) => page.with_error(error),
    }
}

/// A button, as programs that look through mails follow links.
pub(super) async fn confirm(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.confirmable)?;
    let token: String = args.get("token")?;
    let page = Page::new(&accounts, "accounts/link.html").with("purpose", "confirm");
    if !is_post() {
        return page.render();
    }
    match accounts.confirm(&token).await {
        Ok(_) => {
            tell("Your address is confirmed. You can log in now.", "success");
            to("accounts.login")
        }
        Err(error) => page.with_error(error),
    }
}
