//! The patterns of Flask's documentation, each as a small app.

use carboy::{
    Context, FromContext, Html, SendFile, SetCookie, StatusCode, prelude::*,
    security::signing::UrlSafeSerializer, send_from_directory, testing::TestClient,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name =
            format!("carboy-patterns-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

mod factories {
    use super::*;

    #[route("/")]
    fn name() -> carboy::Result<String> {
        Ok(current_app().config().require("GREETING")?)
    }

    fn pages() -> Blueprint {
        let mut pages = Blueprint::new("pages");
        pages.routes(routes![name]);
        pages
    }

    fn create_app(greeting: &str) -> App {
        let mut app = App::new("factory");
        app.config().set("GREETING", greeting).set("SECRET_KEY", greeting);
        app.register(pages());
        app
    }

    #[test]
    fn an_app_factory_makes_apps_with_their_own_settings() {
        let (one, two) = (create_app("one").test_client(), create_app("two").test_client());
        assert_eq!((one.get("/").send().text(), two.get("/").send().text()), ("one".into(), "two".into()));
    }
}

mod dispatching {
    use super::*;

    fn site(name: &'static str) -> App {
        let mut app = App::new(name);
        app.add_url_rule(
            "/",
            "index",
            carboy::view::view(move |_: carboy::view::Args| {
                format!("{name} at {}{}", request().script_root(), request().path())
            }),
            Default::default(),
        );
        app
    }

    #[test]
    fn an_app_is_mounted_below_a_path_of_another() {
        let mut app = site("front");
        app.mount("/backend", site("backend").build().unwrap());
        let client = app.test_client();
        assert_eq!(client.get("/").send().text(), "front at /");
        assert_eq!(client.get("/backend/").send().text(), "backend at /backend/");
        assert_eq!(client.get("/backendless").send().status(), 404);
    }

    #[test]
    fn each_subdomain_has_an_app_of_its_own() {
        let sites = Arc::new(std::sync::Mutex::new(std::collections::HashMap::new()));
        let mut app = App::new("dispatcher");
        app.config().set("SERVER_NAME", "example.com");
        app.middleware(move |request: Request, _: Next| {
            let sites = sites.clone();
            async move {
                let name = request.host().strip_suffix(".example.com").map(str::to_owned);
                let site = match name.as_deref() {
                    Some("ann" | "bo") => sites
                        .lock()
                        .unwrap()
                        .entry(name.unwrap())
                        .or_insert_with_key(|name| {
                            site(String::leak(format!("site of {name}"))).build().unwrap()
                        })
                        .clone(),
                    _ => return HttpError::from_code(404).unwrap().to_response(),
                };
                carboy::Service::call(&site, request).await
            }
        });
        let client = app.test_client();
        let ask = |host: &str| client.get("/").base_url(&format!("http://{host}")).send();
        assert_eq!(ask("ann.example.com").text(), "site of ann at /");
        assert_eq!(ask("bo.example.com").text(), "site of bo at /");
        assert_eq!(ask("example.com").status(), 404);
    }
}

mod decorators {
    use super::*;

    /// Flask's `login_required`: an argument instead of a decorator.
    struct User(String);

    impl FromContext for User {
        fn from_context(_: &Arc<Context>) -> carboy::Result<Self> {
            match session().get::<String>("user") {
                Some(name) => Ok(User(name)),
                None => {
                    let login = url_for("login", [("next", request().full_path())]);
                    abort(redirect(login).into_response()?)
                }
            }
        }
    }

    #[route("/secret")]
    fn secret(user: User) -> String {
        format!("for {} alone", user.0)
    }

    #[route("/login", methods = ["GET", "POST"])]
    fn login() -> carboy::Result {
        if request().method() == "GET" {
            return "who?".into_response();
        }
        session().set("user", request().form().get_required::<String>("user")?);
        redirect(request().args().get::<String>("next").unwrap_or_else(|| "/".to_owned())).into_response()
    }

    #[test]
    fn a_view_that_needs_a_login_sends_the_visitor_there_and_back() {
        let mut app = App::new("login");
        app.config().set("SECRET_KEY", "dev");
        app.routes(routes![secret, login]);
        let client = app.test_client();
        let response = client.get("/secret").send();
        assert_eq!((response.status().as_u16(), response.location()), (302, Some("/login?next=/secret?")));
        let response = client
            .post("/login")
            .query([("next", "/secret")])
            .form([("user", "ann")])
            .follow_redirects()
            .send();
        assert_eq!(response.text(), "for ann alone");
    }

    /// Flask's `cached`: what wraps a view is a function around it.
    fn cached<R: IntoResponse>(
        make: impl Fn() -> R + Send + Sync,
    ) -> impl Fn() -> carboy::Result + Send + Sync {
        let kept = std::sync::Mutex::new(std::collections::HashMap::<String, Vec<u8>>::new());
        move || {
            let key = request().full_path();
            if let Some(body) = kept.lock().unwrap().get(&key) {
                return body.clone().into_response();
            }
            let response = make().into_response()?;
            kept.lock().unwrap().insert(key, response.data().unwrap_or_default().to_vec());
            Ok(response)
        }
    }

    #[test]
    fn a_cached_view_runs_once_for_each_url() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let view = cached(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            format!("made for {}", request().query_string())
        });
        let mut app = App::new("cache");
        let view = carboy::view::view(move |_: carboy::view::Args| view());
        app.add_url_rule("/latest", "latest", view, Default::default());
        let client = app.test_client();
        for (path, body) in
            [("/latest?a", "made for a"), ("/latest?a", "made for a"), ("/latest?b", "made for b")]
        {
            assert_eq!(client.get(path).send().text(), body);
        }
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }
}

