//! A preview is the difference of the answers before and after, whatever the changes are.

use std::collections::{BTreeSet, HashMap};

use customer_access::access::{DifferenceCounts, Gains, Index, Preview, Warning, warnings};
use customer_access::directory::{Change, Context, CustomerUserNumber, Kind, Settings, Validity};
use proptest::prelude::*;

use super::acts::{Act, acts};
use super::change_sequences::revisions;
use super::naive::Naive;

/// What a customer user has, each thing a line.
type Answers = BTreeSet<String>;

fn answers(naive: &Naive, person: u32) -> Answers {
    let mut found = Answers::new();
    for permission_type in &naive.settings.permission_types.0 {
        let (bit, name) = (permission_type.bit, permission_type.name.as_str());
        for group in naive.groups.keys() {
            if naive.group_sources(person, *group, bit).is_empty() {
                continue;
            }
            found.insert(format!("{name} on {group}"));
            if !naive.other_customers(person, *group, bit).is_empty() {
                found.insert(format!("{name} on {group} for all customers"));
            }
        }
    }
    found.extend(naive.services(person).1.iter().map(|service| format!("service {service}")));
    found.extend(naive.reached_customers(person).iter().map(|customer| format!("things of {customer}")));
    found
}

fn lines(settings: &Settings, gains: &Gains) -> Answers {
    let mut found = Answers::new();
    for held in &gains.groups {
        let group = held.group.0;
        let names = |set| settings.permission_types.names(set);
        found.extend(names(held.permissions).iter().map(|name| format!("{name} on {group}")));
        found.extend(names(held.all_customers).iter().map(|name| format!("{name} on {group} for all customers")));
    }
    found.extend(gains.services.iter().map(|service| format!("service {}", service.0)));
    found.extend(gains.customers.iter().map(|customer| format!("things of {}", customer.0)));
    found
}

fn check(naive: (&Naive, &Naive), preview: &Preview, last: u32) {
    let found: HashMap<u32, _> = preview.differences(None).map(|found| (found.customer_user.0, found)).collect();
    let settings = [preview.before().settings(), preview.after().settings()];
    for person in 0..=last {
        let (before, after) = (answers(naive.0, person), answers(naive.1, person));
        let gained = found.get(&person).map(|found| lines(settings[1], &found.gained)).unwrap_or_default();
        let lost = found.get(&person).map(|found| lines(settings[0], &found.lost)).unwrap_or_default();
        assert_eq!(gained, after.difference(&before).cloned().collect(), "gained by {person}");
        assert_eq!(lost, before.difference(&after).cloned().collect(), "lost by {person}");
    }
    assert!(found.keys().all(|person| *person <= last));
}

fn check_pages(preview: &Preview) {
    let all: Vec<_> = preview.differences(None).collect();
    assert!(all.is_sorted_by_key(|found| found.customer_user));
    for (place, found) in all.iter().enumerate() {
        let rest: Vec<_> = preview.differences(Some(found.customer_user)).collect();
        assert_eq!(rest, all[place + 1..]);
    }
    let mut counts = DifferenceCounts::default();
    all.iter().for_each(|found| counts.add(found));
    assert_eq!(counts.customer_users, all.len() as u64);
    assert!(counts.gaining + counts.losing >= counts.customer_users);
}

/// Who loses default services because of the first services of their own.
fn suppressed(naive: (&Naive, &Naive), person: u32) -> BTreeSet<u32> {
    let (before, after) = (naive.0.services(person), naive.1.services(person));
    let is_first = before.0 == "default" && after.0 == "assigned";
    if is_first { before.1.difference(&after.1).copied().collect() } else { BTreeSet::new() }
}

fn check_warnings(naive: (&Naive, &Naive), preview: &Preview, changes: &[Change], last: u32) {
    let of_services =
        |change: &Change| matches!(change, Change::CustomerUserServiceLinkSet(_) | Change::ServicePut { .. });
    if !changes.iter().all(of_services) {
        return;
    }
    let warned: HashMap<CustomerUserNumber, BTreeSet<u32>> = warnings(preview.before(), preview.after(), changes)
        .into_iter()
        .filter_map(|warning| match warning {
            Warning::DefaultServicesSuppressed { customer_user, services } => {
                Some((customer_user, services.iter().map(|service| service.0).collect()))
            }
            Warning::GroupSupportOff { .. } => None,
        })
        .collect();
    for person in 0..=last {
        let expected = suppressed(naive, person);
        assert_eq!(warned.get(&CustomerUserNumber(person)).cloned().unwrap_or_default(), expected, "of {person}");
    }
}

/// A number that is given anew within one preview says nothing of the links of its holder before.
#[test]
fn what_is_there_again_comes_without_its_links() {
    let linked = [
        Act::BackEnd { id: 1, group_support: true },
        Act::Group { id: 1, key: 0, validity: Validity::Valid },
        Act::Customer { id: 1, key: 0, validity: Validity::Valid },
        Act::CustomerUser { id: 1, key: 0, customer: Some(1), back_end: 1, validity: Validity::Valid },
        Act::Service { id: 1, parent: None, validity: Validity::Valid },
        Act::ServiceLink { customer_user: 1, service: 1, linked: true },
        Act::CustomerUserLink { customer_user: 1, group: 1, permissions: 1 },
        Act::CustomerLink { customer: 1, group: 1, context: Context::SameCustomer, permissions: 2 },
    ];
    for (kind, at) in [(Kind::Service, 4), (Kind::Group, 1), (Kind::Customer, 2), (Kind::CustomerUser, 3)] {
        let again = [Act::Remove { kind, id: 1 }, linked[at].clone()];
        let (revisions, _) = revisions(&[&linked[..], &again].concat());
        let (first, second) = revisions.split_at(linked.len());
        let (mut naive, mut index) = (Naive::new(), Index::default());
        for change in first.iter().flatten() {
            naive.apply(change);
            index.apply(change);
        }
        let before = naive.clone();
        let changes: Vec<Change> = second.iter().flatten().cloned().collect();
        changes.iter().for_each(|change| naive.apply(change));
        let preview = Preview::new(index, &changes);
        assert!(kind == Kind::Customer || preview.differences(None).count() == 1, "something of {kind:?} is lost");
        check((&before, &naive), &preview, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_preview_is_the_difference_of_the_answers(acts in acts(), together in 1_usize..6) {
        let (revisions, _) = revisions(&acts);
        let (mut naive, mut index) = (Naive::new(), Index::default());
        for window in revisions.chunks(together) {
            let changes: Vec<Change> = window.iter().flatten().cloned().collect();
            let before = naive.clone();
            changes.iter().for_each(|change| naive.apply(change));
            let last = before.customer_users.keys().chain(naive.customer_users.keys()).max().copied().unwrap_or(0);
            let preview = Preview::new(index.clone(), &changes);
            check((&before, &naive), &preview, last);
            check_pages(&preview);
            check_warnings((&before, &naive), &preview, &changes, last);
            let was = index.facts();
            prop_assert_eq!(preview.before().facts(), was.clone(), "a preview keeps nothing");
            changes.iter().for_each(|change| index.apply(change));
            prop_assert_eq!(preview.after().facts(), index.facts());
            prop_assert_eq!(preview.before().facts(), was, "what comes later does not reach into it");
        }
    }
}
