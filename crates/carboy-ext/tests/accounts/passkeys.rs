//! Passkeys, in Chromium with a virtual authenticator.

use carboy::prelude::*;
use carboy::security::{Csrf, HeaderPolicy, SecurityHeaders};
use carboy::server::{RunningServer, Server, ServerConfig};
use carboy_ext::accounts::{Accounts, MemoryStore};
use carboy_ext::mail::Mail;
use carboy_testkit::{Browser, ask};
use serde_json::{Value, json};

use crate::common::{EMAIL, PASSWORD, quick, world};

#[route("/")]
fn home() -> Html {
    let account = carboy_ext::accounts::accounts().current();
    let name = account.map_or_else(|| "nobody".to_owned(), |account| account.email.clone());
    Html(format!("<!doctype html><title>Home</title><p>{name}</p>"))
}

struct Site {
    browser: Browser,
    mail: Mail,
    base: String,
    _server: RunningServer,
}

/// The app behind a real server, with tokens against cross-site requests and a policy that lets no page have a script inside.
fn site() -> Site {
    let mail = Mail::new();
    let mut app = App::new("shop");
    quick(&mut app);
    app.config().set("MAIL_SUPPRESS_SEND", true);
    app.ext(SecurityHeaders::new(HeaderPolicy::hardened().force_https(false))).ext(Csrf::default());
    app.ext(mail.clone()).ext(Accounts::new(MemoryStore::new()));
    app.routes(routes![home]);
    let config = ServerConfig::new().bind("127.0.0.1:0").workers(1);
    let server = Server::new(config).start(app.build().unwrap()).unwrap();
    let base = format!("http://localhost:{}", server.addresses()[0].as_tcp().unwrap().port());
    Site { browser: Browser::start(), mail, base, _server: server }
}

