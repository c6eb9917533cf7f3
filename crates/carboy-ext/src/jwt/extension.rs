//! The extension: its keys and rules, and what it does with tokens.

use super::{
    bearer::{self, BearerError},
    claims::{Claims, Rules, now},
    compact::{self, ACCESS, Compact},
    error::{JwtError, JwtErrorKind},
    key::{Key, generate_pem},
    refresh::{RefreshStore, Rotated, Rotation},
    settings::Settings,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use carboy::{
    App, BoxFuture, Extension, ExtensionFuture, Json, Response, Result, Scaffold, State,
    cli::{CommandDef, echo},
    view::{Args, view},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

/// The bytes of the largest token that is read.
pub const MAX_TOKEN: usize = 8192;

/// What `typ` says of a refresh token, so that nobody takes it for another one (RFC 8725 section 3.11).
const REFRESH: &str = "refresh+jwt";

/// The claim that names the family of a refresh token.
const FAMILY: &str = "family";

type Revoked = dyn Fn(Claims) -> BoxFuture<Result<bool>> + Send + Sync;

/// The extension that issues and verifies tokens. See the [module](crate::jwt) for what it reads from the configuration.
///
/// The app does not start without a key, or with one that cannot be used.
#[derive(Default)]
pub struct Jwt {
    signing: Option<Key>,
    verifying: Vec<Key>,
    key_file: Option<String>,
    jwks: Option<String>,
    revoked: Option<Arc<Revoked>>,
    refresh: Option<Arc<dyn RefreshStore>>,
    settings: OnceLock<Settings>,
}

impl Jwt {
    /// An extension that has the keys that the configuration names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Signs with this key, and verifies with it.
    pub fn key(mut self, key: Key) -> Self {
        self.signing = Some(key);
        self
    }

    /// Also verifies with this key: the one that signed before, or somebody else's.
    ///
    /// To change a key without refusing a token: publish the new one here first, then sign with it, and take the old one away when the
    /// last token that it signed has expired.
    pub fn verify_with(mut self, key: Key) -> Self {
        self.verifying.push(key);
        self
    }

    /// Signs with the Ed25519 key in a file of the instance folder, which is made at the first start and which only its owner may read.
    pub fn key_file(mut self, name: impl Into<String>) -> Self {
        self.key_file = Some(name.into());
        self
    }

    /// Publishes the public keys under this path as a key set (RFC 7517), at the endpoint `jwks`: `/.well-known/jwks.json`, usually.
    /// Secrets are not part of it.
    pub fn jwks(mut self, path: impl Into<String>) -> Self {
        self.jwks = Some(path.into());
        self
    }

    /// Asks this function of every token whether it was taken back, before the view runs.
    ///
    /// When it fails the request fails, too: a token is not believed because a database is away.
    ///
    /// ```
    /// use carboy_ext::jwt::{Claims, Jwt};
    /// # async fn is_on_the_list(jti: &str) -> carboy::Result<bool> { Ok(false) }
    /// let jwt = Jwt::new().revoked(|claims: Claims| async move {
    ///     match claims.jti {
    ///         Some(jti) => is_on_the_list(&jti).await,
    ///         None => Ok(true),
    ///     }
    /// });
    /// ```
    pub fn revoked<F, R>(mut self, f: F) -> Self
    where
        F: Fn(Claims) -> R + Send + Sync + 'static,
        R: Future<Output = Result<bool>> + Send + 'static,
    {
        self.revoked = Some(Arc::new(move |claims| Box::pin(f(claims))));
        self
    }

    /// Remembers refresh tokens here.
    pub fn refresh_store(mut self, store: impl RefreshStore) -> Self {
        self.refresh = Some(Arc::new(store));
        self
    }

    /// A token with these claims: [`Claims`], or anything that serialises to an object.
    ///
    /// Those that are not there are added: `iss` and `aud` of the configuration, `iat`, `exp`, and a random `jti`.
    ///
    /// # Errors
    /// When the claims are no object, or the key cannot sign.
    pub fn issue(&self, claims: &impl Serialize) -> Result<String, JwtError> {
        let settings = self.settings()?;
        let claims = self.complete(claims, settings.lifetime)?;
        compact::sign(self.signing_key()?, "JWT", &claims)
    }

    /// The claims of a good token. Whether it was [revoked](Self::revoked) is not asked: see [`authenticate`](Self::authenticate).
    ///
    /// # Errors
    /// What is wrong with it. It is a 500 when it is returned from a view: `.or_abort(401)` tells the client.
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        typed(self.checked(token, ACCESS)?)
    }

    /// As [`verify`](Self::verify), and asks whether it was revoked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn authenticate<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        let claims = self.checked(token, ACCESS)?;
        self.revocation(&claims).await?;
        typed(claims)
    }

    /// The first refresh token after a login. It carries these claims, which come back with each [rotation](Self::rotate_refresh).
    ///
    /// # Errors
    /// When there is no [store](Self::refresh_store), or it does not answer.
    pub async fn begin_refresh(&self, claims: &Claims) -> Result<String, JwtError> {
        let (family, id) = (random()?, random()?);
        let claims = claims.clone().set(FAMILY, &family);
        let (token, expires) = self.refresh_token(&claims, &id)?;
        self.store()?.begin(&family, &id, expires).await.map_err(JwtError::store)?;
        Ok(token)
    }

    /// Takes a refresh token and gives the next one. Each is good once: who uses one again ends its family, because one of the two
    /// that used it has stolen it. A client that asks twice at the same time is therefore logged out.
    ///
    /// ```
    /// # use carboy::prelude::*;
    /// # use carboy_ext::jwt::{Claims, Jwt};
    /// # async fn view() -> carboy::Result<()> {
    /// let jwt = ext::<Jwt>();
    /// let old = request().cookie("refresh").unwrap_or_default();
    /// let next = jwt.rotate_refresh(&old).await.or_abort(401)?;
    /// let access = jwt.issue(&Claims::new(next.claims.sub.unwrap_or_default()))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What is wrong with it; [`Reused`](JwtErrorKind::Reused) and [`Revoked`](JwtErrorKind::Revoked) among them.
    pub async fn rotate_refresh(&self, token: &str) -> Result<Rotated, JwtError> {
        let (claims, family, id) = self.read_refresh(token)?;
        let next = random()?;
        let (refresh_token, expires) = self.refresh_token(&claims, &next)?;
        match self.store()?.rotate(&family, &id, &next, expires).await.map_err(JwtError::store)? {
            Rotation::Rotated => Ok(Rotated { refresh_token, claims }),
            Rotation::Reused => {
                tracing::warn!(target: "carboy::jwt", "a refresh token was used twice: all of its family are revoked");
                Err(JwtErrorKind::Reused.into())
            }
            Rotation::Unknown => Err(JwtErrorKind::Revoked.into()),
        }
    }

    /// Ends the family of a refresh token: a logout.
    ///
    /// # Errors
    /// What is wrong with the token, or that the store does not answer.
    pub async fn end_refresh(&self, token: &str) -> Result<(), JwtError> {
        let (_, family, _) = self.read_refresh(token)?;
        self.store()?.end(&family).await.map_err(JwtError::store)
    }

    /// The public keys as a key set (RFC 7517).
    ///
    /// # Errors
    /// When the extension has no key.
    pub fn key_set(&self) -> Result<Value, JwtError> {
        let keys: Vec<Value> = self.settings()?.keys.iter().filter_map(Key::public_jwk).collect();
        Ok(json!({ "keys": keys }))
    }

    /// The keys and rules: those since the start, or, before it, those of the current app.
    pub(super) fn settings(&self) -> Result<&Settings, JwtError> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let app = carboy::try_current_app().ok_or_else(|| JwtError::key("the app has not started"))?;
        self.configure(&app).map_err(|error| JwtError::key(error.to_string()))
    }

    fn configure(&self, app: &State) -> Result<&Settings> {
        let chosen: Vec<Key> = self.signing.iter().chain(&self.verifying).cloned().collect();
        let settings = Settings::of_app(app, &chosen, self.key_file.as_deref())?;
        Ok(self.settings.get_or_init(|| settings))
    }

    pub(super) fn asks_for_revocations(&self) -> bool {
        self.revoked.is_some()
    }

    /// Whether a token with these claims was taken back.
    pub(super) async fn revocation(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        let Some(revoked) = &self.revoked else { return Ok(()) };
        match revoked(typed(claims.clone())?).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(JwtErrorKind::Revoked.into()),
            Err(error) => Err(JwtError::store(error)),
        }
    }

    pub(super) fn claims_of(&self, token: &str) -> Result<Map<String, Value>, BearerError> {
        self.checked(token, ACCESS).map_err(BearerError::InvalidToken)
    }

    fn checked(&self, token: &str, types: &[&str]) -> Result<Map<String, Value>, JwtError> {
        let settings = self.settings()?;
        let claims = Compact::parse(token, MAX_TOKEN, types)?.verify(&settings.keys)?;
        let rules = Rules {
            issuers: &settings.issuers,
            audiences: &settings.audiences,
            leeway: settings.leeway,
            now: now(),
        };
        rules.check(&claims)?;
        Ok(claims)
    }

    fn signing_key(&self) -> Result<&Key, JwtError> {
        let key = self.settings()?.keys.first().filter(|key| key.can_sign());
        key.ok_or_else(|| JwtError::key("there is no key that signs, only such that verify"))
    }

    /// The claims of a new token.
    fn complete(&self, claims: &impl Serialize, lifetime: Duration) -> Result<Map<String, Value>, JwtError> {
        let settings = self.settings()?;
        let Ok(Value::Object(mut claims)) = serde_json::to_value(claims) else {
            return Err(JwtErrorKind::InvalidClaim("claims".into()).into());
        };
        let mut add = |name: &str, value: Value| {
            claims.entry(name).or_insert(value);
        };
        let now = now();
        if let Some(issuer) = &settings.issuer {
            add("iss", issuer.as_str().into());
        }
        match &settings.audience[..] {
            [] => {}
            [one] => add("aud", one.as_str().into()),
            many => add("aud", many.into()),
        }
        add("iat", now.into());
        add("exp", now.saturating_add(lifetime.as_secs()).into());
        add("jti", random()?.into());
        Ok(claims)
    }

    fn store(&self) -> Result<&dyn RefreshStore, JwtError> {
        let store = self.refresh.as_deref();
        store.ok_or_else(|| {
            JwtError::key("nothing remembers refresh tokens: `Jwt::refresh_store` names what does")
        })
    }

    fn refresh_token(&self, claims: &Claims, id: &str) -> Result<(String, SystemTime), JwtError> {
        let lifetime = self.settings()?.refresh_lifetime;
        let mut claims =
            Claims { exp: None, iat: None, nbf: None, jti: Some(id.to_owned()), ..claims.clone() };
        claims.aud = Vec::new();
        let token = compact::sign(self.signing_key()?, REFRESH, &self.complete(&claims, lifetime)?)?;
        let expires = SystemTime::now().checked_add(lifetime);
        let expires =
            expires.ok_or_else(|| JwtError::key("JWT_REFRESH_TOKEN_EXPIRES lies behind the end of time"))?;
        Ok((token, expires))
    }

    fn read_refresh(&self, token: &str) -> Result<(Claims, String, String), JwtError> {
        let claims: Claims = typed(self.checked(token, &[REFRESH])?)?;
        let family = claims.get(FAMILY).ok_or(JwtErrorKind::MissingClaim(FAMILY))?;
        let id = claims.jti.clone().ok_or(JwtErrorKind::MissingClaim("jti"))?;
        Ok((claims, family, id))
    }
}

