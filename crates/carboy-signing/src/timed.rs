//! Signatures that know when they were made (`itsdangerous.timed`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::Clock;
use crate::encoding::{timestamp_append, timestamp_decode};
use crate::error::{Detail, Error, ErrorKind, InvalidSeparator, Result};
use crate::serializer::{Decode, Encode, PlainJson, Serializer, first_success, into_text, read_unsafe};
use crate::signer::{Digest, KeyDerivation, SecretKeys, Signer, split_last};

/// The last second that Python's `datetime` knows, 9999-12-31 23:59:59 UTC.
const LAST_SECOND: u64 = 253_402_300_799;

/// Signs bytes together with the current second.
#[derive(Clone, Debug)]
pub struct TimestampSigner {
    signer: Signer,
    clock: Clock,
}

impl TimestampSigner {
    /// A signer with ItsDangerous's defaults.
    pub fn new(keys: impl Into<SecretKeys>) -> Self {
        Self::from(Signer::new(keys))
    }

    /// The same signer with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The value with timestamp and signature.
    pub fn sign(&self, value: impl AsRef<[u8]>) -> Vec<u8> {
        let mut out = value.as_ref().to_vec();
        sign_in_place(&self.signer, &self.clock, &mut out);
        out
    }

    /// The value without timestamp and signature, which must match and be no older than `max_age`.
    ///
    /// Without `max_age` no age is tested. An age equal to it is accepted; a timestamp in the future is refused.
    pub fn unsign<'v>(
        &self,
        signed: &'v (impl AsRef<[u8]> + ?Sized),
        max_age: Option<Duration>,
    ) -> Result<&'v [u8]> {
        unsign(&self.signer, &self.clock, signed.as_ref(), max_age).map(|(value, _)| value)
    }

    /// As [`unsign`](Self::unsign), with the time at which the value was signed.
    pub fn unsign_with_timestamp<'v>(
        &self,
        signed: &'v (impl AsRef<[u8]> + ?Sized),
        max_age: Option<Duration>,
    ) -> Result<(&'v [u8], SystemTime)> {
        unsign(&self.signer, &self.clock, signed.as_ref(), max_age)
    }

    /// Whether a signed value has a right signature of the right age.
    pub fn validate(&self, signed: impl AsRef<[u8]>, max_age: Option<Duration>) -> bool {
        self.unsign(&signed, max_age).is_ok()
    }
}

impl From<Signer> for TimestampSigner {
    fn from(signer: Signer) -> Self {
        Self { signer, clock: Clock::system() }
    }
}

fn sign_in_place(signer: &Signer, clock: &Clock, out: &mut Vec<u8>) {
    out.extend_from_slice(signer.separator());
    timestamp_append(clock.unix_seconds(), out);
    signer.sign_in_place(out);
}

fn unsign<'v>(
    signer: &Signer,
    clock: &Clock,
    signed: &'v [u8],
    max_age: Option<Duration>,
) -> Result<(&'v [u8], SystemTime)> {
    let stamped = match signer.unsign(signed) {
        Ok(stamped) => stamped,
        Err(error) => return Err(describe(signer, error)),
    };
    let Some((value, stamp)) = split_last(stamped, signer.separator()) else {
        return Err(time_error(Detail::TimestampMissing, stamped));
    };
    let Some((seconds, date)) = timestamp_decode(stamp).and_then(|seconds| Some((seconds, date(seconds)?)))
    else {
        return Err(time_error(Detail::TimestampMalformed, value));
    };
    if let Some(max_age) = max_age.map(|age| age.as_secs()) {
        let now = clock.unix_seconds();
        if now < seconds {
            return Err(Error::expired(Detail::Future { ahead: seconds - now }, value, date));
        }
        let age = now - seconds;
        if age > max_age {
            return Err(Error::expired(Detail::TooOld { age, max_age }, value, date));
        }
    }
    Ok((value, date))
}

/// Splits the timestamp off a payload whose signature was refused, so that the error can show both.
fn describe(signer: &Signer, error: Error) -> Error {
    let payload = error.payload().unwrap_or_default().to_vec();
    let Some((value, stamp)) = split_last(&payload, signer.separator()) else { return error };
    match timestamp_decode(stamp) {
        Some(seconds) if seconds > LAST_SECOND => time_error(Detail::TimestampMalformed, value),
        seconds => error.into_timed(value, seconds.and_then(date)),
    }
}

