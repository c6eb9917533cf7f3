//! What `check --deploy` finds: each deviation from the hardened profile, and nothing else.

use carboy::{
    App, Extension, ExtensionFuture, ProxyFix, Scaffold, State,
    security::{Csp, Csrf, HeaderPolicy, SecurityHeaders, check_deploy},
};
use serde_json::json;
use std::sync::Arc;

const KEY: &str = "0b7fd1e0b2c34a5c9e6f1a2d3c4b5a69";

/// An app that may face the internet.
fn hardened() -> App {
    let mut app = App::new("deployed");
    let config = app.config();
    config.set("HARDENED", true).set("TRUSTED_HOSTS", ["shop.example"]).set("SECRET_KEY", KEY);
    app
}

fn found(mut app: App) -> Vec<String> {
    check_deploy(&app.build().unwrap())
}

#[test]
fn each_deviation_is_one_sentence() {
    let cases = [
        ("DEBUG is on", json!({"DEBUG": true})),
        ("TESTING is on", json!({"TESTING": true})),
        ("PROPAGATE_EXCEPTIONS is on", json!({"PROPAGATE_EXCEPTIONS": true})),
        ("SECRET_KEY is one that everybody knows", json!({"SECRET_KEY": "dev"})),
        (
            "SECRET_KEY is one that everybody knows",
            json!({"SECRET_KEY": "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf"}),
        ),
        ("SECRET_KEY has 12 bytes, of 32", json!({"SECRET_KEY": "aB3xY9qLm2Zk"})),
        ("SECRET_KEY repeats itself", json!({"SECRET_KEY": "ababababababababababababababababab"})),
        ("a key of SECRET_KEY_FALLBACKS is one", json!({"SECRET_KEY_FALLBACKS": ["dev"]})),
        ("TRUSTED_HOSTS trusts every host", json!({"TRUSTED_HOSTS": ["."]})),
        ("proxies are believed whoever", json!({"PROXIES": "any"})),
        ("TRUSTED_PROXIES holds the whole internet", json!({"TRUSTED_PROXIES": ["0.0.0.0/0"]})),
        ("SERVER_METRICS is an address", json!({"SERVER_METRICS": "0.0.0.0:9100"})),
        ("scripts can read the session cookie", json!({"SESSION_COOKIE_HTTPONLY": false})),
        ("requests of other sites carry", json!({"SESSION_COOKIE_SAMESITE": "None"})),
        ("neighbours on the same domain", json!({"SESSION_COOKIE_NAME": "sid"})),
        ("pages that depend on the session", json!({"SESSION_CACHE_CONTROL": ""})),
        ("browsers refuse a __Host- cookie", json!({"SESSION_COOKIE_PATH": "/app"})),
        ("plain HTTP is answered", json!({"FORCE_HTTPS": false})),
        ("browsers are not told to use HTTPS", json!({"STRICT_TRANSPORT_SECURITY": false})),
        ("browsers forget soon", json!({"STRICT_TRANSPORT_SECURITY_MAX_AGE": 3600})),
        ("other sites are told the whole URL", json!({"REFERRER_POLICY": null})),
        ("other sites are told the whole URL", json!({"REFERRER_POLICY": "unsafe-url"})),
        ("browsers guess the types of files", json!({"X_CONTENT_TYPE_OPTIONS": false})),
        ("windows of other sites", json!({"CROSS_ORIGIN_OPENER_POLICY": null})),
        ("other sites can embed", json!({"CROSS_ORIGIN_RESOURCE_POLICY": false})),
        ("scripts of anybody run in the pages", json!({"CONTENT_SECURITY_POLICY": null})),
        (
            "is only reported about",
            json!({"CONTENT_SECURITY_POLICY_REPORT_ONLY": true, "CONTENT_SECURITY_POLICY_REPORT_URI": "/csp"}),
        ),
        (
            "('unsafe-inline'): use csp_nonce()",
            json!({"CONTENT_SECURITY_POLICY_NONCE_IN": [], "CONTENT_SECURITY_POLICY": policy("script-src 'self' 'unsafe-inline'")}),
        ),
        ("('unsafe-eval')", json!({"CONTENT_SECURITY_POLICY": policy("script-src 'self' 'unsafe-eval'")})),
        (
            "name the hosts in script-src",
            json!({"CONTENT_SECURITY_POLICY": policy("script-src 'self' https:")}),
        ),
        ("name the hosts in script-src", json!({"CONTENT_SECURITY_POLICY": policy("script-src *")})),
        (
            "take it out of style-src",
            json!({"CONTENT_SECURITY_POLICY_NONCE_IN": ["script-src"], "CONTENT_SECURITY_POLICY": policy("style-src 'unsafe-inline'")}),
        ),
        ("lets plug-ins run", json!({"CONTENT_SECURITY_POLICY": policy("object-src *")})),
        (
            "be given another base",
            json!({"CONTENT_SECURITY_POLICY": "default-src 'none'; form-action 'self'"}),
        ),
        (
            "lets forms be sent to anybody",
            json!({"CONTENT_SECURITY_POLICY": "default-src 'none'; base-uri 'self'"}),
        ),
        ("unsafe requests of other sites", json!({"CSRF_CHECK": false})),
        ("CSRF_TRUSTED_ORIGINS trusts pages", json!({"CSRF_TRUSTED_ORIGINS": ["http://a.example"]})),
        ("WEBSOCKET_ORIGINS trusts pages", json!({"WEBSOCKET_ORIGINS": ["*"]})),
        ("MAX_CONTENT_LENGTH is null", json!({"MAX_CONTENT_LENGTH": null})),
        ("MAX_FORM_MEMORY_SIZE is null", json!({"MAX_FORM_MEMORY_SIZE": null})),
        ("MAX_FORM_PARTS is null", json!({"MAX_FORM_PARTS": null})),
        ("MAX_ARGS is null", json!({"MAX_ARGS": null})),
        ("MAX_PATH_LENGTH is null", json!({"MAX_PATH_LENGTH": null})),
        ("MAX_SPOOL_SIZE is null", json!({"MAX_SPOOL_SIZE": null})),
    ];
    assert_eq!(found(hardened()), [""; 0]);
    for (sentence, change) in cases {
        if sentence.starts_with("WEBSOCKET") && !cfg!(feature = "websocket") {
            continue;
        }
        let mut app = hardened();
        app.config().from_mapping(change);
        if app.config().contains_key("PROXIES") {
            app.proxy_fix(ProxyFix::new().x_for(1));
        }
        let found = found(app);
        assert_eq!(found.len(), 1, "{sentence}: {found:#?}");
        assert!(found[0].contains(sentence), "{sentence} is not in {:?}", found[0]);
        assert!(!found[0].contains(KEY) && !found[0].contains("aB3xY9qLm2Zk"), "{}", found[0]);
    }
}

