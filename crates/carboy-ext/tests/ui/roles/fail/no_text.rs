use carboy::prelude::*;
use carboy_ext::roles::{require_permission, require_role};

enum Role {
    Admin,
}

#[route("/a", guard = require_role(Role::Admin))]
fn role() {}

#[route("/b", guard = require_permission(7))]
fn permission() {}

#[route("/c", guard = require_role)]
fn not_called() {}

fn main() {}
