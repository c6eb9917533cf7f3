//! The handle that an app has on its database.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use carboy::Config;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IsolationLevel, QueryResult, SqliteTransactionMode, Statement, TransactionError, TransactionOptions,
    TransactionTrait, TryGetable,
};
use sea_orm_migration::async_trait::async_trait;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::error::{DbError, DbErrorKind};
use crate::migrations::{MigrationState, Migrations};
use crate::params::Params;
use crate::row::Row;
use crate::run::{self, Executed};
use crate::settings::{Opened, Settings};
use crate::transaction::Tx;

/// A database: one pool of connections, opened at first use and used by every worker. Cloning is cheap and gives the same pool.
///
/// [`Db::default`] takes its place from the app's configuration: `DATABASE_URL`, else `SQLALCHEMY_DATABASE_URI` as Flask-SQLAlchemy
/// reads it, else the file `<app's name>.sqlite` in the instance folder. A relative file lies in the instance folder. A folder that is not
/// there is made; a new file can be read by its owner only. `DATABASE_MAX_CONNECTIONS` and `DATABASE_ACQUIRE_TIMEOUT` (seconds, 5 by
/// default) size the pool.
///
/// Placeholders are the database's own: `?` for SQLite, `$1` for PostgreSQL. Never build SQL from values.
#[derive(Clone, Default)]
pub struct Db {
    url: Option<Arc<str>>,
    migrations: Migrations,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    settings: OnceLock<Settings>,
    opened: OnceCell<Opened>,
    /// What extensions need.
    brought: Mutex<Migrations>,
}

impl Db {
    /// The database at this URL, whatever the configuration says: `sqlite:shop.db`, `sqlite:///var/lib/shop.db`,
    /// `sqlite::memory:`, `postgres://…`.
    pub fn open(url: impl Into<String>) -> Self {
        Self { url: Some(url.into().into()), ..Self::default() }
    }

    /// A SQLite database in memory, empty and gone with its last handle: for tests.
    pub fn memory() -> Self {
        Self::open("sqlite::memory:")
    }

