//! Setting up: the app, its configuration, rules and blueprints.

use super::{Folder, Scenes, from, get, make, mistake, on, play, says, seen};
use carboy::{
    BlueprintOptions, Config, ConvertError, Converter, Extension, RuleOptions, UrlValue,
    config::Environment,
    prelude::*,
    view::{Args, view},
};
use serde::Serialize;
use serde_json::{Value, json};

#[test]
fn apps_are_set_up_as_in_flask() {
    play("flask-app/scenes.json", SCENES);
}

const SCENES: Scenes = &[
    ("the static rule of an app", the_static_rule_of_an_app),
    ("the path of static files", the_path_of_static_files),
    ("the name of an app", the_name_of_an_app),
    ("the folder of an app", the_folder_of_an_app),
    ("the instance folder", the_instance_folder),
    ("files of the configuration", files_of_the_configuration),
    ("a file that a variable names", a_file_that_a_variable_names),
    ("an object gives its upper case attributes", an_object_gives_its_upper_case_attributes),
    ("an extension keeps its state", an_extension_keeps_its_state),
    ("switches are settings", switches_are_settings),
    ("what comes through to the client", what_comes_through_to_the_client),
    ("errors that are trapped", errors_that_are_trapped),
    ("a handler is called for a trapped error", a_handler_is_called_for_a_trapped_error),
    ("urls outside a request", urls_outside_a_request),
    ("the name of the server restricts nothing", the_name_of_the_server_restricts_nothing),
    ("templates are read again when they changed", templates_are_read_again_when_they_changed),
    ("options that nobody asked for", options_that_nobody_asked_for),
    ("a converter of ones own", a_converter_of_ones_own),
    ("a redirect of the map reaches no handler", a_redirect_of_the_map_reaches_no_handler),
    ("codes that no handler can have", codes_that_no_handler_can_have),
    ("names of views that collide", names_of_views_that_collide),
    ("short forms of route", short_forms_of_route),
    ("a view that comes after its rule", a_view_that_comes_after_its_rule),
    ("the map is walked through in order", the_map_is_walked_through_in_order),
    ("functions take part in urls", functions_take_part_in_urls),
    ("a function answers when no url can be built", a_function_answers_when_no_url_can_be_built),
    ("names that no blueprint can have", names_that_no_blueprint_can_have),
    ("names and paths in blueprints", names_and_paths_in_blueprints),
    ("an endpoint with a dot", an_endpoint_with_a_dot),
    ("a class as a view", a_class_as_a_view),
    ("a blueprint registered twice", a_blueprint_registered_twice),
    ("values for all rules of a blueprint", values_for_all_rules_of_a_blueprint),
    ("static files of a blueprint", static_files_of_a_blueprint),
    ("the app comes first with templates", the_app_comes_first_with_templates),
    ("rules for hosts and subdomains", rules_for_hosts_and_subdomains),
];

fn rules(app: &mut App) -> Value {
    rules_of(&app.build().unwrap())
}

fn rules_of(service: &carboy::AppService) -> Value {
    let rules = service.state().url_map().iter();
    rules
        .map(|rule| {
            let methods = rule.get_methods().map(|methods| methods.iter().collect::<Vec<_>>());
            json!([rule.text(), rule.get_endpoint(), methods])
        })
        .collect()
}

fn the_static_rule_of_an_app() -> Value {
    let mut none = App::new("a");
    none.no_static_folder();
    let mut named = App::new("a");
    named.static_folder("pub");
    json!([rules(&mut App::new("a")), rules(&mut none), rules(&mut named)])
}

fn the_path_of_static_files() -> Value {
    let root = Folder::new(&[("pub/a.txt", "hello")]);
    let answer = |path: Option<&str>| {
        let mut app = App::new("a");
        app.root_path(root.path()).static_folder("pub");
        if let Some(path) = path {
            app.static_url_path(path);
        }
        let service = app.build().unwrap();
        let url = service.test_request_context("/", || url_for("static", [("filename", "a.txt")]));
        json!([url, service.test_client().get(&url).send().text()])
    };
    [None, Some("/assets"), Some("/assets/"), Some("")].into_iter().map(answer).collect()
}

fn the_name_of_an_app() -> Value {
    ["shop", "shop.web"]
        .iter()
        .map(|name| App::new(name).build().unwrap().state().name().to_owned())
        .collect()
}

