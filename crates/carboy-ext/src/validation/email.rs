//! E-mail addresses, as the Python package `email-validator` takes them without asking a name server.

use regex::Regex;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// What [`Rule::email`](super::Rule::email) may be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmailOptions {
    pub(crate) allow_smtputf8: bool,
    pub(crate) allow_empty_local: bool,
    pub(crate) test_environment: bool,
}

impl Default for EmailOptions {
    fn default() -> Self {
        EmailOptions { allow_smtputf8: true, allow_empty_local: false, test_environment: false }
    }
}

/// The longest address, and the longest domain (RFC 5321, RFC 1035).
const LONGEST: usize = 254;
const LONGEST_DOMAIN: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Names that are reserved, and never those of a mail server on the internet (IANA's special-use domain names).
const SPECIAL: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// Separators and characters that are not printed.
static UNSAFE: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{Z}\p{C}]"));
static MARK_FIRST: LazyLock<Regex> = LazyLock::new(|| pattern(r"\A\p{M}"));
/// What a label of a domain may hold in IDNA 2008, roughly: letters in lower case, digits and marks.
static LABEL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\A[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}·ʹ\-]+\z"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of our own")
}

/// Whether mail can be sent to `text`.
pub(crate) fn is_email(text: &str, options: EmailOptions) -> bool {
    // A quoted local part and a display name are well-formed, but not accepted.
    let Some((local, domain)) = text.split_once('@') else { return false };
    let normal: String = local.nfc().collect();
    if !is_local_part(local, options) || (normal != local && !is_local_part(&normal, options)) {
        return false;
    }
    let Some((ascii, shown)) = domain_name(domain, options.test_environment) else { return false };
    let fits = |local: &str, domain: &str| local.len() + 1 + domain.len() <= LONGEST;
    fits(local, domain) && fits(&normal, &shown) && fits(&normal, &ascii)
}

fn is_local_part(local: &str, options: EmailOptions) -> bool {
    if local.is_empty() {
        return options.allow_empty_local;
    }
    let atom = |c: char| c.is_ascii_alphanumeric() || "_!#$%&'*+-/=?^`{|}~".contains(c);
    let fits = |allowed: &dyn Fn(char) -> bool| {
        local.split('.').all(|part| !part.is_empty() && part.chars().all(allowed))
    };
    let international = || options.allow_smtputf8 && fits(&|c| atom(c) || c >= '\u{80}') && is_safe(local);
    fits(&atom) || international()
}

fn is_safe(text: &str) -> bool {
    !UNSAFE.is_match(text) && !MARK_FIRST.is_match(text)
}

/// The domain in ASCII and as it is shown; nothing when it is wrong.
fn domain_name(domain: &str, test_environment: bool) -> Option<(String, String)> {
    let hostname = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c >= '\u{80}';
    if domain.is_empty()
        || domain.chars().count() > LONGEST_DOMAIN
        || !domain.chars().all(hostname)
        || !is_safe(domain)
        || domain.chars().any(stands_for_a_period)
    {
        return None;
    }
    let (ascii, shown) = if domain.is_ascii() && !domain.to_ascii_lowercase().contains("xn--") {
        let lower = domain.to_ascii_lowercase();
        (lower.clone(), lower)
    } else {
        let ascii = idna::domain_to_ascii_strict(domain).ok()?;
        let (shown, result) = idna::domain_to_unicode(&ascii);
        result.ok()?;
        if !shown.split('.').all(|label| LABEL.is_match(label)) || !is_safe(&shown) {
            return None;
        }
        (ascii, shown)
    };
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let dashes = bytes.get(2..4) == Some(b"--") && !label.starts_with("xn");
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !dashes
    };
    let labels =
        ascii.split('.').all(label) && shown.split('.').all(|l| !l.starts_with('-') && !l.ends_with('-'));
    let special =
        |name: &str| ascii == name || ascii.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    let reserved = SPECIAL.iter().any(|name| special(name) && !(test_environment && *name == "test"));
    let whole = ascii.contains('.') || (test_environment && ascii == "test");
    let top = ascii.bytes().last().is_some_and(|b| b.is_ascii_alphabetic());
    (ascii.len() <= LONGEST_DOMAIN && labels && whole && top && !reserved).then_some((ascii, shown))
}

/// Characters that become a period, which would make other labels of a domain.
fn stands_for_a_period(c: char) -> bool {
    matches!(c, '\u{2024}'..='\u{2026}' | '\u{2488}'..='\u{249b}' | '\u{fe52}')
}
