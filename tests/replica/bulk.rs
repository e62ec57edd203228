//! Bulk writes on the store, the same on both databases: what they write is what single links would, and
//! how long many of them take.

use std::time::Instant;

use customer_access::directory::{
    Context, CustomerGroupLink, CustomerMembership, CustomerUserGroupLink, CustomerUserServiceLink, Edit, GroupFields,
    GroupName, PermissionName, PermissionSet, ServiceFields, ServiceName,
};
use customer_access::plan::bulk::{self, Act, Bulk, Done, Relation};
use customer_access::plan::selection::{Filter, Selection};
use customer_access::plan::{Plan, Refusal, groups, services};
use customer_access::replica::{Replica, Written};

use super::database::{Kind, on_both, same_as_anew};
use super::verbs::{key, new_customer, new_customer_user, revision, write};

/// Customers, customer users, groups and services, so many of each.
fn populate(replica: &Replica, many: usize, few: usize) {
    let make = move |plan: &mut Plan| -> Result<(), Refusal> {
        for number in 0..many {
            new_customer(plan, &format!("customer {number}"))?;
            new_customer_user(plan, &format!("user {number}"), None)?;
        }
        for number in 0..few {
            groups::create(plan, GroupFields::new(GroupName::parse(&format!("group {number}")).expect("a name")))?;
            let name = ServiceName::parse(&format!("service {number}")).expect("a name");
            services::create(plan, ServiceFields::new(name))?;
        }
        Ok(())
    };
    write(replica, make).expect("a directory");
}

fn everything() -> Selection {
    Selection::Filter(Filter::default())
}

fn some(keys: &[&str]) -> Selection {
    Selection::Keys(keys.iter().map(|name| key(name)).collect())
}

fn types(names: &[&str]) -> Vec<PermissionName> {
    names.iter().map(|name| PermissionName::parse(name).expect("a name")).collect()
}

fn of(relation: Relation, sides: [Selection; 2], act: Act) -> Bulk {
    Bulk { relation, sides, act, expected_matches: None, max_cells: 1_000_000 }
}

#[track_caller]
fn done(replica: &Replica, bulk: Bulk) -> Written<Done> {
    write(replica, move |plan| bulk::write(plan, &bulk)).expect("a bulk write")
}

/// Made, changed, removed, left as they were.
fn counts(done: &Written<Done>) -> [u64; 4] {
    let counts = done.value.counts;
    [counts.created, counts.changed, counts.removed, counts.unchanged]
}

const OF_CUSTOMERS: Relation = Relation::CustomerGroup(Context::SameCustomer);

/// More than are written and read with one statement, in every relation.
fn every_relation_is_made_changed_and_removed(kind: Kind) {
    const MANY: u64 = 1_100;
    let database = kind.database();
    let replica = database.replica();
    populate(&replica, MANY as usize, 2);
    for (relation, few) in [
        (OF_CUSTOMERS, ["group 0", "group 1"]),
        (Relation::CustomerUserGroup, ["group 0", "group 1"]),
        (Relation::CustomerUserService, ["service 0", "service 1"]),
        (Relation::CustomerMembership, ["customer 0", "customer 1"]),
    ] {
        let marks = !matches!(relation, Relation::CustomerGroup(_) | Relation::CustomerUserGroup);
        let set = |names: &[&str]| if marks { Act::Mark(!names.is_empty()) } else { Act::Set(types(names)) };
        let before = revision(&replica);
        let made = done(&replica, of(relation, [everything(), some(&few[..1])], set(&["rw"])));
        assert_eq!((made.revision, counts(&made)), (before + 1, [MANY, 0, 0, 0]), "{relation:?}");
        same_as_anew(&replica, &database);
        let changed = done(&replica, of(relation, [everything(), some(&few)], set(&["ro"])));
        let kept = if marks { [MANY, 0, 0, MANY] } else { [MANY, MANY, 0, 0] };
        assert_eq!((changed.value.matches, counts(&changed)), ([MANY, 2], kept), "{relation:?}");
        same_as_anew(&replica, &database);
        let removed = done(&replica, of(relation, [everything(), some(&few)], set(&[])));
        assert_eq!(counts(&removed), [0, 0, 2 * MANY, 0], "{relation:?}");
        same_as_anew(&replica, &database);
        let nothing = done(&replica, of(relation, [everything(), some(&few)], set(&[])));
        assert_eq!((nothing.revision, counts(&nothing)), (removed.revision, [0, 0, 0, 2 * MANY]), "{relation:?}");
    }
}

