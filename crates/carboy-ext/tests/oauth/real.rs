//! The certified `oidc-provider`: by following redirects, and with a browser.

use super::{fake::query, shop::app};
use carboy::server::{RunningServer, Server, ServerConfig};
use carboy_ext::{
    jwt::Key,
    oauth::{ClientAuth, OAuth, Provider},
};
use carboy_testkit::{Answer, Browser, Process, ask, node};
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Certified {
    _process: Process,
    port: u16,
}

impl Certified {
    fn start() -> Self {
        let mut process = Process::start(&mut node(include_str!("provider.mjs")));
        let port = process.wait_for("the line with the provider's port", |line| {
            line.split_once("listening on port ")?.1.trim().parse().ok()
        });
        Certified { _process: process, port }
    }

    fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Names the clients, and makes new keys.
    fn set_up(&self, clients: &Value) {
        assert_eq!(ask(self.port, "POST", "/setup", &[], &clients.to_string()).unwrap().text, "ready");
    }
}

/// The ways to be a client, each with another algorithm of its ID tokens.
const WAYS: [&str; 4] = ["basic", "post", "signed", "public"];

fn clients(shop: &str, key: &Key) -> Value {
    let client = |name: &str, auth: &str, algorithm: &str| {
        json!({
            "client_id": name, "token_endpoint_auth_method": auth, "id_token_signed_response_alg": algorithm,
            "redirect_uris": [format!("{shop}/login/{name}/callback")], "post_logout_redirect_uris": [format!("{shop}/")],
            "grant_types": ["authorization_code", "refresh_token"],
        })
    };
    let secret = |mut client: Value| {
        client["client_secret"] = "a secret: with 100 % signs & more".into();
        client
    };
    let mut signed = client("signed", "private_key_jwt", "EdDSA");
    signed["jwks"] = json!({"keys": [key.public_jwk().unwrap()]});
    json!([
        secret(client("basic", "client_secret_basic", "RS256")),
        secret(client("post", "client_secret_post", "ES256")),
        signed,
        client("public", "none", "RS256"),
    ])
}

fn providers(issuer: &str, key: &Key) -> OAuth {
    let provider = || Provider::discover(issuer);
    let secret = "a secret: with 100 % signs & more";
    OAuth::new()
        .register("basic", provider().client("basic", secret))
        .register("post", provider().client("post", secret).client_auth(ClientAuth::Post))
        .register("signed", provider().private_key("signed", key.clone()))
        .register("public", provider().public_client("public"))
}

/// The shop behind a socket, under a name that browsers tell from the provider's.
fn serve(oauth: OAuth, host: &str) -> (RunningServer, String) {
    let mut app = app(oauth);
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app.build().unwrap()).unwrap();
    let port = server.addresses()[0].as_tcp().unwrap().port();
    (server, format!("http://{host}:{port}"))
}

struct Stage {
    certified: Certified,
    _shop: RunningServer,
    shop: String,
    clients: Value,
}

impl Stage {
    fn new(host: &str) -> Self {
        let certified = Certified::start();
        let key = Key::generate().unwrap();
        let (server, shop) = serve(providers(&certified.issuer(), &key), host);
        let clients = clients(&shop, &key);
        certified.set_up(&clients);
        Stage { certified, _shop: server, shop, clients }
    }

    /// New keys for the same clients.
    fn rotate(&self) {
        self.certified.set_up(&self.clients);
    }
}

