//! Password hashes as Werkzeug writes and checks them (`werkzeug.security`).
//!
//! A hash takes a tenth of a second and 32 MiB on purpose. [`generate_password_hash`] and [`check_password_hash`]
//! therefore run on the blocking pool, as many at once as there are cores; 64 more may wait, the next is an error that
//! answers 503 with a `Retry-After`. [`blocking`] has the same functions for places that may block: commands, scripts, blocking views.
//!
//! ```
//! use carboy::security::password::blocking::{check_password_hash, generate_password_hash_with};
//!
//! let stored = generate_password_hash_with("correct horse", "pbkdf2:sha256:1000", 16)?;
//! assert!(check_password_hash(&stored, "correct horse")?);
//! assert!(!check_password_hash(&stored, "battery staple")?);
//! # Ok::<(), carboy::security::password::PasswordError>(())
//! ```

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use carboy_http::{HttpError, StatusCode};
use tokio::sync::Semaphore;

use crate::{Error, Result};

/// The longest password in bytes. A longer one is refused, never cut.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The method of [`generate_password_hash`]: Werkzeug's `scrypt:32768:8:1`.
pub const DEFAULT_METHOD: &str = "scrypt";

/// How many characters of salt [`generate_password_hash`] makes.
pub const DEFAULT_SALT_LENGTH: usize = 16;

const DEFAULT_PBKDF2_ITERATIONS: u32 = 1_000_000;
const MAX_PBKDF2_ITERATIONS: u32 = 20_000_000;
/// N·r, each 128 bytes: 1 GiB of memory.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 23;
/// N·r·p, in which time is proportional: 128 times the default.
const MAX_SCRYPT_WORK: u64 = 1 << 25;
const MAX_SALT_LENGTH: usize = 1024;
const MAX_WAITING: usize = 64;
/// By then a full queue is empty, at a tenth of a second a hash and a core or two.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Hashes a password for storage with Werkzeug's default method, off the worker.
///
/// # Errors
///
/// A password longer than [`MAX_PASSWORD_BYTES`], or too many hashes waiting.
pub async fn generate_password_hash(password: &str) -> Result<String> {
    generate_password_hash_with(password, DEFAULT_METHOD, DEFAULT_SALT_LENGTH).await
}

/// Hashes a password with a method such as `scrypt:65536:8:1` or `pbkdf2:sha512`, off the worker.
///
/// # Errors
///
/// Those of [`generate_password_hash`], an unknown method, or parameters out of bounds.
pub async fn generate_password_hash_with(password: &str, method: &str, salt_length: usize) -> Result<String> {
    check_length(password).map_err(raise)?;
    let (password, method) = (password.to_owned(), method.to_owned());
    GATE.run(move || blocking::generate_password_hash_with(&password, &method, salt_length))
        .await
        .map_err(raise)
}

/// Whether a password belongs to a stored hash; compared in constant time, off the worker.
///
/// What is no hash at all, and a password longer than [`MAX_PASSWORD_BYTES`], do not match.
///
/// # Errors
///
/// A hash whose method is unknown or whose parameters are out of bounds, or too many hashes waiting.
pub async fn check_password_hash(hash: &str, password: &str) -> Result<bool> {
    check_password_of(Some(hash), password).await
}

/// As [`check_password_hash`], for a user who may not exist: without a hash it is false, and takes as long to say so,
/// lest the time tell who has an account.
///
/// # Errors
///
/// Those of [`check_password_hash`].
pub async fn check_password_of(hash: Option<&str>, password: &str) -> Result<bool> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Ok(false);
    }
    let (hash, password) = (hash.map(str::to_owned), password.to_owned());
    GATE.run(move || blocking::check_password_of(hash.as_deref(), &password)).await.map_err(raise)
}

/// Runs work as costly as a password hash off the worker, in the same queue as the hashes of this module: for hashes of other kinds.
///
/// ```
/// # async fn view() -> carboy::Result<()> {
/// let sum: u64 = carboy::security::password::queued(|| (1..=1_000_000).sum()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Too many hashes waiting: a 503 that says when to come back. A panic of the work is an error that answers 500.
pub async fn queued<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    GATE.run(move || Ok(work())).await.map_err(raise)
}

