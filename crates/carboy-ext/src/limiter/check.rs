//! A request is counted.

use super::{
    Limiter, Live,
    limit::Limit,
    rate::RateLimit,
    request::{self, RequestLimit},
    scopes::{Applied, Exemption, rates_of},
    settings::Settings,
    store::{Store, StoreError},
};
use carboy::{Error, HttpError, Method, Response, Result, StatusCode, request as current_request};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// After so many attempts in vain the pauses between them begin anew.
const MAX_BACKEND_CHECKS: u32 = 5;

/// Whether the store answers, and when it is asked again.
#[derive(Default)]
pub(super) struct Backend(Mutex<Option<Dead>>);

struct Dead {
    attempts: u32,
    last: Instant,
}

impl Backend {
    fn lock(&self) -> MutexGuard<'_, Option<Dead>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.lock().is_some()
    }

    /// The store to count with.
    pub(super) fn store<'a>(&self, settings: &'a Settings) -> &'a Store {
        match &settings.fallback {
            Some(fallback) if self.is_dead() => fallback,
            _ => &settings.store,
        }
    }

    /// Counts in memory from now on, if that is wanted. Of many that wait for the store at once each is told so.
    pub(super) fn fall_back(&self, settings: &Settings, error: &StoreError) -> bool {
        if settings.fallback.is_none() {
            return false;
        }
        let mut dead = self.lock();
        if dead.is_none() {
            tracing::warn!(target: "carboy::limiter", "{error}; counting in memory meanwhile");
            *dead = Some(Dead { attempts: 0, last: Instant::now() });
        }
        true
    }

    /// Asks the store whether it is back, when it is time to.
    async fn try_again(&self, settings: &Settings) {
        let due = {
            let mut dead = self.lock();
            let Some(dead) = &mut *dead else { return };
            if dead.attempts > MAX_BACKEND_CHECKS {
                dead.attempts = 0;
            }
            let due = dead.last.elapsed() > Duration::from_secs(1 << dead.attempts);
            if due {
                dead.last = Instant::now();
                dead.attempts += 1;
            }
            due
        };
        if due && settings.store.check().await.is_ok() {
            tracing::info!(target: "carboy::limiter", "the store of rate limits answers again");
            *self.lock() = None;
        }
    }
}

/// Why a request does not go on.
enum Stop {
    /// It is one too many.
    Breach(Error),
    /// The counters cannot be reached.
    Store(StoreError),
    /// A limit cannot be read.
    Other(Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

/// Those that are looked at together.
#[derive(Clone, Copy)]
enum Phase {
    Application,
    View,
    /// A view without limits of its own has one look.
    Both,
    /// Meta limits alone.
    Nothing,
}

impl Limiter {
    /// Counts the current request by all limits that concern it.
    pub(super) async fn check_request(&self) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        let request = current_request();
        let endpoint = request.endpoint().unwrap_or_default();
        let is_file = endpoint.rsplit('.').next() == Some("static");
        if endpoint.is_empty() || is_file || self.0.filters.iter().any(|exempt| exempt()) {
            // Whoever exceeds limits too often is refused everywhere.
            return if live.meta.is_empty() {
                Ok(())
            } else {
                self.phase(live, Phase::Nothing, endpoint).await
            };
        }
        if live.scopes.has_own(endpoint) {
            self.phase(live, Phase::Application, endpoint).await?;
            if live.scopes.is_guarded(endpoint) {
                return Ok(());
            }
            self.phase(live, Phase::View, endpoint).await
        } else {
            self.phase(live, Phase::Both, endpoint).await
        }
    }

    /// Counts the current request by all limits of its view, at the first of the guards that say so.
    pub(super) async fn check_guarded(&self) -> Result<()> {
        let (Some(live), Some(seen)) = (self.live(), request::seen()) else { return Ok(()) };
        let request = current_request();
        let endpoint = request.endpoint().unwrap_or_default();
        let before = std::mem::replace(&mut request::lock(&seen).guarded, true);
        if before || self.0.filters.iter().any(|exempt| exempt()) {
            return Ok(());
        }
        self.phase(live, Phase::View, endpoint).await
    }

    async fn phase(&self, live: &Live, phase: Phase, endpoint: &str) -> Result<()> {
        let mut outcome = self.look(live, phase, endpoint).await;
        if self.falls_back(live, &outcome) {
            outcome = self.look(live, phase, endpoint).await;
        }
        settle(live, outcome)
    }

    async fn look(&self, live: &Live, phase: Phase, endpoint: &str) -> std::result::Result<(), Stop> {
        let limits = self.limits(live, phase, endpoint).await;
        self.evaluate(live, endpoint, limits).await
    }

    /// Counts the current request by one limit.
    pub(super) async fn check_one(&self, limit: &Limit) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        let request = current_request();
        let endpoint = request.endpoint().unwrap_or_default();
        let rates: Vec<_> = limit.rates()?.into_iter().map(|rate| (rate, limit)).collect();
        let mut outcome = self.evaluate(live, endpoint, rates.clone()).await;
        if self.falls_back(live, &outcome) {
            outcome = self.evaluate(live, endpoint, rates).await;
        }
        settle(live, outcome)
    }

