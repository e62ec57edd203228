//! Everything that a customer user has.

use smallvec::SmallVec;

use super::group::sources_of;
use super::reason::Reason;
use super::service::{EffectiveServices, effective_services};
use super::source::Source;
use super::thing::reaches_all;
use crate::access::Index;
use crate::directory::{
    CustomerNumber, CustomerUserNumber, GroupNumber, PermissionSet, PermissionType, Roll, Settings, Validity,
};

/// Everything that a customer user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Why the customer user has nothing at all; empty where that is not so (rule 2).
    pub reasons: Vec<Reason>,
    /// Whether groups restrict the customer user.
    pub group_support: bool,
    /// The customers, valid or not: the primary one first, the others by number.
    pub customers: Vec<CustomerOf>,
    /// The groups in which the customer user has a permission, by number.
    pub groups: Vec<EffectiveGroup>,
    /// The services.
    pub services: EffectiveServices,
}

/// A customer of a customer user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerOf {
    /// The customer.
    pub customer: CustomerNumber,
    /// Whether it is the primary one.
    pub primary: bool,
    /// Only a valid one counts (rule 1).
    pub validity: Validity,
}

/// What a customer user has in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveGroup {
    /// The group.
    pub group: GroupNumber,
    /// Never none.
    pub permissions: GroupPermissions,
}

/// What somebody has on a group, as what gives it: so, most groups of somebody are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPermissions {
    /// With every permission type that each gives. So many need no allocation.
    sources: SmallVec<[(Source, PermissionSet); 4]>,
    /// Those that reach things of all customers (rule 6).
    all_customers: PermissionSet,
}

/// A permission that somebody has on a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupPermission<'a> {
    /// The permission type.
    pub permission_type: &'a PermissionType,
    of: &'a GroupPermissions,
}

impl GroupPermissions {
    /// What the customer user has in the group, of what is asked for.
    pub(super) fn of(
        index: &Index,
        customer_user: CustomerUserNumber,
        group: GroupNumber,
        asked: PermissionSet,
    ) -> Self {
        let mut sources = sources_of(index, customer_user, group);
        sources.retain(|(_, given)| {
            *given = given.both(asked);
            !given.is_empty()
        });
        let all_customers =
            if sources.is_empty() { PermissionSet::EMPTY } else { reaches_all(index, customer_user, group) };
        Self { sources, all_customers }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Each of them, in the order of the settings.
    pub fn each<'a>(&'a self, settings: &'a Settings) -> impl Iterator<Item = GroupPermission<'a>> {
        let each =
            settings.permission_types.0.iter().map(|permission_type| GroupPermission { permission_type, of: self });
        each.filter(|permission| permission.sources().next().is_some())
    }
}

impl<'a> GroupPermission<'a> {
    /// What gives it; never empty.
    pub fn sources(self) -> impl Iterator<Item = Source> + 'a {
        let gives =
            move |(source, given): &(Source, PermissionSet)| given.holds(self.permission_type.bit).then_some(*source);
        self.of.sources.iter().filter_map(gives)
    }

    /// Whether it reaches things of all customers (rule 6).
    pub fn reaches_all_customers(self) -> bool {
        self.of.all_customers.holds(self.permission_type.bit)
    }
}

/// Everything that the customer user has.
pub fn effective(index: &Index, customer_user: CustomerUserNumber) -> Effective {
    let candidates = candidate_groups(index, customer_user);
    let mut groups = Vec::with_capacity(candidates.len());
    for group in candidates {
        let permissions = GroupPermissions::of(index, customer_user, group, index.permission_types());
        if !permissions.is_empty() {
            groups.push(EffectiveGroup { group, permissions });
        }
    }
    Effective {
        reasons: if index.is_valid(customer_user) { Vec::new() } else { vec![Reason::CustomerUserNotValid] },
        group_support: index.group_support(customer_user),
        customers: customers(index, customer_user),
        groups,
        services: effective_services(index, customer_user),
    }
}

fn customers(index: &Index, customer_user: CustomerUserNumber) -> Vec<CustomerOf> {
    let primary = index.primary_customer(customer_user);
    let of = |customer| {
        let validity = index.validity(customer)?;
        Some(CustomerOf { customer, primary: primary == Some(customer), validity })
    };
    index.customers_of(customer_user).filter_map(of).collect()
}

/// Few have more groups than so many, so that one allocation does.
const MANY: usize = 32;

/// Every group in which the customer user may have anything, by number; and perhaps some more.
pub(super) fn candidate_groups(index: &Index, customer_user: CustomerUserNumber) -> Vec<GroupNumber> {
    if !index.is_valid(customer_user) {
        return Vec::new();
    }
    if !index.group_support(customer_user) {
        return index.all(None).collect();
    }
    let own = index.customer_user_groups(customer_user).iter().map(|grant| grant.group);
    let grants = index.customers_of(customer_user).flat_map(|customer| index.customer_groups(customer));
    let mut groups = Vec::with_capacity(MANY);
    groups.extend(own.chain(grants.map(|grant| grant.group)));
    groups.extend(index.always_groups(Roll::CustomerUserAlwaysGroups));
    groups.extend(index.always_groups(Roll::CustomerAlwaysGroups));
    groups.sort_unstable();
    groups.dedup();
    groups
}
