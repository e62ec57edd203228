//! The writer queue: one thread of a process makes its writes.
//!
//! It drains its queue into one transaction, each write a revision and a savepoint of its own, so
//! that many writers share one durable commit and a refused write undoes nothing but itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use tokio::sync::oneshot;

use super::{NOTHING_IS_WRITTEN, Shared, now};
use crate::directory::{Change, Edit};
use crate::plan::{Base, Moment, Plan, Recent, Refusal};
use crate::store::{self, Conn, State, StoreError, commit};

/// How many writes may wait.
const QUEUE: usize = 1_024;
/// How many writes share one transaction.
const TOGETHER: usize = 256;

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// What the plan said of it.
    pub value: T,
    /// The revision that holds it: its own, or the last one if it changed nothing.
    pub revision: u64,
}

/// The near end of the queue.
#[derive(Clone)]
pub(super) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(shared: Arc<Shared>) -> Result<Self, StoreError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let of_thread = Arc::clone(&shared);
        let started = std::thread::Builder::new().name("writer".to_owned()).spawn(move || work(&of_thread, &jobs));
        started.map_err(|why| StoreError::Unavailable(format!("no thread to write: {why}")))?;
        Ok(Self { queue, shared })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        actor: String,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Written<T>, Refusal> {
        self.submit(actor, plan)?.await.unwrap_or_else(|_| Err(lost()))
    }

    pub(super) fn begin<T: Send + 'static>(
        &self,
        actor: String,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Begun<T>, Refusal> {
        self.submit(actor, plan).map(Begun)
    }

    fn submit<T: Send + 'static>(
        &self,
        actor: String,
        plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<Written<T>, Refusal>>, Refusal> {
        let (reply, outcome) = oneshot::channel();
        let job = PlannedWrite { actor, plan: Some(plan), outcome: None, reply };
        self.shared.writes_waiting.fetch_add(1, Ordering::Relaxed);
        let why = match self.queue.try_send(Box::new(job)) {
            Ok(()) => return Ok(outcome),
            Err(TrySendError::Full(_)) => "too many writes are waiting",
            Err(TrySendError::Disconnected(_)) => "no writer is left",
        };
        self.shared.writes_waiting.fetch_sub(1, Ordering::Relaxed);
        Err(StoreError::Unavailable(why.to_owned()).into())
    }
}

/// A write that waits for its turn, or is made.
pub struct Begun<T>(oneshot::Receiver<Result<Written<T>, Refusal>>);

impl<T> Begun<T> {
    /// Waits until it is made. Blocks.
    pub fn wait(self) -> Result<Written<T>, Refusal> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(lost()))
    }
}

/// The writer gave no answer: it failed in the middle of a write.
fn lost() -> Refusal {
    StoreError::OutcomeUnknown("the writer failed".to_owned()).into()
}

fn work(shared: &Shared, jobs: &Receiver<Box<dyn Job>>) {
    let mut recent = Recent::default();
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(TOGETHER - 1));
        shared.writes_waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        // A fault must not end all writing; whoever waits is told that the outcome is unknown.
        if catch_unwind(AssertUnwindSafe(|| run(shared, &mut recent, batch))).is_err() {
            recent = Recent::default();
            log::error!("the writer failed in a way that it never should");
        }
        shared.written_upon.store(NOTHING_IS_WRITTEN, Ordering::Relaxed);
    }
}

fn run(shared: &Shared, recent: &mut Recent, mut batch: Vec<Box<dyn Job>>) {
    let committed: Result<Together, StoreError> = shared.store.write(|conn, state| {
        shared.written_upon.store(state.revision, Ordering::Relaxed);
        let identity = store::identity_of(conn, state.revision)?;
        recent.begin(Moment { revision: state.revision, identity: identity.clone() }, shared.is_read_ahead());
        let mut together = Together::upon(identity, state, recent);
        batch.iter_mut().try_for_each(|job| job.run(conn, &mut together))?;
        together.moment = Instant::now();
        Ok(together)
    });
    let failure = match committed {
        Ok(together) => {
            shared.written.store(together.revision, Ordering::Relaxed);
            if let Err(why) = shared.follow_own(&together) {
                log::warn!("the index has not caught up with a write: {why}");
            }
            None
        }
        Err(why) => {
            *recent = Recent::default();
            Some(why)
        }
    };
    batch.into_iter().for_each(|job| job.complete(failure.as_ref()));
}

/// Plans one write and makes it, as the next revision, within the transaction of the connection. If it
/// is refused, nothing of it is left.
pub fn write_one<T>(
    conn: &mut Conn,
    revision: &mut u64,
    actor: &str,
    plan: impl FnOnce(&mut Plan) -> Result<T, Refusal>,
) -> Result<Written<T>, Refusal> {
    let made = write_upon(conn, Base::committed(*revision), actor, plan)?;
    *revision = made.written.revision;
    Ok(made.written)
}

