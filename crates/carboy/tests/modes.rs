//! The modes of an app, its secret key, and what is refused by default.

use carboy::{Config, prelude::*};

#[route("/", methods = ["GET", "POST", "PUT", "PATCH", "DELETE"])]
fn index() -> &'static str {
    "ok"
}

#[route("/keep", methods = ["GET", "POST"])]
fn keep() -> String {
    session().set("n", 1);
    "kept".to_owned()
}

#[route("/external")]
fn external() -> String {
    url_for!(index; _external = true)
}

#[route("/sub/")]
fn branch() -> &'static str {
    "branch"
}

fn app(configure: impl FnOnce(&mut Config)) -> App {
    let mut app = App::new("modes");
    configure(app.config());
    app.routes(routes![index, keep, external, branch]);
    app
}

#[test]
fn unsafe_requests_from_other_sites_are_refused() {
    let client = app(|_| {}).test_client();
    let cases: [(&[(&str, &str)], u16); 9] = [
        (&[], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", "http://localhost")], 200),
        (&[("origin", "http://localhost:80")], 200),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
    ];
    for (headers, status) in cases {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let mut request = client.open(method.parse().unwrap(), "/");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            assert_eq!(request.send().status(), status, "{method} {headers:?}");
        }
        let mut request = client.get("/");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(request.send().status(), 200, "GET {headers:?}");
    }
    let cross = client.post("/nowhere").header("sec-fetch-site", "cross-site").send();
    assert_eq!(cross.status(), 404);
}

#[test]
fn the_cross_site_check_knows_trusted_origins_and_can_be_switched_off() {
    let client = app(|config| {
        config.set("CSRF_TRUSTED_ORIGINS", ["https://app.example"]);
    })
    .test_client();
    let from = |origin: &str| {
        client
            .post("/")
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
            .send()
            .status()
            .as_u16()
    };
    assert_eq!((from("https://app.example"), from("https://other.example")), (200, 403));
    let client = app(|config| {
        config.set("CSRF_CHECK", false);
    })
    .test_client();
    assert_eq!(client.post("/").header("sec-fetch-site", "cross-site").send().status(), 200);
}

#[test]
fn without_a_secret_key_reading_works_and_writing_says_flasks_sentence() {
    let client = app(|_| {}).test_client();
    assert_eq!(client.get("/").send().status(), 200);
    let failed =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.get("/keep").send())).unwrap_err();
    let sentence = failed.downcast_ref::<String>().unwrap();
    assert!(
        sentence.contains(
            "The session is unavailable because no secret key was set.  Set the secret_key on the application to something \
             unique and secret."
        ),
        "{sentence}"
    );
    assert_eq!(client.propagate_errors(false).get("/keep").send().status(), 500);
}

#[test]
fn a_hardened_app_needs_trusted_hosts_and_sends_the_header_fields() {
    let mut unnamed = app(|config| {
        config.set("HARDENED", true);
    });
    assert!(unnamed.build().err().unwrap().to_string().contains("HARDENED needs TRUSTED_HOSTS"));
    let client = app(|config| {
        config.set("HARDENED", true).set("TRUSTED_HOSTS", ["localhost"]).set("SECRET_KEY", "dev");
    })
    .test_client();
    let response = client.get("/keep").secure().send();
    let cookie = response.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-session=") && cookie.contains("; Secure; HttpOnly; Path=/; SameSite=Lax"),
        "{cookie}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("strict-transport-security", "max-age=31556926; includeSubDomains"),
    ] {
        assert_eq!(response.header(name), Some(value));
    }
    assert!(client.get("/").send().header("strict-transport-security").is_none());
    let interop = app(|config| {
        config
            .set("HARDENED", true)
            .set("INTEROP", true)
            .set("TRUSTED_HOSTS", ["localhost"])
            .set("SECRET_KEY", "dev");
    });
    let response = { interop }.test_client().get("/keep").secure().send();
    assert!(response.header("set-cookie").unwrap().starts_with("session="));
}

#[test]
fn the_session_cookie_has_flasks_name_and_flags_and_is_secure_over_https() {
    let client = app(|config| {
        config.set("SECRET_KEY", "dev");
    })
    .test_client();
    let plain = client.get("/keep").send();
    let cookie = plain.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("session=") && cookie.ends_with("; HttpOnly; Path=/"), "{cookie}");
    assert_eq!(plain.header("vary"), Some("Cookie"));
    assert!(client.get("/keep").secure().send().header("set-cookie").unwrap().contains("; Secure;"));
}

