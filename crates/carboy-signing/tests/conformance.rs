//! Replays what ItsDangerous said (`conformance/generate/signing.py`).

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use carboy_conformance::replay;
use carboy_signing::{
    Clock, Digest, Error, ErrorKind, KeyDerivation, PlainJson, SecretKeys, Serializer, Signer,
    TimedSerializer, TimestampSigner, UrlSafeSerializer, UrlSafeTimedSerializer,
};
use serde_json::Value;

const NOW: u64 = 1_700_000_000;

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field].as_str().unwrap_or_else(|| panic!("no {field} in {row}"))
}

fn bytes(row: &Value, field: &str) -> Vec<u8> {
    STANDARD.decode(text(row, field)).unwrap()
}

fn digest(row: &Value) -> Digest {
    match text(row, "digest") {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha512" => Digest::Sha512,
        other => panic!("{other}"),
    }
}

fn derivation(row: &Value) -> KeyDerivation {
    match text(row, "derivation") {
        "concat" => KeyDerivation::Concat,
        "django-concat" => KeyDerivation::DjangoConcat,
        "hmac" => KeyDerivation::Hmac,
        "none" => KeyDerivation::None,
        other => panic!("{other}"),
    }
}

fn kind_name(kind: ErrorKind) -> String {
    format!("{kind:?}")
}

/// Compares an error with the exception Python raised.
fn assert_same_error(error: &Error, outcome: &Value, context: &str) {
    assert_eq!(kind_name(error.kind()), outcome["error"], "{context}: {error}");
    assert_eq!(error.to_string(), outcome["message"], "{context}");
    let payload = error.payload().map(|payload| STANDARD.encode(payload));
    assert_eq!(payload.as_deref(), outcome["payload"].as_str(), "{context}");
    let signed = error.date_signed().map(|date| date.duration_since(UNIX_EPOCH).unwrap().as_secs());
    assert_eq!(signed, outcome["date_signed"].as_u64(), "{context}");
}

// rows: X1
#[test]
fn signers_sign_as_python_and_read_what_python_signed() {
    replay("signing/signers.json", "", &["derived", "signed"], 70, |row| {
        let signer = Signer::new(bytes(row, "secret"))
            .with_salt(bytes(row, "salt"))
            .with_digest(digest(row))
            .with_key_derivation(derivation(row))
            .with_separator(text(row, "separator"))
            .unwrap();
        let (value, signed) = (bytes(row, "value"), bytes(row, "signed"));
        assert_eq!(signer.derived_key(), bytes(row, "derived"), "{row}");
        assert_eq!(signer.sign(&value), signed, "{row}");
        assert_eq!(signer.unsign(&signed).unwrap(), value, "{row}");
        let other = signer.with_salt("another salt");
        assert_eq!(other.validate(&signed), derivation(row) == KeyDerivation::None, "{row}");
    });
}

fn url_safe(row: &Value) -> bool {
    text(row, "kind").starts_with("url-safe")
}