    /// With these migrations, which [`upgrade`](Db::upgrade) applies. Handles cloned before do not have them.
    #[must_use]
    pub fn with_migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = self.migrations.and(migrations);
        self
    }

    /// Takes the place from an app's name and configuration, unless that was done already.
    ///
    /// # Errors
    ///
    /// When the configuration holds no such place.
    pub fn configure(&self, name: &str, config: &Config) -> Result<(), DbError> {
        let settings = Settings::of_app(name, config, self.url.as_deref())?;
        // The first app that uses the database decides where it is.
        let _ = self.shared.settings.set(settings);
        Ok(())
    }

    /// Adds migrations to this database, for all its handles: what an extension with tables of its own does in its
    /// [`init`](carboy::Extension::init).
    ///
    /// They come before those of the app, whose tables may refer to them. Their names are as good as identifiers: begin them with the
    /// extension's name.
    ///
    /// ```
    /// use carboy::{App, Extension, Result};
    /// use carboy_db::{Db, Migrations};
    ///
    /// struct Notes;
    ///
    /// impl Extension for Notes {
    ///     fn name(&self) -> &'static str {
    ///         "Notes"
    ///     }
    ///     fn init(&self, app: &mut App) -> Result<()> {
    ///         app.require::<Db>()?.add_migrations(Migrations::sql([("notes_0001", "CREATE TABLE note (text TEXT NOT NULL);")]));
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut app = App::new("shop");
    /// app.ext(Db::memory()).ext(Notes);
    /// ```
    pub fn add_migrations(&self, migrations: Migrations) {
        let mut brought = self.shared.brought.lock().unwrap_or_else(PoisonError::into_inner);
        *brought = std::mem::take(&mut *brought).and(migrations);
    }

    /// Whether an extension has added migrations whose names begin so: whether its tables are in this database.
    #[cfg(all(feature = "accounts", feature = "oauth"))]
    pub(crate) fn brings(&self, prefix: &str) -> bool {
        let brought = self.shared.brought.lock().unwrap_or_else(PoisonError::into_inner).clone();
        brought.names().iter().any(|name| name.starts_with(prefix))
    }

    /// All migrations, in their order.
    pub(crate) fn migrations(&self) -> Migrations {
        let brought = self.shared.brought.lock().unwrap_or_else(PoisonError::into_inner).clone();
        brought.and(self.migrations.clone())
    }

    /// The connection that sea-orm's API takes, opened now if it was not.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened: the sentence names the file and the user, or the server.
    pub async fn connection(&self) -> Result<DatabaseConnection, DbError> {
        self.opened().await.cloned()
    }

    async fn opened(&self) -> Result<&DatabaseConnection, DbError> {
        let opened =
            self.shared.opened.get_or_try_init(|| async { self.settings()?.connect().await }).await?;
        Ok(&opened.connection)
    }

    fn settings(&self) -> Result<Settings, DbError> {
        if let Some(settings) = self.shared.settings.get() {
            return Ok(settings.clone());
        }
        match &self.url {
            Some(url) => Settings::of_url(url, Path::new("")),
            None => Err(DbError::new(
                DbErrorKind::Unavailable,
                "this Db belongs to no app: add `app.ext(Db::default())` where the app is made, or name a place with `Db::open(url)`",
            )),
        }
    }

    /// Closes the pool; every later use fails. Nothing happens when it was never opened.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub async fn close(&self) -> Result<(), DbError> {
        match self.shared.opened.get() {
            Some(opened) => Ok(opened.connection.close_by_ref().await?),
            None => Ok(()),
        }
    }

    // Plain SQL

    /// Runs a statement that answers no rows.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened or refuses the statement; [`DbError::is_unique_violation`] tells what Python's drivers call an
    /// `IntegrityError`.
    pub async fn execute(&self, sql: &str, params: impl Params) -> Result<Executed, DbError> {
        run::execute(self.opened().await?, sql, params).await
    }

    /// Runs several statements, without parameters: a schema, for example. They are no transaction.
    ///
    /// # Errors
    ///
    /// As [`execute`](Db::execute).
    pub async fn execute_script(&self, sql: &str) -> Result<(), DbError> {
        run::execute_script(self.opened().await?, sql).await
    }

    /// All rows of a query.
    ///
    /// # Errors
    ///
    /// As [`execute`](Db::execute).
    pub async fn query(&self, sql: &str, params: impl Params) -> Result<Vec<Row>, DbError> {
        run::query(self.opened().await?, sql, params).await
    }

    /// All rows of a query as values of a type that deserialises from a mapping of the columns.
    ///
    /// # Errors
    ///
    /// As [`execute`](Db::execute), and when a row does not fit.
    pub async fn query_as<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, DbError> {
        self.query(sql, params).await?.iter().map(Row::to).collect()
    }

    /// The first row of a query, if it has one. With carboy's `or_404`: `db().query_one(…).await?.or_404()?`.
    ///
    /// # Errors
    ///
    /// As [`execute`](Db::execute).
    pub async fn query_one(&self, sql: &str, params: impl Params) -> Result<Option<Row>, DbError> {
        run::query_one(self.opened().await?, sql, params).await
    }

    /// The first column of the first row, if there is a row. A null needs an `Option` for `T`.
    ///
    /// # Errors
    ///
    /// As [`execute`](Db::execute), and when the value does not fit.
    pub async fn query_value<T: TryGetable>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, DbError> {
        run::query_value(self.opened().await?, sql, params).await
    }

    /// Runs a closure in a transaction: committed when it answers `Ok`, rolled back when it answers `Err`, panics or is dropped.
    ///
    /// On SQLite the transaction is a writer from its start, so that two of them wait for each other instead of failing.
    ///
    /// ```
    /// # async fn example(db: carboy_db::Db) -> carboy::Result<()> {
    /// let moved = db.transaction(|tx| async move {
    ///     tx.execute("UPDATE account SET cents = cents - ? WHERE id = ?", (500, 1)).await?;
    ///     tx.execute("UPDATE account SET cents = cents + ? WHERE id = ?", (500, 2)).await?;
    ///     Ok(500)
    /// });
    /// assert_eq!(moved.await?, 500);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The closure's, or the database's when the transaction cannot begin or be committed.
    pub async fn transaction<T, F, Fut>(&self, work: F) -> carboy::Result<T>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = carboy::Result<T>>,
    {
        let transaction = self.begin().await.map_err(DbError::from)?;
        let tx = Tx::new(transaction);
        let value = work(tx.clone()).await?;
        tx.commit().await?;
        Ok(value)
    }

    // Migrations

    /// Applies the migrations that the database does not have, at most `steps` of them; their names.
    ///
    /// # Errors
    ///
    /// When one fails (it leaves nothing behind), or the database has one that is not in the list.
    pub async fn upgrade(&self, steps: Option<u32>) -> Result<Vec<String>, DbError> {
        self.migrations().upgrade(self.opened().await?, steps).await
    }

    /// Takes the last `steps` migrations back; their names.
    ///
    /// # Errors
    ///
    /// When one fails or has no way back.
    pub async fn downgrade(&self, steps: u32) -> Result<Vec<String>, DbError> {
        self.migrations().downgrade(self.opened().await?, steps).await
    }

    /// The migrations, and which of them the database has.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or has a migration that is not in the list.
    pub async fn migration_status(&self) -> Result<Vec<MigrationState>, DbError> {
        let migrations = self.migrations();
        if migrations.is_empty() {
            return Ok(Vec::new());
        }
        migrations.status(self.opened().await?).await
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("open", &self.shared.opened.initialized()).finish_non_exhaustive()
    }
}

#[async_trait]
impl ConnectionTrait for Db {
    fn get_database_backend(&self) -> DbBackend {
        self.settings().map_or(DbBackend::Sqlite, |settings| settings.backend())
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.opened().await.map_err(DbError::into_db_err)?.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.opened().await.map_err(DbError::into_db_err)?.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.opened().await.map_err(DbError::into_db_err)?.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.opened().await.map_err(DbError::into_db_err)?.query_all_raw(statement).await
    }
}

#[async_trait]
impl TransactionTrait for Db {
    type Transaction = DatabaseTransaction;

    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<DatabaseTransaction, DbErr> {
        let connection = self.opened().await.map_err(DbError::into_db_err)?;
        connection.begin_with_config(isolation_level, access_mode).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let connection = self.opened().await.map_err(DbError::into_db_err)?;
        // The others say that they do not know the mode.
        let sqlite_transaction_mode = options
            .sqlite_transaction_mode
            .filter(|_| connection.get_database_backend() == DbBackend::Sqlite);
        connection.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..options }).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c DatabaseTransaction,
            ) -> std::pin::Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let connection =
            self.opened().await.map_err(|error| TransactionError::Connection(error.into_db_err()))?;
        connection.transaction(callback).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c DatabaseTransaction,
            ) -> std::pin::Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let connection =
            self.opened().await.map_err(|error| TransactionError::Connection(error.into_db_err()))?;
        connection.transaction_with_config(callback, isolation_level, access_mode).await
    }
}