/// A write within a transaction.
struct Made<T> {
    written: Written<T>,
    edits: Vec<Edit>,
    /// The identity of its revision, if it took one.
    identity: Option<String>,
}

/// [`write_one`] upon what the transaction holds already; gives what it changed, too.
fn write_upon<T>(
    conn: &mut Conn,
    base: Base<'_>,
    actor: &str,
    plan: impl FnOnce(&mut Plan) -> Result<T, Refusal>,
) -> Result<Made<T>, Refusal> {
    commit::savepoint(conn, |conn| {
        let mut planned = Plan::new(conn, now(), base);
        let value = plan(&mut planned)?;
        let (revision, commit, now) = (planned.revision(), planned.take_commit(), planned.now);
        let identity = commit::write(conn, &commit, revision, actor, now)?;
        Ok(Made { written: Written { value, revision }, edits: commit.edits, identity })
    })
}

/// The transaction that the writes of a batch share.
pub(super) struct Together<'r> {
    /// What they are made upon, and the identity of its last revision.
    pub(super) upon: (State, Option<String>),
    /// When, while no other process could write.
    pub(super) moment: Instant,
    revision: u64,
    /// What the writes so far changed: those that follow may ask.
    changes: Vec<Change>,
    /// Each revision with its identity, and how many changes there are up to its end.
    revisions: Vec<(u64, String, usize)>,
    /// The last revisions, those of this transaction included.
    recent: &'r mut Recent,
}

impl<'r> Together<'r> {
    fn upon(identity: Option<String>, state: State, recent: &'r mut Recent) -> Self {
        let (revision, moment) = (state.revision, Instant::now());
        let (changes, revisions) = (Vec::new(), Vec::new());
        Self { upon: (state, identity), moment, revision, changes, revisions, recent }
    }

    fn base(&self) -> Base<'_> {
        let (committed, recent) = (self.upon.0.revision, Some(&*self.recent));
        Base { committed, revision: self.revision, earlier: &self.changes, recent }
    }

    fn add(&mut self, revision: u64, edits: Vec<Edit>, identity: Option<String>) {
        self.revision = revision;
        self.changes.extend(edits.iter().map(Edit::change));
        if let Some(identity) = identity {
            self.revisions.push((revision, identity.clone(), self.changes.len()));
            self.recent.add(Moment { revision, identity: Some(identity) }, edits);
        }
    }

    /// Each revision with its identity and its changes.
    pub(super) fn revisions(&self) -> impl Iterator<Item = (u64, &str, &[Change])> {
        let starts = std::iter::once(0).chain(self.revisions.iter().map(|(_, _, end)| *end));
        let with_starts = self.revisions.iter().zip(starts);
        with_starts.map(|((revision, identity, end), start)| (*revision, &**identity, &self.changes[start..*end]))
    }
}

/// A write in the queue.
trait Job: Send {
    /// Plans it and writes its rows, within a transaction that may hold others. It fails if that
    /// transaction is lost to all of them.
    fn run(&mut self, conn: &mut Conn, together: &mut Together) -> Result<(), StoreError>;

    /// Answers it, once the transaction was committed or not.
    fn complete(self: Box<Self>, failure: Option<&StoreError>);
}

struct PlannedWrite<T, P> {
    actor: String,
    plan: Option<P>,
    outcome: Option<Result<Written<T>, Refusal>>,
    reply: oneshot::Sender<Result<Written<T>, Refusal>>,
}

impl<T, P> Job for PlannedWrite<T, P>
where
    T: Send,
    P: FnOnce(&mut Plan) -> Result<T, Refusal> + Send,
{
    fn run(&mut self, conn: &mut Conn, together: &mut Together) -> Result<(), StoreError> {
        let Some(make) = self.plan.take() else { return Ok(()) };
        // A fault in one plan is nobody else's; who asked for it is told that the outcome is unknown.
        match catch_unwind(AssertUnwindSafe(|| write_upon(conn, together.base(), &self.actor, make))) {
            Ok(Err(Refusal::Store(lost @ StoreError::TransactionLost(_)))) => return Err(lost),
            Ok(Err(refusal)) => self.outcome = Some(Err(refusal)),
            Ok(Ok(made)) => {
                together.add(made.written.revision, made.edits, made.identity);
                self.outcome = Some(Ok(made.written));
            }
            Err(_) => log::error!("a write failed in a way that it never should; it was undone"),
        }
        Ok(())
    }

    fn complete(self: Box<Self>, failure: Option<&StoreError>) {
        let outcome = match (failure, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(StoreError::OutcomeUnknown(why)), Some(Ok(_))) => Err(StoreError::OutcomeUnknown(why.clone()).into()),
            // Even a refusal does not stand: it may rest on a write before it that is undone with all the others.
            (Some(why), _) => Err(StoreError::Unavailable(why.to_string()).into()),
            (None, None) => Err(lost()),
        };
        // Nobody waits any more if the caller has gone; the write is kept all the same.
        let _ = self.reply.send(outcome);
    }
}
