//! What an app lacks before it faces the internet: the findings of `check --deploy`.

use super::{HeaderPolicy, SecurityHeaders};
use crate::{AppService, State, runtime, session::SessionConfig};
use carboy_http::cookie::SameSite;
use std::time::Duration;

/// What deviates from the hardened profile, one sentence each that says what to do; none when an app may face the internet.
///
/// The command `check --deploy` prints them, together with what `check` finds. A test of an app's own keeps them away:
///
/// ```
/// use carboy::{prelude::*, security::check_deploy};
///
/// let mut app = App::new("shop");
/// app.config().set("HARDENED", true).set("TRUSTED_HOSTS", ["shop.example"]);
/// app.config().set("SECRET_KEY", "0b7fd1e0b2c34a5c9e6f1a2d3c4b5a69");
/// assert_eq!(check_deploy(&app.build()?), [""; 0]);
/// # Ok::<(), carboy::Error>(())
/// ```
///
/// Looked at are the modes, the secret keys, the hosts and proxies that are trusted, the session's cookie and who may keep its pages, the header
/// fields, the check of unsafe requests, the limits of what is read, the templates (values printed into attributes without quotation marks), and [what extensions say](crate::Extension::check_deploy). The calling
/// thread waits for them.
pub fn check_deploy(service: &AppService) -> Vec<String> {
    let state = service.state();
    let mut found = Findings::default();
    modes(state, &mut found);
    keys(state, &mut found);
    places(service, &mut found);
    cookie(state.session_config(), state, &mut found);
    let headers = crate::Ext::<SecurityHeaders>::of(state);
    match headers.as_deref().and_then(SecurityHeaders::running) {
        Some(policy) => fields(policy, &mut found),
        None => {
            found.add("no security headers are sent: set HARDENED, or register security::SecurityHeaders")
        }
    }
    requests(state, &mut found);
    found.0.extend(state.templates().check_deploy());
    let (extensions, state) = (service.0.extensions.clone(), state.clone());
    found.0.extend(runtime::wait(async move {
        let mut said = Vec::new();
        for extension in &extensions {
            let findings = extension.check_deploy(&state).await;
            said.extend(findings.into_iter().map(|finding| format!("{}: {finding}", extension.name())));
        }
        said
    }));
    found.0
}

#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }

    fn when(&mut self, is_so: bool, sentence: &str) {
        if is_so {
            self.add(sentence);
        }
    }
}

fn modes(state: &State, found: &mut Findings) {
    let settings = state.settings();
    found.when(
        settings.debug,
        "DEBUG is on: its pages show sources and settings. Leave --debug and FLASK_DEBUG out",
    );
    found.when(settings.testing, "TESTING is on: errors are passed on in place of pages. Leave it out");
    found.when(
        settings.propagate_exceptions && !settings.debug && !settings.testing,
        "PROPAGATE_EXCEPTIONS is on: errors are passed on in place of pages. Leave it out",
    );
}

/// Keys of tutorials, and those that come to mind first.
const KNOWN_KEYS: [&str; 12] = [
    "dev",
    "development",
    "secret",
    "secret key",
    "secret-key",
    "changeme",
    "change me",
    "password",
    "not-so-secret",
    "you-will-never-guess",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "_5#y2L\"F4Q8z\\n\\xec]/",
];

/// How many bytes a key needs: 128 bits as hexadecimal digits.
const KEY_LENGTH: usize = 32;

/// Why somebody may guess a key, if so.
pub(super) fn weak_key(key: &[u8]) -> Option<String> {
    if KNOWN_KEYS.iter().any(|known| key.eq_ignore_ascii_case(known.as_bytes())) {
        return Some("is one that everybody knows".to_owned());
    }
    let mut seen = [false; 256];
    key.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    if seen.iter().filter(|seen| **seen).count() < 6 && !key.is_empty() {
        return Some("repeats itself".to_owned());
    }
    (key.len() < KEY_LENGTH).then(|| format!("has {} bytes, of {KEY_LENGTH} that it should have", key.len()))
}

/// What to do about a weak key.
pub(super) const NEW_KEY: &str = "Make one with `python -c 'import secrets; print(secrets.token_hex())'`, or let App::secret_key_file() do it";

