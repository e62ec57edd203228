//! Where store and index meet: the one place that knows both.
//!
//! A write goes through one queue ([`writer`]): planned under the lock, committed, and answered when
//! the index has caught up. The index changes only by following the change log ([`follower`]), after
//! a local commit and for the writes of other processes alike, each revision whole; what was just committed
//! here, upon what the index stands at, need not be read from the log again. A replica is
//! never wrong, only late: it checks that the revision it stands at is still the one it applied, and
//! builds itself anew if history was replaced under it; an index that could not be confirmed current
//! for too long answers nothing.

mod follower;
mod foresight;
mod listener;
mod load;
mod retention;
mod token;
mod writer;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::watch;

use crate::access::Index;
use crate::directory::Change;
use crate::plan::batch::{Ahead, Row};
use crate::plan::{self, Moment, Plan, Refusal};
use crate::store::{Conn, Epoch, Orders, PoolState, State, Store, StoreError};
use follower::Followed;
pub use foresight::Previewed;
pub use retention::Retention;
pub use token::{RevisionToken, TokenMalformed};
use writer::Writer;
pub use writer::{Begun, Written, write_one};

/// How a replica keeps itself current.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// How often the log is looked at for the writes of others.
    pub follow_interval: Duration,
    /// Whether the database is asked to tell of them besides.
    pub listen: bool,
    /// How long answers go on while the index cannot be confirmed current.
    pub max_staleness: Duration,
}

/// How a replica is, for whoever watches over it.
#[derive(Debug, Clone, Copy)]
pub struct Vitals {
    /// The revision that the index stands at.
    pub revision: u64,
    /// The last revision that was seen in the log.
    pub seen: u64,
    /// How long ago the index was confirmed current.
    pub confirmed_ago: Duration,
    /// How many writes wait in the queue.
    pub writes_waiting: usize,
    /// The connections to the database.
    pub pool: PoolState,
}

/// Why a question cannot be answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCurrent {
    /// The index could not be confirmed current for too long.
    #[error("The answers could not be confirmed current for too long; the database may be out of reach. Try again.")]
    Stale,
    /// The revision asked for is not here yet.
    #[error("The revision asked for has not arrived here in time. Try again.")]
    NotYet,
    /// The token is of another history.
    #[error(
        "The revision asked for is of another history: the database was restored since. Read again and start from there."
    )]
    EpochChanged,
}

/// After so many intervals without a confirmation, answers are marked as stale: one look can be late.
const MISSED: u32 = 3;

/// The store and the index of one process.
#[derive(Clone)]
pub struct Replica {
    shared: Arc<Shared>,
    writer: Writer,
}

struct Shared {
    store: Store,
    /// A blocking lock on purpose: it is held for microseconds, and never across a wait.
    index: RwLock<Index>,
    followed: Mutex<Followed>,
    /// The epoch of the history that is followed, and the revision that the index stands at. Both are set while the index
    /// is locked, and stand apart, because every reply asks for them: a lock is memory that processors fight for.
    epoch: AtomicU64,
    standing: AtomicU64,
    started: Instant,
    /// When the index was last confirmed current, in microseconds since the start; no lock, because every reply asks.
    confirmed: AtomicU64,
    revision: watch::Sender<u64>,
    /// The last revision that was seen in the log.
    seen: AtomicU64,
    /// How many writes wait in the queue.
    writes_waiting: AtomicUsize,
    /// The last revision that this process wrote, for the others to be told of.
    written: AtomicU64,
    /// While this process excludes all others from writing, and until the index has what it wrote: the revision that it
    /// writes upon. What is heard of after that is its own, but for what others write at the very end, and waits until then.
    written_upon: AtomicU64,
    /// Whoever reads ahead holds it, too.
    ahead: Arc<()>,
    freshness: Freshness,
}

