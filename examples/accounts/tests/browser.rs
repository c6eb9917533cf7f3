//! A visitor's way through every page, in a real browser; axe looks at each of them.

use carboy::{
    Config,
    server::{RunningServer, Server, ServerConfig},
};
use carboy_db::Db;
use carboy_ext::mail::{Mail, Message};
use carboy_testkit::{Browser, Folder, Process, ask, node, node_modules, python};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

struct Site {
    browser: Browser,
    mail: Mail,
    instance: Folder,
    server: RunningServer,
    axe: String,
    pictures: PathBuf,
}

impl Site {
    fn new(configure: impl FnOnce(&mut Config)) -> Site {
        let (mail, instance) = (Mail::new(), Folder::new());
        let service = app(&mail, &instance, configure).testing().build().unwrap();
        let server = Server::new(ServerConfig::new().bind("127.0.0.1:0").workers(2)).start(service).unwrap();
        let axe = fs::read_to_string(node_modules().join("axe-core/axe.min.js")).expect("axe is installed");
        let pictures = std::env::var_os("CARBOY_SCREENSHOTS")
            .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("accounts"), PathBuf::from);
        fs::create_dir_all(&pictures).expect("a folder for the screenshots can be made");
        Site { browser: Browser::start(), mail, instance, server, axe, pictures }
    }

    /// Passkeys are for a domain, not for an address.
    fn url(&self, path: &str) -> String {
        let port = self.server.addresses()[0].as_tcp().expect("a TCP address").port();
        format!("http://localhost:{port}{path}")
    }

    fn open(&self, path: &str) {
        self.browser.open(&self.url(path));
    }

    fn is_at(&self, path: &str) {
        let url = self.browser.url();
        assert_eq!(url.split(['?', '#']).next(), Some(&*self.url(path)), "{}", self.browser.text());
    }

    fn reads(&self, text: &str) {
        assert!(self.browser.text().contains(text), "{text}\n{}", self.browser.text());
    }

    /// Nothing on the page keeps somebody from using it, on a wide and on a narrow screen.
    fn look(&self, name: &str) {
        for (width, size) in [(1100, "wide"), (390, "narrow")] {
            self.browser.resize(width, 900);
            self.browser.script(&self.axe);
            let found = self.browser.script(
                "return axe.run().then(found => found.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html)]))",
            );
            assert_eq!(found, json!([]), "{name}, {size}");
            let wider =
                self.browser.script("return document.documentElement.scrollWidth > window.innerWidth");
            assert_eq!(wider, json!(false), "{name}, {size}: the page is wider than the screen");
            self.browser.screenshot(&self.pictures.join(format!("{name}-{size}.png")));
        }
        self.browser.resize(1100, 900);
    }

    fn send(&self) {
        self.browser.follow("main form button:not([type=button]):not(.danger)");
    }

    fn log_in(&self, next: &str) {
        self.open(&format!("/login?next={next}"));
        self.browser.fill("#email", EMAIL);
        self.browser.fill("#password", PASSWORD);
        self.send();
    }

    fn log_out(&self) {
        self.open("/logout");
        self.send();
        self.is_at("/");
    }

    /// Follows the link of the last mail.
    fn follow_mailed_link(&self) {
        let about = |message: &Message| message.body.as_deref().is_some_and(|body| body.contains("http"));
        self.browser.wait_until("a mail with a link", || self.mail.outbox().last().is_some_and(about));
        let body = self.mail.outbox().last().and_then(|message| message.body.clone()).unwrap_or_default();
        let link = body.split_whitespace().find(|word| word.starts_with("http"));
        self.browser.open(link.expect("a link"));
    }

    fn sign_up(&self) {
        self.open("/register");
        self.browser.fill("#email", EMAIL);
        self.browser.fill("#password", PASSWORD);
        self.send();
        self.follow_mailed_link();
        self.send();
        self.reads("Your address is confirmed.");
        self.log_in("/notes/");
        self.is_at("/notes/");
    }
}

fn app(mail: &Mail, instance: &Folder, configure: impl FnOnce(&mut Config)) -> carboy::App {
    accounts::create_app_with(Db::default(), mail.clone(), |config| {
        config.set("SECRET_KEY", "for tests").set_instance_path(instance.path());
        configure(config);
    })
}

