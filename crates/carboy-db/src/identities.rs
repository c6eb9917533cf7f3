//! The identities of `carboy_ext::oauth` in a database.

use carboy::{App, ExtensionFuture, Result};
use carboy_ext::oauth::{Identity, IdentityStore, LinkedIdentity};

use crate::{Db, Migrations, Row};

const TABLE: &str = "-- migrate:up
CREATE TABLE oauth_identity (
    provider VARCHAR(64) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    user_id VARCHAR(64) NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX oauth_identity_user ON oauth_identity (user_id);
-- migrate:down
DROP TABLE oauth_identity;
";

const LABEL: &str = "-- migrate:up
ALTER TABLE oauth_identity ADD COLUMN label VARCHAR(255);
-- migrate:down
ALTER TABLE oauth_identity DROP COLUMN label;
";

impl Db {
    /// Whether the users of the identities are accounts that this database keeps, too.
    #[cfg(feature = "accounts")]
    fn has_accounts(&self) -> bool {
        self.brings("carboy_accounts_")
    }

    /// Whether a user is there. Of users who are kept elsewhere it is not known that one is gone.
    async fn is_there(&self, user: &str) -> Result<bool> {
        #[cfg(feature = "accounts")]
        if self.has_accounts() {
            return Ok(carboy_ext::accounts::UserStore::find(self, user).await?.is_some());
        }
        let _ = user;
        Ok(true)
    }

    async fn owner(&self, provider: &str, subject: &str) -> Result<Option<String>> {
        let sql = "SELECT user_id FROM oauth_identity WHERE provider = $1 AND subject = $2";
        Ok(self.query_value(sql, [provider, subject]).await?)
    }
}

/// Registering `OAuth` with a [`Db`] adds the migrations `carboy_oauth_…`, which make the table `oauth_identity`. The database does not know which
/// addresses the app has verified, so nobody is linked by an address: an app that wants that has a store of its own, which asks this one for the rest.
///
/// Where the same database keeps the accounts (feature `accounts`) the users are its accounts, by [`Account::id`](carboy_ext::accounts::Account::id): an account
/// that is deleted takes its identities along, and an identity whose account is gone is nobody's.
impl IdentityStore for Db {
    fn init(&self, _app: &mut App) -> Result<()> {
        self.add_migrations(Migrations::sql([("carboy_oauth_0001", TABLE), ("carboy_oauth_0002", LABEL)]));
        Ok(())
    }

    fn user_of<'a>(
        &'a self,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            match self.owner(provider, subject).await? {
                Some(user) if self.is_there(&user).await? => Ok(Some(user)),
                _ => Ok(None),
            }
        })
    }

    fn link<'a>(&'a self, identity: &'a Identity, user: &'a str) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let (provider, subject) = (identity.provider.as_str(), identity.subject.as_str());
            if let Some(owner) = self.owner(provider, subject).await?
                && !self.is_there(&owner).await?
            {
                self.unlink(&owner, provider, subject).await?;
            }
            let label = identity.label().map(|label| label.replace('\0', "").chars().take(255).collect());
            let sql =
                "INSERT INTO oauth_identity (provider, subject, user_id, label) VALUES ($1, $2, $3, $4)";
            self.execute(sql, (provider, subject, user, label as Option<String>)).await?;
            Ok(())
        })
    }

    fn identities_of<'a>(&'a self, user: &'a str) -> ExtensionFuture<'a, Result<Vec<LinkedIdentity>>> {
        Box::pin(async move {
            let sql = "SELECT provider, subject, label FROM oauth_identity WHERE user_id = $1 ORDER BY provider, subject";
            let rows = self.query(sql, [user]).await?;
            let identity = |row: &Row| {
                let provider: String = row.get("provider")?;
                Ok(LinkedIdentity::new(provider, row.get::<String>("subject")?, row.get("label")?))
            };
            rows.iter().map(identity).collect()
        })
    }

    fn unlink<'a>(
        &'a self,
        user: &'a str,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, Result<bool>> {
        Box::pin(async move {
            // PostgreSQL refuses a text with a zero in it, which no subject has.
            if [user, provider, subject].iter().any(|text| text.contains('\0')) {
                return Ok(false);
            }
            let sql = "DELETE FROM oauth_identity WHERE user_id = $1 AND provider = $2 AND subject = $3";
            Ok(self.execute(sql, [user, provider, subject]).await?.rows_affected() > 0)
        })
    }
}
