//! Statements that count all together or not at all.

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, TryGetable};
use serde::de::DeserializeOwned;

use crate::error::{DbError, DbErrorKind};
use crate::params::Params;
use crate::row::Row;
use crate::run::{self, Executed};

/// An open transaction, as [`Db::transaction`](crate::Db::transaction) hands it to its closure. Cloning gives another handle to it.
///
/// Entities are used through [`connection`](Tx::connection): `Entity::find().all(tx.connection())`.
#[derive(Clone, Debug)]
pub struct Tx(Arc<DatabaseTransaction>);

impl Tx {
    pub(crate) fn new(transaction: DatabaseTransaction) -> Self {
        Self(Arc::new(transaction))
    }

    /// The transaction as sea-orm knows it.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.0
    }

    /// As [`Db::execute`](crate::Db::execute).
    ///
    /// # Errors
    ///
    /// When the database refuses the statement.
    pub async fn execute(&self, sql: &str, params: impl Params) -> Result<Executed, DbError> {
        run::execute(&*self.0, sql, params).await
    }

    /// As [`Db::execute_script`](crate::Db::execute_script).
    ///
    /// # Errors
    ///
    /// When the database refuses a statement.
    pub async fn execute_script(&self, sql: &str) -> Result<(), DbError> {
        run::execute_script(&*self.0, sql).await
    }

    /// As [`Db::query`](crate::Db::query).
    ///
    /// # Errors
    ///
    /// When the database refuses the statement.
    pub async fn query(&self, sql: &str, params: impl Params) -> Result<Vec<Row>, DbError> {
        run::query(&*self.0, sql, params).await
    }

    /// As [`Db::query_as`](crate::Db::query_as).
    ///
    /// # Errors
    ///
    /// When the database refuses the statement, or a row does not fit.
    pub async fn query_as<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, DbError> {
        self.query(sql, params).await?.iter().map(Row::to).collect()
    }

    /// As [`Db::query_one`](crate::Db::query_one).
    ///
    /// # Errors
    ///
    /// When the database refuses the statement.
    pub async fn query_one(&self, sql: &str, params: impl Params) -> Result<Option<Row>, DbError> {
        run::query_one(&*self.0, sql, params).await
    }

    /// As [`Db::query_value`](crate::Db::query_value).
    ///
    /// # Errors
    ///
    /// When the database refuses the statement, or the value does not fit.
    pub async fn query_value<T: TryGetable>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, DbError> {
        run::query_value(&*self.0, sql, params).await
    }

    pub(crate) async fn commit(self) -> Result<(), DbError> {
        match Arc::try_unwrap(self.0) {
            Ok(transaction) => Ok(transaction.commit().await?),
            Err(_) => Err(DbError::new(
                DbErrorKind::Query,
                "a transaction was not committed because a handle to it was kept beyond its closure",
            )),
        }
    }
}
