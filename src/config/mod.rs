//! The environment, read once into one [`Config`]. No other module reads an environment variable.
//!
//! [`settings`] declares every setting once; the parsers here and the documentation are made from it.
//! A wrong value stops the start with a sentence that names the setting and shows no secret. An empty
//! value counts as unset. What a `Config` holds has been checked, values against each other too.

mod database;
mod document;
mod parse;
mod reader;
mod secret;
pub mod settings;
mod tokens;

pub use database::DatabaseUrl;
pub use reader::ConfigError;
pub use secret::Secret;
pub use tokens::{KeySource, MIN_SECRET_BYTES, RolesConfig, TokenConfig};

use reader::Reader;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// How the service is configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the metrics are, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The prefix of every route and link: empty, or `/…` without a slash at its end.
    pub base_path: String,
    /// The origins whose pages browsers let call it.
    pub cors_origins: Vec<String>,
    /// Where the database file and the generated secret are.
    pub data_dir: PathBuf,
    /// Which database.
    pub database_url: DatabaseUrl,
    /// Connections to it, at most.
    pub database_pool_size: u32,
    /// Threads that answer requests; 0 for one a core.
    pub workers: usize,
    /// Which tokens are believed.
    pub tokens: TokenConfig,
    /// What one request may cost.
    pub limits: Limits,
    /// Time for open requests to finish at the end.
    pub shutdown_timeout: Duration,
    /// The longest wait for the revision that a request asks for.
    pub at_least_revision_wait: Duration,
    /// How long answers go on while the index cannot be confirmed current.
    pub max_staleness: Duration,
    /// How often the changes of other processes are looked for.
    pub follow_interval: Duration,
    /// Whether the database is asked to tell of them at once.
    pub follow_notifications: bool,
    /// How long changes stay in the log.
    pub changes_retention: Duration,
    /// How long the audit is kept.
    pub audit_retention: Duration,
    /// How long import jobs are kept after their end.
    pub import_retention: Duration,
    /// Whether each request is logged.
    pub access_log: bool,
    /// What is logged, as env_logger takes it.
    pub log_filter: String,
}

