//! The change feed as server-sent events.
//!
//! A stream holds its place in the log and nothing else. It reads on when the index has come to
//! another revision and what it read before is on its way, so that a slow reader holds up nobody; and
//! it is read in pages, so that it holds no more than one, however much there is to tell.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web};
use futures_util::future::{Ready, ready, select};
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::super::lists::Query;
use super::super::problem::Problem;
use super::super::reply::{ACCESS_REVISION, Answer};
use super::super::state::{Api, Shared};
use super::feed::{self, Filter, LogPlace, Reading};

/// So many changes are read at a time.
const AT_A_TIME: usize = 100;
/// How often something is sent, if only to find out whether anybody is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many milliseconds a client waits before it connects again.
const RETRY: u32 = 1_000;

/// The open streams of all callers.
pub struct Streams {
    most: usize,
    open: Mutex<HashMap<String, usize>>,
    /// Streams never take all connections to the database.
    readers: Semaphore,
    closing: watch::Receiver<bool>,
}

impl Streams {
    /// None open yet; they all end when `closing` says so.
    pub fn new(most: usize, readers: usize, closing: watch::Receiver<bool>) -> Self {
        Self { most, open: Mutex::default(), readers: Semaphore::new(readers), closing }
    }

    fn begin(&self, subject: &str) -> Result<(), Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(subject.to_owned()).or_default();
        if *count >= self.most {
            let detail = format!("{subject:?} holds {count} streams open, as many as MAX_STREAMS allows. End one.");
            return Err(Problem::new("too_many_streams", detail).with_header(header::RETRY_AFTER, "30"));
        }
        *count += 1;
        Ok(())
    }

    fn end(&self, subject: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(subject) {
            *count -= 1;
            if *count == 0 {
                open.remove(subject);
            }
        }
    }
}

/// One of the open streams.
struct Slot {
    state: Shared,
    subject: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.state.streams.end(&self.subject);
    }
}

/// The parameters of a stream of changes.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamParams {
    /// Changes after this: a `next_after` of `/v1/changes`, or the `Access-Revision` of any reply; absent,
    /// from the beginning of the log. `Last-Event-ID` outweighs it.
    #[param(example = "5f0c1d9e6a574b0e-42")]
    pub after: Option<String>,
    /// Only changes of these kinds, with commas between them.
    #[param(example = "customer_user_put,customer_user_removed")]
    pub kind: Option<String>,
    /// Only changes whose facts name the thing with this id, links included.
    #[param(example = "c12")]
    pub id: Option<String>,
}

/// The last event that a client has seen.
pub struct LastEventId(Option<LogPlace>);

impl FromRequest for LastEventId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sent = request.headers().get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
        let refused = |why: &str| Problem::new("invalid_header", format!("Last-Event-ID {why}"));
        let place = sent.filter(|id| !id.is_empty()).map(|id| LogPlace::parse(id, refused));
        ready(place.transpose().map(LastEventId))
    }
}

/// Streams the changes.
///
/// The changes of `/v1/changes` as server-sent events, each when this replica answers by it: `id` is its
/// place in the log, `event` the kind of change, `data` the item as `/v1/changes` has it. A client that
/// connects again sends the last `id` as `Last-Event-ID` and misses nothing; what it has seen it may see
/// again, and applying a change twice is applying it once. A comment comes every 15 s while there is
/// nothing to tell; with a filter it may carry an `id`.
///
/// The stream ends when the token expires, when the server stops, and when the log cannot be followed
/// any more; connecting again tells which: a 401, a 410 `changes_gone`, a 412 `epoch_changed`, or the
/// stream. `REQUEST_TIMEOUT` does not bear on it, and it is never compressed. A caller may hold
/// `MAX_STREAMS` open (429 `too_many_streams`); one whose client has gone counts for up to 30 s.
#[utoipa::path(get, path = "/v1/changes/stream", tag = "changes", params(StreamParams), responses((
    status = 200, description = "Changes, as long as the stream is open.", body = String, content_type = "text/event-stream",
    example = "retry: 1000\n\nid: 5f0c1d9e6a574b0e-42\nevent: customer_put\ndata: {\"revision\":\"5f0c1d9e6a574b0e-42\",\"committed_at\":\"2026-11-22T09:30:00.123456Z\",\"change\":\"customer_put\",\"facts\":{\"customer_id\":\"acme\",\"id\":\"c12\",\"validity\":\"valid\"}}\n\n",
)))]
pub async fn stream_changes(api: Api, Query(params): Query<StreamParams>, last: LastEventId) -> Answer {
    let filter = Filter::parse(params.kind.as_deref(), params.id)?;
    let refused = |why: &str| Problem::new("invalid_parameter", format!("after {why}"));
    let after = params.after.as_deref().map(|after| LogPlace::parse(after, refused)).transpose()?;
    let after = last.0.or(after);
    let begun = api.read(move |conn| feed::begin(conn, after)).await?;
    let stream = Stream::begin(&api, begun.value.0, filter)?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((ACCESS_REVISION, begun.revision.to_string()))
        // For proxies that would gather what is to be sent at once.
        .insert_header(("x-accel-buffering", "no"))
        .force_close()
        .streaming(unfold(stream, Stream::next)))
}

