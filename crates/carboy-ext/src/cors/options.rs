//! What can be chosen, and where it is read.

use super::{Pattern, policy::Policy};
use carboy::{Config, Error, Result};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// The options of CORS, by Flask-CORS' names; what is not chosen is left to whoever comes before (see [the module](super)).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsOptions {
    #[serde(default, deserialize_with = "some_patterns")]
    origins: Option<Vec<Pattern>>,
    #[serde(default, deserialize_with = "joined")]
    methods: Option<Option<String>>,
    #[serde(default, deserialize_with = "some_patterns")]
    allow_headers: Option<Vec<Pattern>>,
    #[serde(default, deserialize_with = "joined")]
    expose_headers: Option<Option<String>>,
    supports_credentials: Option<bool>,
    #[serde(default, deserialize_with = "age")]
    max_age: Option<Option<String>>,
    send_wildcard: Option<bool>,
    vary_header: Option<bool>,
    always_send: Option<bool>,
    automatic_options: Option<bool>,
    allow_private_network: Option<bool>,
    intercept_exceptions: Option<bool>,
}

impl CorsOptions {
    /// Nothing is chosen.
    pub fn new() -> Self {
        CorsOptions::default()
    }

    /// The origins that may read, such as `https://shop.example`; `*`, the default, stands for all. Text is compared without regard to
    /// case, and so are regular expressions that are given as text.
    pub fn origins<P: Into<Pattern>>(mut self, origins: impl IntoIterator<Item = P>) -> Self {
        self.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// The methods that a preflight allows. Default: GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE. With none, no preflight allows anything.
    pub fn methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.methods = Some(Some(sorted(methods)));
        self
    }

    /// The header fields that a request may have, beside those that every request may have. Default `*`: those that the preflight asks for.
    pub fn allow_headers<P: Into<Pattern>>(mut self, headers: impl IntoIterator<Item = P>) -> Self {
        self.allow_headers = Some(headers.into_iter().map(Into::into).collect());
        self
    }

    /// The header fields of an answer that the page may read, beside those that every page may. Default: none.
    pub fn expose_headers<T: Into<String>>(mut self, headers: impl IntoIterator<Item = T>) -> Self {
        self.expose_headers = Some(Some(sorted(headers)));
        self
    }

    /// Whether requests may come with cookies and the like. Default no.
    pub fn supports_credentials(mut self, supported: bool) -> Self {
        self.supports_credentials = Some(supported);
        self
    }

