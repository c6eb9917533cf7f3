//! Results of functions: under keys of one's own, and what `#[memoize]` makes of a function.

use super::{
    Cache, Live,
    flight::{Flight, Outcome, Role},
    lock::{Turn, Whose},
    times::Times,
};
use carboy::{Result, ext, has_app_context};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

impl Cache {
    /// The value that is kept under a key, or what `make` returns, which is kept then: Flask-Caching's `memoize`, with the key in your hand.
    ///
    /// Write what the value depends on into the key: `format!("posts/{page}")`. Of many that ask at once one makes it. An error is not kept.
    ///
    /// # Errors
    /// That of `make`, of this call or of the one that made the value for all; when the value cannot be written as JSON.
    pub async fn memoize<T, F>(&self, key: &str, timeout: impl Into<Option<Duration>>, make: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce() -> Result<T>,
    {
        let Some(live) = self.live() else { return make().await };
        let (key, times) = (live.result_key(key), Times::of(live, timeout.into(), Duration::ZERO));
        match live.found(&key).await {
            Some((value, _)) => Ok(value),
            None => live.make_once(&key, times, make()).await,
        }
    }

    /// As [`memoize`](Self::memoize), and for the time `stale` after a value has run out it is answered still, at once, while one task makes the next:
    /// `stale-while-revalidate` of RFC 5861. Nobody waits but for the first value, and for one that nobody asked for in so long.
    ///
    /// The task keeps the context of the request that found the value too old, and outlives it, so `make` owns what it needs. When it fails the log
    /// says so, the old value stays, and the next who asks starts another. [`get`](Self::get) gives values that have run out, too, while they are kept.
    ///
    /// ```
    /// # use carboy::prelude::*;
    /// # use carboy_ext::cache::Cache;
    /// # use std::time::Duration;
    /// # async fn fetch(city: &str) -> Result<u32, Error> { Ok(city.len() as u32) }
    /// #[get("/weather/<city>")]
    /// async fn weather(city: String) -> Result<String, Error> {
    ///     let (key, minute, hour) = (format!("weather/{city}"), Duration::from_secs(60), Duration::from_secs(3600));
    ///     let degrees: u32 =
    ///         ext::<Cache>().memoize_stale(&key, minute, hour, move || async move { fetch(&city).await }).await?;
    ///     Ok(format!("{degrees} °C"))
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`memoize`](Self::memoize), when there is no value yet.
    pub async fn memoize_stale<T, F, R>(
        &self,
        key: &str,
        timeout: impl Into<Option<Duration>>,
        stale: Duration,
        make: F,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = Result<T>> + Send + 'static,
    {
        let Some(live) = self.live() else { return make().await };
        let (key, times) = (live.result_key(key), Times::of(live, timeout.into(), stale));
        let Some((value, left)) = live.found::<T>(&key).await else {
            return live.make_once(&key, times, async move { make().await }).await;
        };
        if times.has_run_out(left)
            && let Ok(flight) = live.flights.begin(&key)
        {
            let cache = self.clone();
            carboy::spawn(async move {
                if let Some(live) = cache.live() {
                    live.renew(&key, times, flight, async move { make().await }).await;
                }
            });
        }
        Ok(value)
    }
}

impl Live {
    /// A value that is kept, and for how long still.
    async fn found<T: DeserializeOwned>(&self, key: &str) -> Option<(T, Option<Duration>)> {
        let (bytes, left) = self.store.get_with_time(key).await?;
        Some((serde_json::from_slice(&bytes).ok()?, left))
    }

    /// The lock of a thing, which tells whether another process makes it.
    pub(super) fn turn(&self, key: &str) -> Turn<'_> {
        Turn::new(&self.store, &self.settings.prefix, key, &self.token, self.settings.lock)
    }

    /// Makes a value that is missing, unless another does: then it waits for that.
    async fn make_once<T, F>(&self, key: &str, times: Times, make: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T>>,
    {
        let flight = match self.flights.join(key).await {
            Role::Leader(flight) => flight,
            Role::Follower(Outcome::Failed(error)) => return Err(error),
            Role::Follower(Outcome::Made(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(value) => return Ok(value),
                // Somebody keeps another type under this key.
                Err(_) => return make.await,
            },
            Role::Follower(Outcome::Kept | Outcome::NotKept) => return make.await,
        };
        let mut turn = self.turn(key);
        let lock = loop {
            let whose = turn.next().await;
            // It may have been made between the look and the start, or by another process.
            if let Some(bytes) = self.store.get(key).await
                && let Ok(value) = serde_json::from_slice(&bytes)
            {
                flight.land(Outcome::Made(bytes.into()));
                return Ok(value);
            }
            if let Whose::Ours(lock) = whose {
                break lock;
            }
        };
        let made = self.make(key, times, flight, make).await;
        lock.release().await;
        made
    }

    /// Makes a value that has run out, unless another process does, or has.
    async fn renew<T, F>(&self, key: &str, times: Times, flight: Flight, make: F)
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T>>,
    {
        let Whose::Ours(lock) = self.turn(key).next().await else { return };
        let left = self.store.get_with_time(key).await.map(|(_, left)| left);
        if left.is_none_or(|left| times.has_run_out(left))
            && let Err(error) = self.make(key, times, flight, make).await
        {
            tracing::warn!(target: "carboy::cache", "what has run out could not be made anew: {error}");
        }
        lock.release().await;
    }

    async fn make<T, F>(&self, key: &str, times: Times, flight: Flight, make: F) -> Result<T>
    where
        T: Serialize,
        F: Future<Output = Result<T>>,
    {
        match make.await {
            Ok(value) => {
                let bytes = serde_json::to_vec(&value)?;
                self.keep_made(&flight, key, bytes.clone(), times).await;
                flight.land(Outcome::Made(bytes.into()));
                Ok(value)
            }
            Err(error) => {
                flight.land(Outcome::Failed(error.clone()));
                Err(error)
            }
        }
    }
}

/// The key of the result for these arguments. The function is known by the struct of its name: that has its place in the program.
pub fn memo_key<F>(arguments: &impl Serialize) -> Result<String> {
    Ok(format!("{}{}", beginning::<F>(), serde_json::to_string(arguments)?))
}

/// How the keys of all results of a function begin.
fn beginning<F>() -> String {
    format!("{} ", std::any::type_name::<F>())
}

/// A result that was kept, or that is made now.
pub async fn memoized<T, M>(key: Result<String>, timeout: Option<Duration>, make: M) -> Result<T>
where
    T: Serialize + DeserializeOwned,
    M: AsyncFnOnce() -> Result<T>,
{
    if has_app_context() { ext::<Cache>().memoize(&key?, timeout, make).await } else { make().await }
}

/// A result that was kept, whether it has run out or not, or that is made now.
pub async fn memoized_stale<T, M, R>(
    key: Result<String>,
    timeout: Option<Duration>,
    stale: Duration,
    make: M,
) -> Result<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    M: FnOnce() -> R + Send + 'static,
    R: Future<Output = Result<T>> + Send + 'static,
{
    if has_app_context() {
        ext::<Cache>().memoize_stale(&key?, timeout, stale, make).await
    } else {
        make().await
    }
}

/// Forgets the result of a key. There is none when there is no key.
pub async fn forget_memoized(key: Result<String>) {
    if let (true, Ok(key)) = (has_app_context(), key) {
        ext::<Cache>().delete(&key).await;
    }
}

/// Forgets all results of a function.
pub async fn forget_all_memoized<F>() {
    if has_app_context() {
        ext::<Cache>().delete_prefix(&beginning::<F>()).await;
    }
}
