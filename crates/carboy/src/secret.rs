//! Values that do not show themselves.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer};
use sha2::Sha256;
use std::fmt;

/// A value that is printed as `***`, wherever it is printed: in logs, panics and error pages.
///
/// It is read from a configuration like the value itself. It cannot be serialised: [`expose`](Secret::expose) says where it leaves.
///
/// ```
/// use carboy::{App, Secret};
/// let mut app = App::new("shop");
/// app.config().set("MAIL_PASSWORD", "hunter2");
/// let password: Secret<String> = app.config().get("MAIL_PASSWORD")?.unwrap();
/// assert_eq!(format!("{password} {password:?}"), "*** ***");
/// assert_eq!(password.expose(), "hunter2");
/// # Ok::<(), carboy::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Keeps a value.
    pub fn new(value: T) -> Self {
        Secret(value)
    }

    /// The value.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, without its cover.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T: AsRef<[u8]>> Secret<T> {
    /// Whether something that somebody says is the value, in a time that does not tell where the two differ: for keys and tokens that clients
    /// send.
    ///
    /// ```
    /// let key = carboy::Secret::new("s3cret");
    /// assert!(key.matches("s3cret") && !key.matches("s3crets") && !key.matches(""));
    /// ```
    pub fn matches(&self, said: impl AsRef<[u8]>) -> bool {
        let digest = |value: &[u8]| {
            let mac = Hmac::<Sha256>::new_from_slice(b"compare").expect("a key of any length will do");
            mac.chain_update(value)
        };
        digest(said.as_ref()).verify(&digest(self.0.as_ref()).finalize().into_bytes()).is_ok()
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Secret(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Secret)
    }
}