fn the_folder_of_an_app() -> Value {
    let root = Folder::new(&[("static/a.txt", "from the root"), ("templates/t.html", "a template")]);
    let mut app = App::new("a");
    app.root_path(root.path());
    get(&mut app, "/", "t", view(|_: Args| render_template("t.html", ())));
    let client = app.test_client();
    json!([client.get("/static/a.txt").send().text(), client.get("/").send().text()])
}

fn the_instance_folder() -> Value {
    let here = Folder::new(&[]);
    let kept = here.path().join("kept");
    let mut given = App::new("a");
    given.set_instance_path(&kept);
    let service = given.build().unwrap();
    let mut relative = App::new("a");
    relative.set_instance_path("kept");
    let sentence = from(mistake(&mut relative), "If an instance path");
    let sentence = sentence.as_str().unwrap().split(": kept").next().unwrap().to_owned() + ".";
    json!([service.state().instance_path() == kept, kept.exists(), sentence])
}

fn files_of_the_configuration() -> Value {
    let root = Folder::new(&[
        ("c.json", r#"{"WHERE": "root", "lower": 1}"#),
        ("instance/c.json", r#"{"WHERE": "instance"}"#),
    ]);
    let mut found = Vec::new();
    for relative in [false, true] {
        let mut config = Config::for_app_in("a", root.path(), Environment::of::<String, String>([]));
        config.set_instance_path(root.path().join("instance")).instance_relative(relative);
        config.from_file("c.json");
        found.push(json!([config.get_str("WHERE").unwrap(), config.contains_key("lower")]));
        config.from_file_silent("missing.json");
        found.push(json!(!config.take_errors().is_empty()));
        config.from_file("missing.json");
        let sentence = config.take_errors()[0].to_string();
        found.push(json!(format!("[Errno 2] {}", sentence.split(':').next().unwrap())));
    }
    found.into()
}

fn a_file_that_a_variable_names() -> Value {
    let root = Folder::new(&[("c.toml", "A = 1\nb = 2\n")]);
    let with = |variables: &[(&str, &str)]| {
        Config::for_app_in("a", root.path(), Environment::of(variables.iter().copied()))
    };
    let mut config = with(&[]);
    config.from_envvar("SHOP_SETTINGS");
    let missing = config.take_errors()[0].to_string()[..48].to_owned();
    config.from_envvar_silent("SHOP_SETTINGS");
    let silent = !config.take_errors().is_empty();
    let path = root.path().join("c.toml");
    let mut config = with(&[("SHOP_SETTINGS", path.to_str().unwrap())]);
    config.from_envvar("SHOP_SETTINGS");
    json!([missing, silent, config.get::<i64>("A").unwrap(), config.contains_key("b")])
}

fn an_object_gives_its_upper_case_attributes() -> Value {
    #[derive(Serialize)]
    struct Settings {
        #[serde(rename = "A1")]
        a1: i32,
        #[serde(rename = "_X")]
        x: &'static str,
        #[serde(rename = "Ab")]
        ab: i32,
        lower: i32,
        #[serde(rename = "LIST")]
        list: [i32; 2],
    }
    let mut app = App::new("a");
    app.config().from_mapping(Settings { a1: 1, x: "x", ab: 2, lower: 3, list: [1, 2] });
    let config = app.config();
    ["A1", "_X", "Ab", "lower", "LIST"]
        .iter()
        .map(|key| ((*key).to_owned(), config.value(key).cloned().unwrap_or_default()))
        .collect()
}

struct Counter(u8);
impl Extension for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }
}

fn an_extension_keeps_its_state() -> Value {
    let mut app = make();
    app.ext(Counter(7));
    get(&mut app, "/", "view", view(|_: Args| format!("value {}", ext::<Counter>().0)));
    json!(app.test_client().get("/").send().text())
}

fn switches_are_settings() -> Value {
    let settings = [(false, false, 60), (true, false, 3600), (false, true, 0)];
    let found = settings.iter().map(|(debug, testing, lifetime)| {
        let mut app = App::new("a");
        app.config()
            .set("DEBUG", debug)
            .set("TESTING", testing)
            .set("PERMANENT_SESSION_LIFETIME", lifetime)
            .set("SECRET_KEY", "k");
        let service = app.build().unwrap();
        let state = service.state();
        let lifetime = state.config().get_duration("PERMANENT_SESSION_LIFETIME").unwrap().unwrap();
        let key = state.config().get_str("SECRET_KEY").unwrap();
        json!([state.debug(), state.testing(), lifetime.as_secs(), key])
    });
    found.collect()
}

