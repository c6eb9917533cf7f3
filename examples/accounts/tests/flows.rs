//! What visitors, programs and admins do, through the test client.

/// A provider that answers what a test tells it to.
#[path = "../../../crates/carboy-ext/tests/oauth/fake.rs"]
#[allow(dead_code, reason = "the tests of the extension tell it more")]
mod fake;

use carboy::{App, AppService, Config, security::check_deploy, testing::TestClient};
use carboy_db::Db;
use carboy_ext::mail::{Mail, Message};
use carboy_testkit::Folder;
use fake::{Fake, query};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const PASSWORD: &str = "correct horse battery";

struct Notebook {
    service: AppService,
    mail: Mail,
    instance: Folder,
}

impl Notebook {
    fn new() -> Notebook {
        Self::configured(|_| {})
    }

    fn configured(configure: impl FnOnce(&mut Config)) -> Notebook {
        let (mail, instance) = (Mail::new(), Folder::new());
        let service = Self::app(&mail, &instance, configure).testing().build().unwrap();
        Notebook { service, mail, instance }
    }

    fn app(mail: &Mail, instance: &Folder, configure: impl FnOnce(&mut Config)) -> App {
        accounts::create_app_with(Db::default(), mail.clone(), |config| {
            config.set("SECRET_KEY", "for tests").set_instance_path(instance.path());
            // What the tests of `Csrf` are for.
            config.set("WTF_CSRF_ENABLED", false);
            configure(config);
        })
    }

    /// Signs up, confirms, and logs in.
    fn member(&self, email: &str) -> TestClient {
        let client = self.service.test_client();
        let form = [("email", email), ("password", PASSWORD)];
        assert_eq!(client.post("/register").form(form).send().status(), 303);
        assert_eq!(client.post(&self.mailed_link(email)).send().status(), 303);
        let answer = client.post("/login").form(form).send();
        assert_eq!(answer.status(), 303, "{}", answer.text());
        client
    }

    /// The path of the link that was mailed to an address; mail leaves after the answer.
    fn mailed_link(&self, email: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let outbox = self.mail.outbox();
            let to = |message: &&Message| message.recipients.iter().any(|to| to.to_string().contains(email));
            if let Some(message) = outbox.iter().rev().find(to) {
                let body = message.body.clone().expect("a mail with a text");
                let link = body.split_whitespace().find(|word| word.starts_with("http")).expect("a link");
                return link
                    .splitn(4, '/')
                    .nth(3)
                    .map(|path| format!("/{path}"))
                    .expect("a link with a path");
            }
            assert!(Instant::now() < end, "no mail to {email}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn make_admin(&self, email: &str) -> String {
        Self::app(&self.mail, &self.instance, |_| {}).test_cli_runner().invoke(["make-admin", email]).output
    }
}

fn token(client: &TestClient) -> String {
    let page = client.post("/tokens/").send().text();
    let from = page.find("class=\"token\"").map(|at| &page[at..]).expect("a token on the page");
    from.split_once('>').and_then(|(_, rest)| rest.split_once('<')).expect("a token").0.to_owned()
}

#[test]
fn notes_are_their_owners_alone() {
    let notebook = Notebook::new();
    let (ada, ben) = (notebook.member("ada@example.com"), notebook.member("ben@example.com"));
    assert_eq!(ada.post("/notes/").form([("text", " Milk & <bread> ")]).send().status(), 302);
    let page = ada.get("/notes/").send().text();
    assert!(page.contains("<p>Milk &amp; &lt;bread&gt;</p>") && page.contains("1 note"), "{page}");
    let page = ben.get("/notes/").send().text();
    assert!(page.contains("Nothing yet") && !page.contains("Milk"), "{page}");
    assert_eq!(ben.post("/notes/1/delete").send().status(), 404);
    assert_eq!(ada.post("/notes/1/delete").send().status(), 302);
    assert!(ada.get("/notes/").send().text().contains("Nothing yet"));
}

#[test]
fn a_note_that_is_empty_or_too_long_is_shown_again_with_what_is_wrong() {
    let ada = Notebook::new().member("ada@example.com");
    let page = ada.post("/notes/").form([("text", "  ")]).send();
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("This field is required."), "{}", page.text());
    let long = "x".repeat(2001);
    let page = ada.post("/notes/").form([("text", long.as_str())]).send().text();
    assert!(page.contains("Field cannot be longer than 2000 characters.") && page.contains(&long));
}