struct Stream {
    slot: Slot,
    filter: Arc<Filter>,
    /// All up to here was sent, or did not fit.
    at: LogPlace,
    /// The place that the client knows.
    known: LogPlace,
    revisions: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    expires: Instant,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Greeting,
    Following,
    Over,
}

type Event = Result<web::Bytes, Infallible>;

impl Stream {
    fn begin(api: &Api, at: LogPlace, filter: Filter) -> Result<Self, Problem> {
        let (state, subject) = (api.state_data(), api.caller.actor.clone());
        state.streams.begin(&subject)?;
        let (revisions, closing) = (state.replica.revisions(), state.streams.closing.clone());
        let left = api.caller.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        Ok(Self {
            slot: Slot { state, subject },
            filter: Arc::new(filter),
            known: at.clone(),
            at,
            revisions,
            closing,
            // A day more or less is nothing to a stream, and a token of many years would overflow.
            expires: Instant::now() + left.min(Duration::from_secs(30 * 86_400)),
            phase: Phase::Greeting,
        })
    }

    /// What is sent next, as soon as there is something.
    async fn next(mut self) -> Option<(Event, Self)> {
        let text = match self.phase {
            Phase::Over => return None,
            Phase::Greeting => format!("retry: {RETRY}\n\n"),
            Phase::Following => self.following().await?,
        };
        if self.phase == Phase::Greeting {
            self.phase = Phase::Following;
        }
        Some((Ok(text.into()), self))
    }

    async fn following(&mut self) -> Option<String> {
        let heartbeat = Instant::now() + HEARTBEAT;
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if Instant::now() >= self.expires {
                self.phase = Phase::Over;
                return Some(": the token has expired\n\n".to_owned());
            }
            let through = *self.revisions.borrow_and_update();
            let reading = self.read(through).await.ok()?;
            self.at = reading.next.clone();
            if !reading.items.is_empty() {
                self.known = reading.next.clone();
                return Some(events(&reading));
            }
            if Instant::now() >= heartbeat {
                return Some(self.heartbeat());
            }
            if !reading.more {
                self.wait_until(heartbeat.min(self.expires)).await?;
            }
        }
    }

    /// Reads on. A stream that cannot is at its end; connecting again tells why.
    async fn read(&self, through: u64) -> Result<Reading, Problem> {
        let state = &self.slot.state;
        let _turn = state.streams.readers.acquire().await.map_err(Problem::internal)?;
        let (replica, filter, at) = (state.replica.clone(), Arc::clone(&self.filter), self.at.clone());
        let read = web::block(move || {
            replica.read(|conn| {
                let (at, _) = feed::begin(conn, Some(at))?;
                feed::read(conn, &at, &filter, AT_A_TIME, through)
            })
        });
        Ok(read.await.map_err(Problem::internal)??.0)
    }

    /// Waits for another revision, the end of the server, or a moment.
    async fn wait_until(&mut self, moment: Instant) -> Option<()> {
        let (revision, closing) = (pin!(self.revisions.changed()), pin!(self.closing.changed()));
        match tokio::time::timeout_at(moment, select(revision, closing)).await {
            Ok(woken) => woken.factor_first().0.ok(),
            Err(_) => Some(()),
        }
    }

    /// A comment, and the place if it is another: changes that do not fit move it on.
    fn heartbeat(&mut self) -> String {
        if self.known == self.at {
            return ": nothing new\n\n".to_owned();
        }
        self.known = self.at.clone();
        format!(": nothing new that fits\nid: {}\n\n", self.at)
    }
}

/// The events of some changes. Who has seen the last one has seen all that was looked through.
fn events(reading: &Reading) -> String {
    let mut text = String::new();
    for (index, (place, change)) in reading.items.iter().enumerate() {
        let place = if index + 1 == reading.items.len() { &reading.next } else { place };
        let data = serde_json::to_string(change).unwrap_or_default();
        let _ = write!(text, "id: {place}\nevent: {}\ndata: {data}\n\n", change.change);
    }
    text
}