fn what_comes_through_to_the_client() -> Value {
    let mut found = Vec::new();
    for debug in [false, true] {
        for testing in [false, true] {
            for propagate in [None, Some(false), Some(true)] {
                let mut app = App::new("a");
                app.no_static_folder();
                app.config()
                    .set("DEBUG", debug)
                    .set("TESTING", testing)
                    .set("PROPAGATE_EXCEPTIONS", propagate);
                let fail = |_: Args| -> carboy::Result { Err(Error::msg("on purpose")) };
                get(&mut app, "/", "fail", view(fail));
                let client = app.build().unwrap().test_client();
                let sent = carboy_conformance::catch(|| client.get("/").send());
                found.push(sent.map_or_else(|_| json!("raised"), |r| json!(r.status().as_u16())));
            }
        }
    }
    found.into()
}

fn errors_that_are_trapped() -> Value {
    let mut found = Vec::new();
    for (key, value) in [
        ("X", false),
        ("TRAP_HTTP_EXCEPTIONS", true),
        ("TRAP_BAD_REQUEST_ERRORS", true),
        ("TRAP_BAD_REQUEST_ERRORS", false),
    ] {
        for debug in [false, true] {
            let mut app = make();
            app.config().set("DEBUG", debug).set(key, value);
            let missing = |_: Args| request().form().get_required::<String>("key").map_err(Error::from);
            on(&mut app, &["POST"], "/missing", "missing", view(missing));
            get(&mut app, "/bad", "bad", view(|_: Args| abort::<()>(400)));
            get(&mut app, "/teapot", "teapot", view(|_: Args| abort::<()>(418)));
            let client = app.build().unwrap().test_client().propagate_errors(false);
            let status = |r: carboy::testing::RequestBuilder| r.send().status().as_u16();
            found.push(json!([
                status(client.post("/missing")),
                status(client.get("/bad")),
                status(client.get("/teapot"))
            ]));
        }
    }
    found.into()
}

fn a_handler_is_called_for_a_trapped_error() -> Value {
    let mut app = make();
    app.config().set("TRAP_HTTP_EXCEPTIONS", true);
    get(&mut app, "/", "view", view(|_: Args| abort::<()>(418)));
    app.errorhandler(418, |_| ("handled", 418));
    seen(app.test_client().propagate_errors(false).get("/").send(), &[])
}

fn urls_outside_a_request() -> Value {
    let settings: [&[(&str, &str)]; 5] = [
        &[],
        &[("SERVER_NAME", "shop.example")],
        &[("SERVER_NAME", "shop.example:8000"), ("PREFERRED_URL_SCHEME", "https")],
        &[("SERVER_NAME", "shop.example"), ("APPLICATION_ROOT", "/app")],
        &[("SERVER_NAME", "shop.example"), ("APPLICATION_ROOT", "/app/")],
    ];
    let found = settings.iter().map(|settings| {
        let mut app = make();
        for (key, value) in *settings {
            app.config().set(*key, value);
        }
        get(&mut app, "/item/<int:id>", "item", says(""));
        app.build().unwrap().app_context(|| {
            let id = ("id", UrlValue::from(1));
            let urls: carboy::Result<Vec<String>> = [
                vec![id.clone()],
                vec![id.clone(), ("_external", UrlValue::from(false))],
                vec![id, ("_scheme", UrlValue::from("ftp"))],
            ]
            .into_iter()
            .map(|values| carboy::try_url_for("item", values))
            .collect();
            urls.map_or_else(|error| json!(error.to_string()), |urls| json!(urls))
        })
    });
    found.collect()
}

fn the_name_of_the_server_restricts_nothing() -> Value {
    let mut app = make();
    app.config().set("SERVER_NAME", "shop.example").set("APPLICATION_ROOT", "/app");
    let urls = |_: Args| url_for("x", ()) + " " + &url_for("x", [("_external", true)]);
    get(&mut app, "/x", "x", view(urls));
    let client = app.test_client();
    ["http://shop.example", "http://other.example:81", "https://localhost"]
        .iter()
        .map(|base| seen(client.get("/x").base_url(base).send(), &[]))
        .collect()
}

