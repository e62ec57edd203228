//! What changes would do to the answers: who would gain what, and who would lose what.
//!
//! The answers before and after are compared, of every customer user whom the changes may concern and
//! in every group that they may concern; what may be concerned is told generously, because a
//! comparison cannot be wrong, only needless.

mod reach;
mod warnings;

use std::cmp::Ordering;

use super::Index;
use super::resolve::{HeldGroup, Holdings, holdings};
use crate::directory::{Change, CustomerNumber, CustomerUserNumber, GroupNumber, PermissionSet, ServiceNumber};
use reach::Reach;
pub use warnings::{Warning, warnings};

/// The answers before some changes and after them.
pub struct Preview {
    before: Index,
    after: Index,
    reach: Reach,
    unrestricted: [Vec<HeldGroup>; 2],
    /// The permission types that have the same bit before and after.
    same_types: PermissionSet,
}

/// What one customer user would have that they have not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gains {
    /// By number: permissions, and those that would reach the things of all customers.
    pub groups: Vec<HeldGroup>,
    /// Customers whose things would be reached, by number.
    pub customers: Vec<CustomerNumber>,
    /// By number.
    pub services: Vec<ServiceNumber>,
}

/// What would be different for one customer user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Who.
    pub customer_user: CustomerUserNumber,
    /// What they would have that they have not.
    pub gained: Gains,
    /// What they have and would not have any more.
    pub lost: Gains,
}

/// How much would be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DifferenceCounts {
    /// Customer users for whom something would be different.
    pub customer_users: u64,
    /// Those of them who would gain something.
    pub gaining: u64,
    /// Those of them who would lose something.
    pub losing: u64,
    /// A permission on a group counts once for each customer user who would gain it.
    pub permissions_gained: u64,
    /// Likewise.
    pub permissions_lost: u64,
    /// A service counts once for each customer user who would gain it.
    pub services_gained: u64,
    /// Likewise.
    pub services_lost: u64,
}

impl Gains {
    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.customers.is_empty() && self.services.is_empty()
    }

    fn permissions(&self) -> u64 {
        self.groups.iter().map(|held| u64::from(held.permissions.0.count_ones())).sum()
    }
}

impl DifferenceCounts {
    /// Counts one more.
    pub fn add(&mut self, difference: &Difference) {
        let Difference { gained, lost, .. } = difference;
        self.customer_users += 1;
        self.gaining += u64::from(!gained.is_empty());
        self.losing += u64::from(!lost.is_empty());
        self.permissions_gained += gained.permissions();
        self.permissions_lost += lost.permissions();
        self.services_gained += gained.services.len() as u64;
        self.services_lost += lost.services.len() as u64;
    }
}

impl Preview {
    /// What these changes would do to this index.
    pub fn new(before: Index, changes: &[Change]) -> Self {
        let mut after = before.clone();
        changes.iter().for_each(|change| after.apply(change));
        let reach = Reach::of(&before, &after, changes);
        let unrestricted = [reach.groups().unrestricted(&before), reach.groups().unrestricted(&after)];
        let types = [&before, &after].map(|index| &index.settings().permission_types.0);
        let stays = |bit: &u8| {
            let name = |side: usize| types[side].iter().find(|t| t.bit == *bit).map(|t| &t.name);
            name(0) == name(1)
        };
        let same_types = (0..16).filter(stays).fold(PermissionSet::EMPTY, |all, bit| all.union(PermissionSet::of(bit)));
        Self { before, after, reach, unrestricted, same_types }
    }

    /// As it is.
    pub fn before(&self) -> &Index {
        &self.before
    }

    /// As it would be.
    pub fn after(&self) -> &Index {
        &self.after
    }

    /// Everybody for whom something would be different, after this one, by number.
    pub fn differences(&self, after: Option<CustomerUserNumber>) -> impl Iterator<Item = Difference> {
        self.reach.customer_users(&self.before, &self.after, after).filter_map(|customer_user| self.of(customer_user))
    }

    fn of(&self, customer_user: CustomerUserNumber) -> Option<Difference> {
        let held = |index, unrestricted| holdings(index, customer_user, self.reach.groups(), unrestricted);
        let before = held(&self.before, &self.unrestricted[0]);
        let after = held(&self.after, &self.unrestricted[1]);
        let gained = self.more(&after, &before);
        let lost = self.more(&before, &after);
        (!gained.is_empty() || !lost.is_empty()).then_some(Difference { customer_user, gained, lost })
    }

    /// What is in the one and not in the other.
    fn more(&self, one: &Holdings, other: &Holdings) -> Gains {
        Gains {
            groups: self.more_groups(&one.groups, &other.groups),
            customers: without(&one.customers, &other.customers),
            services: without(&one.services, &other.services),
        }
    }

    fn more_groups(&self, one: &[HeldGroup], other: &[HeldGroup]) -> Vec<HeldGroup> {
        let mut more = Vec::new();
        let mut rest = other.iter().peekable();
        for held in one {
            while rest.next_if(|passed| passed.group < held.group).is_some() {}
            let there = rest.next_if(|there| there.group == held.group);
            more.extend(there.map_or(Some(*held), |there| self.more_of(held, there)));
        }
        more
    }

    /// A bit that names another permission type there is not the same permission.
    fn more_of(&self, held: &HeldGroup, there: &HeldGroup) -> Option<HeldGroup> {
        let more = |one: PermissionSet, other: PermissionSet| one.without(other.both(self.same_types));
        let permissions = more(held.permissions, there.permissions);
        let all_customers = more(held.all_customers, there.all_customers);
        let something = !permissions.is_empty() || !all_customers.is_empty();
        something.then_some(HeldGroup { group: held.group, permissions, all_customers })
    }
}

/// What is in the one sorted list and not in the other.
fn without<T: Ord + Copy>(one: &[T], other: &[T]) -> Vec<T> {
    let mut rest = other;
    let missing = |item: &&T| {
        while let Some((first, after)) = rest.split_first() {
            match first.cmp(item) {
                Ordering::Less => rest = after,
                order => return order != Ordering::Equal,
            }
        }
        true
    };
    one.iter().filter(missing).copied().collect()
}

/// The groups that changes are about, where they are about some alone.
type Groups = std::collections::BTreeSet<GroupNumber>;
