//! The database as an extension of an app, with its commands.

use std::sync::Arc;

use carboy::cli::{CommandArg, CommandDef, ParsedArgs, echo};
use carboy::{App, Extension, ExtensionFuture, Result, State};

use crate::db::Db;

/// The database of the current app.
///
/// # Panics
///
/// Outside a context, or when the app has no [`Db`].
#[track_caller]
pub fn db() -> Db {
    Db::clone(&carboy::ext::<Db>())
}

/// [`startup`](Extension::startup) opens the database, so that an app whose database cannot be opened does not start, and warns about
/// migrations that are not applied. The server's readiness path says 503 while the database does not answer. The commands are `db upgrade`,
/// `db downgrade` and `db status`.
impl Extension for Db {
    fn name(&self) -> &'static str {
        "Db"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        let db = self.clone();
        app.readiness_check("database", move || {
            let db = db.clone();
            async move { Ok(db.connection().await?.ping().await?) }
        });
        app.command_group("db", [self.upgrade_command(), self.downgrade_command(), self.status_command()]);
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            self.configure(app.name(), app.config())?;
            self.connection().await?;
            // A test's database is empty until the test fills it.
            if !self.migrations().is_empty() && !app.testing() {
                let pending = self.pending().await?;
                if pending > 0 {
                    tracing::warn!(target: "carboy::db", "{}", lacking(app.name(), pending));
                }
            }
            Ok(())
        })
    }

    fn shutdown<'a>(&'a self, _app: &'a Arc<State>) -> ExtensionFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.close().await {
                tracing::warn!(target: "carboy::db", "the database was not closed: {error}");
            }
        })
    }

    fn check<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            match self.pending().await {
                Ok(0) => Vec::new(),
                Ok(pending) => vec![lacking(app.name(), pending)],
                Err(error) => vec![error.to_string()],
            }
        })
    }
}

fn lacking(app: &str, pending: usize) -> String {
    let migrations = if pending == 1 { "1 migration".to_owned() } else { format!("{pending} migrations") };
    format!("the database lacks {migrations}: run `{app} db upgrade`")
}

impl Db {
    async fn pending(&self) -> Result<usize> {
        let states = self.migration_status().await?;
        Ok(states.iter().filter(|state| !state.applied).count())
    }

    fn upgrade_command(&self) -> CommandDef {
        let db = self.clone();
        let steps = CommandArg::one("steps").help("At most this many of them");
        let doc = "Applies the migrations that the database does not have, in their order.";
        CommandDef::new(
            "upgrade",
            "Applies the migrations that the database lacks",
            doc,
            vec![steps],
            move |args| {
                let db = db.clone();
                Box::pin(async move {
                    let applied = db.upgrade(args.optional("steps")?).await?;
                    tell("applied", &applied, "the database has all migrations");
                    Ok(())
                })
            },
        )
    }

    fn downgrade_command(&self) -> CommandDef {
        let db = self.clone();
        let steps = CommandArg::one("steps").default("1").help("How many of them");
        let doc =
            "Takes the last migrations back, the last one first. What they added to the database is lost.";
        CommandDef::new("downgrade", "Takes the last migrations back", doc, vec![steps], move |args| {
            let db = db.clone();
            Box::pin(async move {
                let taken = db.downgrade(args.value("steps")?).await?;
                tell("taken back", &taken, "the database has no migration to take back");
                Ok(())
            })
        })
    }

    fn status_command(&self) -> CommandDef {
        let db = self.clone();
        let doc = "Lists the migrations in their order and whether the database has them.";
        CommandDef::new("status", "Lists the migrations", doc, Vec::new(), move |_args: ParsedArgs| {
            let db = db.clone();
            Box::pin(async move {
                let states = db.migration_status().await?;
                if states.is_empty() {
                    echo("there are no migrations");
                }
                for state in states {
                    echo(format!("{}  {}", if state.applied { "applied" } else { "pending" }, state.name));
                }
                Ok(())
            })
        })
    }
}

fn tell(done: &str, names: &[String], nothing: &str) {
    if names.is_empty() {
        echo(nothing);
    }
    for name in names {
        echo(format!("{done}  {name}"));
    }
}
