//! The database: the only place with SQL.
//!
//! Functions here take a [`Conn`] and give types of `directory/`; they hold no rule of access and
//! know nothing of HTTP or of the index. [`Store::read`] gives one consistent state;
//! [`Store::write`] serializes writers, so that revision order is commit order.
//!
//! One row is asked for with `get_result`, never `first`: SQLite prepares a statement with `LIMIT ?`
//! anew each time a value is bound.

pub mod audit;
mod back_ends;
mod backup;
mod change_log;
pub mod commit;
mod connection;
mod customer_users;
mod customers;
mod deactivations;
mod dialect;
mod differences;
mod external_ids;
mod facts;
mod grams;
mod groups;
mod import_chunks;
mod import_results;
pub mod imports;
pub mod kept_replies;
mod links;
pub mod list;
mod many;
mod numbers;
mod one_of;
mod orders;
pub mod pages;
mod pairs;
mod prepared;
mod reach;
mod reader;
mod records;
mod retention;
mod row_digests;
mod schema;
mod search;
mod services;
mod settings;
mod sqlite_file;
pub mod state;
mod stored_row;
mod time;

use std::sync::Arc;

use connection::{Connections, on};

pub use backup::{back_up, renew_epoch_of};
pub use change_log::{LoggedRevision, PlacedChange, changes_after, decode, identity_of, page_of_changes, parse};
pub use connection::{Conn, Listener, PoolState};
pub use customer_users::{count_of_back_end, customer_users_of};
pub use deactivations::deactivated_by;
pub use external_ids::valid_of_source;
pub use facts::{Part, all_facts, count_of_customer_users, facts_of, parts};
pub use import_chunks::{Chunk, ChunkHead, chunk_content, chunk_head, chunk_numbers, chunks};
pub use import_results::{Making, Results, absent, cut_imports, next_results, previews};
pub use kept_replies::{KeptReply, WriteKey};
pub use links::*;
pub use orders::Orders;
pub use pairs::{
    Pairs, customer_groups_between, customer_user_groups_between, customer_user_services_between, memberships_between,
};
pub use reader::Reader;
pub use records::{
    Record, by_folded_key, by_number, exists, find, number_of, numbers_by_external_id, numbers_by_folded_key,
    records_of,
};
pub use retention::{cut_audit, cut_log, log_cut};
pub use row_digests::{MergedRow, RowDigest, unchanged};
pub use search::Words;
pub use services::{children_of, subtree_of};
pub use settings::{roll_members, settings};
pub use state::{Epoch, State, state};

use crate::config::DatabaseUrl;

/// Why the database could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had in time.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// It cannot be opened at all.
    #[error("the database {database} cannot be opened: {why}")]
    NotOpened {
        /// Which one, without a password.
        database: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// There is none, where one must be.
    #[error(
        "there is no database {0}; run the command in the directory of the service, or with its DATA_DIR or DATABASE_URL"
    )]
    Missing(String),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(#[from] diesel::result::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// A stored value is not what it should be; somebody else wrote to the database.
    #[error("the database holds something that does not belong there: {0}")]
    Corrupt(String),
    /// The database gave the whole transaction up, not one statement of it.
    #[error("the transaction was lost: {0}")]
    TransactionLost(String),
    /// No copy of the database could be made.
    #[error("the database cannot be backed up: {0}")]
    Backup(String),
    /// The connection broke during the commit.
    #[error("whether the write was kept is unknown: {0}")]
    OutcomeUnknown(String),
}

impl StoreError {
    /// Whether the same again would fail again: what the data break is not mended by waiting.
    pub fn is_lasting(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        match self {
            StoreError::Statement(Error::DatabaseError(kind, _)) => matches!(
                kind,
                DatabaseErrorKind::UniqueViolation
                    | DatabaseErrorKind::ForeignKeyViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::CheckViolation
            ),
            StoreError::Corrupt(_) => true,
            _ => false,
        }
    }

    fn unavailable(why: impl std::fmt::Display) -> Self {
        StoreError::Unavailable(why.to_string())
    }
}

/// The database behind a pool.
#[derive(Clone)]
pub struct Store {
    connections: Connections,
    url: DatabaseUrl,
    is_new: bool,
    orders: Arc<Orders>,
}

impl Store {
    /// Opens the database, creates it if need be, and brings its schema up to date.
    pub fn open(url: &DatabaseUrl, pool_size: u32) -> Result<Self, StoreError> {
        let connections = Connections::open(url, pool_size)?;
        let is_new = state::initialize(&mut connections.get()?.conn())?;
        let store = Self { connections, url: url.clone(), is_new, orders: Arc::default() };
        if store.read(grams::are_behind)? {
            store.write(|conn, _| grams::catch_up(conn))?;
        }
        Ok(store)
    }

    /// Opens a database that is there already: one that was made anew would have nothing of what the caller means.
    pub fn open_existing(url: &DatabaseUrl, pool_size: u32) -> Result<Self, StoreError> {
        if url.is_there() { Self::open(url, pool_size) } else { Err(StoreError::Missing(url.shown())) }
    }

    /// Whether opening it made the database, or found an empty one.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Begins to listen for the revisions of other processes.
    pub fn listen(&self) -> Result<Listener, StoreError> {
        Listener::open(&self.url)
    }

    /// Reads one consistent state of the database.
    pub fn read<T, E: From<StoreError>>(&self, body: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut pooled = self.connections.get()?;
        let conn = &mut pooled.conn();
        dialect::begin_read(conn).map_err(StoreError::unavailable)?;
        let outcome = body(conn);
        // Where that fails, the connection broke, and whatever else failed did so for that reason.
        dialect::execute(conn, "ROLLBACK").map_err(StoreError::unavailable)?;
        outcome
    }

    /// The orders of its lists.
    pub fn orders(&self) -> &Arc<Orders> {
        &self.orders
    }

    /// How the connections are.
    pub fn pool(&self) -> PoolState {
        self.connections.state()
    }

    /// Writes: excludes every other writer from the first statement on, and commits what `body` did
    /// unless it fails.
    pub fn write<T, E: From<StoreError>>(&self, body: impl FnOnce(&mut Conn, State) -> Result<T, E>) -> Result<T, E> {
        let mut pooled = self.connections.get()?;
        let conn = &mut pooled.conn();
        let begun = dialect::begin_write(conn);
        let state = begun.inspect_err(|_| dialect::give_up(conn))?;
        let value = body(conn, state).inspect_err(|_| dialect::give_up(conn))?;
        dialect::execute(conn, "COMMIT").map_err(|why| {
            dialect::give_up(conn);
            StoreError::OutcomeUnknown(why.to_string())
        })?;
        Ok(value)
    }
}
