//! A database of a test's own, and what stands in it.

use std::sync::LazyLock;
use std::time::Duration;

use customer_access::config::{DatabaseUrl, Secret};
use customer_access::replica::{Freshness, Replica};
use customer_access::store::{Conn, Store, StoreError};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

use super::common::postgres;

/// Which of the two databases a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Runs each body on both databases.
macro_rules! on_both {
    ($($(#[$attribute:meta])* $body:ident),+ $(,)?) => {
        mod sqlite {
            $($(#[$attribute])* #[test] fn $body() { super::$body(crate::database::Kind::Sqlite); })+
        }
        mod postgres {
            $($(#[$attribute])* #[test] fn $body() { super::$body(crate::database::Kind::Postgres); })+
        }
    };
}
pub(crate) use on_both;

/// A database of its own, gone when this is.
pub struct Database {
    place: Place,
}

enum Place {
    Sqlite(TempDir),
    Postgres(postgres::Database),
}

impl Kind {
    /// A new database that nobody has migrated yet.
    pub fn empty_database(self) -> Database {
        match self {
            Kind::Sqlite => self.database(),
            Kind::Postgres => Database { place: Place::Postgres(postgres::Database::empty()) },
        }
    }

    /// A new database.
    pub fn database(self) -> Database {
        let place = match self {
            Kind::Sqlite => Place::Sqlite(TempDir::new().expect("a temporary directory")),
            Kind::Postgres => Place::Postgres(postgres::Database::new()),
        };
        Database { place }
    }
}

impl Database {
    /// As it is written in `DATABASE_URL`.
    pub fn text(&self) -> String {
        match &self.place {
            Place::Sqlite(directory) => format!("sqlite:{}", directory.path().join("test.sqlite").display()),
            Place::Postgres(database) => database.url(),
        }
    }

    pub fn url(&self) -> DatabaseUrl {
        match &self.place {
            Place::Sqlite(directory) => DatabaseUrl::Sqlite(directory.path().join("test.sqlite")),
            Place::Postgres(database) => DatabaseUrl::Postgres(Secret::new(database.url())),
        }
    }

    /// Opened, as a process of its own would.
    pub fn store(&self) -> Store {
        self.store_with(4)
    }

    pub fn store_with(&self, connections: u32) -> Store {
        Store::open(&self.url(), connections).expect("the database opens")
    }

    /// A replica, as a process of its own would have it.
    pub fn replica(&self) -> Replica {
        replica_on(self.store())
    }

    /// A replica that looks for the writes of others only when it writes itself.
    pub fn sleeper(&self) -> Replica {
        open(self.store(), Duration::from_secs(3_600), false)
    }

    /// A replica that hears of the writes of others, and never looks for them otherwise.
    pub fn listener(&self) -> Replica {
        open(self.store(), Duration::from_secs(3_600), true)
    }
}

impl Database {
    /// The PostgreSQL database that it is.
    pub fn of_postgres(&self) -> &postgres::Database {
        match &self.place {
            Place::Sqlite(_) => panic!("this is not PostgreSQL"),
            Place::Postgres(database) => database,
        }
    }
}

/// A replica that looks for the writes of others all the time.
pub fn replica_on(store: Store) -> Replica {
    open(store, Duration::from_millis(10), false)
}

pub fn open(store: Store, follow_interval: Duration, listen: bool) -> Replica {
    let freshness = Freshness { follow_interval, listen, max_staleness: Duration::from_secs(30) };
    Replica::open(store, freshness).expect("a replica opens")
}

/// Waits until the replica stands where the database stands.
pub fn catch_up(replica: &Replica) {
    for _ in 0..2_000 {
        let ((), state) = replica.read(|_| Ok::<_, StoreError>(())).expect("a state");
        if replica.ask(|index| index.revision()) == state.revision {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the replica does not catch up");
}

/// Holds a replica against one that is built anew from the same database.
#[track_caller]
pub fn same_as_anew(replica: &Replica, database: &Database) {
    catch_up(replica);
    let (followed, built) = (replica.ask(|index| index.facts()), database.replica().ask(|index| index.facts()));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    assert_eq!(only(&followed, &built), only(&built, &followed), "what followed the changes, what the rows say");
    assert_eq!(followed, built, "in one order");
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The texts that a query gives in its column `line`.
pub fn lines(conn: &mut Conn, query: &str) -> Vec<String> {
    let query = diesel::sql_query(query);
    let lines: Vec<Line> = match conn {
        Conn::Sqlite(c) => query.load(&mut **c).expect("lines"),
        Conn::Postgres(c) => query.load(&mut **c).expect("lines"),
    };
    lines.into_iter().map(|line| line.line).collect()
}

/// Runs statements that are the same words on both databases.
pub fn execute(conn: &mut Conn, statements: &str) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(c) => c.batch_execute(statements),
        Conn::Postgres(c) => c.batch_execute(statements),
    }
}

/// Changes the database behind the back of the store, on a connection of its own.
pub fn behind_the_back(database: &Database, statements: &str) {
    let outcome = match database.url() {
        DatabaseUrl::Sqlite(path) => SqliteConnection::establish(&path.to_string_lossy())
            .expect("a connection")
            .batch_execute(&format!("PRAGMA busy_timeout = 5000; {statements}")),
        DatabaseUrl::Postgres(url) => {
            PgConnection::establish(url.expose()).expect("a connection").batch_execute(statements)
        }
    };
    outcome.unwrap_or_else(|why| panic!("{statements}: {why}"));
}

/// Every row of every table, a line each, but for the secrets of the installation.
pub fn rows(store: &Store) -> Vec<String> {
    static TABLES: LazyLock<Vec<(String, Vec<String>)>> = LazyLock::new(super::parity::tables);
    let select = |(table, columns): &(String, Vec<String>)| {
        let columns: Vec<_> = columns.iter().map(|it| format!("coalesce(CAST({it} AS TEXT), '-')")).collect();
        format!("SELECT '{table} ' || {} AS line FROM {table}", columns.join(" || '|' || "))
    };
    let query = TABLES.iter().map(select).collect::<Vec<_>>().join(" UNION ALL ");
    let mut all = store.read(|conn| Ok::<_, StoreError>(lines(conn, &query))).expect("every row");
    all.sort();
    all
}
