//! The refresh tokens of `carboy_ext::jwt` in a database.

use std::time::{SystemTime, UNIX_EPOCH};

use carboy::{App, ExtensionFuture, Result};
use carboy_ext::jwt::{RefreshStore, Rotation};

use crate::{Db, Migrations};

const TABLE: &str = "-- migrate:up
CREATE TABLE jwt_refresh (family VARCHAR(64) PRIMARY KEY, token VARCHAR(64) NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX jwt_refresh_expires ON jwt_refresh (expires);
-- migrate:down
DROP TABLE jwt_refresh;
";

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| since.as_secs().try_into().ok()).unwrap_or(i64::MAX)
}

/// Registering `Jwt` with a [`Db`] adds the migration `carboy_jwt_0001`, which makes the table `jwt_refresh`.
impl RefreshStore for Db {
    fn init(&self, _app: &mut App) -> Result<()> {
        self.add_migrations(Migrations::sql([("carboy_jwt_0001", TABLE)]));
        Ok(())
    }

    fn begin<'a>(
        &'a self,
        family: &'a str,
        token: &'a str,
        expires: SystemTime,
    ) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            // A login pays for those that are over.
            self.execute("DELETE FROM jwt_refresh WHERE expires < $1", [seconds(SystemTime::now())]).await?;
            let sql = "INSERT INTO jwt_refresh (family, token, expires) VALUES ($1, $2, $3)";
            self.execute(sql, (family, token, seconds(expires))).await?;
            Ok(())
        })
    }

    fn rotate<'a>(
        &'a self,
        family: &'a str,
        token: &'a str,
        next: &'a str,
        expires: SystemTime,
    ) -> ExtensionFuture<'a, Result<Rotation>> {
        Box::pin(async move {
            // One statement compares and replaces, so that of two calls at the same time one comes too late.
            let sql = "UPDATE jwt_refresh SET token = $1, expires = $2 WHERE family = $3 AND token = $4";
            let replaced = self.execute(sql, (next, seconds(expires), family, token)).await?;
            if replaced.rows_affected() == 1 {
                return Ok(Rotation::Rotated);
            }
            let ended = self.execute("DELETE FROM jwt_refresh WHERE family = $1", [family]).await?;
            Ok(if ended.rows_affected() == 0 { Rotation::Unknown } else { Rotation::Reused })
        })
    }

    fn end<'a>(&'a self, family: &'a str) -> ExtensionFuture<'a, Result<()>> {
        Box::pin(async move {
            self.execute("DELETE FROM jwt_refresh WHERE family = $1", [family]).await?;
            Ok(())
        })
    }
}