#[test]
fn visitors_are_sent_to_log_in_and_back() {
    let notebook = Notebook::new();
    let client = notebook.service.test_client();
    assert_eq!(client.get("/notes/").send().location(), Some("/login?next=%2Fnotes%2F"));
    notebook.member("ada@example.com");
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "/notes/")];
    assert_eq!(client.post("/login").form(form).send().location(), Some("/notes/"));
}

/// Logs in by the provider; where the visitor is sent then.
fn by_provider(client: &TestClient, provider: &Fake) -> String {
    let sent = client.get("/login/oidc?next=/notes/").send();
    let params = query(sent.location().unwrap().split_once('?').unwrap().1);
    provider.nonce(&params["nonce"]);
    let answer = [("state", &*params["state"]), ("code", "c1"), ("iss", &*provider.issuer)];
    let back = client.get("/login/oidc/callback").query(answer).send();
    assert_eq!(back.status(), 302, "{}", back.text());
    back.location().unwrap().to_owned()
}

/// Switches an authenticator app on; a recovery code.
fn with_second_factor(client: &TestClient) -> String {
    let shown =
        |page: String| page.split("<code>").nth(1).expect("a code").split('<').next().unwrap().to_owned();
    let secret = shown(client.get("/two-factor/setup").send().text());
    let secret = totp_rs::Secret::try_from_base32(&secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    shown(client.post("/two-factor/setup").form([("code", totp.generate(now).to_string())]).send().text())
}

#[test]
fn a_login_by_a_provider_asks_for_the_second_factor_that_was_switched_on() {
    let provider = Fake::start();
    let notebook = Notebook::configured(|config| {
        config.set("OIDC_ISSUER", &provider.issuer);
        config.set("OIDC_CLIENT_ID", "shop").set("OIDC_CLIENT_SECRET", "a secret of the tests");
    });
    let ann = notebook.service.test_client();
    assert_eq!(by_provider(&ann, &provider), "/notes/");
    assert!(ann.get("/notes/").send().text().contains("ann@example.com"));
    let code = with_second_factor(&ann);

    let elsewhere = notebook.service.test_client();
    assert_eq!(by_provider(&elsewhere, &provider), "/two-factor?next=/notes/");
    assert_eq!(elsewhere.get("/notes/").send().location(), Some("/login?next=%2Fnotes%2F"));
    assert_eq!(elsewhere.post("/two-factor").form([("code", "000000")]).send().status(), 400);
    let good = elsewhere.post("/two-factor").form([("code", &*code), ("next", "/notes/")]).send();
    assert_eq!(good.location(), Some("/notes/"));
    assert!(elsewhere.get("/notes/").send().text().contains("ann@example.com"));
}

#[test]
fn who_links_a_provider_to_an_account_stays_logged_in() {
    let provider = Fake::start();
    let notebook = Notebook::configured(|config| {
        config.set("OIDC_ISSUER", &provider.issuer);
        config.set("OIDC_CLIENT_ID", "shop").set("OIDC_CLIENT_SECRET", "a secret of the tests");
    });
    let ada = notebook.member("ada@example.com");
    with_second_factor(&ada);
    assert_eq!(by_provider(&ada, &provider), "/notes/");
    assert!(ada.get("/notes/").send().text().contains("ada@example.com"));
    let elsewhere = notebook.service.test_client();
    assert_eq!(by_provider(&elsewhere, &provider), "/two-factor?next=/notes/");
}

#[test]
fn programs_keep_and_read_notes_with_a_token() {
    let notebook = Notebook::new();
    let ada = notebook.member("ada@example.com");
    let bearer = format!("Bearer {}", token(&ada));
    let program = notebook.service.test_client();
    let api = |text: &Value| program.post("/api/notes").header("authorization", &bearer).json(text).send();
    let answer = api(&json!({"text": "Milk"}));
    assert_eq!((answer.status().as_u16(), answer.json::<Value>()), (201, json!({"id": 1})));
    let all: Value = program.get("/api/notes").header("authorization", &bearer).send().json();
    assert_eq!(all[0]["text"], "Milk");
    assert!(ada.get("/notes/").send().text().contains("Milk"));
    let refused = api(&json!({"text": ""}));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.status(), 422);
    assert!(refused.text().contains("text"), "{}", refused.text());
    let deleted = program.delete("/api/notes/1").header("authorization", &bearer).send();
    assert_eq!(deleted.status(), 204);
}

