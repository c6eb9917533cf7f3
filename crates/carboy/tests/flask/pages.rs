//! Sessions, messages and templates.

use super::{Folder, Scenes, get, make, panics, play, seen};
use carboy::{
    HeaderMap, JinjaOptions, Markup, Session, escape, escape_silent, get_flashed_messages,
    get_template_attribute,
    prelude::*,
    render_template_string,
    session::{Dict, SessionConfig, SessionFuture, SessionInterface},
    stream_template, stream_template_string,
    view::{Args, View, view},
};
use carboy_http::cookie::{SetCookie, parse_cookie};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

#[test]
fn pages_are_made_as_in_flask() {
    play("flask-pages/scenes.json", SCENES);
}

const SCENES: Scenes = &[
    ("what a session says of itself", what_a_session_says_of_itself),
    ("when the answer varies by cookie", when_the_answer_varies_by_cookie),
    ("without a secret key", without_a_secret_key),
    ("an interface of ones own", an_interface_of_ones_own),
    ("messages", messages),
    ("messages after they were shown", messages_after_they_were_shown),
    ("templates by name list and text", templates_by_name_list_and_text),
    ("templates as streams", templates_as_streams),
    ("which templates escape", which_templates_escape),
    ("context processors", context_processors),
    ("templates outside of a request", templates_outside_of_a_request),
    ("filters tests and globals of ones own", filters_tests_and_globals_of_ones_own),
    ("options of the engine", options_of_the_engine),
    ("tojson", tojson),
    ("what is not there", what_is_not_there),
    ("a macro by name", a_macro_by_name),
    ("safe text", safe_text),
    ("signals of templates", signals_of_templates),
];

/// A view that renders a text.
fn page(source: &'static str) -> View {
    view(move |_: Args| render_template_string(source, ()))
}

fn what_a_session_says_of_itself() -> Value {
    let mut app = make();
    let act = |args: Args| -> carboy::Result<Json<Value>> {
        let s = session();
        let before = json!([s.is_new(), s.modified(), s.permanent()]);
        match args.get::<String>("action")?.as_str() {
            "set" => s.set("x", 1),
            "permanent" => s.set_permanent(true),
            "clear" => s.clear(),
            _ => {}
        }
        let mut keys = s.keys();
        keys.sort();
        Ok(Json(json!([before, [s.modified(), s.permanent(), keys]])))
    };
    get(&mut app, "/<action>", "act", view(act));
    let client = app.test_client();
    ["look", "set", "look", "permanent", "look", "clear", "look"]
        .iter()
        .map(|action| client.get(&format!("/{action}")).send().json::<Value>())
        .collect()
}

fn when_the_answer_varies_by_cookie() -> Value {
    let mut app = make();
    get(&mut app, "/untouched", "untouched", view(|_: Args| "x"));
    get(&mut app, "/read", "read", view(|_: Args| format!("{:?}", session().get::<u8>("x"))));
    get(&mut app, "/in", "in", view(|_: Args| session().contains("x").to_string()));
    get(&mut app, "/template", "template", page("plain"));
    get(&mut app, "/uses", "uses", page("{{ session.x }}"));
    let added = |_: Args| {
        session().set("x", 1);
        let mut response = Response::html("x");
        response.add_vary(&carboy_http::header::ACCEPT);
        response
    };
    get(&mut app, "/added", "added", view(added));
    let client = app.test_client().without_cookies();
    ["untouched", "read", "in", "template", "uses", "added"]
        .iter()
        .map(|path| json!(client.get(&format!("/{path}")).send().header("vary")))
        .collect()
}

fn without_a_secret_key() -> Value {
    let mut app = make();
    app.config().remove("SECRET_KEY");
    let read = |_: Args| {
        let x = session().get::<u8>("x").map_or("None".to_owned(), |x| x.to_string());
        format!("{x} {}", session().len())
    };
    get(&mut app, "/read", "read", view(read));
    let write = |_: Args| -> carboy::Result<&'static str> {
        session().try_set("x", 1)?;
        Ok("")
    };
    get(&mut app, "/write", "write", view(write));
    let client = app.test_client();
    let written = client.get("/write").send().status().as_u16();
    let service = client.app().clone();
    let said = service.test_request_context("/", || panics(|| session().set("x", 1)));
    json!([seen(client.get("/read").send(), &[]), written, said])
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<HashMap<String, Dict>>>);

impl SessionInterface for Kept {
    fn open(&self, _: &SessionConfig, headers: &HeaderMap) -> Session {
        let field = headers.get("cookie").map_or(&b""[..], |field| field.as_bytes());
        let key = parse_cookie(field).find(|(name, _)| name == "kept").map(|(_, value)| value.into_owned());
        let kept = self.0.lock().unwrap();
        Session::from_dict(key.and_then(|key| kept.get(&key).cloned()).unwrap_or_default())
    }