mod uploads {
    use super::*;

    fn folder() -> PathBuf {
        current_app().config().require::<PathBuf>("UPLOAD_FOLDER").unwrap()
    }

    fn allowed(name: &str) -> bool {
        Path::new(name)
            .extension()
            .is_some_and(|extension| ["txt", "png"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
    }

    #[route("/", methods = ["GET", "POST"])]
    fn upload() -> carboy::Result {
        if request().method() == "POST" {
            match request().files().get("file") {
                None => flash("No file part", "error"),
                Some(file) if file.is_empty() => flash("No selected file", "error"),
                Some(file) if allowed(file.filename()) => {
                    let name = carboy::secure_filename(file.filename());
                    file.save(folder().join(&name))?;
                    return redirect(url_for!(download, name = name)).into_response();
                }
                Some(_) => flash("Not that kind of file", "error"),
            }
            return redirect(url_for!(upload)).into_response();
        }
        carboy::render_template_string(
            "{% for message in get_flashed_messages() %}{{ message }}{% endfor %}<form method=post enctype=multipart/form-data>",
            (),
        )?
        .into_response()
    }

    #[route("/uploads/<name>")]
    fn download(name: String) -> carboy::Result {
        send_from_directory(folder(), &name)
    }

    fn client(folder: &Folder) -> TestClient {
        let mut app = App::new("uploads");
        app.config().set("SECRET_KEY", "dev").set("UPLOAD_FOLDER", &folder.0).set("MAX_CONTENT_LENGTH", 2000);
        app.routes(routes![upload, download]);
        app.test_client()
    }

    #[test]
    fn an_upload_is_kept_under_a_harmless_name_and_sent_again() {
        let folder = Folder::new();
        let client = client(&folder);
        let response =
            client.post("/").file("file", "../../my notes.txt", "text/plain", *b"some notes").send();
        assert_eq!(response.location(), Some("/uploads/my_notes.txt"));
        let response = client.get("/uploads/my_notes.txt").send();
        assert_eq!(
            (response.text().as_str(), response.header("content-type")),
            ("some notes", Some("text/plain; charset=utf-8"))
        );
        assert_eq!(fs::read(folder.0.join("my_notes.txt")).unwrap(), b"some notes");
    }

    #[test]
    fn what_is_no_upload_is_said_on_the_form() {
        let folder = Folder::new();
        let client = client(&folder);
        let say = |request: carboy::testing::RequestBuilder| {
            let text = request.follow_redirects().send().text();
            text.split('<').next().unwrap().to_owned()
        };
        assert_eq!(say(client.post("/").form([("other", "x")])), "No file part");
        assert_eq!(say(client.post("/").file("file", "", "text/plain", *b"")), "No selected file");
        assert_eq!(
            say(client.post("/").file("file", "run.sh", "text/plain", *b"rm")),
            "Not that kind of file"
        );
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn an_upload_that_is_too_large_is_refused() {
        let folder = Folder::new();
        let response = client(&folder).post("/").file("file", "a.txt", "text/plain", vec![b'x'; 3000]).send();
        assert_eq!(response.status(), 413);
    }
}

mod streaming {
    use super::*;

    #[route("/large.csv")]
    fn large() -> carboy::Result {
        let rows = stream::iter(0..3).map(|n| Ok::<_, std::io::Error>(format!("{n},{}\n", n * n)));
        let mut response = Response::stream(rows);
        response.set_mimetype("text/csv")?;
        Ok(response)
    }

    #[route("/stream")]
    fn with_context() -> Response {
        let parts = stream::iter(["Hello ", "?", "!"]).map(|part| {
            let name = || request().args().get::<String>("name").unwrap_or_default();
            Ok::<_, std::io::Error>(if part == "?" { name() } else { part.to_owned() })
        });
        Response::stream(carboy::stream_with_context(parts))
    }

    #[route("/timeline")]
    fn timeline() -> carboy::Result {
        carboy::stream_template_string("{% for n in range(3) %}<p>{{ n }}{% endfor %}", ())
    }

    #[test]
    fn rows_pages_and_texts_of_the_request_are_streamed() {
        let mut app = App::new("streams");
        app.routes(routes![large, with_context, timeline]);
        let client = app.test_client();
        let mut response = client.get("/large.csv").send_streaming();
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(response.chunk().unwrap(), "0,0\n");
        assert_eq!(response.chunk().unwrap(), "1,1\n");
        assert_eq!(client.get("/stream?name=Ann").send().text(), "Hello Ann!");
        assert_eq!(client.get("/timeline").send().text(), "<p>0<p>1<p>2");
    }
}

mod errors_as_json {
    use super::*;

    /// An error of the API with more to say.
    #[derive(Debug)]
    struct InvalidApiUsage {
        message: &'static str,
        status: u16,
        payload: Value,
    }

    impl fmt::Display for InvalidApiUsage {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.message)
        }
    }

    impl std::error::Error for InvalidApiUsage {}

    #[route("/api/user")]
    fn user() -> carboy::Result<Value> {
        match request().args().get_str("user_id") {
            None => Err(InvalidApiUsage {
                message: "No user id provided!",
                status: 400,
                payload: json!({ "field": "user_id" }),
            }
            .into()),
            Some("1") => Ok(json!({ "name": "ann" })),
            Some(_) => abort((404u16, "No such user!")),
        }
    }

    #[route("/boom")]
    fn boom() -> carboy::Result<String> {
        Err(fmt::Error.into())
    }

    fn client() -> TestClient {
        let mut app = App::new("api");
        // As in production: in a test an error nobody handles fails the test.
        app.config().set("PROPAGATE_EXCEPTIONS", false);
        app.routes(routes![user, boom]);
        app.errorhandler_for(|error: carboy::Caught<HttpError>| {
            let code = error.status().as_u16();
            (json!({ "code": code, "name": error.name(), "description": error.description() }), code)
        });
        app.errorhandler_for(|error: carboy::Caught<InvalidApiUsage>| {
            let mut body = error.payload.clone();
            body["message"] = error.message.into();
            (body, error.status)
        });
        app.test_client()
    }

    #[test]
    fn every_error_page_of_an_api_is_json() {
        let client = client();
        for (path, status, name) in [("/nowhere", 404, "Not Found"), ("/boom", 500, "Internal Server Error")]
        {
            let response = client.get(path).send();
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(
                response.header("content-type"),
                Some("application/json"),
                "{path}: {}",
                response.text()
            );
            assert_eq!(response.json::<Value>()["name"], name);
        }
        let response = client.post("/api/user").send();
        assert_eq!((response.status().as_u16(), response.json::<Value>()["code"].clone()), (405, json!(405)));
        let response = client.get("/api/user?user_id=2").send();
        assert_eq!(
            response.json::<Value>(),
            json!({ "code": 404, "name": "Not Found", "description": "No such user!" })
        );
    }

    #[test]
    fn an_error_of_the_apps_own_brings_its_payload() {
        let client = client();
        let response = client.get("/api/user").send();
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.json::<Value>(),
            json!({ "field": "user_id", "message": "No user id provided!" })
        );
        assert_eq!(client.get("/api/user?user_id=1").send().json::<Value>(), json!({ "name": "ann" }));
    }
}

