//! How long readers wait while the index follows changes, and how large the index is, in a directory of
//! `BENCH_CUSTOMER_USERS`: the way of a replica, with a lock and several readers.
#![allow(missing_docs, clippy::expect_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a bench waits, and serves nobody")]

mod directory;

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use customer_access::access::{self, Index};
use customer_access::directory::{Change, CustomerUserGroupLink, CustomerUserNumber, GroupNumber, PermissionSet};
use directory::{GROUPS, Random, customer_users};

fn link(random: &mut Random, people: u32) -> Change {
    let (customer_user, group) = (CustomerUserNumber(random.one(people)), GroupNumber(random.one(GROUPS)));
    Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions: PermissionSet::RW })
}

/// Asks until told to stop; gives the longest time that one answer took.
fn read(index: &RwLock<Index>, stop: &AtomicBool, people: u32, asked: &AtomicU64) -> Duration {
    let (mut random, mut longest) = (Random::new(), Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let guard = index.read().expect("a lock");
        std::hint::black_box(access::may(&guard, CustomerUserNumber(random.one(people)), GroupNumber(1), 1, None));
        drop(guard);
        longest = longest.max(began.elapsed());
        asked.fetch_add(1, Ordering::Relaxed);
    }
    longest
}

/// Runs `write` while one reader reads; gives how long it took, and the reader's longest wait.
fn beside_a_reader(index: &RwLock<Index>, people: u32, write: impl FnOnce()) -> (Duration, Duration, u64) {
    let (stop, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(index, &stop, people, &asked));
        while asked.load(Ordering::Relaxed) < 10_000 {
            std::hint::spin_loop();
        }
        let began = Instant::now();
        write();
        let took = began.elapsed();
        stop.store(true, Ordering::Relaxed);
        (took, reader.join().expect("a reader"), asked.load(Ordering::Relaxed))
    })
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn main() {
    let people = customer_users();
    let before = resident();
    let began = Instant::now();
    let index = RwLock::new(directory::index(people));
    println!("{people} customer users, built in {:?}", began.elapsed());
    println!("memory: {} bytes a customer user", (resident() - before) / u64::from(people));
    let mut random = Random::new();
    let (_, idle, asked) = beside_a_reader(&index, people, || std::thread::sleep(Duration::from_secs(1)));
    println!("no writer: longest wait {idle:?} of {asked}");
    let changes: Vec<Change> = (0..100_000).map(|_| link(&mut random, people)).collect();
    let (took, longest, asked) = beside_a_reader(&index, people, || {
        for change in &changes {
            index.write().expect("a lock").apply(change);
        }
    });
    println!("100,000 revisions of one link: {:?} each, longest wait {longest:?} of {asked}", took / 100_000);
    let changes: Vec<Change> = (0..100_000).map(|_| link(&mut random, people)).collect();
    let (took, longest, asked) = beside_a_reader(&index, people, || {
        let mut next = index.read().expect("a lock").clone();
        changes.iter().for_each(|change| next.apply(change));
        let old = std::mem::replace(&mut *index.write().expect("a lock"), next);
        drop(old);
    });
    println!("one revision of 100,000 links: {took:?}, longest wait {longest:?} of {asked}");
}
