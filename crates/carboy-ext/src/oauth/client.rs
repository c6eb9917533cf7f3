//! One provider, as the app talks to it.

use super::{
    error::{OAuthError, OAuthErrorKind},
    http::{self, Ask, Http},
    id_token::{self, Expected},
    identity::Identity,
    metadata::{Known, Metadata},
    pending::{self, Pending},
    provider::{ClientAuth, Profile, Provider, TENANT},
    token::Token,
};
use crate::jwt::raw::{now, sign};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL},
};
use carboy::{Redirect, Result, is_safe_redirect, redirect, request, session};
use form_urlencoded::byte_serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// A registered provider: logs users in and calls its APIs. Cloning is cheap.
///
/// Every function answers with an [`OAuthError`] when something goes wrong between the app and the provider.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    name: String,
    provider: Provider,
    http: Http,
    known: Known,
}

/// What a login asks for beside the usual.
///
/// ```no_run
/// use carboy::{prelude::*, redirect_target};
/// use carboy_ext::oauth::{self, Authorize};
///
/// # #[get("/callback")] fn callback() {}
/// #[get("/login")]
/// async fn login() -> carboy::Result<Redirect> {
///     let options = Authorize::new().next(redirect_target("next")).param("prompt", "select_account");
///     oauth::client("google")?.authorize_redirect_with(&url_for!(callback, _external = true), options).await
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Authorize {
    next: Option<String>,
    linking: Option<String>,
    scope: Option<String>,
    params: Vec<(String, String)>,
}

impl Authorize {
    /// Nothing beside the usual.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers where in this app the user wants to go: it comes back as [`Login::next`]. What leads elsewhere is forgotten.
    pub fn next(mut self, target: impl Into<Option<String>>) -> Self {
        self.next = target.into();
        self
    }

    /// Says that this user, who is logged in, wants the identity linked: see [`Login::link`].
    ///
    /// Only a request that may change something begins a link, a `POST` of a form of the app's: everybody can make a browser follow a `GET`. The view
    /// has to be for a fresh login (`login::fresh_login_required`), since whoever links an identity logs in by it from then on.
    ///
    /// ```no_run
    /// use carboy::prelude::*;
    /// use carboy_ext::oauth::{self, Authorize};
    ///
    /// # #[get("/callback")] fn callback() {}
    /// # fn fresh_login_required() -> carboy::Result<()> { Ok(()) }
    /// #[post("/account/link/google", guard = fresh_login_required)]
    /// async fn link() -> carboy::Result<Redirect> {
    ///     let user: String = session().get("user").or_abort(401)?;
    ///     let back = url_for!(callback, _external = true);
    ///     oauth::client("google")?.authorize_redirect_with(&back, Authorize::new().linking(user)).await
    /// }
    /// ```
    pub fn linking(mut self, user: impl ToString) -> Self {
        self.linking = Some(user.to_string());
        self
    }

    /// Asks for another scope.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Adds a parameter of the provider's, such as `prompt`, `login_hint` or `max_age`. Those that the login itself needs cannot be changed.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }
}

/// A login that came to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Login {
    /// Who it is.
    pub identity: Identity,
    /// The provider's tokens.
    pub token: Token,
    /// Where in this app the user wanted to go, if that was said and is safe.
    pub next: Option<String>,
    /// The user who wanted to be linked.
    pub(super) linking: Option<String>,
}

impl Client {
    pub(super) fn new(name: &str, provider: Provider) -> Self {
        let http = Http::new(provider.timeout, provider.is_local());
        Client(Arc::new(Inner { name: name.to_owned(), provider, http, known: Known::default() }))
    }

    /// The name that the provider is registered under.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Begins a login: a redirect to the provider, which comes back to `redirect_uri`. Authlib's `authorize_redirect`.
    ///
    /// A state, a code verifier (RFC 7636) and a nonce are kept in the session; of logins that are begun and not finished the last five
    /// of a browser are remembered, for an hour. The session's cookie has to come along when the provider's page leads back: `SESSION_COOKIE_SAMESITE` may be
    /// `Lax` and not `Strict`.
    ///
    /// # Errors
    /// 502 or 504 when the provider does not tell where its users log in.
    ///
    /// # Panics
    /// Outside a request.
    pub async fn authorize_redirect(&self, redirect_uri: &str) -> Result<Redirect> {
        self.authorize_redirect_with(redirect_uri, Authorize::new()).await
    }