impl Site {
    fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.base));
    }

    fn who(&self) -> String {
        self.open("/");
        self.browser.text()
    }

    fn send(&self) {
        self.browser.follow("main form button[type=submit]");
    }

    fn sign_up(&self) {
        let browser = &self.browser;
        self.open("/register");
        browser.fill("#email", EMAIL);
        browser.fill("#password", PASSWORD);
        self.send();
        browser.wait_until("the mail", || !self.mail.outbox().is_empty());
        let text = self.mail.outbox()[0].body.clone().unwrap();
        browser.open(text.split_whitespace().find(|word| word.starts_with("http://")).unwrap());
        self.send();
        browser.fill("#email", EMAIL);
        browser.fill("#password", PASSWORD);
        self.send();
        assert_eq!(self.who(), EMAIL);
    }

    fn log_out(&self) {
        self.open("/logout");
        self.send();
        assert_eq!(self.who(), "nobody");
    }

    fn told(&self, subject: &str) {
        let is_told = || self.mail.outbox().iter().any(|message| message.subject == subject);
        self.browser.wait_until("the letter", is_told);
    }

    fn names(&self) -> Vec<String> {
        self.browser.all("main li input[name=name]").iter().map(|field| field.property("value")).collect()
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_passkey_is_made_used_renamed_and_deleted() {
    let site = site();
    let browser = &site.browser;
    let authenticator = browser.authenticator();
    site.sign_up();

    site.open("/passkeys");
    assert!(browser.text().contains("You have none yet."));
    browser.fill("#passkey-name", "My phone");
    browser.follow("#passkey-add");
    assert_eq!(site.names(), ["My phone"]);
    site.told("A passkey was added to your account");
    let credentials = authenticator.credentials();
    assert_eq!(credentials.len(), 1);
    assert_eq!(credentials[0]["isResidentCredential"], true);

    // The same device is not asked twice.
    browser.one("#passkey-add").click();
    browser.wait_until("the refusal", || !browser.one("#passkey-error").text().is_empty());
    assert_eq!(browser.one("#passkey-error").text(), "This passkey was not accepted.");

    site.log_out();
    site.open("/login?next=/account");
    browser.follow("#passkey-login");
    assert!(browser.url().ends_with("/account"), "{}", browser.url());
    assert_eq!(site.who(), EMAIL);

    // Without a verified user it is no login.
    site.log_out();
    authenticator.verify_user(false);
    site.open("/login");
    browser.one("#passkey-login").click();
    browser.wait_until("the refusal", || !browser.one("#passkey-error").text().is_empty());
    assert_eq!(site.who(), "nobody");
    authenticator.verify_user(true);

    // A copy of a passkey has a counter that stays behind.
    authenticator.clear();
    authenticator.add_credential(&credentials[0]);
    site.open("/login");
    browser.one("#passkey-login").click();
    browser.wait_until("the refusal", || !browser.one("#passkey-error").text().is_empty());
    assert_eq!(site.who(), "nobody");
    let mut ahead = credentials[0].clone();
    ahead["signCount"] = json!(100);
    authenticator.clear();
    authenticator.add_credential(&ahead);

    site.open("/login");
    browser.follow("#passkey-login");
    assert_eq!(site.who(), EMAIL);
    site.open("/passkeys");
    browser.fill("main li input[name=name]", "Old phone");
    browser.follow("main li form[action$=rename] button");
    assert_eq!(site.names(), ["Old phone"]);
    browser.follow("main li form[action$=delete] button");
    assert!(browser.text().contains("The passkey is deleted."));
    assert!(browser.text().contains("You have none yet."));
    site.told("A passkey of your account was deleted");

    site.log_out();
    site.open("/login");
    browser.one("#passkey-login").click();
    browser.wait_until("the refusal", || !browser.one("#passkey-error").text().is_empty());
    assert_eq!(site.who(), "nobody");
}

#[test]
#[ignore = "needs Chromium"]
fn an_answer_that_was_used_logs_nobody_in_again() {
    let site = site();
    let browser = &site.browser;
    let _authenticator = browser.authenticator();
    site.sign_up();
    site.open("/passkeys");
    browser.follow("#passkey-add");
    site.log_out();

    // Holds the answer back until the cookie that it is sent with is known.
    site.open("/login");
    browser.script(
        "const fetched = window.fetch;\
         window.fetch = async (url, options) => {\
           if (String(url).endsWith('/finish')) {\
             window.kept = [options.headers['X-CSRFToken'], options.body];\
             await new Promise((go) => { window.go = go; });\
           }\
           return fetched(url, options);\
         };",
    );
    browser.one("#passkey-login").click();
    browser.wait_until("the answer", || browser.script("return window.go !== undefined") == true);
    let cookie = format!("session={}", browser.cookie("session").unwrap());
    let kept = browser.script("return window.kept");
    browser.leave(|| {
        browser.script("window.go()");
    });
    assert_eq!(site.who(), EMAIL);

    let port = site.base.rsplit(':').next().unwrap().parse().unwrap();
    let host = site.base.trim_start_matches("http://");
    let headers = [
        ("Host", host),
        ("Content-Type", "application/json"),
        ("Cookie", cookie.as_str()),
        ("X-CSRFToken", kept[0].as_str().unwrap()),
    ];
    let again = ask(port, "POST", "/passkeys/login/finish", &headers, kept[1].as_str().unwrap()).unwrap();
    assert_eq!(again.status, 400, "{}", again.text);
    assert!(again.text.contains("That took too long"), "{}", again.text);
}

#[test]
fn what_is_no_answer_is_refused() {
    let world = world();
    world.confirmed(EMAIL, PASSWORD);
    let begin = |path: &str| world.client.post(path).json(&json!({})).send();
    assert_eq!(begin("/passkeys/new").status(), 401);
    let options: Value = begin("/passkeys/login").json();
    assert_eq!(options["publicKey"]["userVerification"], "required");
    assert_eq!(options["publicKey"]["rpId"], "localhost");
    assert!(options.get("mediation").is_none());
    // Each answer, good or not, ends what it answers.
    for answer in [json!({}), json!({"credential": {"id": "x"}}), json!([]), json!(7)] {
        begin("/passkeys/login");
        let refused = world.client.post("/passkeys/login/finish").json(&answer).send();
        assert_eq!(refused.status(), 400, "{answer}");
        assert_eq!(refused.json::<Value>()["error"], "This passkey was not accepted.");
        let late = world.client.post("/passkeys/login/finish").json(&answer).send();
        assert_eq!(late.json::<Value>()["error"], "That took too long. Please log in again.");
    }
    assert_eq!(
        world
            .client
            .post("/passkeys/login/finish")
            .data("{")
            .content_type("application/json")
            .send()
            .status(),
        400
    );

    world.login(EMAIL, PASSWORD);
    let options: Value = begin("/passkeys/new").json();
    assert_eq!(options["publicKey"]["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["publicKey"]["user"]["name"], EMAIL);
    world.later(301);
    let late = world.client.post("/passkeys/new/finish").json(&json!({"credential": {}})).send();
    assert_eq!(late.json::<Value>()["error"], "That took too long. Please log in again.");
    for path in ["/passkeys/x/rename", "/passkeys/x/delete"] {
        assert_eq!(world.post(path, &[("name", "y")]).status(), 404, "{path}");
    }
}

#[test]
fn logins_by_passkeys_are_counted_by_client() {
    let world = world();
    let ask = |path: &str, address: &str| {
        let address = std::net::SocketAddr::new(address.parse().unwrap(), 50_000);
        let client = world.client.without_cookies();
        client.post(path).remote_addr(address).json(&json!({})).send()
    };
    for n in 0..300 {
        let path = ["/passkeys/login", "/passkeys/login/finish"][n % 2];
        assert_eq!(ask(path, "192.0.2.1").status(), [200, 400][n % 2], "{n}");
    }
    for path in ["/passkeys/login", "/passkeys/login/finish"] {
        let refused = ask(path, "192.0.2.1");
        assert_eq!(refused.status(), 429, "{path}");
        assert_eq!(refused.json::<Value>()["error"], "Too many attempts. Please wait a while.");
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(ask("/passkeys/login", "192.0.2.2").status(), 200);
}

#[test]
fn passkeys_need_a_domain_and_say_so() {
    let world = world();
    let here = world.client.post("/passkeys/login").base_url("http://127.0.0.1:5000").json(&json!({})).send();
    assert_eq!(here.status(), 400);
    let error = here.json::<Value>()["error"].as_str().unwrap().to_owned();
    assert_eq!(error, "Passkeys need a name of this site, not a number: such as localhost, not 127.0.0.1.");
}

#[test]
fn the_script_is_served_and_pages_have_none_inside() {
    let world = world();
    let script = world.client.get("/passkeys.js").send();
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    let page = world.client.get("/login").send().text();
    assert!(page.contains("<script src=\"/passkeys.js\" defer></script>"));
    assert!(!page.contains(" onclick") && !page.contains("style="));
}
