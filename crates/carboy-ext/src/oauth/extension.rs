//! The extension: the registered providers.

use super::{client::Client, identity::IdentityStore, provider::Provider};
use carboy::{App, Extension, ExtensionFuture, OrAbort, Result, State, ext};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// The extension that logs users in by other providers: Authlib's `OAuth`. See the [module](crate::oauth).
///
/// An app with a provider that is not set up does not start. The command `check` asks each provider for its metadata.
#[derive(Default)]
pub struct OAuth {
    providers: Vec<(String, Provider)>,
    identities: Option<Arc<dyn IdentityStore>>,
    clients: OnceLock<Vec<Client>>,
}

impl OAuth {
    /// Without providers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a provider under a name; one of the same name is replaced.
    pub fn register(mut self, name: impl Into<String>, provider: Provider) -> Self {
        let name = name.into();
        self.providers.retain(|(known, _)| *known != name);
        self.providers.push((name, provider));
        self
    }

    /// Remembers here which identities belong to which users: what [`Login::user`](super::Login::user) asks.
    pub fn identity_store(mut self, store: impl IdentityStore) -> Self {
        self.identities = Some(Arc::new(store));
        self
    }

    pub(super) fn identities(&self) -> Option<&dyn IdentityStore> {
        self.identities.as_deref()
    }

    /// The provider of this name, once the app has started.
    pub fn client(&self, name: &str) -> Option<Client> {
        self.clients().iter().find(|client| client.name() == name).cloned()
    }

    /// All providers, in the order of registration: for the buttons of a login page.
    pub fn clients(&self) -> &[Client] {
        self.clients.get().map(Vec::as_slice).unwrap_or_default()
    }
}

/// The registered provider of this name, which may come from a URL.
///
/// # Errors
/// 404 when there is none of this name.
///
/// # Panics
/// Outside a context, or when the app has no [`OAuth`].
#[track_caller]
pub fn client(name: &str) -> Result<Client> {
    ext::<OAuth>().client(name).or_404()
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.providers.iter().map(|(name, _)| name)).finish()
    }
}

impl Extension for OAuth {
    fn name(&self) -> &'static str {
        "OAuth"
    }

    fn init(&self, app: &mut App) -> Result<()> {
        self.identities.as_ref().map_or(Ok(()), |store| store.init(app))
    }

    fn startup<'a>(&'a self, app: &'a Arc<State>) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut clients = Vec::new();
            for (name, provider) in &self.providers {
                let mut provider = provider.clone();
                provider.configure(name, app.config())?;
                clients.push(Client::new(name, provider));
            }
            let _ = self.clients.set(clients);
            Ok(())
        })
    }

    fn check<'a>(&'a self, _app: &'a Arc<State>) -> ExtensionFuture<'a, Vec<String>> {
        Box::pin(async move {
            let mut wrong = Vec::new();
            for client in self.clients() {
                if let Err(error) = client.metadata().await {
                    wrong.push(error.to_string());
                }
            }
            wrong
        })
    }
}
