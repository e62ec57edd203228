//! Rule 4: what a customer user may do in a group; with rule 6 where a thing is asked about.

use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::reason::{Reason, Reasons};
use super::source::{Decision, Source};
use super::thing::{self, Owner};
use crate::access::Index;
use crate::directory::{Context, CustomerUserNumber, GroupNumber, PermissionSet, Roll};

/// Shows each source in the group, with every permission type that it gives, until one is found.
///
/// This is rule 4, and the only place that knows it.
pub(super) fn each_source<B>(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    mut found: impl FnMut(Source, PermissionSet) -> ControlFlow<B>,
) -> ControlFlow<B> {
    // Looked up once, because this is asked for every group of somebody.
    let Some(facts) = index.customer_user(customer_user).filter(|facts| facts.is_valid()) else {
        return ControlFlow::Continue(());
    };
    if !index.is_valid(group) {
        return ControlFlow::Continue(());
    }
    if !index.groups_restrict(facts) {
        return found(Source::GroupSupportOff, index.permission_types());
    }
    let own = index.given(facts.group(group));
    if !own.is_empty() {
        found(Source::CustomerUserLink, own)?;
    }
    let mut has_customer = false;
    for customer in facts.customers() {
        let Some(of_customer) = index.customer(customer).filter(|facts| facts.is_valid()) else { continue };
        has_customer = true;
        let given = index.given(of_customer.group(group, Context::SameCustomer));
        if !given.is_empty() {
            found(Source::CustomerLink { customer }, given)?;
        }
    }
    if index.is_listed(Roll::CustomerUserAlwaysGroups, group) {
        found(Source::CustomerUserAlwaysGroup, index.permission_types())?;
    }
    if has_customer && index.is_listed(Roll::CustomerAlwaysGroups, group) {
        found(Source::CustomerAlwaysGroup, index.permission_types())?;
    }
    ControlFlow::Continue(())
}

/// Whether the customer user has the permission in the group; or, given whose a thing of the group
/// is, on that thing. Allocates nothing.
pub fn may(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    thing: Option<&Owner>,
) -> bool {
    let gives =
        |_, given: PermissionSet| if given.holds(bit) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    each_source(index, customer_user, group, gives).is_break()
        && thing.is_none_or(|owner| thing::reaches(index, customer_user, group, bit, owner))
}

/// Every source of the customer user in the group, with what it gives; the permission types in one
/// of them are those that the customer user has there.
pub fn group_sources(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
) -> Vec<(Source, PermissionSet)> {
    sources_of(index, customer_user, group).into_vec()
}

/// The same, without an allocation where there are a few.
pub(super) fn sources_of(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
) -> SmallVec<[(Source, PermissionSet); 4]> {
    let mut sources = SmallVec::new();
    let _ = each_source(index, customer_user, group, |source, given| {
        sources.push((source, given));
        ControlFlow::<()>::Continue(())
    });
    sources
}

/// As [`may`], with the sources of a yes or the reasons of a no.
pub fn check_group(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    thing: Option<&Owner>,
) -> Decision {
    let gives = |(source, given): (Source, PermissionSet)| given.holds(bit).then_some(source);
    let mut sources: Vec<_> = sources_of(index, customer_user, group).into_iter().filter_map(gives).collect();
    let mut reasons = Reasons::default();
    if sources.is_empty() {
        reasons = why_not(index, customer_user, group, bit);
    }
    if let Some(owner) = thing {
        let reach = thing::sources(index, customer_user, group, bit, owner);
        let asked = index.is_valid(customer_user) && index.is_valid(group);
        if reach.is_empty() && asked {
            thing::why_not(index, customer_user, group, bit, owner, &mut reasons);
        }
        sources.extend(reach);
    }
    if reasons.is_empty() { Decision::yes(sources) } else { Decision::no(reasons) }
}

/// Why no source gives the permission.
fn why_not(index: &Index, customer_user: CustomerUserNumber, group: GroupNumber, bit: u8) -> Reasons {
    let mut reasons = Reasons::default();
    reasons.add_if(!index.is_valid(customer_user), Reason::CustomerUserNotValid);
    reasons.add_if(!index.is_valid(group), Reason::GroupNotValid);
    reasons.add_if(!index.permission_types().holds(bit), Reason::PermissionNotConfigured);
    if reasons.is_empty() {
        links_that_do_not(index, customer_user, group, &mut reasons);
    }
    reasons
}

/// What each link and always-group lacks to give anything more than it does.
fn links_that_do_not(index: &Index, customer_user: CustomerUserNumber, group: GroupNumber, reasons: &mut Reasons) {
    let customers = || index.customers_of(customer_user);
    let is_linked = |customer: &_| !index.customer_group(*customer, group, Context::SameCustomer).is_empty();
    let lacking = customers().any(|customer| index.is_valid(customer) && is_linked(&customer))
        || !index.customer_user_group(customer_user, group).is_empty();
    let always = index.is_listed(Roll::CustomerAlwaysGroups, group);
    let not_valid = customers().any(|customer| !index.is_valid(customer) && (always || is_linked(&customer)));
    reasons.add_if(lacking, Reason::LinkLacksPermission);
    reasons.add_if(not_valid, Reason::CustomerNotValid);
    reasons.add_if(!lacking && !customers().any(|customer| is_linked(&customer)), Reason::NoLink);
    reasons.add_if(always && customers().next().is_none(), Reason::NoCustomer);
}
