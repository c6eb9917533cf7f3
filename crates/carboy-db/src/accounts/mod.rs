//! The accounts of `carboy-ext` in a database: SQLite or PostgreSQL.
//!
//! ```
//! use carboy::prelude::*;
//! use carboy_db::Db;
//! use carboy_ext::{accounts::Accounts, mail::Mail};
//!
//! let db = Db::default();
//! let mut app = App::new("shop");
//! # app.config().set("SECRET_KEY", "dev").set("DATABASE_URL", "sqlite::memory:");
//! app.ext(db.clone()).ext(Mail::new()).ext(Accounts::new(db));
//! # assert!(app.build().is_ok());
//! ```
//!
//! Registering `Accounts` adds the migrations `carboy_accounts_…`: `shop db upgrade` makes the tables `account`, `account_recovery_code`,
//! `account_passkey` and `account_spent_token`. Tables of the app refer to `account (id)`, an integer.

mod schema;

use std::time::{SystemTime, UNIX_EPOCH};

use carboy::{App, ExtensionFuture, Result, Secret};
use carboy_ext::accounts::{
    Account, AccountUpdate, Created, NewAccount, StoreFuture, StoredPasskey, TokenStore, Updated, UserStore,
};
use sea_orm::Value;

use crate::{Db, DbError, Migrations, Row};

const COLUMNS: &str = "id, email, password, active, confirmed_at, stamp, handle, totp_secret, roles";
const PASSKEY_COLUMNS: &str = "credential_id, account_id, name, data, created_at, last_used_at";

/// A key as the database has it; `None` for a text that is no key at all.
fn key(id: &str) -> Option<i64> {
    id.parse().ok()
}

/// Whether a text may be in the database: PostgreSQL refuses one with a zero in it.
fn is_text(text: &str) -> bool {
    !text.contains('\0')
}

fn account(row: &Row) -> Result<Account, DbError> {
    let id: i64 = row.get("id")?;
    let stamp: String = row.get("stamp")?;
    let mut account =
        Account::new(id.to_string(), row.get::<String>("email")?, stamp, row.get::<String>("handle")?);
    account.password = row.get::<Option<String>>("password")?.map(Secret::new);
    account.active = row.get("active")?;
    account.confirmed_at = row.get("confirmed_at")?;
    account.totp_secret = row.get::<Option<String>>("totp_secret")?.map(Secret::new);
    account.roles = roles(&row.get::<String>("roles")?);
    Ok(account)
}

fn passkey(row: &Row) -> Result<StoredPasskey, DbError> {
    let id: i64 = row.get("account_id")?;
    let mut passkey = StoredPasskey::new(
        row.get::<String>("credential_id")?,
        id.to_string(),
        row.get::<String>("name")?,
        row.get::<String>("data")?,
        row.get("created_at")?,
    );
    passkey.last_used_at = row.get("last_used_at")?;
    Ok(passkey)
}

/// The names of roles from their column, one a line.
fn roles(text: &str) -> Vec<String> {
    text.lines().filter(|role| !role.is_empty()).map(str::to_owned).collect()
}