    /// As [`authorize_redirect`](Self::authorize_redirect), with more to ask for.
    ///
    /// # Errors
    /// As there, and 500 when a [link](Authorize::linking) is begun by a `GET` or another safe method.
    ///
    /// # Panics
    /// Outside a request.
    pub async fn authorize_redirect_with(&self, redirect_uri: &str, options: Authorize) -> Result<Redirect> {
        let Inner { name, provider, .. } = &*self.0;
        let method = request().method().clone();
        if options.linking.is_some() && method.is_safe() {
            // A page of anybody's can make the browser ask for it, and could have logged it in at the provider before.
            let sentence = format!("a link is begun by a POST of who wants it, not by a {method}");
            return Err(self.back(OAuthErrorKind::Config(sentence)));
        }
        let metadata = self.metadata().await?;
        let endpoint = self.endpoint(&metadata.endpoints.authorization, "authorization endpoint")?;
        let (state, verifier) = (self.random()?, self.random()?);
        let scope = options.scope.as_deref().unwrap_or(&provider.scope);
        let nonce = match scope.split(' ').any(|scope| scope == "openid") {
            true => Some(self.random()?),
            false => None,
        };
        let challenge = BASE64URL.encode(Sha256::digest(&verifier));
        let mut params = vec![
            ("response_type", "code"),
            ("client_id", provider.client_id.as_deref().unwrap_or_default()),
            ("redirect_uri", redirect_uri),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if !scope.is_empty() {
            params.push(("scope", scope));
        }
        if let Some(nonce) = &nonce {
            params.push(("nonce", nonce));
        }
        let fixed = ["request", "request_uri", "response_mode", "nonce", "scope"];
        let free = |name: &str| !fixed.contains(&name) && !params.iter().any(|(taken, _)| *taken == name);
        let more: Vec<(&str, &str)> = options
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| free(name))
            .collect();
        let url = with_query(endpoint, params.iter().chain(&more));
        let pending = Pending {
            redirect_uri: redirect_uri.to_owned(),
            code_verifier: Some(verifier),
            nonce,
            next: options.next.filter(|target| is_safe_redirect(target)),
            linking: options.linking,
        };
        pending::keep(&session(), name, &state, pending, now());
        Ok(redirect(url))
    }

