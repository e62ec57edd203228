//! Following the change log.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::writer::Together;
use super::{Shared, load};
use crate::access::Index;
use crate::directory::{Change, PermissionTypes};
use crate::store::{self, Epoch, LoggedRevision, Store, StoreError};
use crate::turns::offering;

/// About how many changes are read from the log at a time.
const AT_A_TIME: usize = 2_000;
/// So many changes are applied while readers wait, or before others have their turn: some tens of microseconds.
const AT_ONCE: usize = 64;

/// Which history the index follows, and the identity of the revision that it stands at.
pub(super) struct Followed {
    pub(super) epoch: Epoch,
    identity: Option<String>,
}

/// Builds an index from the tables, at one revision.
pub(super) fn build(store: &Store) -> Result<(Index, Followed), StoreError> {
    let mut readers = store.readers(load::threads())?;
    let state = *readers[0].state();
    let identity = store::identity_of(&mut readers[0].conn(), state.revision)?;
    let mut index = load::index(readers)?;
    index.set_revision(state.revision);
    Ok((index, Followed { epoch: state.epoch, identity }))
}

/// Looks at the log from time to time, for the writes of other processes, as long as the replica is
/// there.
pub(super) fn start(shared: Weak<Shared>) -> Result<(), StoreError> {
    #[expect(clippy::disallowed_methods, reason = "the thread is its own and has nothing else to wait for")]
    let follow = move || {
        while let Some(interval) = shared.upgrade().map(|shared| shared.freshness.follow_interval) {
            std::thread::sleep(interval);
            let Some(shared) = shared.upgrade() else { break };
            if let Err(why) = shared.catch_up() {
                log::warn!("the change log cannot be followed: {why}");
            }
        }
    };
    let started = std::thread::Builder::new().name("follower".to_owned()).spawn(follow);
    started.map(|_| ()).map_err(|why| StoreError::Unavailable(format!("no thread to follow the log: {why}")))
}

/// What one look at the log found.
enum Found {
    /// Nothing new: the index was current at this moment.
    Current(Instant),
    /// Revisions to apply.
    More(Vec<LoggedRevision>),
    /// The revision that the index stands at is no longer in the log, or of an epoch before this one.
    AnotherHistory,
    /// The revision that the index stands at was lost, and the epoch is still the one that it was in.
    Lost,
}

impl Shared {
    /// Brings the index to the last committed revision.
    pub(super) fn catch_up(&self) -> Result<(), StoreError> {
        self.follow(self.followed())
    }

    /// Brings the index to the last committed revision, unless it has come to this one already:
    /// whoever waited for another to look need not look again.
    pub(super) fn catch_up_to(&self, revision: u64) -> Result<(), StoreError> {
        let followed = self.followed();
        if *self.revision.borrow() >= revision { Ok(()) } else { self.follow(followed) }
    }

    /// Follows what this process has committed, without reading it from the log again, if the index stands where that
    /// was made upon. What stands in the log is the same, and what anybody else wrote comes before or after it.
    pub(super) fn follow_own(&self, together: &Together) -> Result<(), StoreError> {
        let mut followed = self.followed();
        let (state, identity) = &together.upon;
        let at = self.index.read().unwrap_or_else(PoisonError::into_inner).revision();
        if (at, followed.epoch, &followed.identity) != (state.revision, state.epoch, identity) {
            return self.follow(followed);
        }
        for (revision, identity, changes) in together.revisions() {
            self.seen.store(revision, Ordering::Relaxed);
            self.apply_one(revision, changes);
            self.revision.send_replace(revision);
            followed.identity = Some(identity.to_owned());
        }
        self.confirm(together.moment);
        Ok(())
    }

