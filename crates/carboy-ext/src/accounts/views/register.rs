//! Sign-up and confirmation.

use carboy::view::Args;
use carboy::{Response, Result};

use super::forms::{Address, Register};
use super::page::{Page, is_post, only_if, tell, to};
use crate::accounts::extension::{CaptchaFor, accounts};
use crate::forms::FormState;

pub(super) async fn register(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.registerable)?;
    let mut form: FormState<Register> = args.extract()?;
    let page = Page::new(&accounts, "accounts/register.html");
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    let done = async {
        accounts.check_captcha(CaptchaFor::Register).await?;
        accounts.register(&sent.email, &sent.password).await
    };
    match done.await {
        Ok(()) if accounts.settings()?.confirmable => {
            tell("Thank you. We have sent you a mail: follow its link to confirm your address.", "success");
            to("accounts.login")
        }
        Ok(()) => {
            tell("Thank you. You can log in now.", "success");
            to("accounts.login")
        }
        Err(error) => page.refuse(form, error),
    }
}

pub(super) async fn resend(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.confirmable)?;
    let mut form: FormState<Address> = args.extract()?;
    let page = Page::new(&accounts, "accounts/address.html").with("purpose", "confirm");
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    let done = async {
        accounts.check_captcha(CaptchaFor::Confirm).await?;
        accounts.resend_confirmation(&sent.email).await
    };
    match done.await {
        Ok(()) => {
            tell("If this address waits for it, we have sent a link to it.", "success");
            to("accounts.login")
        }
        Err(error) => page.refuse(form, error),
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