    /// Ends a login, in the view that the provider leads back to. Authlib's `authorize_access_token`.
    ///
    /// The state is looked up in the session and forgotten, the issuer compared (RFC 9207), the code exchanged, the ID token verified, and the userinfo
    /// endpoint asked where the ID token says less than was asked for.
    ///
    /// # Errors
    /// What [`OAuthErrorKind`] says: 403 when the user said no, 400 for a login that was not begun here, 502 and 504 when it is the provider's fault.
    ///
    /// # Panics
    /// Outside a request.
    pub async fn authorize_access_token(&self) -> Result<Login> {
        let Inner { name, provider, .. } = &*self.0;
        let args = request().args();
        // RFC 6749 section 3.1: no parameter twice.
        let one = |name: &str| match &args.getlist(name) {
            [] => Ok(None),
            [value] => Ok(Some(value.clone())),
            _ => Err(self.front(OAuthErrorKind::State)),
        };
        let state = one("state")?.ok_or_else(|| self.front(OAuthErrorKind::State))?;
        let pending = pending::take(&session(), name, &state, now());
        let pending = pending.ok_or_else(|| self.front(OAuthErrorKind::State))?;
        let metadata = self.metadata().await?;
        let issuer = provider.issuer.as_ref().filter(|issuer| !issuer.contains(TENANT));
        match (one("iss")?, issuer) {
            (Some(said), Some(issuer)) if said != *issuer => return Err(self.front(OAuthErrorKind::Mixup)),
            (None, _) if metadata.names_issuer => return Err(self.front(OAuthErrorKind::Mixup)),
            _ => {}
        }
        if let Some(error) = one("error")? {
            let description = one("error_description")?.unwrap_or_default();
            let refused = http::refused(&error, &description).unwrap_or(OAuthErrorKind::State);
            return Err(self.front(refused));
        }
        let code = one("code")?.ok_or_else(|| self.front(OAuthErrorKind::State))?;
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", pending.redirect_uri),
        ];
        if let Some(verifier) = pending.code_verifier {
            form.push(("code_verifier", verifier));
        }
        let token = self.ask_for_token(&metadata, form).await?;
        let mut claims = match (&token.id_token, &pending.nonce) {
            (Some(id_token), Some(nonce)) => {
                self.verified(id_token, Some(nonce), &token.access_token).await?
            }
            (None, Some(_)) => return Err(self.back(OAuthErrorKind::Claim("there is none"))),
            // Without `openid` there was no nonce, and whatever came is not looked at.
            (_, None) => Map::new(),
        };
        if self.says_too_little(&claims, &token) && metadata.endpoints.userinfo.is_some() {
            let more = self.userinfo(&token).await?;
            // OpenID Connect Core section 5.3.2: a token may have been swapped for another one.
            if claims.get("sub").is_some_and(|subject| more.get("sub") != Some(subject)) {
                return Err(self.back(OAuthErrorKind::Claim("the userinfo endpoint speaks of somebody else")));
            }
            // An address and the word that it is verified belong together: they come from one place or not at all.
            if more.contains_key("email") && !claims.contains_key("email") {
                claims.remove("email_verified");
            }
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        let identity = Identity::read(name, provider.profile, claims);
        let identity = identity.ok_or_else(|| {
            self.back(OAuthErrorKind::Unavailable("it does not say who logged in".to_owned()))
        })?;
        let next = pending.next.filter(|target| is_safe_redirect(target));
        Ok(Login { identity, token, next, linking: pending.linking })
    }

    /// What the provider tells about the owner of a token.
    ///
    /// # Errors
    /// An [`OAuthError`], also when the provider has no such endpoint.
    pub async fn userinfo(&self, token: &Token) -> Result<Map<String, Value>> {
        let metadata = self.metadata().await?;
        let endpoint = self.endpoint(&metadata.endpoints.userinfo, "userinfo endpoint")?;
        let Value::Object(mut claims) = self.get(endpoint, token).await? else {
            return Err(self.back(OAuthErrorKind::Unavailable("its userinfo is no object".to_owned())));
        };
        if self.0.provider.profile == Profile::GitHub {
            // The address of the profile is whatever the user wrote there; the list says which one is verified.
            claims.remove("email");
            let granted = token.scope.as_deref().unwrap_or_default();
            if granted.split([' ', ',']).any(|scope| matches!(scope, "user:email" | "user")) {
                let listed = self.get(&format!("{endpoint}/emails"), token).await?;
                let mut listed = listed.as_array().into_iter().flatten();
                if let Some(primary) = listed.find(|entry| entry["primary"] == true) {
                    claims.insert("email".into(), primary["email"].clone());
                    claims.insert("email_verified".into(), primary["verified"].clone());
                }
            }
        }
        Ok(claims)
    }

    /// Asks an API of the provider's for JSON. The address is compared with nothing: give it only such as may see the token.
    ///
    /// # Errors
    /// An [`OAuthError`]: [`Refused`](OAuthErrorKind::Refused) with `invalid_token` when the answer is 401.
    pub async fn get(&self, url: &str, token: &Token) -> Result<Value> {
        let ask = Ask { authorization: Some(format!("Bearer {}", token.access_token)), ..Ask::default() };
        let answer = self.0.http.send(url, ask).await.map_err(|kind| self.back(kind))?;
        let answer = match answer.status {
            carboy::StatusCode::OK => answer.json(),
            carboy::StatusCode::UNAUTHORIZED => {
                Err(OAuthErrorKind::Refused { error: "invalid_token".to_owned(), description: String::new() })
            }
            status => Err(OAuthErrorKind::Unavailable(format!("it answers {status}"))),
        };
        answer.map_err(|kind| self.back(kind))
    }

