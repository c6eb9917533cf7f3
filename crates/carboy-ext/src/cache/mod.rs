//! What was made once and is good for a while: answers of views, results of functions, fragments of pages. The job of Flask-Caching.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_ext::cache::{Cache, cached, memoize};
//!
//! #[memoize(timeout = 30)]
//! async fn count(fruit: &str) -> Result<usize, Error> {
//!     Ok(fruit.len())
//! }
//!
//! #[get("/stock")]
//! #[cached(timeout = 60)]
//! async fn stock() -> Result<String, Error> {
//!     Ok(format!("{} left", count("pears").await?))
//! }
//!
//! let mut app = App::new("shop");
//! app.routes(routes![stock]);
//! app.ext(Cache::new());
//! assert_eq!(app.test_client().get("/stock").send().text(), "5 left");
//! ```
//!
//! **Answers** are kept by [`#[cached]`](macro@cached) beneath a route, or by [`cached`](fn@cached) around several views, which says which are never
//! kept: those of one user are not another's. **Results** are kept by [`#[memoize]`](macro@memoize), and under keys of one's own by
//! [`Cache::memoize`] and its kin, as JSON. **Fragments** of templates are kept by the template itself:
//!
//! ```jinja
//! {% set menu = cache.get("menu") %}
//! {% if menu is none %}
//!   {% set menu %}<ul>…</ul>{% endset %}
//!   {% set menu = cache.keep("menu", menu, 60) %}
//! {% endif %}
//! {{ menu }}
//! ```
//!
//! They are in the memory of the process, whatever `CACHE_TYPE` says, and shown to everybody: what they depend on belongs into their
//! name.
//!
//! When something is missing, or has run out, and many ask for it at once, one of them makes it and the others wait: one computation, whatever the
//! crowd. Should it fail, all of them fail with its error; should it panic, or its client go away, the next one makes it. In Redis that holds for
//! all processes: one makes it, under a lock, and the others wait for what comes of it, no longer than `CACHE_LOCK_TIMEOUT`, which a process that dies
//! costs at most. What takes longer may be made twice.
//!
//! Both may be given while they are stale, so that nobody waits for the next one: [results](Cache::memoize_stale), and
//! [answers](Cached::stale_while_revalidate).
//!
//! What is deleted while it is being made is not kept: it was made of what was true before. That holds in the process that deletes; another one on the same
//! Redis that is making it keeps it for its time.
//!
//! A store that does not answer is no error: what is asked for is made anew, and the connection says so in the log, once.
//!
//! | key | what it says | default |
//! |---|---|---|
//! | `CACHE_TYPE` | `SimpleCache` (or `memory`), `RedisCache` (or `redis`), `NullCache` (or `null`) | `SimpleCache` |
//! | `CACHE_DEFAULT_TIMEOUT` | seconds; 0 is for ever | 300 |
//! | `CACHE_KEY_PREFIX` | begins each key | `carboy_cache_` |
//! | `CACHE_MEMORY_SIZE` | the bytes that may be kept in memory | 64 MiB |
//! | `CACHE_MAX_ENTRY_SIZE` | the bytes of one thing that is kept | 1 MiB |
//! | `CACHE_LOCK_TIMEOUT` | how many seconds processes wait for another, in Redis; 0 is not at all | 5 |
//! | `CACHE_REDIS_URL`, or `CACHE_REDIS_HOST`, `CACHE_REDIS_PORT`, `CACHE_REDIS_DB`, `CACHE_REDIS_PASSWORD` | where Redis is | |
//! | `CACHE_REDIS_CA_FILE` | for `rediss://`: a PEM file with the authorities to trust in place of the system's, in the instance folder unless its path is absolute | |
//! | `CACHE_REDIS_CERT_FILE`, `CACHE_REDIS_KEY_FILE` | what this side shows to a Redis that wants certificates | |
//! | `CACHE_REDIS_TIMEOUT` | how many seconds it may take | 0.5 |
//!
//! | file | what it holds |
//! |---|---|
//! | `view.rs` `answer.rs` `kept.rs` | [`cached`](fn@cached); which answers may be kept; how one is written down |
//! | `memo.rs` | results of functions |
//! | `flight.rs` `lock.rs` | one makes it, the others wait: in a process, and over processes |
//! | `fragment.rs` | fragments of templates |
//! | `store.rs` `settings.rs` `times.rs` | where things are kept, what was chosen, and for how long they are good |