fn templates_are_read_again_when_they_changed() -> Value {
    let settings: [&[(&str, bool)]; 4] = [
        &[],
        &[("TEMPLATES_AUTO_RELOAD", true)],
        &[("DEBUG", true)],
        &[("DEBUG", true), ("TEMPLATES_AUTO_RELOAD", false)],
    ];
    let found = settings.iter().map(|settings| {
        let root = Folder::new(&[("templates/t.html", "old")]);
        let mut app = App::new("a");
        app.root_path(root.path());
        for (key, value) in *settings {
            app.config().set(*key, value);
        }
        get(&mut app, "/", "view", view(|_: Args| render_template("t.html", ())));
        let client = app.test_client();
        let first = client.get("/").send().text();
        root.write("templates/t.html", "newer");
        json!([first, client.get("/").send().text()])
    });
    found.collect()
}

fn options_that_nobody_asked_for() -> Value {
    let mut found = Vec::new();
    for default in [true, false] {
        let mut app = make();
        app.config().set("PROVIDE_AUTOMATIC_OPTIONS", default);
        get(&mut app, "/plain", "plain", says(""));
        let off = RuleOptions { provide_automatic_options: Some(false), ..RuleOptions::default() };
        app.add_url_rule("/off", "off", says(""), off);
        on(&mut app, &["OPTIONS"], "/own", "own", says("own"));
        let client = app.test_client();
        for path in ["/plain", "/off", "/own", "/none"] {
            let answer = client.options(path).send();
            let mut allow: Vec<&str> = answer.header("allow").unwrap_or("").split(", ").collect();
            allow.sort_unstable();
            found.push(json!([path, answer.status().as_u16(), allow]));
        }
    }
    found.into()
}

struct Words;

impl Converter for Words {
    fn regex(&self) -> &str {
        "[a-z+]+"
    }

    fn weight(&self) -> i32 {
        50
    }

    fn to_value(&self, text: &str) -> Result<UrlValue, ConvertError> {
        if text.contains("bad") {
            return Err(ConvertError::invalid("bad"));
        }
        Ok(text.split('+').map(UrlValue::from).collect::<Vec<_>>().into())
    }

    fn to_url(&self, value: &UrlValue) -> Result<String, ConvertError> {
        Ok(words(value).join("+"))
    }
}

fn words(value: &UrlValue) -> Vec<String> {
    match value {
        UrlValue::List(words) => words.iter().map(UrlValue::to_string).collect(),
        _ => Vec::new(),
    }
}

fn a_converter_of_ones_own() -> Value {
    let mut app = make();
    app.converter("words", Words);
    let other = |args: Args| args.get::<String>("other").map(|other| format!("other {other}"));
    get(&mut app, "/<other>", "other", view(other));
    let own = |_: Args| {
        let (_, value) = request().view_args().remove(0);
        let url = url_for("words", [("words", UrlValue::from(["x", "y"]))]);
        words(&value).join(",") + " " + &url
    };
    get(&mut app, "/<words:words>", "words", view(own));
    let client = app.test_client();
    ["/a+b", "/a", "/A", "/bad", "/a+bad", "/a/b"]
        .iter()
        .map(|path| seen(client.get(path).send(), &[]))
        .collect()
}

fn a_redirect_of_the_map_reaches_no_handler() -> Value {
    let mut app = make();
    get(&mut app, "/sub/", "sub", says("sub"));
    app.errorhandler_any(|_| ("handled", 400));
    let client = app.test_client();
    json!([client.get("/sub").send().status().as_u16(), client.get("/none").send().status().as_u16()])
}

fn codes_that_no_handler_can_have() -> Value {
    let found = [999, 308, 402, 404, 500].into_iter().map(|code| {
        let mut app = make();
        app.errorhandler(code, |_| "");
        let sentence = from(mistake(&mut app), &format!("'{code}' is"));
        json!(sentence.as_str().map(|sentence| sentence.split(':').next()))
    });
    found.collect()
}