    /// A new token for one that has expired.
    ///
    /// Providers that change the refresh token with each use end the old one: keep what comes back.
    ///
    /// # Errors
    /// An [`OAuthError`], among them [`Refused`](OAuthErrorKind::Refused) with `invalid_grant` when the user has to log in again.
    pub async fn refresh(&self, token: &Token) -> Result<Token> {
        let Some(refresh_token) = &token.refresh_token else {
            return Err(self.back(OAuthErrorKind::Refused {
                error: "invalid_grant".to_owned(),
                description: "there is no refresh token".to_owned(),
            }));
        };
        let form = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh_token.clone())];
        let metadata = self.metadata().await?;
        let mut new = self.ask_for_token(&metadata, form).await?;
        if let Some(id_token) = new.id_token.as_ref().filter(|_| self.0.provider.wants_id_token()) {
            let claims = self.verified(id_token, None, &new.access_token).await?;
            // OpenID Connect Core section 12.2.
            let former = token.id_token.as_deref().and_then(subject_of);
            if former.is_some_and(|former| claims.get("sub").and_then(Value::as_str) != Some(&former)) {
                return Err(self.back(OAuthErrorKind::Claim("it is about somebody else than before")));
            }
        }
        new.refresh_token = new.refresh_token.or_else(|| Some(refresh_token.clone()));
        new.id_token = new.id_token.or_else(|| token.id_token.clone());
        Ok(new)
    }

    /// Takes a token back (RFC 7009), the refresh token first. Whether the provider can: without that endpoint nothing is done.
    ///
    /// # Errors
    /// An [`OAuthError`].
    pub async fn revoke(&self, token: &Token) -> Result<bool> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.endpoints.revocation else { return Ok(false) };
        let refresh = token.refresh_token.iter().map(|token| ("refresh_token", token));
        for (hint, token) in refresh.chain([("access_token", &token.access_token)]) {
            let mut form = vec![("token", token.clone()), ("token_type_hint", hint.to_owned())];
            let authorization = self.authenticate(&metadata, &mut form)?;
            let ask = Ask { form: Some(form), authorization };
            let answer = self.0.http.send(endpoint, ask).await.map_err(|kind| self.back(kind))?;
            if !answer.status.is_success() {
                let failed = OAuthErrorKind::Unavailable(format!("it answers {}", answer.status));
                return Err(self.back(answer.refusal().unwrap_or(failed)));
            }
        }
        Ok(true)
    }

    /// Where to send a user to end the session at the provider, too (OpenID Connect RP-Initiated Logout). `None` when the provider has no such
    /// page. End the app's own session first.
    ///
    /// # Errors
    /// An [`OAuthError`] when the provider does not tell.
    pub async fn logout_redirect(&self, token: Option<&Token>, back_to: &str) -> Result<Option<Redirect>> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.endpoints.end_session else { return Ok(None) };
        let mut params = vec![
            ("client_id", self.0.provider.client_id.as_deref().unwrap_or_default()),
            ("post_logout_redirect_uri", back_to),
        ];
        if let Some(id_token) = token.and_then(|token| token.id_token.as_deref()) {
            params.push(("id_token_hint", id_token));
        }
        Ok(Some(redirect(with_query(endpoint, &params))))
    }

    /// Asks the provider for what it says of itself.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>> {
        let Inner { provider, http, known, .. } = &*self.0;
        known.metadata(http, provider).await.map_err(|kind| self.back(kind))
    }

    async fn verified(
        &self,
        id_token: &str,
        nonce: Option<&str>,
        access_token: &str,
    ) -> Result<Map<String, Value>> {
        let Inner { provider, http, known, .. } = &*self.0;
        let expected = Expected { nonce, access_token };
        id_token::verify(id_token, &expected, provider, http, known).await.map_err(|kind| self.back(kind))
    }

    async fn ask_for_token(
        &self,
        metadata: &Metadata,
        mut form: Vec<(&'static str, String)>,
    ) -> Result<Token> {
        let endpoint = self.endpoint(&metadata.endpoints.token, "token endpoint")?;
        let authorization = self.authenticate(metadata, &mut form)?;
        let ask = Ask { form: Some(form), authorization };
        let answer = self.0.http.send(endpoint, ask).await.map_err(|kind| self.back(kind))?;
        let object = match answer.refusal() {
            // GitHub refuses with status 200.
            Some(refused) => Err(refused),
            None => answer.object(),
        };
        let object = object.map_err(|kind| self.back(kind))?;
        Token::read(object, now())
            .ok_or_else(|| self.back(OAuthErrorKind::Unavailable("its answer is no bearer token".to_owned())))
    }

    /// Says who the app is: adds to the form, or answers the `Authorization` field.
    fn authenticate(
        &self,
        metadata: &Metadata,
        form: &mut Vec<(&'static str, String)>,
    ) -> Result<Option<String>> {
        let provider = &self.0.provider;
        let id = provider.client_id.as_deref().unwrap_or_default();
        let secret = provider.client_secret.as_ref().map(|secret| secret.expose().as_str());
        let takes = |method: &str| metadata.auth_methods.iter().any(|known| known == method);
        let method = match (provider.client_auth, &provider.client_key, secret) {
            (ClientAuth::Automatic, Some(_), _) => ClientAuth::PrivateKey,
            (ClientAuth::Automatic, None, Some(_))
                if takes("client_secret_post") && !takes("client_secret_basic") =>
            {
                ClientAuth::Post
            }
            (ClientAuth::Automatic, None, Some(_)) => ClientAuth::Basic,
            (ClientAuth::Automatic, None, None) => ClientAuth::None,
            (chosen, ..) => chosen,
        };
        if method == ClientAuth::Basic {
            // RFC 6749 section 2.3.1: both are written as in a form first.
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(id), encoded(secret.unwrap_or_default()));
            return Ok(Some(format!("Basic {}", STANDARD.encode(pair))));
        }
        form.push(("client_id", id.to_owned()));
        match (method, &provider.client_key) {
            (ClientAuth::Post, _) => form.push(("client_secret", secret.unwrap_or_default().to_owned())),
            (ClientAuth::PrivateKey, Some(key)) => {
                let endpoint = self.endpoint(&metadata.endpoints.token, "token endpoint")?;
                let claims = json!({
                    "iss": id, "sub": id, "aud": endpoint, "jti": self.random()?, "iat": now(), "exp": now() + 60,
                });
                let assertion = sign(key, "JWT", &claims)
                    .map_err(|error| self.back(OAuthErrorKind::Config(error.to_string())))?;
                form.push((
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
                ));
                form.push(("client_assertion", assertion));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Whether the claims lack something that was granted.
    fn says_too_little(&self, claims: &Map<String, Value>, token: &Token) -> bool {
        let granted = token.scope.as_deref().unwrap_or(&self.0.provider.scope);
        let lacks = |scope: &str, claim: &str| {
            granted.split(' ').any(|granted| granted == scope) && !claims.contains_key(claim)
        };
        claims.is_empty() || lacks("email", "email") || lacks("profile", "name")
    }

    fn endpoint<'a>(&self, endpoint: &'a Option<String>, what: &str) -> Result<&'a str> {
        let missing = || self.back(OAuthErrorKind::Config(format!("the provider has no {what}")));
        endpoint.as_deref().ok_or_else(missing)
    }

    fn random(&self) -> Result<String> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| self.back(OAuthErrorKind::Config(format!("no random numbers: {error}"))))?;
        Ok(BASE64URL.encode(bytes))
    }

    /// An error of the way through the browser.
    fn front(&self, kind: OAuthErrorKind) -> carboy::Error {
        OAuthError::new(self.name(), kind).raise(true)
    }

    /// An error of the direct way.
    fn back(&self, kind: OAuthErrorKind) -> carboy::Error {
        OAuthError::new(self.name(), kind).raise(false)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.0.name)
    }
}

/// A URL with more arguments.
fn with_query<'a>(url: &str, params: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(params.into_iter().copied()).finish();
    let url = url.split('#').next().unwrap_or_default();
    format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' })
}

/// Whom an ID token is about that was verified when it came.
fn subject_of(id_token: &str) -> Option<String> {
    let payload = BASE64URL.decode(id_token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims["sub"].as_str().map(str::to_owned)
}
