//! What a customer user has, laid out to be compared with what they have at another time.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::effective::candidate_groups;
use super::group::each_source;
use super::service::effective_services;
use super::thing::{reached_customers, reaches_all};
use crate::access::Index;
use crate::directory::{CustomerNumber, CustomerUserNumber, GroupNumber, PermissionSet, ServiceNumber};

/// What a customer user has in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldGroup {
    /// The group.
    pub group: GroupNumber,
    /// The permissions on it, expanded; not empty.
    pub permissions: PermissionSet,
    /// Those of them that reach the things of all customers (rule 6).
    pub all_customers: PermissionSet,
}

/// What a customer user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings<'g> {
    /// By number.
    pub groups: Cow<'g, [HeldGroup]>,
    /// The customers whose things are reached (rule 6), by number.
    pub customers: Vec<CustomerNumber>,
    /// By number.
    pub services: Vec<ServiceNumber>,
}

/// Which groups are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Every one.
    All,
    /// These, by number.
    At(Vec<GroupNumber>),
}

impl Looked {
    /// Every valid group of these with every permission: what a customer user has whom groups do not
    /// restrict. The same for all of them, so it is made once.
    pub fn unrestricted(&self, index: &Index) -> Vec<HeldGroup> {
        let all = || index.all(None).collect();
        let groups: Vec<GroupNumber> = match self {
            Looked::All => all(),
            Looked::At(groups) => groups.clone(),
        };
        let held =
            |group| HeldGroup { group, permissions: index.permission_types(), all_customers: PermissionSet::EMPTY };
        groups.into_iter().filter(|group| index.is_valid(*group)).map(held).collect()
    }
}

/// What the customer user has in the groups looked at, and of everything else.
pub fn holdings<'g>(
    index: &Index,
    customer_user: CustomerUserNumber,
    looked: &Looked,
    unrestricted: &'g [HeldGroup],
) -> Holdings<'g> {
    let is_valid = index.is_valid(customer_user);
    let groups = if is_valid && !index.group_support(customer_user) {
        Cow::Borrowed(unrestricted)
    } else if is_valid {
        Cow::Owned(restricted(index, customer_user, looked))
    } else {
        Cow::Borrowed(&[][..])
    };
    let mut services = effective_services(index, customer_user).items;
    services.sort_unstable();
    Holdings { groups, customers: reached_customers(index, customer_user), services }
}

fn restricted(index: &Index, customer_user: CustomerUserNumber, looked: &Looked) -> Vec<HeldGroup> {
    let held = |group: GroupNumber| {
        let mut permissions = PermissionSet::EMPTY;
        let _ = each_source(index, customer_user, group, |_, given| {
            permissions = permissions.union(given);
            ControlFlow::<()>::Continue(())
        });
        let all = || reaches_all(index, customer_user, group);
        let all_customers = if permissions.is_empty() { permissions } else { permissions.both(all()) };
        HeldGroup { group, permissions, all_customers }
    };
    let something = |held: &HeldGroup| !held.permissions.is_empty();
    match looked {
        Looked::All => candidate_groups(index, customer_user).into_iter().map(held).filter(something).collect(),
        Looked::At(groups) => groups.iter().copied().map(held).filter(something).collect(),
    }
}