/// What one request may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// The largest chunk of an import job, as it is sent, in bytes.
    pub max_chunk_bytes: usize,
    /// The most that such a chunk may unpack to, in bytes.
    pub max_chunk_unpacked_bytes: u64,
    /// Most items in one batch.
    pub max_batch: usize,
    /// Most cells of one bulk write.
    pub max_cells: u64,
    /// Most `*` in one search.
    pub max_wildcards: usize,
    /// Most dry runs at a time.
    pub max_previews: usize,
    /// Most streams of changes that one caller holds open.
    pub max_streams: usize,
    /// Most requests that are being answered at a time.
    pub max_requests: usize,
    /// Most connections of each worker.
    pub max_connections: usize,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// The longest time for the head of a request to arrive.
    pub head_timeout: Duration,
    /// The longest time for a request.
    pub request_timeout: Duration,
}

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Config {
    /// Reads the environment of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads settings from any source: a variable's name gives its text.
    pub fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let reader = Reader { source };
        let data_dir = reader.required(&settings::DATA_DIR, |text| Ok(PathBuf::from(text)))?;
        let database_url = reader.optional(&settings::DATABASE_URL, DatabaseUrl::parse)?;
        let config = Self {
            listen: reader.required(&settings::LISTEN, parse::address)?,
            metrics_listen: reader.optional(&settings::METRICS_LISTEN, parse::address)?,
            base_path: reader.required(&settings::BASE_PATH, parse::base_path)?,
            cors_origins: reader.optional(&settings::CORS_ORIGINS, parse::origins)?.unwrap_or_default(),
            database_url: database_url.unwrap_or_else(|| DatabaseUrl::default_in(&data_dir)),
            data_dir,
            database_pool_size: reader.required(&settings::DATABASE_POOL_SIZE, parse::number(2..=1000))?,
            workers: reader.required(&settings::WORKERS, parse::number(0..=1024))?,
            tokens: TokenConfig::read(&reader)?,
            limits: Limits::read(&reader)?,
            shutdown_timeout: reader.required(&settings::SHUTDOWN_TIMEOUT, parse::duration(Duration::ZERO..=HOUR))?,
            at_least_revision_wait: reader
                .required(&settings::AT_LEAST_REVISION_WAIT, parse::duration(Duration::ZERO..=MINUTE))?,
            max_staleness: reader.required(&settings::MAX_STALENESS, parse::duration(MILLISECOND * 100..=HOUR))?,
            follow_interval: reader.required(&settings::FOLLOW_INTERVAL, parse::duration(MILLISECOND * 10..=HOUR))?,
            follow_notifications: reader.required(&settings::FOLLOW_NOTIFICATIONS, parse::switch)?,
            changes_retention: reader.required(&settings::CHANGES_RETENTION, parse::duration(SECOND..=CENTURY))?,
            audit_retention: reader.required(&settings::AUDIT_RETENTION, parse::duration(SECOND..=CENTURY))?,
            import_retention: reader.required(&settings::IMPORT_RETENTION, parse::duration(SECOND..=CENTURY))?,
            access_log: reader.required(&settings::ACCESS_LOG, parse::switch)?,
            log_filter: reader.required(&settings::RUST_LOG, |text| Ok(text.to_owned()))?,
        };
        config.checked()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        if self.follow_interval >= self.max_staleness {
            let problem = "must be shorter than MAX_STALENESS, or every answer would be too old";
            return Err(ConfigError::new(settings::FOLLOW_INTERVAL.name, problem));
        }
        Ok(self)
    }

    /// How this program was called, so that it can be called again: it need not be on the PATH.
    pub fn program() -> PathBuf {
        std::env::args_os().next().map_or_else(|| "customer-access".into(), PathBuf::from)
    }

    /// Makes the data directory if the database is in it, so that nothing has to be writable without need.
    pub fn create_data_dir_of_database(&self) -> std::io::Result<()> {
        if self.database_url.is_shared() { Ok(()) } else { self.create_data_dir() }
    }

    /// Makes the data directory if it is not there, for this user alone.
    pub fn create_data_dir(&self) -> std::io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&self.data_dir)
    }

    /// The table of all settings, as the README has it.
    pub fn markdown_table() -> String {
        document::markdown_table()
    }

    /// The settings as plain text, for `--help`.
    pub fn help() -> String {
        document::help()
    }
}

impl Limits {
    fn read(reader: &Reader<'_>) -> Result<Self, ConfigError> {
        let timeout = parse::duration(MILLISECOND * 100..=HOUR);
        Ok(Self {
            max_body_bytes: reader.required(&settings::MAX_BODY_BYTES, parse::number(1024..=1 << 30))?,
            max_chunk_bytes: reader.required(&settings::MAX_CHUNK_BYTES, parse::number(1024..=1 << 30))?,
            max_chunk_unpacked_bytes: reader
                .required(&settings::MAX_CHUNK_UNPACKED_BYTES, parse::number(1024..=1 << 32))?,
            max_batch: reader.required(&settings::MAX_BATCH, parse::number(1..=100_000))?,
            max_cells: reader.required(&settings::MAX_CELLS, parse::number(1..=100_000_000))?,
            max_wildcards: reader.required(&settings::MAX_WILDCARDS, parse::number(0..=100))?,
            max_previews: reader.required(&settings::MAX_PREVIEWS, parse::number(1..=100))?,
            max_streams: reader.required(&settings::MAX_STREAMS, parse::number(1..=10_000))?,
            max_requests: reader.required(&settings::MAX_REQUESTS, parse::number(1..=100_000))?,
            max_connections: reader.required(&settings::MAX_CONNECTIONS, parse::number(1..=1_000_000))?,
            keep_alive: reader.required(&settings::KEEP_ALIVE, parse::duration(SECOND..=HOUR))?,
            head_timeout: reader.required(&settings::HEAD_TIMEOUT, parse::duration(MILLISECOND * 100..=MINUTE))?,
            request_timeout: reader.required(&settings::REQUEST_TIMEOUT, timeout)?,
        })
    }
}

#[cfg(test)]
mod tests;
