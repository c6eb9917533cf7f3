//! Every option of `#[route]`.
use carboy::prelude::*;
use carboy::view::Route;

#[route(
    "/all",
    methods = ["OPTIONS"],
    endpoint = "everything",
    strict_slashes = false,
    merge_slashes = true,
    host = "example.com",
    redirect_to = "/other",
    provide_automatic_options = false,
    websocket,
    build_only = true,
    alias,
    stream,
)]
fn all() {}

fn main() {
    let def = all::def();
    let rule = &def.rules[0];
    assert_eq!(def.endpoint, "everything");
    assert!(def.stream);
    assert_eq!((rule.strict_slashes, rule.merge_slashes), (Some(false), Some(true)));
    assert_eq!((rule.host, rule.redirect_to), (Some("example.com"), Some("/other")));
    assert_eq!(rule.provide_automatic_options, Some(false));
    assert!(rule.websocket && rule.build_only && rule.alias);
}