    fn follow(&self, mut followed: MutexGuard<'_, Followed>) -> Result<(), StoreError> {
        loop {
            match self.look(&followed)? {
                Found::Current(moment) => {
                    self.confirm(moment);
                    return Ok(());
                }
                Found::More(revisions) => followed.identity = self.apply(revisions)?.or(followed.identity.take()),
                Found::Lost => self.begin_another_history(followed.epoch)?,
                Found::AnotherHistory => {
                    log::warn!("the history was replaced or cut under this replica; building the index anew");
                    let (mut index, anew) = build(&self.store)?;
                    let revision = index.revision();
                    *followed = anew;
                    {
                        // Together, so that no answer bears the epoch of one history and is of another.
                        let mut held = self.index.write().unwrap_or_else(PoisonError::into_inner);
                        self.standing.store(revision, Ordering::Release);
                        self.epoch.store(followed.epoch.0, Ordering::Release);
                        std::mem::swap(&mut *held, &mut index);
                    }
                    self.revision.send_replace(revision);
                }
            }
        }
    }

    fn look(&self, followed: &Followed) -> Result<Found, StoreError> {
        let at = self.index.read().unwrap_or_else(PoisonError::into_inner).revision();
        let moment = Instant::now();
        self.store.read(|conn| {
            let state = store::state(conn)?;
            self.seen.store(state.revision, Ordering::Relaxed);
            if state.epoch != followed.epoch {
                return Ok(Found::AnotherHistory);
            }
            let identity = store::identity_of(conn, at)?;
            if identity != followed.identity {
                let is_lost = identity.is_some() || state.revision < at;
                return Ok(if is_lost { Found::Lost } else { Found::AnotherHistory });
            }
            if state.revision == at {
                return Ok(Found::Current(moment));
            }
            if at < store::log_cut(conn)? {
                return Ok(Found::AnotherHistory);
            }
            let revisions = store::changes_after(conn, at, AT_A_TIME)?;
            let next = revisions.first().map(|logged| logged.revision);
            Ok(if next == Some(at + 1) { Found::More(revisions) } else { Found::AnotherHistory })
        })
    }

    /// Commits were lost, and nobody said so by a new epoch: a failover to a server that was behind, a
    /// backup put back in place. The tokens of the lost ones must not come to mean others.
    fn begin_another_history(&self, lost: Epoch) -> Result<(), StoreError> {
        log::warn!("the database has lost writes that this replica had applied; a new epoch begins");
        self.store.write(|conn, state| {
            let is_new_already = state.epoch != lost;
            if is_new_already { Ok(()) } else { store::state::renew_epoch(conn) }
        })
    }

    /// Applies revisions, each whole; gives the identity of the last one.
    fn apply(&self, revisions: Vec<LoggedRevision>) -> Result<Option<String>, StoreError> {
        let mut types = self.index.read().unwrap_or_else(PoisonError::into_inner).settings().permission_types.clone();
        let mut last = None;
        for logged in revisions {
            let changes = decode(logged.changes, &mut types)?;
            self.apply_one(logged.revision, &changes);
            self.revision.send_replace(logged.revision);
            last = Some(logged.identity);
        }
        Ok(last)
    }
}

impl Shared {
    /// Applies one revision, whole, so that no reader waits for more than a moment: a large one is applied
    /// to a copy, which then takes the index's place. Nobody else applies meanwhile.
    fn apply_one(&self, revision: u64, changes: &[Change]) {
        if changes.len() <= AT_ONCE {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            index.apply_all(changes);
            index.set_revision(revision);
            self.standing.store(revision, Ordering::Release);
            return;
        }
        let mut next = self.index.read().unwrap_or_else(PoisonError::into_inner).clone();
        offering(changes.chunks(AT_ONCE)).for_each(|some| next.apply_all(some));
        next.set_revision(revision);
        let old = {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            self.standing.store(revision, Ordering::Release);
            std::mem::replace(&mut *index, next)
        };
        // Freed when nobody waits for it.
        drop(old);
    }
}

/// Reads changes by the permission types that held when each was made.
fn decode(logged: Vec<serde_json::Value>, types: &mut PermissionTypes) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::with_capacity(logged.len());
    for body in logged {
        let change = store::decode(body, types)?;
        if let Change::SettingsPut { settings } = &change {
            *types = settings.permission_types.clone();
        }
        changes.push(change);
    }
    Ok(changes)
}
