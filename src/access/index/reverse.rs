//! What links to a thing: the other ends, in the order of their numbers.

use super::Index;
use super::members::Members;
use crate::directory::{
    BackEndNumber, CustomerNumber, CustomerUserNumber, GroupNumber, Kind, Number, ServiceNumber, Thing,
};

/// Each list begins after the given number, or at the start.
impl Index {
    /// The customer users linked to the group.
    pub fn customer_users_of_group(
        &self,
        group: GroupNumber,
        after: Option<CustomerUserNumber>,
    ) -> impl Iterator<Item = CustomerUserNumber> {
        members(self.group(group).map(|entry| &entry.customer_users), after)
    }

    /// The customers linked to the group, in any context.
    pub fn customers_of_group(
        &self,
        group: GroupNumber,
        after: Option<CustomerNumber>,
    ) -> impl Iterator<Item = CustomerNumber> {
        members(self.group(group).map(|entry| &entry.customers), after)
    }

    /// The customer users linked to the service.
    pub fn customer_users_of_service(
        &self,
        service: ServiceNumber,
        after: Option<CustomerUserNumber>,
    ) -> impl Iterator<Item = CustomerUserNumber> {
        members(self.services.get(service).map(|entry| &entry.customer_users), after)
    }

    /// The customer users whose primary or additional customer it is.
    pub fn customer_users_of_customer(
        &self,
        customer: CustomerNumber,
        after: Option<CustomerUserNumber>,
    ) -> impl Iterator<Item = CustomerUserNumber> {
        members(self.customer(customer).map(|entry| &entry.customer_users), after)
    }

    /// The customer users who come from the back end.
    pub fn customer_users_of_back_end(
        &self,
        back_end: BackEndNumber,
        after: Option<CustomerUserNumber>,
    ) -> impl Iterator<Item = CustomerUserNumber> {
        members(self.back_ends.get(back_end).map(|entry| &entry.customer_users), after)
    }

    /// How many things of the kind are linked to this one: how much a removal would touch.
    pub fn linked(&self, thing: impl Into<Thing>, kind: Kind) -> usize {
        let Thing { kind: of, number } = thing.into();
        match (of, kind) {
            (Kind::Customer, Kind::Group) => self.customer_groups(CustomerNumber(number)).len(),
            (Kind::Customer, Kind::CustomerUser) => length(self.customers.get(number), |e| &e.customer_users),
            (Kind::CustomerUser, Kind::Group) => self.customer_user_groups(CustomerUserNumber(number)).len(),
            (Kind::CustomerUser, Kind::Service) => self.customer_user_services(CustomerUserNumber(number)).len(),
            (Kind::CustomerUser, Kind::Customer) => self.customers_of(CustomerUserNumber(number)).count(),
            (Kind::Group, Kind::CustomerUser) => length(self.groups.get(number), |e| &e.customer_users),
            (Kind::Group, Kind::Customer) => length(self.groups.get(number), |e| &e.customers),
            (Kind::Service, Kind::CustomerUser) => length(self.services.get(number), |e| &e.customer_users),
            (Kind::BackEnd, Kind::CustomerUser) => length(self.back_ends.get(number), |e| &e.customer_users),
            _ => 0,
        }
    }
}

fn length<T>(entry: Option<&T>, members: impl Fn(&T) -> &Members) -> usize {
    entry.map_or(0, |entry| members(entry).len())
}

fn members<N: Number>(members: Option<&Members>, after: Option<N>) -> impl Iterator<Item = N> {
    members.into_iter().flat_map(move |members| members.after(after.map(Into::into))).map(N::from)
}
