//! The answer tells about the limit.

use super::{
    Limiter, Live,
    request::{self, RequestLimit},
    settings::Headers,
    store::{Store, StoreError},
    strategy::Window,
};
use carboy::{HeaderValue, Response, Result};
use std::time::{Duration, UNIX_EPOCH};

impl Limiter {
    /// Takes from the counters that wait for the response, and adds the header fields.
    pub(super) async fn tell(&self, mut response: Response) -> Result<Response> {
        let (Some(live), Some(seen)) = (self.live(), request::seen()) else { return Ok(response) };
        let (later, current) = {
            let mut seen = request::lock(&seen);
            (std::mem::take(&mut seen.later), seen.current.clone())
        };
        for (limit, rate, name) in later {
            if limit.deducts(&response)
                && let Err(error) =
                    live.backend.store(&live.settings).hit(&rate, &name, limit.cost_now()).await
            {
                self.swallow(live, error)?;
            }
        }
        let (Some(headers), Some(limit)) = (&live.settings.headers, current) else { return Ok(response) };
        match self.window_of(live, &limit).await {
            Ok(window) => add(headers, &limit, window, &mut response),
            Err(error) => self.swallow(live, error)?,
        }
        Ok(response)
    }

    async fn window_of(&self, live: &Live, limit: &RequestLimit) -> Result<Window, StoreError> {
        match live.backend.store(&live.settings).window(&limit.rate, &limit.key).await {
            Err(error) if live.backend.fall_back(&live.settings, &error) => {
                live.backend.store(&live.settings).window(&limit.rate, &limit.key).await
            }
            answer => answer,
        }
    }

    fn swallow(&self, live: &Live, error: StoreError) -> Result<()> {
        if live.settings.swallow_errors {
            tracing::debug!(target: "carboy::limiter", "an answer does not tell about its limit: {error}");
            Ok(())
        } else {
            Err(error.into())
        }
    }
}

fn add(headers: &Headers, limit: &RequestLimit, window: Window, response: &mut Response) {
    let now = Store::now();
    let mut reset = (window.reset + 1.0) as i64;
    let fields = response.headers_mut();
    fields.append(headers.limit.clone(), limit.rate.amount().into());
    fields.append(headers.remaining.clone(), window.remaining.into());
    fields.append(headers.reset.clone(), reset.into());
    // A view may have said when to come back: the later counts.
    if let Some(said) = response.header("retry-after") {
        let seconds = |text: &str| text.trim().parse::<i64>().ok();
        let date = carboy::parse_date(&said).and_then(|date| date.duration_since(UNIX_EPOCH).ok());
        let said = match date {
            Some(since) => Some(since.as_secs() as i64),
            None => seconds(&said).map(|seconds| now as i64 + seconds),
        };
        reset = reset.max(said.unwrap_or(0));
    }
    let value = if headers.retry_after_as_date {
        let reset = u64::try_from(reset).unwrap_or(0);
        HeaderValue::try_from(carboy::http_date(UNIX_EPOCH + Duration::from_secs(reset))).ok()
    } else {
        Some(HeaderValue::from((reset as f64 - now) as i64))
    };
    if let Some(value) = value {
        response.headers_mut().insert(headers.retry_after.clone(), value);
    }
}
