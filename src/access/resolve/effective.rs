//! Everything that a customer user has.

use smallvec::SmallVec;

use super::group::sources_of;
use super::reason::Reason;
use super::service::{EffectiveServices, effective_services};
use super::source::Source;
use super::thing::reaches_all;
use crate::access::Index;
use crate::directory::{CustomerNumber, CustomerUserNumber, GroupNumber, PermissionSet, Roll, Validity};

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
    /// In the order of the settings; never empty.
    pub permissions: GroupPermissions,
}

/// What somebody has on a group, in the order of the settings: two, where nothing was configured, which need no allocation.
pub type GroupPermissions = SmallVec<[GroupPermission; 2]>;

/// A permission that a customer user has in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPermission {
    /// The permission type's bit.
    pub bit: u8,
    /// What gives it; never empty.
    pub sources: SmallVec<[Source; 2]>,
    /// Whether it reaches things of all customers (rule 6).
    pub all_customers: bool,
}

/// Everything that the customer user has.
pub fn effective(index: &Index, customer_user: CustomerUserNumber) -> Effective {
    let candidates = candidate_groups(index, customer_user);
    let mut groups = Vec::with_capacity(candidates.len());
    for group in candidates {
        let permissions = permissions(index, customer_user, group, index.permission_types());
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

/// The permissions that the customer user has in the group, of those asked for, in the order of the
/// settings.
pub(super) fn permissions(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    asked: PermissionSet,
) -> GroupPermissions {
    let sources = sources_of(index, customer_user, group);
    if sources.is_empty() {
        return GroupPermissions::new();
    }
    let all = reaches_all(index, customer_user, group);
    let permission = |bit: u8| GroupPermission {
        bit,
        sources: sources.iter().filter(|(_, given)| given.holds(bit)).map(|(source, _)| *source).collect(),
        all_customers: all.holds(bit),
    };
    let types = index.settings().permission_types.0.iter().map(|permission_type| permission_type.bit);
    types.filter(|bit| asked.holds(*bit)).map(permission).filter(|found| !found.sources.is_empty()).collect()
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
