//! Writing links and additional customers, one at a time. Setting what is so already makes no edit.

use super::bulk::Relation;
use super::{Plan, Precondition, Refusal};
use crate::directory::{
    Context, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUserGroupLink, CustomerUserNumber,
    CustomerUserServiceLink, Edit, GroupNumber, PermissionName, PermissionSet, PermissionTypes, Reference,
    ServiceNumber, etag,
};

/// What setting a link did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOutcome {
    /// There was none.
    Made,
    /// There was one, and still is.
    Kept,
    /// There is none now.
    Gone,
}

impl LinkOutcome {
    fn of(before: PermissionSet, after: PermissionSet) -> Self {
        match (before.is_empty(), after.is_empty()) {
            (_, true) => LinkOutcome::Gone,
            (true, false) => LinkOutcome::Made,
            (false, false) => LinkOutcome::Kept,
        }
    }
}

/// The entity tag of a link to a group, by what it grants (in each context, of a customer's); none
/// where there is no link.
pub fn link_tag(granted: &[PermissionSet]) -> Option<String> {
    granted.iter().any(|set| !set.is_empty()).then(|| etag(&granted))
}

/// The entity tag of a link that only is or is not.
pub fn membership_tag(linked: bool) -> Option<String> {
    linked.then(|| etag(&linked))
}

/// Sets what a customer ↔ group link grants in one context.
pub fn set_customer_group(
    plan: &mut Plan,
    customer: &Reference,
    group: &Reference,
    context: Context,
    permissions: &[PermissionName],
    precondition: &Precondition,
) -> Result<((CustomerNumber, GroupNumber), LinkOutcome), Refusal> {
    let (customer, group) = (plan.number::<CustomerNumber>(customer)?, plan.number::<GroupNumber>(group)?);
    let after = permission_set(&plan.settings()?.permission_types, permissions, "/permissions")?;
    let ends = (customer.into(), group.into());
    let mut granted = Vec::with_capacity(Context::ALL.len());
    for context in Context::ALL {
        granted.push(plan.granted(Relation::CustomerGroup(context), ends)?);
    }
    precondition.check(link_tag(&granted).as_deref())?;
    let before =
        granted.into_iter().zip(Context::ALL).find(|(_, it)| *it == context).map(|(set, _)| set).unwrap_or_default();
    set_upon(plan, Relation::CustomerGroup(context), ends, (before, after))?;
    Ok(((customer, group), LinkOutcome::of(before, after)))
}

/// Sets what a customer user ↔ group link grants.
pub fn set_customer_user_group(
    plan: &mut Plan,
    customer_user: &Reference,
    group: &Reference,
    permissions: &[PermissionName],
    precondition: &Precondition,
) -> Result<((CustomerUserNumber, GroupNumber), LinkOutcome), Refusal> {
    let customer_user = plan.number::<CustomerUserNumber>(customer_user)?;
    let group = plan.number::<GroupNumber>(group)?;
    let after = permission_set(&plan.settings()?.permission_types, permissions, "/permissions")?;
    let ends = (customer_user.into(), group.into());
    let before = plan.granted(Relation::CustomerUserGroup, ends)?;
    precondition.check(link_tag(&[before]).as_deref())?;
    set_upon(plan, Relation::CustomerUserGroup, ends, (before, after))?;
    Ok(((customer_user, group), LinkOutcome::of(before, after)))
}

/// Links a customer user to a service, or unlinks them; the flag says whether that changed anything.
pub fn set_customer_user_service(
    plan: &mut Plan,
    customer_user: &Reference,
    service: &Reference,
    linked: bool,
    precondition: &Precondition,
) -> Result<(CustomerUserServiceLink, bool), Refusal> {
    let customer_user = plan.number::<CustomerUserNumber>(customer_user)?;
    let service = plan.number::<ServiceNumber>(service)?;
    let changed =
        mark(plan, Relation::CustomerUserService, (customer_user.into(), service.into()), linked, precondition)?;
    Ok((CustomerUserServiceLink { customer_user, service, linked }, changed))
}