impl Replica {
    /// Makes a fresh installation if there is none, builds the index, and begins to follow.
    pub fn open(store: Store, freshness: Freshness) -> Result<Self, Refusal> {
        install(&store)?;
        let (index, followed) = follower::build(&store)?;
        let shared = Arc::new(Shared {
            store,
            revision: watch::Sender::new(index.revision()),
            seen: AtomicU64::new(index.revision()),
            writes_waiting: AtomicUsize::new(0),
            standing: AtomicU64::new(index.revision()),
            index: RwLock::new(index),
            epoch: AtomicU64::new(followed.epoch.0),
            followed: Mutex::new(followed),
            started: Instant::now(),
            confirmed: AtomicU64::new(0),
            written: AtomicU64::new(0),
            written_upon: AtomicU64::new(NOTHING_IS_WRITTEN),
            ahead: Arc::default(),
            freshness,
        });
        let writer = Writer::start(Arc::clone(&shared))?;
        follower::start(Arc::downgrade(&shared))?;
        if freshness.listen {
            listener::start(Arc::downgrade(&shared))?;
        }
        Ok(Self { shared, writer })
    }

    /// Asks the index, all of it at one revision.
    pub fn ask<T>(&self, question: impl FnOnce(&Index) -> T) -> T {
        question(&self.shared.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads one consistent state of the database. Blocks.
    pub fn read<T, E: From<StoreError>>(&self, body: impl FnOnce(&mut Conn) -> Result<T, E>) -> Result<(T, State), E> {
        self.shared.store.read(|conn| {
            let state = crate::store::state(conn)?;
            Ok((body(conn)?, state))
        })
    }

    /// The orders of the store's lists.
    pub fn orders(&self) -> Arc<Orders> {
        Arc::clone(self.shared.store.orders())
    }

    /// Whoever holds this reads ahead: until then, what is written is kept in memory for a moment.
    pub fn reading_ahead(&self) -> ReadingAhead {
        ReadingAhead { shared: Arc::clone(&self.shared), _held: Arc::clone(&self.shared.ahead) }
    }

    /// Plans and commits one write on behalf of `actor`; answers when the index has caught up.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: String,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Written<T>, Refusal> {
        self.writer.write(actor, plan).await
    }

    /// As [`Replica::write`], for one who may block.
    pub fn write_blocking<T: Send + 'static>(
        &self,
        actor: String,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Written<T>, Refusal> {
        self.begin(actor, plan)?.wait()
    }

    /// Begins one, for whoever has something to do meanwhile.
    pub fn begin<T: Send + 'static>(
        &self,
        actor: String,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Begun<T>, Refusal> {
        self.writer.begin(actor, plan)
    }

    /// The revision that the index stands at, and each that it comes to.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.shared.revision.subscribe()
    }

    /// The token of the revision that the index stands at, for whoever does not ask it. Where the history is replaced in
    /// this moment, it may name one that never was; but none of the new history that is not there.
    pub fn standing(&self) -> RevisionToken {
        let epoch = self.shared.epoch();
        RevisionToken { epoch, revision: self.shared.standing.load(Ordering::Acquire) }
    }

    /// The token of a revision of this history.
    pub fn token(&self, revision: u64) -> RevisionToken {
        RevisionToken { epoch: self.shared.epoch(), revision }
    }

    /// Refuses if the index could not be confirmed current for too long.
    pub fn is_current(&self) -> Result<(), NotCurrent> {
        if self.confirmed_ago() <= self.shared.freshness.max_staleness { Ok(()) } else { Err(NotCurrent::Stale) }
    }

    /// How old the answers may be, if that is older than they should be.
    pub fn stale_for(&self) -> Option<Duration> {
        self.stale_at(Instant::now())
    }

    /// The same at this moment, for whoever has looked at the clock already.
    pub fn stale_at(&self, now: Instant) -> Option<Duration> {
        Some(self.confirmed_before(now)).filter(|age| *age > self.shared.freshness.follow_interval * MISSED)
    }

