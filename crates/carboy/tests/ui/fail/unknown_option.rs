use carboy::prelude::*;

#[route("/", method = "POST")]
fn index() {}

#[route]
fn nothing() {}

#[route(rule = "/")]
fn named() {}

#[route("/a", name = "blog.a")]
fn dotted() {}

#[route("/b")]
struct NotAFunction;

fn main() {}