/// An error that answers with its status; [`Error::original`] of the 400 and 503 is the [`PasswordError`].
fn raise(error: PasswordError) -> Error {
    match error.status() {
        StatusCode::INTERNAL_SERVER_ERROR => error.into(),
        status => {
            let mut http = HttpError::new(status).with_description(error.to_string());
            if error.is_busy() {
                http = http.with_retry_after(RETRY_AFTER_SECONDS);
            }
            Error::with_original(http, error.into())
        }
    }
}

/// The same functions for places that may block the thread they are on. Never call them from a view on a worker.
pub mod blocking {
    use super::{DEFAULT_METHOD, DEFAULT_SALT_LENGTH, MAX_PASSWORD_BYTES, MAX_SALT_LENGTH, Method};
    use super::{ErrorKind, PasswordError, check_length, random_salt, same};

    /// Hashes a password for storage with Werkzeug's default method.
    ///
    /// # Errors
    ///
    /// A password longer than [`MAX_PASSWORD_BYTES`].
    pub fn generate_password_hash(password: &str) -> Result<String, PasswordError> {
        generate_password_hash_with(password, DEFAULT_METHOD, DEFAULT_SALT_LENGTH)
    }

    /// Hashes a password with a method such as `scrypt:65536:8:1` or `pbkdf2:sha512`.
    ///
    /// # Errors
    ///
    /// Those of [`generate_password_hash`], an unknown method, or parameters out of bounds.
    pub fn generate_password_hash_with(
        password: &str,
        method: &str,
        salt_length: usize,
    ) -> Result<String, PasswordError> {
        check_length(password)?;
        let method: Method = method.parse()?;
        if !(1..=MAX_SALT_LENGTH).contains(&salt_length) {
            let text = if salt_length == 0 {
                "Salt length must be at least 1.".to_owned()
            } else {
                format!("Salt length must be at most {MAX_SALT_LENGTH}.")
            };
            return Err(PasswordError::new(ErrorKind::Parameters, text));
        }
        let salt = random_salt(salt_length)?;
        let hex = method.hash(password, &salt)?;
        Ok(format!("{method}${salt}${hex}"))
    }

    /// Whether a password belongs to a stored hash; compared in constant time.
    ///
    /// What is no hash at all, and a password longer than [`MAX_PASSWORD_BYTES`], do not match.
    ///
    /// # Errors
    ///
    /// A hash whose method is unknown or whose parameters are out of bounds.
    pub fn check_password_hash(hash: &str, password: &str) -> Result<bool, PasswordError> {
        let mut parts = hash.splitn(3, '$');
        let (Some(method), Some(salt), Some(hex)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(false);
        };
        if password.len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        let method: Method = method.parse()?;
        Ok(same(method.hash(password, salt)?.as_bytes(), hex.as_bytes()))
    }

    /// As [`check_password_hash`], for a user who may not exist: without a hash it is false, and takes as long to say
    /// so.
    ///
    /// # Errors
    ///
    /// Those of [`check_password_hash`].
    pub fn check_password_of(hash: Option<&str>, password: &str) -> Result<bool, PasswordError> {
        if let Some(hash) = hash {
            return check_password_hash(hash, password);
        }
        if password.len() <= MAX_PASSWORD_BYTES {
            Method::SCRYPT.hash(password, "0123456789abcdef")?;
        }
        Ok(false)
    }
}

/// Why a password was not hashed or checked.
#[derive(Debug)]
pub struct PasswordError {
    kind: ErrorKind,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorKind {
    Method,
    Parameters,
    TooLong,
    Busy,
    Internal,
}

impl PasswordError {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether the method of the hash is one that Werkzeug does not know (any more): the password has to be set anew.
    pub fn is_unknown_method(&self) -> bool {
        self.kind == ErrorKind::Method
    }

    /// Whether the password is longer than [`MAX_PASSWORD_BYTES`].
    pub fn is_too_long(&self) -> bool {
        self.kind == ErrorKind::TooLong
    }

    /// Whether too many hashes were waiting already.
    pub fn is_busy(&self) -> bool {
        self.kind == ErrorKind::Busy
    }

