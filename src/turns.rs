//! Turns on the processors: a thread that works for long offers its own to whoever has woken meanwhile.
//!
//! A kernel may let a thread that only computes go on until the next tick of its clock, which takes some milliseconds, and
//! a question would wait for as long. It looks who waits when the thread calls it. So what works on many rows offers its
//! turn for each.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a thread works before it asks the kernel, which takes some hundred nanoseconds to answer.
const TURN: Duration = Duration::from_micros(50);

/// Lets another thread on, if one waits that has had less time, and if this one has had its turn.
pub fn offer() {
    thread_local! {
        static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    let now = Instant::now();
    if SINCE.get().is_none_or(|since| now.duration_since(since) >= TURN) {
        std::thread::yield_now();
        SINCE.set(Some(Instant::now()));
    }
}