mod method_overrides {
    use super::*;
    use carboy::Method;

    async fn override_method(mut request: Request, next: Next) -> Response {
        const ALLOWED: [Method; 7] = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::DELETE,
            Method::PUT,
            Method::PATCH,
            Method::OPTIONS,
        ];
        let asked = request.header("x-http-method-override").map(|name| name.to_ascii_uppercase());
        if let Some(method) = ALLOWED.into_iter().find(|method| Some(method.as_str()) == asked.as_deref()) {
            request.set_method(method);
        }
        next.run(request).await
    }

    #[route("/item", methods = ["DELETE"])]
    fn delete() -> String {
        format!("{} done", request().method())
    }

    #[test]
    fn a_header_field_overrides_the_method_before_the_rules_are_asked() {
        let mut app = App::new("override");
        app.routes(routes![delete]).middleware(override_method);
        let client = app.test_client();
        assert_eq!(client.post("/item").send().status(), 405);
        let overridden = |method: &str| client.post("/item").header("X-HTTP-Method-Override", method).send();
        assert_eq!(overridden("delete").text(), "DELETE done");
        assert_eq!(overridden("TRACE").status(), 405);
    }
}

mod deferred_callbacks {
    use super::*;

    /// Guesses the language at the first visit, and remembers it when the response is made.
    fn detect_language() {
        let language = match request().cookie("user_lang") {
            Some(language) => language,
            None => {
                let guess = request().accept_languages().best_match(&["en", "de"]).unwrap_or("en").to_owned();
                let cookie = SetCookie::new("user_lang", &guess);
                after_this_request(move |mut response: Response| -> carboy::Result {
                    response.set_cookie(cookie)?;
                    Ok(response)
                });
                guess
            }
        };
        g().set("language", language);
    }

