//! The authenticator app and the recovery codes.

use carboy::view::Args;
use carboy::{Response, Result};

use super::page::{Page, field, is_post, only_if, or_login, tell, to};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::accounts;

pub(super) async fn setup(_: Args) -> Result<Response> {
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
    if !is_post() {
        return page.render();
    }
    match accounts.enable_totp(&field("code")).await {
        Ok(codes) => Page::new(&accounts, "accounts/recovery_codes.html").with("codes", &codes).render(),
        Err(error) => page.with_error(error),
    }
}

pub(super) async fn disable(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    if let Err(error) = accounts.required_fresh() {
        return or_login(error);
    }
    let page = Page::new(&accounts, "accounts/password.html").with("purpose", "disable_totp");
    if !is_post() {
        return page.render();
    }
    match accounts.disable_totp(&field("password")).await {
        Ok(()) => {
            tell("The authenticator app is not asked any more.", "success");
            to("accounts.account")
        }
        Err(error) => page.with_error(error),
    }
}

pub(super) async fn recovery_codes(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    match accounts.required_fresh() {
        Ok(account) if account.totp_secret.is_none() => return to("accounts.setup_totp"),
        Ok(_) => {}
        Err(error) => return or_login(error),
    }
    let page = Page::new(&accounts, "accounts/password.html").with("purpose", "recovery_codes");
    if !is_post() {
        return page.render();
    }
    match accounts.regenerate_recovery_codes(&field("password")).await {
        Ok(codes) => Page::new(&accounts, "accounts/recovery_codes.html").with("codes", &codes).render(),
        Err(error) if matches!(error.kind(), AccountErrorKind::NotLoggedIn) => or_login(error),
        Err(error) => page.with_error(error),
    }
}
