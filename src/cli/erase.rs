//! `customer-access erase`: takes a person's values out of the audit.

#![expect(clippy::print_stdout, reason = "the result of a command")]

use std::io::{IsTerminal, Write};

use super::{CliError, database};
use crate::config::Config;
use crate::directory::{CustomerUser, CustomerUserNumber, Kind, Reference};
use crate::replica::now;
use crate::store::{self, Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Whose values: a login, id:u12 (also after the customer user was deleted), or external:SOURCE:ID
    #[arg(long, value_name = "REFERENCE", value_parser = Reference::parse)]
    customer_user: Reference,
    /// Does not ask whether to go on
    #[arg(long)]
    yes: bool,
}

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// There is nobody of this name.
    #[error("there is no customer user {0}; one who was deleted is named by id, such as id:u12 (the audit has it)")]
    NotFound(Reference),
    /// It was not confirmed.
    #[error("nothing was erased; it cannot be undone, so say --yes, or confirm it at a terminal")]
    NotConfirmed,
}

impl Arguments {
    pub(super) fn run(self, config: &Config) -> Result<(), CliError> {
        let store = database::open_existing(config, config.database_pool_size)?;
        let (number, is_there) = self.find(&store)?;
        if !self.yes && !confirmed(number)? {
            return Err(EraseError::NotConfirmed.into());
        }
        let erase = |conn: &mut store::Conn, state: store::State| {
            store::audit::erase(conn, number, state.revision, "erase", now())
        };
        let rows = store.write::<_, StoreError>(erase)?;
        println!("the values of {number} were erased from {rows} rows of the audit");
        let days = humantime::format_duration(config.changes_retention);
        println!("the change log holds the login and the external ids until CHANGES_RETENTION ({days}) is over");
        if is_there {
            println!("{number} still exists: delete it, and erase again, if nothing is to be left");
        }
        Ok(())
    }

    /// The customer user's number, and whether there still is such a one.
    fn find(&self, store: &Store) -> Result<(CustomerUserNumber, bool), CliError> {
        let (found, last) = store.read::<_, StoreError>(|conn| {
            let found = store::find::<CustomerUser>(conn, &self.customer_user)?;
            Ok((found, store::state::last_number(conn, Kind::CustomerUser)?))
        })?;
        let by_id = self.customer_user.number(Kind::CustomerUser).filter(|number| (1..=last).contains(number));
        let by_id = by_id.map(CustomerUserNumber);
        let number = found.as_ref().map(|customer_user| customer_user.number).or(by_id);
        let number = number.ok_or_else(|| EraseError::NotFound(self.customer_user.clone()))?;
        Ok((number, found.is_some()))
    }
}

/// Asks at a terminal.
fn confirmed(number: CustomerUserNumber) -> Result<bool, std::io::Error> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("This cannot be undone. Type {number} to erase what the audit holds of this person: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == number.to_string())
}
