//! What pages cost behind the waist between server and app: JSON, a URL parameter, a template, a session in its cookie that is
//! read, changed and signed again, with few items (which are not compressed) and with many.

use carboy::prelude::*;
use carboy::{context, render_template_string};
use criterion::{Criterion, criterion_group, criterion_main};
use serde::Serialize;
use std::hint::black_box;

#[derive(Serialize)]
struct Row {
    id: u64,
    message: String,
}

#[route("/json")]
fn json() -> Json<[(&'static str, &'static str); 1]> {
    Json([("message", "Hello, World!")])
}

#[route("/user/<int:id>")]
fn user(id: u64) -> Json<Row> {
    Json(Row { id, message: "a message".to_owned() })
}

#[route("/template")]
fn template() -> carboy::Result<Html> {
    let rows: Vec<Row> =
        (0..12).map(|id| Row { id, message: format!("fortune <b>{id}</b> & more") }).collect();
    let page =
        "<table>{% for r in rows %}<tr><td>{{ r.id }}</td><td>{{ r.message }}</td></tr>{% endfor %}</table>";
    render_template_string(page, context! { rows })
}

#[route("/count")]
fn count() -> String {
    let n = session().get::<i64>("n").unwrap_or(0) + 1;
    session().set("n", n);
    n.to_string()
}

#[route("/login")]
fn login() -> &'static str {
    session().set("_id", "0123456789abcdef".repeat(8));
    session().set("_user_id", "1");
    "in"
}

fn pages(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut app = App::new("bench");
    app.config().set("SECRET_KEY", "bench");
    app.routes(routes![json, user, template, count, login]);
    let app = app.build().unwrap();
    let ask = |path: &str, cookie: &str| {
        let mut request = Request::get(path);
        if !cookie.is_empty() {
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        runtime.block_on(carboy::Service::call(&app, request))
    };
    let cookie_of = |path: &str| {
        let response = ask(path, "");
        let line = response.headers()["set-cookie"].to_str().unwrap();
        line.split(';').next().unwrap_or_default().to_owned()
    };
    let mut group = criterion.benchmark_group("pages");
    for path in ["/json", "/user/7", "/template"] {
        group.bench_function(path, |b| b.iter(|| ask(black_box(path), "")));
    }
    for (name, cookie) in [("session", cookie_of("/count")), ("session of a login", cookie_of("/login"))] {
        group.bench_function(name, |b| b.iter(|| ask("/count", black_box(&cookie))));
    }
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);
