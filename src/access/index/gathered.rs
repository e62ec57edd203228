//! Facts that were gathered apart from any index: what there are millions of in the form that the index keeps it in, so
//! that several threads can gather at the same time and taking it in is little work.

use super::Index;
use super::entry::CustomerUserEntry;
use super::links;
use crate::directory::{
    Change, CustomerMembership, CustomerUserGroupLink, CustomerUserNumber, CustomerUserServiceLink, Kind,
};

/// Customer users whose numbers are further apart are not gathered in one list.
const AS_MANY: u32 = 1 << 16;

/// What an index is to take in with [`Index::take_in`].
#[derive(Debug, Default)]
pub struct Gathered {
    /// The number of the first customer user in the lists.
    first: u32,
    keys: Vec<Option<Box<str>>>,
    customer_users: Vec<CustomerUserEntry>,
    others: Vec<Change>,
}

impl Gathered {
    /// Nothing yet; customer users are to be gathered from this number on, about so many.
    pub fn from(first: u32, about: usize) -> Self {
        let (keys, customer_users) = (Vec::with_capacity(about), Vec::with_capacity(about));
        Self { first, keys, customer_users, others: Vec::new() }
    }

    /// How many facts there are that are not of customer users.
    pub fn others(&self) -> usize {
        self.others.len()
    }

    /// Adds a fact: that something is so. They may come in any order.
    pub fn add(&mut self, fact: Change) {
        if let Some(other) = self.add_to_customer_user(fact) {
            self.others.push(other);
        }
    }

    /// Gives back what is not a fact of a customer user of the list.
    fn add_to_customer_user(&mut self, fact: Change) -> Option<Change> {
        match fact {
            Change::CustomerUserPut { id, customer, back_end, validity, .. } => {
                let Some((key, entry)) = self.put(id) else { return Some(fact) };
                (entry.customer, entry.back_end, entry.validity) = (customer, Some(back_end), Some(validity));
                if let Change::CustomerUserPut { login, .. } = fact {
                    *key = Some(String::from(login).into_boxed_str());
                }
            }
            Change::CustomerUserGroupLinkSet(link @ CustomerUserGroupLink { customer_user, .. }) => {
                let Some((_, entry)) = self.put(customer_user) else { return Some(fact) };
                entry.set_group(&link);
            }
            Change::CustomerUserServiceLinkSet(CustomerUserServiceLink { customer_user, service, linked }) => {
                let Some((_, entry)) = self.put(customer_user) else { return Some(fact) };
                links::set_number(&mut entry.services, service, linked);
            }
            Change::CustomerMembershipSet(CustomerMembership { customer_user, customer, member }) => {
                let Some((_, entry)) = self.put(customer_user) else { return Some(fact) };
                links::set_number(&mut entry.additional, customer, member);
            }
            other => return Some(other),
        }
        None
    }

    /// The places of a customer user in the lists.
    fn put(&mut self, number: CustomerUserNumber) -> Option<(&mut Option<Box<str>>, &mut CustomerUserEntry)> {
        let at = number.0.checked_sub(self.first).filter(|at| *at < AS_MANY)? as usize;
        if self.keys.len() <= at {
            self.keys.resize_with(at + 1, Default::default);
            self.customer_users.resize_with(at + 1, Default::default);
        }
        self.keys.get_mut(at).zip(self.customer_users.get_mut(at))
    }
}

impl Index {
    /// Says that so many customer users are to be taken in, which makes it less work.
    pub fn make_room(&mut self, customer_users: usize) {
        self.names[Kind::CustomerUser as usize].reserve(customer_users);
    }

    /// Takes in facts, as if each were applied. All that there is of a customer user must have been gathered together:
    /// what the index says of them, if it knows them, is replaced.
    pub fn take_in(&mut self, gathered: Gathered) {
        for (number, (key, entry)) in (gathered.first..).zip(gathered.keys.into_iter().zip(gathered.customer_users)) {
            if let Some(key) = key {
                self.names[Kind::CustomerUser as usize].put(number, key);
            }
            self.take_in_customer_user(CustomerUserNumber(number), entry);
        }
        gathered.others.iter().for_each(|fact| self.apply(fact));
    }

    fn take_in_customer_user(&mut self, customer_user: CustomerUserNumber, entry: CustomerUserEntry) {
        let nothing = CustomerUserEntry::default();
        if entry == nothing {
            return;
        }
        if self.customer_users.get(customer_user).is_some_and(|known| *known != nothing) {
            self.forget_customer_user(customer_user);
        }
        for grant in &entry.groups {
            self.groups.entry(grant.group).customer_users.set(customer_user, true);
        }
        for service in &entry.services {
            self.services.entry(*service).customer_users.set(customer_user, true);
        }
        for customer in entry.customers() {
            self.customers.entry(customer).customer_users.set(customer_user, true);
        }
        if let Some(back_end) = entry.back_end {
            self.back_ends.entry(back_end).customer_users.set(customer_user, true);
        }
        *self.customer_users.entry(customer_user) = entry;
    }
}