// rows: X1 X3
#[test]
fn serializers_write_the_tokens_of_python_and_read_them() {
    let compressed = Cell::new(0);
    replay("signing/serializers.json", "", &["token", "compressed"], 170, |row| {
        let salt = row["salt"].as_str().unwrap_or("itsdangerous");
        let (secret, token, value) = (text(row, "secret"), text(row, "token"), &row["value"]);
        let (digest, derivation) = (digest(row), derivation(row));
        let clock = Clock::fixed(NOW);
        let (written, read): (String, Value) = match text(row, "kind") {
            "plain" => {
                let serializer = Serializer::<PlainJson>::new(secret)
                    .with_salt(salt)
                    .with_digest(digest)
                    .with_key_derivation(derivation);
                (serializer.dumps(value).unwrap(), serializer.loads(token).unwrap())
            }
            "plain-timed" => {
                let serializer = TimedSerializer::<PlainJson>::new(secret)
                    .with_salt(salt)
                    .with_digest(digest)
                    .with_key_derivation(derivation)
                    .with_clock(clock);
                (serializer.dumps(value).unwrap(), serializer.loads(token, None).unwrap())
            }
            "url-safe" => {
                let serializer = UrlSafeSerializer::new(secret)
                    .with_salt(salt)
                    .with_digest(digest)
                    .with_key_derivation(derivation);
                let written = serializer.dumps(value).unwrap();
                assert_eq!(&serializer.loads::<Value>(&written).unwrap(), value);
                (written, serializer.loads(token).unwrap())
            }
            "url-safe-timed" => {
                let serializer = UrlSafeTimedSerializer::new(secret)
                    .with_salt(salt)
                    .with_digest(digest)
                    .with_key_derivation(derivation)
                    .with_clock(clock);
                let written = serializer.dumps(value).unwrap();
                assert_eq!(&serializer.loads::<Value>(&written, None).unwrap(), value);
                (written, serializer.loads(token, Some(Duration::ZERO)).unwrap())
            }
            other => panic!("{other}"),
        };
        assert_eq!(&read, value, "{row}");
        if row["compressed"] == true {
            compressed.set(compressed.get() + 1);
            assert!(written.starts_with('.'), "{row}: not compressed: {written}");
        } else {
            assert_eq!(written, token, "{row}");
            assert!(!url_safe(row) || !written.starts_with('.'), "{row}: compressed");
        }
    });
    assert!(compressed.get() > 4);
}

// rows: X1 X2
#[test]
fn ages_are_judged_as_python_judges_them() {
    replay("signing/timestamps.json", "", &["token", "outcome"], 200, |row| {
        let at = |seconds: &Value| {
            TimestampSigner::new("secret-key").with_clock(Clock::fixed(seconds.as_u64().unwrap()))
        };
        let token = text(row, "token");
        assert_eq!(at(&row["signed"]).sign("hello"), token.as_bytes(), "{row}");
        let max_age = row["max_age"].as_u64().map(Duration::from_secs);
        match at(&row["now"]).unsign_with_timestamp(token, max_age) {
            Ok((value, date)) => {
                assert_eq!(STANDARD.encode(value), row["outcome"]["value"], "{row}");
                assert_eq!(date.duration_since(UNIX_EPOCH).unwrap().as_secs(), row["signed"]);
            }
            Err(error) => assert_same_error(&error, &row["outcome"], &row.to_string()),
        }
    });
}

// rows: B8 X1
#[test]
fn the_last_key_signs_and_all_keys_verify() {
    replay("signing/rotation.json", "", &["signs", "outcome"], 20, |row| {
        let keys = row["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap());
        let serializer =
            UrlSafeTimedSerializer::new(SecretKeys::rotated(keys).unwrap()).with_clock(Clock::fixed(NOW));
        assert_eq!(serializer.dumps(&serde_json::json!({"x": 1})).unwrap(), text(row, "signs"));
        match serializer.loads::<Value>(text(row, "token"), None) {
            Ok(value) => assert_eq!(value, row["outcome"]["value"], "{row}"),
            Err(error) => assert_same_error(&error, &row["outcome"], &row.to_string()),
        }
    });
}

// rows: X2 X3
#[test]
fn tampered_tokens_are_refused_with_the_words_of_python() {
    let serializer = UrlSafeTimedSerializer::new("secret-key").with_clock(Clock::fixed(NOW));
    let expects = ["/outcome/value", "/outcome/error", "/outcome/message", "/unsafe/0"];
    replay("signing/hostile.json", "", &expects, 250, |row| {
        let token = text(row, "token");
        let outcome = &row["outcome"];
        match (serializer.loads::<Value>(token, Some(Duration::from_secs(3600))), outcome.get("value")) {
            (Ok(value), Some(expected)) => {
                assert_eq!(&value, expected, "{row}");
                assert_eq!(row["unsafe"][0], true);
                assert_eq!(serializer.loads_unsafe::<Value>(token, None), (true, Some(value)));
            }
            (Err(error), None) => {
                if let Some(signed) = row["unsafe"][0].as_bool() {
                    assert_eq!(serializer.loads_unsafe::<Value>(token, None).0, signed, "{row}");
                }
                if error.kind() == ErrorKind::BadPayload {
                    assert_eq!(kind_name(error.kind()), outcome["error"], "{row}");
                } else {
                    assert_same_error(&error, outcome, &row.to_string());
                }
            }
            (result, _) => panic!("{row} read as {result:?}"),
        }
    });
}

#[test]
fn a_bomb_is_refused_before_it_is_inflated() {
    let generous = UrlSafeSerializer::new("secret-key").with_inflate_limit(64 << 20);
    let bomb = generous.dumps(&"x".repeat(50 << 20)).unwrap();
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let error = UrlSafeSerializer::new("secret-key").loads::<Value>(&bomb).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadPayload);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the payload inflates to more than 65536 bytes");
    assert!(generous.loads::<Value>(&bomb).is_ok());
}