    /// For how long a browser may keep the answer to a preflight. Default: nothing is said.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(Some(age.as_secs().to_string()));
        self
    }

    /// Whether the answer names `*` in place of the request's origin where all may read. Default no. Browsers refuse it together with
    /// credentials, so both are an error at start-up.
    pub fn send_wildcard(mut self, wildcard: bool) -> Self {
        self.send_wildcard = Some(wildcard);
        self
    }

    /// Whether `Vary: Origin` is sent where the answer depends on the origin. Default yes; without it a cache gives one site's answer to
    /// another.
    pub fn vary_header(mut self, vary: bool) -> Self {
        self.vary_header = Some(vary);
        self
    }

    /// Whether requests without `Origin` are answered too: with `*`, or with the first of the origins in alphabetical order. Default yes.
    pub fn always_send(mut self, always: bool) -> Self {
        self.always_send = Some(always);
        self
    }

    /// Whether preflights of a [view](super::Cors::view) get its options. Default yes; otherwise they are left to the view, or to the options
    /// of its path.
    pub fn automatic_options(mut self, automatic: bool) -> Self {
        self.automatic_options = Some(automatic);
        self
    }

    /// What is answered when a page of the internet asks for a private network (`Access-Control-Request-Private-Network`). Default no.
    pub fn allow_private_network(mut self, allowed: bool) -> Self {
        self.allow_private_network = Some(allowed);
        self
    }

    /// Taken for what Flask-CORS reads, and without effect: here the answers of error handlers come by like all others.
    pub fn intercept_exceptions(mut self, intercept: bool) -> Self {
        self.intercept_exceptions = Some(intercept);
        self
    }

    /// What the keys `CORS_…` say.
    pub(super) fn of(config: &Config) -> Result<Self> {
        let list = |key| -> Result<_> { Ok(config.get::<OneOrMany>(key)?) };
        let switch = |key: &str| -> Result<Option<bool>> {
            let there = config.value(key).is_some_and(|value| !value.is_null());
            Ok(if there { Some(config.get_bool(key)?) } else { None })
        };
        let max_age = match config.value("CORS_MAX_AGE") {
            // A Duration is a mapping when it is stored.
            Some(value) if value.is_object() => {
                config.get_duration("CORS_MAX_AGE")?.map(|age| Some(age.as_secs().to_string()))
            }
            _ => config.get::<Age>("CORS_MAX_AGE")?.map(Age::text),
        };
        Ok(CorsOptions {
            origins: list("CORS_ORIGINS")?.map(OneOrMany::patterns),
            methods: list("CORS_METHODS")?.map(|list| Some(list.joined())),
            allow_headers: list("CORS_ALLOW_HEADERS")?.map(OneOrMany::patterns),
            expose_headers: list("CORS_EXPOSE_HEADERS")?.map(|list| Some(list.joined())),
            supports_credentials: switch("CORS_SUPPORTS_CREDENTIALS")?,
            max_age,
            send_wildcard: switch("CORS_SEND_WILDCARD")?,
            vary_header: switch("CORS_VARY_HEADER")?,
            always_send: switch("CORS_ALWAYS_SEND")?,
            automatic_options: switch("CORS_AUTOMATIC_OPTIONS")?,
            allow_private_network: switch("CORS_ALLOW_PRIVATE_NETWORK")?,
            intercept_exceptions: switch("CORS_INTERCEPT_EXCEPTIONS")?,
        })
    }

    /// These options, but for what others choose.
    pub(super) fn overridden_by(self, others: &CorsOptions) -> Self {
        let others = others.clone();
        CorsOptions {
            origins: others.origins.or(self.origins),
            methods: others.methods.or(self.methods),
            allow_headers: others.allow_headers.or(self.allow_headers),
            expose_headers: others.expose_headers.or(self.expose_headers),
            supports_credentials: others.supports_credentials.or(self.supports_credentials),
            max_age: others.max_age.or(self.max_age),
            send_wildcard: others.send_wildcard.or(self.send_wildcard),
            vary_header: others.vary_header.or(self.vary_header),
            always_send: others.always_send.or(self.always_send),
            automatic_options: others.automatic_options.or(self.automatic_options),
            allow_private_network: others.allow_private_network.or(self.allow_private_network),
            intercept_exceptions: others.intercept_exceptions.or(self.intercept_exceptions),
        }
    }

    /// What is answered by these options and the defaults.
    ///
    /// # Errors
    /// A regular expression that is none; credentials together with a wildcard that is sent.
    pub(super) fn policy(self) -> Result<Policy> {
        let all = || vec![Pattern::from("*")];
        let origins = self.origins.unwrap_or_else(all);
        let allows_all_origins = origins.iter().any(Pattern::is_wildcard);
        let supports_credentials = self.supports_credentials.unwrap_or(false);
        let send_wildcard = self.send_wildcard.unwrap_or(false);
        if allows_all_origins && supports_credentials && send_wildcard {
            return Err(Error::msg(
                "supports_credentials cannot be used together with send_wildcard where '*' is among the origins: name the origins \
                 that may send credentials",
            ));
        }
        let given = |text: Option<Option<String>>| text.flatten().filter(|text| !text.is_empty());
        let matchers = |patterns: Vec<Pattern>| {
            patterns.iter().map(|pattern| pattern.matcher(true)).collect::<Result<Vec<_>>>()
        };
        Ok(Policy {
            origins: matchers(origins)?,
            allows_all_origins,
            methods: match self.methods {
                None => Some(METHODS.to_owned()),
                methods => given(methods).map(|methods| methods.to_uppercase()),
            },
            allow_headers: matchers(self.allow_headers.unwrap_or_else(all))?,
            expose_headers: given(self.expose_headers),
            supports_credentials,
            max_age: given(self.max_age),
            send_wildcard,
            vary_header: self.vary_header.unwrap_or(true),
            always_send: self.always_send.unwrap_or(true),
            automatic_options: self.automatic_options.unwrap_or(true),
            allow_private_network: self.allow_private_network.unwrap_or(false),
        })
    }
}

