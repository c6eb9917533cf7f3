//! The secrets of authenticator apps as the store has them.

use std::process::Command;

use carboy::prelude::*;
use carboy::testing::TestResponse;
use carboy_testkit::{logged, python};

use crate::common::{EMAIL, PASSWORD, World, world};
use crate::factors::{code, with_totp};

const BOB: &str = "bob@example.com";

fn kept(world: &World, email: &str) -> String {
    world.stored(email).totp_secret.expect("a second factor").expose().clone()
}

fn keep(world: &World, email: &str, text: &str) {
    world.change(email, |update| update.totp_secret = Some(Some(text.to_owned().into())));
}

/// Half a minute later, with the code of then.
fn log_in(world: &World, email: &str, secret: &str) -> TestResponse {
    world.later(30);
    log_in_with(world, email, &code(secret, world.now()))
}

fn log_in_with(world: &World, email: &str, code: &str) -> TestResponse {
    world.post("/logout", &[]);
    assert!(world.login(email, PASSWORD).text().contains("<h1>Second factor</h1>"));
    world.post("/two-factor", &[("code", code)])
}

fn keys(key: &'static str, former: &'static [&'static str]) -> impl FnOnce(&mut App) {
    move |app| {
        app.config().set("SECRET_KEY", key).set("SECRET_KEY_FALLBACKS", former);
    }
}

#[test]
fn the_store_has_the_secret_encrypted_and_for_its_account_alone() {
    let world = world();
    let (secret, codes) = with_totp(&world);
    let stored = kept(&world, EMAIL);
    assert!(stored.starts_with("v1.") && !stored.contains(&secret), "{stored}");
    assert_eq!(log_in(&world, EMAIL, &secret).text(), EMAIL);
    // Used by the key of now it stays as it is.
    assert_eq!(kept(&world, EMAIL), stored);

    world.confirmed(BOB, PASSWORD);
    keep(&world, BOB, &stored);
    let refused = log_in(&world, BOB, &secret);
    assert_eq!(refused.status(), 400);
    assert!(refused.text().contains("This code is not right."));
    assert_eq!(world.who(), "nobody");
    assert_eq!(log_in_with(&world, BOB, &codes[0]).status(), 400);
}

#[test]
fn a_secret_that_is_encrypted_again_is_another_text() {
    let world = world();
    let (secret, _) = with_totp(&world);
    let first = kept(&world, EMAIL);
    keep(&world, EMAIL, &secret);
    log_in(&world, EMAIL, &secret);
    let second = kept(&world, EMAIL);
    assert!(second.starts_with("v1.") && second != first, "{second}");
}

#[test]
fn a_secret_that_was_kept_plain_is_good_and_encrypted_when_it_is_used() {
    let world = world();
    let (secret, _) = with_totp(&world);
    keep(&world, EMAIL, &secret);
    assert_eq!(log_in_with(&world, EMAIL, "000000").status(), 400);
    assert_eq!(kept(&world, EMAIL), secret);
    assert_eq!(log_in(&world, EMAIL, &secret).text(), EMAIL);
    let stored = kept(&world, EMAIL);
    assert!(stored.starts_with("v1.") && !stored.contains(&secret), "{stored}");
    assert_eq!(log_in(&world, EMAIL, &secret).text(), EMAIL);
}

#[test]
fn a_former_key_opens_a_secret_which_then_has_the_key_of_now() {
    let world = world();
    let (secret, codes) = with_totp(&world);
    let stored = kept(&world, EMAIL);
    let rotated = world.restarted(keys("new", &["older", "dev"]));
    assert_eq!(log_in_with(&rotated, EMAIL, &codes[0]).text(), EMAIL);
    assert_eq!(kept(&world, EMAIL), stored);
    assert_eq!(log_in(&rotated, EMAIL, &secret).text(), EMAIL);
    assert_ne!(kept(&world, EMAIL), stored);
    let new_alone = world.restarted(keys("new", &[]));
    assert_eq!(log_in(&new_alone, EMAIL, &secret).text(), EMAIL);
}

#[test]
fn a_secret_that_nothing_opens_is_logged_and_leaves_the_recovery_codes() {
    let world = world();
    let (secret, codes) = with_totp(&world);
    let stored = kept(&world, EMAIL);
    let other = if stored[20..].starts_with('A') { "B" } else { "A" };
    let changed = format!("{}{other}{}", &stored[..20], &stored[21..]);
    assert_ne!(changed, stored);
    let cut = stored[..stored.len() - 4].to_owned();
    let texts = [&*stored, &changed, &cut, "v1.", "v1.AAAA", "v1.?", "v2.AAAA", "", "JBSWY3DP", "no base32!"];
    for (text, recovery) in texts.into_iter().zip(&codes) {
        // For the first of them the key is lost.
        let lost = world.restarted(keys(if text == stored { "lost" } else { "dev" }, &[]));
        keep(&lost, EMAIL, text);
        let (refused, log) = logged(|| log_in(&lost, EMAIL, &secret));
        assert_eq!(refused.status(), 400, "{text}");
        assert!(refused.text().contains("This code is not right."), "{text}");
        assert!(
            log.contains("ERROR carboy::accounts: no code of an authenticator app is taken: "),
            "{text}: {log}"
        );
        assert!(log.contains("account=\"1\""), "{log}");
        assert!(text.len() < 6 || !log.contains(text), "{log}");
        assert_eq!(lost.who(), "nobody", "{text}");
        assert_eq!(log_in_with(&lost, EMAIL, recovery).text(), EMAIL, "{text}");
        assert_eq!(kept(&world, EMAIL), text);
    }
}

/// The format of `src/accounts/sealed.rs`, in Python.
const PYTHON: &str = "\
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

do, key, account, text = (argument.encode() for argument in sys.argv[1:])
derived = HKDF(SHA256(), 32, b'carboy-accounts-totp', b'v1 AES-256-GCM').derive(key)
if do == b'open':
    raw = urlsafe_b64decode(text.removeprefix(b'v1.') + b'==')
    print(AESGCM(derived).decrypt(raw[:12], raw[12:], account).decode())
else:
    raw = bytes(12) + AESGCM(derived).encrypt(bytes(12), text, account)
    print('v1.' + urlsafe_b64encode(raw).decode().rstrip('='))
";

#[test]
#[ignore = "needs the pinned Python packages"]
fn encrypted_secrets_are_exchanged_with_pyca_cryptography() {
    let ask = |arguments: [&str; 4]| {
        let output = Command::new(python()).arg("-c").arg(PYTHON).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let world = world();
    let (secret, _) = with_totp(&world);
    assert_eq!(ask(["open", "dev", "1", &kept(&world, EMAIL)]), secret);
    let theirs = ask(["seal", "dev", "1", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]);
    keep(&world, EMAIL, &theirs);
    assert_eq!(log_in(&world, EMAIL, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").text(), EMAIL);
    assert_eq!(kept(&world, EMAIL), theirs);
}
