//! What PyJWT and joserfc answer to tokens, good ones and attacks, replayed.

use super::{
    Algorithm, JwtError, JwtErrorKind, Key, MAX_TOKEN,
    claims::Rules,
    compact::{self, ACCESS, Compact},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use carboy_conformance::{load, replay};
use serde_json::{Map, Value, json};

const FILE: &str = "jwt/tokens.json";
const NOW: u64 = 1_700_000_000;

fn judge(token: &str, keys: &[Key], options: &Value) -> Result<Map<String, Value>, JwtError> {
    let list = |name: &str| match &options[name] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let claims = Compact::parse(token, MAX_TOKEN, ACCESS)?.verify(keys)?;
    let rules = Rules {
        issuers: &list("issuer"),
        audiences: &list("audience"),
        leeway: options["leeway"].as_u64().unwrap_or(0),
        now: NOW,
    };
    rules.check(&claims)?;
    Ok(claims)
}

/// The exceptions of PyJWT, and of joserfc, that say the same.
fn exceptions(kind: &JwtErrorKind) -> &'static [&'static str] {
    match kind {
        JwtErrorKind::Malformed => {
            &["DecodeError", "InvalidTokenError", "UnicodeDecodeError", "InvalidAlgorithmError"]
        }
        JwtErrorKind::Algorithm => {
            &["InvalidAlgorithmError", "InvalidKeyTypeError", "UnsupportedAlgorithmError", "DecodeError"]
        }
        JwtErrorKind::Critical => &["InvalidTokenError", "DecodeError"],
        JwtErrorKind::UnknownKey => &["InvalidKeyIdError"],
        JwtErrorKind::Signature => &["InvalidSignatureError", "BadSignatureError"],
        JwtErrorKind::Expired => &["ExpiredSignatureError"],
        JwtErrorKind::Immature => &["ImmatureSignatureError"],
        JwtErrorKind::Issuer => &["InvalidIssuerError"],
        JwtErrorKind::Audience => &["InvalidAudienceError"],
        JwtErrorKind::MissingClaim(_) => &["MissingRequiredClaimError"],
        JwtErrorKind::InvalidClaim(name) => match &**name {
            "exp" | "nbf" => &["DecodeError", "MissingRequiredClaimError"],
            "iat" => &["InvalidIssuedAtError"],
            "sub" => &["InvalidSubjectError"],
            "jti" => &["InvalidJTIError"],
            "aud" => &["InvalidAudienceError"],
            "iss" => &["InvalidIssuerError"],
            _ => &[],
        },
        _ => &[],
    }
}

fn compare(case: &Value, answer: Result<Map<String, Value>, JwtError>) -> Result<(), String> {
    match (answer, case.get("claims"), case["error"].as_str()) {
        (Ok(claims), Some(expected), _) if Value::Object(claims.clone()) == *expected => Ok(()),
        (Err(error), None, Some(exception)) if exceptions(error.kind()).contains(&exception) => Ok(()),
        (answer, ..) => Err(format!("{answer:?}")),
    }
}

fn public(name: &str, text: &str) -> Key {
    match name {
        "HS256" => Key::secret(text).unwrap(),
        _ => Key::from_pem(text).unwrap(),
    }
}

#[test]
fn tokens_are_judged_as_pyjwt_judges_them() {
    let keys = load(FILE)["keys"]["public"].clone();
    replay(FILE, "/tokens", &["claims", "error"], 250, |case| {
        let name = case["key"].as_str().unwrap();
        let key = public(name, keys[name].as_str().unwrap());
        compare(case, judge(case["token"].as_str().unwrap(), &[key], &case["options"]))
    });
}

#[test]
fn the_key_that_a_token_names_is_chosen_as_joserfc_chooses_it() {
    let public_keys = load(FILE)["keys"]["public"].clone();
    let keys: Vec<Key> = ["RS256", "ES256", "EdDSA"]
        .iter()
        .map(|name| public(name, public_keys[name].as_str().unwrap()))
        .collect();
    replay(FILE, "/key_sets", &["claims", "error"], 19, |case| {
        compare(case, judge(case["token"].as_str().unwrap(), &keys, &json!({})))
    });
}

