//! Connections: the pools, the pragmas, the migrations, and the dispatch to one of two databases.
//!
//! With `dialect.rs` this is the only file that knows which database it is. Everything else in
//! `store/` takes a [`Conn`] and writes its query once, inside [`on!`], which type-checks that one
//! body natively for each database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diesel::RunQueryDsl;
use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::reach::{Reach, Tries};
use super::{StoreError, schema, sqlite_file};
use crate::config::DatabaseUrl;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock under which one process at a time migrates PostgreSQL.
const MIGRATION_LOCK: i64 = 0x0063_7573_7461_6363;

/// How long a process waits while another one migrates.
const MIGRATION_WAIT: &str = "10min";

/// How long a statement waits for a lock: as long as on SQLite. A writer elsewhere that hangs must not hang ours.
const LOCK_WAIT: &str = "10s";

/// How long the start waits for the database, and twice the longest time between two tries to reach it.
const START_PATIENCE: Duration = Duration::from_secs(5);

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

/// A pool of connections, and whether they can be had.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Connected,
    reach: Arc<Reach>,
}

#[derive(Clone)]
enum Connected {
    Sqlite(Pool<ConnectionManager<SqliteConnection>>),
    Postgres(Pool<ConnectionManager<PgConnection>>),
}

/// How many connections there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Open ones.
    pub size: u32,
    /// Open ones that nobody uses.
    pub idle: u32,
    /// As many as there may be.
    pub limit: u32,
    /// How often none could be had, since the start.
    pub failures: u64,
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
        let reach = Arc::new(Reach::default());
        let pool = match url {
            DatabaseUrl::Sqlite(path) => {
                // Held until the pool has a connection: whoever closes the last one tidies the file up.
                let _held = sqlite_file::open_to_write(path, SQLITE_PRAGMAS, START_PATIENCE)?;
                let manager = ConnectionManager::new(path.to_string_lossy());
                Connected::Sqlite(pool(manager, size, Box::new(SqlitePragmas(Arc::clone(&reach))), &reach)?)
            }
            DatabaseUrl::Postgres(url) => {
                let manager = ConnectionManager::new(noticing_a_dead_peer(url.expose()));
                Connected::Postgres(
                    pool(manager, size, Box::new(PostgresSession(Arc::clone(&reach))), &reach).map_err(without_tls)?,
                )
            }
        };
        let connections = Self { pool, reach };
        connections.get()?.migrate()?;
        Ok(connections)
    }

    /// A connection; waits a bounded time for one.
    pub(super) fn get(&self) -> Result<Pooled, StoreError> {
        Ok(match &self.pool {
            Connected::Sqlite(pool) => Pooled::Sqlite(self.reach.get(pool)?),
            Connected::Postgres(pool) => Pooled::Postgres(self.reach.get(pool)?),
        })
    }

    /// How many connections there are.
    pub(super) fn state(&self) -> PoolState {
        let (state, limit) = match &self.pool {
            Connected::Sqlite(pool) => (pool.state(), pool.max_size()),
            Connected::Postgres(pool) => (pool.state(), pool.max_size()),
        };
        PoolState { size: state.connections, idle: state.idle_connections, limit, failures: self.reach.failures() }
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
        DatabaseUrl::Sqlite(path) if url.is_there() => path,
        DatabaseUrl::Sqlite(_) => return Err(StoreError::Missing(url.shown())),
        DatabaseUrl::Postgres(_) => return Err(StoreError::Backup("use pg_dump for PostgreSQL".to_owned())),
    };
    // Not by way of the pool: that would bring the schema up to date, which is what a backup comes before.
    let mut source = sqlite_file::open(from)?;
    source.batch_execute("PRAGMA busy_timeout = 10000")?;
    #[expect(clippy::disallowed_methods, reason = "only SQLite has it, and no schema has a word for it")]
    let copy = diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(to.to_string_lossy());
    copy.execute(&mut source).map_err(|why| StoreError::Backup(format!("{}: {why}", url.shown())))?;
    finish(&mut Conn::Sqlite(&mut sqlite_file::open(to)?))
}

fn pool<M>(
    manager: M,
    size: u32,
    customizer: Box<dyn CustomizeConnection<M::Connection, M::Error>>,
    reach: &Arc<Reach>,
) -> Result<Pool<M>, StoreError>
where
    M: diesel::r2d2::ManageConnection<Error = diesel::r2d2::Error>,
{
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(START_PATIENCE)
        .connection_customizer(customizer)
        .error_handler(Box::new(Tries(Arc::clone(reach))))
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

/// What every SQLite connection needs: it forgets these between connections. busy_timeout comes first: switching to WAL
/// itself can meet a lock, which is not always waited for ([`sqlite_file::open_to_write`] asks again). 16 MiB of pages,
/// because a search reads more of them than the 2 MiB that are the default hold. What changes is brought from the log
/// into the database every 16 MiB, four times as seldom as is the default: pages that change again and again are
/// brought there once.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                              PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096";

#[derive(Debug)]
struct SqlitePragmas(Arc<Reach>);

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqlitePragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(SQLITE_PRAGMAS).map_err(diesel::r2d2::Error::QueryError)?;
        self.0.found();
        Ok(())
    }
}

/// A server that vanishes without a word would be waited for as long as the system's own limits are,
/// which is hours. What the operator's URL says of these outweighs it.
fn noticing_a_dead_peer(url: &str) -> String {
    let limits = [
        ("connect_timeout", "3"),
        ("tcp_user_timeout", "5000"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "2"),
        ("keepalives_count", "3"),
    ];
    let missing = limits.into_iter().filter(|(name, _)| !url_says(url, name));
    missing.fold(url.to_owned(), |url, (name, value)| {
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}{name}={value}")
    })
}

fn url_says(url: &str, name: &str) -> bool {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    parameters.split('&').any(|parameter| parameter.split('=').next() == Some(name))
}

#[derive(Debug)]
struct PostgresSession(Arc<Reach>);

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for PostgresSession {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(&format!("SET TIME ZONE 'UTC'; SET lock_timeout = '{LOCK_WAIT}'"))
            .map_err(diesel::r2d2::Error::QueryError)?;
        self.0.found();
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_of_a_dead_peer_counts() {
        let url = noticing_a_dead_peer("postgres://db/desk?connect_timeout=60&sslmode=prefer");
        assert!(
            url.starts_with("postgres://db/desk?connect_timeout=60&sslmode=prefer&tcp_user_timeout=5000&"),
            "{url}"
        );
        assert_eq!(url.matches("connect_timeout=").count(), 1);
        assert!(noticing_a_dead_peer("postgres://db/desk").starts_with("postgres://db/desk?connect_timeout=3&"));
    }
}
