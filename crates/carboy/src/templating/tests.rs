//! Templates inside an app: globals, context processors, folders, errors, streams.

use std::path::PathBuf;

use crate::prelude::*;
use crate::session::Value;
use crate::{
    Html, TemplateArgs, TemplateContext, TemplateError, TemplateErrorKind, TemplateValue, context,
    get_template_attribute, render_template_string, stream_template,
};

/// A folder with templates that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(templates: &[(&str, &str)]) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Folder(std::env::temp_dir().join(format!("carboy-app-{}-{number}", std::process::id())));
        for (name, text) in templates {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join("templates").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn app(folder: &Folder) -> App {
    let mut app = App::new("pages").testing();
    app.root_path(&folder.0);
    app
}

/// What a view that renders `source` answers.
fn page(app: &mut App, source: &'static str, target: &str) -> String {
    app.add_url_rule(
        "/<path:rest>",
        "page",
        crate::view::view(move |_| async move { render_template_string(source, ())?.into_response() }),
        Default::default(),
    );
    app.test_client().get(target).send().text()
}

#[test]
fn a_template_sees_the_request_without_being_given_it() {
    let folder = Folder::new(&[]);
    let text = page(
        &mut app(&folder),
        "{{ request.method }} {{ request.path }} {{ request.args.q }} {{ request.args.getlist('q') }} {{ request.endpoint }} \
         {{ request.args.get('nope', 'none') }} {{ request.view_args.rest }} {{ 'q' in request.args }} {{ request.nope }}|",
        "/a?q=%3Cb%3E&q=2",
    );
    assert_eq!(text, "GET /a &lt;b&gt; [&#39;&lt;b&gt;&#39;, &#39;2&#39;] page none a True |");
}

#[test]
fn url_for_in_a_template_builds_urls_and_escapes_them() {
    let folder = Folder::new(&[]);
    let text = page(
        &mut app(&folder),
        "{{ url_for('page', rest='x y', a=1, b=[2, 3], c=none, _anchor='z') }} {{ url_for('static', filename='a.css') }}",
        "/x",
    );
    assert_eq!(text, "/x%20y?a=1&amp;b=2&amp;b=3#z /static/a.css");
}

#[test]
fn printing_the_configuration_shows_no_secret() {
    let folder = Folder::new(&[]);
    let mut app = app(&folder);
    app.config().set("SECRET_KEY", "canary").set("TITLE", "Shop");
    let text = page(
        &mut app,
        "{{ config.TITLE }} {{ config['TITLE'] }} {{ config.get('NOPE', 'd') }} {{ config }}",
        "/x",
    );
    assert_eq!(text, "Shop Shop d &lt;Config&gt;");
}

#[test]
fn what_is_given_wins_over_context_processors_and_these_over_each_other_inwards() {
    let folder = Folder::new(&[("t.html", "{{ a }}{{ b }}{{ c }}")]);
    let mut app = app(&folder);
    app.context_processor(|| context! { a => "app", b => "app", c => "app" });
    let mut blueprint = Blueprint::new("bp");
    blueprint.context_processor(|| context! { b => " bp", c => " bp" });
    let view = || {
        crate::view::view(|_| async {
            render_template("t.html", context! { c => " given" })?.into_response()
        })
    };
    blueprint.add_url_rule("/bp", "in", view(), Default::default());
    app.register(blueprint);
    app.add_url_rule("/app", "out", view(), Default::default());
    let client = app.test_client();
    assert_eq!(client.get("/bp").send().text(), "app bp given");
    assert_eq!(client.get("/app").send().text(), "appapp given");
}

#[test]
fn the_first_template_that_exists_is_rendered_and_all_names_stand_in_the_error() {
    let folder = Folder::new(&[("b.html", "b")]);
    let app = app(&folder);
    let service = app_context(app);
    service(&|| {
        assert_eq!(render_template(["a.html", "b.html"], ()).unwrap().0, "b");
        let error = render_template(["x.html", "y.html"], ()).unwrap_err();
        let error = error.downcast_ref::<TemplateError>().unwrap();
        assert_eq!(error.kind(), TemplateErrorKind::NotFound);
        assert!(
            error.message().starts_with("none of the templates given were found: x.html, y.html"),
            "{error}"
        );
        assert!(error.message().contains("templates"), "{error}");
    });
}

/// Runs a function in a context of the app.
fn app_context(mut app: App) -> impl Fn(&dyn Fn()) {
    let service = app.build().unwrap();
    move |f| {
        let context = crate::ctx::Context::for_app(service.state().clone());
        context.sync_scope(f);
    }
}

#[test]
fn the_request_outside_a_request_is_an_error_and_not_undefined() {
    let folder = Folder::new(&[]);
    app_context(app(&folder))(&|| {
        let error = render_template_string("{{ request.path }}", ()).unwrap_err();
        assert!(error.to_string().contains("Working outside of request context"), "{error}");
        assert_eq!(render_template_string("{% if request %}a{% else %}b{% endif %}", ()).unwrap().0, "b");
        assert_eq!(render_template_string("{{ g.x }}{{ config.DEBUG }}", ()).unwrap().0, "False");
    });
}

#[test]
fn own_filters_tests_and_globals_take_and_give_plain_values() {
    let folder = Folder::new(&[]);
    let mut app = app(&folder);
    app.template_filter("money", |price: f64, currency: Option<String>| {
        format!("{price:.2} {}", currency.unwrap_or("€".into()))
    })
    .template_filter("bold", |text: TemplateValue| {
        crate::Markup::new("<b>") + text.to_string() + crate::Markup::new("</b>")
    })
    .template_test("even_length", |text: String| text.len().is_multiple_of(2))
    .template_global("add", |a: i64, b: i64| a + b)
    .template_global("named", |args: &TemplateArgs<'_>| args.all_named().len())
    .template_global("fails", || -> crate::Result<String> { abort(404) });
    let source = "{{ 3|money }} {{ 3.5|money('$') }} {{ '<x>'|bold }} {{ 'ab' is even_length }} {{ add(2, 3) }} {{ named(a=1, b=2) }}";
    app_context(app)(&|| {
        assert_eq!(render_template_string(source, ()).unwrap().0, "3.00 € 3.50 $ <b>&lt;x&gt;</b> True 5 2");
        assert_eq!(render_template_string("{{ fails() }}", ()).unwrap_err().status(), 404);
        let error = render_template_string("a\n{{ 'x'|money }}", ()).unwrap_err();
        let error = error.downcast_ref::<TemplateError>().unwrap();
        assert_eq!((error.line(), error.template()), (Some(2), Some("<string>")));
    });
}

#[test]
fn an_error_tells_the_template_the_line_and_the_source_around_it() {
    let folder = Folder::new(&[
        ("base.html", "<html>\n{% block body %}{% endblock %}"),
        (
            "page.html",
            "{% extends 'base.html' %}\n{% block body %}\n<p>{{ user.name.first }}</p>\n{% endblock %}",
        ),
    ]);
    app_context(app(&folder))(&|| {
        let error = render_template("page.html", ()).unwrap_err();
        assert!(error.location().file().ends_with("tests.rs"), "{}", error.location());
        let error = error.downcast_ref::<TemplateError>().unwrap();
        assert_eq!(error.to_string(), "'user' is undefined (page.html, line 3)");
        assert_eq!(error.kind(), TemplateErrorKind::Undefined);
        assert!(error.excerpt().contains(&(3, "<p>{{ user.name.first }}</p>".to_owned())));
    });
}

#[test]
fn the_apps_folder_comes_before_the_blueprints_and_these_in_their_order() {
    let folder = Folder::new(&[
        ("both.html", "app"),
        ("../one/both.html", "one"),
        ("../one/first.html", "one"),
        ("../two/first.html", "two"),
        ("../two/second.html", "two"),
    ]);
    let mut app = app(&folder);
    for name in ["one", "two"] {
        let mut blueprint = Blueprint::new(name);
        blueprint.root_path(&folder.0).template_folder(name);
        app.register(blueprint);
    }
    app_context(app)(&|| {
        let render = |name: &str| render_template(name, ()).unwrap().0;
        assert_eq!(
            (render("both.html"), render("first.html"), render("second.html")),
            ("app".into(), "one".into(), "two".into())
        );
    });
}

#[test]
fn a_changed_template_is_read_again_only_when_that_is_wanted() {
    for reload in [true, false] {
        let folder = Folder::new(&[("t.html", "old")]);
        let mut app = app(&folder);
        app.config().set("TEMPLATES_AUTO_RELOAD", reload);
        app_context(app)(&|| {
            assert_eq!(render_template("t.html", ()).unwrap().0, "old");
            folder.write("t.html", "new");
            let file = std::fs::File::options().write(true).open(folder.0.join("templates/t.html")).unwrap();
            file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5)).unwrap();
            assert_eq!(render_template("t.html", ()).unwrap().0, if reload { "new" } else { "old" });
        });
    }
}

