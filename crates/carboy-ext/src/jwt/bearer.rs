//! Who comes with a token in the `Authorization` field (RFC 6750): the guards, and the refusals.

use super::{
    Jwt,
    claims::Claims,
    error::{JwtError, JwtErrorKind},
};
use carboy::{
    Context, CurrentRequest, Error, Ext, FromContext, G, Guard, HeaderValue, HttpError, Requirement, Result,
    StatusCode, after_this_request, ext, request,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{fmt, ops::Deref, sync::Arc};

/// The claims of the token that came with the request, as a view's argument: a view with it runs for nobody else.
///
/// `T` is [`Claims`], or a type of the app's own that is read from all claims. It dereferences to it. `Option<Bearer>` is for views that
/// also answer those who come without a token, or with one that is not good.
///
/// ```
/// use carboy::prelude::*;
/// use carboy_ext::jwt::{Bearer, Claims, Jwt, Key};
///
/// #[get("/me")]
/// fn me(bearer: Bearer) -> String {
///     bearer.sub.clone().unwrap_or_default()
/// }
///
/// let mut app = App::new("shop");
/// app.ext(Jwt::new().key(Key::generate()?)).routes(routes![me]);
/// let client = app.test_client();
/// assert_eq!(client.get("/me").send().header("www-authenticate"), Some("Bearer realm=\"shop\""));
/// # Ok::<(), carboy::Error>(())
/// ```
///
/// # Errors
/// What [`BearerError`] says, with the status and the `WWW-Authenticate` field that belong to it; through the error handlers.
#[derive(Debug, Clone, PartialEq)]
pub struct Bearer<T = Claims>(pub T);

impl<T> Deref for Bearer<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl Bearer {
    /// Refuses a token that does not permit this.
    ///
    /// # Errors
    /// 403 with `insufficient_scope`.
    pub fn require_scope(&self, scope: &str) -> Result<()> {
        match self.has_scope(scope) {
            true => Ok(()),
            false => Err(refusal(&ext::<Jwt>(), BearerError::InsufficientScope(scope.to_owned()))),
        }
    }
}

impl<T: DeserializeOwned> FromContext for Bearer<T> {
    fn requires(requirements: &mut Vec<Requirement>) {
        requirements.push(Requirement::of::<Jwt>());
    }

    fn guards(guards: &mut Vec<Guard>) {
        guards.push(Guard::new(bearer_required));
    }

    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let jwt = Ext::<Jwt>::from_context(context)?;
        let request = CurrentRequest::from_context(context)?;
        let claims = presented(&jwt, &request, &G::from_context(context)?)?;
        let claims = T::deserialize(&*claims).map_err(|error| {
            tracing::debug!(target: "carboy::jwt", "the claims of a good token are not those of the view: {error}");
            refusal(&jwt, BearerError::InvalidToken(JwtErrorKind::InvalidClaim("claims".into()).into()))
        })?;
        Ok(Bearer(claims))
    }
}

/// A guard: requests without a good token are refused. For a view, or for all of a blueprint.
///
/// ```
/// use carboy::prelude::*;
/// use carboy_ext::jwt;
///
/// #[post("/notes", guard = jwt::bearer_required)]
/// fn create() -> (&'static str, u16) {
///     ("created", 201)
/// }
///
/// let mut api = Blueprint::new("api");
/// api.url_prefix("/api").guard(jwt::bearer_required).routes(routes![create]);
/// ```
///
/// # Errors
/// What [`BearerError`] says.
pub fn bearer_required() -> Result<()> {
    presented(&ext::<Jwt>(), &request(), &carboy::g()).map(|_| ())
}

/// As [`bearer_required`], for tokens that permit all of these: `guard = jwt::scope_required("notes:read")`.
///
/// The guard refuses with what [`BearerError`] says.
pub fn scope_required(scopes: &str) -> Guard {
    let needed: Vec<String> = scopes.split_whitespace().map(str::to_owned).collect();
    let guard = Guard::new(move || {
        let jwt = ext::<Jwt>();
        let claims = presented(&jwt, &request(), &carboy::g())?;
        let scope = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
        match needed.iter().all(|needed| scope.split(' ').any(|one| one == needed)) {
            true => Ok(()),
            false => Err(refusal(&jwt, BearerError::InsufficientScope(needed.join(" ")))),
        }
    });
    guard.named("scope_required")
}

/// Why a request is refused, in the words of RFC 6750 section 3.1.
///
/// Error handlers are asked for its status first, then for it. Whatever they answer, the `WWW-Authenticate` field is added.
///
/// ```
/// use carboy::prelude::*;
/// use carboy_ext::jwt::BearerError;
///
/// # let mut app = App::new("x");
/// app.errorhandler_for::<BearerError, _, _>(|error| {
///     (serde_json::json!({"error": error.code()}), error.status())
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BearerError {
    /// 401: the request has no token.
    Missing,
    /// 400 `invalid_request`: the field is there twice, or has no token that could be one.
    InvalidRequest,
    /// 401 `invalid_token`: the token is not good.
    InvalidToken(JwtError),
    /// 403 `insufficient_scope`: the token does not permit it; with the scopes that would.
    InsufficientScope(String),
}

