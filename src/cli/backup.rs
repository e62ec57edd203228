//! `customer-access backup` and `renew-epoch`: a copy while the service runs, and what comes after a restore.

use std::path::PathBuf;

use clap::Args;

use super::{CliError, database};
use crate::config::Config;
use crate::store;

/// Where the copy goes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The new file. To restore, stop the service and put it in place of the database.
    #[arg(long)]
    to: PathBuf,
}

impl Arguments {
    /// Copies the database.
    pub(super) fn run(&self, config: &Config) -> Result<(), CliError> {
        let revision = store::back_up(&config.database_url, &self.to)?;
        say(&format!("backed up to {}: revision {revision}", self.to.display()));
        Ok(())
    }
}

/// Gives the database another epoch.
pub(super) fn renew_epoch(config: &Config) -> Result<(), CliError> {
    // One connection, for the reason that `migrate` has.
    let store = database::open_existing(config, 1)?;
    let state = store::renew_epoch_of(&store)?;
    say(&format!("the epoch is renewed: revision {}, epoch {}", state.revision, state.epoch));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever runs the command wants to know what it did")]
fn say(what: &str) {
    println!("{what}");
}
