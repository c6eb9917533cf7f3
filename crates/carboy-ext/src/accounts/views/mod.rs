//! The pages, as a blueprint named `accounts`.

mod change;
mod factors;
mod forms;
mod login;
pub(super) mod page;
mod register;
mod reset;

use carboy::view::{Args, ViewReturn, view};
use carboy::{Blueprint, RuleOptions, Scaffold};

pub(super) use page::translation;

/// The templates, which an app's of the same names take the place of.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("accounts/layout.html", include_str!("../templates/layout.html")),
    ("accounts/form.html", include_str!("../templates/form.html")),
    ("accounts/captcha.html", include_str!("../templates/captcha.html")),
    ("accounts/providers.html", include_str!("../templates/providers.html")),
    ("accounts/more.html", include_str!("../templates/more.html")),
    ("accounts/login.html", include_str!("../templates/login.html")),
    ("accounts/logout.html", include_str!("../templates/logout.html")),
    ("accounts/register.html", include_str!("../templates/register.html")),
    ("accounts/address.html", include_str!("../templates/address.html")),
    ("accounts/link.html", include_str!("../templates/link.html")),
    ("accounts/reset_password.html", include_str!("../templates/reset_password.html")),
    ("accounts/change_password.html", include_str!("../templates/change_password.html")),
    ("accounts/change_email.html", include_str!("../templates/change_email.html")),
    ("accounts/account.html", include_str!("../templates/account.html")),
    ("accounts/second_factor.html", include_str!("../templates/second_factor.html")),
    ("accounts/setup_totp.html", include_str!("../templates/setup_totp.html")),
    ("accounts/password.html", include_str!("../templates/password.html")),
    ("accounts/recovery_codes.html", include_str!("../templates/recovery_codes.html")),
    ("accounts/passkeys.html", include_str!("../templates/passkeys.html")),
    ("accounts/mail/letter.txt", include_str!("../templates/mail/letter.txt")),
    ("accounts/mail/letter.html", include_str!("../templates/mail/letter.html")),
];

/// The views. They are made without `routes!`, which would make this package's folder the app's.
pub(super) fn blueprint() -> Blueprint {
    let mut blueprint = Blueprint::new("accounts");
    let bp = &mut blueprint;
    form(bp, "/login", "login", login::login);
    form(bp, "/logout", "logout", login::logout);
    form(bp, "/two-factor", "second_factor", login::second_factor);
    form(bp, "/register", "register", register::register);
    form(bp, "/confirm", "resend_confirmation", register::resend);
    form(bp, "/confirm/<token>", "confirm_email", register::confirm);
    form(bp, "/reset", "forgot_password", reset::forgot);
    form(bp, "/reset/<token>", "reset_password", reset::reset);
    form(bp, "/change", "change_password", change::password);
    form(bp, "/change-email", "change_email", change::email);
    form(bp, "/change-email/<token>", "confirm_new_email", change::confirm_email);
    form(bp, "/two-factor/setup", "setup_totp", factors::setup);
    form(bp, "/two-factor/disable", "disable_totp", factors::disable);
    form(bp, "/recovery-codes", "recovery_codes", factors::recovery_codes);
    add(bp, "/account", "account", &["GET"], change::account);
    #[cfg(feature = "passkeys")]
    super::passkeys::views(bp);
    blueprint
}

fn form<R, M>(bp: &mut Blueprint, rule: &str, endpoint: &str, f: impl Fn(Args) -> R + Send + Sync + 'static)
where
    R: ViewReturn<M>,
{
    add(bp, rule, endpoint, &["GET", "POST"], f);
}

pub(super) fn add<R, M>(
    bp: &mut Blueprint,
    rule: &str,
    endpoint: &str,
    methods: &[&str],
    f: impl Fn(Args) -> R + Send + Sync + 'static,
) where
    R: ViewReturn<M>,
{
    let methods = Some(methods.iter().map(|method| (*method).to_owned()).collect());
    bp.add_url_rule(rule, endpoint, view(f), RuleOptions { methods, ..RuleOptions::default() });
}
