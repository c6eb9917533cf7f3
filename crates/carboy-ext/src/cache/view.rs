//! Answers of views are kept.

use super::{
    Cache, Live,
    answer::{self, Verdict},
    flight::{Flight, Outcome, Role},
    kept::{self, Kept},
    lock::Whose,
    times::Times,
    unspaced,
};
use carboy::{
    Method, Request, Response, Result, ext, request, varies_on,
    view::{Around, BoxFuture, Call},
};
use std::{sync::Arc, time::Duration};

type Filter = Arc<dyn Fn(&Response) -> bool + Send + Sync>;
type Test = Arc<dyn Fn() -> bool + Send + Sync>;

/// Keeps the answers of views for so long, zero being for ever: Flask-Caching's decorator `cached`. One view has
/// [`#[cached]`](macro@super::cached) beneath its route; several have this around them:
/// `app.routes(routes![index, about].around(cached(Duration::from_secs(60))))`.
///
/// An answer is found again by the host, the path and the query, whose arguments may come in another order; and by the fields of the request that
/// it depends on: those that the view names in `Vary`, and what is [said](carboy::vary_on) by whoever looks at one, as translations do of
/// `Accept-Language`. HEAD and conditional requests are answered from what was kept for GET.
///
/// **Never kept** is what may be for one user alone:
///
/// | what | why |
/// |---|---|
/// | answers to requests with `Authorization`, which are not answered from the cache either | they are for whoever that is |
/// | answers that set a cookie | it would be everybody's |
/// | answers of views that looked at the session; requests for which a hook, a guard or a login did are not answered from the cache either | they may show what is in it |
/// | `Cache-Control: private`, `no-store` or `no-cache` | the view says so |
/// | pages with [`csp_nonce`](carboy::security::csp_nonce) | the nonce is good once |
/// | `Vary: Cookie`, `Authorization` or `*` | each client has its own |
/// | streams, answers with other statuses than 200, 301 and 404, errors | they are not whole, or not good for long |
/// | answers to anything but GET | they are not for asking again |
/// | what is larger than `CACHE_MAX_ENTRY_SIZE` | memory has a limit |
///
/// A view that looks at cookies, or at another field, by itself must say so. Hooks and guards run for answers from the cache too: they come before and
/// behind. Functions of `after_this_request` that the view left behind do not.
///
/// # Panics
/// The views do when the app has no [`Cache`].
pub fn cached(timeout: Duration) -> Cached {
    let timeout = Some(timeout);
    Cached { timeout, stale: Duration::ZERO, query: true, key: None, unless: None, response_filter: None }
}

/// How the answers of views are kept: what [`cached`](fn@cached) makes.
#[derive(Clone)]
pub struct Cached {
    timeout: Option<Duration>,
    stale: Duration,
    query: bool,
    key: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    unless: Option<Test>,
    response_filter: Option<Filter>,
}

impl Cached {
    /// Keeps them for as long as `CACHE_DEFAULT_TIMEOUT` says.
    pub fn default_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// For so long after an answer has run out it is given still, at once, while the view makes the next in the background:
    /// `stale-while-revalidate` of RFC 5861. Nobody waits but for the first answer, and for one that nobody asked for in so long.
    ///
    /// The view runs in the context of the request that found the answer too old, behind its hooks and guards; that request is answered meanwhile, and its
    /// teardown functions may have run. When the view fails, or answers with status 500 or more, the log says so, the old answer stays, and the next
    /// who asks starts another. When its answer may not be kept, the old one is deleted: so it is where functions of `after_request` look at the
    /// session, or put a nonce into a policy, as what the view itself did cannot be told from that.
    pub fn stale_while_revalidate(mut self, stale: Duration) -> Self {
        self.stale = stale;
        self
    }

    /// Leaves the query out: the view does not look at it, and nobody can make a new answer by a new query.
    pub fn ignore_query(mut self) -> Self {
        self.query = false;
        self
    }

