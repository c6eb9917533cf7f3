use carboy::prelude::*;
use carboy_ext::roles::{HasPermission, HasRole};

struct Admin;

#[route("/a")]
fn role(_admin: HasRole<Admin>) {}

#[route("/b")]
fn permission(_admin: HasPermission<Admin>) {}

#[route("/c")]
fn text(_admin: HasRole<&'static str>) {}

fn main() {}
