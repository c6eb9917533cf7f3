//! The kinds of hashes that are still in use beside the current one.
//!
//! Kinds take different times. So that the time of a login tells neither whether there is such a user nor whose hash is of which kind, each check does
//! the work of every kind once, with one of them for the hash that is asked about.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use carboy::security::password::blocking::generate_password_hash_with;
use carboy::{Config, Error, Result};

/// More are not taken into account: each makes every login dearer.
const MAX_KINDS: usize = 8;

const KEY: &str = "SECURITY_DEPRECATED_PASSWORD_SCHEMES";
/// Flask-Security's word for what is found out.
const AUTO: &str = "auto";

/// What comes before the salt: the method with its parameters.
pub(super) fn kind_of(stored: &str) -> &str {
    // PHC strings begin with the sign that parts them.
    let before = if stored.starts_with('$') { 3 } else { 0 };
    match stored.match_indices('$').nth(before) {
        Some((end, _)) => &stored[..end],
        None => stored,
    }
}

/// A hash of this kind that no password has.
pub(super) fn sample(kind: &str) -> String {
    match kind.starts_with("$argon2") {
        true => format!("{kind}$bm9ib2R5J3Mgc2FsdCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        false => format!("{kind}$nobody's salt!!!$"),
    }
}

/// The kinds that are known. Clones share them.
#[derive(Clone)]
pub(super) struct Kinds {
    known: Arc<Mutex<Vec<String>>>,
    learns: bool,
}

impl Default for Kinds {
    fn default() -> Self {
        Self { known: Arc::default(), learns: true }
    }
}

impl Kinds {
    /// As SECURITY_DEPRECATED_PASSWORD_SCHEMES lists them, in the words of Werkzeug.
    pub(super) fn from_config(config: &Config) -> Result<Self> {
        let Some(schemes) = config.get::<Vec<String>>(KEY)? else { return Ok(Self::default()) };
        let kinds = Self { learns: schemes.iter().any(|scheme| scheme == AUTO), ..Self::default() };
        for scheme in schemes.iter().filter(|scheme| *scheme != AUTO) {
            // Which parameters a short name stands for is known to whoever makes such a hash.
            let made = generate_password_hash_with("nobody's", scheme, 16)
                .map_err(|error| Error::msg(format!("{KEY}: '{scheme}': {error}")))?;
            kinds.add(kind_of(&made));
        }
        Ok(kinds)
    }

    /// Whether kinds are found out.
    pub(super) fn learns(&self) -> bool {
        self.learns
    }

    /// Takes a kind into account from now on.
    pub(super) fn learn(&self, kind: &str) {
        let is_one = ["$argon2", "scrypt:", "pbkdf2:"].iter().any(|method| kind.starts_with(method));
        if self.learns && is_one {
            self.add(kind);
        }
    }

    fn add(&self, kind: &str) {
        let mut known = self.known();
        if known.len() < MAX_KINDS && known.iter().all(|other| other != kind) {
            known.push(kind.to_owned());
        }
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.known().clone()
    }

    fn known(&self) -> MutexGuard<'_, Vec<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn a_kind_is_what_comes_before_the_salt() {
        for (stored, kind) in [
            ("$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=64,t=1,p=1"),
            ("scrypt:32768:8:1$salt$00ff", "scrypt:32768:8:1"),
            ("pbkdf2:sha256:600000$salt$00ff", "pbkdf2:sha256:600000"),
            ("$argon2id$", "$argon2id$"),
            ("$argon2id$v=19$m=64,t=1,p=1$c2FsdA", "$argon2id$v=19$m=64,t=1,p=1"),
            ("$2b$12$nothing", "$2b$12$nothing"),
            ("", ""),
        ] {
            assert_eq!(kind_of(stored), kind);
        }
    }
}
