//! Refresh tokens that are used once: each gives the next one, and a second use ends them all (RFC 9700 section 4.14.2).

use carboy::{App, ExtensionFuture, Result};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

/// What became of a refresh token that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// It was the last one of its family, and now the next one is.
    Rotated,
    /// It was used before. The family is forgotten, so that none of it is good any more.
    Reused,
    /// No such family is known: it was ended, or it is too old.
    Unknown,
}

/// What remembers refresh tokens. A *family* is all tokens that came of one login; of each the id of its last token is kept.
///
/// [`MemoryRefreshStore`] is for one process and its lifetime. Several processes share a database: a `Db` of `carboy-db` with its feature `jwt`.
pub trait RefreshStore: Send + Sync + 'static {
    /// Sets the app up when [`Jwt`](super::Jwt) is registered: a database brings its migrations.
    fn init(&self, app: &mut App) -> Result<()> {
        let _ = app;
        Ok(())
    }

    /// Begins a family.
    fn begin<'a>(
        &'a self,
        family: &'a str,
        token: &'a str,
        expires: SystemTime,
    ) -> ExtensionFuture<'a, Result<()>>;

    /// Puts `next` in the place of `token`, in one step: of two calls with the same `token` one rotates, the other is a reuse.
    fn rotate<'a>(
        &'a self,
        family: &'a str,
        token: &'a str,
        next: &'a str,
        expires: SystemTime,
    ) -> ExtensionFuture<'a, Result<Rotation>>;

    /// Forgets a family.
    fn end<'a>(&'a self, family: &'a str) -> ExtensionFuture<'a, Result<()>>;
}

/// The next refresh token, and what the former one said.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rotated {
    /// The token for the next time.
    pub refresh_token: String,
    /// The claims that the family began with.
    pub claims: super::Claims,
}

/// Families in memory: those of one process, a hundred thousand at most.
#[derive(Debug, Default)]
pub struct MemoryRefreshStore(Mutex<HashMap<String, (String, SystemTime)>>);

const MAX_FAMILIES: usize = 100_000;

impl MemoryRefreshStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn families(&self) -> MutexGuard<'_, HashMap<String, (String, SystemTime)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RefreshStore for MemoryRefreshStore {
    fn begin<'a>(
        &'a self,
        family: &'a str,
        token: &'a str,
        expires: SystemTime,
    ) -> ExtensionFuture<'a, Result<()>> {
        let mut families = self.families();
        if families.len() >= MAX_FAMILIES {
            let now = SystemTime::now();
            families.retain(|_, (_, expires)| *expires > now);
        }
        let full = families.len() >= MAX_FAMILIES;
        if !full {
            families.insert(family.to_owned(), (token.to_owned(), expires));
        }
        Box::pin(async move {
            match full {
                true => Err(carboy::Error::msg("too many refresh tokens are kept in memory")),
                false => Ok(()),
            }
        })
    }

    fn rotate<'a>(
        &'a self,
        family: &'a str,
        token: &'a str,
        next: &'a str,
        expires: SystemTime,
    ) -> ExtensionFuture<'a, Result<Rotation>> {
        let mut families = self.families();
        let rotation = match families.get_mut(family) {
            None => Rotation::Unknown,
            Some(last) if last.0 == token => {
                *last = (next.to_owned(), expires);
                Rotation::Rotated
            }
            Some(_) => {
                families.remove(family);
                Rotation::Reused
            }
        };
        Box::pin(async move { Ok(rotation) })
    }

    fn end<'a>(&'a self, family: &'a str) -> ExtensionFuture<'a, Result<()>> {
        self.families().remove(family);
        Box::pin(async { Ok(()) })
    }
}
