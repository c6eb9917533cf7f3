use carboy::prelude::*;
use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan};

/// The fields of the spans of requests, in their order.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Span>>>);

/// Its id, and its fields with what was recorded for them.
type Span = (u64, BTreeMap<String, String>);

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, _: Context<'_, S>) {
        if attributes.metadata().target() == "carboy::request" {
            let mut fields = BTreeMap::new();
            attributes.record(&mut Fields(&mut fields));
            self.0.lock().unwrap().push((id.into_u64(), fields));
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        if let Some((_, fields)) = spans.iter_mut().rev().find(|(known, _)| *known == id.into_u64()) {
            values.record(&mut Fields(fields));
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() == "shop"
            && let Some(span) = context.event_span(event)
        {
            let mut spans = self.0.lock().unwrap();
            let (_, fields) = spans.iter_mut().rev().find(|(id, _)| *id == span.id().into_u64()).unwrap();
            fields.insert("event".to_owned(), event.metadata().name().to_owned());
        }
    }
}

#[route("/user/<int:id>")]
async fn user(id: u64) -> carboy::Result<String> {
    tokio::task::yield_now().await;
    tracing::info!(target: "shop", "seen");
    if id == 0 {
        return Err(Error::msg("no such user"));
    }
    Ok(id.to_string())
}

fn spans(on: bool) -> Vec<BTreeMap<String, String>> {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    tracing::subscriber::with_default(subscriber, || {
        let mut app = App::new("shop");
        app.config().set("REQUEST_SPANS", on).set("PROPAGATE_EXCEPTIONS", false);
        app.routes(routes![user]);
        let client = app.test_client();
        client.get("/user/7?q=1").send();
        client.get("/missing%1b").send();
        client.get("/user/0").send();
    });
    let spans = spans.0.lock().unwrap();
    spans.iter().map(|(_, fields)| fields.clone()).collect()
}

#[test]
fn a_request_is_a_span_with_the_fields_of_opentelemetry_when_that_is_wanted() {
    assert_eq!(spans(false), []);
    let spans = spans(true);
    assert_eq!(spans.len(), 3);
    let expected = [
        ("client.address", "127.0.0.1"),
        ("event", ""),
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("http.route", "/user/<int:id>"),
        ("network.protocol.version", "1.1"),
        ("otel.kind", "server"),
        ("otel.name", "GET /user/<int:id>"),
        ("server.address", "localhost"),
        ("url.path", "/user/7"),
        ("url.scheme", "http"),
    ];
    for (name, value) in expected {
        let is = spans[0].get(name).unwrap_or_else(|| panic!("{name} is not in {:?}", spans[0]));
        assert!(name == "event" || is == value, "{name} is {is}");
    }
    assert_eq!(spans[0].len(), expected.len(), "{:?}", spans[0]);
    assert_eq!(spans[1]["otel.name"], "GET");
    assert_eq!(spans[1]["url.path"], "/missing\\\\x1b");
    assert_eq!(spans[1].get("http.route"), None);
    assert_eq!((&*spans[2]["http.response.status_code"], &*spans[2]["otel.status_code"]), ("500", "ERROR"));
}
