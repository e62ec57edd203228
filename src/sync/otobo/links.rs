//! How the links and lists here differ from the desk's.
//!
//! What is there and not here is made. What is here and not there may have been made here, by hand or by
//! another system, and taking it away is the one thing that nobody can undo by looking at the desk: it
//! is kept and said, one by one, unless the operator wants it removed. Links are only ever looked at
//! between things that both came from this source.

use std::collections::{BTreeMap, BTreeSet};

use super::intent::Intent;
use super::numbers::{Numbers, permission_set};
use super::policy::Policy;
use super::report::{Counts, Finding, Outcome, Report};
use crate::access::Index;
use crate::directory::{
    Change, Context, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUserGroupLink, CustomerUserNumber,
    CustomerUserServiceLink, GroupNumber, Number, PermissionSet, Roll, ServiceNumber, Thing,
};

/// What is different, as the links and lists are to be; and what was said of it.
pub(super) fn foresee(
    index: &Index,
    intent: &Intent,
    numbers: &Numbers,
    policy: &Policy,
    report: &mut Report,
) -> Vec<Change> {
    let groups = numbers.groups.iter().flatten().map(|number| u32::from(*number)).collect();
    let services = numbers.services.iter().flatten().map(|number| u32::from(*number)).collect();
    let customers = numbers.customers.iter().flatten().map(|number| u32::from(*number)).collect();
    let from_source = FromSource { groups, services, customers };
    let mut comparing = Comparing { index, intent, numbers, policy, report, from_source, changes: Vec::new() };
    comparing.memberships();
    comparing.customer_grants();
    comparing.customer_user_grants();
    comparing.service_links();
    comparing.rolls();
    comparing.changes
}

/// What came from the desk, by number.
struct FromSource {
    groups: BTreeSet<u32>,
    services: BTreeSet<u32>,
    customers: BTreeSet<u32>,
}

struct Comparing<'c> {
    index: &'c Index,
    intent: &'c Intent,
    numbers: &'c Numbers,
    policy: &'c Policy,
    report: &'c mut Report,
    from_source: FromSource,
    changes: Vec<Change>,
}

