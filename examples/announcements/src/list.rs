//! The announcements in memory: templates must not wait for a database.

use carboy::{Error, Result};
use carboy_db::{Db, db};
use serde::{Deserialize, Serialize};
use std::{
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What visitors see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Its number.
    pub id: i64,
    /// Its text, without markup.
    pub text: String,
    /// How much it matters.
    pub level: Level,
}

/// How much an announcement matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    #[default]
    Info,
    /// Something will not be as usual.
    Warning,
}

impl Level {
    /// `info` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
        }
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "info" => Ok(Level::Info),
            "warning" => Ok(Level::Warning),
            _ => Err(Error::msg(format!("the level is info or warning, not '{}'", name.escape_debug()))),
        }
    }
}

#[derive(Default)]
pub(crate) struct List {
    state: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    announcements: Vec<Announcement>,
    /// When they were read, or last tried to be.
    read: Option<Instant>,
    failed: bool,
    refresh: Duration,
    max: usize,
}

impl List {
    fn state(&self) -> MutexGuard<'_, Shown> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn configure(&self, refresh: Duration, max: usize) {
        let mut state = self.state();
        (state.refresh, state.max) = (refresh, max);
    }

    pub(crate) fn all(&self) -> Vec<Announcement> {
        self.state().announcements.clone()
    }

    pub(crate) fn max(&self) -> usize {
        self.state().max
    }

    /// Fails when they could not be read.
    pub(crate) fn loaded(&self) -> Result<()> {
        if self.state().failed { Err(Error::msg("the announcements could not be read")) } else { Ok(()) }
    }

    /// Reads them if it is time to. A failure leaves what was there: a page is worth more than its announcements.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let due = {
            let mut state = self.state();
            let due = state.read.is_none_or(|read| read.elapsed() >= state.refresh);
            if due {
                // The requests beside this one do not ask, too.
                state.read = Some(Instant::now());
            }
            due
        };
        if due {
            let _ = self.load(&db()).await;
        }
        Ok(())
    }

    pub(crate) async fn load(&self, db: &Db) -> Result<()> {
        let read = db
            .query_as::<Announcement>(
                "SELECT id, text, level FROM announcement ORDER BY id DESC LIMIT 100",
                (),
            )
            .await;
        let mut state = self.state();
        state.read = Some(Instant::now());
        state.failed = read.is_err();
        state.announcements = read?;
        Ok(())
    }
}
