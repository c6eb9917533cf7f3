//! Layers, middleware functions, mounted services, and the app as a service in another framework.

use axum::{Router, routing::get as axum_get};
use carboy::prelude::*;
use http_body_util::BodyExt;
use std::time::Duration;
use tower::ServiceExt;
use tower_http::{
    compression::CompressionLayer, limit::RequestBodyLimitLayer, normalize_path::NormalizePathLayer,
    timeout::TimeoutLayer, trace::TraceLayer,
};

#[route("/")]
fn index() -> String {
    "index ".repeat(200)
}

#[route("/echo", methods = ["POST"])]
fn echo() -> Vec<u8> {
    request().data().to_vec()
}

#[route("/slow")]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "late"
}

#[route("/header")]
fn header() -> Option<String> {
    request().header("x-from-layer").map(|value| value.to_string())
}

#[route("/root")]
fn root() -> String {
    format!("{} {}", request().script_root(), url_for!(root))
}

fn app() -> App {
    let mut app = App::new("layered");
    app.routes(routes![index, echo, slow, header, root]);
    app
}

#[test]
fn tower_https_trace_timeout_compression_and_limit_layers_wrap_the_app() {
    let mut app = app();
    app.layer(TraceLayer::new_for_http())
        .layer(CompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(1000))
        .layer(TimeoutLayer::with_status_code(
            carboy::StatusCode::GATEWAY_TIMEOUT,
            Duration::from_millis(200),
        ));
    let client = app.test_client();
    let response = client.get("/").header("accept-encoding", "gzip").send();
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert!(response.data().len() < 200);
    assert_eq!(client.post("/echo").data("x".repeat(1000)).send().data().len(), 1000);
    assert_eq!(client.post("/echo").data("x".repeat(1001)).send().status(), 413);
    assert_eq!(client.get("/slow").send().status(), 504);
    assert_eq!(client.get("/").send().status(), 200);
}

#[test]
fn an_error_of_a_layer_goes_through_the_error_handlers() {
    let mut app = app();
    app.layer(tower::timeout::TimeoutLayer::new(Duration::from_millis(100)));
    app.errorhandler(500, |e: Error| {
        let original = e.original().map(ToString::to_string).unwrap_or_default();
        (format!("{} {original}", request().path()), 503)
    });
    let client = app.build().unwrap().test_client();
    let response = client.get("/slow").send();
    assert_eq!(response.status(), 503);
    assert_eq!(response.text(), "/slow request timed out");
}

#[test]
fn a_middleware_function_changes_requests_and_responses() {
    let mut app = app();
    app.middleware(|mut request: Request, next: Next| async move {
        request.headers_mut().insert("x-from-layer", "seen".parse().unwrap());
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-outer", "1".parse().unwrap());
        response
    });
    let client = app.test_client();
    let response = client.get("/header").send();
    assert_eq!(response.text(), "seen");
    assert_eq!(response.header("x-outer"), Some("1"));
}

#[test]
fn the_layer_added_first_is_the_innermost() {
    let mut app = app();
    for name in ["inner", "outer"] {
        app.middleware(move |request: Request, next: Next| async move {
            let mut response = next.run(request).await;
            response.headers_mut().append("x-passed", name.parse().unwrap());
            response
        });
    }
    assert_eq!(app.test_client().get("/").send().header_all("x-passed"), ["inner", "outer"]);
}

#[test]
fn a_layer_may_rewrite_the_path_before_it_is_matched() {
    let mut app = app();
    app.layer(NormalizePathLayer::trim_trailing_slash());
    assert_eq!(app.test_client().post("/echo/").data("x").send().text(), "x");
}

#[test]
fn an_axum_router_is_mounted_below_a_prefix() {
    let mut app = app();
    let router = Router::new()
        .route("/", axum_get(|| async { "axum root" }))
        .route("/hi", axum_get(|uri: http::Uri| async move { format!("axum {uri}") }));
    app.mount("/axum", router);
    app.before_request(|| -> carboy::Result<()> { Err(Error::msg("hooks do not run for a mount")) });
    let client = app.test_client();
    assert_eq!(client.get("/axum/hi?a=1").send().text(), "axum /hi?a=1");
    assert_eq!(client.get("/axum").send().text(), "axum root");
    assert_eq!(client.propagate_errors(false).get("/axumx").send().status(), 500);
}