/// What is answered at which paths.
#[derive(Debug, Clone)]
pub(super) enum Resources {
    /// In this order.
    List(Vec<Pattern>),
    /// In the order of their ranks.
    Mapping(Vec<(Pattern, CorsOptions)>),
}

impl Resources {
    /// All paths.
    pub(super) fn everything() -> Self {
        Resources::List(vec![Pattern::from("/*")])
    }

    /// The pairs, to add one.
    pub(super) fn mapping(&mut self) -> &mut Vec<(Pattern, CorsOptions)> {
        if let Resources::List(list) = self {
            *self = Resources::Mapping(
                std::mem::take(list).into_iter().map(|path| (path, CorsOptions::new())).collect(),
            );
        }
        match self {
            Resources::Mapping(pairs) => pairs,
            Resources::List(_) => unreachable!("made a mapping just above"),
        }
    }

    /// The paths in the order in which they are tried.
    pub(super) fn sorted(self) -> Vec<(Pattern, CorsOptions)> {
        match self {
            Resources::List(list) => list.into_iter().map(|path| (path, CorsOptions::new())).collect(),
            Resources::Mapping(mut pairs) => {
                pairs.sort_by_key(|(path, _)| path.rank());
                pairs
            }
        }
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Listed(OneOrMany),
            Mapped(serde_json::Map<String, serde_json::Value>),
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Listed(list) => Resources::List(list.patterns()),
            Shape::Mapped(map) => Resources::Mapping(
                map.into_iter()
                    .map(|(path, options)| {
                        let options = CorsOptions::deserialize(options).map_err(serde::de::Error::custom)?;
                        Ok((Pattern::from(path), options))
                    })
                    .collect::<std::result::Result<_, D::Error>>()?,
            ),
        })
    }
}

/// A text, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn patterns(self) -> Vec<Pattern> {
        match self {
            OneOrMany::One(text) => vec![text.into()],
            OneOrMany::Many(texts) => texts.into_iter().map(Pattern::from).collect(),
        }
    }

    fn joined(self) -> String {
        match self {
            OneOrMany::One(text) => text,
            OneOrMany::Many(texts) => sorted(texts),
        }
    }
}

/// Seconds as a number or as text. Nothing is sent for the number zero.
#[derive(Deserialize)]
#[serde(untagged)]
enum Age {
    Seconds(i64),
    Text(String),
}

impl Age {
    fn text(self) -> Option<String> {
        match self {
            Age::Seconds(0) => None,
            Age::Seconds(seconds) => Some(seconds.to_string()),
            Age::Text(text) => Some(text),
        }
    }
}

fn sorted<T: Into<String>>(words: impl IntoIterator<Item = T>) -> String {
    let mut words: Vec<String> = words.into_iter().map(Into::into).collect();
    words.sort();
    words.join(", ")
}

fn some_patterns<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Vec<Pattern>>, D::Error> {
    Ok(Option::<OneOrMany>::deserialize(deserializer)?.map(OneOrMany::patterns))
}

fn joined<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<String>>, D::Error> {
    Ok(Some(Option::<OneOrMany>::deserialize(deserializer)?.map(OneOrMany::joined)))
}

fn age<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Option<String>>, D::Error> {
    Ok(Some(Option::<Age>::deserialize(deserializer)?.and_then(Age::text)))
}