fn keys(state: &State, found: &mut Findings) {
    let config = state.session_config();
    // That there is none is said by `check` itself.
    if let Some(key) = &config.secret_key
        && let Some(weak) = weak_key(key)
    {
        found.add(format!("SECRET_KEY {weak}. {NEW_KEY}"));
    }
    if let Some(weak) = config.fallbacks.iter().find_map(|key| weak_key(key)) {
        found.add(format!(
            "a key of SECRET_KEY_FALLBACKS {weak}: whoever guesses it is believed. Take it out"
        ));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = state.instance_path().join("secret_key");
        let open = std::fs::metadata(&file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
        if open {
            found.add(format!(
                "{} can be read by others: `chmod 600` it, and make another key",
                file.display()
            ));
        }
    }
}

fn places(service: &AppService, found: &mut Findings) {
    let settings = service.state().settings();
    match &settings.trusted_hosts {
        None => found.add(
            "TRUSTED_HOSTS is not set: links and redirects repeat any host that a client makes up. List the names of the site",
        ),
        Some(hosts) => {
            found.when(
                hosts.iter().any(|host| host == "*" || host.trim_matches('.').is_empty() || host == ".com"),
                "TRUSTED_HOSTS trusts every host: list the names of the site",
            );
        }
    }
    let anybody = service.0.proxies.as_ref().is_some_and(|proxies| proxies.trusted().is_none());
    found.when(
        anybody,
        "proxies are believed whoever they are: a client that reaches the app directly chooses its address. Name theirs in TRUSTED_PROXIES",
    );
    let everybody = service.0.proxies.as_ref().and_then(|proxies| proxies.trusted()).is_some_and(|trusted| {
        // Addresses of the documentation, which nobody has.
        ["192.0.2.1:1", "203.0.113.1:1", "198.51.100.1:1"]
            .iter()
            .all(|address| trusted.trusts(address.parse().ok()))
    });
    found
        .when(everybody, "TRUSTED_PROXIES holds the whole internet: name the addresses of the proxies alone");
    let metrics = service.state().config().get_str("SERVER_METRICS").ok().flatten().unwrap_or_default();
    found.when(
        metrics.starts_with("0.0.0.0:") || metrics.starts_with("[::]:"),
        "SERVER_METRICS is an address that everybody reaches: use that of this machine, or of a network of its own",
    );
}

fn cookie(config: &SessionConfig, state: &State, found: &mut Findings) {
    let interop = state.config().get_bool("INTEROP").unwrap_or(false);
    found.when(!config.secure, "the session cookie goes over plain HTTP, too: set SESSION_COOKIE_SECURE");
    found.when(!config.httponly, "scripts can read the session cookie: leave SESSION_COOKIE_HTTPONLY on");
    let lax = matches!(config.samesite, Some(SameSite::Lax | SameSite::Strict));
    found.when(
        !lax,
        "requests of other sites carry the session cookie: set SESSION_COOKIE_SAMESITE to Lax or Strict",
    );
    let prefixed = config.cookie_name.starts_with("__Host-");
    found.when(
        !prefixed && !interop,
        "neighbours on the same domain can set the session cookie: name it __Host-session in SESSION_COOKIE_NAME, or set INTEROP where \
         a Flask app reads it",
    );
    found.when(
        config.domain.is_some(),
        "the session cookie goes to all subdomains: leave SESSION_COOKIE_DOMAIN out",
    );
    found.when(
        prefixed && (config.path != "/" || config.domain.is_some() || !config.secure),
        "browsers refuse a __Host- cookie that is not secure, or has a domain or a path: the session gets lost. Leave SESSION_COOKIE_DOMAIN \
         and SESSION_COOKIE_PATH out",
    );
    found.when(
        config.cache_control.is_none(),
        "pages that depend on the session do not say that nobody may keep them: set SESSION_CACHE_CONTROL to no-store",
    );
}

/// Half a year, as hstspreload.org and Mozilla's observatory want it at least.
const HSTS_AT_LEAST: Duration = Duration::from_secs(180 * 24 * 3600);

fn fields(policy: &HeaderPolicy, found: &mut Findings) {
    found.when(!policy.force_https, "plain HTTP is answered: leave FORCE_HTTPS on");
    if !policy.hsts {
        found.add("browsers are not told to use HTTPS alone: leave STRICT_TRANSPORT_SECURITY on");
    } else {
        found.when(
            policy.hsts_max_age < HSTS_AT_LEAST,
            "browsers forget soon that the site uses HTTPS: set STRICT_TRANSPORT_SECURITY_MAX_AGE to half a year at least",
        );
    }
    content(policy, found);
    let framed = policy.frame_options.as_deref().is_some_and(|o| ["DENY", "SAMEORIGIN"].contains(&o));
    found.when(
        !framed && policy.csp.get("frame-ancestors").is_none(),
        "pages of other sites may frame this one's: set FRAME_OPTIONS, or frame-ancestors in CONTENT_SECURITY_POLICY",
    );
    found.when(
        !policy.x_content_type_options,
        "browsers guess the types of files: leave X_CONTENT_TYPE_OPTIONS on",
    );
    let leaks =
        matches!(policy.referrer_policy.as_deref(), None | Some("unsafe-url" | "no-referrer-when-downgrade"));
    found.when(leaks, "other sites are told the whole URL that a visitor comes from: set REFERRER_POLICY");
    found.when(
        policy.opener_policy.is_none(),
        "windows of other sites can reach this one's: set CROSS_ORIGIN_OPENER_POLICY to same-origin",
    );
    found.when(
        policy.resource_policy.is_none(),
        "other sites can embed what this one answers: set CROSS_ORIGIN_RESOURCE_POLICY to same-origin or same-site",
    );
}

/// The content security policy, by what it lets run.
fn content(policy: &HeaderPolicy, found: &mut Findings) {
    if policy.csp.is_empty() {
        found.add("scripts of anybody run in the pages: set CONTENT_SECURITY_POLICY");
        return;
    }
    found.when(
        policy.csp_report_only,
        "the content security policy is only reported about: switch CONTENT_SECURITY_POLICY_REPORT_ONLY off when the reports have stopped",
    );
    let of = |directive| policy.csp.get(directive).or_else(|| policy.csp.get("default-src"));
    let has = |sources: Option<&str>, wanted: &[&str]| {
        sources.is_some_and(|sources| sources.split_whitespace().any(|source| wanted.contains(&source)))
    };
    let scripts = of("script-src");
    found.when(
        scripts.is_none(),
        "the content security policy names neither script-src nor default-src: scripts of anybody run",
    );
    // A nonce beside it makes browsers ignore it.
    let nonced = policy.csp_nonce_in.iter().any(|name| {
        name == "script-src" || (name == "default-src" && policy.csp.get("script-src").is_none())
    });
    found.when(
        has(scripts, &["'unsafe-inline'"]) && !nonced,
        "the content security policy lets scripts run that somebody got into a page ('unsafe-inline'): use csp_nonce() and \
         CONTENT_SECURITY_POLICY_NONCE_IN",
    );
    found.when(
        has(scripts, &["'unsafe-eval'"]),
        "the content security policy lets text become a script ('unsafe-eval'): take it out of script-src",
    );
    found.when(
        has(scripts, &["*", "http:", "https:", "data:", "blob:"]),
        "the content security policy lets scripts of anybody run: name the hosts in script-src",
    );
    found.when(
        has(of("style-src"), &["'unsafe-inline'"]) && !policy.csp_nonce_in.iter().any(|name| name == "style-src"),
        "the content security policy lets styles be that somebody got into a page ('unsafe-inline'): take it out of style-src",
    );
    found.when(
        !has(of("object-src"), &["'none'", "'self'"]),
        "the content security policy lets plug-ins run: set object-src to 'none'",
    );
    found.when(
        policy.csp.get("base-uri").is_none(),
        "the content security policy lets a page be given another base: set base-uri to 'self'",
    );
    found.when(
        policy.csp.get("form-action").is_none(),
        "the content security policy lets forms be sent to anybody: set form-action to 'self'",
    );
}

fn requests(state: &State, found: &mut Findings) {
    let (settings, limits) = (state.settings(), &state.settings().limits);
    found.when(!settings.csrf_check, "unsafe requests of other sites are answered: leave CSRF_CHECK on");
    let plain =
        |origins: &[String]| origins.iter().any(|origin| origin == "*" || origin.starts_with("http://"));
    found.when(
        plain(&settings.csrf_trusted_origins),
        "CSRF_TRUSTED_ORIGINS trusts pages that anybody can change on their way: list origins with https alone",
    );
    #[cfg(feature = "websocket")]
    found.when(
        plain(&settings.websocket.origins),
        "WEBSOCKET_ORIGINS trusts pages of anybody: list origins with https alone",
    );
    for (key, limit) in [
        ("MAX_CONTENT_LENGTH", limits.max_content_length.map(|_| ())),
        ("MAX_FORM_MEMORY_SIZE", limits.max_form_memory_size.map(|_| ())),
        ("MAX_FORM_PARTS", limits.max_form_parts.map(|_| ())),
        ("MAX_ARGS", limits.max_args.map(|_| ())),
        ("MAX_PATH_LENGTH", limits.max_path_length.map(|_| ())),
        ("MAX_SPOOL_SIZE", limits.max_spool_size.map(|_| ())),
    ] {
        if limit.is_none() {
            found.add(format!("{key} is null: a request may be as large as it likes. Set a limit"));
        }
    }
}