#[test]
fn the_limit_is_the_number_of_bytes_that_may_come_out() {
    let serializer = UrlSafeSerializer::new("secret-key");
    let token = serializer.dumps(&"x".repeat(998)).unwrap();
    assert!(token.starts_with('.'));
    assert!(serializer.clone().with_inflate_limit(1000).loads::<Value>(&token).is_ok());
    assert!(serializer.with_inflate_limit(999).loads::<Value>(&token).is_err());
}

#[test]
fn a_separator_that_a_signature_may_contain_is_refused() {
    for separator in ["", "a", "-", "_", "=", "ca", "AB"] {
        let error = Signer::new("secret-key").with_separator(separator).unwrap_err();
        assert!(error.to_string().starts_with("The given separator cannot be used"), "{separator}");
    }
}

#[test]
fn a_fallback_reads_tokens_of_another_digest() {
    let old = UrlSafeTimedSerializer::new("secret-key").with_digest(Digest::Sha512);
    let new = UrlSafeTimedSerializer::new("secret-key").with_salt("purpose");
    let token = old.with_salt("purpose").dumps(&1).unwrap();
    assert!(new.loads::<u32>(&token, None).is_err());
    let both = new.with_fallback(Digest::Sha512, KeyDerivation::DjangoConcat);
    assert_eq!(both.loads::<u32>(&token, None).unwrap(), 1);
}

#[test]
fn a_clock_that_is_ahead_is_no_excuse_for_another_key() {
    let keys = SecretKeys::rotated(["old", "new"]).unwrap();
    let token = UrlSafeTimedSerializer::new("old").with_clock(Clock::fixed(NOW + 5)).dumps(&1).unwrap();
    let reader = UrlSafeTimedSerializer::new(keys).with_clock(Clock::fixed(NOW));
    let error = reader.loads::<u32>(&token, Some(Duration::from_secs(60))).unwrap_err();
    assert!(error.is_expired());
    assert_eq!(error.to_string(), "Signature age -5 < 0 seconds");
}

#[test]
fn values_that_are_no_json_are_an_error_and_not_a_token() {
    let serializer = Serializer::<PlainJson>::new("secret-key");
    let keyed_by_lists = std::collections::BTreeMap::from([(vec![1], 2)]);
    assert_eq!(serializer.dumps(&keyed_by_lists).unwrap_err().kind(), ErrorKind::BadData);
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?} {:?}", Signer::new("hush"), UrlSafeTimedSerializer::new("hush"));
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn a_timestamp_beyond_the_year_9999_is_malformed() {
    let token = TimestampSigner::new("secret-key").with_clock(Clock::fixed(253_402_300_800)).sign("hello");
    let error = TimestampSigner::new("secret-key").unsign(&token, None).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::BadTimeSignature, "Malformed timestamp")
    );
}

#[test]
fn tokens_that_only_python_reads_are_bad_payloads() {
    let signer = Signer::new("secret-key").with_salt("itsdangerous");
    for json in ["NaN", "[Infinity]", r#""\ud800""#] {
        let token = signer.sign(carboy_signing::base64_encode(json));
        let error = UrlSafeSerializer::new("secret-key").loads::<Value>(&token).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadPayload, "{json}");
    }
}
