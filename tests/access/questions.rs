//! Every way of asking an index, held against the naive reading of the rules (rule 7).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use customer_access::access::{self, Decision, Index, Owner, Source};
use customer_access::directory::{CustomerNumber, CustomerUserNumber, GroupNumber, ServiceNumber};

use super::naive::{Naive, NaiveOwner, NaiveSource};

/// Asks everything.
#[allow(dead_code, reason = "the tests of the rules ask one thing at a time")]
pub fn check_all(naive: &Naive, index: &Index) {
    check_group_answers(naive, index);
    check_thing_answers(naive, index);
    check_effective(naive, index);
    check_services(naive, index);
    check_who_has_permissions(naive, index);
    check_who_has_services(naive, index);
    check_thing_filters(naive, index);
}

/// The numbers that were given out, and one that was not.
fn given<T>(things: &BTreeMap<u32, T>) -> RangeInclusive<u32> {
    1..=things.last_key_value().map_or(0, |(number, _)| *number) + 1
}

fn people(naive: &Naive) -> RangeInclusive<u32> {
    given(&naive.customer_users)
}

fn groups(naive: &Naive) -> RangeInclusive<u32> {
    given(&naive.groups)
}

fn services(naive: &Naive) -> RangeInclusive<u32> {
    given(&naive.services)
}

/// The bits of the permission types, and one that is not configured.
fn bits(naive: &Naive) -> RangeInclusive<u8> {
    0..=naive.configured().last().map_or(0, |bit| bit + 1).min(15)
}

/// Every customer user × group × permission, with some that do not exist.
fn questions(naive: &Naive) -> impl Iterator<Item = (u32, u32, u8)> {
    let (groups, bits) = (groups(naive), bits(naive));
    people(naive)
        .flat_map(move |person| groups.clone().map(move |group| (person, group)))
        .flat_map(move |(person, group)| bits.clone().map(move |bit| (person, group, bit)))
}

fn owners(naive: &Naive) -> impl Iterator<Item = NaiveOwner> {
    let customers = given(&naive.customers).map(Some).chain([None]);
    customers.flat_map(|customer| [None, Some(1), Some(2)].map(|person| (customer, person)))
}

fn plain(sources: &[Source]) -> BTreeSet<NaiveSource> {
    let set: BTreeSet<_> = sources.iter().map(|source| (source.kind(), source.customer().map(u32::from))).collect();
    assert_eq!(set.len(), sources.len(), "each source is named once");
    set
}

fn check(index: &Index, (person, group, bit): (u32, u32, u8), owner: Option<NaiveOwner>) -> Decision {
    let (person, group) = (CustomerUserNumber(person), GroupNumber(group));
    let owner = owner.map(|(customer, person)| Owner {
        customer: customer.map(CustomerNumber),
        customer_user: person.map(CustomerUserNumber),
    });
    let decision = access::check_group(index, person, group, bit, owner.as_ref());
    assert_eq!(decision.allowed(), access::may(index, person, group, bit, owner.as_ref()));
    assert_ne!(decision.sources.is_empty(), decision.reasons.is_empty(), "a yes has sources, a no reasons");
    decision
}

fn numbers<T: Into<u32> + Copy>(of: &[T]) -> BTreeSet<u32> {
    assert!(of.windows(2).all(|pair| pair[0].into() < pair[1].into()), "sorted, each once");
    of.iter().map(|number| (*number).into()).collect()
}

/// Every page of a reverse answer, with pages so small that there are several.
fn pages<T>(mut ask: impl FnMut(Option<CustomerUserNumber>, usize) -> access::Page<T>) -> Vec<T> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = ask(after, 2);
        let last = page.next.is_none();
        assert!(last || page.items.len() == 2, "only the last page is not full");
        items.extend(page.items);
        if last {
            return items;
        }
        after = page.next;
    }
}

pub fn check_group_answers(naive: &Naive, index: &Index) {
    for question @ (person, group, bit) in questions(naive) {
        let expected = naive.group_sources(person, group, bit);
        assert_eq!(plain(&check(index, question, None).sources), expected, "{question:?}");
    }
}

pub fn check_thing_answers(naive: &Naive, index: &Index) {
    for question @ (person, group, bit) in questions(naive) {
        for owner in owners(naive) {
            let expected = naive.all_thing_sources(person, group, bit, owner);
            assert_eq!(plain(&check(index, question, Some(owner)).sources), expected, "{question:?} {owner:?}");
        }
    }
}

/// Permission → its sources.
type Permissions = BTreeMap<u8, BTreeSet<NaiveSource>>;

fn permissions(index: &Index, of: &access::GroupPermissions) -> Permissions {
    let sources = |permission: access::GroupPermission| plain(&permission.sources().collect::<Vec<_>>());
    of.each(index.settings()).map(|permission| (permission.permission_type.bit, sources(permission))).collect()
}

