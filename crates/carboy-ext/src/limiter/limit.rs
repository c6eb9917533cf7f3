//! A limit as it is defined: a rate, whose, and when.

use super::{rate::RateLimit, request::RequestLimit};
use carboy::{Response, Result, request};
use std::sync::Arc;

pub(super) type Text = Arc<dyn Fn() -> String + Send + Sync>;
type Test = Arc<dyn Fn() -> bool + Send + Sync>;
type Deduct = Arc<dyn Fn(&Response) -> bool + Send + Sync>;
pub(super) type Cost = Arc<dyn Fn() -> u64 + Send + Sync>;
pub(super) type OnBreach = Arc<dyn Fn(&RequestLimit) -> Option<Response> + Send + Sync>;

/// A rate limit and its conditions: what Flask-Limiter's decorator `limit` takes. Text becomes one without conditions.
///
/// ```
/// use carboy::request;
/// use carboy_ext::limiter::Limit;
///
/// let by_key = Limit::new("100/hour; 10/minute")
///     .key(|| request().header("x-api-key").unwrap_or_default().into_owned())
///     .methods(["POST"])
///     .error_message("Too many orders.");
/// ```
#[derive(Clone)]
pub struct Limit {
    rates: Rates,
    key: Option<Text>,
    scope: Option<Scope>,
    shared: bool,
    pub(super) per_method: bool,
    methods: Option<Vec<String>>,
    error_message: Option<Text>,
    exempt_when: Option<Test>,
    pub(super) override_defaults: bool,
    deduct_when: Option<Deduct>,
    pub(super) on_breach: Option<OnBreach>,
    pub(super) cost: Option<Cost>,
}

#[derive(Clone)]
enum Rates {
    Fixed(String),
    Dynamic(Text),
}

#[derive(Clone)]
enum Scope {
    Name(String),
    Of(Arc<dyn Fn(&str) -> String + Send + Sync>),
}

impl Limit {
    fn with(rates: Rates) -> Self {
        Limit {
            rates,
            key: None,
            scope: None,
            shared: false,
            per_method: false,
            methods: None,
            error_message: None,
            exempt_when: None,
            override_defaults: true,
            deduct_when: None,
            on_breach: None,
            cost: None,
        }
    }

    /// One rate or several: `10 per hour; 5/minute`. A text that is none is an error at start-up.
    pub fn new(rates: &str) -> Self {
        Limit::with(Rates::Fixed(rates.to_owned()))
    }

    /// Rates that are asked for at each request; an empty text is no limit. One that is no rate is logged, and no limit.
    pub fn dynamic(rates: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Limit::with(Rates::Dynamic(Arc::new(rates)))
    }

    /// A limit that all views with this scope share: Flask-Limiter's `shared_limit`.
    pub fn shared(rates: &str, scope: &str) -> Self {
        Limit::new(rates).shared_as(scope)
    }

    /// Makes it one that all views with this scope share.
    pub fn shared_as(mut self, scope: &str) -> Self {
        self.shared = true;
        self.scope(scope)
    }

