//! Whom and what changes may concern.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::Groups;
use crate::access::Index;
use crate::access::resolve::Looked;
use crate::directory::{
    BackEndNumber, Change, CustomerNumber, CustomerUserNumber, GroupNumber, Kind, Number, Roll, ServiceNumber,
    Settings, Thing,
};

/// Whose answers may be others, and in which groups.
pub(super) struct Reach {
    everybody: bool,
    customer_users: RoaringBitmap,
    groups: Looked,
}

impl Reach {
    /// Of these changes, which lead from one index to the other.
    pub fn of(before: &Index, after: &Index, changes: &[Change]) -> Self {
        let mut gathering = Gathering::new(before, after);
        changes.iter().for_each(|change| gathering.add(change));
        gathering.subtrees();
        let groups =
            if gathering.all_groups { Looked::All } else { Looked::At(gathering.groups.into_iter().collect()) };
        Self { everybody: gathering.everybody, customer_users: gathering.customer_users, groups }
    }

    pub fn groups(&self) -> &Looked {
        &self.groups
    }

    /// Each of them once, by number, after this one.
    pub fn customer_users(
        &self,
        before: &Index,
        after: &Index,
        last: Option<CustomerUserNumber>,
    ) -> Box<dyn Iterator<Item = CustomerUserNumber>> {
        let start = last.map_or(0, |last| last.0.saturating_add(1));
        if self.everybody {
            let end = before.end(Kind::CustomerUser).max(after.end(Kind::CustomerUser));
            return Box::new((start..end).map(CustomerUserNumber));
        }
        let rest: Vec<u32> = self.customer_users.range(start..).collect();
        Box::new(rest.into_iter().map(CustomerUserNumber))
    }
}

struct Gathering<'i> {
    sides: [&'i Index; 2],
    everybody: bool,
    customer_users: RoaringBitmap,
    all_groups: bool,
    groups: Groups,
    /// Services that may count where they did not, or the other way round, with all below them.
    services: BTreeSet<ServiceNumber>,
}

impl<'i> Gathering<'i> {
    fn new(before: &'i Index, after: &'i Index) -> Self {
        Self {
            sides: [before, after],
            everybody: false,
            customer_users: RoaringBitmap::new(),
            all_groups: false,
            groups: Groups::new(),
            services: BTreeSet::new(),
        }
    }

    /// A put that leaves the thing as it was for everybody reaches nobody. What is removed always
    /// reaches: its links go with it, even where the same number is there again at the end.
    fn add(&mut self, change: &Change) {
        match change {
            Change::CustomerPut { id, .. } if self.same(|index| index.validity(*id)) => {}
            Change::CustomerPut { id, .. } | Change::CustomerRemoved { id, .. } => self.customer(*id),
            Change::CustomerUserPut { id, .. } | Change::CustomerUserRemoved { id, .. } => {
                self.all_groups = true;
                self.customer_users.insert(id.0);
            }
            Change::GroupPut { id, .. } if self.same(|index| index.validity(*id)) => {}
            Change::GroupPut { id, .. } | Change::GroupRemoved { id, .. } => self.group(*id),
            Change::ServicePut { id, .. } if self.same(|index| (index.validity(*id), index.parent(*id))) => {}
            Change::ServicePut { id, .. } | Change::ServiceRemoved { id, .. } => drop(self.services.insert(*id)),
            Change::BackEndPut { id, .. } if self.same(|index| index.back_end_group_support(*id)) => {}
            Change::BackEndPut { id, .. } | Change::BackEndRemoved { id, .. } => self.back_end(*id),
            Change::ExternalIdSet { .. } => {}
            Change::CustomerGroupLinkSet(link) => {
                self.groups.insert(link.group);
                self.members(link.customer);
            }
            Change::CustomerUserGroupLinkSet(link) => {
                self.groups.insert(link.group);
                self.customer_users.insert(link.customer_user.0);
            }
            Change::CustomerUserServiceLinkSet(link) => drop(self.customer_users.insert(link.customer_user.0)),
            Change::CustomerMembershipSet(membership) => {
                self.all_groups = true;
                self.customer_users.insert(membership.customer_user.0);
            }
            Change::RollSet { roll, id, .. } => self.roll(*roll, *id),
            Change::SettingsPut { .. } => self.settings(),
        }
    }

    /// Whether both sides say the same of it.
    fn same<T: PartialEq>(&self, of: impl Fn(&Index) -> T) -> bool {
        of(self.sides[0]) == of(self.sides[1])
    }

    fn insert_all<N: Number>(&mut self, numbers: impl Iterator<Item = N>) {
        self.customer_users.extend(numbers.map(Into::into));
    }

    fn members(&mut self, customer: CustomerNumber) {
        self.sides.into_iter().for_each(|index| self.insert_all(index.customer_users_of_customer(customer, None)));
    }

    fn customer(&mut self, customer: CustomerNumber) {
        self.all_groups = true;
        self.members(customer);
    }

    fn group(&mut self, group: GroupNumber) {
        self.groups.insert(group);
        for index in self.sides {
            let listed = |roll| index.is_listed(roll, group);
            let always = listed(Roll::CustomerUserAlwaysGroups) || listed(Roll::CustomerAlwaysGroups);
            self.everybody |= always || !index.settings().group_support;
            self.insert_all(index.customer_users_of_group(group, None));
            index.customers_of_group(group, None).for_each(|customer| self.members(customer));
            let unrestricted = |back_end: &BackEndNumber| !index.back_end_group_support(*back_end);
            for back_end in index.all(None).filter(unrestricted) {
                self.insert_all(index.customer_users_of_back_end(back_end, None));
            }
        }
    }

    /// Whoever has one of the services, or one below them.
    fn subtrees(&mut self) {
        let changed = std::mem::take(&mut self.services);
        if changed.is_empty() {
            return;
        }
        for index in self.sides {
            let is_below = |service: &ServiceNumber| index.with_ancestors(*service).any(|it| changed.contains(&it));
            for service in index.all(None).filter(is_below) {
                self.everybody |= index.is_listed(Roll::DefaultServices, service);
                self.insert_all(index.customer_users_of_service(service, None));
            }
        }
    }

    fn back_end(&mut self, back_end: BackEndNumber) {
        self.all_groups = true;
        for index in self.sides {
            self.insert_all(index.customer_users_of_back_end(back_end, None));
        }
    }

    fn roll(&mut self, roll: Roll, thing: Thing) {
        self.everybody = true;
        if roll != Roll::DefaultServices {
            self.groups.insert(GroupNumber(thing.number));
        }
    }

    fn settings(&mut self) {
        let bears = |settings: &Settings| {
            let Settings { group_support, other_customers, company_access, .. } = *settings;
            let types: Vec<_> = settings.permission_types.0.iter().map(|t| (t.bit, t.name.clone())).collect();
            (group_support, other_customers, company_access, types)
        };
        if !self.same(|index| bears(index.settings())) {
            self.everybody = true;
            self.all_groups = true;
        }
    }
}
