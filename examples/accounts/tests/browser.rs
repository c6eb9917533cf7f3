//! A visitor's way through every page, in a real browser; axe looks at each of them.

use carboy::{
    Config,
    server::{RunningServer, Server, ServerConfig, TlsConfig},
};
use carboy_db::Db;
use carboy_ext::mail::{Mail, Message};
use carboy_testkit::{Browser, Certificates, Folder, Process, ask, node, node_modules, python};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

struct Site {
    browser: Browser,
    mail: Mail,
    instance: Folder,
    server: RunningServer,
    scheme: &'static str,
    axe: String,
    pictures: PathBuf,
}

impl Site {
    fn new(configure: impl FnOnce(&mut Config)) -> Site {
        Self::served(ServerConfig::new(), "http", Browser::start(), configure)
    }

    /// As it is served to the internet: by HTTPS, with the header fields of the hardened profile.
    fn hardened(configure: impl FnOnce(&mut Config)) -> Site {
        let certificates = Certificates::make();
        let tls = TlsConfig::new(certificates.certificate(), certificates.key());
        let browser = Browser::start_trusting(&certificates);
        Self::served(ServerConfig::new().tls(tls), "https", browser, |config| {
            config.set("HARDENED", true).set("TRUSTED_HOSTS", ["localhost"]);
            configure(config);
        })
    }

