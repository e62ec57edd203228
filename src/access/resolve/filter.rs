//! Rule 6 as a filter: which things of which groups a customer user reaches.

use super::effective::candidate_groups;
use super::group::may;
use super::reason::{Reason, Reasons};
use super::thing::{reached_customers, reaches_all};
use crate::access::Index;
use crate::directory::{CustomerNumber, CustomerUserNumber, GroupNumber};

/// Which things of which groups: what a desk puts into its own query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThingFilter {
    /// By number. In a group that is not named nothing is reached.
    pub groups: Vec<ThingsOfGroup>,
    /// Why nothing is reached at all, where the customer user or the permission type forbids it.
    pub reasons: Vec<Reason>,
}

/// Which things of a group. The customer user's own are always among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingsOfGroup {
    /// The group.
    pub group: GroupNumber,
    /// Those of these customers.
    pub customers: Vec<CustomerNumber>,
    /// All of them, whosever they are.
    pub all: bool,
}

/// Which things the customer user may do this to, in every group.
pub fn thing_filter(index: &Index, customer_user: CustomerUserNumber, bit: u8) -> ThingFilter {
    let mut reasons = Reasons::default();
    reasons.add_if(!index.is_valid(customer_user), Reason::CustomerUserNotValid);
    reasons.add_if(!index.permission_types().holds(bit), Reason::PermissionNotConfigured);
    let customers = reached_customers(index, customer_user);
    let groups = candidate_groups(index, customer_user).into_iter();
    let things_of = |group| ThingsOfGroup {
        group,
        customers: customers.clone(),
        all: reaches_all(index, customer_user, group).holds(bit),
    };
    ThingFilter {
        groups: groups.filter(|group| may(index, customer_user, *group, bit, None)).map(things_of).collect(),
        reasons: reasons.list(),
    }
}
