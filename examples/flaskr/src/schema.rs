//! The tables, and when they are made.

use carboy::{Extension, ExtensionFuture, Result, State, cli::echo, command};
use carboy_db::{Db, db};
use std::sync::Arc;

const SCHEMA: &str = include_str!("../schema.sql");

/// Makes the tables at the first start.
pub(crate) struct Schema;

impl Extension for Schema {
    fn name(&self) -> &'static str {
        "Schema"
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let db = carboy::Ext::<Db>::of(app).ok_or_else(|| carboy::Error::msg("the schema needs Db"))?;
            let tables: i64 = db
                .query_value("SELECT count(*) FROM sqlite_master WHERE name IN ('user', 'post')", ())
                .await?
                .unwrap_or(0);
            if tables == 0 {
                db.execute_script(SCHEMA).await?;
            }
            Ok(())
        })
    }
}

/// Clears existing data and creates new tables.
#[command]
pub(crate) async fn init_db() -> Result<()> {
    db().execute_script(SCHEMA).await?;
    echo("Initialized the database.");
    Ok(())
}
