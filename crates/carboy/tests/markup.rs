//! Whatever a client writes stays text, on every page that shows it.

use carboy::{Result, context, prelude::*, render_template, render_template_string, security::Csrf};
use carboy_testkit::Folder;

const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "\" autofocus onfocus=alert(1) x=\"",
    "' autofocus onfocus=alert(1) x='",
    "{{ 7*7 }}<b>",
    "<!--<script>",
    "&lt;script&gt;<i>",
];

const PAGE: &str = "<title>{{ text }}</title><p class=\"{{ text }}\" id='{{ text }}'>{{ text }}{{ text|upper }}{{ [text] }}</p>\
                    <textarea>{{ text|default('x') }}</textarea>{{ '%s'|format(text) }}{{ text ~ '<hr>'|safe }}";

#[route("/file/<name>")]
fn file(name: String) -> Result<Html> {
    render_template(&name, context! { text => request().args().get_str("text") })
}

#[route("/text")]
fn text() -> Result<Html> {
    render_template_string(PAGE, context! { text => request().args().get_str("text") })
}

#[route("/script")]
fn script() -> Result<Html> {
    render_template_string(
        "<script>let a = {{ text|tojson }}</script><p title='{{ text|tojson }}'></p>",
        context! { text => request().args().get_str("text") },
    )
}

#[route("/flash")]
fn flashed() -> Result<Html> {
    flash(request().args().get_str("text").unwrap_or_default(), "note");
    render_template_string("{% for m in get_flashed_messages() %}<p>{{ m }}</p>{% endfor %}", context! {})
}

#[route("/abort")]
fn aborted() -> Result<()> {
    abort((404u16, request().args().get_str("text").unwrap_or_default().to_owned()))
}

#[route("/away")]
fn away() -> Redirect {
    redirect(request().args().get_str("text").unwrap_or_default())
}

#[route("/json")]
fn json() -> Json<String> {
    Json(request().args().get_str("text").unwrap_or_default().to_owned())
}

#[route("/request")]
fn asked() -> Result<Html> {
    render_template_string(
        "<a href=\"{{ request.url }}\">{{ request.full_path }}</a>{{ request.args }}{{ request.args.text }}{{ request.headers['x-text'] }}\
         {{ request.cookies.text }}<a href=\"{{ url_for('text', text=request.args.text) }}\">x</a>{{ csrf_input() }}",
        context! {},
    )
}

/// How many characters of a page begin a tag or end an attribute. (In a script a quote has a backslash before it.)
fn tags(page: &str) -> usize {
    page.matches('<').count() + page.matches(['"', '\'']).count() - page.matches("\\\"").count()
}

#[test]
fn whatever_a_client_writes_is_text_on_every_page_that_shows_it() {
    let folder = Folder::new();
    let endings = ["html", "htm", "xml", "xhtml", "svg"];
    for ending in endings {
        std::fs::write(folder.path().join(format!("page.{ending}")), PAGE).unwrap();
    }
    let mut app = App::new("markup");
    app.config().set("SECRET_KEY", "dev");
    app.template_folder(folder.path()).ext(Csrf::new());
    app.routes(routes![file, text, script, flashed, aborted, away, json, asked]);
    let client = app.test_client();
    let pages = endings.iter().map(|ending| format!("/file/page.{ending}"));
    let pages = pages.chain(["/text", "/script", "/flash", "/abort", "/away", "/request"].map(str::to_owned));
    for path in pages {
        let ask = |text: &str| {
            let request = client.without_cookies().get(&path).query([("text", text)]);
            // A field cannot hold everything that an argument can.
            request.header("x-text", text).header("cookie", "text=plain").send().text()
        };
        let expected = tags(&ask("plain"));
        for hostile in HOSTILE {
            let page = ask(hostile);
            // The quotes that Python's `repr` and a list of arguments put around a text are escaped as well.
            assert_eq!(tags(&page), expected, "{path} {hostile}: {page}");
            assert!(!page.contains("<script>alert") && !page.contains("49<b>"), "{path} {hostile}: {page}");
        }
    }
    for hostile in HOSTILE {
        let answer = client.get("/json").query([("text", hostile)]).send();
        assert_eq!(answer.header("content-type"), Some("application/json"), "{hostile}");
        assert_eq!(answer.json::<String>(), hostile);
    }
}