#[test]
fn programs_without_a_good_token_are_told_so_in_json() {
    let program = Notebook::new().service.test_client();
    let answer = program.get("/api/notes").send();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
    let answer = program.get("/api/notes").header("authorization", "Bearer x.y.z").send();
    assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.contains("invalid_token")));
}

#[test]
fn a_program_that_asks_too_often_is_told_to_wait() {
    let program = Notebook::new().service.test_client();
    let statuses: Vec<u16> = (0..61).map(|_| program.get("/api/notes").send().status().as_u16()).collect();
    assert_eq!((statuses[0], statuses[59], statuses[60]), (401, 401, 429));
}

#[test]
fn only_admins_see_who_has_an_account_and_make_others_admins() {
    let notebook = Notebook::new();
    let (ada, ben) = (notebook.member("ada@example.com"), notebook.member("ben@example.com"));
    assert_eq!(ada.get("/admin/people").send().status(), 403);
    assert_eq!(notebook.make_admin("Ada@example.com"), "Ada@example.com is an admin.\n");
    let page = ada.get("/admin/people").send().text();
    assert!(page.contains("ben@example.com"), "{page}");
    assert_eq!(ben.post("/admin/people/2/role").form([("admin", "yes")]).send().status(), 403);
    assert_eq!(ada.post("/admin/people/2/role").form([("admin", "yes")]).send().status(), 302);
    assert_eq!(ben.get("/admin/people").send().status(), 200);
    // Nobody locks themselves out.
    assert_eq!(ada.post("/admin/people/1/role").form([("admin", "no")]).send().status(), 403);
    assert!(notebook.make_admin("nobody@example.com").contains("nobody has signed up as nobody@example.com"));
}

#[test]
fn pages_are_in_the_language_that_the_browser_prefers_or_the_visitor_chose() {
    let client = Notebook::new().service.test_client();
    let page = client.get("/login").header("accept-language", "de-AT,en;q=0.5").send();
    assert!(page.header("vary").is_some_and(|vary| vary.contains("Accept-Language")));
    let page = page.text();
    assert!(
        page.contains("<html lang=\"de\">") && page.contains("Ich habe mein Passwort vergessen"),
        "{page}"
    );
    client.post("/language").form([("language", "de"), ("next", "/register")]).send();
    assert!(client.get("/register").send().text().contains("Konto anlegen"));
    let away = client.post("/language").form([("language", "en"), ("next", "//evil.example/")]).send();
    assert_eq!(away.location(), Some("/"));
    let lost = client.get("/nowhere").send();
    assert_eq!(lost.status(), 404);
    assert!(lost.text().contains("There is nothing here"), "{}", lost.text());
}

#[test]
fn every_text_is_translated() {
    let german = include_str!("../translations/de/LC_MESSAGES/messages.po");
    let folder = Folder::new();
    let pot = folder.path().join("messages.pot");
    let here = env!("CARGO_MANIFEST_DIR");
    let mut app = accounts::create_app_with(Db::memory(), Mail::new(), |config| {
        config.set("SECRET_KEY", "for tests");
    });
    let (templates, sources) = (format!("{here}/templates"), format!("{here}/src"));
    let args = ["babel", "extract", "-o", pot.to_str().unwrap(), &templates, &sources];
    let done = app.test_cli_runner().invoke(args);
    assert_eq!(done.exit_code, 0, "{}", done.output);
    let messages = std::fs::read_to_string(pot).unwrap();
    let lines = messages.lines().filter(|line| line.starts_with("msgid \"") && *line != "msgid \"\"");
    let missing: Vec<&str> = lines.filter(|line| !german.contains(line)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn an_app_that_is_configured_to_be_served_has_nothing_to_check() {
    let instance = Folder::new();
    let mut app = accounts::create_app_with(Db::default(), Mail::new(), |config| {
        config.set_instance_path(instance.path());
        config
            .set("HARDENED", true)
            .set("TRUSTED_HOSTS", ["notebook.example"])
            .set("MAIL_SERVER", "mail.example");
    });
    assert_eq!(check_deploy(&app.build().unwrap()), [] as [String; 0]);
}