    /// Whether to look once more, in memory: when the store does not answer and that is wanted.
    fn falls_back(&self, live: &Live, outcome: &std::result::Result<(), Stop>) -> bool {
        matches!(outcome, Err(Stop::Store(error)) if live.backend.fall_back(&live.settings, error))
    }

    /// The limits that concern the request, those with the shortest windows first.
    async fn limits<'a>(&self, live: &'a Live, phase: Phase, endpoint: &str) -> Vec<Applied<'a>> {
        let request = current_request();
        if matches!(phase, Phase::Nothing) {
            return Vec::new();
        }
        if !matches!(phase, Phase::Application) && live.backend.is_dead() {
            live.backend.try_again(&live.settings).await;
            if live.backend.is_dead() && !live.settings.fallback_limits.is_empty() {
                return rates(&live.settings.fallback_limits);
            }
        }
        let mut limits = Vec::new();
        if !matches!(phase, Phase::View) {
            limits.extend(live.scopes.of_application(endpoint, request.blueprint()));
        }
        if !matches!(phase, Phase::Application) {
            limits.extend(live.scopes.of_view(endpoint, request.blueprint()));
        }
        // Guards are not reached by what the app answers by itself.
        let automatic = request.method() == Method::OPTIONS && !live.scopes.is_guarded(endpoint);
        if matches!(phase, Phase::View) && automatic {
            limits.retain(|(_, limit)| limit.names_method("OPTIONS"));
        }
        sorted(limits)
    }

    async fn evaluate(
        &self,
        live: &Live,
        endpoint: &str,
        limits: Vec<Applied<'_>>,
    ) -> std::result::Result<(), Stop> {
        let (settings, store) = (&live.settings, live.backend.store(&live.settings));
        let seen = request::seen().ok_or_else(|| Stop::Other(Error::msg("there is no request")))?;
        let blueprint = current_request().blueprint().map(str::to_owned);
        let exemption = live.scopes.exemption(endpoint, blueprint.as_deref());
        if !exemption.contains(Exemption::META) {
            self.check_meta(live, endpoint, store).await?;
        }
        let mut all: Vec<RequestLimit> = Vec::new();
        let mut breached: Vec<(RateLimit, &Limit, RequestLimit)> = Vec::new();
        for (rate, limit) in limits {
            if limit.is_exempt() || limit.exempts_method() {
                continue;
            }
            let (key, scope) = (limit.key_or(&self.0.key), limit.scope_for(endpoint));
            if key.is_empty() || scope.is_empty() {
                tracing::error!(target: "carboy::limiter", "the limit {rate} is left out: its key is empty");
                continue;
            }
            let prefix = &settings.key_prefix;
            let identifiers = [prefix.as_str(), &key, &scope];
            let name = rate.key_for(&identifiers[usize::from(prefix.is_empty())..]);
            let cost = limit.cost_now();
            let passed = if limit.deducts_later() {
                request::lock(&seen).later.push((limit.clone(), rate, name.clone()));
                store.test(&rate, &name, cost).await?
            } else {
                store.hit(&rate, &name, cost).await?
            };
            let told = RequestLimit { rate, key: name, breached: !passed, shared: limit.is_shared() };
            all.push(told.clone());
            if !passed {
                tracing::info!(
                    target: "carboy::limiter",
                    "ratelimit {rate} ({}) exceeded at endpoint: {scope}",
                    key.escape_debug()
                );
                breached.push((rate, limit, told));
                if settings.fail_on_first_breach {
                    break;
                }
            }
        }
        {
            let mut seen = request::lock(&seen);
            // A limit that was exceeded tells most; then one of the view alone.
            seen.current = breached
                .last()
                .map(|(_, _, told)| told)
                .or_else(|| all.iter().find(|limit| !limit.shared))
                .or(all.first())
                .cloned();
            seen.all = all;
        }
        if breached.is_empty() {
            return Ok(());
        }
        let mut response = None;
        for (_, limit, told) in &breached {
            for called in self.0.on_breach.iter().chain(&limit.on_breach) {
                response = called(told).or(response);
            }
        }
        self.hit_meta(live, endpoint, store).await?;
        let (rate, limit, _) =
            breached.iter().min_by_key(|(rate, ..)| rate.granularity()).expect("there is one");
        Err(Stop::Breach(too_many(limit.message(rate), response)))
    }

    /// Refuses whoever exceeded limits too often.
    async fn check_meta(&self, live: &Live, endpoint: &str, store: &Store) -> std::result::Result<(), Stop> {
        for (rate, limit) in rates(live.meta.iter().filter(|limit| !limit.is_exempt())) {
            let name = self.meta_name(&rate, limit, endpoint);
            if store.test(&rate, &name, limit.cost_now()).await? {
                continue;
            }
            let told = RequestLimit { rate, key: name, breached: true, shared: true };
            if let Some(seen) = request::seen() {
                let mut seen = request::lock(&seen);
                (seen.current, seen.all) = (Some(told.clone()), vec![told.clone()]);
            }
            let called = limit.on_breach.as_ref().or(self.0.on_meta_breach.as_ref());
            let response = called.and_then(|called| called(&told));
            return Err(Stop::Breach(too_many(limit.message(&rate), response)));
        }
        Ok(())
    }

    /// Notes that a limit was exceeded.
    async fn hit_meta(&self, live: &Live, endpoint: &str, store: &Store) -> std::result::Result<(), Stop> {
        for (rate, limit) in rates(live.meta.iter().filter(|limit| !limit.is_exempt())) {
            store.hit(&rate, &self.meta_name(&rate, limit, endpoint), 1).await?;
        }
        Ok(())
    }

    fn meta_name(&self, rate: &RateLimit, limit: &Limit, endpoint: &str) -> String {
        rate.key_for(&[limit.key_or(&self.0.key), limit.scope_for(endpoint)])
    }
}

