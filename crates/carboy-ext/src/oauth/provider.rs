//! What is known of a provider beforehand.

use super::{error::OAuthErrorKind, http::is_local};
use crate::jwt::Key;
use carboy::{Config, Result, Secret};
use std::time::Duration;

/// How a client says to the token endpoint who it is (OpenID Connect Core section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ClientAuth {
    /// With a private key if there is one, with the secret if there is one, else not at all.
    #[default]
    Automatic,
    /// `client_secret_basic`: the secret in the `Authorization` field.
    Basic,
    /// `client_secret_post`: the secret in the form.
    Post,
    /// `private_key_jwt`: a token that the client signs (RFC 7523).
    PrivateKey,
    /// `none`: a public client, which has only PKCE.
    None,
}

/// How a provider tells who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// By the ID token and the claims of OpenID Connect.
    OpenId,
    /// By GitHub's API.
    GitHub,
}

/// A provider: where it is, and what the app is to it.
///
/// What is not said here comes from the configuration, under the name that the provider is registered with, as Authlib reads it:
/// `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`, and for those that are not known beforehand `…_SERVER_METADATA_URL`, or `…_AUTHORIZE_URL`,
/// `…_ACCESS_TOKEN_URL` and `…_USERINFO_ENDPOINT`.
///
/// Every address has to be `https`, but for a provider on this machine (`http://127.0.0.1`, `http://[::1]`, `http://localhost`).
///
/// ```
/// use carboy_ext::oauth::{OAuth, Provider};
///
/// let oauth = OAuth::new()
///     .register("google", Provider::google())
///     .register("gitlab", Provider::gitlab("https://gitlab.example.com"))
///     .register("work", Provider::discover("https://login.example.com").client("shop", "secret").scope("openid email groups"));
/// ```
#[derive(Debug, Clone)]
pub struct Provider {
    pub(super) profile: Profile,
    /// The issuer, when it has OpenID Connect.
    pub(super) issuer: Option<String>,
    pub(super) metadata_url: Option<String>,
    pub(super) endpoints: Endpoints,
    pub(super) scope: String,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret<String>>,
    pub(super) client_key: Option<Key>,
    pub(super) client_auth: ClientAuth,
    pub(super) timeout: Duration,
    pub(super) leeway: u64,
}

/// The endpoints of a provider: those that are known beforehand, or those that it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) authorization: Option<String>,
    pub(super) token: Option<String>,
    pub(super) userinfo: Option<String>,
    pub(super) jwks: Option<String>,
    pub(super) revocation: Option<String>,
    pub(super) end_session: Option<String>,
}

impl Provider {
    fn of(profile: Profile, scope: &str) -> Self {
        Provider {
            profile,
            issuer: None,
            metadata_url: None,
            endpoints: Endpoints::default(),
            scope: scope.to_owned(),
            client_id: None,
            client_secret: None,
            client_key: None,
            client_auth: ClientAuth::default(),
            timeout: Duration::from_secs(10),
            leeway: 60,
        }
    }

    /// A provider with OpenID Connect that tells its endpoints itself, under `ISSUER/.well-known/openid-configuration`.
    ///
    /// It has to call itself exactly like this: a slash at the end makes another issuer.
    pub fn discover(issuer: &str) -> Self {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        Provider {
            issuer: Some(issuer.to_owned()),
            metadata_url: Some(url),
            ..Provider::of(Profile::OpenId, "openid email profile")
        }
    }

    /// A provider of plain OAuth 2, without an ID token. `userinfo` answers JSON about who a token belongs to; its `sub` or its `id` is
    /// the subject.
    pub fn plain(authorization: &str, token: &str, userinfo: &str) -> Self {
        let endpoints = Endpoints {
            authorization: Some(authorization.to_owned()),
            token: Some(token.to_owned()),
            userinfo: Some(userinfo.to_owned()),
            ..Endpoints::default()
        };
        Provider { endpoints, ..Provider::of(Profile::OpenId, "") }
    }

    /// A provider that only the configuration knows.
    pub fn configured() -> Self {
        Provider::of(Profile::OpenId, "openid email profile")
    }

    /// Google.
    pub fn google() -> Self {
        Provider::discover("https://accounts.google.com")
    }

    /// Microsoft's identity platform. `tenant` is the id of a directory, or `common`, `organizations` or `consumers`.
    ///
    /// Its tokens do not say whether an e-mail address was verified, so that none counts as such.
    pub fn microsoft(tenant: &str) -> Self {
        // For all directories at once the issuer has a hole where each token has its own.
        let known = match tenant {
            "common" | "organizations" => TENANT,
            "consumers" => "9188040d-6c67-4c5b-b112-36a304b66dad",
            tenant => tenant,
        };
        Provider::discover(&format!("https://login.microsoftonline.com/{tenant}/v2.0"))
            .issuer(format!("https://login.microsoftonline.com/{known}/v2.0"))
    }

