"""Pages from templates."""

from flask import Response, g, render_template, render_template_string, request, session, stream_template

SNIPPETS = {
    "escape": "{{ a }}|{{ a|safe }}|{{ a|e }}|{{ a|upper }}|{{ [a, 1, none]|tojson }}",
    "request": "{{ request.method }} {{ request.path }} {{ request.args.get('a') }} {{ request.args|length }} {{ g.lang|default('none') }}",
    "loop": "{% for c in a %}{{ loop.index }}{{ c }}{{ ',' if not loop.last }}{% else %}nothing{% endfor %}",
    "links": "{{ url_for('string', name=a, q=a) }} {{ url_for('static', filename='a.txt') }} {{ url_for('all', page=2) }}",
    "session": "{{ session.get('count', 0) }}{% if 'user' in session %} {{ session['user'] }}{% endif %}",
    "filters": "{{ a|length }} {{ a|replace('a', '<b>') }} {{ a|title }} {{ a|urlencode }} {{ a|truncate(9) }} {{ a|default('d', true) }}",
    "math": "{{ 7 // 2 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 7 % 3 }} {{ 'x' ~ 1 }} {{ 1 in [1, 2] }} {{ (1, 2)|sum }}",
}


def page():
    return render_template("page.html", title=request.args.get("title", "Sink"), items=request.args.getlist("item"))


def plain():
    return Response(render_template("plain.txt", a=request.args.get("a", "<&>")), mimetype="text/plain")


def snippet(name):
    return render_template_string(SNIPPETS[name], a=request.args.get("a", "<b>'a' & \"b\"</b>"))


def streamed():
    return stream_template("page.html", title="streamed", items=request.args.getlist("item"))


def missing():
    return render_template("missing.html")


def register(app):
    @app.context_processor
    def add():
        return {"year": 2026}

    app.template_filter("shout")(lambda text: f"{text}!")
    app.template_test("odd_length")(lambda text: len(text) % 2 == 1)
    app.template_global("twice")(lambda text: text * 2)
    app.add_url_rule("/t/page", "page", page)
    app.add_url_rule("/t/plain", "plain", plain)
    app.add_url_rule(f"/t/snippet/<any({', '.join(SNIPPETS)}):name>", "snippet", snippet)
    app.add_url_rule("/t/streamed", "streamed", streamed)
    app.add_url_rule("/t/missing", "missing", missing)