    #[route("/")]
    fn index() -> Option<String> {
        g().get("language")
    }

    #[test]
    fn a_function_of_this_request_alone_changes_its_response() {
        let mut app = App::new("deferred");
        app.routes(routes![index]).before_request(detect_language);
        let client = app.test_client();
        let response = client.get("/").header("accept-language", "de, en;q=0.5").send();
        assert_eq!(response.text(), "de");
        assert_eq!(response.header("set-cookie"), Some("user_lang=de; Path=/"));
        let response = client.get("/").header("accept-language", "en").send();
        assert_eq!((response.text().as_str(), response.header("set-cookie")), ("de", None));
    }
}

mod single_page_apps {
    use super::*;

    #[route("/heartbeat")]
    fn heartbeat() -> Value {
        json!({ "status": "healthy" })
    }

    #[route("/", defaults(_path = ""))]
    #[route("/<path:_path>")]
    fn catch_all(_path: String) -> carboy::Result {
        carboy::send_file("app/index.html")
    }

    #[test]
    fn every_path_that_nothing_else_takes_is_the_page() {
        let folder = Folder::new();
        folder.put("app/index.html", "<title>The page</title>").put("app/main.js", "let page");
        let mut app = App::new("spa");
        app.root_path(&folder.0).static_folder("app").static_url_path("/app");
        app.routes(routes![heartbeat, catch_all]);
        let client = app.test_client();
        for path in ["/", "/about", "/deep/er"] {
            let response = client.get(path).send();
            assert_eq!(response.text(), "<title>The page</title>", "{path}");
            assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
        }
        assert_eq!(client.get("/heartbeat").send().json::<Value>(), json!({ "status": "healthy" }));
        assert_eq!(client.get("/app/main.js").send().text(), "let page");
        assert_eq!(client.get("/app/missing.js").send().status(), 404);
    }
}

