//! SQL databases for carboy: a pool per app, plain SQL, entities and migrations, through sea-orm.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_db::{Db, Migrations, db};
//!
//! const POSTS: &str = "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL);";
//!
//! #[route("/<int:id>")]
//! async fn show(id: i64) -> carboy::Result<String> {
//!     let post = db().query_one("SELECT title FROM post WHERE id = ?", [id]).await?.or_404()?;
//!     Ok(post.get("title")?)
//! }
//!
//! #[post("/")]
//! async fn create() -> carboy::Result<Redirect> {
//!     let title: String = request().form().get("title").unwrap_or_default();
//!     let done = db().execute("INSERT INTO post (title) VALUES (?)", [title]).await?;
//!     Ok(redirect(format!("/{}", done.last_insert_id().unwrap_or_default())))
//! }
//!
//! let mut app = App::new("blog");
//! # app.config().set("DATABASE_URL", "sqlite::memory:");
//! app.ext(Db::default().with_migrations(Migrations::sql([("0001_posts", POSTS)])));
//! app.routes(routes![show, create]);
//! # assert!(app.build().is_ok());
//! ```
//!
//! Its command line then has `blog db upgrade`, `blog db downgrade` and `blog db status`.
//!
//! SQLite is there by default, in WAL mode, with foreign keys enforced and five seconds' patience for another writer.
//! PostgreSQL comes with the feature `postgres`. With the feature `accounts` a [`Db`] keeps the accounts of `carboy-ext`, and brings their tables. [`sea_orm`] and [`sea_orm_migration`] are re-exported: a [`Db`] is a
//! [`sea_orm::ConnectionTrait`], so `Entity::find().all(&db)` works as it stands.
//!
//! With the feature `jwt` a [`Db`] is a store of refresh tokens, with `oauth` one of identities, for `carboy-ext`; both bring their tables.

#![forbid(unsafe_code)]

#[cfg(feature = "accounts")]
pub mod accounts;
mod db;
mod error;
mod extension;
#[cfg(feature = "oauth")]
mod identities;
mod migrations;
mod params;
#[cfg(feature = "jwt")]
mod refresh;
mod row;
mod run;
mod settings;
mod transaction;

pub use sea_orm;
pub use sea_orm_migration;

pub use db::Db;
pub use error::{DbError, DbErrorKind};
pub use extension::db;
pub use migrations::{MigrationState, Migrations};
pub use params::Params;
pub use row::Row;
pub use run::Executed;
pub use transaction::Tx;