#[test]
fn an_app_is_mounted_in_an_app_and_builds_urls_with_its_prefix() {
    let mut outer = app();
    outer.mount("/a", app().build().unwrap());
    let client = outer.test_client();
    assert_eq!(client.get("/root").send().text(), " /root");
    assert_eq!(client.get("/a/root").send().text(), "/a /a/root");
}

#[test]
fn a_fallback_answers_what_no_rule_takes() {
    let mut app = app();
    app.fallback(Router::new().fallback(|uri: http::Uri| async move { format!("elsewhere {uri}") }));
    let client = app.test_client();
    assert_eq!(client.get("/nowhere?q=1").send().text(), "elsewhere /nowhere?q=1");
    assert_eq!(client.get("/echo").send().text(), "elsewhere /echo");
    assert_eq!(client.post("/echo").data("here").send().text(), "here");
}

#[test]
fn a_fallback_answers_a_websocket_where_there_is_only_a_page_but_no_untrusted_host() {
    let mut app = app();
    app.config().set("TRUSTED_HOSTS", ["localhost"]);
    app.fallback(Router::new().fallback(|| async { "elsewhere" }));
    let client = app.test_client();
    assert_eq!(client.get("/").header("upgrade", "websocket").send().text(), "elsewhere");
    assert_eq!(client.get("http://evil.example/nowhere").send().status(), 400);
}

#[test]
fn a_fallback_has_the_static_files_that_are_not_here() {
    let root = std::env::temp_dir().join(format!("carboy-fallback-static-{}", std::process::id()));
    for folder in ["static/deep", "news"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::write(root.join("static/here.txt"), "here").unwrap();
    std::fs::write(root.join("news/here.txt"), "news here").unwrap();
    let mut app = app();
    let mut news = Blueprint::new("news");
    news.url_prefix("/news").static_folder("news");
    app.root_path(&root).register(news);
    app.fallback(Router::new().fallback(|uri: http::Uri| async move { format!("elsewhere {uri}") }));
    let client = app.test_client();
    assert_eq!(client.get("/static/here.txt").send().text(), "here");
    assert_eq!(client.get("/news/news/here.txt").send().text(), "news here");
    for path in ["/static/there.txt", "/static/deep", "/static/..%2fCargo.toml", "/news/news/there.txt"] {
        assert_eq!(client.get(path).send().text(), format!("elsewhere {path}"));
    }
    assert_eq!(client.post("/static/here.txt").send().text(), "elsewhere /static/here.txt");
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn an_error_of_the_fallback_goes_through_the_error_handlers() {
    let gone = tower::service_fn(|_: http::Request<carboy::Body>| async {
        let error = HttpError::new(carboy::StatusCode::BAD_GATEWAY);
        Err::<http::Response<carboy::Body>, carboy_http::BodyError>(error.into())
    });
    let mut app = app();
    app.fallback(gone).mount("/mounted", gone);
    app.errorhandler(502, |_: Error| (format!("{} is closed today", request().path()), 503));
    let client = app.build().unwrap().test_client();
    let answer = client.get("/shop").send();
    assert_eq!((answer.status().as_u16(), answer.text().as_str()), (503, "/shop is closed today"));
    assert_eq!(client.get("/mounted/shop").send().status(), 502);
}

#[tokio::test]
async fn the_app_is_a_service_in_an_axum_router() {
    let router = Router::new()
        .route("/axum", axum_get(|| async { "axum" }))
        .nest_service("/app", app().build().unwrap())
        .fallback_service(app().build().unwrap());
    for (path, expected) in [("/axum", "axum"), ("/root", " /root"), ("/app/header", "")] {
        let request =
            http::Request::get(path).header("host", "localhost").body(axum::body::Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body);
        if expected.is_empty() {
            assert!(text.contains("404 Not Found"), "{text}");
        } else {
            assert_eq!(text, expected);
        }
    }
}

#[tokio::test]
async fn the_test_client_is_awaited_in_async_tests() {
    let client = app().test_client();
    assert_eq!(client.post("/echo").data("async").await.text(), "async");
}

#[tokio::test]
#[should_panic(expected = "use `.await` there")]
async fn sending_in_an_async_test_says_what_to_do() {
    app().test_client().get("/").send();
}
