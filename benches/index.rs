//! What one question costs in process, at random, in a directory of `BENCH_CUSTOMER_USERS`.
#![allow(missing_docs, clippy::expect_used, reason = "a bench fails by panicking, and criterion makes functions")]

mod directory;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use customer_access::access::{self, Index, Preview};
use customer_access::directory::{
    BackEndName, Change, CustomerUserGroupLink, CustomerUserNumber, GroupNumber, PermissionSet, Reference,
};
use directory::{GROUPS, Random, SMALL_BACK_END, customer_users, login};

/// So many questions are prepared, more than a processor's caches remember the answers of.
const QUESTIONS: usize = 1 << 16;

fn questions(c: &mut Criterion) {
    let people = customer_users();
    let index = directory::index(people);
    let mut random = Random::new();
    let asked: Vec<(u32, u32)> = (0..QUESTIONS).map(|_| (random.one(people), random.one(GROUPS))).collect();
    let logins: Vec<(Reference, u32)> = asked.iter().map(|(who, group)| (reference(&login(*who)), *group)).collect();
    let mut at = 0;
    let mut next = move || {
        at = (at + 1) % QUESTIONS;
        at
    };
    c.bench_function("check, by number", |b| {
        b.iter(|| {
            let (who, group) = asked[next()];
            black_box(access::may(&index, CustomerUserNumber(who), GroupNumber(group), 1, None))
        });
    });
    c.bench_function("check, from the login's text", |b| {
        b.iter(|| {
            let (who, group) = &logins[next()];
            let who: CustomerUserNumber = index.resolve(who).expect("a login that is there");
            black_box(access::may(&index, who, GroupNumber(*group), 1, None))
        });
    });
    c.bench_function("everything that one customer user has", |b| {
        b.iter(|| black_box(access::effective(&index, CustomerUserNumber(asked[next()].0))));
    });
    c.bench_function("who has a permission on a group, a page of 1,000", |b| {
        b.iter(|| {
            let group = GroupNumber(asked[next()].1);
            black_box(access::who_has_permission(&index, group, Some(1), None, 1_000))
        });
    });
    changes(c, index, &asked);
}

fn reference(login: &str) -> Reference {
    Reference::parse(login).expect("a reference")
}

fn link((customer_user, group): (u32, u32), permissions: PermissionSet) -> Change {
    let (customer_user, group) = (CustomerUserNumber(customer_user), GroupNumber(group));
    Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions })
}

fn changes(c: &mut Criterion, mut index: Index, asked: &[(u32, u32)]) {
    let links: Vec<Change> = asked.iter().map(|pair| link(*pair, PermissionSet::RW)).collect();
    let mut at = 0;
    c.bench_function("apply one change of a link", |b| {
        b.iter(|| {
            at = (at + 1) % links.len();
            index.apply(&links[at]);
        });
    });
    c.bench_function("copy the index", |b| b.iter_batched(|| (), |()| index.clone(), BatchSize::PerIteration));
    let name = BackEndName::parse("ldap").expect("a name");
    let off = [Change::BackEndPut { id: SMALL_BACK_END, name, group_support: false }];
    let mut slow = c.benchmark_group("preview");
    slow.sample_size(10);
    slow.bench_function("group support of a tenth of the customer users turned off", |b| {
        b.iter(|| black_box(Preview::new(index.clone(), &off).differences(None).count()));
    });
}

criterion_group!(benches, questions);
criterion_main!(benches);
