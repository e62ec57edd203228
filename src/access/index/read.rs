//! What the index says of a thing: the facts, not yet what follows from them.

use super::Index;
use super::entry::{CustomerEntry, CustomerGrant, CustomerUserEntry, Grant, GroupEntry};
use crate::directory::text::folded;
use crate::directory::{
    BackEndNumber, Context, CustomerNumber, CustomerUserNumber, GroupNumber, Kind, Number, PermissionSet, Reference,
    Roll, ServiceNumber, Settings, Thing, Validity,
};

/// No chain of ancestors is longer: each part of a service's name takes at least one character of
/// 200, and the separators two each. A longer one would be a cycle.
const MAX_DEPTH: usize = 67;

/// Things of any kind.
impl Index {
    /// The thing of this kind that the reference names, if it exists.
    pub fn resolve<N: Number>(&self, reference: &Reference) -> Option<N> {
        let number = match reference {
            Reference::Id(_) => reference.number(N::KIND).filter(|number| self.exists(N::from(*number))),
            Reference::Key(_) => self.names[N::KIND as usize].find(&reference.folded_key()?),
            Reference::External(external_id) => self.externals[N::KIND as usize].find(external_id),
        };
        number.map(N::from)
    }

    /// The thing of this kind with this natural key, given in any case.
    pub fn find_key<N: Number>(&self, key: &str) -> Option<N> {
        self.names[N::KIND as usize].find(&folded(key)).map(N::from)
    }

    /// Whether the thing exists.
    pub fn exists(&self, thing: impl Into<Thing>) -> bool {
        self.key(thing).is_some()
    }

    /// The natural key as it was written, if the thing exists.
    pub fn key(&self, thing: impl Into<Thing>) -> Option<&str> {
        let thing = thing.into();
        self.names[thing.kind as usize].key(thing.number)
    }

    /// The validity, if the thing exists. A back end has none and is always valid.
    pub fn validity(&self, thing: impl Into<Thing>) -> Option<Validity> {
        let Thing { kind, number } = thing.into();
        match kind {
            Kind::Customer => self.customers.get(number)?.validity,
            Kind::CustomerUser => self.customer_users.get(number)?.validity,
            Kind::Group => self.groups.get(number)?.validity,
            Kind::Service => self.services.get(number)?.validity,
            Kind::BackEnd => self.back_ends.get(number)?.group_support.map(|_| Validity::Valid),
        }
    }

    /// Whether the thing exists and is valid; of a service, it alone.
    pub fn is_valid(&self, thing: impl Into<Thing>) -> bool {
        self.validity(thing) == Some(Validity::Valid)
    }

    /// What other systems call the thing, as source and id, sorted.
    pub fn external_ids(&self, thing: impl Into<Thing>) -> Vec<(&str, &str)> {
        let thing = thing.into();
        let mut ids: Vec<_> = self.externals[thing.kind as usize].of(thing.number).collect();
        ids.sort_unstable();
        ids
    }

    /// How many things of the kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.names[kind as usize].len()
    }

    /// One more than the greatest number that a thing of the kind ever had.
    pub fn end(&self, kind: Kind) -> u32 {
        self.names[kind as usize].end()
    }

    /// The things of a kind after the given one, in the order of their numbers.
    pub fn all<N: Number>(&self, after: Option<N>) -> impl Iterator<Item = N> {
        let names = &self.names[N::KIND as usize];
        let start = after.map_or(0, |after| after.into().saturating_add(1));
        (start..names.end()).filter(|number| names.key(*number).is_some()).map(N::from)
    }
}

/// Settings and rolls.
impl Index {
    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every configured permission type.
    pub fn permission_types(&self) -> PermissionSet {
        self.types
    }

    /// What a link with this set gives: every configured type for `rw` (rule 3), and never a type
    /// that is not configured.
    pub fn given(&self, granted: PermissionSet) -> PermissionSet {
        if granted.holds(0) { self.types } else { PermissionSet(granted.0 & self.types.0) }
    }

    /// What stands on the roll, valid or not, in the order of the numbers.
    pub fn roll(&self, roll: Roll) -> impl Iterator<Item = u32> {
        self.rolls[roll as usize].iter().copied()
    }

    /// Whether the group or service of this number stands on the roll.
    pub fn is_listed(&self, roll: Roll, number: impl Into<u32>) -> bool {
        self.rolls[roll as usize].contains(&number.into())
    }

    /// The groups on one of the two rolls of groups; nothing for the roll of services.
    pub fn always_groups(&self, roll: Roll) -> impl Iterator<Item = GroupNumber> {
        self.roll(roll).filter(move |_| roll != Roll::DefaultServices).map(GroupNumber)
    }

    /// The default services, counting or not.
    pub fn default_services(&self) -> impl Iterator<Item = ServiceNumber> {
        self.roll(Roll::DefaultServices).map(ServiceNumber)
    }
}

/// Customer users.
impl Index {
    /// All that the index says of the customer user.
    pub(in crate::access) fn customer_user(&self, customer_user: CustomerUserNumber) -> Option<&CustomerUserEntry> {
        self.customer_users.get(customer_user)
    }

    /// The primary customer.
    pub fn primary_customer(&self, customer_user: CustomerUserNumber) -> Option<CustomerNumber> {
        self.customer_user(customer_user)?.customer
    }