#[test]
fn a_host_that_is_not_trusted_is_refused() {
    let client = app(|config| {
        config.set("TRUSTED_HOSTS", [".shop.example"]);
    })
    .test_client();
    let status = |host: &str| client.get("/").base_url(&format!("http://{host}")).send().status().as_u16();
    assert_eq!(
        (status("shop.example"), status("WWW.Shop.Example:81"), status("evil.example")),
        (200, 200, 400)
    );
    // The page does not repeat what the client sent.
    for host in ["evil.example", "evil_host"] {
        let page = client.get("/").base_url(&format!("http://{host}")).send().text();
        assert!(page.contains("<p>The host is not trusted.</p>"), "{page}");
    }
    let external = client.get("/external").base_url("http://a.shop.example").send();
    assert_eq!(external.text(), "http://a.shop.example/");
}

#[test]
fn slash_redirects_stay_on_their_host() {
    let client = app(|_| {}).test_client();
    let response = client.get("/sub?x=1").base_url("http://evil.example").send();
    assert_eq!((response.status().as_u16(), response.location()), (308, Some("/sub/?x=1")));
    for path in [
        "//evil.example/sub",
        "/%2f%2fevil.example/sub",
        "///sub",
        "/%5cevil.example/sub",
        "/\\evil.example",
        "/%09/sub",
    ] {
        let response = client.get(path).send();
        if let Some(location) = response.location() {
            assert!(
                location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\"),
                "{location}"
            );
        }
    }
    let trusted = app(|config| {
        config.set("TRUSTED_HOSTS", ["localhost"]);
    });
    assert_eq!({ trusted }.test_client().get("/sub").send().location(), Some("http://localhost/sub/"));
}

#[test]
fn the_secret_key_of_an_instance_is_made_once_and_kept() {
    let folder = std::env::temp_dir().join(format!("carboy-key-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let key = || {
        let mut app = App::new("keyed");
        app.set_instance_path(&folder).secret_key_file();
        app.config().get::<String>("SECRET_KEY").unwrap().unwrap()
    };
    let first = key();
    assert_eq!((first.len(), key()), (64, first));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join("secret_key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn all_mistakes_of_an_app_are_reported_together() {
    #[route("/a")]
    fn twice() -> &'static str {
        "a"
    }
    let mut app = App::new("wrong");
    app.routes(routes![twice]);
    app.add_url_rule("no-slash", "x", None, Default::default());
    app.add_url_rule("/a", "twice", carboy::view::view(|_| "other"), Default::default());
    app.errorhandler(999, |_| "never");
    app.config().set("SYNC_VIEWS", "maybe");
    let mut blueprint = Blueprint::new("with.dot");
    blueprint.url_prefix("/b");
    app.register(blueprint);
    let sentence = app.build().err().unwrap().to_string();
    for part in [
        "URL rule 'no-slash' must start with a slash",
        "View function mapping is overwriting an existing endpoint function: twice",
        "'999' is not a recognized HTTP error code",
        "SYNC_VIEWS",
        "'name' may not contain a dot",
    ] {
        assert!(sentence.contains(part), "{part} is not in:\n{sentence}");
    }
}

#[test]
fn a_debug_build_is_refused_on_a_public_address_by_a_server_of_ones_own() {
    use carboy::server::{Server, ServerConfig, ServerErrorKind};
    let start = |debug: bool, mounted: bool, address: &str| {
        let mut app = App::new("shop");
        app.config().set("DEBUG", debug && !mounted).set("SECRET_KEY", "dev");
        if mounted {
            let mut inner = App::new("inner");
            inner.config().set("DEBUG", debug).set("SECRET_KEY", "dev");
            app.mount("/inner", inner.build().unwrap());
        }
        Server::new(ServerConfig::new().bind(address).workers(1)).start(app.build().unwrap())
    };
    for mounted in [false, true] {
        let error = start(true, mounted, "0.0.0.0:0").unwrap_err();
        assert_eq!(error.kind(), ServerErrorKind::Public);
        assert!(error.to_string().starts_with("debug mode shows sources and settings"), "{error}");
        start(true, mounted, "127.0.0.1:0").unwrap();
        start(false, mounted, "0.0.0.0:0").unwrap();
    }
}
