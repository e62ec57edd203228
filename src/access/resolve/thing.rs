//! Rule 6: which things in a group a customer user reaches.

use std::ops::ControlFlow;

use super::reason::{Reason, Reasons};
use super::source::Source;
use crate::access::Index;
use crate::directory::{Context, CustomerNumber, CustomerUserNumber, GroupNumber, PermissionSet};

/// Whose a thing is. Nobody's, or that of somebody who is not known, is `None` and matches nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owner {
    /// The customer that it belongs to.
    pub customer: Option<CustomerNumber>,
    /// The customer user that it belongs to.
    pub customer_user: Option<CustomerUserNumber>,
}

/// Shows each source that reaches a thing of this owner, until one is found. With [`each_other`]
/// this is rule 6 without its first half, and the only place that knows it.
fn each_reach<B>(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    owner: &Owner,
    mut found: impl FnMut(Source) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if !index.is_valid(customer_user) {
        return ControlFlow::Continue(());
    }
    if owner.customer_user == Some(customer_user) {
        found(Source::OwnThing)?;
    }
    let company = owner.customer.filter(|_| index.settings().company_access);
    if let Some(customer) = company.filter(|it| index.is_valid(*it) && index.is_member(customer_user, *it)) {
        found(Source::CustomerOfTheThing { customer })?;
    }
    each_other(index, customer_user, group, |customer, given| {
        if given.holds(bit) { found(Source::OtherCustomers { customer }) } else { ControlFlow::Continue(()) }
    })
}

/// Shows each valid customer whose link in the context `other_customers` reaches things of all
/// customers, with the permissions it does so for.
pub(super) fn each_other<B>(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    mut found: impl FnMut(CustomerNumber, PermissionSet) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let settings = index.settings();
    if !settings.company_access || !settings.other_customers || !index.group_support(customer_user) {
        return ControlFlow::Continue(());
    }
    for customer in index.customers_of(customer_user).filter(|customer| index.is_valid(*customer)) {
        let given = index.given(index.customer_group(customer, group, Context::OtherCustomers));
        if !given.is_empty() {
            found(customer, given)?;
        }
    }
    ControlFlow::Continue(())
}

/// For which permissions the customer user, who has them on the group, reaches things of all customers.
pub(super) fn reaches_all(index: &Index, customer_user: CustomerUserNumber, group: GroupNumber) -> PermissionSet {
    let mut all = PermissionSet::EMPTY;
    let _ = each_other(index, customer_user, group, |_, given| {
        all = all.union(given);
        ControlFlow::<()>::Continue(())
    });
    all
}

/// Whether a thing of this owner is reached, by one who has the permission on its group.
pub(super) fn reaches(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    owner: &Owner,
) -> bool {
    each_reach(index, customer_user, group, bit, owner, |_| ControlFlow::Break(())).is_break()
}

/// What reaches a thing of this owner.
pub(super) fn sources(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    owner: &Owner,
) -> Vec<Source> {
    let mut sources = Vec::new();
    let _ = each_reach(index, customer_user, group, bit, owner, |source| {
        sources.push(source);
        ControlFlow::<()>::Continue(())
    });
    sources
}

/// Why nothing reaches a thing of this owner.
pub(super) fn why_not(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    owner: &Owner,
    reasons: &mut Reasons,
) {
    let settings = index.settings();
    let company = owner.customer.filter(|customer| index.is_member(customer_user, *customer));
    reasons.add_if(company.is_none(), Reason::NotACustomerOfTheThing);
    reasons.add_if(company.is_some_and(|customer| !index.is_valid(customer)), Reason::CustomerNotValid);
    reasons.add_if(!settings.company_access, Reason::CompanyAccessOff);
    if settings.company_access && index.group_support(customer_user) {
        other_links_that_do_not(index, customer_user, group, bit, reasons);
    }
}

/// What each link in the context `other_customers` lacks.
fn other_links_that_do_not(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
    bit: u8,
    reasons: &mut Reasons,
) {
    for customer in index.customers_of(customer_user) {
        let given = index.given(index.customer_group(customer, group, Context::OtherCustomers));
        if given.is_empty() {
            continue;
        }
        let (gives, valid) = (given.holds(bit), index.is_valid(customer));
        reasons.add_if(valid && gives, Reason::ContextOff);
        reasons.add_if(index.settings().other_customers && valid && !gives, Reason::LinkLacksPermission);
        reasons.add_if(index.settings().other_customers && !valid && gives, Reason::CustomerNotValid);
    }
}

/// The customers whose things the customer user reaches, by whatever permission they have on the
/// group (rule 6): their own valid ones, while `company_access` is on. By number.
pub(super) fn reached_customers(index: &Index, customer_user: CustomerUserNumber) -> Vec<CustomerNumber> {
    if !index.settings().company_access || !index.is_valid(customer_user) {
        return Vec::new();
    }
    let own = index.customers_of(customer_user).filter(|customer| index.is_valid(*customer));
    let mut customers: Vec<_> = own.collect();
    customers.sort_unstable();
    customers
}