fn names_of_views_that_collide() -> Value {
    let mut both = make();
    get(&mut both, "/a", "e", says("one"));
    both.add_url_rule("/b", "e", None, RuleOptions::default());
    let client = both.test_client();
    let mut app = make();
    get(&mut app, "/a", "e", says("one"));
    get(&mut app, "/c", "e", says("two"));
    json!([
        seen(client.get("/a").send(), &[]),
        seen(client.get("/b").send(), &[]),
        from(mistake(&mut app), "View function mapping"),
    ])
}

mod forms {
    use carboy::prelude::*;

    #[get("/x")]
    pub(super) fn get() -> &'static str {
        "get"
    }
    #[post("/x")]
    pub(super) fn post() -> &'static str {
        "post"
    }
    #[put("/x")]
    pub(super) fn put() -> &'static str {
        "put"
    }
    #[delete("/x")]
    pub(super) fn delete() -> &'static str {
        "delete"
    }
    #[patch("/x")]
    pub(super) fn patch() -> &'static str {
        "patch"
    }
    #[route("/y", methods = ["GET", "POST"])]
    pub(super) fn y() -> String {
        request().method().to_string()
    }
}

fn short_forms_of_route() -> Value {
    use forms::*;
    let mut app = make();
    app.routes(routes![get, post, put, delete, patch, y]);
    let service = app.build().unwrap();
    let client = service.test_client();
    let mut answers = Vec::new();
    for path in ["/x", "/y"] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            answers.push(seen(client.open(method.parse().unwrap(), path).send(), &[]));
        }
    }
    let methods = service.state().url_map().iter().map(|rule| {
        let mut methods: Vec<&str> = rule.get_methods().unwrap().iter().collect();
        methods.sort_unstable();
        json!(methods)
    });
    json!([answers, methods.collect::<Value>()])
}

fn a_view_that_comes_after_its_rule() -> Value {
    let mut app = make();
    app.add_url_rule("/x", "late", None, RuleOptions::default());
    let never = RuleOptions { build_only: true, ..RuleOptions::default() };
    app.add_url_rule("/other", "late", says("came late"), never);
    seen(app.test_client().get("/x").send(), &[])
}

fn the_map_is_walked_through_in_order() -> Value {
    let mut app = make();
    for name in ["zebra", "ant", "mouse"] {
        get(&mut app, &format!("/{name}/<int:id>"), name, says(""));
    }
    let service = app.build().unwrap();
    let rules = service.state().url_map().iter();
    rules
        .map(|rule| {
            let names: Vec<&str> = rule.variables().iter().map(|variable| variable.name()).collect();
            json!([rule.text(), rule.get_endpoint(), names])
        })
        .collect()
}

fn functions_take_part_in_urls() -> Value {
    let mut app = make();
    let mut site = Blueprint::new("site");
    site.url_prefix("/<lang>");
    site.url_defaults(|_, values| {
        if values.get("lang").is_none() {
            values.insert_named("lang", g().get::<String>("lang").unwrap());
        }
    });
    site.url_value_preprocessor(|_, values| {
        if let Some(lang) = values.remove("lang") {
            g().set("lang", lang.to_string());
        }
    });
    app.url_defaults(|endpoint, values| values.insert_named("from", endpoint));
    site.app_url_defaults(|_, values| {
        let from = values.remove("from").unwrap();
        values.insert_named("by", format!("site after {from}"));
    });
    let page = |args: Args| -> carboy::Result<String> {
        let id: u32 = args.get("id")?;
        let (two, fr) = (("id", UrlValue::from(2)), ("lang", UrlValue::from("fr")));
        let urls = [vec![two.clone()], vec![two, fr]].map(|values| url_for(".page", values));
        Ok(format!("{} {id} {}", g().get::<String>("lang").unwrap(), urls.join(" ")))
    };
    get(&mut site, "/page/<int:id>", "page", view(page));
    app.register(site);
    seen(app.test_client().get("/de/page/1").send(), &[])
}

fn a_function_answers_when_no_url_can_be_built() -> Value {
    let mut app = make();
    app.url_build_error_handler(|_, _, _| None);
    app.url_build_error_handler(|_, endpoint, values| {
        (endpoint == "other").then(|| format!("/elsewhere/{endpoint}?{}", values.get("a").unwrap()))
    });
    get(&mut app, "/", "index", view(|_: Args| url_for("other", [("a", 1)])));
    get(&mut app, "/b", "b", view(|_: Args| url_for("nope", ())));
    let client = app.test_client().propagate_errors(false);
    json!([seen(client.get("/").send(), &[]), client.get("/b").send().status().as_u16()])
}

