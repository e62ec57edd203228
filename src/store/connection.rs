//! Connections: the pools, the pragmas, the migrations, and the dispatch to one of two databases.
//!
//! With `dialect.rs` this is the only file that knows which database it is. Everything else in
//! `store/` takes a [`Conn`] and writes its query once, inside [`on!`], which type-checks that one
//! body natively for each database.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{StoreError, schema};
use crate::config::DatabaseUrl;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock under which one process at a time migrates PostgreSQL.
const MIGRATION_LOCK: i64 = 0x0063_7573_7461_6363;

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
                Connections::Postgres(pool(manager, size, Box::new(PostgresSession))?)
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
                conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
                let outcome = conn.run_pending_migrations(POSTGRES_MIGRATIONS).map(|_| ());
                conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
                outcome
            }
        };
        outcome.map_err(|why| StoreError::Migration(why.to_string()))
    }
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
        // As long as SQLite waits: a writer elsewhere that hangs must not hang ours.
        conn.batch_execute("SET TIME ZONE 'UTC'; SET lock_timeout = '10s'").map_err(diesel::r2d2::Error::QueryError)
    }
}

/// The channel on which PostgreSQL tells of new revisions.
const CHANNEL: &str = "customer_access_revisions";

/// Hears of new revisions, and tells of them, on a connection of its own: what a pooled one hears
/// would be heard by nobody.
///
/// It is a help and no more. Behind a pooler that gives each transaction another connection nothing is
/// heard, and some databases that speak PostgreSQL's language know no `LISTEN`: whoever listens looks
/// at the log from time to time all the same.
pub struct Listener {
    connection: Own,
}

/// A connection outside of the pool.
enum Own {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Listener {
    pub(super) fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let connection = match url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(StoreError::unavailable)?;
                conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA query_only = ON")?;
                Own::Sqlite(conn)
            }
            DatabaseUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(url.expose()).map_err(StoreError::unavailable)?;
                conn.batch_execute(&format!("LISTEN {CHANNEL}"))?;
                Own::Postgres(conn)
            }
        };
        Ok(Self { connection })
    }

    /// The last revision that was heard of since the last call, if there was one. Never waits:
    /// PostgreSQL sends by itself, and SQLite's is a look into memory that the processes share.
    pub fn heard(&mut self) -> Result<Option<u64>, StoreError> {
        match &mut self.connection {
            Own::Sqlite(conn) => {
                let revision: i64 = schema::state::table.select(schema::state::revision).get_result(conn)?;
                Ok(Some(revision.unsigned_abs()))
            }
            Own::Postgres(conn) => {
                let heard: Vec<_> = conn.notifications_iter().collect::<QueryResult<_>>()?;
                Ok(heard.iter().filter_map(|told| told.payload.parse().ok()).max())
            }
        }
    }

    /// Tells everybody of a revision that is committed. In a statement of its own, because one that
    /// fails would take a transaction with it. On SQLite everybody sees it anyway.
    pub fn tell(&mut self, revision: u64) -> Result<(), StoreError> {
        match &mut self.connection {
            Own::Sqlite(_) => Ok(()),
            Own::Postgres(conn) => Ok(conn.batch_execute(&format!("NOTIFY {CHANNEL}, '{revision}'"))?),
        }
    }
}