    /// Finds answers by this key in place of host, path and query: `key_prefix` and `make_cache_key` of Flask-Caching. What the answer depends on
    /// must be in it.
    pub fn key(mut self, key: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(key));
        self
    }

    /// Leaves requests alone for which this is true: they are not answered from the cache, and their answers are not kept.
    pub fn unless(mut self, bypass: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.unless = Some(Arc::new(bypass));
        self
    }

    /// Keeps only answers for which this is true, of those that may be kept.
    pub fn response_filter(mut self, keep: impl Fn(&Response) -> bool + Send + Sync + 'static) -> Self {
        self.response_filter = Some(Arc::new(keep));
        self
    }

    fn key_of(&self, live: &Live, request: &Request) -> String {
        if let Some(key) = &self.key {
            return live.view_key(&key(), "");
        }
        let root = format!("{}://{}{}", request.scheme(), request.host(), request.script_root());
        let mut rest = format!("{} ", unspaced(&root));
        if self.query {
            let mut arguments: Vec<&str> =
                request.query_string().split('&').filter(|pair| !pair.is_empty()).collect();
            // Arguments of the same name keep their order.
            arguments.sort_by_key(|pair| pair.split('=').next());
            rest.push_str(&arguments.join("&"));
        }
        live.view_key(request.path(), &rest)
    }

    fn times(&self, live: &Live) -> Times {
        Times::of(live, self.timeout, self.stale)
    }

    /// Calls the view, and says what others get of it.
    async fn make(&self, live: &Live, key: &str, flight: &Flight, view: Call) -> Result<(Response, Outcome)> {
        let mut response = view.run().await?;
        let request = request();
        // For those who get it from the cache nobody looks at these fields again.
        for field in varies_on() {
            response.add_vary(&field);
        }
        let wanted = self.response_filter.as_ref().is_none_or(|keep| keep(&response));
        let kept = match answer::verdict(&request, &response) {
            Verdict::Keep(fields) if wanted => kept::answer(&response).map(|bytes| (fields, bytes)),
            _ => None,
        };
        let Some((fields, bytes)) = kept.filter(|(_, bytes)| bytes.len() <= live.settings.max_entry_size)
        else {
            return Ok((response, Outcome::NotKept));
        };
        let times = self.times(live);
        if fields.is_empty() {
            live.keep_made(flight, key, bytes.clone(), times).await;
            return Ok((response, Outcome::Made(bytes.into())));
        }
        let variant = format!("{key}{}", answer::variant(&request, &fields));
        live.keep_made(flight, &variant, bytes, times).await;
        let varies = kept::varies(&fields).unwrap_or_default();
        live.keep_made(flight, key, varies.clone(), times).await;
        Ok((response, Outcome::Made(varies.into())))
    }

    /// Makes an answer that has run out, unless another process does, or has. It is kept at `at`.
    async fn renew(&self, live: &Live, key: &str, at: String, flight: Flight, view: Call) {
        let Whose::Ours(lock) = live.turn(&at).next().await else { return };
        let left = live.store.get_with_time(&at).await.map(|(_, left)| left);
        if left.is_none_or(|left| self.times(live).has_run_out(left)) {
            let (outcome, failure) = match self.make(live, key, &flight, view).await {
                Ok((response, Outcome::NotKept)) if response.status().is_server_error() => {
                    (Outcome::NotKept, Some(response.status().to_string()))
                }
                Ok((_, outcome)) => (outcome, None),
                // Nothing is wrong when there is no such page any more.
                Err(error) if error.http().is_some_and(|http| !http.status().is_server_error()) => {
                    (Outcome::NotKept, None)
                }
                Err(error) => {
                    let failure = error.to_string();
                    (Outcome::Failed(error), Some(failure))
                }
            };
            if let Some(failure) = failure {
                tracing::warn!(target: "carboy::cache", "an answer that has run out could not be made anew: {failure}");
            } else if matches!(outcome, Outcome::NotKept) {
                live.store.delete(&[at]).await;
            }
            flight.land(outcome);
        }
        lock.release().await;
    }
}

impl Around for Cached {
    fn answer(&self, view: Call) -> BoxFuture<Result<Response>> {
        let cached = self.clone();
        Box::pin(async move {
            let cache = ext::<Cache>();
            let request = request();
            let bypassed = cached.unless.as_ref().is_some_and(|bypass| bypass());
            match cache.live() {
                Some(live) if !bypassed && answer::asks_for_what_may_be_kept(&request) => {
                    cached.look(&cache, live, &request, view).await
                }
                _ => view.run().await,
            }
        })
    }
}

