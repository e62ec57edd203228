//! What the index keeps of one thing, by its number. An entry that says nothing is the default one;
//! `validity` tells whether the thing exists.

use smallvec::SmallVec;

use super::links;
use super::members::Members;
use crate::directory::{
    BackEndNumber, Context, CustomerNumber, CustomerUserGroupLink, GroupNumber, PermissionSet, ServiceNumber, Validity,
};

/// A customer user's link to a group. Packed: millions of these are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, packed(2))]
pub struct Grant {
    /// The group.
    pub group: GroupNumber,
    /// What the link holds.
    pub permissions: PermissionSet,
}

/// A customer's links to a group: one in each context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerGrant {
    /// The group.
    pub group: GroupNumber,
    /// What the link in the context `same_customer` holds.
    pub same_customer: PermissionSet,
    /// What the link in the context `other_customers` holds.
    pub other_customers: PermissionSet,
}

impl CustomerGrant {
    /// No link in either context.
    pub(super) fn none(group: GroupNumber) -> Self {
        Self { group, same_customer: PermissionSet::EMPTY, other_customers: PermissionSet::EMPTY }
    }

    /// What the link in the context holds.
    pub fn in_context(&self, context: Context) -> PermissionSet {
        match context {
            Context::SameCustomer => self.same_customer,
            Context::OtherCustomers => self.other_customers,
        }
    }

    pub(super) fn set(&mut self, context: Context, permissions: PermissionSet) {
        match context {
            Context::SameCustomer => self.same_customer = permissions,
            Context::OtherCustomers => self.other_customers = permissions,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.same_customer.is_empty() && self.other_customers.is_empty()
    }
}

/// Two cache lines that a processor fetches together: a check of a customer user whom nobody asked about lately waits
/// for this entry and for the one of the customer, and for no other memory.
#[derive(Debug, Clone, Default, PartialEq)]
#[repr(align(128))]
pub(in crate::access) struct CustomerEntry {
    pub validity: Option<Validity>,
    /// Sorted by group. So many stand in the entry itself, where a check finds them without another fetch.
    pub groups: SmallVec<[CustomerGrant; 10]>,
    /// Whose primary or additional customer it is.
    pub customer_users: Members,
}

/// As large as a customer's, for the same reason.
#[derive(Debug, Clone, Default, PartialEq)]
#[repr(align(128))]
pub(in crate::access) struct CustomerUserEntry {
    /// Sorted by group.
    pub groups: SmallVec<[Grant; 6]>,
    /// Sorted.
    pub services: SmallVec<[ServiceNumber; 4]>,
    /// Sorted; may name the primary customer too.
    pub additional: SmallVec<[CustomerNumber; 4]>,
    pub customer: Option<CustomerNumber>,
    pub back_end: Option<BackEndNumber>,
    pub validity: Option<Validity>,
}

impl CustomerEntry {
    /// Whether the customer exists and is valid.
    pub fn is_valid(&self) -> bool {
        self.validity == Some(Validity::Valid)
    }

    /// What the link to the group in the context holds.
    pub fn group(&self, group: GroupNumber, context: Context) -> PermissionSet {
        links::held(&self.groups, group, |grant| grant.group, |grant| grant.in_context(context))
    }
}

impl CustomerUserEntry {
    /// Whether the customer user exists and is valid.
    pub fn is_valid(&self) -> bool {
        self.validity == Some(Validity::Valid)
    }

    /// What the link to the group holds.
    pub fn group(&self, group: GroupNumber) -> PermissionSet {
        links::held(&self.groups, group, |grant| grant.group, |grant| grant.permissions)
    }

    /// Whether the customer is one of the customer user's, valid or not.
    pub fn is_of(&self, customer: CustomerNumber) -> bool {
        self.customer == Some(customer) || self.additional.binary_search(&customer).is_ok()
    }

    /// The primary customer, then the additional ones; each once.
    pub fn customers(&self) -> impl Iterator<Item = CustomerNumber> {
        let additional = self.additional.iter().copied().filter(|customer| Some(*customer) != self.customer);
        self.customer.into_iter().chain(additional)
    }

    /// Lets this end of a link to a group say what the link says.
    pub fn set_group(&mut self, link: &CustomerUserGroupLink) {
        let grant = Grant { group: link.group, permissions: link.permissions.normalized() };
        let linked = !link.permissions.is_empty();
        links::set(&mut self.groups, link.group, linked.then_some(grant), |grant| grant.group);
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct GroupEntry {
    pub validity: Option<Validity>,
    /// The linked customer users.
    pub customer_users: Members,
    /// The customers linked in any context.
    pub customers: Members,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ServiceEntry {
    pub validity: Option<Validity>,
    pub parent: Option<ServiceNumber>,
    /// The linked customer users.
    pub customer_users: Members,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BackEndEntry {
    /// Whether groups restrict its customer users; nothing where the back end does not exist.
    pub group_support: Option<bool>,
    /// Who comes from it.
    pub customer_users: Members,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_are_millions_of_is_small() {
        assert_eq!(size_of::<Grant>(), 6);
        assert_eq!(size_of::<CustomerGrant>(), 8);
        assert_eq!(size_of::<CustomerUserEntry>(), 128);
        assert_eq!(size_of::<CustomerEntry>(), 128);
    }
}
