//! What one question costs in process, at random, in a directory of `BENCH_CUSTOMER_USERS`, and how the cost of a check
//! grows up to there.
#![allow(missing_docs, clippy::expect_used, reason = "a bench fails by panicking, and criterion makes functions")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[allow(dead_code, reason = "each bench uses the parts of this that it needs")]
mod clock;
mod directory;
mod rows;

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use customer_access::access::{self, Index, Preview};
use customer_access::directory::{
    BackEndName, Change, CustomerUserGroupLink, CustomerUserNumber, GroupNumber, PermissionSet, Reference,
};
use directory::{GROUPS, Random, SMALL_BACK_END, customer_users, login};
use rows::Target::{AtMost, None as NoTarget};

/// So many questions are prepared: far more than a processor's caches remember the answers of.
const QUESTIONS: usize = 1 << 20;
/// The group whose members are counted out, and how many customer users the directory around it has.
const MEMBERS: u32 = 1_400;
const AROUND: u32 = 20_000;

/// Runs a bench and gives the median time of the processor for one turn, in nanoseconds.
fn measure<T>(c: &mut Criterion, name: &str, mut turn: impl FnMut() -> T) -> f64 {
    let samples = Cell::new(Vec::new());
    c.bench_function(name, |b| {
        b.iter_custom(|turns| {
            let began = clock::processor();
            for _ in 0..turns {
                black_box(turn());
            }
            let took = clock::processor() - began;
            let mut taken = samples.take();
            taken.push(took.as_secs_f64() * 1e9 / turns as f64);
            samples.set(taken);
            took
        });
    });
    rows::median(samples.take())
}

/// Goes round and round.
fn turning(count: usize) -> impl FnMut() -> usize {
    let mut at = 0;
    move || {
        at = (at + 1) % count;
        at
    }
}

fn asked(people: u32) -> Vec<(u32, u32)> {
    let mut random = Random::new();
    (0..QUESTIONS).map(|_| (random.one(people), random.one(GROUPS))).collect()
}

fn check(c: &mut Criterion, index: &Index, people: u32) -> f64 {
    let (asked, mut next) = (asked(people), turning(QUESTIONS));
    measure(c, &format!("check by number at {people} customer users"), || {
        let (who, group) = asked[next()];
        access::may(index, CustomerUserNumber(who), GroupNumber(group), 1, None)
    })
}

/// What the machine takes, now, to read from memory what it cannot foresee and has not in its caches, in as much memory
/// as a million entries need: a check waits for two such reads at least, one after the other.
fn one_read(c: &mut Criterion) -> f64 {
    let (cells, mut at) = (directory::cells(1 << 25), 0);
    measure(c, "one read of memory at random", || {
        at = cells[at as usize];
        at
    })
}

fn questions(c: &mut Criterion) {
    let people = customer_users();
    let read = one_read(c);
    rows::report("one read of memory at random, after another", read, "ns", NoTarget);
    for smaller in [1_000, 10_000, 100_000].into_iter().filter(|smaller| *smaller < people) {
        let took = check(c, &directory::index(smaller), smaller);
        rows::report(&format!("check by number at {smaller} customer users"), took, "ns", NoTarget);
    }
    let index = directory::index(people);
    let took = check(c, &index, people);
    rows::report(&format!("check by number at {people} customer users"), took, "ns", AtMost(250.0));
    rows::report("check by number ÷ one read of memory at random", took / read, "ratio", NoTarget);
    by_login(c, &index, people);
    let (asked, mut next) = (asked(people), turning(QUESTIONS));
    let took = measure(c, "everything that one customer user has", || {
        access::effective(&index, CustomerUserNumber(asked[next()].0))
    });
    rows::report("everything that one customer user has", took / 1e3, "µs", NoTarget);
    let took = measure(c, "who has ro on a group, a page of 1,000", || {
        access::who_has_permission(&index, GroupNumber(asked[next()].1), Some(1), None, 1_000)
    });
    rows::report("who has ro on a group, at random, a page of 1,000", took / 1e6, "ms", NoTarget);
    members(c);
    changes(c, index, &asked);
}

fn by_login(c: &mut Criterion, index: &Index, people: u32) {
    let mut next = turning(QUESTIONS / 4);
    let asked = asked(people).into_iter().take(QUESTIONS / 4);
    let logins: Vec<(Reference, u32)> = asked.map(|(who, group)| (reference(&login(who)), group)).collect();
    let took = measure(c, "check from the login's text", || {
        let (who, group) = &logins[next()];
        let who: CustomerUserNumber = index.resolve(who).expect("a login that is there");
        access::may(index, who, GroupNumber(*group), 1, None)
    });
    rows::report("check from the login's text", took / 1e3, "µs", AtMost(1.5));
}

/// Who has `ro` on a group of 1,400 members among 20,000 customer users.
fn members(c: &mut Criterion) {
    let mut index = directory::index(AROUND);
    let group = GroupNumber(GROUPS + 1);
    index.apply(&directory::group(group));
    for number in 0..MEMBERS {
        index.apply(&link((1 + number * (AROUND / MEMBERS), group.into()), PermissionSet::of(1)));
    }
    let took = measure(c, "who has ro on a group of 1,400 of 20,000, the first page of 1,000", || {
        access::who_has_permission(&index, group, Some(1), None, 1_000)
    });
    let target = AtMost(1.0);
    rows::report("who has ro on a group of 1,400 of 20,000, the first page of 1,000", took / 1e6, "ms", target);
}

fn reference(login: &str) -> Reference {
    Reference::parse(login).expect("a reference")
}

fn link((customer_user, group): (u32, u32), permissions: PermissionSet) -> Change {
    let (customer_user, group) = (CustomerUserNumber::from(customer_user), GroupNumber::from(group));
    Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions })
}

fn changes(c: &mut Criterion, mut index: Index, asked: &[(u32, u32)]) {
    let links: Vec<Change> = asked.iter().take(1 << 16).map(|pair| link(*pair, PermissionSet::RW)).collect();
    let mut next = turning(links.len());
    let took = measure(c, "apply one change of a link", || index.apply(&links[next()]));
    rows::report("apply one change of a link, nobody reading", took / 1e3, "µs", NoTarget);
    let took = measure(c, "copy the index", || index.clone());
    rows::report("copy the index", took / 1e3, "µs", NoTarget);
    let name = BackEndName::parse("ldap").expect("a name");
    let off = [Change::BackEndPut { id: SMALL_BACK_END, name, group_support: false }];
    let took = (0..3).map(|_| preview(&index, &off).as_secs_f64()).fold(f64::INFINITY, f64::min);
    rows::report("preview: a tenth of the customer users gain group access", took, "s", AtMost(2.0));
}

fn preview(index: &Index, changes: &[Change]) -> Duration {
    let began = Instant::now();
    black_box(Preview::new(index.clone(), changes).differences(None).count());
    began.elapsed()
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(if rows::quick() { 10 } else { 50 });
    targets = questions
}
criterion_main!(benches);
