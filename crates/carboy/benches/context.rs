//! What the framework costs on top of the waist between server and app: a service that only makes the response, beside an
//! app with one view and neither hooks nor a session.

use carboy::prelude::*;
use criterion::{Criterion, criterion_group, criterion_main};

#[route("/")]
fn hello() -> &'static str {
    "Hello, World!"
}

struct Bare;

impl carboy::Service for Bare {
    async fn call(&self, _: Request) -> Response {
        Response::html("Hello, World!")
    }
}

fn context(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut app = App::new("bench");
    app.config().set("SECRET_KEY", "bench");
    app.routes(routes![hello]);
    let app = app.build().unwrap();
    let mut group = criterion.benchmark_group("context");
    group.bench_function("waist", |b| {
        b.iter(|| runtime.block_on(carboy::Service::call(&Bare, Request::get("/"))));
    });
    group.bench_function("app", |b| {
        b.iter(|| runtime.block_on(carboy::Service::call(&app, Request::get("/"))));
    });
    group.finish();
}

criterion_group!(benches, context);
criterion_main!(benches);
