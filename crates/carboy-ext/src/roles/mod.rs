//! What somebody may do: roles, what they permit, and rules about things.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::login::{self, Login, User};
//! use carboy_ext::roles::{Roles, authorize_if, can, require_permission, require_role};
//!
//! #[derive(serde::Serialize)]
//! struct Member {
//!     name: String,
//!     roles: Vec<String>,
//! }
//!
//! impl User for Member {
//!     fn get_id(&self) -> String {
//!         self.name.clone()
//!     }
//! }
//!
//! # async fn find(name: String) -> carboy::Result<Option<Member>> {
//! #     Ok(Some(Member { roles: vec![if name == "Ada" { "admin" } else { "user" }.to_owned()], name }))
//! # }
//! #[route("/admin", guard = require_role("admin"))]
//! fn admin() -> &'static str {
//!     "all members"
//! }
//!
//! #[route("/write", guard = require_permission("post:write"))]
//! fn write() -> &'static str {
//!     "a form"
//! }
//!
//! #[route("/posts/<author>/edit")]
//! fn edit(author: String) -> Result<&'static str, Error> {
//!     authorize_if(|member: &Member| member.name == author || can("post:edit"))?;
//!     Ok("a post")
//! }
//!
//! let mut app = App::new("blog");
//! app.config().set("SECRET_KEY", "dev");
//! app.ext(Login::new(find)).ext(
//!     Roles::new(|member: &Member| member.roles.clone())
//!         .role("user", |role| role.may(["post:write"]))
//!         .role("editor", |role| role.includes("user").may(["post:edit"]))
//!         .role("admin", |role| role.includes("editor")),
//! );
//! app.routes(routes![admin, write, edit]);
//! let client = app.test_client();
//! assert_eq!(client.get("/admin").send().status(), 401);
//! # let member = |name: &str| Member { name: name.to_owned(), roles: Vec::new() };
//! login::testing::log_in(&client, &member("Ben"));
//! assert_eq!(client.get("/admin").send().status(), 403);
//! assert_eq!(client.get("/write").send().status(), 200);
//! assert_eq!(client.get("/posts/Ben/edit").send().status(), 200);
//! assert_eq!(client.get("/posts/Ada/edit").send().status(), 403);
//! login::testing::log_in(&client, &member("Ada"));
//! assert_eq!(client.get("/admin").send().status(), 200);
//! assert_eq!(client.get("/posts/Ben/edit").send().status(), 200);
//! ```
//!
//! | to do this | look at |
//! |---|---|
//! | say which roles there are and which a user has | [`Roles`] |
//! | let some users in | [`require_role`], [`require_permission`] as guards of views and [blueprints](carboy::Blueprint::guard), [`HasRole`], [`HasPermission`] as arguments |
//! | ask | [`has_role`], [`can`], in templates too |
//! | rules about things | [`Policy`], [`authorize`], [`authorize_if`] |
//! | lock what nobody thought of | [`DenyByDefault`] |
//!
//! Whoever is not logged in gets what [`unauthorized`](crate::login::unauthorized) answers: the page to log in, or 401. A user who may not do it gets 403.
//! Both go through the error handlers.

mod deny;
mod extension;
mod hierarchy;
mod rule;

pub use deny::DenyByDefault;
pub use extension::Roles;
pub use hierarchy::Role;
pub use rule::{
    HasPermission, HasRole, PermissionName, Policy, RoleName, authorize, authorize_if, can, has_role, public,
    require_permission, require_role,
};