    /// The customers, valid or not: the primary one first, then the additional ones; each once.
    pub fn customers_of(&self, customer_user: CustomerUserNumber) -> impl Iterator<Item = CustomerNumber> {
        self.customer_user(customer_user).into_iter().flat_map(CustomerUserEntry::customers)
    }

    /// Whether the customer is the primary or an additional one of the customer user, valid or not.
    pub fn is_member(&self, customer_user: CustomerUserNumber, customer: CustomerNumber) -> bool {
        self.customer_user(customer_user).is_some_and(|entry| entry.is_of(customer))
    }

    /// The additional customers of the customer user, by number.
    pub fn additional_customers(&self, customer_user: CustomerUserNumber) -> &[CustomerNumber] {
        self.customer_user(customer_user).map_or(&[], |entry| entry.additional.as_slice())
    }

    /// Whether the customer was added to the customer user, beside or as well as the primary one.
    pub fn is_additional_customer(&self, customer_user: CustomerUserNumber, customer: CustomerNumber) -> bool {
        self.customer_user(customer_user).is_some_and(|entry| entry.additional.binary_search(&customer).is_ok())
    }

    /// Where the customer user comes from.
    pub fn back_end(&self, customer_user: CustomerUserNumber) -> Option<BackEndNumber> {
        self.customer_user(customer_user)?.back_end
    }

    /// Whether groups restrict the customer user: group support is on, globally and for the back
    /// end. Where the back end is not there, they do.
    pub fn group_support(&self, customer_user: CustomerUserNumber) -> bool {
        self.customer_user(customer_user).map_or(self.settings.group_support, |facts| self.groups_restrict(facts))
    }

    /// The same of somebody who was looked up.
    pub(in crate::access) fn groups_restrict(&self, facts: &CustomerUserEntry) -> bool {
        self.settings.group_support && facts.back_end.is_none_or(|it| self.back_end_group_support(it))
    }

    /// What the customer user's link to the group holds.
    pub fn customer_user_group(&self, customer_user: CustomerUserNumber, group: GroupNumber) -> PermissionSet {
        self.customer_user(customer_user).map_or(PermissionSet::EMPTY, |facts| facts.group(group))
    }

    /// The links of the customer user to groups, by group.
    pub fn customer_user_groups(&self, customer_user: CustomerUserNumber) -> &[Grant] {
        self.customer_user(customer_user).map_or(&[], |entry| &entry.groups)
    }

    /// The services that the customer user is linked to, counting or not.
    pub fn customer_user_services(&self, customer_user: CustomerUserNumber) -> &[ServiceNumber] {
        self.customer_user(customer_user).map_or(&[], |entry| &entry.services)
    }

    /// Whether the customer user is linked to the service.
    pub fn has_service_link(&self, customer_user: CustomerUserNumber, service: ServiceNumber) -> bool {
        self.customer_user_services(customer_user).binary_search(&service).is_ok()
    }
}

/// Customers, groups, services and back ends.
impl Index {
    /// All that the index says of the customer.
    pub(in crate::access) fn customer(&self, customer: CustomerNumber) -> Option<&CustomerEntry> {
        self.customers.get(customer)
    }

    pub(super) fn group(&self, group: GroupNumber) -> Option<&GroupEntry> {
        self.groups.get(group)
    }

    /// The links of the customer to groups, by group.
    pub fn customer_groups(&self, customer: CustomerNumber) -> &[CustomerGrant] {
        self.customer(customer).map_or(&[], |entry| &entry.groups)
    }

    /// What the customer's link to the group in the context holds.
    pub fn customer_group(&self, customer: CustomerNumber, group: GroupNumber, context: Context) -> PermissionSet {
        self.customer(customer).map_or(PermissionSet::EMPTY, |facts| facts.group(group, context))
    }

    /// The parent of the service.
    pub fn parent(&self, service: ServiceNumber) -> Option<ServiceNumber> {
        self.services.get(service)?.parent
    }

    /// The service and its ancestors, from below; no more than there can be.
    pub fn with_ancestors(&self, service: ServiceNumber) -> impl Iterator<Item = ServiceNumber> {
        std::iter::successors(Some(service), |service| self.parent(*service)).take(MAX_DEPTH + 1)
    }

    /// Whether every ancestor of the service is there and valid.
    pub fn ancestors_are_valid(&self, service: ServiceNumber) -> bool {
        let mut ancestor = self.parent(service);
        for _ in 0..MAX_DEPTH {
            let Some(number) = ancestor else { return true };
            match self.services.get(number) {
                Some(entry) if entry.validity == Some(Validity::Valid) => ancestor = entry.parent,
                _ => return false,
            }
        }
        false
    }

    /// Whether the service counts: it and every ancestor of it is valid (rule 1).
    pub fn counts(&self, service: ServiceNumber) -> bool {
        self.is_valid(service) && self.ancestors_are_valid(service)
    }

    /// Whether groups restrict the customer users of this back end, as far as it is concerned.
    pub fn back_end_group_support(&self, back_end: BackEndNumber) -> bool {
        self.back_ends.get(back_end).and_then(|entry| entry.group_support).unwrap_or(true)
    }
}
