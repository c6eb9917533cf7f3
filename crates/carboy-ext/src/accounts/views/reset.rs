//! Forgotten passwords.

use carboy::view::Args;
use carboy::{Response, Result};

use super::forms::{Address, ResetPassword};
use super::page::{Page, only_if, tell, to};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::{CaptchaFor, accounts};
use crate::forms::FormState;

pub(super) async fn forgot(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.recoverable)?;
    let mut form: FormState<Address> = args.extract()?;
    let page = Page::new(&accounts, "accounts/address.html").with("purpose", "reset");
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    let done = async {
        accounts.check_captcha(CaptchaFor::Reset).await?;
        accounts.forgot(&sent.email).await
    };
    match done.await {
        Ok(()) => {
            tell("If this address has an account, we have sent a link to it.", "success");
            to("accounts.login")
        }
        Err(error) => page.refuse(form, error),
    }
}

pub(super) async fn reset(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.recoverable)?;
    let token: String = args.get("token")?;
    let mut form: FormState<ResetPassword> = args.extract()?;
    let mut page = Page::new(&accounts, "accounts/reset_password.html");
    let outcome = match accounts.reset_account(&token).await {
        Err(error) => Err(error),
        Ok(account) => {
            page = page.with("email", &account.email);
            let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
            accounts.reset(&token, &sent.password).await
        }
    };
    match outcome {
        Ok(_) => {
            tell("Your password is changed. You can log in with it now.", "success");
            to("accounts.login")
        }
        Err(error) if matches!(error.kind(), AccountErrorKind::Link) => {
            tell(&error.message(), "error");
            to("accounts.forgot_password")
        }
        Err(error) => page.refuse(form, error),
    }
}
