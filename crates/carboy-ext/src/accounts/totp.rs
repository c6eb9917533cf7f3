//! Authenticator apps: time-based one-time passwords (RFC 6238), SHA-1, six digits, thirty seconds, as all apps know them.

use std::fmt;

use carboy::{Error, Result, Secret};
use qrcode::{Color, EcLevel, QrCode};
use totp_rs::{Builder, Totp};

use super::random;

/// The step of time of a code, in seconds.
pub(super) const STEP: u64 = 30;

/// What a user needs to set an authenticator app up.
#[derive(Clone)]
pub struct TotpSetup {
    secret: Secret<String>,
    uri: Secret<String>,
}

impl fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSetup(***)")
    }
}

impl TotpSetup {
    pub(super) fn new(issuer: &str, email: &str) -> Result<Self> {
        // 160 bits, as RFC 4226 recommends.
        Self::of(issuer, email, Secret::new(random::base32(32)?))
    }

    pub(super) fn of(issuer: &str, email: &str, secret: Secret<String>) -> Result<Self> {
        let uri = totp(secret.expose(), issuer, email)?.to_url().map_err(failed)?;
        Ok(Self { secret, uri: Secret::new(uri) })
    }

    /// The secret in base32, for who types it.
    pub fn secret(&self) -> &Secret<String> {
        &self.secret
    }

    /// The URI `otpauth://totp/…` that an app reads.
    pub fn uri(&self) -> &Secret<String> {
        &self.uri
    }

    /// The URI as a QR code: an `<svg>` to put into a page as it is, without styles or scripts.
    ///
    /// # Errors
    ///
    /// The URI is too long for a QR code, as one of a very long address may be.
    pub fn svg(&self) -> Result<String> {
        let code = QrCode::with_error_correction_level(self.uri.expose(), EcLevel::M)
            .map_err(|error| Error::msg(format!("the QR code cannot be drawn: {error}")))?;
        let width = code.width();
        // Four modules of margin, as ISO/IEC 18004 asks for.
        let size = width + 8;
        let mut path = String::new();
        for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + 4, at / width + 4));
        }
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"240\" height=\"240\" role=\"img\" \
             aria-label=\"QR code\" shape-rendering=\"crispEdges\"><rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/>\
             <path d=\"{path}\" fill=\"#000\"/></svg>"
        ))
    }
}

/// The step of time that a code belongs to, if it is one of the secret's: now, the step before, or the one after.
pub(super) fn step_of(secret: &str, code: &str, now: u64) -> Result<Option<i64>> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(16).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let step = totp(secret, "carboy", "account")?.check(&code, now);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn totp(secret: &str, issuer: &str, email: &str) -> Result<Totp> {
    let secret = totp_rs::Secret::try_from_base32(secret)
        .map_err(|_| Error::msg("a stored TOTP secret is no base32"))?;
    // The label of the URI is split at colons.
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_step_duration(STEP)
        .with_account_name(plain(email))
        .with_issuer(Some(plain(issuer)))
        .build()
        .map_err(failed)
}

fn failed(error: totp_rs::TotpError) -> Error {
    Error::msg(format!("one-time passwords cannot be made: {error}"))
}