/// A selection larger than one statement names, on either side.
fn selections_larger_than_a_statement_are_read_whole(kind: Kind) {
    const MANY: u64 = 5_200;
    let database = kind.database();
    let replica = database.replica();
    populate(&replica, MANY as usize, 1);
    let column = || [everything(), some(&["group 0"])];
    done(&replica, of(OF_CUSTOMERS, column(), Act::Grant(types(&["ro"]))));
    let again = done(&replica, of(OF_CUSTOMERS, column(), Act::Grant(types(&["ro"]))));
    assert_eq!(counts(&again), [0, 0, 0, MANY]);
    let row = || [some(&["user 7"]), everything()];
    done(&replica, of(Relation::CustomerMembership, row(), Act::Mark(true)));
    assert_eq!(counts(&done(&replica, of(Relation::CustomerMembership, row(), Act::Mark(true)))), [0, 0, 0, MANY]);
}

/// The contexts of a link are links of their own.
fn a_context_is_left_as_it_is(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    populate(&replica, 3, 2);
    let both = |act| of(OF_CUSTOMERS, [everything(), some(&["group 0", "group 1"])], act);
    done(&replica, both(Act::Set(types(&["ro"]))));
    let elsewhere = Relation::CustomerGroup(Context::OtherCustomers);
    let revoked = of(elsewhere, [everything(), everything()], Act::Revoke(types(&["ro"])));
    assert_eq!(counts(&done(&replica, revoked))[..3], [0, 0, 0], "there are none, and a revocation needs no context");
    assert_eq!(counts(&done(&replica, both(Act::Set(types(&["ro"]))))), [0, 0, 0, 6]);
}

/// Edits of one link that follow one another: no statement may write a row twice, and the last one counts.
fn of_several_edits_of_a_link_the_last_one_counts(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    populate(&replica, 1, 1);
    let twice = |plan: &mut Plan| -> Result<(), Refusal> {
        let (customer, customer_user) = (1.into(), 1.into());
        let (group, service, context) = (1.into(), 1.into(), Context::SameCustomer);
        for is in [true, false, true] {
            let permissions = if is { PermissionSet::RW } else { PermissionSet::EMPTY };
            let before = if is { PermissionSet::EMPTY } else { PermissionSet::RW };
            let link = CustomerGroupLink { customer, group, context, permissions };
            plan.edit(Edit::CustomerGroupLink { before, link });
        }
        for permissions in [PermissionSet::RW, PermissionSet::EMPTY] {
            let link = CustomerUserGroupLink { customer_user, group, permissions };
            plan.edit(Edit::CustomerUserGroupLink { before: PermissionSet::EMPTY, link });
        }
        for linked in [true, false] {
            plan.edit(Edit::CustomerUserServiceLink(CustomerUserServiceLink { customer_user, service, linked }));
        }
        for member in [false, true] {
            plan.edit(Edit::CustomerMembership(CustomerMembership { customer_user, customer, member }));
        }
        Ok(())
    };
    write(&replica, twice).expect("a write");
    same_as_anew(&replica, &database);
}

/// How long 100,000 new links take; run with `--run-ignored all --no-capture`.
fn a_hundred_thousand_links_are_measured(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    populate(&replica, 1_000, 100);
    for (what, act) in [
        ("made", Act::Set(types(&["ro"]))),
        ("changed", Act::Grant(types(&["rw"]))),
        ("left", Act::Grant(types(&["ro"]))),
        ("removed", Act::Set(Vec::new())),
    ] {
        let groups = Selection::Filter(Filter {
            words: customer_access::store::Words::parse("group", 1).expect("words"),
            ..Filter::default()
        });
        let begun = Instant::now();
        done(&replica, of(OF_CUSTOMERS, [everything(), groups], act));
        eprintln!("{kind:?}: 100,000 links {what} in {:.1} s", begun.elapsed().as_secs_f64());
    }
}

on_both!(
    every_relation_is_made_changed_and_removed,
    selections_larger_than_a_statement_are_read_whole,
    a_context_is_left_as_it_is,
    of_several_edits_of_a_link_the_last_one_counts,
    #[ignore = "a measurement"]
    a_hundred_thousand_links_are_measured,
);