    /// GitLab, at `https://gitlab.com` or at an address of one's own.
    pub fn gitlab(address: &str) -> Self {
        Provider::discover(address.trim_end_matches('/'))
    }

    /// GitHub, which has OAuth 2 and an API of its own.
    pub fn github() -> Self {
        let url = |path: &str| Some(format!("https://github.com/login/oauth/{path}"));
        let endpoints = Endpoints {
            authorization: url("authorize"),
            token: url("access_token"),
            userinfo: Some("https://api.github.com/user".to_owned()),
            ..Endpoints::default()
        };
        Provider {
            endpoints,
            client_auth: ClientAuth::Post,
            ..Provider::of(Profile::GitHub, "read:user user:email")
        }
    }

    /// Sets what the provider calls itself, where that is not the address that its metadata stands under.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets what the app is to the provider, and its secret.
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self.client_secret = Some(Secret::new(secret.into()));
        self
    }

    /// Sets what the app is to the provider, which has no secret with it.
    pub fn public_client(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self.client_auth = ClientAuth::None;
        self
    }

    /// Sets what the app is to the provider, and the key that it signs with in place of a secret (`private_key_jwt`). The provider knows its
    /// public half, by the key set that [`Jwt::jwks`](crate::jwt::Jwt::jwks) publishes, or as it was registered.
    pub fn private_key(mut self, id: impl Into<String>, key: Key) -> Self {
        self.client_id = Some(id.into());
        self.client_key = Some(key);
        self.client_auth = ClientAuth::PrivateKey;
        self
    }

    /// Sets how the app says who it is.
    pub fn client_auth(mut self, auth: ClientAuth) -> Self {
        self.client_auth = auth;
        self
    }

    /// Sets what is asked for, separated by spaces. With `openid` there is an ID token.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Sets how long an answer of the provider may take. Default: 10 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how far the provider's clock may be off. Default: 60 seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.as_secs();
        self
    }

    /// Whether the provider runs on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.addresses().next().is_some_and(is_local)
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        let endpoints = &self.endpoints;
        let known = [&self.metadata_url, &endpoints.authorization, &endpoints.token, &endpoints.userinfo];
        known.into_iter().filter_map(|address| address.as_deref())
    }

    /// Whether an ID token is asked for.
    pub(super) fn wants_id_token(&self) -> bool {
        self.scope.split(' ').any(|scope| scope == "openid")
    }

    /// Fills in what the configuration says, and looks at the whole.
    pub(super) fn configure(&mut self, name: &str, config: &Config) -> Result<(), carboy::Error> {
        let key = |suffix: &str| format!("{}_{suffix}", name.to_uppercase());
        let text = |suffix: &str| config.get::<String>(&key(suffix));
        if let Some(id) = text("CLIENT_ID")? {
            self.client_id = Some(id);
        }
        if let Some(secret) = config.get::<Secret<String>>(&key("CLIENT_SECRET"))? {
            self.client_secret = Some(secret);
        }
        if let Some(url) = text("SERVER_METADATA_URL")? {
            let issuer = url.strip_suffix("/.well-known/openid-configuration");
            self.issuer = issuer.map(str::to_owned);
            self.metadata_url = Some(url);
        }
        for (suffix, place) in [
            ("AUTHORIZE_URL", &mut self.endpoints.authorization),
            ("ACCESS_TOKEN_URL", &mut self.endpoints.token),
            ("USERINFO_ENDPOINT", &mut self.endpoints.userinfo),
        ] {
            if let Some(url) = text(suffix)? {
                *place = Some(url);
            }
        }
        self.mistake(name).map_or(Ok(()), |sentence| {
            Err(super::OAuthError::new(name, OAuthErrorKind::Config(sentence)).into())
        })
    }

    fn mistake(&self, name: &str) -> Option<String> {
        let name = name.to_uppercase();
        if self.client_id.is_none() {
            return Some(format!("the app has no client id: set {name}_CLIENT_ID"));
        }
        if matches!(self.client_auth, ClientAuth::Basic | ClientAuth::Post) && self.client_secret.is_none() {
            return Some(format!("the app has no secret: set {name}_CLIENT_SECRET"));
        }
        let endpoints = &self.endpoints;
        if self.metadata_url.is_none() && (endpoints.authorization.is_none() || endpoints.token.is_none()) {
            return Some(format!(
                "its endpoints are not known: set {name}_SERVER_METADATA_URL, or {name}_AUTHORIZE_URL and {name}_ACCESS_TOKEN_URL"
            ));
        }
        if self.metadata_url.is_some() && self.issuer.is_none() {
            return Some(format!(
                "{name}_SERVER_METADATA_URL has to end with /.well-known/openid-configuration"
            ));
        }
        let local = self.is_local();
        let open = self.addresses().find(|url| !(url.starts_with("https://") || local && is_local(url)));
        open.map(|url| format!("'{}' is no https URL", super::http::shown(url)))
    }
}

/// What stands in the issuer of Microsoft's metadata for all directories.
pub(super) const TENANT: &str = "{tenantid}";