fn expected_permissions(naive: &Naive, person: u32, group: u32) -> Permissions {
    let sources = |bit| (bit, naive.group_sources(person, group, bit));
    bits(naive).map(sources).filter(|(_, sources)| !sources.is_empty()).collect()
}

pub fn check_effective(naive: &Naive, index: &Index) {
    for person in people(naive) {
        let found = access::effective(index, CustomerUserNumber(person));
        let answered: BTreeMap<u32, Permissions> =
            found.groups.iter().map(|group| (group.group.0, permissions(index, &group.permissions))).collect();
        let expected = groups(naive).map(|group| (group, expected_permissions(naive, person, group)));
        assert_eq!(answered, expected.filter(|(_, of)| !of.is_empty()).collect());
        let each = found.groups.iter().map(|it| (it.group.0, it.permissions.each(index.settings())));
        for (group, permission) in each.flat_map(|(group, each)| each.map(move |permission| (group, permission))) {
            let all = !naive.other_customers(person, group, permission.permission_type.bit).is_empty();
            assert_eq!(permission.reaches_all_customers(), all);
        }
        let customers: BTreeSet<u32> = found.customers.iter().map(|customer| customer.customer.0).collect();
        assert_eq!((customers.len(), customers), (found.customers.len(), naive.customers_of(person)));
    }
}

pub fn check_services(naive: &Naive, index: &Index) {
    for person in people(naive) {
        let (basis, expected, suppressed) = naive.services(person);
        let found = access::effective_services(index, CustomerUserNumber(person));
        assert_eq!(found, access::effective(index, CustomerUserNumber(person)).services);
        assert_eq!(found.basis.as_str(), basis);
        assert_eq!((numbers(&found.items), numbers(&found.suppressed_defaults)), (expected.clone(), suppressed));
        for service in services(naive) {
            let decision = check_service(index, Some(person), service);
            assert_eq!(decision.allowed(), expected.contains(&service));
        }
    }
    let unknown = naive.services_of_unknown();
    for service in services(naive) {
        let expected = unknown.as_ref().is_some_and(|services| services.contains(&service));
        assert_eq!(check_service(index, None, service).allowed(), expected);
    }
    assert_eq!(access::services_of_unknown(index).map(|services| numbers(&services)), unknown);
}

fn check_service(index: &Index, person: Option<u32>, service: u32) -> Decision {
    let (person, service) = (person.map(CustomerUserNumber), ServiceNumber(service));
    let decision = access::check_service(index, person, service);
    assert_eq!(decision.allowed(), access::may_service(index, person, service));
    assert_ne!(decision.sources.is_empty(), decision.reasons.is_empty(), "a yes has sources, a no reasons");
    decision
}

pub fn check_who_has_permissions(naive: &Naive, index: &Index) {
    for group in groups(naive) {
        for bit in bits(naive).map(Some).chain([None]) {
            let ask = |after, limit| access::who_has_permission(index, GroupNumber(group), bit, after, limit);
            let found = pages(ask);
            assert_eq!(found, ask(None, 1_000).items);
            let found: Vec<_> =
                found.iter().map(|it| (it.customer_user.0, permissions(index, &it.permissions))).collect();
            let mut expected: Vec<_> =
                people(naive).map(|person| (person, expected_permissions(naive, person, group))).collect();
            expected.iter_mut().for_each(|(_, of)| of.retain(|it, _| bit.is_none_or(|bit| bit == *it)));
            expected.retain(|(_, of)| !of.is_empty());
            assert_eq!(found, expected);
        }
    }
}

pub fn check_who_has_services(naive: &Naive, index: &Index) {
    for service in services(naive) {
        let found = pages(|after, limit| access::who_has_service(index, ServiceNumber(service), after, limit));
        let found: Vec<_> = found.iter().map(|holder| (holder.customer_user.0, holder.basis.as_str())).collect();
        let has = |person| {
            let (basis, services, _) = naive.services(person);
            services.contains(&service).then_some((person, basis))
        };
        assert_eq!(found, people(naive).filter_map(has).collect::<Vec<_>>());
    }
}

pub fn check_thing_filters(naive: &Naive, index: &Index) {
    for person in people(naive) {
        for bit in bits(naive) {
            let filter = access::thing_filter(index, CustomerUserNumber(person), bit);
            numbers(&filter.groups.iter().map(|things| things.group).collect::<Vec<_>>());
            for (group, owner) in groups(naive).flat_map(|group| owners(naive).map(move |owner| (group, owner))) {
                let reached = filter.groups.iter().filter(|things| things.group.0 == group).any(|things| {
                    let of_customer = |customer| things.customers.contains(&CustomerNumber(customer));
                    owner.1 == Some(person) || things.all || owner.0.is_some_and(of_customer)
                });
                assert_eq!(reached, !naive.all_thing_sources(person, group, bit, owner).is_empty());
            }
        }
    }
}
