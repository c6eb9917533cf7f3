//! Who somebody is to a provider, and which user of the app that is.

use super::provider::Profile;
use carboy::{App, Error, ExtensionFuture, Result, ext};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// OpenID Connect Core section 2.
const MAX_SUBJECT: usize = 255;

/// Who logged in, as the provider tells it.
///
/// Provider and subject together are the identity: keep both with the user. Nothing else may be used to recognise somebody; names and
/// addresses change hands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Identity {
    /// The name that the provider is registered under.
    pub provider: String,
    /// Who it is to the provider.
    pub subject: String,
    /// The e-mail address, verified or not.
    pub email: Option<String>,
    /// Whether the provider says that it verified the address.
    pub email_verified: bool,
    /// What to call the user.
    pub name: Option<String>,
    /// The name that the user has at the provider.
    pub username: Option<String>,
    /// The address of a picture.
    pub picture: Option<String>,
    /// All claims: those of the ID token, and those of the userinfo endpoint.
    pub claims: Map<String, Value>,
}

impl Identity {
    /// The e-mail address, if the provider says that it verified it.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }

    /// How its user recognises it in a list: the address, the name at the provider, or the name.
    pub fn label(&self) -> Option<&str> {
        self.email.as_deref().or(self.username.as_deref()).or(self.name.as_deref())
    }

    /// What the claims say; `None` when they say not even who it is, or no store could keep it.
    pub(super) fn read(provider: &str, profile: Profile, claims: Map<String, Value>) -> Option<Self> {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| claims.get(*name)?.as_str());
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let number = |name: &str| claims.get(name).and_then(Value::as_u64).map(|id| id.to_string());
        let subject = match profile {
            // A login name of GitHub's can be given up and taken by another; the number cannot.
            Profile::GitHub => number("id"),
            Profile::OpenId => text(&["sub", "id"]).or_else(|| number("id")),
        };
        let subject = subject.filter(|subject| subject.len() <= MAX_SUBJECT && !subject.contains('\0'))?;
        let verified = match claims.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            // Some providers write it as text.
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        Some(Identity {
            provider: provider.to_owned(),
            subject,
            email: text(&["email"]),
            email_verified: verified,
            name: text(&["name"]),
            username: text(&["preferred_username", "login", "nickname", "username"]),
            picture: text(&["picture", "avatar_url"]),
            claims,
        })
    }
}

/// An identity that a user has, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LinkedIdentity {
    /// [`Identity::provider`].
    pub provider: String,
    /// [`Identity::subject`].
    pub subject: String,
    /// The [`Identity::label`] that it had when it was linked: for its user's eyes, nobody is recognised by it.
    pub label: Option<String>,
}

impl LinkedIdentity {
    /// An identity as a store read it.
    pub fn new(provider: impl Into<String>, subject: impl Into<String>, label: Option<String>) -> Self {
        LinkedIdentity { provider: provider.into(), subject: subject.into(), label }
    }
}

/// Which identities belong to which users. A `Db` of `carboy-db` with its feature `oauth` is one; an app may write its own.
pub trait IdentityStore: Send + Sync + 'static {
    /// Sets the app up when the store is [registered](super::OAuth::identity_store): a database brings its migrations.
    fn init(&self, app: &mut App) -> Result<()> {
        let _ = app;
        Ok(())
    }

    /// The id of the user whom an identity belongs to; `None` also when that user is gone.
    fn user_of<'a>(
        &'a self,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, Result<Option<String>>>;

    /// Gives an identity to a user. It has to fail when the identity belongs to somebody already: a unique key over provider and subject.
    fn link<'a>(&'a self, identity: &'a Identity, user: &'a str) -> ExtensionFuture<'a, Result<()>>;

    /// The identities of a user, sorted by provider and subject.
    fn identities_of<'a>(&'a self, user: &'a str) -> ExtensionFuture<'a, Result<Vec<LinkedIdentity>>>;

    /// Takes an identity from this user; whether it was this user's.
    fn unlink<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, Result<bool>>;

    /// The id of the user who has this e-mail address, *if the app itself has verified that the address is that user's*.
    ///
    /// `None` by default: then nobody is linked by an address.
    fn user_with_verified_email<'a>(&'a self, email: &'a str) -> ExtensionFuture<'a, Result<Option<String>>> {
        let _ = email;
        Box::pin(async { Ok(None) })
    }
}

/// What became of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Linked {
    /// The identity belongs to this user: log the user in.
    Known(String),
    /// The identity was given to this user just now.
    New(String),
    /// The identity belongs to another user than the one who wanted to be linked. Nothing was changed.
    Taken,
    /// Nobody has the identity: ask whoever it is to sign up, or to log in as usual and link the identity then.
    Unknown,
}

impl super::Login {
    /// As [`link`](Self::link), with the [registered store](super::OAuth::identity_store).
    ///
    /// # Errors
    /// Those of the store, and when there is none.
    pub async fn user(&self, current: Option<&str>) -> Result<Linked> {
        let oauth = ext::<super::OAuth>();
        let store = oauth.identities().ok_or_else(|| {
            Error::msg("nothing remembers identities: `OAuth::identity_store` names what does")
        })?;
        self.link(store, current).await
    }

    /// Finds the user whom a login is about, and links the identity when that was asked for.
    ///
    /// `current` is the user who is logged in. A new identity is given to that user if the login was begun by the same one with
    /// [`Authorize::linking`](super::Authorize::linking), which takes a `POST`: a page of another site that leads the browser here links nothing. Without, it is given
    /// to the user with the same e-mail address, if both the provider and [the app](IdentityStore::user_with_verified_email) say that it is verified. In no other
    /// case is it given to anybody, whoever is logged in.
    ///
    /// The answer is about the identity, not about who may be logged in now: an app in which somebody else is logged in should not replace that user without a word.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn link(&self, store: &dyn IdentityStore, current: Option<&str>) -> Result<Linked> {
        let identity = &self.identity;
        let owner = store.user_of(&identity.provider, &identity.subject).await?;
        if let Some(wanted) = &self.linking {
            return match (owner, current) {
                (_, current) if current != Some(wanted) => Ok(Linked::Taken),
                (Some(owner), _) if owner == *wanted => Ok(Linked::Known(owner)),
                (Some(_), _) => Ok(Linked::Taken),
                (None, _) => {
                    store.link(identity, wanted).await?;
                    Ok(Linked::New(wanted.clone()))
                }
            };
        }
        if let Some(owner) = owner {
            return Ok(Linked::Known(owner));
        }
        let Some(email) = identity.verified_email() else { return Ok(Linked::Unknown) };
        match store.user_with_verified_email(email).await? {
            Some(user) => {
                store.link(identity, &user).await?;
                Ok(Linked::New(user))
            }
            None => Ok(Linked::Unknown),
        }
    }
}
