//! `Cache-Control` of requests and of responses
//! ([RFC 9111, section 5.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2)).

use super::{
    list::{dump_dict_header, parse_dict_header},
    params::Directives,
    text::plain_int,
};

/// A directive that may have a value: absent, alone, or with one.
type Optional<'a> = Option<Option<&'a str>>;

/// The `Cache-Control` of a request. It is read only.
///
/// ```
/// use carboy_http::headers::RequestCacheControl;
/// let control = RequestCacheControl::parse("no-cache, max-age=60, max-stale");
/// assert!(control.no_cache());
/// assert_eq!(control.max_age(), Some(60));
/// assert_eq!(control.max_stale(), Some(None));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestCacheControl(Directives);

impl RequestCacheControl {
    /// Reads the field.
    pub fn parse(value: &str) -> Self {
        RequestCacheControl(parse_dict_header(value))
    }

    /// All directives, unknown ones included.
    pub fn directives(&self) -> &Directives {
        &self.0
    }

    /// `no-cache`.
    pub fn no_cache(&self) -> bool {
        self.0.contains("no-cache")
    }

    /// `no-store`.
    pub fn no_store(&self) -> bool {
        self.0.contains("no-store")
    }

    /// `no-transform`.
    pub fn no_transform(&self) -> bool {
        self.0.contains("no-transform")
    }

    /// `only-if-cached`.
    pub fn only_if_cached(&self) -> bool {
        self.0.contains("only-if-cached")
    }

    /// `max-age` in seconds; `None` when it is absent or no number.
    pub fn max_age(&self) -> Option<i64> {
        number(&self.0, "max-age")
    }

    /// `max-stale`: `Some(None)` when any staleness will do.
    pub fn max_stale(&self) -> Option<Option<i64>> {
        match self.0.entry("max-stale")? {
            None => Some(None),
            Some(value) => plain_int(value).map(Some),
        }
    }

    /// `min-fresh` in seconds.
    pub fn min_fresh(&self) -> Option<i64> {
        number(&self.0, "min-fresh")
    }

    /// `stale-if-error` in seconds.
    pub fn stale_if_error(&self) -> Option<i64> {
        number(&self.0, "stale-if-error")
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        dump_dict_header(self.0.iter())
    }
}

/// The `Cache-Control` of a response.
///
/// ```
/// use carboy_http::headers::ResponseCacheControl;
/// let mut control = ResponseCacheControl::default();
/// control.set_public(true).set_max_age(3600);
/// assert_eq!(control.to_header(), "public, max-age=3600");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseCacheControl(Directives);

impl ResponseCacheControl {
    /// Reads the field.
    pub fn parse(value: &str) -> Self {
        ResponseCacheControl(parse_dict_header(value))
    }

    /// All directives, unknown ones included.
    pub fn directives(&self) -> &Directives {
        &self.0
    }

    /// All directives, to change them.
    pub fn directives_mut(&mut self) -> &mut Directives {
        &mut self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `no-cache`: `Some(None)` for the whole answer, else the fields that it names.
    pub fn no_cache(&self) -> Optional<'_> {
        self.0.entry("no-cache")
    }

    /// `private`: `Some(None)` for the whole answer, else the fields that it names.
    pub fn private(&self) -> Optional<'_> {
        self.0.entry("private")
    }

    /// `max-age` in seconds; `None` when it is absent or no number.
    pub fn max_age(&self) -> Option<i64> {
        number(&self.0, "max-age")
    }

    /// `s-maxage` in seconds.
    pub fn s_maxage(&self) -> Option<i64> {
        number(&self.0, "s-maxage")
    }

    /// `stale-while-revalidate` in seconds.
    pub fn stale_while_revalidate(&self) -> Option<i64> {
        number(&self.0, "stale-while-revalidate")
    }

    /// `stale-if-error` in seconds.
    pub fn stale_if_error(&self) -> Option<i64> {
        number(&self.0, "stale-if-error")
    }

    /// Sets or removes `max-age`.
    pub fn set_max_age(&mut self, seconds: impl Into<Option<i64>>) -> &mut Self {
        self.set_number("max-age", seconds.into())
    }

    /// Sets or removes `s-maxage`.
    pub fn set_s_maxage(&mut self, seconds: impl Into<Option<i64>>) -> &mut Self {
        self.set_number("s-maxage", seconds.into())
    }

    /// Sets or removes `stale-while-revalidate`.
    pub fn set_stale_while_revalidate(&mut self, seconds: impl Into<Option<i64>>) -> &mut Self {
        self.set_number("stale-while-revalidate", seconds.into())
    }

    /// Sets or removes `stale-if-error`.
    pub fn set_stale_if_error(&mut self, seconds: impl Into<Option<i64>>) -> &mut Self {
        self.set_number("stale-if-error", seconds.into())
    }

    fn set_number(&mut self, name: &str, seconds: Option<i64>) -> &mut Self {
        match seconds {
            Some(seconds) => self.0.insert(name, Some(seconds.to_string())),
            None => {
                self.0.remove(name);
            }
        }
        self
    }

    fn set_flag(&mut self, name: &str, on: bool) -> &mut Self {
        if on {
            self.0.insert(name, None);
        } else {
            self.0.remove(name);
        }
        self
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        dump_dict_header(self.0.iter())
    }
}

macro_rules! flags {
    ($($get:ident $set:ident $name:literal),* $(,)?) => {
        impl ResponseCacheControl {
            $(
                #[doc = concat!("Whether `", $name, "` is there.")]
                pub fn $get(&self) -> bool {
                    self.0.contains($name)
                }

                #[doc = concat!("Sets or removes `", $name, "`.")]
                pub fn $set(&mut self, on: bool) -> &mut Self {
                    self.set_flag($name, on)
                }
            )*
        }
    };
}

flags! {
    no_store set_no_store "no-store",
    no_transform set_no_transform "no-transform",
    public set_public "public",
    must_revalidate set_must_revalidate "must-revalidate",
    proxy_revalidate set_proxy_revalidate "proxy-revalidate",
    immutable set_immutable "immutable",
    must_understand set_must_understand "must-understand",
}

impl ResponseCacheControl {
    /// Sets (for the whole answer) or removes `no-cache`.
    pub fn set_no_cache(&mut self, on: bool) -> &mut Self {
        self.set_flag("no-cache", on)
    }

    /// Sets (for the whole answer) or removes `private`.
    pub fn set_private(&mut self, on: bool) -> &mut Self {
        self.set_flag("private", on)
    }
}

fn number(directives: &Directives, name: &str) -> Option<i64> {
    plain_int(directives.get(name)?)
}