/// What an authenticator app would show for a secret.
fn code(secret: &str, later: u32) -> String {
    let script =
        "import pyotp, sys, time; print(pyotp.TOTP(sys.argv[1]).at(time.time() + 30 * int(sys.argv[2])))";
    let output = Command::new(python()).args(["-c", script, secret, &later.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and Python with pyotp"]
fn a_visitor_signs_up_writes_notes_and_protects_the_account() {
    let site = Site::new(|_| {});
    let browser = &site.browser;
    let authenticator = browser.authenticator();
    site.open("/");
    site.look("01-first");
    site.open("/login");
    site.look("02-login");
    site.open("/reset");
    site.look("03-forgotten");
    site.open("/register");
    browser.fill("#email", EMAIL);
    browser.fill("#password", "password1");
    site.send();
    site.reads("This password is among the first that are tried.");
    site.look("04-register");
    site.sign_up();

    site.look("05-no-notes");
    browser.fill("#text", "Milk & <b>bread</b>");
    site.send();
    site.reads("Milk & <b>bread</b>");
    site.reads("1 note");
    browser.fill("#text", "   ");
    site.send();
    site.reads("This field is required.");
    site.look("06-notes");
    browser.follow(".notes button");
    site.reads("Nothing yet.");

    // A second factor.
    site.open("/account");
    site.look("07-account");
    site.open("/two-factor/setup");
    site.look("08-authenticator-app");
    let secret = browser.one("main code").text();
    browser.fill("#code", &code(&secret, 0));
    site.send();
    assert_eq!(browser.all("main li code").len(), 10, "{}", browser.text());
    site.look("09-recovery-codes");
    site.log_out();
    site.log_in("/notes/");
    site.is_at("/two-factor");
    site.look("10-second-factor");
    browser.fill("#code", "000000");
    site.send();
    site.reads("This code is not right.");
    // The code of now was used when the app was set up.
    browser.fill("#code", &code(&secret, 1));
    site.send();
    site.is_at("/notes/");

    // A passkey takes the place of both.
    site.open("/passkeys");
    browser.fill("#passkey-name", "My phone");
    browser.follow("#passkey-add");
    assert_eq!(authenticator.credentials().len(), 1);
    site.look("11-passkeys");
    site.log_out();
    site.open("/login?next=/notes/");
    browser.follow("#passkey-login");
    site.is_at("/notes/");

    // A token for programs.
    site.open("/tokens/");
    site.send();
    site.look("12-token");
    let bearer = format!("Bearer {}", browser.one(".token").text());
    let port = site.server.addresses()[0].as_tcp().unwrap().port();
    let body = r#"{"text": "from a program"}"#;
    let fields = [("authorization", &*bearer), ("content-type", "application/json")];
    assert_eq!(ask(port, "POST", "/api/notes", &fields, body).unwrap().status, 201);
    site.open("/notes/");
    site.reads("from a program");

    // What is not for everybody, and what is not there.
    site.open("/admin/people");
    site.reads("Your account is not allowed to do this.");
    site.look("13-forbidden");
    let done = app(&site.mail, &site.instance, |_| {}).test_cli_runner().invoke(["make-admin", EMAIL]);
    assert_eq!(done.exit_code, 0, "{}", done.output);
    site.open("/admin/people");
    site.reads(EMAIL);
    site.look("14-people");
    site.open("/nowhere");
    site.look("15-not-found");

    // In German.
    site.open("/notes/");
    browser.follow("footer button[value=de]");
    site.is_at("/notes/");
    site.reads("1 Notiz");
    site.look("16-german");
    site.open("/account");
    site.reads("Die Authentifizierungs-App ausschalten");
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and oidc-provider"]
fn a_visitor_logs_in_by_another_provider() {
    let mut process =
        Process::start(&mut node(include_str!("../../../crates/carboy-ext/tests/oauth/provider.mjs")));
    let port = process.wait_for("the line with the provider's port", |line| {
        line.split_once("listening on port ")?.1.trim().parse::<u16>().ok()
    });
    let site = Site::new(|config| {
        config.set("OIDC_ISSUER", format!("http://127.0.0.1:{port}")).set("OIDC_NAME", "the provider");
        config.set("OIDC_CLIENT_ID", "notebook").set("OIDC_CLIENT_SECRET", "a secret of the tests");
    });
    let clients: Value = json!([{
        "client_id": "notebook", "client_secret": "a secret of the tests",
        "redirect_uris": [site.url("/login/oidc/callback")],
    }]);
    assert_eq!(ask(port, "POST", "/setup", &[], &clients.to_string()).unwrap().text, "ready");
    let browser = &site.browser;
    let log_in = || {
        site.open("/");
        browser.follow("a[href='/login/oidc']");
        browser.fill("input[name=login]", "grace");
        browser.fill("input[name=password]", "any");
        browser.follow("button[type=submit]");
        if browser.url().contains(&port.to_string()) {
            browser.follow("button[type=submit]");
        }
        site.is_at("/notes/");
        site.reads("grace@example.com");
    };
    log_in();
    browser.fill("#text", "mine");
    site.send();
    site.log_out();
    // The same account again, not another one.
    browser.open(&format!("http://127.0.0.1:{port}/session/end"));
    browser.follow("button[name=logout]");
    log_in();
    site.reads("mine");
}
