//! Links and lists that come from another service desk, many at a time, as they are to be.

use super::{Plan, Refusal};
use crate::directory::{Change, Edit};
use crate::store::{self, LinksOf};

/// Makes links and lists so, whatever they were. A grant in a context that is off is made too: it is one
/// that the other desk has already, and counts for nothing until the context is on.
///
/// Changes of anything else are passed over.
pub fn make_so(plan: &mut Plan, changes: &[Change]) -> Result<(), Refusal> {
    changes.iter().try_for_each(|change| make_one_so(plan, change))
}

fn make_one_so(plan: &mut Plan, change: &Change) -> Result<(), Refusal> {
    let edit = match change {
        Change::CustomerGroupLinkSet(link) => {
            let before = store::granted_to_customer(plan.conn, link.customer, link.group, link.context)?;
            (before != link.permissions).then_some(Edit::CustomerGroupLink { before, link: *link })
        }
        Change::CustomerUserGroupLinkSet(link) => {
            let before = store::granted_to_customer_user(plan.conn, link.customer_user, link.group)?;
            (before != link.permissions).then_some(Edit::CustomerUserGroupLink { before, link: *link })
        }
        Change::CustomerUserServiceLinkSet(link) => {
            let was = store::is_linked_to_service(plan.conn, link.customer_user, link.service)?;
            (was != link.linked).then_some(Edit::CustomerUserServiceLink(*link))
        }
        Change::CustomerMembershipSet(membership) => {
            let all = store::customer_memberships(plan.conn, LinksOf::CustomerUser(membership.customer_user))?;
            let was = all.iter().any(|it| it.customer == membership.customer);
            (was != membership.member).then_some(Edit::CustomerMembership(*membership))
        }
        Change::RollSet { roll, id, listed } => {
            let was = store::roll_members(plan.conn, *roll)?.contains(&id.number);
            (was != *listed).then_some(Edit::Roll { roll: *roll, thing: *id, listed: *listed })
        }
        _ => None,
    };
    edit.into_iter().for_each(|edit| plan.edit(edit));
    Ok(())
}
