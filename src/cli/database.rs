//! The database of a command. A command that is run in another directory than the service would fill, or read, a
//! database that nobody serves: one that it has made is named.

use crate::config::Config;
use crate::store::{Store, StoreError};

/// Opens the database, making it and its directory if need be, and bringing its schema up to date.
pub(super) fn open(config: &Config, pool_size: u32) -> Result<Store, StoreError> {
    let unmade = |why| {
        let directory = std::path::absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
        let directory = directory.display();
        let why = format!("DATA_DIR {directory} cannot be made: {why}; name another one, or make it");
        StoreError::NotOpened { database: config.database_url.shown(), why }
    };
    config.create_data_dir_of_database().map_err(unmade)?;
    Store::open(&config.database_url, pool_size)
}

/// Opens the database for a command beside the service.
pub(super) fn open_beside_service(config: &Config) -> Result<Store, StoreError> {
    Ok(named_if_new(open(config, config.database_pool_size)?, config))
}

/// Opens a database that is there already, for a command that has nothing to do in a new one.
pub(super) fn open_existing(config: &Config, pool_size: u32) -> Result<Store, StoreError> {
    Ok(named_if_new(Store::open_existing(&config.database_url, pool_size)?, config))
}

#[expect(clippy::print_stderr, reason = "standard output is the command's result")]
fn named_if_new(store: Store, config: &Config) -> Store {
    if store.is_new() {
        let database = config.database_url.shown();
        eprintln!("made a new database, {database}: only a service with this DATA_DIR or DATABASE_URL serves it");
    }
    store
}
