//! The identities of `carboy_ext::oauth` in a database.

use carboy::{App, ExtensionFuture, Result};
use carboy_ext::oauth::{Identity, IdentityStore};

use crate::{Db, Migrations};

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

/// Registering `OAuth` with a [`Db`] adds the migration `carboy_oauth_0001`, which makes the table `oauth_identity`. The database does not know which
/// addresses the app has verified, so nobody is linked by an address: an app that wants that has a store of its own, which asks this one for the rest.
impl IdentityStore for Db {
    fn init(&self, _app: &mut App) -> Result<()> {
        self.add_migrations(Migrations::sql([("carboy_oauth_0001", TABLE)]));
        Ok(())
    }

    fn user_of<'a>(
        &'a self,
        provider: &'a str,
        subject: &'a str,
    ) -> ExtensionFuture<'a, Result<Option<String>>> {
        Box::pin(async move {
            let sql = "SELECT user_id FROM oauth_identity WHERE provider = $1 AND subject = $2";
            Ok(self.query_value(sql, [provider, subject]).await?)
        })
    }

    fn link<'a>(&'a self, identity: &'a Identity, user: &'a str) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            let sql = "INSERT INTO oauth_identity (provider, subject, user_id) VALUES ($1, $2, $3)";
            self.execute(sql, (&*identity.provider, &*identity.subject, user)).await?;
            Ok(())
        })
    }
}