fn roles_text(roles: &[String]) -> String {
    let line = |role: &String| role.replace(['\n', '\r'], " ");
    roles.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn exposed(secret: Option<Secret<String>>) -> Option<String> {
    secret.map(Secret::into_exposed)
}

impl Db {
    async fn account_where(&self, condition: &str, value: Value) -> Result<Option<Account>> {
        let row =
            self.query_one(&format!("SELECT {COLUMNS} FROM account WHERE {condition}"), [value]).await?;
        Ok(row.as_ref().map(account).transpose()?)
    }

    /// Whether a statement changed a row.
    async fn changes(&self, sql: &str, params: Vec<Value>) -> Result<bool> {
        Ok(self.execute(sql, params).await?.rows_affected() > 0)
    }
}

impl UserStore for Db {
    fn find<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Account>> {
        Box::pin(async move {
            match key(id) {
                Some(id) => self.account_where("id = $1", id.into()).await,
                None => Ok(None),
            }
        })
    }

    fn find_by_stamp<'a>(&'a self, stamp: &'a str) -> StoreFuture<'a, Option<Account>> {
        Box::pin(self.account_where("stamp = $1", stamp.into()))
    }

    fn find_by_identifier<'a>(&'a self, identifier: &'a str) -> StoreFuture<'a, Option<Account>> {
        Box::pin(async move {
            match is_text(identifier) {
                true => self.account_where("email = $1", identifier.into()).await,
                false => Ok(None),
            }
        })
    }

    fn create<'a>(&'a self, new: NewAccount) -> StoreFuture<'a, Created> {
        Box::pin(async move {
            let sql = format!(
                "INSERT INTO account (email, password, active, confirmed_at, stamp, handle, roles) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}"
            );
            let values = (
                new.email,
                exposed(new.password),
                true,
                new.confirmed_at,
                new.stamp.into_exposed(),
                new.handle,
                roles_text(&new.roles),
            );
            match self.query_one(&sql, values).await {
                Ok(Some(row)) => Ok(Created::Account(account(&row)?)),
                Ok(None) => Err(carboy::Error::msg("the database answered no row for a new account")),
                Err(error) if error.is_unique_violation() => Ok(Created::Taken),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn update<'a>(&'a self, id: &'a str, stamp: &'a str, update: AccountUpdate) -> StoreFuture<'a, Updated> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(Updated::Stale) };
            let mut values: Vec<Value> = vec![id.into(), stamp.into()];
            let mut set = Vec::new();
            let mut change = |column: &str, value: Option<Value>| {
                if let Some(value) = value {
                    values.push(value);
                    set.push(format!("{column} = ${}", values.len()));
                }
            };
            change("email", update.email.map(Value::from));
            change("password", exposed(update.password).map(Value::from));
            change("active", update.active.map(Value::from));
            change("confirmed_at", update.confirmed_at.map(Value::from));
            change("stamp", exposed(update.stamp).map(Value::from));
            change("totp_secret", update.totp_secret.map(|secret| exposed(secret).into()));
            change("roles", update.roles.map(|roles| roles_text(&roles).into()));
            if set.is_empty() {
                set.push("id = id".to_owned());
            }
            let sql = format!("UPDATE account SET {} WHERE id = $1 AND stamp = $2", set.join(", "));
            match self.execute(&sql, values).await {
                Ok(done) if done.rows_affected() > 0 => Ok(Updated::Done),
                Ok(_) => Ok(Updated::Stale),
                Err(error) if error.is_unique_violation() => Ok(Updated::Taken),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(false) };
            #[cfg(feature = "oauth")]
            let has_identities = self.brings("carboy_oauth_");
            let delete = move |tx: crate::Tx| async move {
                #[cfg(feature = "oauth")]
                if has_identities {
                    // Their users may be kept elsewhere, so the database itself does not know that they belong to accounts.
                    tx.execute("DELETE FROM oauth_identity WHERE user_id = $1", [id.to_string()]).await?;
                }
                Ok(tx.execute("DELETE FROM account WHERE id = $1", [id]).await?.rows_affected() > 0)
            };
            self.transaction(delete).await
        })
    }

    fn spend_totp_step<'a>(&'a self, id: &'a str, step: i64) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(false) };
            let sql = "UPDATE account SET totp_step = $2 WHERE id = $1 AND totp_step < $2";
            self.changes(sql, vec![id.into(), step.into()]).await
        })
    }

    fn replace_totp_secret<'a>(
        &'a self,
        id: &'a str,
        former: &'a Secret<String>,
        secret: Secret<String>,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(false) };
            let sql = "UPDATE account SET totp_secret = $3 WHERE id = $1 AND totp_secret = $2";
            let values = vec![id.into(), former.expose().as_str().into(), secret.into_exposed().into()];
            self.changes(sql, values).await
        })
    }

    fn set_recovery_codes<'a>(&'a self, id: &'a str, digests: Vec<String>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(()) };
            let replace = move |tx: crate::Tx| async move {
                tx.execute("DELETE FROM account_recovery_code WHERE account_id = $1", [id]).await?;
                for digest in digests {
                    let sql = "INSERT INTO account_recovery_code (account_id, digest) VALUES ($1, $2)";
                    tx.execute(sql, (id, digest)).await?;
                }
                Ok(())
            };
            self.transaction(replace).await
        })
    }

    fn spend_recovery_code<'a>(&'a self, id: &'a str, digest: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(false) };
            let sql = "DELETE FROM account_recovery_code WHERE account_id = $1 AND digest = $2";
            self.changes(sql, vec![id.into(), digest.into()]).await
        })
    }

    fn recovery_codes_left<'a>(&'a self, id: &'a str) -> StoreFuture<'a, usize> {
        Box::pin(async move {
            let Some(id) = key(id) else { return Ok(0) };
            let sql = "SELECT COUNT(*) FROM account_recovery_code WHERE account_id = $1";
            let count: i64 = self.query_value(sql, [id]).await?.unwrap_or_default();
            Ok(usize::try_from(count).unwrap_or_default())
        })
    }

    fn passkeys<'a>(&'a self, account_id: &'a str) -> StoreFuture<'a, Vec<StoredPasskey>> {
        Box::pin(async move {
            let Some(id) = key(account_id) else { return Ok(Vec::new()) };
            let sql = format!(
                "SELECT {PASSKEY_COLUMNS} FROM account_passkey WHERE account_id = $1 ORDER BY created_at, credential_id"
            );
            let rows = self.query(&sql, [id]).await?;
            Ok(rows.iter().map(passkey).collect::<Result<_, _>>()?)
        })
    }

    fn passkey<'a>(&'a self, credential_id: &'a str) -> StoreFuture<'a, Option<StoredPasskey>> {
        Box::pin(async move {
            if !is_text(credential_id) {
                return Ok(None);
            }
            let sql = format!("SELECT {PASSKEY_COLUMNS} FROM account_passkey WHERE credential_id = $1");
            let row = self.query_one(&sql, [credential_id.to_owned()]).await?;
            Ok(row.as_ref().map(passkey).transpose()?)
        })
    }

    fn add_passkey<'a>(&'a self, new: StoredPasskey) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(&new.account_id) else { return Ok(false) };
            let sql = format!(
                "INSERT INTO account_passkey ({PASSKEY_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
            );
            let values = (new.credential_id, id, new.name, new.data, new.created_at, new.last_used_at);
            Ok(self.execute(&sql, values).await?.rows_affected() > 0)
        })
    }

    fn use_passkey<'a>(&'a self, credential_id: &'a str, data: String, at: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let sql = "UPDATE account_passkey SET data = $2, last_used_at = $3 WHERE credential_id = $1";
            self.execute(sql, (credential_id.to_owned(), data, at)).await?;
            Ok(())
        })
    }

    fn rename_passkey<'a>(
        &'a self,
        account_id: &'a str,
        credential_id: &'a str,
        name: &'a str,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(account_id).filter(|_| is_text(credential_id)) else { return Ok(false) };
            let sql = "UPDATE account_passkey SET name = $3 WHERE account_id = $1 AND credential_id = $2";
            self.changes(sql, vec![id.into(), credential_id.into(), name.into()]).await
        })
    }

    fn delete_passkey<'a>(&'a self, account_id: &'a str, credential_id: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(id) = key(account_id).filter(|_| is_text(credential_id)) else { return Ok(false) };
            let sql = "DELETE FROM account_passkey WHERE account_id = $1 AND credential_id = $2";
            self.changes(sql, vec![id.into(), credential_id.into()]).await
        })
    }

    fn password_of_another_kind<'a>(&'a self, kinds: &'a [String]) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let mut sql = "SELECT password FROM account WHERE password IS NOT NULL".to_owned();
            for (index, kind) in kinds.iter().enumerate() {
                let (place, length) = (index + 1, kind.chars().count());
                sql.push_str(&format!(" AND substr(password, 1, {length}) <> ${place}"));
            }
            sql.push_str(" LIMIT 1");
            let kinds: Vec<Value> = kinds.iter().map(|kind| kind.as_str().into()).collect();
            Ok(self.query_value::<String>(&sql, kinds).await?)
        })
    }

    fn init(&self, _app: &mut App) -> Result<()> {
        self.add_migrations(Migrations::of::<schema::Migrator>());
        Ok(())
    }

    fn check(&self) -> ExtensionFuture<'_, Vec<String>> {
        Box::pin(async move {
            match self.query_one("SELECT COUNT(*) FROM account", ()).await {
                Ok(_) => Vec::new(),
                Err(error) => vec![format!("the accounts cannot be read: {error}")],
            }
        })
    }
}

impl TokenStore for Db {
    fn spend<'a>(&'a self, token: &'a str, until: SystemTime) -> StoreFuture<'a, bool> {
        let seconds = |time: SystemTime| {
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        };
        Box::pin(async move {
            let now = seconds(SystemTime::now());
            self.execute("DELETE FROM account_spent_token WHERE good_until < $1", [now]).await?;
            let sql =
                "INSERT INTO account_spent_token (token, good_until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            self.changes(sql, vec![token.into(), seconds(until).into()]).await
        })
    }
}