impl BearerError {
    /// The `error` of the challenge; none when there was no token (RFC 6750 section 3.1).
    pub fn code(&self) -> Option<&'static str> {
        match self {
            BearerError::Missing => None,
            BearerError::InvalidRequest => Some("invalid_request"),
            BearerError::InvalidToken(_) => Some("invalid_token"),
            BearerError::InsufficientScope(_) => Some("insufficient_scope"),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        match self {
            BearerError::Missing | BearerError::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            BearerError::InvalidRequest => StatusCode::BAD_REQUEST,
            BearerError::InsufficientScope(_) => StatusCode::FORBIDDEN,
        }
    }

    /// What the client is told: whether a new token would help, and nothing about how the token was judged.
    fn description(&self) -> &'static str {
        match self {
            BearerError::Missing => "This needs an access token.",
            BearerError::InvalidRequest => "The Authorization field has no token that could be read.",
            BearerError::InvalidToken(error) if *error.kind() == JwtErrorKind::Expired => {
                "The access token has expired."
            }
            BearerError::InvalidToken(_) => "The access token is not valid.",
            BearerError::InsufficientScope(_) => "The access token does not permit this.",
        }
    }

    fn challenge(&self, realm: &str) -> Option<HeaderValue> {
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(code) = self.code() {
            challenge += &format!(", error=\"{code}\", error_description=\"{}\"", self.description());
        }
        if let BearerError::InsufficientScope(scope) = self {
            // RFC 6749 section 3.3: what stands in a scope needs no quoting.
            let scope: String =
                scope.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
            challenge += &format!(", scope=\"{scope}\"");
        }
        challenge.parse().ok()
    }
}

impl fmt::Display for BearerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BearerError::InvalidToken(error) => error.fmt(f),
            other => f.write_str(other.description()),
        }
    }
}

impl std::error::Error for BearerError {}

/// What is known of the request's token, once it was looked at.
pub(super) struct Judged(std::result::Result<Arc<Map<String, Value>>, BearerError>);

/// The claims of the request's token.
fn presented(jwt: &Jwt, request: &CurrentRequest, g: &G) -> Result<Arc<Map<String, Value>>> {
    let judged = match g.of_type::<Judged>() {
        Some(judged) => judged,
        None => {
            let judgement = token_of(request).and_then(|token| {
                // Whether it was revoked is asked before the view; where nobody asked it cannot be believed.
                if jwt.asks_for_revocations() {
                    return Err(BearerError::InvalidToken(JwtErrorKind::Revoked.into()));
                }
                jwt.claims_of(&token).map(Arc::new)
            });
            g.insert(Judged(judgement));
            match g.of_type::<Judged>() {
                Some(judged) => judged,
                None => return Err(Error::msg("what was put into g is gone")),
            }
        }
    };
    judged.0.clone().map_err(|error| refusal(jwt, error))
}

/// Looks at the request's token, in an app that can revoke tokens, where there is still time to wait for an answer.
///
/// It never fails by itself: only who asks for a token is told what is wrong with it.
pub(super) async fn judge() {
    let Ok(token) = token_of(&request()) else { return };
    let jwt = ext::<Jwt>();
    let judgement = match jwt.claims_of(&token) {
        Ok(claims) => match jwt.revocation(&claims).await {
            Ok(()) => Ok(Arc::new(claims)),
            Err(error) => Err(BearerError::InvalidToken(error)),
        },
        Err(error) => Err(error),
    };
    carboy::g().insert(Judged(judgement));
}

/// The token in the `Authorization` field.
fn token_of(request: &CurrentRequest) -> std::result::Result<String, BearerError> {
    let mut fields = request.headers().get_all("authorization").iter();
    let Some(field) = fields.next() else { return Err(BearerError::Missing) };
    if fields.next().is_some() {
        return Err(BearerError::InvalidRequest);
    }
    let field = field.to_str().map_err(|_| BearerError::InvalidRequest)?;
    let (scheme, token) = field.split_once(' ').unwrap_or((field, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(BearerError::Missing);
    }
    let token = token.trim();
    // RFC 6750 section 2.1.
    let is_token = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    match !token.is_empty() && token.bytes().all(is_token) {
        true => Ok(token.to_owned()),
        false => Err(BearerError::InvalidRequest),
    }
}

/// The error of a refused request. The challenge is added to whatever the error handlers answer.
fn refusal(jwt: &Jwt, error: BearerError) -> Error {
    if let BearerError::InvalidToken(why) = &error {
        if !why.is_token() {
            return why.clone().into();
        }
        tracing::debug!(target: "carboy::jwt", "a request is refused: {why}");
    }
    let status = error.status();
    let challenge = jwt.settings().ok().and_then(|settings| error.challenge(&settings.realm));
    if let Some(challenge) = challenge
        && carboy::has_request_context()
    {
        after_this_request(move |mut response| {
            if response.status() == status {
                response.headers_mut().entry("www-authenticate").or_insert(challenge);
            }
            response
        });
    }
    let answer = HttpError::new(status).with_description(error.description());
    Error::with_http(error, answer)
}
