//! `Authorization` and `WWW-Authenticate`
//! ([RFC 9110, section 11](https://www.rfc-editor.org/rfc/rfc9110#section-11)).

use super::{
    list::{dump_dict_header, parse_dict_header},
    params::Directives,
    text::{is_blank, quote_always, quote_header_value, title},
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Standard base64 that wants its padding but does not look at the bits behind the last byte, as
/// Python's strict mode.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Who the client says it is: a scheme and, depending on it, parameters or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    scheme: String,
    parameters: Directives,
    token: Option<String>,
}

impl Authorization {
    /// Credentials with parameters, such as `digest`.
    pub fn with_parameters(scheme: &str, parameters: Directives) -> Self {
        Authorization { scheme: scheme.to_lowercase(), parameters, token: None }
    }

    /// Credentials with a token, such as `bearer`.
    pub fn with_token(scheme: &str, token: impl Into<String>) -> Self {
        Authorization {
            scheme: scheme.to_lowercase(),
            parameters: Directives::new(),
            token: Some(token.into()),
        }
    }

    /// A user name and a password.
    pub fn basic(username: &str, password: &str) -> Self {
        let pair = [("username", Some(username.to_owned())), ("password", Some(password.to_owned()))];
        Authorization::with_parameters("basic", pair.into_iter().collect())
    }

    /// Reads the field; `None` when it is empty or its `Basic` credentials are no base64 of UTF-8.
    ///
    /// `Basic` is split at the first colon. Of any other scheme, a rest with `=` inside is read as
    /// parameters, any other rest is the token.
    ///
    /// ```
    /// use carboy_http::headers::Authorization;
    /// let basic = Authorization::parse("Basic dXNlcjpwYXNz").unwrap();
    /// assert_eq!((basic.username(), basic.password()), (Some("user"), Some("pass")));
    /// let bearer = Authorization::parse("Bearer abc.def==").unwrap();
    /// assert_eq!((bearer.scheme(), bearer.token()), ("bearer", Some("abc.def==")));
    /// ```
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = split_scheme(value)?;
        if scheme == "basic" {
            let decoded = String::from_utf8(BASE64.decode(rest).ok()?).ok()?;
            let (username, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
            return Some(Authorization::basic(username, password));
        }
        let (parameters, token) = parameters_or_token(rest);
        Some(Authorization { scheme, parameters, token })
    }

    /// The scheme in lower case: `basic`, `bearer`, `digest`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The token of schemes that have one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The parameters of schemes that have some.
    pub fn parameters(&self) -> &Directives {
        &self.parameters
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// The user name.
    pub fn username(&self) -> Option<&str> {
        self.get("username")
    }

    /// The password.
    pub fn password(&self) -> Option<&str> {
        self.get("password")
    }

    /// The value of the header field.
    pub fn to_header(&self) -> String {
        if self.scheme == "basic" {
            let pair =
                format!("{}:{}", self.username().unwrap_or_default(), self.password().unwrap_or_default());
            return format!("Basic {}", BASE64.encode(pair));
        }
        match &self.token {
            Some(token) => format!("{} {token}", title(&self.scheme)),
            None => format!("{} {}", title(&self.scheme), dump_dict_header(self.parameters.iter())),
        }
    }
}

/// Shows the scheme and the names of the parameters only: the rest are secrets.
impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("Authorization")
            .field("scheme", &self.scheme)
            .field("parameters", &names)
            .finish_non_exhaustive()
    }
}

/// How the client can say who it is: one challenge of a `WWW-Authenticate` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WwwAuthenticate {
    scheme: String,
    parameters: Directives,
    token: Option<String>,
}

impl WwwAuthenticate {
    /// A challenge of this scheme without parameters.
    pub fn new(scheme: &str) -> Self {
        WwwAuthenticate { scheme: scheme.to_lowercase(), parameters: Directives::new(), token: None }
    }

    /// Adds a parameter.
    ///
    /// ```
    /// use carboy_http::headers::WwwAuthenticate;
    /// let challenge = WwwAuthenticate::new("basic").parameter("realm", "the shop");
    /// assert_eq!(challenge.to_header(), r#"Basic realm="the shop""#);
    /// ```
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name, Some(value.into()));
        self
    }

    /// Sets the token, which takes the place of the parameters.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Reads the field; `None` when it is empty.
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = split_scheme(value)?;
        let (parameters, token) = parameters_or_token(rest);
        Some(WwwAuthenticate { scheme, parameters, token })
    }

    /// The scheme in lower case.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The token of schemes that have one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The parameters.
    pub fn parameters(&self) -> &Directives {
        &self.parameters
    }

    /// The parameters, to change them.
    pub fn parameters_mut(&mut self) -> &mut Directives {
        &mut self.parameters
    }

    /// The value of the header field. `Digest` wants some of its parameters in quotes always.
    pub fn to_header(&self) -> String {
        let scheme = title(&self.scheme);
        if let Some(token) = &self.token {
            return format!("{scheme} {token}");
        }
        if self.parameters.is_empty() {
            return scheme;
        }
        if self.scheme != "digest" {
            return format!("{scheme} {}", dump_dict_header(self.parameters.iter()));
        }
        let items: Vec<String> = self
            .parameters
            .iter()
            .map(|(name, value)| {
                let value = value.unwrap_or_default();
                match name {
                    "realm" | "domain" | "nonce" | "opaque" | "qop" => {
                        format!("{name}={}", quote_always(value))
                    }
                    _ => format!("{name}={}", quote_header_value(value)),
                }
            })
            .collect();
        format!("Digest {}", items.join(", "))
    }
}

/// The scheme in lower case, and what follows the first blank.
fn split_scheme(value: &str) -> Option<(String, &str)> {
    if value.is_empty() {
        return None;
    }
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    Some((scheme.to_lowercase(), rest.trim_matches(is_blank)))
}

fn parameters_or_token(rest: &str) -> (Directives, Option<String>) {
    if rest.trim_end_matches('=').contains('=') {
        (parse_dict_header(rest), None)
    } else {
        (Directives::new(), Some(rest.to_owned()))
    }
}
