//! What visitors, programs and admins do, through the test client.

/// A provider that answers what a test tells it to.
#[path = "../../../crates/carboy-ext/tests/oauth/fake.rs"]
#[allow(dead_code, reason = "the tests of the extension tell it more")]
mod fake;

use carboy::{App, AppService, Config, security::check_deploy, testing::TestClient};
use carboy_db::Db;
use carboy_ext::{
    accounts::{AccountUpdate, accounts},
    mail::{Mail, Message},
};
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

    /// Waits for a mail that tells the owner of an account of a login by this provider.
    fn told(&self, email: &str, provider: &str) {
        let about = |message: &Message| {
            message.recipients.iter().any(|to| to.to_string().contains(email))
                && message.body.as_deref().is_some_and(|body| body.contains(provider))
        };
        let end = Instant::now() + Duration::from_secs(20);
        while !self.mail.outbox().iter().any(about) {
            assert!(Instant::now() < end, "no mail to {email} about {provider}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn in_app<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.service.in_app_context(work))
    }

    fn make_admin(&self, email: &str) -> String {
        Self::app(&self.mail, &self.instance, |_| {}).test_cli_runner().invoke(["make-admin", email]).output
    }
}

/// The two tokens of the page: for now, and for the next ones.
fn tokens(client: &TestClient) -> (String, String) {
    let page = client.post("/tokens/").send().text();
    let mut shown = page.split("<code class=\"token").skip(1).map(|from| {
        from.split_once('>').and_then(|(_, rest)| rest.split_once('<')).expect("a token").0.to_owned()
    });
    (shown.next().expect("a token on the page"), shown.next().expect("a second one"))
}

fn token(client: &TestClient) -> String {
    tokens(client).0
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
    back_from(client, provider, sent.location().unwrap())
}

/// Comes back from the provider; where the visitor is sent then.
fn back_from(client: &TestClient, provider: &Fake, sent: &str) -> String {
    let params = query(sent.split_once('?').unwrap().1);
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

/// Links an identity on the page of the account; where the visitor is sent then.
fn link(client: &TestClient, provider: &Fake) -> String {
    let sent = client.post("/account/link/oidc").header("sec-fetch-site", "same-origin").send();
    back_from(client, provider, sent.location().expect("a way to the provider"))
}

fn with_provider(provider: &Fake) -> Notebook {
    Notebook::configured(|config| {
        config.set("OIDC_ISSUER", &provider.issuer);
        config.set("OIDC_CLIENT_ID", "shop").set("OIDC_CLIENT_SECRET", "a secret of the tests");
    })
}

#[test]
fn who_links_a_provider_to_an_account_stays_logged_in() {
    let provider = Fake::start();
    let notebook = with_provider(&provider);
    let ada = notebook.member("ada@example.com");
    with_second_factor(&ada);
    assert_eq!(link(&ada, &provider), "/account/logins");
    let page = ada.get("/account/logins").send().text();
    assert!(page.contains("This login is yours now.") && page.contains("ann@example.com"), "{page}");
    notebook.told("ada@example.com", "OpenID");
    assert!(ada.get("/notes/").send().text().contains("ada@example.com"));
    let elsewhere = notebook.service.test_client();
    assert_eq!(by_provider(&elsewhere, &provider), "/two-factor?next=/notes/");
}

#[test]
fn nothing_that_another_site_makes_a_browser_do_links_an_identity() {
    let provider = Fake::start();
    let notebook = with_provider(&provider);
    let ada = notebook.member("ada@example.com");
    // The browser is logged in at the provider as somebody else, who leads it here.
    let sent = ada.get("/login/oidc").header("sec-fetch-site", "cross-site").send();
    assert_eq!(back_from(&ada, &provider, sent.location().unwrap()), "/account/logins");
    let page = ada.get("/account/logins").send().text();
    assert!(page.contains("not linked to your account yet") && page.contains("without others"), "{page}");
    // A form of theirs is refused, and there is nothing to follow.
    let post = ada.post("/account/link/oidc").header("sec-fetch-site", "cross-site").send();
    assert_eq!((post.status().as_u16(), post.location()), (403, None));
    assert_eq!(ada.get("/account/link/oidc").send().status(), 405);
    // The identity is still nobody's: whoever logs in by it gets an account of their own.
    let ann = notebook.service.test_client();
    by_provider(&ann, &provider);
    assert!(ann.get("/notes/").send().text().contains("ann@example.com"));
    // By now it is somebody's, whom it does not log in in place of Ada, and who does not lose it.
    assert_eq!(by_provider(&ada, &provider), "/account/logins");
    assert_eq!(link(&ada, &provider), "/account/logins");
    let page = ada.get("/account/logins").send().text();
    assert!(page.contains("belongs to another account") && page.contains("without others"), "{page}");
    assert!(ada.get("/notes/").send().text().contains("ada@example.com"));
}

#[test]
fn a_link_takes_a_token_and_a_fresh_login() {
    let provider = Fake::start();
    let notebook = Notebook::configured(|config| {
        config.set("OIDC_ISSUER", &provider.issuer).set("WTF_CSRF_ENABLED", true);
        config.set("OIDC_CLIENT_ID", "shop").set("OIDC_CLIENT_SECRET", "a secret of the tests");
    });
    let sent = notebook.service.test_client().post("/account/link/oidc").send();
    assert_eq!((sent.status().as_u16(), sent.location()), (400, None), "without a token");

    let notebook = with_provider(&provider);
    notebook.member("ada@example.com");
    let ada = notebook.service.test_client();
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("remember", "y")];
    assert_eq!(ada.post("/login").form(form).send().status(), 303);
    ada.session(|session| session.clear());
    assert!(ada.get("/notes/").send().text().contains("ada@example.com"), "remembered");
    for path in ["/account/link/oidc", "/account/unlink/oidc"] {
        assert_eq!(ada.post(path).send().location(), Some("/account/logins"));
    }
    assert_eq!(ada.get("/account/logins").send().location(), Some("/login?next=%2Faccount%2Flogins"));
}

#[test]
fn the_last_way_to_log_in_stays() {
    let provider = Fake::start();
    let notebook = with_provider(&provider);
    let (ann, ada) = (notebook.service.test_client(), notebook.member("ada@example.com"));
    by_provider(&ann, &provider);
    let unlink = |client: &TestClient, subject: &str| {
        client.post("/account/unlink/oidc").form([("subject", subject)]).send()
    };
    let page = ann.get("/account/logins").send().text();
    assert!(page.contains("The only way to log in") && !page.contains("Unlink"), "{page}");
    assert_eq!(unlink(&ann, "u1").location(), Some("/account/logins"));
    assert!(ann.get("/account/logins").send().text().contains("choose a password or add a passkey first"));

    // With a second one either may go, and then the other one stays.
    provider.claims(json!({"sub": "u2", "email": "second@example.com"}));
    assert_eq!(link(&ann, &provider), "/account/logins");
    assert_eq!(ann.get("/account/logins").send().text().matches("Unlink: ").count(), 2);
    assert_eq!(unlink(&ada, "u1").status(), 404, "it is not hers");
    assert_eq!(unlink(&ann, "u1").status(), 302);
    unlink(&ann, "u2");
    let page = ann.get("/account/logins").send().text();
    assert!(
        !page.contains("ann@example.com</strong>") && page.contains("second@example.com</strong>"),
        "{page}"
    );

    for subject in ["", "u1", "\0"] {
        assert_eq!(unlink(&ann, subject).status(), 404, "{subject:?}");
    }

    // Who has a password may do without.
    provider.claims(json!({"sub": "u4"}));
    link(&ada, &provider);
    notebook.told("ada@example.com", "OpenID");
    notebook.mail.clear_outbox();
    assert_eq!(unlink(&ada, "u4").status(), 302);
    notebook.told("ada@example.com", "OpenID");
    assert!(ada.get("/account/logins").send().text().contains("without others"));
}

#[test]
fn who_had_an_account_by_a_provider_gets_a_new_one() {
    let provider = Fake::start();
    let notebook = with_provider(&provider);
    let ann = notebook.service.test_client();
    by_provider(&ann, &provider);
    notebook.in_app(async { accounts().store().delete("1").await.unwrap() });
    assert_eq!(ann.get("/notes/").send().location(), Some("/login?next=%2Fnotes%2F"));
    assert_eq!(by_provider(&ann, &provider), "/notes/");
    assert!(ann.get("/notes/").send().text().contains("ann@example.com"));
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

/// The status of a look at the notes by a token.
fn looks(program: &TestClient, token: &str) -> u16 {
    let request = program.get("/api/notes").header("authorization", &format!("Bearer {token}"));
    request.send().status().as_u16()
}

#[test]
fn tokens_end_with_what_the_account_was_when_they_were_made() {
    let notebook = Notebook::new();
    let program = notebook.service.test_client();
    let change = |id: &'static str, change: fn(&mut AccountUpdate)| {
        notebook.in_app(async {
            let (accounts, mut update) = (accounts(), AccountUpdate::default());
            change(&mut update);
            let account = accounts.store().find(id).await.unwrap().unwrap();
            accounts.store().update(id, account.stamp.expose(), update).await.unwrap();
        });
    };
    let members = ["ada", "ben", "cleo"].map(|name| notebook.member(&format!("{name}@example.com")));
    let all = members.each_ref().map(tokens);
    assert!(all.iter().all(|(access, _)| looks(&program, access) == 200));

    let passwords = [("old_password", PASSWORD), ("password", "another horse battery")];
    assert_eq!(members[0].post("/change").form(passwords).send().status(), 303);
    change("2", |update| update.active = Some(false));
    notebook.in_app(async { accounts().store().delete("3").await.unwrap() });
    for (access, refresh) in all {
        assert_eq!(looks(&program, &access), 401);
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
        let answer = program.post("/api/token").form(form).send();
        assert_eq!(
            (answer.status().as_u16(), answer.json::<Value>()["error"].as_str()),
            (400, Some("invalid_grant"))
        );
    }
    assert_eq!(looks(&program, &token(&members[0])), 200);
}

#[test]
fn a_refresh_token_gives_the_next_tokens_once_and_is_taken_back() {
    let notebook = Notebook::new();
    let (_, first) = tokens(&notebook.member("ada@example.com"));
    let program = notebook.service.test_client();
    let ask = |form: &[(&str, &str)]| {
        let answer = program.post("/api/token").form(form.iter().copied()).send();
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        (answer.status().as_u16(), answer.json::<Value>())
    };
    let refresh = |token: &str| ask(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let (status, next) = refresh(&first);
    assert_eq!((status, &next["token_type"], &next["expires_in"]), (200, &json!("Bearer"), &json!(900)));
    assert_eq!(looks(&program, next["access_token"].as_str().unwrap()), 200);
    // Whoever uses it again has stolen it, or was stolen from: both are out.
    let refused = |error: &str| (400, json!({ "error": error }));
    assert_eq!(refresh(&first), refused("invalid_grant"));
    assert_eq!(refresh(next["refresh_token"].as_str().unwrap()), refused("invalid_grant"));
    assert_eq!(refresh("x.y.z"), refused("invalid_grant"));
    assert_eq!(ask(&[("grant_type", "password")]), refused("unsupported_grant_type"));
    assert_eq!(ask(&[("grant_type", "refresh_token")]), refused("invalid_request"));

    let (access, refresh_token) = tokens(&notebook.member("ben@example.com"));
    assert_eq!(refresh(&access), refused("invalid_grant"), "a token for now is none for the next");
    assert_eq!(looks(&program, &refresh_token), 401, "nor the other way round");
    for token in [&*refresh_token, &refresh_token, "rubbish"] {
        assert_eq!(program.post("/api/token/revoke").form([("token", token)]).send().status(), 200);
    }
    assert_eq!(program.post("/api/token/revoke").send().status(), 400);
    assert_eq!(refresh(&refresh_token), refused("invalid_grant"));
}

#[test]
fn pages_of_the_sites_that_are_named_may_use_the_api_and_no_others() {
    let (named, other) = ("https://app.example", "https://other.example");
    let notebook = Notebook::configured(|config| {
        config.set("CORS_ORIGINS", [named]).set("CSRF_TRUSTED_ORIGINS", [named]);
    });
    let bearer = format!("Bearer {}", token(&notebook.member("ada@example.com")));
    let program = notebook.service.test_client();
    let ask = |method: &str, path: &str, origin: &str| {
        let request = program.open(method.parse().unwrap(), path).header("origin", origin);
        let request = request.header("sec-fetch-site", "cross-site").header("authorization", &bearer);
        let request = request.header("access-control-request-method", "POST");
        let answer = request.header("access-control-request-headers", "authorization, content-type").send();
        (answer.status().as_u16(), answer.header("access-control-allow-origin").map(str::to_owned))
    };
    assert_eq!(ask("OPTIONS", "/api/notes", named), (200, Some(named.to_owned())));
    assert_eq!(ask("GET", "/api/notes", named), (200, Some(named.to_owned())));
    assert_eq!(ask("DELETE", "/api/notes/7", named), (404, Some(named.to_owned())));
    assert_eq!(ask("GET", "/api/notes", other), (200, None));
    assert_eq!(ask("DELETE", "/api/notes/7", other), (403, None));
    assert_eq!(ask("GET", "/login", named), (200, None), "pages are no part of the API");
    let closed = Notebook::new().service.test_client();
    let answer = closed.get("/api/notes").header("origin", named).send();
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn the_first_page_counts_once_a_minute_in_every_language() {
    let notebook = Notebook::new();
    let ada = notebook.member("ada@example.com");
    ada.post("/notes/").form([("text", "Milk")]).send();
    let visitor = notebook.service.test_client();
    let page = |language| visitor.get("/").header("accept-language", language).send().text();
    assert!(page("en").contains("1 note is kept here."), "{}", page("en"));
    ada.post("/notes/").form([("text", "Bread")]).send();
    assert!(page("de").contains("1 Notiz wird hier aufbewahrt."), "{}", page("de"));
    assert!(page("en").contains("1 note is kept here."));
}

#[test]
fn mails_are_shown_to_who_develops_and_to_nobody_else() {
    for (debug, status) in [(true, 200), (false, 404)] {
        let instance = Folder::new();
        let mut app = accounts::create_app_with(Db::default(), accounts::mail(), |config| {
            config.set("SECRET_KEY", "for tests").set_instance_path(instance.path()).set("DEBUG", debug);
        });
        let client = app.test_client();
        assert_eq!(client.get("/mails/").send().status(), status);
        // The page of the extension leaves the app its own templates.
        assert!(client.get("/").send().text().contains("Notebook"));
    }
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
