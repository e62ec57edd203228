//! A real PostgreSQL, with a database for each test. The server is the one that `TEST_POSTGRES_URL` names, where
//! databases may be created; cargo-nextest is given one for its whole run (`.config/nextest.toml`). Else it is one of
//! this process, which ends with it, however that ends.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Makes a cluster, says where it is, and removes it when its own standard input ends.
const CLUSTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres/cluster.sh");

/// Held while the template is made, by one process at a time.
const TEMPLATE_LOCK: i64 = 0x7465_6d70;

const NOT_THERE: &str = "no PostgreSQL could be started: install a server of version 15 or later (on Debian \
                         `apt-get install postgresql`), or set TEST_POSTGRES_URL to one where databases may be created";

/// A database of a test's own; dropped with this.
pub struct Database(String);

static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(Server::find);

impl Database {
    /// One with the schema and nothing in it.
    pub fn new() -> Self {
        Self::like(&server().template)
    }

    /// One that nobody has migrated yet.
    pub fn empty() -> Self {
        Self::like("template0")
    }

    /// One with what stands in this one; nobody may be connected to that.
    pub fn copy(&self) -> Self {
        Self::like(&self.0)
    }

    /// Puts back what stands in another one; nobody may be connected to that.
    pub fn restore(&self, other: &Self) {
        server().execute(&format!("DROP DATABASE {} WITH (FORCE)", self.0));
        server().execute(&format!("CREATE DATABASE {} TEMPLATE {}", self.0, other.0));
    }

    pub fn url(&self) -> String {
        server().url_of(&self.0)
    }

    fn like(template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("customer_access_test_{}_{number}", std::process::id());
        server().execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self(name)
    }

    /// Keeps a copy of it as it is now; every connection to it is ended.
    pub fn back_up(&self) {
        let name = &self.0;
        self.alone(&format!("CREATE DATABASE {name}_copy TEMPLATE {name}"));
        server().execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    }

    /// Puts the copy in its place.
    pub fn put_back(&self) {
        let name = &self.0;
        self.alone(&format!("DROP DATABASE {name} WITH (FORCE)"));
        server().execute(&format!("ALTER DATABASE {name}_copy RENAME TO {name}"));
    }

    /// Does something for which nobody else may be there.
    fn alone(&self, statement: &str) {
        let name = &self.0;
        server().execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        server().execute(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        server().execute(statement);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        server().execute(&format!("DROP DATABASE {} WITH (FORCE)", self.0));
    }
}

struct Server {
    /// What comes before the name of the database in a URL, and what comes after it.
    url: (String, String),
    connection: Mutex<PgConnection>,
    template: String,
    _alive: Option<ChildStdin>,
}

fn server() -> &'static Server {
    SERVER.as_ref().unwrap_or_else(|why| panic!("{why}"))
}

impl Server {
    fn find() -> Result<Self, String> {
        let Ok(url) = std::env::var("TEST_POSTGRES_URL") else { return Self::start() };
        let (address, parameters) = url.split_once('?').unwrap_or((&url, ""));
        let host_end = address.find("://").map_or(0, |at| at + 3);
        let path = address[host_end..].find('/').map_or(address.len(), |at| host_end + at);
        let parts = (format!("{}/", &address[..path]), format!("?{parameters}"));
        Self::connect(parts, address[path..].trim_start_matches('/'), None)
    }

    fn start() -> Result<Self, String> {
        let mut shell = Command::new("sh");
        shell.arg(CLUSTER).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().map_err(|why| why.to_string())?;
        let (alive, stdout) = (child.stdin.take(), child.stdout.take().ok_or(NOT_THERE)?);
        let directory = BufReader::new(stdout).lines().next().and_then(Result::ok).ok_or(NOT_THERE)?;
        let url = ("postgres:///".to_owned(), format!("?host={directory}&user=postgres"));
        Self::connect(url, "postgres", alive)
    }

    fn connect(url: (String, String), database: &str, _alive: Option<ChildStdin>) -> Result<Self, String> {
        let whole = format!("{}{database}{}", url.0, url.1);
        let connection = PgConnection::establish(&whole).map_err(|why| format!("TEST_POSTGRES_URL: {why}"))?;
        let mut server = Self { url, connection: Mutex::new(connection), template: template_name(), _alive };
        server.make_template().map_err(|why| format!("the template cannot be made: {why}"))?;
        Ok(server)
    }

    /// Every database is a copy of one that was migrated: that takes a tenth of the time.
    fn make_template(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.execute(&format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})"));
        if !self.has(&self.template) {
            let unfinished = format!("{}_unfinished", self.template);
            self.execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"));
            self.execute(&format!("CREATE DATABASE {unfinished}"));
            PgConnection::establish(&self.url_of(&unfinished))?.run_pending_migrations(MIGRATIONS)?;
            self.execute(&format!("ALTER DATABASE {unfinished} RENAME TO {}", self.template));
        }
        self.execute(&format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})"));
        Ok(())
    }

    fn has(&self, database: &str) -> bool {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let query = diesel::sql_query("SELECT 1 FROM pg_database WHERE datname = $1");
        query.bind::<diesel::sql_types::Text, _>(database).execute(&mut *connection).expect("an answer") > 0
    }

    fn url_of(&self, database: &str) -> String {
        format!("{}{database}{}", self.url.0, self.url.1)
    }

    fn execute(&self, statement: &str) {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.batch_execute(statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
    }
}

/// Other migrations, another name: a server that is kept is never asked for an old schema.
fn template_name() -> String {
    let directory = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres"));
    let mut files: Vec<_> = directory.expect("migrations").flatten().map(|it| it.path().join("up.sql")).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.iter().for_each(|file| std::fs::read(file).expect("a migration").hash(&mut hasher));
    format!("customer_access_template_{:016x}", hasher.finish())
}