/// Gives a customer user an additional customer, or takes it; the flag says whether that changed
/// anything.
pub fn set_membership(
    plan: &mut Plan,
    customer_user: &Reference,
    customer: &Reference,
    member: bool,
    precondition: &Precondition,
) -> Result<(CustomerMembership, bool), Refusal> {
    let customer_user = plan.number::<CustomerUserNumber>(customer_user)?;
    let customer = plan.number::<CustomerNumber>(customer)?;
    let changed =
        mark(plan, Relation::CustomerMembership, (customer_user.into(), customer.into()), member, precondition)?;
    Ok((CustomerMembership { customer_user, customer, member }, changed))
}

fn mark(
    plan: &mut Plan,
    relation: Relation,
    ends: (u32, u32),
    is: bool,
    precondition: &Precondition,
) -> Result<bool, Refusal> {
    let before = plan.granted(relation, ends)?;
    let was = !before.is_empty();
    precondition.check(membership_tag(was).as_deref())?;
    set_upon(plan, relation, ends, (before, PermissionSet::marked(is)))?;
    Ok(was != is)
}

/// Sets what a link grants, and gives what it granted.
pub(super) fn set(
    plan: &mut Plan,
    relation: Relation,
    ends: (u32, u32),
    after: PermissionSet,
) -> Result<PermissionSet, Refusal> {
    let before = plan.granted(relation, ends)?;
    set_upon(plan, relation, ends, (before, after))?;
    Ok(before)
}

/// [`set`] where what the link grants is known.
fn set_upon(
    plan: &mut Plan,
    relation: Relation,
    ends: (u32, u32),
    (before, after): (PermissionSet, PermissionSet),
) -> Result<(), Refusal> {
    let settings = plan.settings()?;
    if !settings.is_on(relation.context()) && settings.permission_types.gives_more(before, after) {
        return Err(Refusal::ContextOff(relation.context().as_str()));
    }
    if before != after {
        plan.edit(relation.edit(ends, before, after));
    }
    Ok(())
}

/// Sets what a link grants, even in a context that is off, and gives what it granted.
pub(super) fn set_in_any_context(
    plan: &mut Plan,
    relation: Relation,
    ends: (u32, u32),
    after: PermissionSet,
) -> Result<PermissionSet, Refusal> {
    let before = plan.granted(relation, ends)?;
    if before != after {
        plan.edit(relation.edit(ends, before, after));
    }
    Ok(before)
}

/// The set of these names, as a link holds it; `pointer` is where they stand.
pub(super) fn permission_set(
    types: &PermissionTypes,
    names: &[PermissionName],
    pointer: &str,
) -> Result<PermissionSet, Refusal> {
    each_permission(types, names, pointer).map(PermissionSet::normalized)
}

/// Each of these types, `rw` beside others too; `pointer` is where they stand.
pub(super) fn each_permission(
    types: &PermissionTypes,
    names: &[PermissionName],
    pointer: &str,
) -> Result<PermissionSet, Refusal> {
    types.each_of(names).map_err(|unknown| {
        let index = names.iter().position(|name| name == unknown).unwrap_or_default();
        let known = types.0.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        let detail = format!("the permission type {:?} is not configured; there are {known}", unknown.as_str());
        Refusal::at(&format!("{pointer}/{index}"), "permission_type_unknown", detail)
    })
}

pub(super) fn remove_customer_group_links(plan: &mut Plan, links: Vec<CustomerGroupLink>) {
    for link in links {
        let before = link.permissions;
        plan.edit(Edit::CustomerGroupLink {
            before,
            link: CustomerGroupLink { permissions: PermissionSet::EMPTY, ..link },
        });
    }
}

pub(super) fn remove_customer_user_group_links(plan: &mut Plan, links: Vec<CustomerUserGroupLink>) {
    for link in links {
        let before = link.permissions;
        let link = CustomerUserGroupLink { permissions: PermissionSet::EMPTY, ..link };
        plan.edit(Edit::CustomerUserGroupLink { before, link });
    }
}

pub(super) fn remove_customer_user_service_links(plan: &mut Plan, links: Vec<CustomerUserServiceLink>) {
    for link in links {
        plan.edit(Edit::CustomerUserServiceLink(CustomerUserServiceLink { linked: false, ..link }));
    }
}

pub(super) fn remove_memberships(plan: &mut Plan, memberships: Vec<CustomerMembership>) {
    for membership in memberships {
        plan.edit(Edit::CustomerMembership(CustomerMembership { member: false, ..membership }));
    }
}
