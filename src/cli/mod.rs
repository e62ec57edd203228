//! The command line. Each command is a module with its arguments and a `run`.

mod backup;
mod database;
mod erase;
mod export;
mod health;
pub mod import;
mod import_job;
pub mod import_otobo;
mod job_watch;
mod log;
mod serve;
mod token;

use crate::config::{Config, ConfigError};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a customer user of a service desk may see, and why.
#[derive(Debug, Parser)]
#[command(version, after_long_help = Config::help())]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API. This is what happens without a command, too.
    #[command(after_long_help = Config::help())]
    Serve,
    /// Ask the service that runs with these settings on this machine whether it is ready.
    Health,
    /// Print the OpenAPI document.
    Openapi,
    /// Create the database, or bring it up to date, and stop.
    Migrate,
    /// Copy the database into a new file while the service runs (SQLite; for PostgreSQL, use pg_dump).
    Backup(backup::Arguments),
    /// Say that the database was restored, so that nothing of the lost history is taken for true.
    RenewEpoch,
    /// Take a person's values out of the audit, for good.
    ///
    /// The rows stay, with who, when, what kind and which id. The change log holds the login and external ids
    /// until CHANGES_RETENTION is over, a reply kept for an Idempotency-Key what it said for 24 hours.
    Erase(erase::Arguments),
    /// Write everything that is in the directory as NDJSON, one row a line, which `import job` takes back.
    Export(export::Arguments),
    /// Bring in what another system knows.
    Import(import::ImportArguments),
    /// Make a token, signed with the secret of this installation.
    Token(token::Arguments),
}

/// Why a command failed, in a sentence.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Making a token.
    #[error(transparent)]
    Mint(#[from] crate::auth::MintError),
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A fresh installation.
    #[error(transparent)]
    Installation(#[from] crate::plan::Refusal),
    /// Erasing a person's values.
    #[error(transparent)]
    Erase(#[from] erase::EraseError),
    /// Exporting the directory.
    #[error("nothing was exported: {0}")]
    Export(#[from] crate::sync::export::ExportError),
    /// The keys of tokens.
    #[error(transparent)]
    Keys(#[from] crate::auth::AuthSetupError),
    /// An address, by its setting.
    #[error("{0} {1} cannot be listened on: {2}")]
    Listen(&'static str, std::net::SocketAddr, std::io::Error),
    /// The metrics.
    #[error("the metrics cannot be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The service that was asked for its health.
    #[error("the service is not ready: {0}: {1}")]
    NotReady(String, String),
    /// Writing the result.
    #[error("the result cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, CliError> {
        let config = Config::from_environment()?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config)?,
            Command::Health => health::run(&config)?,
            Command::Openapi => print_openapi()?,
            Command::Migrate => serve::migrate(&config)?,
            Command::Backup(arguments) => arguments.run(&config)?,
            Command::RenewEpoch => backup::renew_epoch(&config)?,
            Command::Erase(arguments) => arguments.run(&config)?,
            Command::Export(arguments) => arguments.run(&config)?,
            Command::Import(arguments) => return Ok(ExitCode::from(arguments.run(&config))),
            Command::Token(arguments) => arguments.run(&config)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_openapi() -> Result<(), CliError> {
    let document = crate::api::openapi::document("");
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &document).map_err(std::io::Error::from)?;
    Ok(std::io::Write::write_all(&mut out, b"\n")?)
}