mod answer;
mod flight;
mod fragment;
mod kept;
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "in memory nobody waits for another process"))]
mod lock;
mod memo;
mod settings;
mod store;
mod times;
mod view;

pub use carboy_macros::{cached, memoize};
pub use view::{Cached, cached};

/// What generated code names. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use super::memo::{forget_all_memoized, forget_memoized, memo_key, memoized, memoized_stale};
}

use carboy::{App, Error, Extension, ExtensionFuture, Result, Scaffold, State, TemplateValue};
use flight::{Flight, Flights};
use fragment::Fragments;
use serde::{Serialize, de::DeserializeOwned};
use settings::Settings;
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
    time::Duration,
};
use store::{Memory, Store};
use times::Times;

/// Keeps what was made for a while: the extension of Flask-Caching.
///
/// Cheap to clone; clones are one cache. Until the app starts it keeps nothing.
#[derive(Clone, Default)]
pub struct Cache(Arc<Inner>);

#[derive(Default)]
struct Inner {
    redis_url: Option<String>,
    live: OnceLock<Live>,
}

/// What a running app keeps things with.
struct Live {
    settings: Settings,
    store: Store,
    /// Fragments of templates, for which nobody can wait.
    fragments: Memory,
    flights: Flights,
    /// What tells this process from others.
    token: String,
    /// Keys whose answers were not kept of late: nobody waits for another's.
    not_kept: moka::sync::Cache<String, ()>,
}

impl Cache {
    /// A cache where the configuration says: in memory, unless it says otherwise.
    pub fn new() -> Self {
        Cache::default()
    }

    /// A cache in the Redis at this URL.
    #[cfg(feature = "redis")]
    pub fn redis(url: &str) -> Self {
        Cache(Arc::new(Inner { redis_url: Some(url.to_owned()), live: OnceLock::new() }))
    }

    fn live(&self) -> Option<&Live> {
        self.0.live.get()
    }

    /// What is kept under a key; nothing when it has run out, is of another type, or cannot be reached.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let live = self.live()?;
        serde_json::from_slice(&live.store.get(&live.result_key(key)).await?).ok()
    }

    /// Whether something is kept under a key.
    pub async fn has(&self, key: &str) -> bool {
        match self.live() {
            Some(live) => live.store.get(&live.result_key(key)).await.is_some(),
            None => false,
        }
    }

    /// Keeps a value for so long, or for the default when `timeout` is `None`. Zero is for ever. What is larger than `CACHE_MAX_ENTRY_SIZE` is not
    /// kept, and whatever was kept under the key before is deleted.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub async fn set<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        let bytes = serde_json::to_vec(value)?;
        live.keep(&live.result_key(key), bytes, timeout.into()).await;
        Ok(())
    }

    /// Deletes what is kept under a key.
    pub async fn delete(&self, key: &str) {
        self.delete_many(&[key]).await;
    }

    /// Deletes what is kept under these keys.
    pub async fn delete_many(&self, keys: &[&str]) {
        if let Some(live) = self.live() {
            let keys: Vec<String> = keys.iter().map(|key| live.result_key(key)).collect();
            live.flights.delete(|key| keys.iter().any(|deleted| deleted == key));
            live.store.delete(&keys).await;
        }
    }

    /// Deletes all results whose keys begin like this: `delete_prefix("user/17/")`.
    pub async fn delete_prefix(&self, prefix: &str) {
        if let Some(live) = self.live() {
            live.delete_prefix(&live.result_key(prefix)).await;
        }
    }

    /// Deletes the answers that were kept for a path, whatever their query, for every host and variant: after a page has changed.
    ///
    /// Answers that are kept under a [key of their own](Cached::key) are found by that.
    pub async fn delete_view(&self, path: &str) {
        if let Some(live) = self.live() {
            live.delete_prefix(&live.view_key(path, "")).await;
        }
    }

    /// Deletes the fragments of templates whose names begin like this, in this process.
    pub fn delete_fragments(&self, prefix: &str) {
        if let Some(live) = self.live() {
            live.fragments.delete_prefix(prefix);
        }
    }

    /// Deletes everything that this cache has kept, by its prefix; and this process's fragments.
    pub async fn clear(&self) {
        if let Some(live) = self.live() {
            live.not_kept.invalidate_all();
            live.fragments.delete_prefix("");
            live.delete_prefix(&live.settings.prefix).await;
        }
    }
}

