//! Remember-me cookies and the identifier of a login (`flask_login`).

use crate::{Error, Result, config::Config};
use carboy_http::{Request, cookie::SetCookie};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha512};
use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

/// Makes and reads the remember-me cookies of Flask-Login: the id of a user with a signature behind it.
///
/// The value holds no date: it is good for as long as the key is. Flask-Login reads SECRET_KEY as Latin-1.
///
/// ```
/// use carboy::security::tokens::RememberTokens;
///
/// let tokens = RememberTokens::new("dev")?;
/// let value = tokens.encode("1");
/// assert!(value.starts_with("1|be93bd1d54421d69"));
/// assert_eq!(tokens.decode(&value), Some("1"));
/// assert_eq!(tokens.decode("1|be93bd1d54421d69"), None);
/// # Ok::<(), carboy::Error>(())
/// ```
#[derive(Clone)]
pub struct RememberTokens(Vec<u8>);

impl RememberTokens {
    /// The name of the cookie.
    pub const COOKIE_NAME: &'static str = "remember_token";
    /// How long a browser keeps the cookie: a year.
    pub const DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

    /// Cookies signed with this key, whose characters are bytes of Latin-1, as in Flask-Login.
    ///
    /// # Errors
    /// The key has other characters; Flask-Login fails as well.
    pub fn new(secret_key: &str) -> Result<Self> {
        let bytes: Option<Vec<u8>> = secret_key.chars().map(|c| u8::try_from(c).ok()).collect();
        let wrong = "the key of remember-me cookies is Latin-1 text in Flask-Login, and this one is not";
        Ok(RememberTokens(bytes.ok_or_else(|| Error::msg(wrong))?))
    }

    /// Cookies signed with a key of bytes.
    pub fn from_bytes(secret_key: impl Into<Vec<u8>>) -> Self {
        RememberTokens(secret_key.into())
    }

    /// Cookies signed with SECRET_KEY. SECRET_KEY_FALLBACKS are not used, as in Flask-Login.
    ///
    /// # Errors
    /// There is no key, or one that is not Latin-1.
    pub fn from_config(config: &Config) -> Result<Self> {
        let missing = || Error::msg("a secret key is required to sign remember-me cookies");
        RememberTokens::new(config.get_str("SECRET_KEY")?.ok_or_else(missing)?)
    }

    /// The value for a user.
    pub fn encode(&self, user_id: &str) -> String {
        let mut value = format!("{user_id}|");
        push_hex(&mut value, &self.mac(user_id).finalize().into_bytes());
        value
    }

    /// The user in a value; `None` when it is not signed with our key.
    pub fn decode<'v>(&self, value: &'v str) -> Option<&'v str> {
        let (user_id, signature) = value.rsplit_once('|')?;
        let signature = from_hex(signature)?;
        self.mac(user_id).verify_slice(&signature).is_ok().then_some(user_id)
    }

    /// The cookie for a user with Flask-Login's defaults: for a year, for the whole site, out of the reach of scripts.
    pub fn cookie(&self, user_id: &str) -> SetCookie {
        SetCookie::new(Self::COOKIE_NAME, self.encode(user_id))
            .expires(SystemTime::now() + Self::DURATION)
            .http_only(true)
    }

    fn mac(&self, user_id: &str) -> Hmac<Sha512> {
        let mut mac = Hmac::<Sha512>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(user_id.as_bytes());
        mac
    }
}

/// Nothing of the key.
impl std::fmt::Debug for RememberTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RememberTokens")
    }
}

/// What Flask-Login keeps under `_id` in a session, to see that a session stays in one browser: a digest of the client's address
/// (the first of X-Forwarded-For, else that of the connection) and its User-Agent.
pub fn login_identifier(request: &Request) -> String {
    let address = match request.header("x-forwarded-for") {
        Some(route) => Some(route.split(',').next().unwrap_or_default().trim_ascii().to_owned()),
        None => request.remote_addr().map(|address| address.to_string()),
    };
    let agent = request.header("user-agent");
    identifier(address.as_deref(), agent.as_deref())
}

fn identifier(address: Option<&str>, user_agent: Option<&str>) -> String {
    let mut text = String::new();
    push_repr(&mut text, address);
    text.push('|');
    push_repr(&mut text, user_agent);
    let mut digest = String::with_capacity(128);
    push_hex(&mut digest, &Sha512::digest(text));
    digest
}

/// Python's `repr` of the bytes of a text, or `None`.
fn push_repr(out: &mut String, text: Option<&str>) {
    let Some(text) = text else { return out.push_str("None") };
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push('b');
    out.push(quote);
    for byte in text.bytes() {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            _ if char::from(byte) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => write!(out, "\\x{byte:02x}").expect("a String takes everything"),
        }
    }
    out.push(quote);
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(out, "{byte:02x}").expect("a String takes everything");
    }
}

/// The bytes of lower-case hexadecimal digits, the only ones that Flask-Login writes and takes.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_has_flask_logins_attributes() {
        let line = RememberTokens::new("dev").unwrap().cookie("1").to_line().unwrap();
        let parts: Vec<&str> = line.split("; ").collect();
        assert!(parts[0].starts_with("remember_token=1|be93bd1d54421d6903fa"));
        assert!(parts[1].starts_with("Expires="));
        assert_eq!(parts[2..], ["HttpOnly", "Path=/"]);
    }

    #[test]
    fn a_key_beyond_latin_1_is_refused() {
        assert!(RememberTokens::new("schlüssel").is_ok());
        assert!(RememberTokens::new("鍵").unwrap_err().to_string().contains("Latin-1"));
    }

    #[test]
    fn nothing_of_the_key_is_shown() {
        assert_eq!(format!("{:?}", RememberTokens::new("secret").unwrap()), "RememberTokens");
    }
}