    /// The status to answer with: 400 for a password that is too long, 503 when busy, else 500.
    pub fn status(&self) -> StatusCode {
        match self.kind {
            ErrorKind::TooLong => StatusCode::BAD_REQUEST,
            ErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Method | ErrorKind::Parameters | ErrorKind::Internal => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PasswordError {}

fn check_length(password: &str) -> Result<(), PasswordError> {
    if password.len() > MAX_PASSWORD_BYTES {
        let message = format!("a password may have at most {MAX_PASSWORD_BYTES} bytes");
        return Err(PasswordError::new(ErrorKind::TooLong, message));
    }
    Ok(())
}

/// A key derivation with all its parameters, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Scrypt { log_n: u8, r: u32, p: u32 },
    Pbkdf2 { hash: Hash, iterations: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Method {
    const SCRYPT: Self = Self::Scrypt { log_n: 15, r: 8, p: 1 };

    fn scrypt(n: u64, r: u64, p: u64) -> Result<Self, PasswordError> {
        let refuse = |message: &str| Err(PasswordError::new(ErrorKind::Parameters, message));
        if n < 2 || !n.is_power_of_two() {
            return refuse("n must be a power of 2.");
        }
        let blocks = n.checked_mul(r).filter(|&blocks| blocks <= MAX_SCRYPT_BLOCKS);
        let work = blocks.and_then(|blocks| blocks.checked_mul(p)).filter(|&work| work <= MAX_SCRYPT_WORK);
        let (Some(1..), Ok(r), Ok(p)) = (work, u32::try_from(r), u32::try_from(p)) else {
            return refuse("the parameters of scrypt are out of bounds");
        };
        let log_n = n.trailing_zeros() as u8;
        match scrypt::Params::new(log_n, r, p) {
            Ok(_) => Ok(Self::Scrypt { log_n, r, p }),
            Err(_) => refuse("the parameters of scrypt are out of bounds"),
        }
    }

    fn pbkdf2(hash: &str, iterations: u32) -> Result<Self, PasswordError> {
        let Some(hash) = Hash::named(hash) else {
            let message = format!("unsupported hash type {hash}");
            return Err(PasswordError::new(ErrorKind::Parameters, message));
        };
        if !(1..=MAX_PBKDF2_ITERATIONS).contains(&iterations) {
            let message = format!("the iterations of pbkdf2 must lie between 1 and {MAX_PBKDF2_ITERATIONS}");
            return Err(PasswordError::new(ErrorKind::Parameters, message));
        }
        Ok(Self::Pbkdf2 { hash, iterations })
    }

    /// The derived key as hex.
    fn hash(self, password: &str, salt: &str) -> Result<String, PasswordError> {
        let (password, salt) = (password.as_bytes(), salt.as_bytes());
        let mut key = [0; 64];
        let length = match self {
            Self::Scrypt { log_n, r, p } => {
                let internal = |error: &dyn fmt::Display| {
                    PasswordError::new(ErrorKind::Internal, format!("scrypt failed: {error}"))
                };
                let parameters = scrypt::Params::new(log_n, r, p).map_err(|error| internal(&error))?;
                scrypt::scrypt(password, salt, &parameters, &mut key).map_err(|error| internal(&error))?;
                key.len()
            }
            Self::Pbkdf2 { hash, iterations } => {
                let derived = &mut key[..hash.size()];
                match hash {
                    Hash::Sha1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password, salt, iterations, derived),
                    Hash::Sha224 => pbkdf2::pbkdf2_hmac::<sha2::Sha224>(password, salt, iterations, derived),
                    Hash::Sha256 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, iterations, derived),
                    Hash::Sha384 => pbkdf2::pbkdf2_hmac::<sha2::Sha384>(password, salt, iterations, derived),
                    Hash::Sha512 => pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password, salt, iterations, derived),
                }
                derived.len()
            }
        };
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
        Ok(key[..length].iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect())
    }
}

impl std::str::FromStr for Method {
    type Err = PasswordError;