fn names_that_no_blueprint_can_have() -> Value {
    let sentence = |name: &str| {
        let mut app = make();
        app.register(Blueprint::new(name));
        let sentence = from(mistake(&mut app), "'name'");
        // The name itself is told, too.
        sentence.as_str().unwrap().replace(&format!(": '{name}'"), ".")
    };
    json!([sentence(""), sentence("a.b")])
}

fn names_and_paths_in_blueprints() -> Value {
    fn here<S: Scaffold>(scaffold: &mut S, rule: &str, endpoint: &str) {
        let tell = |_: Args| {
            let request = request();
            let args: serde_json::Map<String, Value> = request
                .view_args()
                .iter()
                .map(|(name, value)| (name.clone(), json!(value.to_string().parse::<i64>().unwrap())))
                .collect();
            Json(json!([
                request.url_rule(),
                request.endpoint(),
                request.blueprint(),
                request.blueprints(),
                args
            ]))
        };
        get(scaffold, rule, endpoint, view(tell));
    }
    let (mut app, mut outer, mut inner) = (make(), Blueprint::new("outer"), Blueprint::new("inner"));
    outer.url_prefix("/outer/");
    inner.url_prefix("/inner");
    here(&mut app, "/here/<int:id>", "here");
    here(&mut outer, "/here/<int:id>", "here");
    here(&mut inner, "/here/<int:id>", "here");
    here(&mut inner, "", "bare");
    outer.register(inner);
    app.register(outer).register_at("/plain", Blueprint::new("plain"));
    let client = app.test_client();
    ["/here/1", "/outer/here/2", "/outer/inner/here/3", "/outer/inner", "/outer/inner/", "/none"]
        .iter()
        .map(|path| {
            let answer = client.get(path).send();
            if answer.status() == 200 { answer.json::<Value>() } else { Value::Null }
        })
        .collect()
}

fn an_endpoint_with_a_dot() -> Value {
    let mut app = make();
    let mut blueprint = Blueprint::new("b");
    get(&mut blueprint, "/", "a.b", says(""));
    app.register(blueprint);
    let sentence = from(mistake(&mut app), "'endpoint'");
    json!(sentence.as_str().unwrap().replace(": 'a.b'", "."))
}

/// What a class is in Flask: a value that makes the view of a rule.
struct Show {
    greeting: &'static str,
}

impl Show {
    fn dispatch_request(&self, args: &Args) -> carboy::Result<String> {
        Ok(format!("{} {} {};", self.greeting, request().method(), args.get::<String>("name")?))
    }

    fn into_view(self) -> carboy::view::View {
        view(move |args: Args| self.dispatch_request(&args).map(|text| text.repeat(2)))
    }
}

fn a_class_as_a_view() -> Value {
    let mut app = make();
    on(&mut app, &["GET", "POST"], "/hi/<name>", "hi", Show { greeting: "hi" }.into_view());
    on(&mut app, &["GET", "POST"], "/bye/<name>", "bye", Show { greeting: "bye" }.into_view());
    let service = app.build().unwrap();
    let client = service.test_client();
    let mut found = Vec::new();
    for path in ["/hi/ann", "/bye/bo"] {
        found.push(seen(client.get(path).send(), &[]));
        found.push(seen(client.post(path).send(), &[]));
    }
    found.push(json!(client.put("/hi/ann").send().status().as_u16()));
    found.push(rules_of(&service));
    found.into()
}

fn twice() -> Blueprint {
    let mut blueprint = Blueprint::new("b");
    blueprint.url_prefix("/b");
    let index = |_: Args| format!("{} {}", request().endpoint().unwrap(), url_for(".index", ()));
    get(&mut blueprint, "/", "index", view(index));
    blueprint
}

fn a_blueprint_registered_twice() -> Value {
    let mut app = make();
    app.register(twice());
    let other = BlueprintOptions {
        name: Some("b2".to_owned()),
        url_prefix: Some("/c".to_owned()),
        ..BlueprintOptions::default()
    };
    app.register_with(twice(), other);
    let client = app.test_client();
    let mut wrong = make();
    wrong.register(twice()).register(twice());
    json!([
        seen(client.get("/b/").send(), &[]),
        seen(client.get("/c/").send(), &[]),
        from(mistake(&mut wrong), "The name 'b'").as_str().unwrap().split(" Use").next().unwrap(),
    ])
}

