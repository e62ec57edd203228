//! Connections: the pools, the pragmas, the migrations, and the dispatch to one of two databases.
//!
//! With `dialect.rs` this is the only file that knows which database it is. Everything else in
//! `store/` takes a [`Conn`] and writes its query once, inside [`on!`], which type-checks that one
//! body natively for each database.

use std::path::Path;
use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::StoreError;
use crate::config::DatabaseUrl;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock under which one process at a time migrates PostgreSQL.
const MIGRATION_LOCK: i64 = 0x0063_7573_7461_6363;

/// How long a process waits while another one migrates.
const MIGRATION_WAIT: &str = "10min";

/// How long a statement waits for a lock: as long as on SQLite. A writer elsewhere that hangs must not hang ours.
const LOCK_WAIT: &str = "10s";

/// A connection to one of the two databases.
pub enum Conn<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection),
}

/// Runs one body on whichever database the connection leads to.
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite($c) => {
                let $c = &mut **$c;
                $body
            }
            $crate::store::Conn::Postgres($c) => {
                let $c = &mut **$c;
                $body
            }
        }
    };
}
pub(crate) use on;

/// A pool of connections.
#[derive(Clone)]
pub(super) enum Connections {
    Sqlite(Pool<ConnectionManager<SqliteConnection>>),
    Postgres(Pool<ConnectionManager<PgConnection>>),
}

/// A connection out of the pool.
pub(super) enum Pooled {
    Sqlite(PooledConnection<ConnectionManager<SqliteConnection>>),
    Postgres(PooledConnection<ConnectionManager<PgConnection>>),
}

impl Pooled {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Pooled::Sqlite(conn) => Conn::Sqlite(conn),
            Pooled::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl Connections {
    /// Opens the pool and brings the schema up to date.
    pub(super) fn open(url: &DatabaseUrl, size: u32) -> Result<Self, StoreError> {
        let connections = match url {
            DatabaseUrl::Sqlite(path) => {
                let manager = ConnectionManager::new(path.to_string_lossy());
                Connections::Sqlite(pool(manager, size, Box::new(SqlitePragmas))?)
            }
            DatabaseUrl::Postgres(url) => {
                let manager = ConnectionManager::new(url.expose());
                Connections::Postgres(pool(manager, size, Box::new(PostgresSession)).map_err(without_tls)?)
            }
        };
        connections.get()?.migrate()?;
        Ok(connections)
    }

    /// A connection; waits a bounded time for one.
    pub(super) fn get(&self) -> Result<Pooled, StoreError> {
        Ok(match self {
            Connections::Sqlite(pool) => Pooled::Sqlite(pool.get().map_err(StoreError::unavailable)?),
            Connections::Postgres(pool) => Pooled::Postgres(pool.get().map_err(StoreError::unavailable)?),
        })
    }
}

impl Pooled {
    fn migrate(&mut self) -> Result<(), StoreError> {
        let outcome = match self {
            // One process at a time here too: the lock comes before the look at what is pending.
            Pooled::Sqlite(conn) => {
                conn.immediate_transaction(|conn| conn.run_pending_migrations(SQLITE_MIGRATIONS).map(|_| ()))
            }
            Pooled::Postgres(conn) => {
                conn.batch_execute(&format!(
                    "SET lock_timeout = '{MIGRATION_WAIT}'; SELECT pg_advisory_lock({MIGRATION_LOCK}); \
                     SET lock_timeout = '{LOCK_WAIT}'"
                ))?;
                let outcome = conn.run_pending_migrations(POSTGRES_MIGRATIONS).map(|_| ());
                let unlocked = conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"));
                outcome.and_then(|()| Ok(unlocked?))
            }
        };
        outcome.map_err(|why| StoreError::Migration(why.to_string()))
    }
}

/// Copies a database of SQLite into a file that is not there yet, and finishes the copy.
pub(super) fn copy_sqlite<T>(
    url: &DatabaseUrl,
    to: &Path,
    finish: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let from = match url {
        DatabaseUrl::Sqlite(path) if path.exists() => path.to_string_lossy().into_owned(),
        DatabaseUrl::Sqlite(path) => return Err(StoreError::Backup(format!("there is no {}", path.display()))),
        DatabaseUrl::Postgres(_) => return Err(StoreError::Backup("use pg_dump for PostgreSQL".to_owned())),
    };
    let establish = |path: &str| SqliteConnection::establish(path).map_err(StoreError::unavailable);
    // Not by way of the pool: that would bring the schema up to date, which is what a backup comes before.
    let mut source = establish(&from)?;
    source.batch_execute("PRAGMA busy_timeout = 10000")?;
    #[expect(clippy::disallowed_methods, reason = "only SQLite has it, and no schema has a word for it")]
    let copy = diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(to.to_string_lossy());
    copy.execute(&mut source)?;
    finish(&mut Conn::Sqlite(&mut establish(&to.to_string_lossy())?))
}

fn pool<M>(
    manager: M,
    size: u32,
    customizer: Box<dyn CustomizeConnection<M::Connection, M::Error>>,
) -> Result<Pool<M>, StoreError>
where
    M: diesel::r2d2::ManageConnection,
{
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(Duration::from_secs(5))
        .connection_customizer(customizer)
        .build(manager)
        .map_err(StoreError::unavailable)
}

/// Says how to get TLS where a connection to PostgreSQL fails for want of it.
fn without_tls(why: StoreError) -> StoreError {
    const WANTED: [&str; 2] = ["SSL support is not compiled in", "no encryption"];
    match why {
        StoreError::Unavailable(why) if !cfg!(feature = "postgres-tls") && WANTED.iter().any(|it| why.contains(it)) => {
            let advice = "this program was built without TLS for PostgreSQL; build it with --features postgres-tls";
            StoreError::Unavailable(format!("{} ({advice})", why.trim_end()))
        }
        why => why,
    }
}

/// What every SQLite connection needs: it forgets these between connections.
#[derive(Debug)]
struct SqlitePragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqlitePragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        // busy_timeout comes first: switching to WAL itself can meet a lock.
        conn.batch_execute(
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

#[derive(Debug)]
struct PostgresSession;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for PostgresSession {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(&format!("SET TIME ZONE 'UTC'; SET lock_timeout = '{LOCK_WAIT}'"))
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
