//! Hearing of the writes of other processes at once, and telling them of this one's.
//!
//! The follower would find every write anyway, a little later. So nothing here may fail a write or
//! hold one up: what goes wrong is logged once, and tried again later.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Shared;
use crate::store::{Listener, Store, StoreError};

/// How often it is asked what was heard; that is a look into this process's own memory. It also
/// bounds how often the others are told, however fast the writes come.
const STEP: Duration = Duration::from_millis(10);
/// How long a database that cannot be listened to is left alone.
const PAUSE: Duration = Duration::from_secs(60);
/// How long until a connection that broke is made anew.
const RECONNECT: Duration = Duration::from_secs(1);

/// Listens as long as the replica is there, in a thread of its own: to connect may take long, and the
/// follower must go on meanwhile.
pub(super) fn start(shared: Weak<Shared>) -> Result<(), StoreError> {
    #[expect(clippy::disallowed_methods, reason = "the thread is its own; libpq's socket cannot be waited for")]
    let listen = move || {
        let mut ear = Ear { listener: None, heard: None, not_before: Instant::now(), told: 0, complained: false };
        while let Some(shared) = shared.upgrade() {
            ear.turn(&shared);
            drop(shared);
            std::thread::sleep(STEP);
        }
    };
    let started = std::thread::Builder::new().name("listener".to_owned()).spawn(listen);
    started.map(|_| ()).map_err(|why| StoreError::Unavailable(format!("no thread to listen: {why}")))
}

struct Ear {
    listener: Option<Listener>,
    /// The last revision that was heard of and not looked for yet.
    heard: Option<u64>,
    /// When it may be tried again.
    not_before: Instant,
    /// The last revision of this process that the others were told of.
    told: u64,
    complained: bool,
}

impl Ear {
    /// Tells what is new here, and looks at the log if something is new elsewhere.
    fn turn(&mut self, shared: &Shared) {
        let written = shared.written.load(Ordering::Relaxed);
        match self.exchange(&shared.store, written) {
            Ok(heard) => self.heard = self.heard.max(heard),
            Err(why) => self.give_up(&why),
        }
        // What this process writes at the moment it applies without a look at the log: whatever comes after what that is
        // written upon waits for the next turn.
        let upon = shared.written_upon.load(Ordering::Relaxed);
        if let Some(revision) = self.heard.take_if(|revision| *revision <= upon)
            && let Err(why) = shared.catch_up_to(revision)
        {
            log::debug!("the change log cannot be followed: {why}");
        }
    }

    /// Gives the last revision that was heard of.
    fn exchange(&mut self, store: &Store, written: u64) -> Result<Option<u64>, StoreError> {
        if self.listener.is_none() {
            if Instant::now() < self.not_before {
                return Ok(None);
            }
            self.listener = Some(store.listen()?);
            // What was told while nobody listened here is found by looking.
            return store.read(crate::store::state).map(|state| Some(state.revision));
        }
        let Some(listener) = &mut self.listener else { return Ok(None) };
        if written != self.told {
            // What cannot be told is not told again: the others find it by looking.
            self.told = written;
            listener.tell(written)?;
        }
        listener.heard()
    }

    fn give_up(&mut self, why: &StoreError) {
        let is_refused = self.listener.take().is_none() && !matches!(why, StoreError::Unavailable(_));
        self.not_before = Instant::now() + if is_refused { PAUSE } else { RECONNECT };
        if !std::mem::replace(&mut self.complained, true) {
            log::warn!(
                "while the database does not tell of the writes of other processes, they are found every FOLLOW_INTERVAL: {why}"
            );
        }
    }
}
