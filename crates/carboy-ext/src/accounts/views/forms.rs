//! The forms of the pages. They find what is missing; what else may be wrong the flows find.

use crate::forms::Form;

#[derive(Form)]
pub(super) struct Login {
    #[field(
        label = "E-mail address",
        widget = "email",
        attr(autocomplete = "username"),
        validate(data_required)
    )]
    pub(super) email: String,
    #[field(
        label = "Password",
        widget = "password",
        attr(autocomplete = "current-password"),
        validate(input_required)
    )]
    pub(super) password: String,
    #[field(label = "Stay logged in on this device")]
    pub(super) remember: bool,
}

#[derive(Form)]
pub(super) struct Register {
    #[field(
        label = "E-mail address",
        widget = "email",
        attr(autocomplete = "username"),
        validate(data_required)
    )]
    pub(super) email: String,
    #[field(
        label = "Password",
        description = "At least %(count)d characters: several words are good.",
        widget = "password",
        attr(autocomplete = "new-password"),
        validate(input_required)
    )]
    pub(super) password: String,
}

/// For a link by mail.
#[derive(Form)]
pub(super) struct Address {
    #[field(
        label = "E-mail address",
        widget = "email",
        attr(autocomplete = "username"),
        validate(data_required)
    )]
    pub(super) email: String,
}

#[derive(Form)]
pub(super) struct ResetPassword {
    #[field(
        label = "New password",
        description = "At least %(count)d characters: several words are good.",
        widget = "password",
        attr(autocomplete = "new-password"),
        validate(input_required)
    )]
    pub(super) password: String,
}

#[derive(Form)]
pub(super) struct ChangePassword {
    #[field(
        label = "Password until now",
        widget = "password",
        attr(autocomplete = "current-password"),
        validate(input_required)
    )]
    pub(super) old_password: String,
    #[field(
        label = "New password",
        description = "At least %(count)d characters: several words are good.",
        widget = "password",
        attr(autocomplete = "new-password"),
        validate(input_required)
    )]
    pub(super) password: String,
}

#[derive(Form)]
pub(super) struct ChangeEmail {
    #[field(
        label = "New e-mail address",
        widget = "email",
        attr(autocomplete = "email"),
        validate(data_required)
    )]
    pub(super) email: String,
    #[field(
        label = "Password",
        widget = "password",
        attr(autocomplete = "current-password"),
        validate(input_required)
    )]
    pub(super) password: String,
}

/// Asked again before something that cannot be undone.
#[derive(Form)]
pub(super) struct OwnPassword {
    #[field(
        label = "Password",
        widget = "password",
        attr(autocomplete = "current-password"),
        validate(input_required)
    )]
    pub(super) password: String,
}

/// At the login, and in place of the password of an account that has none.
#[derive(Form)]
pub(super) struct SecondFactor {
    #[field(
        label = "Code",
        description = "The six digits that your authenticator app shows, or a recovery code.",
        attr(autocomplete = "one-time-code", autocapitalize = "none", spellcheck = "false"),
        validate(data_required)
    )]
    pub(super) code: String,
}

#[derive(Form)]
pub(super) struct SetupTotp {
    #[field(
        label = "Code",
        description = "The six digits that the app shows now.",
        attr(autocomplete = "one-time-code", autocapitalize = "none", spellcheck = "false"),
        validate(data_required)
    )]
    pub(super) code: String,
}

#[derive(Form)]
pub(super) struct ReplaceTotp {
    #[field(
        label = "Password",
        widget = "password",
        attr(autocomplete = "current-password"),
        validate(input_required)
    )]
    pub(super) password: String,
    #[field(
        label = "Code",
        description = "The six digits that the new app shows now.",
        attr(autocomplete = "one-time-code", autocapitalize = "none", spellcheck = "false"),
        validate(data_required)
    )]
    pub(super) code: String,
}

/// For an account without a password.
#[derive(Form)]
pub(super) struct ReplaceTotpByCode {
    #[field(
        label = "Code of the app until now",
        description = "The six digits that it shows, or a recovery code.",
        attr(autocomplete = "one-time-code", autocapitalize = "none", spellcheck = "false"),
        validate(data_required)
    )]
    pub(super) old_code: String,
    #[field(
        label = "Code",
        description = "The six digits that the new app shows now.",
        attr(autocomplete = "off", autocapitalize = "none", spellcheck = "false"),
        validate(data_required)
    )]
    pub(super) code: String,
}
