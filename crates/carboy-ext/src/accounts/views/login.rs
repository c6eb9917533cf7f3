//! Logging in and out.

use carboy::view::Args;
use carboy::{Response, Result};

use super::forms::{Login, SecondFactor};
use super::page::{Page, is_post, next_url, only_if, tell, to, to_url};
use crate::accounts::error::AccountErrorKind;
use crate::accounts::extension::{CaptchaFor, accounts};
use crate::forms::FormState;

pub(super) async fn login(args: Args) -> Result<Response> {
    let accounts = accounts();
    let next = next_url(&accounts)?;
    let remember = accounts.settings()?.default_remember;
    let empty = Login { email: String::new(), password: String::new(), remember };
    let mut form = args.extract::<FormState<Login>>()?.fill(&empty);
    let page = Page::new(&accounts, "accounts/login.html").with("next", &next);
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    let step = async {
        accounts.check_captcha(CaptchaFor::Login).await?;
        accounts.login(&sent.email, &sent.password, sent.remember).await
    };
    match step.await {
        Ok(step) => to_url(&accounts.url_after(&step, Some(&next))?),
        Err(error) => page.refuse(form, error),
    }
}

pub(super) async fn second_factor(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    if !accounts.waits_for_second_factor() {
        return to("accounts.login");
    }
    let next = next_url(&accounts)?;
    let mut form: FormState<SecondFactor> = args.extract()?;
    let page = Page::new(&accounts, "accounts/second_factor.html").with("next", &next);
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.second_factor(&sent.code).await {
        Ok(_) => to_url(&next),
        Err(error) if matches!(error.kind(), AccountErrorKind::NotWaiting) => {
            tell(&error.message(), "error");
            to("accounts.login")
        }
        Err(error) => page.refuse(form, error),
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
