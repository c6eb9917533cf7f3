//! Who somebody is to a provider, and which user of the app that is.

use super::provider::Profile;
use carboy::{App, Error, ExtensionFuture, Result, ext};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

    /// What the claims say; `None` when they say not even who it is.
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
        }?;
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

/// Which identities belong to which users. A `Db` of `carboy-db` with its feature `oauth` is one; an app may write its own.
pub trait IdentityStore: Send + Sync + 'static {
    /// Sets the app up when the store is [registered](super::OAuth::identity_store): a database brings its migrations.
    fn init(&self, app: &mut App) -> Result<()> {
        let _ = app;
        Ok(())
    }

    /// The id of the user whom an identity belongs to.
    fn user_of<'a>(
        &'a self,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, Result<Option<String>>>;

    /// Gives an identity to a user. It has to fail when the identity belongs to somebody already: a unique key over provider and subject.
    fn link<'a>(&'a self, identity: &'a Identity, user: &'a str) -> ExtensionFuture<'a, Result<()>>;

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
    /// [`Authorize::linking`](super::Authorize::linking): a link that somebody else talked the browser into links nothing. Without, it is given to the user
    /// with the same e-mail address, if both the provider and [the app](IdentityStore::user_with_verified_email) say that it is verified. In no other case is it
    /// given to anybody.
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
