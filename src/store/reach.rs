//! Whether the database is within reach: known to all who want a connection, so that nobody waits
//! for one that will not come.
//!
//! The pool tries without end to get a connection anew. Between a try that failed and one that did not,
//! whoever asks is told so at once; and when one has waited in vain, because whoever holds the connections
//! hangs, the others wait less until one was had again. So a database that is away takes no thread away
//! from those who could do without it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::r2d2::{Error, HandleError, ManageConnection, Pool, PooledConnection};

use super::StoreError;

/// The longest wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait when somebody has just waited in vain.
const SHORT_OF_PATIENCE: Duration = Duration::from_millis(100);
/// How long somebody waits without asking whether there is a point in it.
const AT_A_TIME: Duration = Duration::from_millis(50);

/// What is known of the way to the database.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Why the last try to connect failed, if it did.
    lost: Mutex<Option<String>>,
    /// Whether the last one who waited for a connection did so in vain.
    in_vain: AtomicBool,
    failures: AtomicU64,
}

impl Reach {
    /// How often no connection could be had.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// A connection was made.
    pub(super) fn found(&self) {
        if self.why_lost().take().is_some() {
            log::info!("the database can be reached again");
        }
    }

    fn lose(&self, why: String) {
        if self.why_lost().replace(why.clone()).is_none() {
            log::warn!("the database cannot be reached: {why}");
        }
    }

    fn why_lost(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection; waits a bounded time for one, and not at all if there is no point in it.
    pub(super) fn get<M: ManageConnection>(&self, pool: &Pool<M>) -> Result<PooledConnection<M>, StoreError> {
        if let Some(conn) = pool.try_get() {
            return Ok(self.had(conn));
        }
        let in_vain = self.in_vain.load(Ordering::Relaxed);
        let until = Instant::now() + if in_vain { SHORT_OF_PATIENCE } else { PATIENCE };
        loop {
            if let Some(why) = self.why_lost().clone() {
                return Err(self.failed(why));
            }
            match pool.get_timeout(AT_A_TIME) {
                Ok(conn) => return Ok(self.had(conn)),
                Err(why) if Instant::now() >= until => {
                    self.in_vain.store(true, Ordering::Relaxed);
                    return Err(self.failed(why));
                }
                Err(_) => {}
            }
        }
    }

    fn had<C>(&self, conn: C) -> C {
        self.in_vain.store(false, Ordering::Relaxed);
        conn
    }

    fn failed(&self, why: impl std::fmt::Display) -> StoreError {
        self.failures.fetch_add(1, Ordering::Relaxed);
        StoreError::unavailable(why)
    }
}

/// Tells a [`Reach`] of the tries that fail.
#[derive(Debug)]
pub(super) struct Tries(pub(super) Arc<Reach>);

impl HandleError<Error> for Tries {
    fn handle_error(&self, why: Error) {
        match why {
            // A connection that broke says nothing of the next one.
            Error::QueryError(_) => log::debug!("a connection broke: {why}"),
            Error::ConnectionError(_) => self.0.lose(why.to_string()),
        }
    }
}
