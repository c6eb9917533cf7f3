//! Logging in and out.

use carboy::view::Args;
use carboy::{Response, Result};

use super::page::{Page, field, is_post, next_url, only_if, to, to_url};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::{CaptchaFor, accounts};

pub(super) async fn login(_: Args) -> Result<Response> {
    let accounts = accounts();
    let next = next_url(&accounts)?;
    let page = |email: &str| {
        let page = Page::new(&accounts, "accounts/login.html").with("email", email).with("next", &next);
        Ok::<_, carboy::Error>(page.with("remember", &accounts.settings()?.default_remember))
    };
    if !is_post() {
        return page("")?.render();
    }
    let email = field("email");
    if let Err(error) = accounts.check_captcha(CaptchaFor::Login).await {
        return page(&email)?.with_error(error);
    }
    match accounts.login(&email, &field("password"), !field("remember").is_empty()).await {
        Ok(step) => to_url(&accounts.url_after(&step, Some(&next))?),
        Err(error) => page(&email)?.with_error(error),
    }
}

pub(super) async fn second_factor(_: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    if !accounts.waits_for_second_factor() {
        return to("accounts.login");
    }
    let next = next_url(&accounts)?;
    let page = Page::new(&accounts, "accounts/second_factor.html").with("next", &next);
    if !is_post() {
        return page.render();
    }
    match accounts.second_factor(&field("code")).await {
        Ok(_) => to_url(&next),
        Err(error) if matches!(error.kind(), AccountErrorKind::NotWaiting) => {
            super::page::tell(&error.message(), "error");
            to("accounts.login")
        }
        Err(error) => page.with_error(error),
    }
}

pub(super) async fn logout(_: Args) -> Result<Response> {
    let accounts = accounts();
    if !is_post() {
        return Page::new(&accounts, "accounts/logout.html").render();
    }
    accounts.logout();
    to_url(&accounts.settings()?.post_logout)
}