impl Cached {
    async fn look(&self, cache: &Cache, live: &Live, request: &Request, view: Call) -> Result<Response> {
        let key = self.key_of(live, request);
        // The key at which the answer is expected: that of a variant once it is known that there are some.
        let mut at = key.clone();
        if let Some((response, left)) = found(live, request, &key, &mut at).await {
            if self.times(live).has_run_out(left)
                && *request.method() == Method::GET
                && let Ok(flight) = live.flights.begin(&at)
            {
                let (cached, cache) = (self.clone(), cache.clone());
                carboy::spawn(async move {
                    if let Some(live) = cache.live() {
                        cached.renew(live, &key, at, flight, view).await;
                    }
                });
            }
            return Ok(conditional(request, response));
        }
        // Answers to HEAD are not kept.
        if *request.method() != Method::GET {
            return view.run().await;
        }
        // Nobody waits for an answer that is likely to be another's alone.
        if live.not_kept.contains_key(&key) {
            let flight = live.flights.alone(&key);
            let (response, outcome) = self.make(live, &key, &flight, view).await?;
            if matches!(outcome, Outcome::Made(_)) {
                live.not_kept.invalidate(&key);
            }
            return Ok(conditional(request, response));
        }
        loop {
            match live.flights.join(&at).await {
                Role::Leader(flight) => {
                    let mut turn = live.turn(&at);
                    let lock = loop {
                        let whose = turn.next().await;
                        // It may have been made between the look and the start, or by another process.
                        if let Some((response, _)) = found(live, request, &key, &mut at.clone()).await {
                            flight.land(Outcome::Kept);
                            return Ok(conditional(request, response));
                        }
                        if let Whose::Ours(lock) = whose {
                            break lock;
                        }
                    };
                    let made = match self.make(live, &key, &flight, view).await {
                        Ok((response, outcome)) => {
                            if matches!(outcome, Outcome::NotKept) {
                                live.not_kept.insert(key, ());
                            }
                            flight.land(outcome);
                            Ok(conditional(request, response))
                        }
                        Err(error) => {
                            flight.land(Outcome::Failed(error.clone()));
                            Err(error)
                        }
                    };
                    lock.release().await;
                    return made;
                }
                Role::Follower(outcome @ (Outcome::Made(_) | Outcome::Kept)) => {
                    if let Outcome::Made(bytes) = outcome
                        && let Some(Kept::Answer(response)) = kept::read(&bytes)
                    {
                        return Ok(conditional(request, response));
                    }
                    // Another variant was made, or this one.
                    let before = at.clone();
                    if let Some((response, _)) = found(live, request, &key, &mut at).await {
                        return Ok(conditional(request, response));
                    }
                    if at == before {
                        return view.run().await;
                    }
                }
                // An error of another's request may be about that request: this one is asked by itself.
                Role::Follower(Outcome::NotKept | Outcome::Failed(_)) => return view.run().await,
            }
        }
    }
}

/// The answer that is kept for a request, and for how long still. `at` becomes the key of its variant, if there are some.
async fn found(
    live: &Live,
    request: &Request,
    key: &str,
    at: &mut String,
) -> Option<(Response, Option<Duration>)> {
    let (bytes, left) = live.store.get_with_time(key).await?;
    match kept::read(&bytes)? {
        Kept::Answer(response) => Some((response, left)),
        Kept::Varies(fields) => {
            *at = format!("{key}{}", answer::variant(request, &fields));
            let (bytes, left) = live.store.get_with_time(at).await?;
            match kept::read(&bytes)? {
                Kept::Answer(response) => Some((response, left)),
                Kept::Varies(_) => None,
            }
        }
    }
}

/// 304 in place of an answer that the client has.
fn conditional(request: &Request, mut response: Response) -> Response {
    let has_validator = ["etag", "last-modified"].iter().any(|name| response.headers().contains_key(*name));
    if has_validator && response.status() == 200 {
        // Parts are not made of it, so nothing can fail.
        let _ = response.make_conditional(request, false, None);
    }
    response
}
