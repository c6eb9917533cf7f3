//! Hashing and checking passwords: argon2id for new ones, what Werkzeug wrote for old ones.
//!
//! A hash costs time and memory on purpose, so all of them go through the queue of [`carboy::security::password`]: as many at once as
//! there are cores, 64 may wait, the next is a 503.

mod kinds;
mod memory;
mod rules;

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use carboy::security::password::{self as werkzeug, MAX_PASSWORD_BYTES};
use carboy::{Config, Error, HttpError, Result, StatusCode};
use zeroize::Zeroizing;

use kinds::{Kinds, kind_of};

pub use rules::{OwnData, PasswordProblem, PasswordRules, is_common};

/// The memory of a stored hash that is checked at most: 256 MiB. A larger one is an error and no attempt.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;
/// What RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// How passwords are hashed: argon2id, in PHC strings (`$argon2id$v=19$m=19456,t=2,p=1$…`).
///
/// The default is OWASP's recommendation of 19 MiB, two passes and one lane. SECURITY_PASSWORD_ARGON2_MEMORY (KiB), …_TIME and
/// …_PARALLELISM change it; hashes of other parameters stay good and are made anew when their user logs in.
///
/// As long as hashes of other kinds are in use each check takes the time of all of them, lest the time tell who has an account. Which those are
/// is found out by itself, from the store and from what is checked; SECURITY_DEPRECATED_PASSWORD_SCHEMES lists them instead, as
/// `["scrypt:32768:8:1", "pbkdf2:sha256:600000"]`.
///
/// ```
/// use carboy_ext::accounts::{PasswordCheck, Passwords};
///
/// let passwords = Passwords::default();
/// let stored = passwords.hash_blocking("correct horse")?;
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// assert_eq!(passwords.check_blocking(Some(&stored), "correct horse")?, PasswordCheck::Right);
/// assert_eq!(passwords.check_blocking(Some(&stored), "battery staple")?, PasswordCheck::Wrong);
/// # Ok::<(), carboy::Error>(())
/// ```
#[derive(Clone)]
pub struct Passwords {
    params: Params,
    kinds: Kinds,
}

/// What [`Passwords::check`] found.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is the password.
    Right,
    /// It is the password, but its hash is of another kind or of other parameters: this is the hash to store instead.
    Outdated(String),
    /// It is not, or there is no such user.
    Wrong,
}

impl fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Right => "Right",
            Self::Outdated(_) => "Outdated(***)",
            Self::Wrong => "Wrong",
        })
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self { params: Params::DEFAULT, kinds: Kinds::default() }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        write!(f, "Passwords(argon2id, m={m}, t={t}, p={p})")
    }
}

