//! Turns on the processors: a thread that works for long offers its own to whoever has woken meanwhile.
//!
//! A kernel may let a thread that only computes go on until the next tick of its clock, which takes some milliseconds, and
//! a question would wait for as long. It looks who waits when the thread calls it. So what works on many rows offers its
//! turn for each.

use std::time::{Duration, Instant};

/// How long a thread works before it asks the kernel, which takes some hundred nanoseconds to answer.
const LEAST: Duration = Duration::from_micros(50);

/// Items one after the other, with an offer of the turn at each.
pub fn offering<I: IntoIterator>(items: I) -> impl Iterator<Item = I::Item> {
    let mut turn = Turn::begin();
    items.into_iter().inspect(move |_| turn.offer())
}

/// The turn of a thread that works on many things, one after the other.
pub struct Turn {
    since: Instant,
    length: Duration,
}

impl Turn {
    /// It begins. Who has little to do ends before it is to be offered to anybody.
    pub fn begin() -> Self {
        Self { since: Instant::now(), length: LEAST }
    }

    /// Lets another thread on, if one waits, and if this one has had its turn. Who was kept away for long has a longer one
    /// after that: whoever shares a processor with threads that offer nothing gets about a fifth of it all the same.
    pub fn offer(&mut self) {
        let asked = Instant::now();
        if asked.duration_since(self.since) >= self.length {
            std::thread::yield_now();
            self.since = Instant::now();
            self.length = LEAST.max(self.since.duration_since(asked) / 4);
        }
    }
}
