//! What a database can answer instead of rows.

use std::fmt;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, sqlx};

/// What kind of failure a [`DbError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DbErrorKind {
    /// The database cannot be reached or opened.
    Unavailable,
    /// No connection became free in time, or another writer held the database too long.
    Busy,
    /// A value that must be unique is there already.
    UniqueViolation,
    /// A row that is referred to is not there, or one that is still referred to would go.
    ForeignKeyViolation,
    /// A row that must be there is not.
    NotFound,
    /// A value does not fit the type that was asked for, or cannot be stored.
    Conversion,
    /// A migration is missing or failed.
    Migration,
    /// The statement was refused.
    Query,
}

/// A failure of the database, told in one sentence.
#[derive(Clone, Debug)]
pub struct DbError {
    kind: DbErrorKind,
    message: String,
    source: Option<DbErr>,
}

impl DbError {
    pub(crate) fn new(kind: DbErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> DbErrorKind {
        self.kind
    }

    /// Whether a value that must be unique was there already: what Python's drivers call an `IntegrityError`.
    pub fn is_unique_violation(&self) -> bool {
        self.kind == DbErrorKind::UniqueViolation
    }

    /// Whether a reference to another row was wrong.
    pub fn is_foreign_key_violation(&self) -> bool {
        self.kind == DbErrorKind::ForeignKeyViolation
    }

    /// The error as sea-orm reported it, when it comes from there.
    pub fn as_db_err(&self) -> Option<&DbErr> {
        self.source.as_ref()
    }

    pub(crate) fn into_db_err(self) -> DbErr {
        self.source.unwrap_or(DbErr::Custom(self.message))
    }
}

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        let driver = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(driver))
            | DbErr::Exec(RuntimeErr::SqlxError(driver))
            | DbErr::Query(RuntimeErr::SqlxError(driver)) => Some(driver.clone()),
            _ => None,
        };
        let driver = driver.as_deref();
        let reported = driver.and_then(sqlx::Error::as_database_error);
        let kind = match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => DbErrorKind::UniqueViolation,
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => DbErrorKind::ForeignKeyViolation,
            _ => match (&error, driver) {
                (_, Some(sqlx::Error::PoolTimedOut)) => DbErrorKind::Busy,
                _ if reported.is_some_and(|e| e.message().contains("database is locked")) => {
                    DbErrorKind::Busy
                }
                (_, Some(sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::Tls(_))) => {
                    DbErrorKind::Unavailable
                }
                (
                    _,
                    Some(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_)),
                ) => DbErrorKind::Conversion,
                (DbErr::ConnectionAcquire(ConnAcquireErr::Timeout), _) => DbErrorKind::Busy,
                (DbErr::ConnectionAcquire(_), _) => DbErrorKind::Unavailable,
                (DbErr::Conn(_), _) => DbErrorKind::Unavailable,
                (DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated, _) => DbErrorKind::NotFound,
                (
                    DbErr::TryIntoErr { .. } | DbErr::ConvertFromU64(_) | DbErr::Type(_) | DbErr::Json(_),
                    _,
                ) => DbErrorKind::Conversion,
                (DbErr::Migration(_), _) => DbErrorKind::Migration,
                _ => DbErrorKind::Query,
            },
        };
        let message = match (kind, reported) {
            (_, Some(reported)) => reported.message().to_owned(),
            (DbErrorKind::Unavailable, None) if matches!(error, DbErr::ConnectionAcquire(_)) => {
                "the database was closed".to_owned()
            }
            (DbErrorKind::Busy, None) => "no connection to the database became free in time; \
                                          inside a transaction use its own handle, not the pool"
                .to_owned(),
            _ => match driver {
                Some(driver) => driver.to_string(),
                None => error.to_string(),
            },
        };
        Self { kind, message, source: Some(error) }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

// The sentence tells what its cause told; a cause beside it would be told twice.
impl std::error::Error for DbError {}
