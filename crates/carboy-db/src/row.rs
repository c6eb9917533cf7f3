//! A row of an answer.

use std::fmt;

use sea_orm::sqlx::{Column, Row as _, TypeInfo, ValueRef};
use sea_orm::{ColIdx, FromQueryResult, JsonValue, QueryResult, TryGetable};
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::{DbError, DbErrorKind};

/// A row that a query answered: columns by name or position, in the types one asks for.
///
/// A row serialises as a mapping of its columns, so templates and JSON answers take rows as they are. In it, SQLite's integers in
/// a column declared `BOOLEAN` are bools, and bytes are lists of numbers.
pub struct Row(pub(crate) QueryResult);

impl Row {
    /// A column's value.
    ///
    /// # Errors
    ///
    /// When there is no such column, the value is null and `T` no `Option`, or the value is no `T`.
    pub fn get<T: TryGetable>(&self, column: impl ColIdx) -> Result<T, DbError> {
        self.0.try_get_by(column).map_err(|error| DbError::new(DbErrorKind::Conversion, error.to_string()))
    }

    /// The columns' names, in their order.
    pub fn columns(&self) -> Vec<String> {
        self.0.column_names()
    }

    /// The row as a JSON mapping.
    ///
    /// # Errors
    ///
    /// When a value cannot be read.
    pub fn to_json(&self) -> Result<Value, DbError> {
        match self.0.try_as_sqlite_row() {
            Some(row) => sqlite_values(row).map(Value::Object),
            None => Ok(JsonValue::from_query_result(&self.0, "")?),
        }
    }

    /// The row as anything that deserialises from a mapping of its columns.
    ///
    /// # Errors
    ///
    /// When a column is missing or does not fit.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, DbError> {
        serde_json::from_value(self.to_json()?).map_err(|error| {
            DbError::new(DbErrorKind::Conversion, format!("a row does not fit its type: {error}"))
        })
    }
}

/// What SQLite stores says the type, not what the column was declared as.
fn sqlite_values(row: &sea_orm::sqlx::sqlite::SqliteRow) -> Result<Map<String, Value>, DbError> {
    let unreadable = |error: sea_orm::sqlx::Error| DbError::new(DbErrorKind::Conversion, error.to_string());
    let mut map = Map::with_capacity(row.len());
    for (at, column) in row.columns().iter().enumerate() {
        let raw = row.try_get_raw(at).map_err(unreadable)?;
        let stored = raw.type_info();
        let value = if raw.is_null() {
            Value::Null
        } else if stored.name() == "INTEGER" {
            let number: i64 = row.try_get_unchecked(at).map_err(unreadable)?;
            if column.type_info().name() == "BOOLEAN" {
                Value::Bool(number != 0)
            } else {
                Value::from(number)
            }
        } else if stored.name() == "REAL" {
            Value::from(row.try_get_unchecked::<f64, _>(at).map_err(unreadable)?)
        } else if stored.name() == "BLOB" {
            Value::from(row.try_get_unchecked::<Vec<u8>, _>(at).map_err(unreadable)?)
        } else {
            Value::from(row.try_get_unchecked::<String, _>(at).map_err(unreadable)?)
        };
        map.insert(column.name().to_owned(), value);
    }
    Ok(map)
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_json() {
            Ok(Value::Object(map)) => f.debug_map().entries(map).finish(),
            _ => f.write_str("Row"),
        }
    }
}
