//! The real Authlib: a login that begins on one side and ends on the other, and its reading of tokens.

use super::{
    fake::Fake,
    shop::{begin, end, shop},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use carboy_testkit::{Folder, python};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::process::Command;

/// A shop in Flask with the same secret key, which keeps logins as Authlib's client for Flask does. (That client itself sends requests by
/// a package that is not among the pinned ones.)
const FLASK: &str = r#"
import json, sys
from authlib.integrations.base_client import FrameworkIntegration
from authlib.oauth2.rfc6749 import OAuth2Token
from flask import Flask, session
given = json.load(open(sys.argv[1]))
app = Flask("shop")
app.secret_key = "dev"
framework = FrameworkIntegration("fake")

@app.get("/begin")
def begin():
    framework.set_state_data(session, given["state"], given["data"])
    return ""

@app.get("/end")
def end():
    data = framework.get_state_data(session, given["state"])
    framework.clear_state_data(session, given["state"])
    return {"data": data, "again": framework.get_state_data(session, given["state"]), "left": list(session)}

client = app.test_client()
if given["do"] == "begin":
    client.get("/begin")
    answer = {"session": client.get_cookie("session").value}
elif given["do"] == "end":
    client.set_cookie("session", given["session"])
    answer = client.get("/end").json
else:
    token = OAuth2Token.from_dict(given["token"])
    answer = {"expired": token.is_expired(), "token": token}
json.dump(answer, sys.stdout)
"#;

fn flask(given: &Value) -> Value {
    let folder = Folder::new();
    let path = folder.path().join("given.json");
    std::fs::write(&path, given.to_string()).unwrap();
    let mut command = Command::new(python());
    command.args(["-W", "ignore", "-c", FLASK]).arg(&path);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs the pinned Python packages"]
fn a_login_that_begins_with_authlib_ends_here() {
    let fake = Fake::start();
    let data = json!({
        "redirect_uri": "http://localhost/login/fake/callback", "url": "https://login.example/authorize?x=y",
        "state": "the-state", "nonce": "the-nonce", "code_verifier": "v".repeat(48),
    });
    let begun = flask(&json!({"do": "begin", "state": "the-state", "data": data}));
    fake.nonce("the-nonce");
    let client = shop(&fake);
    client.set_cookie("session", begun["session"].as_str().unwrap());
    let login: Value =
        end(&client, "fake", &[("state", "the-state"), ("code", "c1"), ("iss", &fake.issuer)]).json();
    assert_eq!(login["subject"], "u1");
    assert_eq!(fake.last("/token").form["code_verifier"], "v".repeat(48));
}

#[test]
#[ignore = "needs the pinned Python packages"]
fn a_login_that_begins_here_ends_with_authlib() {
    let fake = Fake::start();
    let client = shop(&fake);
    let params = begin(&client, "/login/fake");
    let session = client.get_cookie("session").unwrap().value().to_owned();
    let ended = flask(&json!({"do": "end", "session": session, "state": params["state"]}));
    assert_eq!(ended["data"]["redirect_uri"], params["redirect_uri"]);
    assert_eq!(ended["data"]["nonce"], params["nonce"]);
    let verifier = ended["data"]["code_verifier"].as_str().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)), params["code_challenge"]);
    assert_eq!((&ended["again"], &ended["left"]), (&Value::Null, &json!([])));
}

#[test]
#[ignore = "needs the pinned Python packages"]
fn tokens_that_are_kept_are_read_by_authlib() {
    let fake = Fake::start();
    let client = shop(&fake);
    super::shop::log_in(&client, &fake);
    let token: Value = client.get("/refresh/fake").send().json();
    let read = flask(&json!({"do": "token", "issuer": fake.issuer, "token": token}));
    assert_eq!(read["expired"], false);
    assert_eq!(read["token"], token);
}