/// Somebody with cookies who follows redirects one at a time.
#[derive(Default)]
struct Visitor {
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    fn send(&mut self, method: &str, url: &str, form: &str) -> Answer {
        let (place, path) =
            url.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("{url}")).split_once('/').unwrap();
        let cookies =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let headers = [("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let answer = ask(place.parse().unwrap(), method, &format!("/{path}"), &headers, form).unwrap();
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Where an answer leads to.
    fn led(answer: &Answer, from: &str) -> String {
        let location =
            answer.header("location").unwrap_or_else(|| panic!("{from}: {} {}", answer.status, answer.text));
        match location.starts_with('/') {
            true => format!("{}{location}", from.split('/').take(3).collect::<Vec<_>>().join("/")),
            false => location.to_owned(),
        }
    }

    /// Begins a login: the address at the provider.
    fn begin(&mut self, shop: &str, name: &str) -> String {
        let url = format!("{shop}/login/{name}");
        Visitor::led(&self.send("GET", &url, ""), &url)
    }

    /// Logs in at the provider and agrees to all: the address that it leads back to.
    fn at_provider(&mut self, mut url: String, who: &str, shop: &str) -> String {
        for _ in 0..12 {
            let answer = self.send("GET", &url, "");
            let interaction = url.split('?').next().unwrap().to_owned();
            url = if answer.text.contains("name=\"prompt\" value=\"login\"") {
                let form = format!("prompt=login&login={who}&password=x");
                Visitor::led(&self.send("POST", &interaction, &form), &url)
            } else if answer.text.contains("name=\"prompt\" value=\"consent\"") {
                Visitor::led(&self.send("POST", &interaction, "prompt=consent"), &url)
            } else {
                Visitor::led(&answer, &url)
            };
            if url.starts_with(shop) {
                return url;
            }
        }
        panic!("the provider does not lead back: {url}");
    }

    fn log_in(&mut self, stage: &Stage, name: &str, who: &str) -> Answer {
        let there = self.begin(&stage.shop, name);
        let back = self.at_provider(there, who, &stage.shop);
        self.send("GET", &back, "")
    }

    fn get(&mut self, stage: &Stage, path: &str) -> Answer {
        self.send("GET", &format!("{}{path}", stage.shop), "")
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{} {}", answer.status, answer.text))
}

#[test]
#[ignore = "needs the pinned packages of npm"]
fn each_way_to_be_a_client_logs_in_refreshes_revokes_and_logs_out() {
    let stage = Stage::new("127.0.0.1");
    for name in WAYS {
        let mut visitor = Visitor::default();
        let answer = visitor.log_in(&stage, name, "ann");
        let login = json(&answer);
        assert_eq!((&login["subject"], &login["provider"]), (&json!("ann"), &json!(name)), "{login}");
        assert_eq!((&login["verified"], &login["name"]), (&json!("ann@example.com"), &json!("Name of ann")));
        assert_eq!(visitor.get(&stage, "/").text, "ann");

        let first = json(&visitor.get(&stage, &format!("/refresh/{name}")));
        let second = json(&visitor.get(&stage, &format!("/refresh/{name}")));
        assert_ne!(first["access_token"], second["access_token"], "{name}");
        assert_eq!(json(&visitor.get(&stage, &format!("/userinfo/{name}")))["sub"], "ann");

        assert_eq!(visitor.get(&stage, &format!("/revoke/{name}")).text, "true");
        let refused = visitor.get(&stage, &format!("/refresh/{name}"));
        assert_eq!((refused.status, &json(&refused)["code"]), (400, &json!("invalid_grant")), "{name}");
        let refused = visitor.get(&stage, &format!("/userinfo/{name}"));
        assert_eq!((refused.status, &json(&refused)["code"]), (502, &json!("invalid_token")), "{name}");

        let url = format!("{}/logout/{name}", stage.shop);
        let there = Visitor::led(&visitor.send("GET", &url, ""), &url);
        let page = visitor.send("GET", &there, "").text;
        let secret = page.split_once("name=\"xsrf\" value=\"").unwrap_or_else(|| panic!("{page}")).1;
        let form = format!("xsrf={}&logout=yes", secret.split('"').next().unwrap());
        let confirm = format!("{}/session/end/confirm", stage.certified.issuer());
        let back = Visitor::led(&visitor.send("POST", &confirm, &form), &confirm);
        assert_eq!(back.split('?').next(), Some(format!("{}/", stage.shop).as_str()));
        assert_eq!(visitor.get(&stage, "/").text, "nobody");
    }
}

#[test]
#[ignore = "needs the pinned packages of npm"]
fn what_was_changed_on_the_way_is_refused() {
    let stage = Stage::new("127.0.0.1");
    let refused = |change: &dyn Fn(&str) -> String, there: bool| {
        let mut visitor = Visitor::default();
        let mut url = visitor.begin(&stage.shop, "basic");
        if there {
            url = change(&url);
        }
        let mut back = visitor.at_provider(url, "ann", &stage.shop);
        if !there {
            back = change(&back);
        }
        let answer = visitor.send("GET", &back, "");
        assert_eq!(visitor.get(&stage, "/").text, "nobody");
        (answer.status, json(&answer)["error"].as_str().unwrap().to_owned())
    };
    let replaced = |url: &str, name: &str, value: &str| {
        let old = &query(url.split_once('?').unwrap().1)[name];
        let quoted: String = form_urlencoded::byte_serialize(old.as_bytes()).collect();
        url.replace(&format!("{name}={quoted}"), &format!("{name}={value}"))
    };
    let nonce = refused(&|url| replaced(url, "nonce", "another"), true);
    assert_eq!((nonce.0, nonce.1.contains("nonce")), (502, true), "{nonce:?}");
    let challenge = refused(&|url| replaced(url, "code_challenge", &"A".repeat(43)), true);
    assert_eq!((challenge.0, challenge.1.contains("invalid_grant")), (400, true), "{challenge:?}");
    let state = refused(&|url| replaced(url, "state", "another"), false);
    assert_eq!((state.0, state.1.contains("state")), (400, true), "{state:?}");
    let code = refused(&|url| replaced(url, "code", "another"), false);
    assert_eq!((code.0, code.1.contains("invalid_grant")), (400, true), "{code:?}");
    let issuer = refused(&|url| replaced(url, "iss", "http%3A%2F%2F127.0.0.1%3A1"), false);
    assert_eq!((issuer.0, issuer.1.contains("another issuer")), (400, true), "{issuer:?}");

    // The user says no.
    let mut visitor = Visitor::default();
    let there = visitor.begin(&stage.shop, "basic");
    let interaction = Visitor::led(&visitor.send("GET", &there, ""), &there);
    let mut url = format!("{interaction}/abort");
    while !url.starts_with(&stage.shop) {
        url = Visitor::led(&visitor.send("GET", &url, ""), &url);
    }
    let answer = visitor.send("GET", &url, "");
    assert_eq!((answer.status, &json(&answer)["code"]), (403, &json!("access_denied")));
}

#[test]
#[ignore = "needs the pinned packages of npm"]
fn two_providers_are_kept_apart_and_new_keys_are_found() {
    let stage = Stage::new("127.0.0.1");
    let other = Stage::new("127.0.0.1");
    let mut visitor = Visitor::default();
    assert_eq!(json(&visitor.log_in(&stage, "basic", "ann"))["subject"], "ann");
    assert_eq!(json(&visitor.log_in(&other, "basic", "bob"))["subject"], "bob");

    // The code of one provider at the callback for the other.
    let mut visitor = Visitor::default();
    let begun = visitor.begin(&stage.shop, "basic");
    let state = query(begun.split_once('?').unwrap().1)["state"].clone();
    let elsewhere = visitor.begin(&other.shop, "basic");
    let back = visitor.at_provider(elsewhere, "eve", &other.shop);
    let args = query(back.split_once('?').unwrap().1);
    let mixed = format!("/login/basic/callback?state={state}&code={}&iss={}", args["code"], args["iss"]);
    let answer = visitor.get(&stage, &mixed);
    assert_eq!(
        (answer.status, json(&answer)["error"].as_str().unwrap().contains("another issuer")),
        (400, true)
    );

    stage.rotate();
    assert_eq!(json(&Visitor::default().log_in(&stage, "basic", "carl"))["subject"], "carl");

    // The provider ends while the user is there.
    let mut visitor = Visitor::default();
    let there = visitor.begin(&stage.shop, "basic");
    let back = visitor.at_provider(there, "ann", &stage.shop);
    let Stage { certified, _shop, .. } = stage;
    drop(certified);
    let answer = visitor.send("GET", &back, "");
    assert_eq!(answer.status, 502, "{}", answer.text);
}

#[test]
#[ignore = "needs Chromium, chromedriver and the pinned packages of npm"]
fn a_user_logs_in_and_out_with_a_browser() {
    let stage = Stage::new("localhost");
    let browser = Browser::start();
    browser.open(&format!("{}/login/basic?next=/cart", stage.shop));
    assert!(browser.url().starts_with(&stage.certified.issuer()), "{}", browser.url());
    browser.fill("input[name=login]", "ann");
    browser.fill("input[name=password]", "x");
    browser.follow("button[type=submit]");
    assert!(browser.text().contains("email"), "{}", browser.text());
    browser.follow("button[type=submit]");
    assert!(browser.url().starts_with(&format!("{}/login/basic/callback?", stage.shop)), "{}", browser.url());
    let login: Value = serde_json::from_str(&browser.text()).unwrap_or_else(|_| panic!("{}", browser.text()));
    assert_eq!((&login["subject"], &login["next"]), (&json!("ann"), &json!("/cart")));
    browser.open(&format!("{}/", stage.shop));
    assert_eq!(browser.text(), "ann");

    // The provider knows the user by now; a second login asks again because the shop says so.
    browser.open(&format!("{}/logout/basic", stage.shop));
    assert!(browser.url().starts_with(&stage.certified.issuer()), "{}", browser.url());
    browser.follow("button[value=yes]");
    assert_eq!(browser.url().split('?').next(), Some(format!("{}/", stage.shop).as_str()));
    assert_eq!(browser.text(), "nobody");

    browser.open(&format!("{}/login/signed", stage.shop));
    browser.follow("a[href$=abort]");
    let failed: Value =
        serde_json::from_str(&browser.text()).unwrap_or_else(|_| panic!("{}", browser.text()));
    assert_eq!(failed["code"], "access_denied");
}