#[test]
fn a_macro_of_a_template_can_be_called_from_rust() {
    let folder = Folder::new(&[(
        "_m.html",
        "{% macro hi(name, mark='!') %}Hi {{ name }}{{ mark }}{% endmacro %}{% set v = 3 %}",
    )]);
    app_context(app(&folder))(&|| {
        let hi = get_template_attribute("_m.html", "hi");
        assert_eq!(hi.call(["<Ada>".into()]).unwrap().0, "Hi &lt;Ada&gt;!");
        assert_eq!(hi.call_with([], [("name", "A".into()), ("mark", "?".into())]).unwrap().0, "Hi A?");
        assert_eq!(get_template_attribute("_m.html", "v").value().unwrap().to::<i64>().unwrap(), 3);
        assert!(get_template_attribute("_m.html", "nope").call([]).is_err());
    });
}

#[test]
fn a_streamed_template_sees_the_request_and_comes_in_pieces() {
    let folder =
        Folder::new(&[("t.html", "{% for i in range(n) %}{{ request.path }} {{ i }}\n{% endfor %}")]);
    let mut app = app(&folder);
    app.add_url_rule(
        "/s",
        "s",
        crate::view::view(|_| async { stream_template("t.html", context! { n => 5000 }) }),
        Default::default(),
    );
    let response = app.test_client().get("/s").send();
    let expected: String = (0..5000).map(|i| format!("/s {i}\n")).collect();
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(response.text(), expected);
}