    /// Whose hits are counted: the key. Default: that of the limiter. Where it is empty nothing is counted.
    pub fn key(mut self, key: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(key));
        self
    }

    /// Counts apart from other limits of the view: the counter's name gets this beside the endpoint.
    pub fn scope(mut self, scope: &str) -> Self {
        self.scope = Some(Scope::Name(scope.to_owned()));
        self
    }

    /// As [`scope`](Self::scope), by a function of the endpoint.
    pub fn scope_by(mut self, scope: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.scope = Some(Scope::Of(Arc::new(scope)));
        self
    }

    /// Counts each method by itself.
    pub fn per_method(mut self) -> Self {
        self.per_method = true;
        self
    }

    /// Concerns requests with these methods only.
    pub fn methods<T: AsRef<str>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.methods = Some(methods.into_iter().map(|method| method.as_ref().to_ascii_uppercase()).collect());
        self
    }

    /// What the client is told in place of the rate.
    pub fn error_message(self, message: &str) -> Self {
        let message = message.to_owned();
        self.error_message_by(move || message.clone())
    }

    /// As [`error_message`](Self::error_message), by a function.
    pub fn error_message_by(mut self, message: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.error_message = Some(Arc::new(message));
        self
    }

    /// Lets requests pass uncounted for which this is true.
    pub fn exempt_when(mut self, exempt: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.exempt_when = Some(Arc::new(exempt));
        self
    }

    /// Whether the limit of a view or blueprint takes the place of the default limits (the default), or adds to them.
    pub fn override_defaults(mut self, overrides: bool) -> Self {
        self.override_defaults = overrides;
        self
    }

    /// Takes from the counter only for responses for which this is true, after they are made: failed logins, say.
    pub fn deduct_when(mut self, deduct: impl Fn(&Response) -> bool + Send + Sync + 'static) -> Self {
        self.deduct_when = Some(Arc::new(deduct));
        self
    }

    /// Called when the limit is exceeded; the response that it may return is sent in place of the page of status 429.
    pub fn on_breach(
        mut self,
        called: impl Fn(&RequestLimit) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        self.on_breach = Some(Arc::new(called));
        self
    }

    /// How much a request takes. Default 1.
    pub fn cost(self, cost: u64) -> Self {
        self.cost_by(move || cost)
    }

    /// As [`cost`](Self::cost), by a function.
    pub fn cost_by(mut self, cost: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.cost = Some(Arc::new(cost));
        self
    }

    /// Its rates now, none when they are broken and only come to light now.
    pub(super) fn rates(&self) -> Result<Vec<RateLimit>> {
        let text = match &self.rates {
            Rates::Fixed(text) => text.clone(),
            Rates::Dynamic(text) => text(),
        };
        Ok(if text.is_empty() { Vec::new() } else { RateLimit::parse_many(&text)? })
    }

    /// Whether its rates are known before a request comes.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.rates, Rates::Fixed(_))
    }

    pub(super) fn key_or(&self, default: &Text) -> String {
        self.key.as_ref().unwrap_or(default)()
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared
    }

    pub(super) fn is_exempt(&self) -> bool {
        self.exempt_when.as_ref().is_some_and(|exempt| exempt())
    }

    /// Whether it does not concern the request's method.
    pub(super) fn exempts_method(&self) -> bool {
        let concerns =
            |methods: &Vec<String>| methods.iter().any(|method| method == request().method().as_str());
        self.methods.as_ref().is_some_and(|methods| !concerns(methods))
    }

    pub(super) fn names_method(&self, wanted: &str) -> bool {
        self.methods.as_ref().is_some_and(|methods| methods.iter().any(|method| method == wanted))
    }

    /// The part of the counter's name that says what is counted.
    pub(super) fn scope_for(&self, endpoint: &str) -> String {
        let own = match &self.scope {
            None => String::new(),
            Some(Scope::Name(name)) => name.clone(),
            Some(Scope::Of(f)) => f(request().endpoint().unwrap_or_default()),
        };
        let mut scope = match (own.is_empty(), self.shared) {
            (true, _) => endpoint.to_owned(),
            (false, true) => own,
            (false, false) => format!("{endpoint}:{own}"),
        };
        if self.per_method {
            scope.push(':');
            scope.push_str(request().method().as_str());
        }
        scope
    }

    pub(super) fn cost_now(&self) -> u64 {
        self.cost.as_ref().map_or(1, |cost| cost())
    }

    pub(super) fn deducts_later(&self) -> bool {
        self.deduct_when.is_some()
    }

    pub(super) fn deducts(&self, response: &Response) -> bool {
        self.deduct_when.as_ref().is_some_and(|deduct| deduct(response))
    }

    /// What the client is told.
    pub(super) fn message(&self, rate: &RateLimit) -> String {
        self.error_message.as_ref().map_or_else(|| rate.to_string(), |message| message())
    }
}

impl From<&str> for Limit {
    fn from(rates: &str) -> Self {
        Limit::new(rates)
    }
}

impl From<String> for Limit {
    fn from(rates: String) -> Self {
        Limit::new(&rates)
    }
}

impl std::fmt::Debug for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.rates {
            Rates::Fixed(text) => write!(f, "Limit({text:?})"),
            Rates::Dynamic(_) => f.write_str("Limit(dynamic)"),
        }
    }
}
