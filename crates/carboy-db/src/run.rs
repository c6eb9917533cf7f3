//! Plain SQL over anything that has a connection.

use sea_orm::{ConnectionTrait, DbBackend, ExecResult, Statement, TryGetable, Value};

use crate::error::{DbError, DbErrorKind};
use crate::params::Params;
use crate::row::Row;

/// What a statement that is no query did.
#[derive(Debug)]
pub struct Executed {
    result: ExecResult,
    backend: DbBackend,
}

impl Executed {
    /// How many rows it inserted, changed or deleted.
    pub fn rows_affected(&self) -> u64 {
        self.result.rows_affected()
    }

    /// The key that the database gave to the row inserted last; nothing on PostgreSQL, where `INSERT … RETURNING id` asks for it.
    ///
    /// # Panics
    ///
    /// When the row was given a negative key on SQLite.
    pub fn last_insert_id(&self) -> Option<u64> {
        (self.backend != DbBackend::Postgres).then(|| self.result.last_insert_id())
    }
}

pub(crate) async fn execute(
    on: &impl ConnectionTrait,
    sql: &str,
    params: impl Params,
) -> Result<Executed, DbError> {
    let backend = on.get_database_backend();
    let result = on.execute_raw(statement(backend, sql, params)?).await?;
    Ok(Executed { result, backend })
}

pub(crate) async fn execute_script(on: &impl ConnectionTrait, sql: &str) -> Result<(), DbError> {
    on.execute_unprepared(sql).await?;
    Ok(())
}

pub(crate) async fn query(
    on: &impl ConnectionTrait,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Row>, DbError> {
    let rows = on.query_all_raw(statement(on.get_database_backend(), sql, params)?).await?;
    Ok(rows.into_iter().map(Row).collect())
}

pub(crate) async fn query_one(
    on: &impl ConnectionTrait,
    sql: &str,
    params: impl Params,
) -> Result<Option<Row>, DbError> {
    Ok(on.query_one_raw(statement(on.get_database_backend(), sql, params)?).await?.map(Row))
}

pub(crate) async fn query_value<T: TryGetable>(
    on: &impl ConnectionTrait,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, DbError> {
    query_one(on, sql, params).await?.map(|row| row.get(0)).transpose()
}

fn statement(backend: DbBackend, sql: &str, params: impl Params) -> Result<Statement, DbError> {
    let values = params.into_values();
    // Only MySQL has integers of this size; the drivers of the others panic.
    let too_large =
        |value: &Value| matches!(value, Value::BigUnsigned(Some(n)) if i64::try_from(*n).is_err());
    if backend != DbBackend::MySql && values.iter().any(too_large) {
        return Err(DbError::new(
            DbErrorKind::Conversion,
            "an integer beyond 9223372036854775807 cannot be stored",
        ));
    }
    Ok(Statement::from_sql_and_values(backend, sql, values))
}