    fn refreshes_untouched(&self, _: &SessionConfig, _: &HeaderMap) -> bool {
        false
    }

    fn save<'a>(
        &'a self,
        _: &'a SessionConfig,
        session: &'a Session,
        _: bool,
        response: &'a mut Response,
    ) -> SessionFuture<'a, ()> {
        Box::pin(async move {
            if session.modified() {
                let mut kept = self.0.lock().unwrap();
                let key = format!("k{}", kept.len());
                kept.insert(key.clone(), session.to_dict());
                response.set_cookie(SetCookie::new("kept", key))?;
            }
            Ok(())
        })
    }
}

fn an_interface_of_ones_own() -> Value {
    let mut app = make();
    app.session_interface(Kept::default());
    let count = |_: Args| {
        session().set("n", session().get::<u32>("n").unwrap_or(0) + 1);
        session().get::<u32>("n").unwrap().to_string()
    };
    get(&mut app, "/", "count", view(count));
    get(&mut app, "/look", "look", view(|_: Args| session().get::<u32>("n").unwrap().to_string()));
    let client = app.test_client();
    ["/", "/look", "/", "/look"].iter().map(|path| seen(client.get(path).send(), &["set-cookie"])).collect()
}

fn messages() -> Value {
    let mut app = make();
    let add = |_: Args| {
        flash("first", "message");
        flash("second", "error");
        flash(Markup::new("<b>third</b>"), "info");
    };
    get(&mut app, "/flash", "flash", view(add));
    let sources = [
        ("plain", "{% for m in get_flashed_messages() %}{{ m }};{% endfor %}"),
        (
            "categories",
            "{% for c, m in get_flashed_messages(with_categories=true) %}{{ c }}={{ m }};{% endfor %}",
        ),
        ("filter", "{% for m in get_flashed_messages(category_filter=['error']) %}{{ m }};{% endfor %}"),
        (
            "twice",
            "{{ get_flashed_messages()|length }} {{ get_flashed_messages()|length }} {{ get_flashed_messages(category_filter=['info', 'message'])|length }}",
        ),
        (
            "both",
            "{% for c, m in get_flashed_messages(true, ['error', 'info']) %}{{ c }}={{ m }};{% endfor %}",
        ),
    ];
    for (name, source) in sources {
        get(&mut app, &format!("/{name}"), name, page(source));
    }
    let client = app.test_client();
    let mut found = Vec::new();
    for (name, _) in sources {
        client.get("/flash").send();
        found.push(seen(client.get(&format!("/{name}")).send(), &[]));
        found.push(seen(client.get("/plain").send(), &[]));
    }
    found.into()
}

fn texts(messages: Vec<(String, String)>) -> String {
    messages.into_iter().map(|(_, message)| message).collect::<Vec<_>>().join(" ")
}

fn messages_after_they_were_shown() -> Value {
    let mut app = make();
    let index = |_: Args| {
        flash("early", "message");
        let shown = texts(get_flashed_messages());
        flash("late", "message");
        format!("{shown} | {}", texts(get_flashed_messages()))
    };
    get(&mut app, "/", "index", view(index));
    get(&mut app, "/next", "next", view(|_: Args| texts(get_flashed_messages())));
    let client = app.test_client();
    ["/", "/next", "/next"].iter().map(|path| seen(client.get(path).send(), &[])).collect()
}

fn with_templates(files: &[(&str, &str)]) -> (App, Folder) {
    let folder = Folder::new(&[]);
    for (name, text) in files {
        folder.write(&format!("templates/{name}"), text);
    }
    let mut app = make();
    app.root_path(folder.path());
    (app, folder)
}

fn templates_by_name_list_and_text() -> Value {
    let (mut app, _folder) = with_templates(&[("a.html", "a {{ x }}"), ("b.html", "b {{ x }}")]);
    get(&mut app, "/name", "name", view(|_: Args| render_template("a.html", context! { x => "<1>" })));
    let list = |_: Args| render_template(["none.html", "b.html", "a.html"], context! { x => 2 });
    get(&mut app, "/list", "list", view(list));
    let text = |_: Args| render_template_string("{% include 'a.html' %} {{ x }}", context! { x => "<3>" });
    get(&mut app, "/text", "text", view(text));
    let client = app.test_client();
    ["name", "list", "text"].iter().map(|name| seen(client.get(&format!("/{name}")).send(), &[])).collect()
}

