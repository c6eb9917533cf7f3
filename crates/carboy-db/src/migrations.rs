//! Migrations: the steps from an empty database to the schema the app wants.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::{
    MigrationName, MigrationStatus, MigrationTrait, MigratorTrait, MigratorTraitSelf, SchemaManager,
};

use crate::error::{DbError, DbErrorKind};

const UP: &str = "-- migrate:up";
const DOWN: &str = "-- migrate:down";

/// An ordered list of migrations, from SQL texts, a folder of SQL files, or a sea-orm [`MigratorTrait`].
///
/// A SQL migration is a file of statements. Lines `-- migrate:up` and `-- migrate:down` part it into the way forward and the way
/// back; without them all of it is the way forward, and there is no way back. Each runs in a transaction of its own; in PostgreSQL all
/// that are applied at once are in one.
///
/// ```
/// use carboy_db::Migrations;
///
/// let migrations = Migrations::sql([(
///     "0001_posts",
///     "-- migrate:up
///      CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
///      -- migrate:down
///      DROP TABLE post;",
/// )]);
/// assert_eq!(migrations.names(), ["0001_posts"]);
/// ```
#[derive(Clone, Default)]
pub struct Migrations {
    parts: Vec<Part>,
}

type Part = Arc<dyn Fn() -> Vec<Box<dyn MigrationTrait>> + Send + Sync>;

/// A migration and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

impl Migrations {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Migrations from names and SQL, in this order: `("0001_posts", include_str!("../migrations/0001_posts.sql"))`.
    pub fn sql<N: Into<String>, S: Into<String>>(files: impl IntoIterator<Item = (N, S)>) -> Self {
        let list: Vec<SqlMigration> =
            files.into_iter().map(|(name, sql)| SqlMigration::parse(name.into(), &sql.into())).collect();
        Self::default().with(move || list.iter().map(|migration| Box::new(migration.clone()) as _).collect())
    }

    /// The files of a folder that end in `.sql`, sorted by name, read now.
    ///
    /// # Errors
    ///
    /// When the folder or a file cannot be read.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self, DbError> {
        let folder = folder.as_ref();
        let unreadable = |path: &Path, error: std::io::Error| {
            DbError::new(
                DbErrorKind::Migration,
                format!("the migrations in '{}' cannot be read: {error}", path.display()),
            )
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
            let path = entry.map_err(|error| unreadable(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let sql = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
                files.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), sql));
            }
        }
        files.sort();
        Ok(Self::sql(files))
    }

    /// The migrations of a sea-orm migrator.
    pub fn of<M: MigratorTrait + 'static>() -> Self {
        Self::default().with(M::migrations)
    }

    /// These, then those.
    #[must_use]
    pub fn and(mut self, other: Migrations) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Their names, in order.
    pub fn names(&self) -> Vec<String> {
        self.migrations().iter().map(|migration| migration.name().to_owned()).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn with(mut self, part: impl Fn() -> Vec<Box<dyn MigrationTrait>> + Send + Sync + 'static) -> Self {
        self.parts.push(Arc::new(part));
        self
    }

    pub(crate) async fn status(&self, on: &DatabaseConnection) -> Result<Vec<MigrationState>, DbError> {
        let list = self.get_migration_with_status_read_only(on).await.map_err(failed)?;
        let state = |migration: &sea_orm_migration::Migration| MigrationState {
            name: migration.name().to_owned(),
            applied: migration.status() == MigrationStatus::Applied,
        };
        Ok(list.iter().map(state).collect())
    }

    /// Applies what is pending, at most `steps`; the names of what was applied.
    pub(crate) async fn upgrade(
        &self,
        on: &DatabaseConnection,
        steps: Option<u32>,
    ) -> Result<Vec<String>, DbError> {
        let pending = self.get_pending_migrations(on).await.map_err(failed)?;
        let names = pending.iter().map(|migration| migration.name().to_owned());
        let names: Vec<String> = names.take(steps.map_or(usize::MAX, |steps| steps as usize)).collect();
        self.up(on, steps).await.map_err(failed)?;
        Ok(names)
    }

    /// Takes the last `steps` back; the names of what was taken back.
    pub(crate) async fn downgrade(
        &self,
        on: &DatabaseConnection,
        steps: u32,
    ) -> Result<Vec<String>, DbError> {
        let applied = self.get_applied_migrations(on).await.map_err(failed)?;
        let names =
            applied.iter().rev().map(|migration| migration.name().to_owned()).take(steps as usize).collect();
        self.down(on, Some(steps)).await.map_err(failed)?;
        Ok(names)
    }
}

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.parts.iter().flat_map(|part| part()).collect()
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Migrations").field(&self.names()).finish()
    }
}

fn failed(error: DbErr) -> DbError {
    let error = DbError::from(error);
    match error.kind() {
        DbErrorKind::Unavailable | DbErrorKind::Busy => error,
        _ => DbError::new(DbErrorKind::Migration, error.to_string()),
    }
}

#[derive(Clone)]
struct SqlMigration {
    name: String,
    up: String,
    down: Option<String>,
}

impl SqlMigration {
    fn parse(name: String, sql: &str) -> Self {
        let mut up = String::new();
        let mut down = None;
        let mut forward = true;
        for line in sql.lines() {
            match line.trim() {
                UP => forward = true,
                DOWN => forward = false,
                _ => {
                    let part = if forward { &mut up } else { down.get_or_insert_default() };
                    part.push_str(line);
                    part.push('\n');
                }
            }
        }
        Self { name, up, down }
    }

    fn refused(&self, error: DbErr) -> DbErr {
        DbErr::Migration(format!("the migration '{}' failed: {}", self.name, DbError::from(error)))
    }
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&self.up).await.map_err(|error| self.refused(error))?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let Some(down) = &self.down else {
            return Err(DbErr::Migration(format!("the migration '{}' has no way back", self.name)));
        };
        manager.get_connection().execute_unprepared(down).await.map_err(|error| self.refused(error))?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