#[test]
fn keys_are_named_and_published_as_joserfc_does() {
    let keys = &load(FILE)["keys"];
    for name in ["EdDSA", "ES256", "RS256"] {
        let private = Key::from_pem(keys["private"][name].as_str().unwrap()).unwrap();
        let public = public(name, keys["public"][name].as_str().unwrap());
        let published = Key::from_jwk(&keys["jwk"][name]).unwrap();
        for key in [&private, &public, &published] {
            assert_eq!(key.algorithm().name(), name);
            assert_eq!(key.id(), keys["thumbprint"][name].as_str(), "{name}");
            let jwk = key.public_jwk().unwrap();
            for (member, value) in keys["jwk"][name].as_object().unwrap() {
                assert_eq!(&jwk[member], value, "{member} of {name}");
            }
        }
        assert!(private.can_sign() && !public.can_sign() && !published.can_sign());
        let token = compact::sign(&private, "JWT", &json!({"exp": NOW + 1})).unwrap();
        judge(&token, &[published], &json!({})).unwrap();
        assert!(compact::sign(&public, "JWT", &json!({})).is_err());
    }
    let pkcs1 = Key::from_pem(keys["pkcs1"].as_str().unwrap()).unwrap();
    assert_eq!(pkcs1.id(), keys["thumbprint"]["RS256"].as_str());
}

#[test]
fn keys_that_cannot_be_used_are_refused_with_a_sentence() {
    for (pem, why) in [
        ("", "not in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not in PEM"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "openssl pkcs8"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "passphrase"),
    ] {
        let error = Key::from_pem(pem).unwrap_err();
        assert!(error.to_string().contains(why) && !error.is_token(), "{error}");
    }
    assert!(Key::secret("too short").unwrap_err().to_string().contains("32 bytes"));
    for jwk in [
        json!({}),
        json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "RSA", "n": "!", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        json!({"kty": "OKP", "crv": "Ed448", "x": "AA"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
        json!([]),
    ] {
        assert!(Key::from_jwk(&jwk).is_err(), "{jwk}");
    }
    let good = Key::generate().unwrap().public_jwk().unwrap();
    for (name, value) in [("use", json!("enc")), ("alg", json!("ES256")), ("key_ops", json!(["encrypt"]))] {
        let mut jwk = good.clone();
        jwk[name] = value;
        assert!(Key::from_jwk(&jwk).is_err(), "{jwk}");
    }
}

#[test]
fn no_key_and_no_secret_shows_itself() {
    let secret = "the-secret-that-nobody-may-ever-see";
    let key = Key::secret(secret).unwrap().with_id("k1");
    assert_eq!(format!("{key:?}"), "Key { algorithm: HS256, id: Some(\"k1\"), .. }");
    assert_eq!(key.public_jwk(), None);
    assert_eq!(Algorithm::HS256.to_string(), "HS256");
}

#[test]
fn no_change_of_a_letter_leaves_a_token_good() {
    let vectors = load(FILE);
    for case in vectors["tokens"].as_array().unwrap().iter().take(4) {
        let (name, token) = (case["key"].as_str().unwrap(), case["token"].as_str().unwrap());
        let keys = [public(name, vectors["keys"]["public"][name].as_str().unwrap())];
        assert!(judge(token, &keys, &json!({})).is_ok(), "{name}");
        for place in 0..token.len() {
            for letter in ["A", "_", ".", "=", "+", " ", "\0", ""] {
                let changed = format!("{}{letter}{}", &token[..place], &token[place + 1..]);
                let verdict = judge(&changed, &keys, &json!({}));
                assert!(changed == token || verdict.is_err(), "{name}: {changed}");
            }
        }
    }
}

#[test]
fn whatever_stands_in_a_header_or_in_claims_is_an_error_and_no_crash() {
    let key = Key::generate().unwrap();
    let pieces = [
        "",
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "null",
        "1e999",
        "-",
        "\\u",
        "\u{0}",
        "alg",
        "kid",
        "exp",
        "\"alg\":\"EdDSA\"",
        "é",
    ];
    let mut seed = 20_261_129u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for _ in 0..3000 {
        let text: String = (0..random() % 12).map(|_| pieces[random() % pieces.len()]).collect();
        let header = if random() % 2 == 0 { text.clone() } else { "{\"alg\":\"EdDSA\"}".to_owned() };
        let signed = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(&text));
        let token = format!("{signed}.{}", BASE64URL.encode(key.sign(signed.as_bytes()).unwrap()));
        assert!(judge(&token, std::slice::from_ref(&key), &json!({})).is_err(), "{token}");
    }
}
