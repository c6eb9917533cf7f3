//! Which passwords may be chosen: in the spirit of NIST SP 800-63B-4, section 3.1.1.2: length, no rules of composition, no password that
//! everybody tries first, none that tells what is known about its user.

use std::fmt;
use std::sync::Arc;

use carboy::security::password::MAX_PASSWORD_BYTES;
use carboy::{Config, Result};

use super::COMMON;

/// What is known about a user and so must not be the password: e-mail address, names.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnData<'a> {
    /// Texts that belong to the user.
    pub user: &'a [&'a str],
    /// The name of the service.
    pub service: &'a str,
}

type Rule = Arc<dyn Fn(&str, &OwnData<'_>) -> std::result::Result<(), String> + Send + Sync>;

/// Which passwords may be chosen.
///
/// A password has at least 8 characters (SECURITY_PASSWORD_LENGTH_MIN) and at most 1024 bytes, is none of the eleven thousand most common
/// ones, and is not made of the user's own data. Any characters may be in it. [`with_rule`](Self::with_rule) adds more.
///
/// ```
/// use carboy_ext::accounts::{OwnData, PasswordRules};
///
/// let rules = PasswordRules::default();
/// let ada = OwnData { user: &["ada.lovelace@example.com"], service: "shop" };
/// assert!(rules.check("violet umbrella", &ada).is_ok());
/// for bad in ["short", "iloveyou", "Password1", "ada.lovelace", "aaaaaaaaaa"] {
///     assert!(rules.check(bad, &ada).is_err(), "{bad}");
/// }
/// ```
#[derive(Clone)]
pub struct PasswordRules {
    min_length: usize,
    check_common: bool,
    rules: Vec<Rule>,
}

/// Why a password may not be chosen: a sentence for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordProblem {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more than 1024 bytes.
    TooLong,
    /// It is one that everybody tries first.
    Common,
    /// It is made of the user's own data.
    OwnData,
    /// A rule of the app said so.
    Rule(String),
}

impl fmt::Display for PasswordProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(least) => write!(f, "Password must be at least {least} characters."),
            Self::TooLong => write!(f, "Password must be at most {MAX_PASSWORD_BYTES} bytes."),
            Self::Common => {
                f.write_str("This password is among the first that are tried. Choose another one.")
            }
            Self::OwnData => {
                f.write_str("This password is too close to your name or address. Choose another one.")
            }
            Self::Rule(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for PasswordProblem {}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { min_length: 8, check_common: true, rules: Vec::new() }
    }
}

impl fmt::Debug for PasswordRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordRules")
            .field("min_length", &self.min_length)
            .field("check_common", &self.check_common)
            .field("rules", &self.rules.len())
            .finish()
    }
}

impl PasswordRules {
    /// At least this many characters, and never fewer than 6.
    #[must_use]
    pub fn with_min_length(mut self, characters: usize) -> Self {
        self.min_length = characters.max(6);
        self
    }

    /// One more rule; its error is the sentence for the user. A look-up that takes time belongs into the view that calls the flow.
    #[must_use]
    pub fn with_rule(
        mut self,
        rule: impl Fn(&str, &OwnData<'_>) -> std::result::Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// With SECURITY_PASSWORD_LENGTH_MIN, and SECURITY_PASSWORD_CHECK_COMMON to leave the list out.
    pub(crate) fn configured(mut self, config: &Config) -> Result<Self> {
        if let Some(least) = config.get("SECURITY_PASSWORD_LENGTH_MIN")? {
            self = self.with_min_length(least);
        }
        if let Some(check) = config.get("SECURITY_PASSWORD_CHECK_COMMON")? {
            self.check_common = check;
        }
        Ok(self)
    }

    /// The characters that a password has at least.
    pub fn min_length(&self) -> usize {
        self.min_length
    }

    /// Whether a password may be chosen.
    ///
    /// # Errors
    ///
    /// The first problem found.
    pub fn check(&self, password: &str, own: &OwnData<'_>) -> std::result::Result<(), PasswordProblem> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Err(PasswordProblem::TooLong);
        }
        if password.chars().count() < self.min_length {
            return Err(PasswordProblem::TooShort(self.min_length));
        }
        if self.check_common && is_common(password) {
            return Err(PasswordProblem::Common);
        }
        if is_own(password, own) {
            return Err(PasswordProblem::OwnData);
        }
        self.rules.iter().try_for_each(|rule| rule(password, own)).map_err(PasswordProblem::Rule)
    }
}

/// Whether everybody tries this password first: one of a list, also in capitals or with a digit or sign behind it, or one character
/// again and again.
pub fn is_common(password: &str) -> bool {
    let plain = password.to_lowercase();
    let listed = |text: &str| COMMON.binary_search(&text).is_ok();
    let mut chars = plain.chars();
    let first = chars.next();
    listed(&plain)
        || chars.all(|c| Some(c) == first)
        || plain.len() > 8
            && plain
                .char_indices()
                .next_back()
                .is_some_and(|(at, c)| !c.is_alphabetic() && listed(&plain[..at]))
}

/// Whether the password says the same as a text of the user's, or hardly more.
fn is_own(password: &str, own: &OwnData<'_>) -> bool {
    let plain = password.to_lowercase();
    let whole = own.user.iter().copied().chain([own.service]);
    let mut parts = Vec::new();
    for text in whole {
        let text = text.to_lowercase();
        if let Some((local, domain)) = text.split_once('@') {
            parts.extend([local.to_owned(), domain.to_owned()]);
        }
        parts.push(text);
    }
    // What is left beside the own text must not be guessed at once.
    parts
        .iter()
        .filter(|part| part.chars().count() >= 4)
        .any(|part| plain.contains(part.as_str()) && plain.chars().count() < part.chars().count() + 4)
}
