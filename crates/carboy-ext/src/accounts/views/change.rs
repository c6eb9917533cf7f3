//! What who is logged in changes.

use carboy::view::Args;
use carboy::{Response, Result};

use super::forms::{ChangeEmail, ChangePassword};
use super::page::{Page, is_post, only_if, or_login, tell, to};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::accounts;
use crate::forms::FormState;

pub(super) async fn account(_: Args) -> Result<Response> {
    let accounts = accounts();
    let account = match accounts.required() {
        Ok(account) => account,
        Err(error) => return or_login(error),
    };
    let page = Page::new(&accounts, "accounts/account.html").with("email", &account.email);
    page.with("has_totp", &account.totp_secret.is_some())
        .with("recovery_codes_left", &accounts.store().recovery_codes_left(&account.id).await?)
        .render()
}

pub(super) async fn password(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.changeable)?;
    let email = match accounts.required() {
        Ok(account) => account.email.clone(),
        Err(error) => return or_login(error),
    };
    let mut form: FormState<ChangePassword> = args.extract()?;
    let page = Page::new(&accounts, "accounts/change_password.html").with("email", &email);
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.change_password(&sent.old_password, &sent.password).await {
        Ok(_) => {
            tell("Your password is changed, and everybody else is logged out.", "success");
            to("accounts.account")
        }
        Err(error) => page.own_password("old_password").refuse(form, error),
    }
}

pub(super) async fn email(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.change_email)?;
    if let Err(error) = accounts.required() {
        return or_login(error);
    }
    let mut form: FormState<ChangeEmail> = args.extract()?;
    let page = Page::new(&accounts, "accounts/change_email.html");
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.change_email(&sent.email, &sent.password).await {
        Ok(()) => {
            tell("We have sent a mail to the new address: follow its link to confirm it.", "success");
            to("accounts.account")
        }
        Err(error) => page.own_password("password").refuse(form, error),
    }
}

pub(super) async fn confirm_email(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.change_email)?;
    let token: String = args.get("token")?;
    let page = Page::new(&accounts, "accounts/link.html").with("purpose", "change_email");
    if !is_post() {
        return page.render();
    }
    match accounts.confirm_new_email(&token).await {
        Ok(_) => {
            tell("Your address is changed.", "success");
            to("accounts.account")
        }
        Err(error) if matches!(error.kind(), AccountErrorKind::Link) => {
            tell(&error.message(), "error");
            to("accounts.account")
        }
        Err(error) => page.with_error(error),
    }
}