#[test]
fn check_finds_templates_that_do_not_parse_and_endpoints_that_do_not_exist() {
    let folder = Folder::new(&[
        ("ok.html", "{{ url_for('index') }}"),
        ("bad.html", "a\n{% if %}"),
        ("dead.html", "\n{{ url_for('gone') }}"),
    ]);
    let mut app = app(&folder);
    let service = app.build().unwrap();
    let problems = service.state().templates().check(&|endpoint| endpoint == "index");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("bad.html, line 2"), "{problems:?}");
    assert_eq!(problems[1], "url_for names no endpoint: \"gone\" (dead.html, line 2)");
}

#[test]
fn signals_tell_of_each_rendering() {
    use std::sync::{Arc, Mutex};
    let folder = Folder::new(&[("t.html", "x")]);
    let mut app = app(&folder);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let service = app.build().unwrap();
    for (signal, name) in [
        (&service.state().signals().before_render_template, "before"),
        (&service.state().signals().template_rendered, "after"),
    ] {
        let seen = seen.clone();
        let _ = signal.connect(move |event| {
            seen.lock().unwrap().push(format!("{name} {:?} {:?}", event.template, event.context));
        });
    }
    crate::ctx::Context::for_app(service.state().clone()).sync_scope(|| {
        render_template("t.html", context! { a => 1 }).unwrap();
        render_template_string("y", ()).unwrap();
    });
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "before Some(\"t.html\") [\"a\"]",
            "after Some(\"t.html\") [\"a\"]",
            "before None []",
            "after None []",
        ]
    );
}

