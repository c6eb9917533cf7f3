//! Announcements that stand on every page of an app until a visitor dismisses them: an extension as anybody may write one.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_announcements::Announcements;
//! use carboy_db::Db;
//!
//! let mut app = App::new("shop");
//! app.ext(Db::memory()).ext(Announcements::new());
//! ```
//!
//! The base template says `{% include "announcements/banner.html" %}`, and links `announcements.static`'s `announcements.css`.
//! `shop announcements add "We move on Sunday"` is seen by every visitor within ANNOUNCEMENTS_REFRESH seconds.
//!
//! It uses everything that an extension can bring: defaults of the configuration, a migration, routes with templates and static
//! files, a hook, a template function, commands, a readiness check, and a check; and it needs another extension.

#![forbid(unsafe_code)]

mod commands;
mod list;
mod views;

pub use list::{Announcement, Level};

use carboy::{
    App, Error, Ext, Extension, ExtensionFuture, Requirement, Result, Scaffold, State, TemplateValue,
    commands, ext,
};
use carboy_db::{Db, Migrations};
use list::List;
use std::{sync::Arc, time::Duration};

/// The extension. Every worker of a process shows the same list.
///
/// ANNOUNCEMENTS_REFRESH is the time in seconds after which the list is read again, 30 by default; ANNOUNCEMENTS_MAX is how many are
/// shown at once, 3 by default.
#[derive(Default)]
pub struct Announcements {
    list: Arc<List>,
}

impl Announcements {
    /// The extension, with what the configuration says.
    pub fn new() -> Self {
        Self::default()
    }

    /// What this visitor has to see: the newest first, without those that were dismissed. Touches the session only when there is any.
    pub fn for_visitor(&self) -> Vec<Announcement> {
        let all = self.list.all();
        if all.is_empty() {
            return all;
        }
        let dismissed = views::dismissed();
        let shown = all.into_iter().filter(|announcement| !dismissed.contains(&announcement.id));
        shown.take(self.list.max()).collect()
    }

    /// Announces something.
    ///
    /// # Errors
    /// An empty text, and those of the database.
    pub async fn add(&self, db: &Db, text: &str, level: Level) -> Result<()> {
        if text.trim().is_empty() {
            return Err(Error::msg("an announcement needs a text"));
        }
        db.execute("INSERT INTO announcement (text, level) VALUES ($1, $2)", (text, level.name())).await?;
        self.list.load(db).await
    }

    /// Takes all announcements back; how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clear(&self, db: &Db) -> Result<u64> {
        let done = db.execute("DELETE FROM announcement", ()).await?;
        self.list.load(db).await?;
        Ok(done.rows_affected())
    }
}

impl Extension for Announcements {
    fn name(&self) -> &'static str {
        "Announcements"
    }

    fn requires(&self) -> Vec<Requirement> {
        vec![Requirement::of::<Db>()]
    }

    fn init(&self, app: &mut App) -> Result<()> {
        app.config().set_default("ANNOUNCEMENTS_REFRESH", 30).set_default("ANNOUNCEMENTS_MAX", 3);
        app.require::<Db>()?.add_migrations(Migrations::sql([(
            "announcements_0001",
            include_str!("../migrations/announcements_0001.sql"),
        )]));
        app.register(views::bp());
        app.command_group("announcements", commands![commands::add, commands::list, commands::clear]);
        app.template_global("announcements", || TemplateValue::new(&ext::<Announcements>().for_visitor()));

        let list = self.list.clone();
        app.before_request(move || {
            let list = list.clone();
            async move { list.refresh().await }
        });
        let list = self.list.clone();
        app.readiness_check("announcements", move || {
            let list = list.clone();
            async move { list.loaded() }
        });
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let refresh =
                app.config().get_duration("ANNOUNCEMENTS_REFRESH")?.unwrap_or(Duration::from_secs(30));
            let max = app.config().get("ANNOUNCEMENTS_MAX")?.unwrap_or(3);
            self.list.configure(refresh, max);
            Ok(())
        })
    }

    fn check<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            let Some(db) = Ext::<Db>::of(app) else { return Vec::new() };
            match self.list.load(&db).await {
                Ok(()) => Vec::new(),
                Err(error) => vec![format!("the announcements cannot be read: {error}")],
            }
        })
    }
}