impl Live {
    /// The key of a result.
    fn result_key(&self, key: &str) -> String {
        format!("{}result/{key}", self.settings.prefix)
    }

    /// The key of an answer: of a path, and of what else it depends on.
    fn view_key(&self, path: &str, rest: &str) -> String {
        // The path ends with a space, of which there is none in it.
        format!("{}view/{} {rest}", self.settings.prefix, unspaced(path))
    }

    async fn delete_prefix(&self, prefix: &str) {
        self.flights.delete(|key| key.starts_with(prefix));
        self.store.delete_prefix(prefix).await;
    }

    /// Keeps what was made, unless it was deleted meanwhile.
    async fn keep_made(&self, flight: &Flight, key: &str, bytes: Vec<u8>, times: Times) {
        if flight.is_deleted() {
            return;
        }
        self.keep(key, bytes, Some(times.kept())).await;
        // Whoever deleted it between the look and now may have found nothing there.
        if flight.is_deleted() {
            self.store.delete(&[key.to_owned()]).await;
        }
    }

    /// Keeps something, unless it is too large.
    async fn keep(&self, key: &str, bytes: Vec<u8>, timeout: Option<Duration>) {
        if bytes.len() > self.settings.max_entry_size {
            tracing::debug!(target: "carboy::cache", "{} bytes are too many to be kept", bytes.len());
            self.store.delete(&[key.to_owned()]).await;
            return;
        }
        let timeout = timeout.unwrap_or(self.settings.timeout);
        self.store.set(key, bytes, (!timeout.is_zero()).then_some(timeout)).await;
    }
}

/// A text without spaces and control characters, which another text is not.
fn unspaced(text: &str) -> Cow<'_, str> {
    let special = |character: char| character == '%' || character == ' ' || character.is_control();
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut unspaced = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if special(character) {
            unspaced.push_str(&format!("%{:02X};", u32::from(character)));
        } else {
            unspaced.push(character);
        }
    }
    Cow::Owned(unspaced)
}

impl Extension for Cache {
    fn name(&self) -> &'static str {
        "Cache"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        let cache = self.clone();
        app.context_processor(move || {
            let mut context = carboy::TemplateContext::new();
            context.set("cache", TemplateValue::from_object(Fragments(cache.clone())));
            context
        });
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let (settings, store) = settings::of(app, self.0.redis_url.as_deref())?;
            let not_kept = moka::sync::Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(60))
                .build();
            let mut random = [0; 16];
            getrandom::fill(&mut random)
                .map_err(|error| Error::msg(format!("there is no chance: {error}")))?;
            let token = format!("{:032x}", u128::from_ne_bytes(random));
            let fragments = Memory::new(settings.memory_size);
            let live = Live { settings, store, fragments, flights: Flights::default(), token, not_kept };
            self.0.live.set(live).map_err(|_| Error::msg("a cache belongs to one app"))
        })
    }

    fn check<'a>(&'a self, _app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            match self.live() {
                Some(live) => live.store.check().await.err().into_iter().collect(),
                None => Vec::new(),
            }
        })
    }
}
