//! What was not signed is not accepted; what was signed is read again, and not after a byte of it has changed.
#![no_main]

use carboy_fuzz::quick;
use carboy_signing::{
    Clock, Serializer, Signer, TimedSerializer, TimestampSigner, UrlSafeSerializer, UrlSafeTimedSerializer,
    base64_decode, base64_encode,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::{sync::LazyLock, time::Duration};

struct All {
    signer: Signer,
    stamped: TimestampSigner,
    plain: Serializer,
    timed: TimedSerializer,
    safe: UrlSafeSerializer,
    safe_timed: UrlSafeTimedSerializer,
}

static ALL: LazyLock<All> = LazyLock::new(|| {
    let clock = Clock::fixed(1_700_000_000);
    All {
        signer: Signer::new("key"),
        stamped: TimestampSigner::new("key").with_clock(clock.clone()),
        plain: Serializer::new("key"),
        timed: TimedSerializer::new("key").with_clock(clock.clone()),
        safe: UrlSafeSerializer::new("key"),
        safe_timed: UrlSafeTimedSerializer::new("key").with_clock(clock),
    }
});

fuzz_target!(|data: &[u8]| {
    let all = &*ALL;
    let age = Some(Duration::from_secs(60));
    quick(|| {
        // The key is not in the input, nor is a signature of it: nothing may pass.
        assert!(all.signer.unsign(data).is_err());
        assert!(all.stamped.unsign_with_timestamp(data, age).is_err());
        assert!(all.plain.loads::<Value>(data).is_err());
        assert!(all.timed.loads::<Value>(data, age).is_err());
        assert!(all.safe.loads::<Value>(data).is_err());
        assert!(all.safe_timed.loads::<Value>(data, age).is_err());
        // Unverified payloads are read, too: by those who look at a token to find out what is wrong with it.
        let _ = all.safe_timed.loads_unsafe::<Value>(data, None);
        let _ = all.plain.loads_unsafe::<Value>(data);
        if let Ok(bytes) = base64_decode(data) {
            assert_eq!(base64_decode(base64_encode(&bytes)).ok(), Some(bytes));
        }

        let signed = all.stamped.sign(data);
        assert_eq!(all.stamped.unsign(&signed, age).ok(), Some(data));
        let at = data.first().map_or(0, |&byte| usize::from(byte) * signed.len() / 256);
        let mut changed = signed.clone();
        changed[at] ^= 1;
        assert!(all.stamped.unsign(&changed, None).is_err(), "{at}");
        // A payload that is no JSON, or no zlib, or no base64, and yet signed.
        let _ = all.safe_timed.loads::<Value>(all.stamped.sign(data), age);
        let own = TimestampSigner::from(Signer::new("key").with_salt(Serializer::<()>::DEFAULT_SALT))
            .with_clock(Clock::fixed(1_700_000_000));
        let _ = all.safe_timed.loads::<Value>(own.sign(data), age);
        let _ = all.timed.loads::<Value>(own.sign(data), age);
        if let Ok(value) = serde_json::from_slice::<Value>(data) {
            if let Ok(token) = all.safe_timed.dumps(&value) {
                assert_eq!(all.safe_timed.loads::<Value>(&token, age).ok(), Some(value));
            }
        }
    });
});