    /// Reads what stands before the first `$`, or what [`generate_password_hash_with`] was asked for.
    fn from_str(text: &str) -> Result<Self, PasswordError> {
        let refuse = |message: &str| Err(PasswordError::new(ErrorKind::Parameters, message));
        let (name, arguments) = match text.split_once(':') {
            Some((name, arguments)) => (name, arguments.split(':').collect()),
            None => (text, Vec::new()),
        };
        match (name, &arguments[..]) {
            ("scrypt", []) => Ok(Self::SCRYPT),
            ("scrypt", &[n, r, p]) => match (n.parse(), r.parse(), p.parse()) {
                (Ok(n), Ok(r), Ok(p)) => Self::scrypt(n, r, p),
                _ => refuse("'scrypt' takes 3 arguments."),
            },
            ("scrypt", _) => refuse("'scrypt' takes 3 arguments."),
            ("pbkdf2", []) => Self::pbkdf2("sha256", DEFAULT_PBKDF2_ITERATIONS),
            ("pbkdf2", &[hash]) => Self::pbkdf2(hash, DEFAULT_PBKDF2_ITERATIONS),
            ("pbkdf2", &[hash, iterations]) => match iterations.parse() {
                Ok(iterations) => Self::pbkdf2(hash, iterations),
                Err(_) => refuse("the iterations of 'pbkdf2' must be a number."),
            },
            ("pbkdf2", _) => refuse("'pbkdf2' takes 2 arguments."),
            _ => Err(PasswordError::new(ErrorKind::Method, format!("Invalid hash method '{name}'."))),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scrypt { log_n, r, p } => write!(f, "scrypt:{}:{r}:{p}", 1_u64 << log_n),
            Self::Pbkdf2 { hash, iterations } => write!(f, "pbkdf2:{}:{iterations}", hash.name()),
        }
    }
}

impl Hash {
    const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The length of a digest in bytes.
    fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Random letters and digits, each as likely as any other.
fn random_salt(length: usize) -> Result<String, PasswordError> {
    const CHARS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut salt = String::with_capacity(length);
    let mut random = [0; 64];
    while salt.len() < length {
        getrandom::fill(&mut random).map_err(|error| {
            PasswordError::new(ErrorKind::Internal, format!("no random numbers: {error}"))
        })?;
        // 248 is the largest multiple of 62 in a byte; the rest would favour the first characters.
        let fair = random.iter().filter(|&&byte| byte < 248);
        salt.extend(fair.map(|&byte| char::from(CHARS[usize::from(byte % 62)])).take(length - salt.len()));
    }
    Ok(salt)
}

/// Compares without telling by the time how much is the same; only the lengths show.
fn same(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    left.len() == right.len() && difference == 0
}

static GATE: LazyLock<Gate> =
    LazyLock::new(|| Gate::new(std::thread::available_parallelism().map_or(1, usize::from), MAX_WAITING));

/// Lets a few run, some wait, and nobody else in.
struct Gate {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
}

impl Gate {
    fn new(running: usize, max_waiting: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(running)), waiting: AtomicUsize::new(0), max_waiting }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _place = self.queue()?;
                let closed =
                    |_| PasswordError::new(ErrorKind::Internal, "hashing passwords has been shut down");
                Arc::clone(&self.running).acquire_owned().await.map_err(closed)?
            }
        };
        // The permit goes along: a caller who leaves does not make the work stop.
        let work = move || {
            let result = work();
            drop(permit);
            result
        };
        let lost =
            |error| PasswordError::new(ErrorKind::Internal, format!("hashing a password failed: {error}"));
        tokio::task::spawn_blocking(work).await.map_err(lost)?
    }

    fn queue(&self) -> Result<Place<'_>, PasswordError> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.waiting);
        if before >= self.max_waiting {
            return Err(PasswordError::new(ErrorKind::Busy, "too many passwords are being hashed already"));
        }
        Ok(place)
    }
}

