//! The session, its flags, its types, and flashed messages.

use carboy::{
    get_flashed_messages,
    prelude::*,
    session::{DateTime, Dict, Value as Item},
};
use carboy_http::date::http_date;
use serde_json::{Value, json};

fn shown(value: &Item) -> Value {
    let list = |items: &[Item]| items.iter().map(shown).collect::<Value>();
    match value {
        Item::Null => Value::Null,
        Item::Bool(on) => json!(on),
        Item::Int(number) => json!(number),
        Item::Float(number) => json!(number),
        Item::Str(text) => json!(text),
        Item::Bytes(bytes) => {
            json!({ "bytes": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
        }
        Item::List(items) => list(items),
        Item::Tuple(items) => json!({ "tuple": list(items) }),
        Item::Dict(dict) => json!({ "dict": items_of(dict) }),
        Item::Markup(html) => json!({ "markup": html }),
        Item::Uuid(uuid) => json!({ "uuid": uuid }),
        Item::DateTime(time) => json!({ "datetime": time.to_system_time().map(http_date) }),
        other => json!(format!("{other:?}")),
    }
}

fn items_of(dict: &Dict) -> Value {
    dict.iter().map(|(key, item)| (key.clone(), shown(item))).collect()
}

#[route("/session/show", name = "session_show")]
fn show() -> Value {
    items_of(&session().to_dict())
}

#[route("/session/put", methods = ["POST"], name = "session_put")]
fn put(Json(item): Json<Value>) -> carboy::Result<&'static str> {
    let key = item["k"].as_str().or_404()?;
    session().set(key, &item["v"]);
    Ok("put")
}

#[route("/session/tags", name = "session_tags")]
fn tags() -> &'static str {
    let dict = |key: &str, value: Item| Item::Dict([(key.to_owned(), value)].into_iter().collect());
    let session = session();
    session.set(
        "t",
        Item::Tuple(vec![
            Item::Int(1),
            Item::List(vec!["a".into(), Item::Tuple(vec![Item::Null])]),
            dict("k", Item::Bytes(vec![0, 255])),
        ]),
    );
    session.set("b", Item::Bytes(b"bytes".to_vec()));
    session.set("m", Item::Markup("<b>bold</b>".to_owned()));
    session.set("u", Item::Uuid(uuid::uuid!("12345678-1234-5678-1234-567812345678")));
    session.set("d", Item::DateTime(DateTime::from_unix(1_767_323_045)));
    session.set("clash", dict(" t", Item::List(vec![Item::Int(1)])));
    session.set("e", "é😀");
    session.set("f", [1.0, 1e16, -0.5]);
    "tagged"
}

#[route("/session/pop", name = "session_pop")]
fn pop() -> Value {
    let key: String = request().args().get("k").unwrap_or_else(|| "k".to_owned());
    session().pop::<Item>(&key).map_or(Value::Null, |item| shown(&item))
}

#[route("/session/clear", name = "session_clear")]
fn clear() -> &'static str {
    session().clear();
    "cleared"
}

#[route("/session/permanent", name = "session_permanent")]
fn permanent() -> &'static str {
    session().set_permanent(request().args().get_str("on").unwrap_or("1") == "1");
    "permanent"
}

#[route("/session/touch", name = "session_touch")]
fn touch() -> &'static str {
    if session().contains("user") { "touched" } else { "untouched" }
}

#[route("/session/count", name = "session_count")]
fn count() -> String {
    let count = session().get::<i64>("count").unwrap_or(0) + 1;
    session().set("count", count);
    count.to_string()
}

#[route("/session/default", name = "session_default")]
fn default() -> String {
    session().setdefault("default", "first".to_owned())
}

#[route("/session/nested", name = "session_nested")]
fn nested() -> Value {
    session().update("nested", |nested: &mut Value| {
        if nested.is_null() {
            *nested = json!({ "list": [] });
        }
        if let Some(list) = nested["list"].as_array_mut() {
            list.push(json!(list.len()));
        }
        nested.clone()
    })
}

#[route("/session/flags", name = "session_flags")]
fn flags() -> Value {
    let session = session();
    json!({ "new": session.is_new(), "permanent": session.permanent(), "modified": session.modified() })
}

#[route("/session/big", name = "session_big")]
fn big() -> &'static str {
    let count = request().args().get::<i64>("n").unwrap_or(10).clamp(0, 400);
    session().set("big", "0123456789abcdef".repeat(usize::try_from(count).unwrap_or(0)));
    "big"
}

#[route("/flash/add", name = "flash_add")]
fn flashing() -> &'static str {
    let args = request().args();
    for message in args.getlist("m") {
        flash(message.clone(), args.get_str("c").unwrap_or("message"));
    }
    "flashed"
}

#[route("/flash/show", name = "flash_show")]
fn flashed() -> Value {
    json!(get_flashed_messages())
}

pub(crate) fn register(app: &mut App) {
    app.routes(routes![
        show, put, tags, pop, clear, permanent, touch, count, default, nested, flags, big, flashing, flashed
    ]);
}