/// The hardened policy with one directive in place of its own.
fn policy(directive: &str) -> String {
    let (name, sources) = directive.split_once(' ').unwrap();
    let policy =
        "default-src 'none'; base-uri 'self'; form-action 'self'; script-src 'self'; style-src 'self'";
    Csp::from(policy).set(name, sources).to_string()
}

#[test]
fn an_app_without_the_profile_is_told_what_it_lacks() {
    let mut app = App::new("plain");
    app.config().set("SECRET_KEY", KEY);
    let found = found(app);
    for sentence in [
        "TRUSTED_HOSTS is not set",
        "the session cookie goes over plain HTTP",
        "requests of other sites carry the session cookie",
        "neighbours on the same domain",
        "pages that depend on the session",
        "no security headers are sent: set HARDENED, or register security::SecurityHeaders",
    ] {
        assert!(found.iter().any(|found| found.contains(sentence)), "{sentence} is not in {found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
    let mut framed = hardened();
    framed.ext(SecurityHeaders::new(
        HeaderPolicy::hardened()
            .frame_options(None)
            .change_content_security_policy(|csp| csp.remove("frame-ancestors")),
    ));
    assert!(self::found(framed)[0].contains("may frame this one's"));
    let mut domain = hardened();
    domain.config().set("INTEROP", true).set("SESSION_COOKIE_DOMAIN", "shop.example");
    assert_eq!(self::found(domain).len(), 1);
}

/// An extension with an opinion.
struct Cautious;

impl Extension for Cautious {
    fn name(&self) -> &'static str {
        "Cautious"
    }

    fn check_deploy<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move { vec![format!("{} lacks a fence: build one", app.name())] })
    }
}

#[test]
fn extensions_have_a_word_and_the_command_fails_when_there_is_one() {
    let mut app = hardened();
    app.ext(Cautious).ext(Csrf::new());
    app.config().set("WTF_CSRF_ENABLED", false).set("WTF_CSRF_SECRET_KEY", "dev");
    let csrf = found(app);
    assert_eq!(csrf.len(), 3, "{csrf:#?}");
    assert_eq!(csrf[0], "Cautious: deployed lacks a fence: build one");
    assert!(csrf[1].starts_with("Csrf: WTF_CSRF_ENABLED is off"));
    assert!(csrf[2].starts_with("Csrf: WTF_CSRF_SECRET_KEY is one that everybody knows"));
    let mut app = hardened();
    app.ext(Cautious);
    let ended = app.test_cli_runner().invoke(["check", "--deploy"]);
    // The runner tests, and that is a finding.
    assert_eq!(ended.exit_code, 1);
    assert!(ended.output.contains("- Cautious: deployed lacks a fence: build one\n"), "{}", ended.output);
    assert!(ended.output.ends_with("Error: 2 problems found\n"), "{}", ended.output);
    let mut app = hardened();
    app.ext(Cautious);
    assert_eq!(app.test_cli_runner().invoke(["check"]).exit_code, 0);
}

#[test]
fn a_template_that_prints_into_an_attribute_without_quotation_marks_is_a_finding() {
    let folder = carboy_testkit::Folder::new();
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).unwrap();
    let page = "<p class=\"{{ good }}\">\n<p title={{ name }}>";
    std::fs::write(templates.join("page.html"), page).unwrap();
    std::fs::write(templates.join("mail.txt"), page).unwrap();
    let mut app = hardened();
    app.root_path(folder.path());
    let found = found(app);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("\"title\" has no quotation marks around it (page.html, line 2)"), "{found:?}");
    assert!(found[0].ends_with("Write title=\"{{ … }}\""), "{found:?}");
}

#[test]
#[cfg(unix)]
fn a_key_that_others_can_read_is_a_finding() {
    use std::os::unix::fs::PermissionsExt;
    let folder = carboy_testkit::Folder::new();
    let mut app = App::new("deployed");
    app.set_instance_path(folder.path());
    app.config().set("HARDENED", true).set("TRUSTED_HOSTS", ["shop.example"]);
    app.secret_key_file();
    let service = app.build().unwrap();
    assert_eq!(check_deploy(&service), [""; 0]);
    let file = folder.path().join("secret_key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = check_deploy(&service);
    assert!(found.len() == 1 && found[0].contains("can be read by others"), "{found:?}");
}
