//! Links and lists that come from another service desk, many at a time, as they are to be.

use super::bulk::Relation;
use super::{Plan, Refusal, links, rolls};
use crate::directory::{Change, PermissionSet};

/// Makes links and lists so, whatever they were. A grant in a context that is off is made too: it is one
/// that the other desk has already, and counts for nothing until the context is on.
///
/// Changes of anything else are passed over.
pub fn make_so(plan: &mut Plan, changes: &[Change]) -> Result<(), Refusal> {
    changes.iter().try_for_each(|change| make_one_so(plan, change))
}

fn make_one_so(plan: &mut Plan, change: &Change) -> Result<(), Refusal> {
    let (relation, ends, grants) = match change {
        Change::CustomerGroupLinkSet(link) => {
            let ends = (link.customer.into(), link.group.into());
            (Relation::CustomerGroup(link.context), ends, link.permissions)
        }
        Change::CustomerUserGroupLinkSet(link) => {
            (Relation::CustomerUserGroup, (link.customer_user.into(), link.group.into()), link.permissions)
        }
        Change::CustomerUserServiceLinkSet(link) => {
            let ends = (link.customer_user.into(), link.service.into());
            (Relation::CustomerUserService, ends, PermissionSet::marked(link.linked))
        }
        Change::CustomerMembershipSet(membership) => {
            let ends = (membership.customer_user.into(), membership.customer.into());
            (Relation::CustomerMembership, ends, PermissionSet::marked(membership.member))
        }
        Change::RollSet { roll, id, listed } => {
            rolls::mark(plan, *roll, *id, *listed)?;
            return Ok(());
        }
        _ => return Ok(()),
    };
    links::set_in_any_context(plan, relation, ends, grants).map(drop)
}
