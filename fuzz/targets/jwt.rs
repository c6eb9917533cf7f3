//! A token that is good was signed with the key's own algorithm, and says what was signed; another key's tokens are not.
//!
//! The input: a token. Or the place of a key among `KEYS`, a line end, a header, a line end, claims: signed by that key.
#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use carboy_ext::{
    fuzzing::jwt::{judge, sign},
    jwt::{Algorithm, Key},
};
use carboy_fuzz::{line, quick, text};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use std::{collections::HashSet, sync::LazyLock};

/// What PyJWT signed, and the keys that it signed with.
static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/jwt/tokens.json"));
    serde_json::from_str(text).expect("the vectors are JSON")
});

static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let keys = &VECTORS["keys"];
    let private = ["EdDSA", "ES256", "RS256"].map(|name| keys["private"][name].as_str().expect("a key"));
    let secret = keys["public"]["HS256"].as_str().expect("a secret");
    let private = private.into_iter().map(|pem| Key::from_pem(pem).expect("a key"));
    private.chain([Key::secret(secret).expect("a secret")]).collect()
});

/// What stands before the signature of the tokens that PyJWT signed.
static SIGNED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let tokens =
        VECTORS["tokens"].as_array().expect("tokens").iter().filter_map(|case| case["token"].as_str());
    tokens.filter_map(|token| token.rsplit_once('.')).map(|(signed, _)| signed).collect()
});

const NOW: u64 = 1_700_000_000;

/// A part of a token, read by somebody who is less strict.
fn object(part: &str) -> Map<String, Value> {
    let bytes = BASE64URL.decode(part).expect("a part of a good token is base64url");
    serde_json::from_slice(&bytes).expect("a part of a good token is an object")
}

/// What holds for a token that is good.
fn check(token: &str, claims: &Map<String, Value>) -> (&'static Key, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').expect("a token has parts");
    let (header, payload) = signed.split_once('.').expect("a token has parts");
    let header = object(header);
    assert!(!header.contains_key("crit") && !header.contains_key("b64"), "{header:?}");
    assert_eq!(object(payload), *claims);
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > NOW as f64), "{claims:?}");
    let key =
        KEYS.iter().find(|key| header["alg"] == key.algorithm().name()).expect("the algorithm of a key");
    match header.get("kid") {
        None => {}
        Some(named) => assert!(key.id().is_none_or(|id| named == id), "{header:?}"),
    }
    (key, BASE64URL.decode(signature).expect("a signature is base64url"))
}

fn others(key: &Key) -> Vec<Key> {
    KEYS.iter().filter(|other| other.algorithm() != key.algorithm()).cloned().collect()
}

fuzz_target!(|data: &[u8]| {
    let input = text(data);
    let Some((which, rest)) = input.split_once('\n') else {
        return quick(|| {
            let Ok(claims) = judge(input, &KEYS, NOW) else { return };
            let (key, signature) = check(input, &claims);
            let (signed, _) = input.rsplit_once('.').expect("a token has parts");
            match key.algorithm() {
                // Each signature is another one.
                Algorithm::ES256 => assert!(SIGNED.contains(signed), "forged: {input}"),
                _ => assert_eq!(sign(key, signed).ok(), Some(signature), "forged: {input}"),
            }
            assert!(judge(input, &others(key), NOW).is_err(), "{input}");
        });
    };
    let Some(key) = which.parse().ok().and_then(|which: usize| KEYS.get(which)) else { return };
    let (header, claims) = line(rest);
    let signed = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
    let mut signature = sign(key, &signed).expect("a private key signs");
    quick(|| {
        let token = format!("{signed}.{}", BASE64URL.encode(&signature));
        let verdict = judge(&token, &KEYS, NOW);
        if let Ok(claims) = &verdict {
            let (named, _) = check(&token, claims);
            assert_eq!(named.algorithm(), key.algorithm(), "{header}");
        }
        assert!(judge(&token, &others(key), NOW).is_err(), "{token}");
        assert!(judge(&format!("{token}A"), &KEYS, NOW).is_err(), "{token}");
        assert!(judge(&format!("{signed}."), &KEYS, NOW).is_err(), "{token}");
        signature[0] ^= 1;
        let changed = format!("{signed}.{}", BASE64URL.encode(&signature));
        assert!(judge(&changed, &KEYS, NOW).is_err(), "{changed}");
    });
});
