//! The command line. Each command is a module with its arguments and a `run`.

mod token;

use crate::config::{Config, ConfigError};
use clap::{Parser, Subcommand};

/// What a customer user of a service desk may see, and why.
#[derive(Debug, Parser)]
#[command(version, after_long_help = Config::help())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
    /// Writing the result.
    #[error("the result cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<(), CliError> {
        let config = Config::from_environment()?;
        match self.command {
            Command::Token(arguments) => arguments.run(&config),
        }
    }
}