#[test]
fn render_takes_names_and_values() -> crate::Result<()> {
    let folder = Folder::new(&[("t.html", "{{ user }} {{ title }} {{ n }}")]);
    app_context(app(&folder))(&|| {
        let user = "Ada".to_owned();
        let html: Html = crate::render!("t.html", user, title = format!("<{user}>"), n = 1 + 1,).unwrap();
        assert_eq!(html.0, "Ada &lt;Ada&gt; 2");
        assert_eq!(crate::render!("t.html").unwrap().0, "  ");
        let given: TemplateContext = [("user", "x")].into();
        assert_eq!(render_template("t.html", given).unwrap().0, "x  ");
    });
    Ok(())
}

#[test]
fn jinjas_options_apply_to_all_templates() {
    let folder = Folder::new(&[("t.html", "a\n  {% if true %}\nb\n  {% endif %}\nc\n")]);
    let mut app = app(&folder);
    app.jinja_options(crate::JinjaOptions {
        trim_blocks: true,
        lstrip_blocks: true,
        keep_trailing_newline: true,
        fuel: Some(10_000),
    });
    app_context(app)(&|| {
        assert_eq!(render_template("t.html", ()).unwrap().0, "a\nb\nc\n");
        let error = render_template_string("{% for i in range(90000) %}x{% endfor %}", ()).unwrap_err();
        assert_eq!(error.downcast_ref::<TemplateError>().unwrap().kind(), TemplateErrorKind::Limit);
    });
}

#[test]
fn flashed_messages_and_the_session_are_there_in_templates() {
    let folder = Folder::new(&[]);
    let mut app = app(&folder);
    app.config().set("SECRET_KEY", "k");
    app.add_url_rule(
        "/set",
        "set",
        crate::view::view(|_| async {
            flash("<a>", "info");
            flash(Value::Markup("<b>x</b>".to_owned()), "error");
            flash("c", "info");
            session().set("user", "<Ada>");
            "ok".into_response()
        }),
        Default::default(),
    );
    let source = "{% for category, message in get_flashed_messages(with_categories=true) %}{{ category }}:{{ message }};{% endfor %}\
        {{ get_flashed_messages(category_filter=['error']) }} {{ get_flashed_messages()|length }} {{ session.user }} \
        {{ 'user' in session }} {{ session.get('nope', 'd') }} {{ session }}";
    app.add_url_rule(
        "/show",
        "show",
        crate::view::view(move |_| async move { render_template_string(source, ())?.into_response() }),
        Default::default(),
    );
    let client = app.test_client();
    client.get("/set").send();
    assert_eq!(
        client.get("/show").send().text(),
        "info:&lt;a&gt;;error:<b>x</b>;info:c;[Markup(&#39;&lt;b&gt;x&lt;/b&gt;&#39;)] 3 &lt;Ada&gt; True d &lt;Session&gt;"
    );
    assert!(client.get("/show").send().text().starts_with("[] 0 &lt;Ada&gt;"));
}

#[test]
fn built_in_templates_are_used_unless_a_folder_is_named() {
    static BUILT_IN: crate::files::Embedded = crate::files::Embedded {
        templates: &[("t.html", "built in"), ("sub/u.html", "{% include 't.html' %}")],
        files: &[],
        translations: &[],
    };
    let folder = Folder::new(&[("t.html", "on disk")]);
    for (named, expected) in [(false, "built in"), (true, "on disk")] {
        let mut app = app(&folder);
        app.data().folders.embedded = Some(&BUILT_IN);
        if named {
            app.template_folder("templates");
        }
        app_context(app)(&|| {
            assert_eq!(render_template("t.html", ()).unwrap().0, expected);
            assert_eq!(
                render_template("./sub//u.html", ()).map(|page| page.0).ok(),
                (!named).then(|| "built in".into())
            );
        });
    }
}