    fn served(
        config: ServerConfig,
        scheme: &'static str,
        browser: Browser,
        configure: impl FnOnce(&mut Config),
    ) -> Site {
        let (mail, instance) = (Mail::new(), Folder::new());
        let service = app(&mail, &instance, configure).testing().build().unwrap();
        let server = Server::new(config.bind("127.0.0.1:0").workers(2)).start(service).unwrap();
        let axe = fs::read_to_string(node_modules().join("axe-core/axe.min.js")).expect("axe is installed");
        let pictures = std::env::var_os("CARBOY_SCREENSHOTS")
            .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("accounts"), PathBuf::from);
        fs::create_dir_all(&pictures).expect("a folder for the screenshots can be made");
        Site { browser, mail, instance, server, scheme, axe, pictures }
    }

    /// Passkeys are for a domain, not for an address.
    fn url(&self, path: &str) -> String {
        let port = self.server.addresses()[0].as_tcp().expect("a TCP address").port();
        format!("{}://localhost:{port}{path}", self.scheme)
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
        self.log_in_as(EMAIL, PASSWORD, next);
    }

    fn log_in_as(&self, email: &str, password: &str, next: &str) {
        self.open(&format!("/login?next={next}"));
        self.browser.fill("#email", email);
        self.browser.fill("#password", password);
        self.send();
    }

    fn log_out(&self) {
        self.open("/logout");
        self.send();
        self.is_at("/");
    }

    /// Sends a form, and follows the link below this path that is mailed then.
    fn send_and_follow_mailed_link(&self, path: &str) {
        self.mail.clear_outbox();
        self.send();
        let start = self.url(path);
        let link_of = |message: &Message| {
            let words = message.body.as_deref().unwrap_or_default().split_whitespace();
            words.into_iter().find(|word| word.starts_with(&start)).map(str::to_owned)
        };
        let link = || self.mail.outbox().iter().find_map(link_of);
        self.browser.wait_until("a mail with a link", || link().is_some());
        self.browser.open(&link().expect("a link"));
    }

    fn sign_up(&self) {
        self.sign_up_as(EMAIL);
        self.log_in("/notes/");
        self.is_at("/notes/");
    }

    fn sign_up_as(&self, email: &str) {
        self.open("/register");
        self.browser.fill("#email", email);
        self.browser.fill("#password", PASSWORD);
        self.send_and_follow_mailed_link("/confirm/");
        self.send();
        self.is_at("/login");
    }

    /// Sets an authenticator app up; its secret, and the recovery codes.
    fn set_up_second_factor(&self) -> (String, Vec<String>) {
        self.open("/two-factor/setup");
        let secret = self.browser.one("main code").text();
        self.browser.fill("#code", &code(&secret, 0));
        self.send();
        let codes = self.browser.texts("main li code");
        assert_eq!(codes.len(), 10, "{}", self.browser.text());
        (secret, codes)
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
    site.open("/logout");
    site.look("17-logout");
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
    let bearer = format!("Bearer {}", browser.one(".token:not(.refresh)").text());
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

/// Everything that an account is known and protected by is changed, in the language with this number.
fn changes_an_account(language: usize) {
    let site = Site::new(|_| {});
    let browser = &site.browser;
    let says = |texts: [&str; 2]| site.reads(texts[language]);
    let look = |name: &str| site.look(&format!("{}-{name}", ["en", "de"][language]));
    site.open("/");
    browser.follow(["footer button[value=en]", "footer button[value=de]"][language]);

    // The link to confirm is sent once more.
    site.open("/register");
    browser.fill("#email", EMAIL);
    browser.fill("#password", PASSWORD);
    site.send();
    look("21-signed-up");
    site.log_in("/");
    look("22-not-confirmed");
    site.open("/confirm");
    browser.fill("#email", EMAIL);
    look("23-resend");
    site.send_and_follow_mailed_link("/confirm/");
    look("24-confirm");
    site.send();
    says(["Your address is confirmed.", "Ihre Adresse ist bestätigt."]);
    site.log_in("/account");
    look("25-account");

    // Another password, and another address.
    browser.follow("main a[href='/change']");
    browser.fill("#old_password", "not this one");
    browser.fill("#password", "violet umbrella stand");
    site.send();
    says(["This password is not right.", "Dieses Passwort stimmt nicht."]);
    look("26-change-password");
    browser.fill("#old_password", PASSWORD);
    browser.fill("#password", "violet umbrella stand");
    site.send();
    says(["Your password is changed", "Ihr Passwort ist geändert"]);
    browser.follow("main a[href='/change-email']");
    look("27-change-address");
    browser.fill("#email", "lovelace@example.com");
    browser.fill("#password", "violet umbrella stand");
    site.send_and_follow_mailed_link("/change-email/");
    look("28-confirm-new-address");
    site.send();
    says(["Your address is changed.", "Ihre Adresse ist geändert."]);
    says(["lovelace@example.com"; 2]);

    // A password that was forgotten.
    site.log_out();
    site.open("/reset");
    browser.fill("#email", "lovelace@example.com");
    site.send_and_follow_mailed_link("/reset/");
    look("29-new-password");
    browser.fill("#password", "yellow submarine engine");
    site.send();
    says(["Your password is changed. You can log in with it now.", "Ihr Passwort ist geändert. Sie können"]);
    let log_in = || site.log_in_as("lovelace@example.com", "yellow submarine engine", "/account");
    log_in();
    site.is_at("/account");

    // A phone that is lost.
    site.open("/two-factor/setup");
    look("30-authenticator-app");
    let (_, codes) = site.set_up_second_factor();
    look("31-recovery-codes");
    site.log_out();
    log_in();
    site.is_at("/two-factor");
    look("32-second-factor");
    browser.fill("#code", &codes[3]);
    site.send();
    site.is_at("/account");
    says(["9 left", "9 übrig"]);
    browser.follow("main a[href='/recovery-codes']");
    look("33-new-recovery-codes");
    site.open("/two-factor/disable");
    look("34-switch-off");
    browser.fill("#password", "yellow submarine engine");
    site.send();
    says([
        "The authenticator app is not asked any more.",
        "Die Authentifizierungs-App wird nicht mehr gefragt.",
    ]);
    site.open("/passkeys");
    look("35-passkeys");
    site.open("/tokens/");
    site.send();
    look("36-tokens");
    site.open("/logout");
    look("37-logout");
    site.log_out();
    log_in();
    site.is_at("/account");
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and Python with pyotp"]
fn a_visitor_changes_all_that_the_account_is_known_by() {
    changes_an_account(0);
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and Python with pyotp"]
fn a_visitor_changes_all_that_the_account_is_known_by_in_german() {
    changes_an_account(1);
}

#[test]
#[ignore = "needs Chromium and Node.js with axe"]
fn an_admin_makes_others_admins_and_takes_it_back() {
    let site = Site::new(|_| {});
    site.sign_up_as("ben@example.com");
    site.sign_up();
    app(&site.mail, &site.instance, |_| {}).test_cli_runner().invoke(["make-admin", EMAIL]);
    site.open("/");
    let browser = &site.browser;
    browser.follow("nav a[href='/admin/people']");
    site.reads("ben@example.com");
    let button = |what: &str| format!("button[aria-label='{what}: ben@example.com']");
    browser.follow(&button("Make an admin"));
    site.is_at("/admin/people");
    site.look("41-two-admins");
    browser.follow(&button("No admin any more"));
    assert_eq!(browser.all(&button("Make an admin")).len(), 1);
    // Nobody changes their own role.
    assert!(browser.all(&format!("button[aria-label$='{EMAIL}']")).is_empty());
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and oidc-provider, and Python with pyotp"]
fn what_the_hardened_profile_forbids_no_page_needs() {
    let (_provider, port) = start_provider();
    let site = Site::hardened(|config| configure_provider(config, port));
    register_at_provider(&site, port);
    let browser = &site.browser;
    let authenticator = browser.authenticator();
    let is_quiet = || {
        let console = browser.console();
        let refused = |line: &&String| line.contains("Content Security Policy") || line.contains("Uncaught");
        assert_eq!(console.iter().find(refused), None, "{}", browser.url());
    };
    let look = |name: &str| {
        is_quiet();
        browser.screenshot(&site.pictures.join(format!("hardened-{name}.png")));
    };
    for (path, name) in
        [("/", "first"), ("/login", "login"), ("/register", "register"), ("/nowhere", "nothing")]
    {
        site.open(path);
        look(name);
    }
    assert!(
        browser.script("return getComputedStyle(document.querySelector('.bar')).borderBottomStyle")
            == "solid"
    );
    site.sign_up();
    browser.fill("#text", "behind a policy");
    site.send();
    look("notes");
    site.open("/two-factor/setup");
    let size = "const it = document.querySelector('figure svg').getBoundingClientRect(); return [it.width, it.height]";
    let size = browser.script(size);
    assert!(size[0].as_f64() > Some(150.0) && size[1].as_f64() > Some(150.0), "{size}");
    look("authenticator-app");
    site.set_up_second_factor();
    site.open("/passkeys");
    browser.fill("#passkey-name", "My phone");
    browser.follow("#passkey-add");
    assert_eq!(authenticator.credentials().len(), 1);
    look("passkeys");
    site.log_out();
    site.open("/login?next=/notes/");
    browser.follow("#passkey-login");
    site.is_at("/notes/");
    is_quiet();
    // A form that leads to another site.
    site.open("/account/logins");
    browser.follow("form[action='/account/link/oidc'] button");
    log_in_at_provider(&site, port, "grace");
    site.is_at("/account/logins");
    site.reads("grace@example.com");
    look("logins");
    browser.follow("footer button[value=de]");
    site.open("/tokens/");
    site.send();
    look("tokens");
}

fn start_provider() -> (Process, u16) {
    let mut process =
        Process::start(&mut node(include_str!("../../../crates/carboy-ext/tests/oauth/provider.mjs")));
    let port = process.wait_for("the line with the provider's port", |line| {
        line.split_once("listening on port ")?.1.trim().parse::<u16>().ok()
    });
    (process, port)
}

fn configure_provider(config: &mut Config, port: u16) {
    config.set("OIDC_ISSUER", format!("http://127.0.0.1:{port}")).set("OIDC_NAME", "the provider");
    config.set("OIDC_CLIENT_ID", "notebook").set("OIDC_CLIENT_SECRET", "a secret of the tests");
}

fn register_at_provider(site: &Site, port: u16) {
    let clients: Value = json!([{
        "client_id": "notebook", "client_secret": "a secret of the tests",
        "redirect_uris": [site.url("/login/oidc/callback")],
    }]);
    assert_eq!(ask(port, "POST", "/setup", &[], &clients.to_string()).unwrap().text, "ready");
}

fn log_in_at_provider(site: &Site, port: u16, name: &str) {
    let browser = &site.browser;
    browser.fill("input[name=login]", name);
    browser.fill("input[name=password]", "any");
    browser.follow("button[type=submit]");
    if browser.url().contains(&port.to_string()) {
        browser.follow("button[type=submit]");
    }
}

fn log_out_at_provider(site: &Site, port: u16) {
    site.browser.open(&format!("http://127.0.0.1:{port}/session/end"));
    site.browser.follow("button[name=logout]");
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and oidc-provider"]
fn a_visitor_logs_in_by_another_provider() {
    let (_provider, port) = start_provider();
    let site = Site::new(|config| configure_provider(config, port));
    register_at_provider(&site, port);
    let browser = &site.browser;
    let log_in = || {
        site.open("/");
        browser.follow("main a[href='/login/oidc']");
        log_in_at_provider(&site, port, "grace");
        site.is_at("/notes/");
        site.reads("grace@example.com");
    };
    site.open("/");
    site.look("51-first-with-provider");
    site.open("/login?next=/notes/");
    site.look("52-login-with-provider");
    site.open("/register");
    site.look("53-register-with-provider");
    log_in();
    browser.fill("#text", "mine");
    site.send();
    site.log_out();
    // The same account again, not another one.
    log_out_at_provider(&site, port);
    log_in();
    site.reads("mine");
    // It is the only way in.
    site.open("/account");
    browser.follow("main a[href='/account/logins']");
    site.reads("The only way to log in to your account");
    site.look("54-only-login");
}

#[test]
#[ignore = "needs Chromium, Node.js with axe and oidc-provider"]
fn a_visitor_links_a_provider_and_unlinks_it() {
    let (_provider, port) = start_provider();
    let site = Site::new(|config| configure_provider(config, port));
    register_at_provider(&site, port);
    let browser = &site.browser;
    site.sign_up();
    site.open("/account/logins");
    site.reads("You log in without others so far.");
    site.look("55-no-logins");
    browser.follow("form[action='/account/link/oidc'] button");
    log_in_at_provider(&site, port, "grace");
    site.is_at("/account/logins");
    site.reads("This login is yours now.");
    site.reads("grace@example.com");
    site.look("56-logins");
    site.log_out();
    site.open("/login?next=/notes/");
    browser.follow("main a[href^='/login/oidc']");
    site.is_at("/notes/");
    site.reads(EMAIL);
    site.open("/account/logins");
    browser.follow("button[aria-label='Unlink: grace@example.com']");
    site.reads("This login is not yours any more.");
    site.reads("You log in without others so far.");
}
