//! Pages from templates.

use carboy::{TemplateContext, prelude::*, render_template, render_template_string, stream_template};

const SNIPPETS: &[(&str, &str)] = &[
    ("escape", "{{ a }}|{{ a|safe }}|{{ a|e }}|{{ a|upper }}|{{ [a, 1, none]|tojson }}"),
    (
        "request",
        "{{ request.method }} {{ request.path }} {{ request.args.get('a') }} {{ request.args|length }} {{ g.lang|default('none') }}",
    ),
    (
        "loop",
        "{% for c in a %}{{ loop.index }}{{ c }}{{ ',' if not loop.last }}{% else %}nothing{% endfor %}",
    ),
    (
        "links",
        "{{ url_for('string', name=a, q=a) }} {{ url_for('static', filename='a.txt') }} {{ url_for('all', page=2) }}",
    ),
    ("session", "{{ session.get('count', 0) }}{% if 'user' in session %} {{ session['user'] }}{% endif %}"),
    (
        "filters",
        "{{ a|length }} {{ a|replace('a', '<b>') }} {{ a|title }} {{ a|urlencode }} {{ a|truncate(9) }} {{ a|default('d', true) }}",
    ),
    (
        "math",
        "{{ 7 // 2 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 7 % 3 }} {{ 'x' ~ 1 }} {{ 1 in [1, 2] }} {{ (1, 2)|sum }}",
    ),
];

#[route("/t/page")]
fn page() -> carboy::Result<Html> {
    let args = request().args();
    let title: String = args.get("title").unwrap_or_else(|| "Sink".to_owned());
    let items = args.getlist("item");
    render!("page.html", title, items)
}

#[route("/t/plain")]
fn plain() -> carboy::Result {
    let a: String = request().args().get("a").unwrap_or_else(|| "<&>".to_owned());
    let Html(text) = render_template("plain.txt", context! { a })?;
    Ok(Response::text(text))
}

#[route("/t/snippet/<any(escape, request, loop, links, session, filters, math):name>")]
fn snippet(name: String) -> carboy::Result<Html> {
    let a: String = request().args().get("a").unwrap_or_else(|| r#"<b>'a' & "b"</b>"#.to_owned());
    let (_, source) = SNIPPETS.iter().find(|(known, _)| *known == name).or_404()?;
    render_template_string(source, context! { a })
}

#[route("/t/streamed")]
fn streamed() -> carboy::Result {
    stream_template("page.html", context! { title => "streamed", items => request().args().getlist("item") })
}

#[route("/t/missing")]
fn missing() -> carboy::Result<Html> {
    render_template("missing.html", ())
}

pub(crate) fn register(app: &mut App) {
    app.context_processor(|| {
        let mut values = TemplateContext::new();
        values.insert("year", &2026);
        values
    });
    app.template_filter("shout", |text: String| format!("{text}!"));
    app.template_test("odd_length", |text: String| text.chars().count() % 2 == 1);
    app.template_global("twice", |text: String| text.repeat(2));
    app.routes(routes![page, plain, snippet, streamed, missing]);
}