    /// How long ago the index was confirmed current.
    fn confirmed_ago(&self) -> Duration {
        self.confirmed_before(Instant::now())
    }

    fn confirmed_before(&self, now: Instant) -> Duration {
        let confirmed = Duration::from_micros(self.shared.confirmed.load(Ordering::Relaxed));
        now.saturating_duration_since(self.shared.started).saturating_sub(confirmed)
    }

    /// How it is at this moment.
    pub fn vitals(&self) -> Vitals {
        Vitals {
            revision: self.ask(Index::revision),
            seen: self.shared.seen.load(Ordering::Relaxed),
            confirmed_ago: self.confirmed_ago(),
            writes_waiting: self.shared.writes_waiting.load(Ordering::Relaxed),
            pool: self.shared.store.pool(),
        }
    }

    /// Waits, for a bounded time, until the index stands at the token's revision or a later one. What
    /// is not here yet is looked for at once; a token that is ahead of the log is not waited for.
    pub async fn at_least(&self, token: &RevisionToken, wait: Duration) -> Result<(), NotCurrent> {
        let stands_at = self.stands_at(token);
        if stands_at == Ok(true) {
            return Ok(());
        }
        // A token of another history may be of one that this replica has not noticed yet.
        let revision = stands_at.map_or(u64::MAX, |_| token.revision);
        let shared = Arc::clone(&self.shared);
        let looked = actix_web::web::block(move || shared.catch_up_to(revision));
        match tokio::time::timeout(wait, looked).await {
            Ok(Ok(Ok(()))) if self.stands_at(token)? => Ok(()),
            _ => Err(NotCurrent::NotYet),
        }
    }

    /// Whether the index stands at the token's revision or a later one of the same history.
    fn stands_at(&self, token: &RevisionToken) -> Result<bool, NotCurrent> {
        let (epoch, revision) = self.ask(|index| (self.shared.epoch(), index.revision()));
        if token.epoch == epoch { Ok(revision >= token.revision) } else { Err(NotCurrent::EpochChanged) }
    }
}

/// One who reads what rows name, before the plan that merges them has its turn.
pub struct ReadingAhead {
    shared: Arc<Shared>,
    _held: Arc<()>,
}

impl ReadingAhead {
    /// Reads what these rows name. Blocks.
    pub fn read<'r>(&self, rows: impl Iterator<Item = &'r Row> + Clone) -> Result<Ahead, StoreError> {
        self.shared.store.read(|conn| {
            let revision = crate::store::state(conn)?.revision;
            let identity = crate::store::identity_of(conn, revision)?;
            Ahead::read(conn, Moment { revision, identity }, rows)
        })
    }
}

impl Shared {
    /// Whether anybody reads ahead.
    fn is_read_ahead(&self) -> bool {
        Arc::strong_count(&self.ahead) > 1
    }

    /// The index was current at this moment.
    fn confirm(&self, moment: Instant) {
        let since = moment.saturating_duration_since(self.started).as_micros();
        self.confirmed.store(since.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is written upon while this process writes nothing: whatever is heard of may be another one's.
const NOTHING_IS_WRITTEN: u64 = u64::MAX;

/// Makes a fresh installation in a database that was never written.
pub fn install(store: &Store) -> Result<(), Refusal> {
    store.write(|conn, state| {
        let mut revision = state.revision;
        write_one(conn, &mut revision, "installation", plan::fresh::installation).map(|_| ())
    })
}

/// The index of the store as it is now, of one revision, for whoever asks many questions and follows nothing.
pub fn snapshot(store: &Store) -> Result<Index, StoreError> {
    follower::build(store).map(|(index, _)| index)
}

/// What an index would be after these changes.
pub fn applied(mut index: Index, changes: &[Change]) -> Index {
    index.apply_all(changes);
    index
}

/// The time, to the microsecond, which is what both databases keep.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
