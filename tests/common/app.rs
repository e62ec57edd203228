//! The server under test: started, asked until it is ready, killed on drop.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

use super::{Caller, Contract, Reply, Token, Value, postgres, token};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_customer-access");

const START_LIMIT: Duration = Duration::from_secs(60);

/// Whether this test binary is the one whose servers run on PostgreSQL: the same tests are built twice.
const ON_POSTGRES: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"api_on_postgres");

/// What stood in a database.
pub struct CopyOfData {
    files: TempDir,
    database: Option<postgres::Database>,
}

/// A running server with a directory of its own, and a database of its own on PostgreSQL. One whose settings name
/// a database is on that one, whatever the others are on.
pub struct TestApp {
    data: TempDir,
    database: Option<postgres::Database>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    base: String,
    metrics: Option<String>,
    agent: ureq::Agent,
}

impl TestApp {
    /// A fresh installation.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A fresh installation with more settings in its environment.
    pub fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::start_on(TempDir::new().expect("a temporary directory"), environment)
    }

    /// A server on a data directory that may have content already.
    pub fn start_on(data: TempDir, environment: &[(&str, &str)]) -> Self {
        let named = environment.iter().any(|(name, _)| name.starts_with("DATABASE_URL"));
        let database = (ON_POSTGRES && !named).then(postgres::Database::new);
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut app =
            Self { data, database, environment, child: None, base: String::new(), metrics: None, agent: agent() };
        app.resume();
        app
    }

    /// Kills the server, as a power cut would.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to end, as a service manager does, and waits until it has.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("the server runs");
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "the signal is sent");
        child.wait().expect("the server ends")
    }

    /// The database, where it is one of PostgreSQL.
    pub fn postgres_url(&self) -> Option<String> {
        self.database.as_ref().map(postgres::Database::url)
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Runs another command of the binary on the same data.
    pub fn run(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = self.command();
        command.stderr(Stdio::piped());
        let program = command.get_program().to_owned();
        let environment: Vec<_> = command.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
        let mut other = Command::new(program);
        other.env_clear().envs(environment.into_iter().filter_map(|(name, value)| Some((name, value?))));
        other.args(arguments).output().expect("the command runs")
    }

    /// Starts the server again on the same data.
    pub fn resume(&mut self) {
        let mut child = self.command().spawn().expect("the binary starts");
        let lines = lines_of(&mut child);
        self.child = Some(child);
        self.base = self.address(&lines, "listening on ");
        let measured = self.environment.iter().any(|(name, _)| name == "METRICS_LISTEN");
        self.metrics = measured.then(|| self.address(&lines, "metrics at "));
        self.wait_until_ready();
    }

    /// A copy of the data as they are now; stop the server first.
    pub fn copy_of_data(&self) -> CopyOfData {
        let files = TempDir::new().expect("a temporary directory");
        copy_files(self.data.path(), files.path());
        CopyOfData { files, database: self.database.as_ref().map(postgres::Database::copy) }
    }

    /// Puts a copy of the data back, as a restore from a backup does.
    pub fn restore_data(&self, copy: &CopyOfData) {
        for entry in fs::read_dir(self.data.path()).expect("a directory").flatten() {
            let _ = fs::remove_file(entry.path());
        }
        copy_files(copy.files.path(), self.data.path());
        let databases = self.database.as_ref().zip(copy.database.as_ref());
        databases.into_iter().for_each(|(mine, copied)| mine.restore(copied));
    }

    /// A caller who may do everything.
    pub fn admin(&self) -> Caller<'_> {
        self.as_scope("admin")
    }

    /// A caller with these scopes and no others.
    pub fn as_scope(&self, scopes: &str) -> Caller<'_> {
        self.with_token(&Token::scope(scopes).sign())
    }

    /// A customer user who may ask about themselves alone.
    pub fn as_customer_user(&self, login: &str) -> Caller<'_> {
        self.with_token(&Token::scope("access:self").subject(login).sign())
    }

    /// A caller with this token.
    pub fn with_token(&self, token: &str) -> Caller<'_> {
        Caller::new(self, Some(token))
    }

    /// A caller without a token.
    pub fn anonymous(&self) -> Caller<'_> {
        Caller::new(self, None)
    }

    /// Where the server listens: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where its metrics are, if it was started with `METRICS_LISTEN`.
    pub fn metrics_url(&self) -> String {
        self.metrics.clone().expect("METRICS_LISTEN is set")
    }

    /// The OpenAPI document that this server serves.
    pub fn contract(&self) -> &'static Contract {
        Contract::of(&self.agent, &self.base)
    }

    /// The client.
    pub fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    /// What the server wrote to its standard error, the end of it.
    pub fn stderr(&self) -> String {
        let written = fs::read_to_string(self.data.path().join("stderr.log")).unwrap_or_default();
        let lines: Vec<&str> = written.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn command(&self) -> Command {
        let stderr = File::options().create(true).append(true).open(self.data.path().join("stderr.log"));
        let mut command = Command::new(BINARY);
        command
            .arg("serve")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DATA_DIR", self.data.path())
            .env("LISTEN", "127.0.0.1:0")
            .env("RUST_LOG", "warn")
            .envs(self.secret())
            .envs(self.database.as_ref().map(|database| ("DATABASE_URL", database.url())))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.expect("a file for what the server complains about"));
        command
    }

    /// The secret for tokens; keys come from one place, so not beside a public key.
    fn secret(&self) -> Option<(&str, &str)> {
        let public = self.environment.iter().any(|(name, _)| name == "JWT_PUBLIC_KEY");
        (!public).then_some(("JWT_SECRET", token::SECRET))
    }

    fn address(&self, lines: &Receiver<String>, after: &str) -> String {
        while let Ok(line) = lines.recv_timeout(START_LIMIT) {
            if let Some((_, address)) = line.split_once(after) {
                return address.split_whitespace().next().unwrap_or_default().trim_end_matches('/').to_owned();
            }
        }
        panic!("the server did not say where it listens; its standard error:\n{}", self.stderr());
    }

    fn wait_until_ready(&self) {
        let ready = || self.agent.get(format!("{}/readyz", self.base)).call().is_ok_and(|reply| reply.status() == 200);
        for _ in 0..2_000 {
            if ready() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server did not become ready; its standard error:\n{}", self.stderr());
    }
}

/// The verbs of an administrator, without ceremony.
impl TestApp {
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.admin().get(path)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.admin().post(path, body)
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.admin().put(path, body)
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: Value) -> Reply {
        self.admin().patch(path, body)
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Reply {
        self.admin().delete(path)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

/// The lines the server prints; read to the end, so that it never waits for a reader.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let stdout = child.stdout.take().expect("standard output is a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory").flatten().filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file is copied");
    }
}
