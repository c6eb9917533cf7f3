//! The authenticator app and the recovery codes.

use carboy::view::Args;
use carboy::{Response, Result};

use super::forms::{OwnPassword, SetupTotp};
use super::page::{Page, only_if, or_login, tell, to};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::accounts;
use crate::forms::FormState;

pub(super) async fn setup(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    let setup = match accounts.setup_totp().await {
        Ok(setup) => setup,
        Err(error) => return or_login(error),
    };
    let page = Page::new(&accounts, "accounts/setup_totp.html")
        .with("secret", setup.secret().expose())
        .with("uri", setup.uri().expose())
        .with("svg", &setup.svg()?);
    let mut form: FormState<SetupTotp> = args.extract()?;
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.enable_totp(&sent.code).await {
        Ok(codes) => Page::new(&accounts, "accounts/recovery_codes.html").with("codes", &codes).render(),
        Err(error) => page.refuse(form, error),
    }
}

pub(super) async fn disable(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    if let Err(error) = accounts.required_fresh() {
        return or_login(error);
    }
    let page = Page::new(&accounts, "accounts/password.html").with("purpose", "disable_totp");
    let mut form: FormState<OwnPassword> = args.extract()?;
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.disable_totp(&sent.password).await {
        Ok(()) => {
            tell("The authenticator app is not asked any more.", "success");
            to("accounts.account")
        }
        Err(error) => page.own_password("password").refuse(form, error),
    }
}

pub(super) async fn recovery_codes(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    match accounts.required_fresh() {
        Ok(account) if account.totp_secret.is_none() => return to("accounts.setup_totp"),
        Ok(_) => {}
        Err(error) => return or_login(error),
    }
    let page = Page::new(&accounts, "accounts/password.html").with("purpose", "recovery_codes");
    let mut form: FormState<OwnPassword> = args.extract()?;
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.regenerate_recovery_codes(&sent.password).await {
        Ok(codes) => Page::new(&accounts, "accounts/recovery_codes.html").with("codes", &codes).render(),
        Err(error) if matches!(error.kind(), AccountErrorKind::NotLoggedIn) => or_login(error),
        Err(error) => page.own_password("password").refuse(form, error),
    }
}
