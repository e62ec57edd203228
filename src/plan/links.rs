//! Writing links and additional customers, one at a time. Setting what is so already makes no edit.

use super::{Plan, Precondition, Refusal};
use crate::directory::{
    Context, Customer, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUser, CustomerUserGroupLink,
    CustomerUserNumber, CustomerUserServiceLink, Edit, Group, GroupNumber, PermissionName, PermissionSet,
    PermissionTypes, Reference, Service, Settings, etag,
};
use crate::store;

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
    let (customer, group) = (plan.find::<Customer>(customer)?.number, plan.find::<Group>(group)?.number);
    let settings = settings(plan)?;
    let after = permission_set(&settings.permission_types, permissions, "/permissions")?;
    let mut granted = Vec::with_capacity(Context::ALL.len());
    for context in Context::ALL {
        granted.push(store::granted_to_customer(plan.conn, customer, group, context)?);
    }
    precondition.check(link_tag(&granted).as_deref())?;
    let before = store::granted_to_customer(plan.conn, customer, group, context)?;
    if !settings.is_on(context) && settings.permission_types.gives_more(before, after) {
        return Err(Refusal::ContextOff(context.as_str()));
    }
    if before != after {
        let link = CustomerGroupLink { customer, group, context, permissions: after };
        plan.edit(Edit::CustomerGroupLink { before, link });
    }
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
    let customer_user = plan.find::<CustomerUser>(customer_user)?.number;
    let group = plan.find::<Group>(group)?.number;
    let after = permission_set(&settings(plan)?.permission_types, permissions, "/permissions")?;
    let before = store::granted_to_customer_user(plan.conn, customer_user, group)?;
    precondition.check(link_tag(&[before]).as_deref())?;
    if before != after {
        let link = CustomerUserGroupLink { customer_user, group, permissions: after };
        plan.edit(Edit::CustomerUserGroupLink { before, link });
    }
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
    let customer_user = plan.find::<CustomerUser>(customer_user)?.number;
    let service = plan.find::<Service>(service)?.number;
    let was = store::is_linked_to_service(plan.conn, customer_user, service)?;
    precondition.check(membership_tag(was).as_deref())?;
    let link = CustomerUserServiceLink { customer_user, service, linked };
    if was != linked {
        plan.edit(Edit::CustomerUserServiceLink(link));
    }
    Ok((link, was != linked))
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
    let customer_user: CustomerUser = plan.find(customer_user)?;
    let customer = plan.find::<Customer>(customer)?.number;
    let was = customer_user.additional_customers.iter().any(|additional| additional.number == customer);
    precondition.check(membership_tag(was).as_deref())?;
    let membership = CustomerMembership { customer_user: customer_user.number, customer, member };
    if was != member {
        plan.edit(Edit::CustomerMembership(membership));
    }
    Ok((membership, was != member))
}

/// The settings, which every database of ours has.
pub(super) fn settings(plan: &mut Plan) -> Result<Settings, Refusal> {
    Ok(store::settings(plan.conn)?.unwrap_or_else(Settings::fresh))
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