impl Comparing<'_> {
    fn name<N: Number>(&self, number: N) -> String {
        let thing = Thing { kind: N::KIND, number: number.into() };
        format!("{} {:?}", N::KIND, self.index.key(thing).unwrap_or_default())
    }

    /// Says that something is here and not there; whether it is to be removed.
    fn only_here(&mut self, counts: &mut Counts, row: String) -> bool {
        let remove = self.policy.remove_missing_links;
        if remove {
            counts.removed += 1;
        } else {
            counts.only_here += 1;
        }
        let (code, reason) = match remove {
            true => ("link_removed", "is not in the desk, and is removed"),
            false => ("link_only_here", "is not in the desk; it is kept (--remove-missing-links removes it)"),
        };
        let flag = Some("--remove-missing-links");
        let reason = reason.to_owned();
        self.report.find(Finding { outcome: Outcome::Noted, code, table: "here", row, reason, flag });
        remove
    }

    /// Compares one set of links that are or are not.
    fn marks<A: Number + Ord, B: Number + Ord>(
        &mut self,
        kind: &'static str,
        wanted: &BTreeSet<(A, B)>,
        here: impl Iterator<Item = (A, B)>,
        change: impl Fn(A, B, bool) -> Change,
    ) {
        let mut counts = Counts::default();
        let here: BTreeSet<(A, B)> = here.collect();
        for (a, b) in wanted {
            if here.contains(&(*a, *b)) {
                counts.unchanged += 1;
            } else {
                counts.created += 1;
                self.changes.push(change(*a, *b, true));
            }
        }
        for (a, b) in here.difference(wanted) {
            let row = format!("{} {}", self.name(*a), self.name(*b));
            if self.only_here(&mut counts, row) {
                self.changes.push(change(*a, *b, false));
            }
        }
        self.report.counts.insert(kind, counts);
    }

    fn memberships(&mut self) {
        let (index, numbers) = (self.index, self.numbers);
        let number =
            |(user, customer): &(usize, usize)| numbers.customer_users[*user].zip(numbers.customers[*customer]);
        let wanted: BTreeSet<(CustomerUserNumber, CustomerNumber)> =
            self.intent.memberships.iter().filter_map(number).collect();
        let from_source = std::mem::take(&mut self.from_source.customers);
        let here = numbers.customer_users.iter().flatten().flat_map(|user| {
            let customers = index.additional_customers(*user).iter();
            let known = customers.filter(|customer| from_source.contains(&u32::from(**customer)));
            known.map(|customer| (*user, *customer))
        });
        self.marks("additional customers", &wanted, here, |customer_user, customer, member| {
            Change::CustomerMembershipSet(CustomerMembership { customer_user, customer, member })
        });
    }

    fn service_links(&mut self) {
        let (index, numbers) = (self.index, self.numbers);
        let number = |(user, service): &(usize, usize)| numbers.customer_users[*user].zip(numbers.services[*service]);
        let wanted: BTreeSet<(CustomerUserNumber, ServiceNumber)> =
            self.intent.service_links.iter().filter_map(number).collect();
        let from_source = self.from_source.services.clone();
        let here = numbers.customer_users.iter().flatten().flat_map(|user| {
            let services = index.customer_user_services(*user).iter();
            let known = services.filter(|service| from_source.contains(&u32::from(**service)));
            known.map(|service| (*user, *service))
        });
        self.marks("customer user service links", &wanted, here, |customer_user, service, linked| {
            Change::CustomerUserServiceLinkSet(CustomerUserServiceLink { customer_user, service, linked })
        });
    }

    /// Compares sets of permissions by what holds them.
    fn sets<K: Ord + Copy>(
        &mut self,
        kind: &'static str,
        wanted: &BTreeMap<K, PermissionSet>,
        here: BTreeMap<K, PermissionSet>,
        shown: impl Fn(&Self, K) -> String,
        change: impl Fn(K, PermissionSet) -> Change,
    ) {
        let types = self.index.settings().permission_types.clone();
        let mut counts = Counts::default();
        let all: BTreeSet<K> = wanted.keys().chain(here.keys()).copied().collect();
        for key in all {
            let before = here.get(&key).copied().unwrap_or_default();
            let there = wanted.get(&key).copied().unwrap_or_default();
            let extra = types.expand(before).without(types.expand(there));
            let mut after = before.granting(there);
            if !extra.is_empty() {
                let names = types.names(extra).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                let row = format!("{}: {names}", shown(self, key));
                if self.only_here(&mut counts, row) {
                    after = there;
                }
            }
            count(&mut counts, before, there, after);
            if before != after {
                self.changes.push(change(key, after));
            }
        }
        self.report.counts.insert(kind, counts);
    }

    fn customer_grants(&mut self) {
        let (index, numbers, intent) = (self.index, self.numbers, self.intent);
        let types = &index.settings().permission_types;
        let mut wanted: BTreeMap<(CustomerNumber, GroupNumber, Context), PermissionSet> = BTreeMap::new();
        for ((customer, group, context), held) in &intent.customer_grants {
            if let Some((customer, group)) = numbers.customers[*customer].zip(numbers.groups[*group]) {
                wanted.insert((customer, group, *context), permission_set(types, intent, *held));
            }
        }
        let mut here = BTreeMap::new();
        for customer in numbers.customers.iter().flatten() {
            for grant in index.customer_groups(*customer) {
                let known = self.from_source.groups.contains(&u32::from(grant.group));
                let held = Context::ALL.map(|context| (context, grant.in_context(context)));
                let held = held.into_iter().filter(|(_, set)| known && !set.is_empty());
                here.extend(held.map(|(context, set)| ((*customer, grant.group, context), set)));
            }
        }
        let shown = |this: &Self, (customer, group, context): (CustomerNumber, GroupNumber, Context)| {
            format!("{} {} {}", this.name(customer), this.name(group), context.as_str())
        };
        self.sets("customer group links", &wanted, here, shown, |(customer, group, context), permissions| {
            Change::CustomerGroupLinkSet(CustomerGroupLink { customer, group, context, permissions })
        });
    }

    fn customer_user_grants(&mut self) {
        let (index, numbers, intent) = (self.index, self.numbers, self.intent);
        let types = &index.settings().permission_types;
        let mut wanted: BTreeMap<(CustomerUserNumber, GroupNumber), PermissionSet> = BTreeMap::new();
        for ((user, group), held) in &intent.customer_user_grants {
            if let Some(key) = numbers.customer_users[*user].zip(numbers.groups[*group]) {
                wanted.insert(key, permission_set(types, intent, *held));
            }
        }
        let mut here = BTreeMap::new();
        for user in numbers.customer_users.iter().flatten() {
            for grant in index.customer_user_groups(*user) {
                let (group, permissions) = (grant.group, grant.permissions);
                if self.from_source.groups.contains(&u32::from(group)) {
                    here.insert((*user, group), permissions);
                }
            }
        }
        let shown = |this: &Self, (user, group): (CustomerUserNumber, GroupNumber)| {
            format!("{} {}", this.name(user), this.name(group))
        };
        self.sets("customer user group links", &wanted, here, shown, |(customer_user, group), permissions| {
            Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions })
        });
    }

    fn rolls(&mut self) {
        let (intent, numbers) = (self.intent, self.numbers);
        let group = |place: &usize| numbers.groups[*place];
        let mut counts = Counts::default();
        for (roll, places) in [
            (Roll::CustomerUserAlwaysGroups, &intent.always_groups),
            (Roll::CustomerAlwaysGroups, &intent.company_always_groups),
        ] {
            let wanted: BTreeSet<GroupNumber> = places.iter().filter_map(group).collect();
            let known = self.from_source.groups.clone();
            self.roll(roll, &wanted, &known, &mut counts);
        }
        self.report.counts.insert("always-groups", counts);
        let wanted: BTreeSet<ServiceNumber> =
            intent.default_services.iter().filter_map(|place| numbers.services[*place]).collect();
        let (known, mut counts) = (self.from_source.services.clone(), Counts::default());
        self.roll(Roll::DefaultServices, &wanted, &known, &mut counts);
        self.report.counts.insert("default services", counts);
    }

    fn roll<N: Number + Ord>(&mut self, roll: Roll, wanted: &BTreeSet<N>, known: &BTreeSet<u32>, counts: &mut Counts) {
        let listed: BTreeSet<u32> = self.index.roll(roll).filter(|number| known.contains(number)).collect();
        let thing = |number: u32| Thing { kind: N::KIND, number };
        for number in wanted.iter().map(|number| (*number).into()) {
            if listed.contains(&number) {
                counts.unchanged += 1;
            } else {
                counts.created += 1;
                self.changes.push(Change::RollSet { roll, id: thing(number), listed: true });
            }
        }
        for number in listed.into_iter().filter(|number| !wanted.contains(&N::from(*number))) {
            let row = format!("{}: {}", roll.as_str(), self.name(N::from(number)));
            if self.only_here(counts, row) {
                self.changes.push(Change::RollSet { roll, id: thing(number), listed: false });
            }
        }
    }
}

/// Counts what becomes of a link; one that is only here was counted before.
fn count(counts: &mut Counts, before: PermissionSet, there: PermissionSet, after: PermissionSet) {
    match (before == after, before.is_empty()) {
        (true, _) if there.is_empty() => {}
        (true, _) => counts.unchanged += 1,
        (false, true) => counts.created += 1,
        (false, false) if after.is_empty() => {}
        (false, false) => counts.updated += 1,
    }
}