/// What came of it: errors may be swallowed.
fn settle(live: &Live, outcome: std::result::Result<(), Stop>) -> Result<()> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Stop::Breach(error)) => Err(error),
        Err(Stop::Store(error)) if live.settings.swallow_errors => {
            // The store is told about by its connection, once.
            tracing::debug!(target: "carboy::limiter", "a request passes uncounted: {error}");
            Ok(())
        }
        Err(Stop::Other(error)) if live.settings.swallow_errors => {
            tracing::error!(target: "carboy::limiter", "a request passes uncounted: {error}");
            Ok(())
        }
        Err(Stop::Store(error)) => Err(error.into()),
        Err(Stop::Other(error)) => Err(error),
    }
}

/// The rates of limits, those with the shortest granularity first.
fn rates<'a>(limits: impl IntoIterator<Item = &'a Limit>) -> Vec<Applied<'a>> {
    sorted(limits.into_iter().flat_map(rates_of).collect())
}

/// Those with the shortest granularity first, whatever its multiples are.
fn sorted(mut rates: Vec<Applied<'_>>) -> Vec<Applied<'_>> {
    rates.sort_by_key(|(rate, _)| rate.granularity());
    rates
}

/// 429, with what the client is told.
fn too_many(message: String, response: Option<Response>) -> Error {
    let error = HttpError::new(StatusCode::TOO_MANY_REQUESTS).with_description(message);
    match response {
        Some(response) => error.with_response(response).into(),
        None => error.into(),
    }
}
