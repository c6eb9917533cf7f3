use carboy::{ProxyFix, prelude::*};

#[route("/", methods = ["GET", "POST"])]
fn seen() -> String {
    let request = request();
    let address = request.remote_addr().map(|address| address.to_string()).unwrap_or_default();
    format!("{address} {} {}", request.url(), url_for!(seen; _external = true))
}

fn app(proxies: Option<ProxyFix>) -> App {
    let mut app = App::new("shop");
    app.routes(routes![seen]);
    if let Some(proxies) = proxies {
        app.proxy_fix(proxies);
    }
    app
}

const FIELDS: [(&str, &str); 4] = [
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "shop.example"),
    ("X-Forwarded-Prefix", "/app"),
];

fn ask(app: &mut App, peer: &str) -> String {
    let mut request = app.test_client().get("/").remote_addr(peer.parse().unwrap());
    for (name, value) in FIELDS {
        request = request.header(name, value);
    }
    request.send().text()
}

fn all() -> ProxyFix {
    ProxyFix::new().x_host(1).x_prefix(1)
}

#[test]
fn nothing_that_a_request_says_of_proxies_is_believed_unless_somebody_said_that_they_are_there() {
    assert_eq!(ask(&mut app(None), "10.0.0.1:1"), "10.0.0.1 http://localhost/ http://localhost/");
    let through = "203.0.113.9 https://shop.example/app/ https://shop.example/app/";
    assert_eq!(ask(&mut app(Some(all())), "10.0.0.1:1"), through);
    let trusting = || all().trusted_proxies(["10.0.0.0/8"]).unwrap();
    assert_eq!(ask(&mut app(Some(trusting())), "10.0.0.1:1"), through);
    assert_eq!(
        ask(&mut app(Some(trusting())), "192.0.2.1:1"),
        "192.0.2.1 http://localhost/ http://localhost/"
    );
}

#[test]
fn whoever_runs_the_app_names_the_proxies_in_the_configuration() {
    let configured = |proxies: Option<ProxyFix>, peer| {
        let mut app = app(proxies);
        app.config().set("TRUSTED_PROXIES", ["10.0.0.0/8", "unix"]);
        ask(&mut app, peer)
    };
    assert_eq!(configured(None, "10.0.0.1:1"), "203.0.113.9 https://localhost/ https://localhost/");
    assert_eq!(configured(None, "192.0.2.1:1"), "192.0.2.1 http://localhost/ http://localhost/");
    assert_eq!(configured(Some(all()), "192.0.2.1:1"), "192.0.2.1 http://localhost/ http://localhost/");
    assert!(configured(Some(all()), "10.0.0.1:1").starts_with("203.0.113.9 https://shop.example/app/"));

    let mut app = app(None);
    app.config().set("TRUSTED_PROXIES", ["proxy.example"]);
    let error = app.build().err().unwrap().to_string();
    assert!(error.contains("TRUSTED_PROXIES: 'proxy.example' is no network: write an address"), "{error}");
}

#[test]
fn trusted_hosts_the_check_of_origins_and_layers_see_what_the_proxy_says() {
    let mut app = app(Some(all().trusted_proxies(["10.0.0.0/8"]).unwrap()));
    app.config().set("TRUSTED_HOSTS", ["shop.example"]);
    app.middleware(|request: Request, next: Next| async move {
        let client = request.remote_addr().map(|address| address.to_string()).unwrap_or_default();
        let mut response = next.run(request).await;
        response.set_header("x-client", client).unwrap();
        response
    });
    let client = app.test_client();
    let post = |peer: &str, host: &str, origin: &str| {
        let request = client.post("/").remote_addr(peer.parse().unwrap()).header("Origin", origin);
        let answer = request.header("X-Forwarded-Host", host).header("X-Forwarded-For", "203.0.113.9").send();
        (answer.status().as_u16(), answer.header("x-client").unwrap().to_owned())
    };
    let proxied = |status| (status, "203.0.113.9".to_owned());
    assert_eq!(post("10.0.0.1:1", "shop.example", "http://shop.example"), proxied(200));
    assert_eq!(post("10.0.0.1:1", "shop.example", "http://evil.example"), proxied(403));
    assert_eq!(post("10.0.0.1:1", "evil.example", "http://evil.example"), proxied(400));
    assert_eq!(post("192.0.2.1:1", "shop.example", "http://shop.example"), (400, "192.0.2.1".to_owned()));
}
