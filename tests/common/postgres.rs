//! A real PostgreSQL: the newest server that is installed, on a socket in a temporary directory,
//! with a database for each test. It ends with the process that asked for it, however that ends.
//! `TEST_POSTGRES_URL` names a server to use instead, where databases may be created.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Makes a cluster, says where it is, and removes it when its own standard input ends. Its order is
/// not that of bytes, so that a column which needs `COLLATE "C"` and has it not is found out.
const CLUSTER: &str = r#"
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || exit 1
dir=$(mktemp -d "${TMPDIR:-/tmp}/customer-access-postgres.XXXXXX") && cd "$dir" || exit 1
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as="runuser -u postgres --"; else as=; fi
trap 'cd /; $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >"$dir/log" 2>&1; rm -rf "$dir"' EXIT
trap exit HUP INT TERM
$as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu \
    --icu-locale=en --no-sync >"$dir/log" 2>&1 &&
$as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/data/log" start -o "-k $dir -c listen_addresses='' -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c max_connections=400" >"$dir/log" 2>&1 ||
{ cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
"#;

const NOT_THERE: &str = "no PostgreSQL could be started: install a server of version 15 or later (on Debian \
                         `apt-get install postgresql`), or set TEST_POSTGRES_URL to one where databases may be created";

/// A database of a test's own, with the schema in it; dropped with this.
pub struct Database(String);

static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(Server::find);

impl Database {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("customer_access_test_{}_{number}", std::process::id());
        server().execute(&format!("CREATE DATABASE {name}"));
        Self(name)
    }

    pub fn url(&self) -> String {
        server().url_of(&self.0)
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
        shell.args(["-c", CLUSTER]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().map_err(|why| why.to_string())?;
        let (alive, stdout) = (child.stdin.take(), child.stdout.take().ok_or(NOT_THERE)?);
        let directory = BufReader::new(stdout).lines().next().and_then(Result::ok).ok_or(NOT_THERE)?;
        let url = ("postgres:///".to_owned(), format!("?host={directory}&user=postgres"));
        let server = Self::connect(url, "postgres", alive)?;
        // Every database is a copy of this one; on a server that is not ours, each is migrated when it is opened.
        let mut template = PgConnection::establish(&server.url_of("template1")).map_err(|why| why.to_string())?;
        template.run_pending_migrations(MIGRATIONS).map_err(|why| why.to_string())?;
        Ok(server)
    }

    fn connect(url: (String, String), database: &str, _alive: Option<ChildStdin>) -> Result<Self, String> {
        let whole = format!("{}{database}{}", url.0, url.1);
        let connection = PgConnection::establish(&whole).map_err(|why| format!("TEST_POSTGRES_URL: {why}"))?;
        Ok(Self { url, connection: Mutex::new(connection), _alive })
    }

    fn url_of(&self, database: &str) -> String {
        format!("{}{database}{}", self.url.0, self.url.1)
    }

    fn execute(&self, statement: &str) {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.batch_execute(statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
    }
}