fn templates_as_streams() -> Value {
    let (mut app, _folder) =
        with_templates(&[("a.html", "{% for n in range(3) %}{{ n }} {{ request.path }};{% endfor %}")]);
    get(&mut app, "/name", "name", view(|_: Args| stream_template("a.html", ())));
    let text = |_: Args| stream_template_string("{{ x }} {{ request.path }}", context! { x => "<1>" });
    get(&mut app, "/text", "text", view(text));
    let client = app.test_client();
    ["name", "text"]
        .iter()
        .map(|name| seen(client.get(&format!("/{name}")).send(), &["content-length", "content-type"]))
        .collect()
}

fn which_templates_escape() -> Value {
    const NAMES: [&str; 11] = [
        "a.html",
        "a.htm",
        "a.xml",
        "a.xhtml",
        "a.svg",
        "a.HTML",
        "a.txt",
        "a.html.j2",
        "a",
        "a.js",
        "a.css",
    ];
    let (mut app, _folder) = with_templates(&NAMES.map(|name| (name, "{{ x }}")));
    let show = |args: Args| -> carboy::Result<Html> {
        render_template(args.get::<String>("name")?, context! { x => "<&>" })
    };
    get(&mut app, "/<name>", "show", view(show));
    let text = |_: Args| render_template_string("{{ x }}", context! { x => "<&>" });
    get(&mut app, "/text/x", "text", view(text));
    let client = app.test_client();
    NAMES
        .iter()
        .chain(&["text/x"])
        .map(|name| json!([name, client.get(&format!("/{name}")).send().text()]))
        .collect()
}

fn context_processors() -> Value {
    let (mut app, _folder) = with_templates(&[("a.html", "{{ who }} {{ own }} {{ given }} {{ inner }}")]);
    let (mut outer, mut inner) = (Blueprint::new("outer"), Blueprint::new("inner"));
    app.context_processor(|| context! { who => "app", own => "app", given => "app" });
    outer.context_processor(|| context! { who => "outer", inner => "outer" });
    inner.context_processor(|| context! { who => "inner", inner => "inner" });
    outer.app_context_processor(|| context! { own => "app by outer" });
    let show = || view(|_: Args| render_template("a.html", context! { given => "argument" }));
    get(&mut app, "/app", "show", show());
    get(&mut outer, "/outer", "show", show());
    get(&mut inner, "/inner", "show", show());
    outer.register(inner);
    app.register(outer);
    let client = app.test_client();
    ["app", "outer", "inner"].iter().map(|name| seen(client.get(&format!("/{name}")).send(), &[])).collect()
}

fn templates_outside_of_a_request() -> Value {
    let (mut app, _folder) = with_templates(&[
        ("a.html", "{{ x }} {{ config.NAME }} {{ g.y }}"),
        ("request.html", "{{ request.path }}"),
    ]);
    app.config().set("NAME", "shop");
    let service = app.build().unwrap();
    let mut found = Vec::new();
    service.app_context(|| {
        g().set("y", 2);
        found.push(json!(render_template("a.html", context! { x => 1 }).unwrap().0));
        found.push(json!(render_template("request.html", ()).is_err()));
    });
    found.push(json!(render_template("a.html", ()).is_err()));
    found.into()
}

fn filters_tests_and_globals_of_ones_own() -> Value {
    let (mut app, _folder) = with_templates(&[]);
    let mut blueprint = Blueprint::new("b");
    app.template_filter("repeat", |text: String, times: Option<usize>| text.repeat(times.unwrap_or(2)));
    app.template_test("large", |number: i64| number > 10);
    app.template_global("hello", |name: String| format!("hello {name}"));
    blueprint.app_template_filter("mirror", |text: String| text.chars().rev().collect::<String>());
    blueprint.app_template_test("palindrome", |text: String| text.chars().eq(text.chars().rev()));
    blueprint.app_template_global("seven", || 7);
    app.register(blueprint);
    let source = "{{ 'ab'|repeat }} {{ 'ab'|repeat(3) }} {{ 11 is large }} {{ 3 is large }} {{ hello('<x>') }} {{ 'abc'|mirror }} {{ 'aba' is palindrome }} {{ seven() }}";
    get(&mut app, "/", "show", page(source));
    seen(app.test_client().get("/").send(), &[])
}

fn options_of_the_engine() -> Value {
    let choices = [
        JinjaOptions::default(),
        JinjaOptions { trim_blocks: true, ..JinjaOptions::default() },
        JinjaOptions { lstrip_blocks: true, ..JinjaOptions::default() },
        JinjaOptions {
            trim_blocks: true,
            lstrip_blocks: true,
            keep_trailing_newline: true,
            ..JinjaOptions::default()
        },
    ];
    choices
        .into_iter()
        .map(|options| {
            let mut app = make();
            app.jinja_options(options);
            get(&mut app, "/", "show", page("a\n  {% if true %}\n  b\n  {% endif %}\nc\n"));
            seen(app.test_client().get("/").send(), &[])
        })
        .collect()
}