/// A place among those who wait, given back when dropped.
struct Place<'g>(&'g AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use carboy_conformance::replay;

    use super::blocking::{check_password_hash, generate_password_hash_with};
    use super::*;

    // rows: U11
    #[test]
    fn stored_hashes_are_judged_as_werkzeug_judges_them() {
        replay("passwords/checks.json", "", &["check"], 150, |row| {
            let (hash, password) = (row["hash"].as_str().unwrap(), row["password"].as_str().unwrap());
            match check_password_hash(hash, password) {
                Ok(matches) => assert_eq!(matches, row["check"], "{row}"),
                Err(error) => {
                    let expected = row["check"]["error"].as_str().unwrap_or_else(|| panic!("{row}: {error}"));
                    assert_eq!(error.is_unknown_method(), expected.starts_with("Invalid hash"), "{row}");
                    if expected.contains('\'') {
                        assert_eq!(error.to_string(), expected, "{row}");
                    } else {
                        assert_eq!(expected, "parameters that cannot be used", "{row}: {error}");
                    }
                }
            }
        });
    }

    #[test]
    fn the_default_is_werkzeugs_and_every_salt_is_new() {
        let first = blocking::generate_password_hash("correct horse").unwrap();
        let second = blocking::generate_password_hash("correct horse").unwrap();
        assert!(first.starts_with("scrypt:32768:8:1$"));
        assert_eq!(first.len(), 162);
        assert_ne!(first, second);
        assert!(check_password_hash(&first, "correct horse").unwrap());
    }

    #[test]
    fn absurd_parameters_are_an_error_and_no_attempt() {
        for method in [
            "scrypt:1073741824:8:1",
            "scrypt:32768:8:1000000",
            "scrypt:18446744073709551615:8:1",
            "scrypt:9223372036854775808:8:8",
            "scrypt:2:4294967296:1",
            "pbkdf2:sha256:4294967295",
            "pbkdf2:sha256:99999999999999999999",
        ] {
            let error = check_password_hash(&format!("{method}$salt$00"), "x").unwrap_err();
            assert!(!error.is_unknown_method(), "{method}: {error}");
            assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        for (salt_length, message) in
            [(0, "Salt length must be at least 1."), (9999, "Salt length must be at most 1024.")]
        {
            let error = generate_password_hash_with("x", "scrypt:2:1:1", salt_length).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn long_passwords_are_refused_and_never_cut() {
        let longest = "x".repeat(MAX_PASSWORD_BYTES);
        let stored = generate_password_hash_with(&longest, "scrypt:2:1:1", 16).unwrap();
        assert!(check_password_hash(&stored, &longest).unwrap());
        let longer = longest + "x";
        assert!(!check_password_hash(&stored, &longer).unwrap());
        let error = generate_password_hash_with(&longer, "scrypt:2:1:1", 16).unwrap_err();
        assert!(error.is_too_long());
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_user_who_does_not_exist_never_matches() {
        assert!(!blocking::check_password_of(None, "correct horse").unwrap());
    }

    #[tokio::test]
    async fn hashing_runs_beside_the_worker() {
        let stored = super::generate_password_hash_with("correct horse", "pbkdf2:sha1:10", 16).await.unwrap();
        assert!(super::check_password_hash(&stored, "correct horse").await.unwrap());
        assert!(!super::check_password_hash(&stored, "wrong").await.unwrap());
    }

    #[tokio::test]
    async fn some_wait_and_the_next_is_told_to_come_back() {
        let gate = Arc::new(Gate::new(1, 2));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let start = |work: Box<dyn FnOnce() + Send>| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                gate.run(move || {
                    work();
                    Ok(())
                })
                .await
            })
        };
        let running = start(Box::new(move || held.recv().unwrap()));
        while gate.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting = [start(Box::new(|| ())), start(Box::new(|| ()))];
        while gate.waiting.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        let error = gate.run(|| Ok(())).await.unwrap_err();
        assert!(error.is_busy());
        let error = raise(error);
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.http().unwrap().headers()[0], (carboy_http::header::RETRY_AFTER, 5.into()));
        assert!(error.original().unwrap().downcast_ref::<PasswordError>().unwrap().is_busy());
        release.send(()).unwrap();
        running.await.unwrap().unwrap();
        for waiter in waiting {
            waiter.await.unwrap().unwrap();
        }
        assert!(gate.run(|| Ok(())).await.is_ok());
    }
}
