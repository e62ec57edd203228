//! How long readers wait while the index follows changes, and how large the index is, in a directory of
//! `BENCH_CUSTOMER_USERS`: the way of a replica, with a lock and readers.
//!
//! A reader waits when the lock is taken. It seems to wait, too, when the machine gives its processor to somebody
//! else, which no program can help: the time in the queue for a processor is taken off where the system tells it, each
//! measurement is made several times, and the one with the fewest of such accidents counts. The same without a writer
//! is reported beside it, and the longest time that the lock was held.
#![allow(missing_docs, clippy::expect_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a bench waits, and serves nobody")]

#[allow(dead_code, reason = "each bench uses the parts of this that it needs")]
mod clock;
mod directory;
mod rows;

use std::hint::black_box;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use customer_access::access::{self, Index};
use customer_access::directory::{Change, CustomerUserGroupLink, CustomerUserNumber, GroupNumber, PermissionSet};
use directory::{GROUPS, Random, customer_users};
use rows::Target::{AtMost, None as NoTarget};

/// How often each measurement is made.
const TIMES: usize = 5;
const CHANGES: u32 = 100_000;
/// So long a wait is looked into.
const WORTH_A_LOOK: Duration = Duration::from_micros(100);
/// How often the time in the queue is noted besides, so that little of it is older than a wait.
const LOOK_EVERY: u64 = 1_000;

fn links(random: &mut Random, people: u32) -> Vec<Change> {
    let link = |_| {
        let (customer_user, group) = (CustomerUserNumber(random.one(people)), GroupNumber(random.one(GROUPS)));
        Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions: PermissionSet::RW })
    };
    (0..CHANGES).map(link).collect()
}

/// Asks until told to stop; gives the longest time that one answer took.
fn read(index: &RwLock<Index>, stop: &AtomicBool, people: u32, asked: &AtomicU64) -> Duration {
    let (mut random, mut longest, mut queued) = (Random::new(), Duration::ZERO, clock::queued());
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let guard = index.read().expect("a lock");
        black_box(access::may(&guard, CustomerUserNumber(random.one(people)), GroupNumber(1), 1, None));
        drop(guard);
        let took = began.elapsed();
        if took > WORTH_A_LOOK {
            let queued_now = clock::queued();
            longest = longest.max(took.saturating_sub(queued_now - queued));
            queued = queued_now;
        } else {
            longest = longest.max(took);
        }
        if asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            queued = clock::queued();
        }
    }
    longest
}

/// What one writer did beside a reader.
#[derive(Clone, Copy)]
struct Beside {
    took: Duration,
    longest_wait: Duration,
    longest_hold: Duration,
}

/// Runs `write`, which gives how long it held the lock at the longest, while a reader reads.
fn beside_a_reader(index: &RwLock<Index>, people: u32, write: impl FnOnce() -> Duration) -> Beside {
    let (stop, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(index, &stop, people, &asked));
        while asked.load(Ordering::Relaxed) < 10_000 {
            std::hint::spin_loop();
        }
        let began = Instant::now();
        let longest_hold = write();
        let took = began.elapsed();
        stop.store(true, Ordering::Relaxed);
        Beside { took, longest_wait: reader.join().expect("a reader"), longest_hold }
    })
}

/// Of several measurements the one with the shortest of the longest waits.
fn calmest(mut measure: impl FnMut() -> Beside) -> Beside {
    let all = (0..TIMES).map(|_| measure());
    all.min_by_key(|beside| beside.longest_wait).expect("at least one")
}

/// One revision after the other, each of one link, in place.
fn one_by_one(index: &RwLock<Index>, changes: &[Change]) -> Duration {
    let apply = |change| {
        let mut guard = index.write().expect("a lock");
        let began = Instant::now();
        guard.apply(change);
        began.elapsed()
    };
    changes.iter().map(apply).max().unwrap_or_default()
}

/// One revision of many links: applied to a copy, which then takes the index's place.
fn all_at_once(index: &RwLock<Index>, changes: &[Change]) -> Duration {
    let mut next = index.read().expect("a lock").clone();
    next.apply_all(changes);
    let mut guard = index.write().expect("a lock");
    let began = Instant::now();
    let old = std::mem::replace(&mut *guard, next);
    let held = began.elapsed();
    drop(guard);
    drop(old);
    held
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn main() {
    let people = customer_users();
    let (before, began) = (resident(), Instant::now());
    let index = RwLock::new(directory::index(people));
    println!("{people} customer users, built in {:?}", began.elapsed());
    let bytes = (resident() - before) as f64 / f64::from(people);
    rows::report("memory of the index, a customer user", bytes, "bytes", AtMost(300.0));
    let idle = calmest(|| {
        beside_a_reader(&index, people, || {
            std::thread::sleep(Duration::from_secs(1));
            Duration::ZERO
        })
    });
    rows::report("longest wait of a reader, no writer", micros(idle.longest_wait) / 1e3, "ms", NoTarget);
    let mut random = Random::new();
    let single = calmest(|| {
        let changes = links(&mut random, people);
        beside_a_reader(&index, people, || one_by_one(&index, &changes))
    });
    rows::report("apply one link change while readers run", micros(single.took / CHANGES), "µs", AtMost(20.0));
    rows::report("longest wait of a reader, single changes", micros(single.longest_wait) / 1e3, "ms", NoTarget);
    let bulk = calmest(|| {
        let changes = links(&mut random, people);
        beside_a_reader(&index, people, || all_at_once(&index, &changes))
    });
    rows::report("100,000 cells in one revision: longest wait", micros(bulk.longest_wait) / 1e3, "ms", AtMost(1.0));
    rows::report("100,000 cells in one revision: the lock held", micros(bulk.longest_hold), "µs", NoTarget);
    rows::report("100,000 cells in one revision: time to apply", bulk.took.as_secs_f64(), "s", AtMost(1.0));
}