fn tojson() -> Value {
    let values = [
        json!({"b": 1, "a": "é"}),
        json!(["</script>", "a'b", "&"]),
        json!("\u{2028}"),
        json!(1.0),
        json!(null),
        json!(true),
        json!({"k": {"z": 1, "a": []}}),
    ];
    let count = values.len();
    let mut app = make();
    let show = move |args: Args| -> carboy::Result<Html> {
        let v = &values[args.get::<usize>("n")?];
        render_template_string("{{ v|tojson }} {{ v|tojson(indent=1) }}", context! { v => v })
    };
    get(&mut app, "/<int:n>", "show", view(show));
    let client = app.test_client();
    (0..count).map(|n| seen(client.get(&format!("/{n}")).send(), &[])).collect()
}

fn what_is_not_there() -> Value {
    let (mut app, _folder) = with_templates(&[("a.html", "{% include 'none.html' %}")]);
    get(&mut app, "/undefined", "undefined", page("[{{ nothing }}]"));
    get(&mut app, "/attribute", "attribute", page("{{ nothing.x }}"));
    get(&mut app, "/missing", "missing", view(|_: Args| render_template("none.html", ())));
    get(&mut app, "/list", "list", view(|_: Args| render_template(["none.html", "no.html"], ())));
    get(&mut app, "/include", "include", view(|_: Args| render_template("a.html", ())));
    let client = app.test_client();
    let mut found: Vec<Value> = ["/undefined", "/attribute", "/missing", "/list", "/include"]
        .iter()
        .map(|path| json!([client.get(path).send().status().as_u16()]))
        .collect();
    let message = |rendered: carboy::Result<Html>| {
        let error = rendered.err().unwrap();
        let message = error.downcast_ref::<carboy::TemplateError>().unwrap().message();
        // The places that were looked in are told, too.
        json!(message.split(" (looked in").next())
    };
    client.app().app_context(|| {
        found.push(message(render_template_string("{{ nothing.x }}", ())));
        found.push(message(render_template("none.html", ())));
    });
    found.into()
}

fn a_macro_by_name() -> Value {
    let macros = "{% macro hello(name, mark='!') %}Hello {{ name }}{{ mark }}{% endmacro %}{% set x = 5 %}";
    let (mut app, _folder) = with_templates(&[("m.html", macros)]);
    app.build().unwrap().app_context(|| {
        let hello = get_template_attribute("m.html", "hello");
        let named = hello.call_with(["you".into()], [("mark", "?".into())]).unwrap();
        let x = get_template_attribute("m.html", "x").value().unwrap();
        json!([hello.call(["<World>".into()]).unwrap().0, named.0, x.to_string()])
    })
}

fn safe_text() -> Value {
    let italic = || Markup::new("<i>");
    let text = |markup: Markup| markup.into_string();
    json!([
        text(escape("<&>\"'")),
        text(escape(italic())),
        text(escape("3")),
        text(escape_silent(None::<&str>)),
        text(escape_silent(Some("<"))),
        italic().to_string(),
        text(italic() + "<"),
        text(escape("<") + italic()),
        text(italic() * 2),
        text(Markup::new("<{}>").format(&[&"<"])),
        text(Markup::new(", ").join([escape("<a>"), Markup::new("<b>")])),
        text(Markup::new("a-b").replace("-", "<")),
        Markup::new("<a> <b>").split(Some(" ")).map(text).collect::<Vec<_>>(),
        text(Markup::new(" <a> ").strip()),
        text(Markup::new("<a>").upper()),
        text(Markup::new("<A>").lower()),
        Markup::new("<p>one <!-- x --> two</p>\n three").striptags(),
        Markup::new("&lt;a&gt; &amp; &quot;&#39;").unescape(),
    ])
}

fn signals_of_templates() -> Value {
    let (mut app, _folder) = with_templates(&[("a.html", "{{ x }}")]);
    let log: Arc<Mutex<Vec<Value>>> = Arc::default();
    let listen = |kind: &'static str| {
        let log = log.clone();
        move |event: &carboy::signals::TemplateEvent| {
            let x = event.context.iter().any(|name| name == "x");
            log.lock().unwrap().push(json!([kind, event.template, x]));
        }
    };
    let _ = app.signals().before_render_template.connect(listen("before"));
    let _ = app.signals().template_rendered.connect(listen("rendered"));
    get(&mut app, "/", "show", view(|_: Args| render_template("a.html", context! { x => 1 })));
    app.test_client().get("/").send();
    let found = log.lock().unwrap().clone();
    found.into()
}
