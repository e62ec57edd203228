//! How the index follows a change.

use super::entry::{CustomerGrant, CustomerUserEntry};
use super::{Index, links};
use crate::directory::{
    BackEndNumber, Change, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUserGroupLink,
    CustomerUserNumber, CustomerUserServiceLink, GroupNumber, Number, Roll, ServiceNumber, Settings, Thing, Validity,
};

impl Index {
    /// Follows one change. Applying it twice is applying it once.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::CustomerPut { id, customer_id, validity } => {
                self.put_customer(*id, customer_id.as_str(), *validity)
            }
            Change::CustomerRemoved { id, .. } => self.remove_customer(*id),
            Change::CustomerUserPut { id, login, customer, back_end, validity } => {
                self.put_customer_user(*id, login.as_str(), *customer, *back_end, *validity);
            }
            Change::CustomerUserRemoved { id, .. } => self.remove_customer_user(*id),
            Change::GroupPut { id, name, validity } => self.put_group(*id, name.as_str(), *validity),
            Change::GroupRemoved { id, .. } => self.remove_group(*id),
            Change::ServicePut { id, name, parent, validity } => {
                self.put_service(*id, name.as_str(), *parent, *validity);
            }
            Change::ServiceRemoved { id, .. } => self.remove_service(*id),
            Change::BackEndPut { id, name, group_support } => self.put_back_end(*id, name.as_str(), *group_support),
            Change::BackEndRemoved { id, .. } => self.remove_back_end(*id),
            Change::ExternalIdSet { id, external_id, present } => {
                self.externals[id.kind as usize].set(id.number, external_id, *present);
            }
            Change::CustomerGroupLinkSet(link) => self.set_customer_group(link),
            Change::CustomerUserGroupLinkSet(link) => self.set_customer_user_group(link),
            Change::CustomerUserServiceLinkSet(link) => self.set_customer_user_service(link),
            Change::CustomerMembershipSet(membership) => self.set_membership(membership),
            Change::RollSet { roll, id, listed } => self.set_roll(*roll, *id, *listed),
            Change::SettingsPut { settings } => self.put_settings(settings),
        }
    }

    /// Follows the changes of a revision, as if each were applied in its turn. Links that follow one another are made in
    /// the order of their ends, first at the one end and then at the other: so each part of the memory is come to once.
    pub fn apply_all(&mut self, changes: &[Change]) {
        let is_link = |change: &Change| matches!(change, Change::CustomerUserGroupLinkSet(_));
        for run in changes.chunk_by(|one, other| is_link(one) && is_link(other)) {
            match run {
                [_, _, ..] => self.set_customer_user_groups(run),
                one => one.iter().for_each(|change| self.apply(change)),
            }
        }
    }

    fn put_name<N: Number>(&mut self, number: N, key: &str) {
        self.names[N::KIND as usize].put(number.into(), key);
    }

    fn remove_name<N: Number>(&mut self, number: N) {
        self.names[N::KIND as usize].remove(number.into());
        self.externals[N::KIND as usize].remove_all(number.into());
    }

    fn put_customer(&mut self, customer: CustomerNumber, key: &str, validity: Validity) {
        self.put_name(customer, key);
        self.customers.entry(customer).validity = Some(validity);
    }

    fn remove_customer(&mut self, customer: CustomerNumber) {
        self.remove_name(customer);
        let entry = self.customers.take(customer);
        for grant in &entry.groups {
            self.groups.entry(grant.group).customers.set(customer, false);
        }
        for customer_user in entry.customer_users.iter() {
            let customer_user = self.customer_users.entry(customer_user);
            customer_user.customer.take_if(|primary| *primary == customer);
            links::set_number(&mut customer_user.additional, customer, false);
        }
    }

    fn put_customer_user(
        &mut self,
        customer_user: CustomerUserNumber,
        key: &str,
        customer: Option<CustomerNumber>,
        back_end: BackEndNumber,
        validity: Validity,
    ) {
        self.put_name(customer_user, key);
        let entry = self.customer_users.entry(customer_user);
        entry.validity = Some(validity);
        let old_back_end = entry.back_end.replace(back_end);
        let old_customer = std::mem::replace(&mut entry.customer, customer);
        if old_back_end != Some(back_end) {
            self.leave_back_end(customer_user, old_back_end);
            self.back_ends.entry(back_end).customer_users.set(customer_user, true);
        }
        if old_customer != customer {
            let touched = [old_customer, customer];
            touched.into_iter().flatten().for_each(|customer| self.mirror_membership(customer_user, customer));
        }
    }

    fn leave_back_end(&mut self, customer_user: CustomerUserNumber, back_end: Option<BackEndNumber>) {
        if let Some(back_end) = back_end {
            self.back_ends.entry(back_end).customer_users.set(customer_user, false);
        }
    }

    /// Lets the customer's end say what the customer user's end says.
    fn mirror_membership(&mut self, customer_user: CustomerUserNumber, customer: CustomerNumber) {
        let is_of = self.customer_users.get(customer_user).is_some_and(|entry| entry.is_of(customer));
        self.customers.entry(customer).customer_users.set(customer_user, is_of);
    }

    fn remove_customer_user(&mut self, customer_user: CustomerUserNumber) {
        self.remove_name(customer_user);
        self.forget_customer_user(customer_user);
    }

    /// Takes out what the customer user's entry says, at both ends.
    pub(super) fn forget_customer_user(&mut self, customer_user: CustomerUserNumber) {
        let entry: CustomerUserEntry = self.customer_users.take(customer_user);
        for grant in &entry.groups {
            self.groups.entry(grant.group).customer_users.set(customer_user, false);
        }
        for service in &entry.services {
            self.services.entry(*service).customer_users.set(customer_user, false);
        }
        entry.customers().for_each(|customer| self.mirror_membership(customer_user, customer));
        self.leave_back_end(customer_user, entry.back_end);
    }

    fn put_group(&mut self, group: GroupNumber, key: &str, validity: Validity) {
        self.put_name(group, key);
        self.groups.entry(group).validity = Some(validity);
    }

    fn remove_group(&mut self, group: GroupNumber) {
        self.remove_name(group);
        for roll in [Roll::CustomerUserAlwaysGroups, Roll::CustomerAlwaysGroups] {
            self.rolls[roll as usize].remove(&group.0);
        }
        let entry = self.groups.take(group);
        for customer_user in entry.customer_users.iter() {
            let grants = &mut self.customer_users.entry(customer_user).groups;
            links::set(grants, group, None, |grant| grant.group);
        }
        for customer in entry.customers.iter() {
            let grants = &mut self.customers.entry(customer).groups;
            links::set(grants, group, None, |grant| grant.group);
        }
    }

    fn put_service(&mut self, service: ServiceNumber, key: &str, parent: Option<ServiceNumber>, validity: Validity) {
        self.put_name(service, key);
        let entry = self.services.entry(service);
        entry.validity = Some(validity);
        entry.parent = parent;
    }

    fn remove_service(&mut self, service: ServiceNumber) {
        self.remove_name(service);
        self.rolls[Roll::DefaultServices as usize].remove(&service.0);
        let entry = self.services.take(service);
        for customer_user in entry.customer_users.iter() {
            let services = &mut self.customer_users.entry(customer_user).services;
            links::set_number(services, service, false);
        }
    }

    fn put_back_end(&mut self, back_end: BackEndNumber, key: &str, group_support: bool) {
        self.put_name(back_end, key);
        self.back_ends.entry(back_end).group_support = Some(group_support);
    }

    fn remove_back_end(&mut self, back_end: BackEndNumber) {
        self.remove_name(back_end);
        let entry = self.back_ends.take(back_end);
        for customer_user in entry.customer_users.iter() {
            self.customer_users.entry(customer_user).back_end = None;
        }
    }

    fn set_customer_group(&mut self, link: &CustomerGroupLink) {
        let grants = &mut self.customers.entry(link.customer).groups;
        let place = grants.binary_search_by_key(&link.group, |grant| grant.group);
        let mut grant = place.map_or_else(|_| CustomerGrant::none(link.group), |at| grants[at]);
        grant.set(link.context, link.permissions.normalized());
        let linked = !grant.is_none();
        links::set(grants, link.group, linked.then_some(grant), |grant| grant.group);
        self.groups.entry(link.group).customers.set(link.customer, linked);
    }

    fn set_customer_user_group(&mut self, link: &CustomerUserGroupLink) {
        self.customer_users.entry(link.customer_user).set_group(link);
        self.groups.entry(link.group).customer_users.set(link.customer_user, !link.permissions.is_empty());
    }

    fn set_customer_user_groups(&mut self, changes: &[Change]) {
        let link_of = |change| match change {
            &Change::CustomerUserGroupLinkSet(link) => Some(link),
            _ => None,
        };
        let mut links: Vec<CustomerUserGroupLink> = changes.iter().filter_map(link_of).collect();
        // Two of one link stay in their order, and the last one counts.
        links.sort_by_key(|link| link.customer_user);
        for link in &links {
            self.customer_users.entry(link.customer_user).set_group(link);
        }
        links.sort_by_key(|link| link.group);
        for link in &links {
            self.groups.entry(link.group).customer_users.set(link.customer_user, !link.permissions.is_empty());
        }
    }

    fn set_customer_user_service(&mut self, link: &CustomerUserServiceLink) {
        let services = &mut self.customer_users.entry(link.customer_user).services;
        links::set_number(services, link.service, link.linked);
        self.services.entry(link.service).customer_users.set(link.customer_user, link.linked);
    }

    fn set_membership(&mut self, membership: &CustomerMembership) {
        let CustomerMembership { customer_user, customer, member } = *membership;
        links::set_number(&mut self.customer_users.entry(customer_user).additional, customer, member);
        self.mirror_membership(customer_user, customer);
    }

    fn set_roll(&mut self, roll: Roll, thing: Thing, listed: bool) {
        let numbers = &mut self.rolls[roll as usize];
        if listed {
            numbers.insert(thing.number);
        } else {
            numbers.remove(&thing.number);
        }
    }

    fn put_settings(&mut self, settings: &Settings) {
        self.types = settings.permission_types.all();
        self.settings = settings.clone();
    }
}
