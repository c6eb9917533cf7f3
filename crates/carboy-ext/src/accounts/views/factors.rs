//! The authenticator app and the recovery codes.

use carboy::view::Args;
use carboy::{Response, Result};

use super::forms::{OwnPassword, ReplaceTotp, ReplaceTotpByCode, SecondFactor, SetupTotp};
use super::page::{Page, only_if, or_login, tell, to};
use crate::accounts::error::{AccountError, AccountErrorKind};
use crate::accounts::extension::{Accounts, accounts};
use crate::forms::{FormModel, FormState};

/// A form in which who is logged in shows again to be the account's user: by the password, or by a code where there is none.
trait WithProof: FormModel {
    fn proof(&self) -> &str;
}

impl WithProof for OwnPassword {
    fn proof(&self) -> &str {
        &self.password
    }
}

impl WithProof for SecondFactor {
    fn proof(&self) -> &str {
        &self.code
    }
}

impl WithProof for ReplaceTotp {
    fn proof(&self) -> &str {
        &self.password
    }
}

impl WithProof for ReplaceTotpByCode {
    fn proof(&self) -> &str {
        &self.old_code
    }
}

/// A form with a code of the app that is being set up.
trait WithCode: FormModel {
    fn code(&self) -> &str;
}

impl WithCode for ReplaceTotp {
    fn code(&self) -> &str {
        &self.code
    }
}

impl WithCode for ReplaceTotpByCode {
    fn code(&self) -> &str {
        &self.code
    }
}

pub(super) async fn setup(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    let account = match accounts.required_fresh() {
        Ok(account) => account,
        Err(error) => return or_login(error),
    };
    let setup = accounts.setup_totp().await?;
    let page = Page::new(&accounts, "accounts/setup_totp.html")
        .with("replaces", &account.totp_secret.is_some())
        .with("secret", setup.secret().expose())
        .with("uri", setup.uri().expose())
        .with("svg", &setup.svg()?);
    match (account.totp_secret.is_some(), account.password.is_some()) {
        (true, true) => replace_by::<ReplaceTotp>(args, &accounts, page).await,
        (true, false) => replace_by::<ReplaceTotpByCode>(args, &accounts, page).await,
        (false, _) => {
            let mut form: FormState<SetupTotp> = args.extract()?;
            let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
            show_codes(&accounts, page, form, accounts.enable_totp(&sent.code).await)
        }
    }
}

async fn replace_by<T: WithProof + WithCode>(
    args: Args,
    accounts: &Accounts,
    page: Page,
) -> Result<Response> {
    let mut form: FormState<T> = args.extract()?;
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    show_codes(accounts, page, form, accounts.replace_totp(sent.code(), sent.proof()).await)
}

pub(super) async fn disable(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    match accounts.required_fresh() {
        Ok(account) if account.totp_secret.is_none() => to("accounts.account"),
        Ok(account) if account.password.is_some() => disable_by::<OwnPassword>(args, &accounts).await,
        Ok(_) => disable_by::<SecondFactor>(args, &accounts).await,
        Err(error) => or_login(error),
    }
}

async fn disable_by<T: WithProof>(args: Args, accounts: &Accounts) -> Result<Response> {
    let page = Page::new(accounts, "accounts/password.html").with("purpose", "disable_totp");
    let mut form: FormState<T> = args.extract()?;
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    match accounts.disable_totp(sent.proof()).await {
        Ok(()) => {
            tell("The authenticator app is not asked any more.", "success");
            to("accounts.account")
        }
        Err(error) => refuse(page, form, error),
    }
}

pub(super) async fn recovery_codes(args: Args) -> Result<Response> {
    let accounts = accounts();
    only_if(accounts.settings()?.two_factor)?;
    match accounts.required_fresh() {
        Ok(account) if account.totp_secret.is_none() => to("accounts.setup_totp"),
        Ok(account) if account.password.is_some() => recovery_codes_by::<OwnPassword>(args, &accounts).await,
        Ok(_) => recovery_codes_by::<SecondFactor>(args, &accounts).await,
        Err(error) => or_login(error),
    }
}

async fn recovery_codes_by<T: WithProof>(args: Args, accounts: &Accounts) -> Result<Response> {
    let page = Page::new(accounts, "accounts/password.html").with("purpose", "recovery_codes");
    let mut form: FormState<T> = args.extract()?;
    let Some(sent) = form.validate_on_submit() else { return page.show(&form) };
    show_codes(accounts, page, form, accounts.regenerate_recovery_codes(sent.proof()).await)
}

/// The recovery codes, or the page again with what was wrong.
fn show_codes<T: FormModel>(
    accounts: &Accounts,
    page: Page,
    form: FormState<T>,
    outcome: Result<Vec<String>, AccountError>,
) -> Result<Response> {
    match outcome {
        Ok(codes) => Page::new(accounts, "accounts/recovery_codes.html").with("codes", &codes).render(),
        Err(error) => refuse(page, form, error),
    }
}

fn refuse<T: FormModel>(page: Page, form: FormState<T>, error: AccountError) -> Result<Response> {
    match error.kind() {
        // The account was changed elsewhere meanwhile, which ended this login.
        AccountErrorKind::NotLoggedIn => or_login(error),
        _ => page.own_password("password").refuse(form, error),
    }
}