impl Passwords {
    /// Hashes with this much memory in KiB, these passes and lanes.
    ///
    /// # Errors
    ///
    /// Less than argon2 allows, or more than 256 MiB, 64 passes or 16 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        let refuse = |why: &dyn fmt::Display| {
            Error::msg(format!(
                "the parameters of argon2 (memory {memory_kib} KiB, {passes} passes, {lanes} lanes) cannot be used: {why}"
            ))
        };
        if memory_kib > MAX_MEMORY_KIB || passes > MAX_PASSES || lanes > MAX_LANES {
            return Err(refuse(&format_args!(
                "at most {MAX_MEMORY_KIB} KiB, {MAX_PASSES} passes and {MAX_LANES} lanes"
            )));
        }
        let params = Params::new(memory_kib, passes, lanes, None).map_err(|error| refuse(&error))?;
        Ok(Self { params, kinds: Kinds::default() })
    }

    /// As SECURITY_PASSWORD_ARGON2_MEMORY, …_TIME and …_PARALLELISM say, else the default; SECURITY_DEPRECATED_PASSWORD_SCHEMES lists the kinds of
    /// hashes that are still in use.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), a setting that is no number, and a kind that is none.
    pub fn from_config(config: &Config) -> Result<Self> {
        let passwords = Self::new(
            config.get("SECURITY_PASSWORD_ARGON2_MEMORY")?.unwrap_or(Params::DEFAULT_M_COST),
            config.get("SECURITY_PASSWORD_ARGON2_TIME")?.unwrap_or(Params::DEFAULT_T_COST),
            config.get("SECURITY_PASSWORD_ARGON2_PARALLELISM")?.unwrap_or(Params::DEFAULT_P_COST),
        )?;
        Ok(Self { kinds: Kinds::from_config(config)?, ..passwords })
    }

    /// Whether the kinds of hashes that are still in use are to be found out.
    pub(crate) fn learns_kinds(&self) -> bool {
        self.kinds.learns()
    }

    /// Takes the kind of a stored hash into account from now on, and says what such hashes begin with.
    pub(crate) fn learn_kind(&self, stored: &str) -> String {
        let kind = kind_of(stored);
        self.kinds.learn(kind);
        format!("{kind}$")
    }

    /// The kinds that are known, the current one first.
    pub(crate) fn known_kinds(&self) -> Vec<String> {
        let (m, t, p) = (self.params.m_cost(), self.params.t_cost(), self.params.p_cost());
        let current = format!("$argon2id$v=19$m={m},t={t},p={p}");
        let others = self.kinds.all().into_iter().filter(|kind| *kind != current).collect::<Vec<_>>();
        std::iter::once(current).chain(others).collect()
    }

    /// Hashes a password for storage, off the worker.
    ///
    /// # Errors
    ///
    /// A password longer than [`MAX_PASSWORD_BYTES`] (400), which is never cut, and too many hashes waiting (503).
    pub async fn hash(&self, password: &str) -> Result<String> {
        check_length(password)?;
        let (this, password) = (self.clone(), Zeroizing::new(password.to_owned()));
        werkzeug::queued(move || this.hash_blocking(&password)).await?
    }

    /// Whether a password belongs to a stored hash (argon2, or Werkzeug's scrypt or pbkdf2), off the worker; compared in constant time.
    ///
    /// Without a hash it is wrong, and takes as long to say so, lest the time tell who has an account. A password longer than
    /// [`MAX_PASSWORD_BYTES`] is wrong, too.
    ///
    /// # Errors
    ///
    /// A hash that nobody here can read, or whose parameters are out of bounds; too many hashes waiting (503).
    pub async fn check(&self, stored: Option<&str>, password: &str) -> Result<PasswordCheck> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Ok(PasswordCheck::Wrong);
        }
        let this = self.clone();
        let (stored, password) = (stored.map(str::to_owned), Zeroizing::new(password.to_owned()));
        werkzeug::queued(move || this.check_blocking(stored.as_deref(), &password)).await?
    }

    /// [`hash`](Self::hash) for places that may block the thread they are on: commands, scripts.
    ///
    /// # Errors
    ///
    /// A password longer than [`MAX_PASSWORD_BYTES`].
    pub fn hash_blocking(&self, password: &str) -> Result<String> {
        check_length(password)?;
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| Error::msg(format!("no random numbers: {error}")))?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(failed)?,
            salt: Some(Salt::new(&salt).map_err(|error| failed(error.into()))?),
            hash: Some(derive(&self.argon2(), &self.params, password, &salt)?),
        };
        Ok(hash.to_string())
    }

    /// [`check`](Self::check) for places that may block the thread they are on.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check), but for the queue.
    pub fn check_blocking(&self, stored: Option<&str>, password: &str) -> Result<PasswordCheck> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Ok(PasswordCheck::Wrong);
        }
        let right = match stored {
            Some(stored) => verify(stored, password),
            None => Ok(false),
        };
        let own = stored.map(kind_of);
        if let (Some(own), true) = (own, right.is_ok()) {
            self.kinds.learn(own);
        }
        let kinds = self.known_kinds();
        // The time is that of all kinds, whichever it was.
        for kind in kinds.iter().filter(|kind| own != Some(kind.as_str())) {
            let _ = verify(&kinds::sample(kind), password);
        }
        let is_current = own == kinds.first().map(String::as_str);
        match right? {
            true if is_current => Ok(PasswordCheck::Right),
            true => Ok(PasswordCheck::Outdated(self.hash_blocking(password)?)),
            false => Ok(PasswordCheck::Wrong),
        }
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }
}

/// Whether a password belongs to a hash of any kind.
fn verify(stored: &str, password: &str) -> Result<bool> {
    match stored.starts_with("$argon2") {
        true => verify_argon2(stored, password),
        false => Ok(werkzeug::blocking::check_password_hash(stored, password)?),
    }
}

fn verify_argon2(stored: &str, password: &str) -> Result<bool> {
    // The hash itself stays out of the message.
    let unreadable =
        |why: &dyn fmt::Display| Error::msg(format!("a stored password hash cannot be read: {why}"));
    let parsed = PasswordHash::new(stored).map_err(|error| unreadable(&error))?;
    let params = Params::try_from(&parsed).map_err(|error| unreadable(&error))?;
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES {
        return Err(unreadable(&"its parameters are out of bounds"));
    }
    let (Some(salt), Some(expected)) = (parsed.salt, parsed.hash) else {
        return Err(unreadable(&"it is not complete"));
    };
    let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).map_err(|error| unreadable(&error))?;
    let version = match parsed.version {
        Some(version) => Version::try_from(version).map_err(|error| unreadable(&error))?,
        None => Version::default(),
    };
    let argon2 = Argon2::new(algorithm, version, params.clone());
    // Outputs compare in constant time.
    Ok(derive(&argon2, &params, password, &salt)? == expected)
}

fn derive(argon2: &Argon2<'_>, params: &Params, password: &str, salt: &[u8]) -> Result<Output> {
    let mut buffer = Zeroizing::new([0; Output::MAX_LENGTH]);
    let output = buffer.get_mut(..params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN));
    let output = output.ok_or_else(|| failed(argon2::password_hash::Error::OutputSize))?;
    memory::with_blocks(params.block_count(), |blocks| {
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks)
    })?
    .map_err(|error| failed(error.into()))?;
    Output::new(output).map_err(|error| failed(error.into()))
}

fn check_length(password: &str) -> Result<()> {
    if password.len() > MAX_PASSWORD_BYTES {
        let text = format!("a password may have at most {MAX_PASSWORD_BYTES} bytes");
        return Err(HttpError::new(StatusCode::BAD_REQUEST).with_description(text).into());
    }
    Ok(())
}

fn failed(error: argon2::password_hash::Error) -> Error {
    Error::msg(format!("argon2 failed: {error}"))
}

/// The list of common passwords, sorted.
static COMMON: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());
