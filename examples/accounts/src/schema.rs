//! The tables: made at the first start.

use carboy::{App, Ext, Extension, ExtensionFuture, Requirement, Result, State};
use carboy_db::{Db, Migrations};
use std::sync::Arc;

/// Brings the database up to date when the app starts.
pub(crate) struct Schema;

impl Extension for Schema {
    fn name(&self) -> &'static str {
        "Schema"
    }

    fn requires(&self) -> Vec<Requirement> {
        vec![Requirement::of::<Db>()]
    }

    fn init(&self, app: &mut App) -> Result<()> {
        let notes = include_str!("../migrations/notes_0001.sql");
        app.require::<Db>()?.add_migrations(Migrations::sql([("notes_0001", notes)]));
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Some(db) = Ext::<Db>::of(app) {
                db.upgrade(None).await?;
            }
            Ok(())
        })
    }
}