#[test]
fn payloads_of_template_injection_reach_nothing_of_the_host() {
    let folder = Folder::new(&[]);
    let mut app = app(&folder);
    app.config().set("SECRET_KEY", "canary");
    app.jinja_options(crate::JinjaOptions { fuel: Some(100_000), ..Default::default() });
    app_context(app)(&|| {
        for payload in [
            "{{ ''.__class__.__mro__ }}",
            "{{ config.__class__.__init__.__globals__ }}",
            "{{ self.__init__.__globals__ }}",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
            "{{ lipsum.__globals__['os'] }}",
            "{{ url_for.__globals__ }}",
            "{{ request.application.__globals__ }}",
            "{{ ().__class__.__base__.__subclasses__() }}",
            "{{ range(10**12)|list }}",
            "{{ 'x' * 10**12 }}",
            "{{ 'x'|center(10**12) }}",
            "{{ '%999999999999s'|format('x')|length }}",
            "{{ [1]|batch(10**12, 'x') }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% include '../../etc/passwd' %}",
            "{% include '/etc/passwd' %}",
            "{{ config }}{{ session }}{{ g }}",
        ] {
            if let Ok(page) = render_template_string(payload, ()) {
                assert!(page.0.len() < 2_000_000, "{payload}");
                assert!(!page.0.contains("canary") && !page.0.contains("root:"), "{payload}: {}", page.0);
                assert!(!page.0.contains("uid="), "{payload}: {}", page.0);
            }
        }
    });
}

#[test]
fn no_source_makes_the_reader_panic() {
    let parts = [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "'", "\"", "\\", "%", "macro", "endmacro", "kwargs",
        "varargs", "(", ")", "url_for", "raw", "endraw", " ", "\n", "\r", "é", "世", "|", ".", ",", "x",
        "1.5", "[", "]", "{", "}", "if", "endif",
    ];
    let mut seed = 7u64;
    for _ in 0..20_000 {
        let mut source = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            source.push_str(parts[(seed >> 33) as usize % parts.len()]);
        }
        let prepared = super::macros::prepare(&source);
        assert_eq!(
            prepared.matches('\n').count(),
            source.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count(),
            "{source:?}"
        );
        super::source::url_for_calls(&source);
    }
}

/// A sequence that shows itself as HTML.
struct Shelf(Vec<&'static str>);

impl crate::TemplateObject for Shelf {
    fn get(&self, name: &str) -> Result<Option<TemplateValue>, TemplateError> {
        Ok((name == "size").then(|| self.0.len().into()))
    }

    fn items(&self) -> Option<Box<dyn Iterator<Item = TemplateValue> + '_>> {
        Some(Box::new(self.0.iter().map(|item| TemplateValue::from(*item))))
    }

    fn text(&self) -> String {
        self.0.iter().map(|item| format!("<i>{item}</i>")).collect()
    }

    fn html(&self) -> Option<crate::Markup> {
        Some(crate::Markup::new(self.text()))
    }
}

#[test]
fn an_object_may_be_a_sequence_and_show_itself_as_html() {
    let folder = Folder::new(&[]);
    app_context(app(&folder))(&|| {
        let shows = |source: &str| {
            let mut context = TemplateContext::new();
            context.set("shelf", TemplateValue::from_object(Shelf(vec!["a", "b"])));
            render_template_string(source, context).unwrap().0
        };
        assert_eq!(shows("{{ shelf }} {{ shelf|e }} {{ shelf|safe }}"), ["<i>a</i><i>b</i>"; 3].join(" "));
        assert_eq!(shows("{% autoescape false %}{{ shelf }}{% endautoescape %}"), "<i>a</i><i>b</i>");
        assert_eq!(shows("{% for item in shelf %}{{ loop.index }}{{ item }} {% endfor %}"), "1a 2b ");
        assert_eq!(
            shows("{{ shelf[1] }}{{ shelf[-1] }}{{ shelf[2] }} {{ shelf|length }} {{ shelf.size }}"),
            "bb 2 2"
        );
        assert_eq!(shows("{{ 'yes' if shelf else 'no' }}"), "yes");
    });
}