mod favicons {
    use super::*;

    #[route("/favicon.ico")]
    fn favicon() -> carboy::Result {
        SendFile::new("static/favicon.ico").mimetype("image/vnd.microsoft.icon").send()
    }

    #[test]
    fn the_icon_is_where_old_browsers_look_and_its_link_leads_to_the_static_file() {
        let folder = Folder::new();
        folder.put("static/favicon.ico", [0, 0, 1, 0]);
        let mut app = App::new("icon");
        app.root_path(&folder.0).routes(routes![favicon]);
        let client = app.test_client();
        let response = client.get("/favicon.ico").send();
        assert_eq!(response.header("content-type"), Some("image/vnd.microsoft.icon"));
        assert_eq!(response.data(), [0, 0, 1, 0]);
        let link = response.in_context(|| url_for("static", [("filename", "favicon.ico")]));
        assert_eq!(link, "/static/favicon.ico");
        assert_eq!(client.get(&link).send().data(), [0, 0, 1, 0]);
    }
}

mod url_processors {
    use super::*;

    #[route("/about", outer(lang_code))]
    fn about(lang_code: String) -> String {
        format!("{lang_code} {}", url_for(".about", ()))
    }

    #[test]
    fn a_language_in_the_prefix_is_taken_from_the_url_and_put_into_every_link() {
        let mut pages = Blueprint::new("pages");
        pages.url_prefix("/<lang_code>").routes(routes![about]);
        pages.url_value_preprocessor(|_, values| {
            if let Some(code) = values.get("lang_code") {
                g().set("lang_code", code.to_string());
            }
        });
        pages.url_defaults(|_, values| {
            if let Some(code) = g().get::<String>("lang_code").filter(|_| !values.contains("lang_code")) {
                values.insert("lang_code", code);
            }
        });
        let mut app = App::new("languages");
        app.register(pages);
        let client = app.test_client();
        assert_eq!(client.get("/de/about").send().text(), "de /de/about");
        assert_eq!(client.get("/en/about").send().text(), "en /en/about");
    }
}

mod signed_links {
    use super::*;

    #[route("/unsubscribe/<token>")]
    fn unsubscribe(token: String) -> carboy::Result<Html> {
        let key: String = current_app().config().require("SECRET_KEY")?;
        let serializer = UrlSafeSerializer::new(key.as_str()).with_salt("unsubscribe");
        let user = serializer.loads::<u64>(&token).or_abort(StatusCode::NOT_FOUND)?;
        Ok(Html(format!("Goodbye, {user}")))
    }

    #[test]
    fn a_signed_link_is_good_and_a_changed_one_is_not_found() {
        let mut app = App::new("links");
        app.config().set("SECRET_KEY", "dev");
        app.routes(routes![unsubscribe]);
        let client = app.test_client();
        let token = UrlSafeSerializer::new("dev").with_salt("unsubscribe").dumps(&7).unwrap();
        assert_eq!(client.get(&format!("/unsubscribe/{token}")).send().text(), "Goodbye, 7");
        assert_eq!(client.get(&format!("/unsubscribe/{token}x")).send().status(), 404);
    }
}