fn values_for_all_rules_of_a_blueprint() -> Value {
    let mut app = make();
    let mut blueprint = Blueprint::new("b");
    blueprint.url_prefix("/b").url_default("lang", "en");
    let with = |name: &str, value: UrlValue| RuleOptions {
        defaults: vec![(name.to_owned(), value)],
        ..RuleOptions::default()
    };
    let lang = || view(|args: Args| args.get::<String>("lang"));
    get(&mut blueprint, "/one", "one", lang());
    let two = |args: Args| -> carboy::Result<String> {
        Ok(format!("{} {}", args.get::<String>("lang")?, args.get::<u8>("n")?))
    };
    blueprint.add_url_rule("/two", "two", view(two), with("n", 5.into()));
    blueprint.add_url_rule("/three", "three", lang(), with("lang", "fr".into()));
    app.register(blueprint);
    let client = app.test_client();
    ["/b/one", "/b/two", "/b/three"].iter().map(|path| seen(client.get(path).send(), &[])).collect()
}

fn static_files_of_a_blueprint() -> Value {
    let root = Folder::new(&[("files/a.txt", "of the blueprint"), ("static/a.txt", "of the app")]);
    let mut app = App::new("a");
    app.root_path(root.path());
    let mut blueprint = Blueprint::new("b");
    blueprint.url_prefix("/b").root_path(root.path()).static_folder("files").static_url_path("/assets");
    let links = |_: Args| [".static", "static"].map(|name| url_for(name, [("filename", "a.txt")])).join(" ");
    get(&mut blueprint, "/links", "links", view(links));
    app.register(blueprint);
    let client = app.test_client();
    ["/b/assets/a.txt", "/static/a.txt", "/b/links"]
        .iter()
        .map(|path| client.get(path).send().text())
        .collect()
}

fn the_app_comes_first_with_templates() -> Value {
    let root = Folder::new(&[
        ("templates/both.html", "app"),
        ("one/both.html", "one"),
        ("one/own.html", "own of one"),
        ("two/own.html", "own of two"),
    ]);
    let mut app = App::new("a");
    app.root_path(root.path());
    for name in ["one", "two"] {
        let mut blueprint = Blueprint::new(name);
        blueprint.root_path(root.path()).template_folder(name);
        app.register(blueprint);
    }
    let show = |args: Args| -> carboy::Result<Html> { render_template(&args.get::<String>("name")?, ()) };
    get(&mut app, "/<name>", "show", view(show));
    let client = app.test_client();
    ["/both.html", "/own.html"].iter().map(|path| client.get(path).send().text()).collect()
}

fn rules_for_hosts_and_subdomains() -> Value {
    let mut hosts = App::new("a");
    hosts.host_matching(Some("static.example"));
    let host = |name: &str| RuleOptions { host: Some(name.to_owned()), ..RuleOptions::default() };
    hosts.add_url_rule("/", "one", says("one"), host("one.example"));
    let any = |args: Args| args.get::<String>("name").map(|name| format!("any {name}"));
    hosts.add_url_rule("/", "any", view(any), host("<name>.test"));
    let mut subdomains = App::new("a");
    subdomains.no_static_folder().subdomain_matching();
    subdomains.config().set("SERVER_NAME", "shop.example");
    get(&mut subdomains, "/", "www", says("bare"));
    let user = RuleOptions { subdomain: Some("<user>".to_owned()), ..RuleOptions::default() };
    let of = |args: Args| args.get::<String>("user").map(|user| format!("of {user}"));
    subdomains.add_url_rule("/", "user", view(of), user);
    let answer = |client: &carboy::testing::TestClient, name: &str| {
        let response = client.get("/").base_url(&format!("http://{name}")).send();
        let text: String = response.text().chars().take(20).collect();
        json!([response.status().as_u16(), text])
    };
    let (hosts, subdomains) = (hosts.test_client(), subdomains.test_client());
    let mut found: Vec<Value> =
        ["one.example", "two.test", "other.example"].iter().map(|name| answer(&hosts, name)).collect();
    found.extend(["shop.example", "ann.shop.example"].iter().map(|name| answer(&subdomains, name)));
    found.into()
}