fn typed<T: DeserializeOwned>(claims: Map<String, Value>) -> Result<T, JwtError> {
    serde_json::from_value(Value::Object(claims))
        .map_err(|_| JwtErrorKind::InvalidClaim("claims".into()).into())
}

/// A text that nobody guesses.
fn random() -> Result<String, JwtError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| JwtError::key(format!("no random numbers: {error}")))?;
    Ok(BASE64URL.encode(bytes))
}

/// Shows its keys' ids only.
impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.settings.get().map(|settings| &settings.keys);
        f.debug_struct("Jwt").field("keys", &keys).finish_non_exhaustive()
    }
}

/// The command is `jwt generate-key`, which prints a new private key.
impl Extension for Jwt {
    fn name(&self) -> &'static str {
        "Jwt"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        if let Some(store) = &self.refresh {
            store.init(app)?;
        }
        if let Some(path) = &self.jwks {
            app.add_url_rule(path, "jwks", view(key_set), Default::default());
        }
        if self.revoked.is_some() {
            app.prepare_request(bearer::judge);
        }
        let doc = "Prints a new private key for EdDSA in PEM. Keep it in a file that only the app can read, and name the file in JWT_PRIVATE_KEY.";
        let generate = CommandDef::new("generate-key", "Prints a new private key", doc, Vec::new(), |_| {
            Box::pin(async {
                echo(generate_pem()?.trim_end());
                Ok(())
            })
        });
        app.command_group("jwt", [generate]);
        Ok(())
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move { self.configure(app).map(|_| ()) })
    }
}

fn key_set(_: Args) -> Result<Response> {
    let mut response = carboy::IntoResponse::into_response(Json(carboy::ext::<Jwt>().key_set()?))?;
    // Long enough to spare requests, short enough for a new key to be known before it signs.
    response.headers_mut().insert("cache-control", carboy::HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}
