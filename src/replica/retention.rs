//! Keeping the change log, the audit, the import jobs and the kept replies no longer than they are to be kept.
//!
//! What this process has not applied yet is never cut. A process that lags behind what is cut notices
//! it, as it notices any replaced history, and builds its index anew.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Replica, Shared, now};
use crate::store::{self, Conn, StoreError};

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Changes in the log.
    pub changes: Duration,
    /// Rows of the audit.
    pub audit: Duration,
    /// Import jobs after their end.
    pub imports: Duration,
}

/// How often it is looked for what is too old, at the most and at the least.
const OFTEN: Duration = Duration::from_millis(100);
const SELDOM: Duration = Duration::from_secs(600);
/// Between two steps, so that the writers have their turn.
const BREATH: Duration = Duration::from_millis(20);

impl Replica {
    /// Forgets what is too old, from now on, as long as the replica is there.
    pub fn keep_only(&self, retention: Retention) -> Result<(), StoreError> {
        let shared = Arc::downgrade(&self.shared);
        let interval = (retention.changes.min(retention.audit).min(retention.imports) / 10).clamp(OFTEN, SELDOM);
        #[expect(clippy::disallowed_methods, reason = "the thread is its own and has nothing else to wait for")]
        let forget = move || {
            while shared.strong_count() > 0 {
                if let Err(why) = sweep(&shared, retention) {
                    log::warn!("what is too old could not be removed: {why}");
                }
                std::thread::sleep(interval);
            }
        };
        let started = std::thread::Builder::new().name("retention".to_owned()).spawn(forget);
        started.map(|_| ()).map_err(|why| StoreError::Unavailable(format!("no thread to forget what is old: {why}")))
    }
}

fn sweep(shared: &Weak<Shared>, retention: Retention) -> Result<(), StoreError> {
    let changes_before = before(retention.changes);
    in_steps(shared, |conn, at| store::cut_log(conn, changes_before, at))?;
    let audit_before = before(retention.audit);
    in_steps(shared, |conn, _| store::cut_audit(conn, audit_before))?;
    let imports_before = before(retention.imports);
    in_steps(shared, |conn, _| store::cut_imports(conn, imports_before))?;
    in_steps(shared, |conn, _| store::kept_replies::forget_old(conn, now()).map(|()| false))
}

fn before(kept: Duration) -> DateTime<Utc> {
    let kept = chrono::Duration::from_std(kept).unwrap_or(chrono::Duration::MAX);
    now().checked_sub_signed(kept).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Does one step after the other, each a transaction of its own, until there is no more to do.
fn in_steps(
    shared: &Weak<Shared>,
    mut step: impl FnMut(&mut Conn, u64) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    while let Some(shared) = shared.upgrade() {
        let at = *shared.revision.borrow();
        if !shared.store.write(|conn, _| step(conn, at))? {
            break;
        }
        drop(shared);
        #[expect(clippy::disallowed_methods, reason = "the thread is its own, and makes way")]
        std::thread::sleep(BREATH);
    }
    Ok(())
}
