//! The reverse questions: who has a permission on a group, who has a service.
//!
//! Both gather candidates in the order of their numbers and ask of each the forward question, so
//! the answer can be no other (rule 7). What differs is only how few candidates will do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::effective::GroupPermissions;
use super::service::{Basis, basis};
use crate::access::Index;
use crate::directory::{
    BackEndNumber, Context, CustomerUserNumber, GroupNumber, Kind, PermissionSet, Roll, ServiceNumber,
};

/// Some of an answer, in the order of the customer users' numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Ask on after this one; nothing where the answer is complete.
    pub next: Option<CustomerUserNumber>,
}

/// A customer user who has a permission on a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupHolder {
    /// Who.
    pub customer_user: CustomerUserNumber,
    /// Which, of those asked for; never none.
    pub permissions: GroupPermissions,
}

/// A customer user who has a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceHolder {
    /// Who.
    pub customer_user: CustomerUserNumber,
    /// On what ground.
    pub basis: Basis,
}

/// Customer users by number, each once.
type Candidates<'i> = Box<dyn Iterator<Item = CustomerUserNumber> + 'i>;

/// Who has the permission on the group, or any permission where none is given.
pub fn who_has_permission(
    index: &Index,
    group: GroupNumber,
    bit: Option<u8>,
    after: Option<CustomerUserNumber>,
    limit: usize,
) -> Page<GroupHolder> {
    let asked = bit.map_or(index.permission_types(), PermissionSet::of);
    let candidates = group_candidates(index, group, after, limit);
    let holders = candidates.map(|customer_user| GroupHolder {
        customer_user,
        permissions: GroupPermissions::of(index, customer_user, group, asked),
    });
    page(holders.filter(|holder| !holder.permissions.is_empty()), limit, |holder| holder.customer_user)
}

/// Who has the service, and on what ground. Unknown customer users are not among them.
pub fn who_has_service(
    index: &Index,
    service: ServiceNumber,
    after: Option<CustomerUserNumber>,
    limit: usize,
) -> Page<ServiceHolder> {
    let is_default = index.is_listed(Roll::DefaultServices, service);
    let candidates: Candidates = if !index.counts(service) {
        Box::new(std::iter::empty())
    } else if is_default {
        Box::new(index.all(after))
    } else {
        Box::new(index.customer_users_of_service(service, after))
    };
    let holders = candidates.filter_map(|customer_user| {
        let basis = basis(index, customer_user);
        let has = match basis {
            Basis::Assigned => index.has_service_link(customer_user, service),
            Basis::Default => is_default,
            Basis::None => false,
        };
        has.then_some(ServiceHolder { customer_user, basis })
    });
    page(holders, limit, |holder| holder.customer_user)
}

/// The first so many; a next page is announced only if there is something on it.
fn page<T>(mut found: impl Iterator<Item = T>, limit: usize, who: impl Fn(&T) -> CustomerUserNumber) -> Page<T> {
    let items: Vec<T> = found.by_ref().take(limit).collect();
    let next = items.last().map(who).filter(|_| found.next().is_some());
    Page { items, next }
}

/// Every customer user who may have anything on the group; and perhaps some more.
fn group_candidates(
    index: &Index,
    group: GroupNumber,
    after: Option<CustomerUserNumber>,
    limit: usize,
) -> Candidates<'_> {
    if !index.is_valid(group) {
        return Box::new(std::iter::empty());
    }
    if everybody_may_have(index, group) {
        return Box::new(index.all(after));
    }
    let unrestricted = |back_end: &BackEndNumber| !index.back_end_group_support(*back_end);
    let giving = |customer: &_| {
        index.is_valid(*customer) && !index.customer_group(*customer, group, Context::SameCustomer).is_empty()
    };
    if scanning_is_cheaper(index, index.linked(group, Kind::Customer), limit) {
        return Box::new(index.all(after));
    }
    let mut lists: Vec<Candidates> = vec![Box::new(index.customer_users_of_group(group, after))];
    for customer in index.customers_of_group(group, None).filter(giving) {
        lists.push(Box::new(index.customer_users_of_customer(customer, after)));
    }
    for back_end in index.all::<BackEndNumber>(None).filter(unrestricted) {
        lists.push(Box::new(index.customer_users_of_back_end(back_end, after)));
    }
    merge(lists)
}

/// Whether the group is everybody's, but for those that are asked one by one.
fn everybody_may_have(index: &Index, group: GroupNumber) -> bool {
    !index.settings().group_support
        || index.is_listed(Roll::CustomerUserAlwaysGroups, group)
        || index.is_listed(Roll::CustomerAlwaysGroups, group)
}

/// With so many customers linked, looking at every customer user until the page is full is
/// expected to cost less than opening the list of each of those customers.
fn scanning_is_cheaper(index: &Index, customers: usize, limit: usize) -> bool {
    let to_look_at = limit.saturating_mul(index.count(Kind::CustomerUser));
    customers.saturating_mul(customers) > to_look_at
}

/// Merges sorted lists into one, each number once.
fn merge(mut lists: Vec<Candidates<'_>>) -> Candidates<'_> {
    if lists.len() == 1 {
        return lists.remove(0);
    }
    let heads = lists.iter_mut().enumerate();
    let mut heap: BinaryHeap<_> = heads.filter_map(|(list, it)| it.next().map(|head| Reverse((head, list)))).collect();
    let mut last = None;
    Box::new(std::iter::from_fn(move || {
        loop {
            let Reverse((head, list)) = heap.pop()?;
            heap.extend(lists[list].next().map(|head| Reverse((head, list))));
            if last.replace(head) != Some(head) {
                return Some(head);
            }
        }
    }))
}
