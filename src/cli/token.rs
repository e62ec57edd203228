//! `customer-access token`: makes a token and prints it, and nothing else on standard output.

use super::CliError;
use crate::{
    auth::{self, Grant, Scope, Scopes},
    config::Config,
};
use clap::Args;
use std::{io::Write, time::Duration};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[arg(long = "scope", required = true, value_name = "SCOPE", value_parser = scopes, help = help())]
    scopes: Vec<Scopes>,
    /// Who it is for: the actor in the audit, the login of access:self
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// How long it is good for, such as 30m, 1h or 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    expires: Duration,
}

fn help() -> String {
    format!("What the token allows, separated by spaces or repeated: {}", Scope::list())
}

fn scopes(text: &str) -> Result<Scopes, String> {
    Scopes::parse(text).map_err(|word| format!("there is no scope \"{word}\"; scopes are {}", Scope::list()))
}

impl Arguments {
    pub(super) fn run(self, config: &Config) -> Result<(), CliError> {
        let scopes = self.scopes.into_iter().fold(Scopes::NONE, Scopes::and);
        let made = auth::missing_secret(config);
        let token = auth::mint(config, &Grant { subject: self.subject, scopes, expires_in: self.expires })?;
        if let Some(secret) = made {
            // Whoever is in the wrong directory would have a token that no service takes.
            let made = secret.display();
            writeln!(
                std::io::stderr(),
                "made a new signing secret, {made}: only a service with this DATA_DIR takes the token"
            )?;
        }
        Ok(writeln!(std::io::stdout(), "{token}")?)
    }
}