fn time_error(detail: Detail, payload: &[u8]) -> Error {
    Error::new(ErrorKind::BadTimeSignature, detail).with_payload(payload)
}

fn date(seconds: u64) -> Option<SystemTime> {
    if seconds > LAST_SECOND {
        return None;
    }
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Signs values together with the current second.
#[derive(Clone, Debug)]
pub struct TimedSerializer<C = PlainJson> {
    serializer: Serializer<C>,
    clock: Clock,
}

impl<C: Default> TimedSerializer<C> {
    /// A serializer with ItsDangerous's defaults; its salt is `itsdangerous`.
    pub fn new(keys: impl Into<SecretKeys>) -> Self {
        Self::with_codec(keys, C::default())
    }
}

impl<C> TimedSerializer<C> {
    /// A serializer with a codec of its own.
    pub fn with_codec(keys: impl Into<SecretKeys>, codec: C) -> Self {
        Self { serializer: Serializer::with_codec(keys, codec), clock: Clock::system() }
    }

    /// Uses another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Signs and verifies with another salt.
    #[must_use]
    pub fn with_salt(mut self, salt: impl AsRef<[u8]>) -> Self {
        self.serializer = self.serializer.with_salt(salt);
        self
    }

    /// Signs and verifies with another key derivation.
    #[must_use]
    pub fn with_key_derivation(mut self, derivation: KeyDerivation) -> Self {
        self.serializer = self.serializer.with_key_derivation(derivation);
        self
    }

    /// Signs and verifies with another hash function.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.serializer = self.serializer.with_digest(digest);
        self
    }

    /// Signs and verifies with another separator.
    pub fn with_separator(mut self, separator: impl AsRef<[u8]>) -> Result<Self, InvalidSeparator> {
        self.serializer = self.serializer.with_separator(separator)?;
        Ok(self)
    }

    /// Also accepts tokens signed with this hash function and key derivation.
    #[must_use]
    pub fn with_fallback(mut self, digest: Digest, derivation: KeyDerivation) -> Self {
        self.serializer = self.serializer.with_fallback(digest, derivation);
        self
    }

    /// The codec.
    pub fn codec(&self) -> &C {
        self.serializer.codec()
    }

    pub(crate) fn codec_mut(&mut self) -> &mut C {
        self.serializer.codec_mut()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A value as a token signed now.
    pub fn dumps<T: ?Sized>(&self, value: &T) -> Result<String>
    where
        C: Encode<T>,
    {
        let mut out = Vec::with_capacity(128);
        self.codec().encode(value, &mut out)?;
        sign_in_place(self.serializer.signer(), &self.clock, &mut out);
        into_text(out)
    }

    /// The value of a token whose signature must match and be no older than `max_age`.
    ///
    /// Without `max_age` no age is tested.
    pub fn loads<T>(&self, token: impl AsRef<[u8]>, max_age: Option<Duration>) -> Result<T>
    where
        C: Decode<T>,
    {
        self.loads_with_timestamp(token, max_age).map(|(value, _)| value)
    }

    /// As [`loads`](Self::loads), with the time at which the token was signed.
    pub fn loads_with_timestamp<T>(
        &self,
        token: impl AsRef<[u8]>,
        max_age: Option<Duration>,
    ) -> Result<(T, SystemTime)>
    where
        C: Decode<T>,
    {
        let (payload, signed) = self.unsign(token.as_ref(), max_age)?;
        Ok((self.codec().decode(payload)?, signed))
    }

    fn unsign<'t>(&self, token: &'t [u8], max_age: Option<Duration>) -> Result<(&'t [u8], SystemTime)> {
        first_success(self.serializer.unsigners().map(|signer| unsign(signer, &self.clock, token, max_age)))
    }

    /// Whether the token is good, and its value if it can be read even so. For debugging: do not trust the value.
    pub fn loads_unsafe<T>(&self, token: impl AsRef<[u8]>, max_age: Option<Duration>) -> (bool, Option<T>)
    where
        C: Decode<T>,
    {
        match self.unsign(token.as_ref(), max_age) {
            Ok((payload, _)) => read_unsafe(self.codec(), payload),
            Err(error) => (false, error.payload().and_then(|payload| self.codec().decode(payload).ok())),
        }
    }
}
