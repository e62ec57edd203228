//! The rules, written straight from their text over plain maps: slow, and plain to see. It shares
//! nothing with the index or the resolver but the vocabulary of the directory.

use std::collections::{BTreeMap, BTreeSet};

use customer_access::directory::{Change, Context, ExternalId, Kind, PermissionSet, Roll, Settings, Validity};

/// A customer user, as the facts have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub login: String,
    pub customer: Option<u32>,
    pub back_end: u32,
    pub validity: Validity,
}

/// A service, as the facts have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    pub name: String,
    pub parent: Option<u32>,
    pub validity: Validity,
}

/// The facts.
#[derive(Debug, Clone)]
pub struct Naive {
    pub settings: Settings,
    pub customers: BTreeMap<u32, (String, Validity)>,
    pub customer_users: BTreeMap<u32, Person>,
    pub groups: BTreeMap<u32, (String, Validity)>,
    pub services: BTreeMap<u32, Service>,
    pub back_ends: BTreeMap<u32, (String, bool)>,
    pub external_ids: BTreeSet<(Kind, u32, ExternalId)>,
    /// Customer, group, context → what the link holds.
    pub customer_group_links: BTreeMap<(u32, u32, Context), BTreeSet<u8>>,
    /// Customer user, group → what the link holds.
    pub customer_user_group_links: BTreeMap<(u32, u32), BTreeSet<u8>>,
    pub customer_user_service_links: BTreeSet<(u32, u32)>,
    pub memberships: BTreeSet<(u32, u32)>,
    pub rolls: BTreeSet<(Roll, u32)>,
}

/// The kind of a source, and the customer through whom it comes.
pub type NaiveSource = (&'static str, Option<u32>);

/// Whose a thing is.
pub type NaiveOwner = (Option<u32>, Option<u32>);

fn bits(set: PermissionSet) -> BTreeSet<u8> {
    (0..16).filter(|bit| set.holds(*bit)).collect()
}

impl Naive {
    pub fn new() -> Self {
        Self {
            settings: Settings::fresh(),
            customers: BTreeMap::new(),
            customer_users: BTreeMap::new(),
            groups: BTreeMap::new(),
            services: BTreeMap::new(),
            back_ends: BTreeMap::new(),
            external_ids: BTreeSet::new(),
            customer_group_links: BTreeMap::new(),
            customer_user_group_links: BTreeMap::new(),
            customer_user_service_links: BTreeSet::new(),
            memberships: BTreeSet::new(),
            rolls: BTreeSet::new(),
        }
    }

    pub fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::CustomerPut { id, customer_id, validity } => {
                self.customers.insert(id.0, (customer_id.into(), validity));
            }
            Change::CustomerUserPut { id, login, customer, back_end, validity } => {
                let customer = customer.map(u32::from);
                let person = Person { login: login.into(), customer, back_end: back_end.0, validity };
                self.customer_users.insert(id.0, person);
            }
            Change::GroupPut { id, name, validity } => drop(self.groups.insert(id.0, (name.into(), validity))),
            Change::ServicePut { id, name, parent, validity } => {
                let parent = parent.map(u32::from);
                self.services.insert(id.0, Service { name: name.into(), parent, validity });
            }
            Change::BackEndPut { id, name, group_support } => {
                self.back_ends.insert(id.0, (name.into(), group_support));
            }
            Change::SettingsPut { settings } => self.settings = *settings,
            removed_or_linked => self.apply_other(removed_or_linked),
        }
    }

    fn apply_other(&mut self, change: Change) {
        match change {
            Change::CustomerRemoved { id, .. } => self.remove_customer(id.0),
            Change::CustomerUserRemoved { id, .. } => self.remove_customer_user(id.0),
            Change::GroupRemoved { id, .. } => self.remove_group(id.0),
            Change::ServiceRemoved { id, .. } => self.remove_service(id.0),
            Change::BackEndRemoved { id, .. } => drop(self.back_ends.remove(&id.0)),
            Change::ExternalIdSet { id, external_id, present } => {
                set(&mut self.external_ids, (id.kind, id.number, external_id), present);
            }
            Change::CustomerGroupLinkSet(link) => {
                let key = (link.customer.0, link.group.0, link.context);
                set_bits(&mut self.customer_group_links, key, bits(link.permissions));
            }
            Change::CustomerUserGroupLinkSet(link) => {
                let key = (link.customer_user.0, link.group.0);
                set_bits(&mut self.customer_user_group_links, key, bits(link.permissions));
            }
            Change::CustomerUserServiceLinkSet(link) => {
                set(&mut self.customer_user_service_links, (link.customer_user.0, link.service.0), link.linked);
            }
            Change::CustomerMembershipSet(it) => {
                set(&mut self.memberships, (it.customer_user.0, it.customer.0), it.member);
            }
            Change::RollSet { roll, id, listed } => set(&mut self.rolls, (roll, id.number), listed),
            put => unreachable!("{put:?} is not a removal or a link"),
        }
    }

    fn forget(&mut self, kind: Kind, number: u32) {
        self.external_ids.retain(|(of, it, _)| (*of, *it) != (kind, number));
    }

    fn remove_customer(&mut self, number: u32) {
        self.customers.remove(&number);
        self.forget(Kind::Customer, number);
        self.customer_group_links.retain(|(customer, _, _), _| *customer != number);
        self.memberships.retain(|(_, customer)| *customer != number);
        for person in self.customer_users.values_mut().filter(|person| person.customer == Some(number)) {
            person.customer = None;
        }
    }

    fn remove_customer_user(&mut self, number: u32) {
        self.customer_users.remove(&number);
        self.forget(Kind::CustomerUser, number);
        self.customer_user_group_links.retain(|(person, _), _| *person != number);
        self.customer_user_service_links.retain(|(person, _)| *person != number);
        self.memberships.retain(|(person, _)| *person != number);
    }

    fn remove_group(&mut self, number: u32) {
        self.groups.remove(&number);
        self.forget(Kind::Group, number);
        self.customer_group_links.retain(|(_, group, _), _| *group != number);
        self.customer_user_group_links.retain(|(_, group), _| *group != number);
        self.rolls.retain(|(roll, group)| *roll == Roll::DefaultServices || *group != number);
    }

    fn remove_service(&mut self, number: u32) {
        self.services.remove(&number);
        self.forget(Kind::Service, number);
        self.customer_user_service_links.retain(|(_, service)| *service != number);
        self.rolls.remove(&(Roll::DefaultServices, number));
    }
}

fn set<T: Ord>(facts: &mut BTreeSet<T>, fact: T, present: bool) {
    if present {
        facts.insert(fact);
    } else {
        facts.remove(&fact);
    }
}

fn set_bits<K: Ord>(links: &mut BTreeMap<K, BTreeSet<u8>>, key: K, bits: BTreeSet<u8>) {
    if bits.is_empty() {
        links.remove(&key);
    } else {
        links.insert(key, bits);
    }
}

/// The rules.
impl Naive {
    pub fn configured(&self) -> BTreeSet<u8> {
        self.settings.permission_types.0.iter().map(|it| it.bit).collect()
    }

    /// Rule 3: `rw` (bit 0) gives every configured type, another gives itself.
    fn gives(&self, link: Option<&BTreeSet<u8>>, bit: u8) -> bool {
        self.configured().contains(&bit) && link.is_some_and(|link| link.contains(&bit) || link.contains(&0))
    }

    /// Rule 2.
    fn person(&self, customer_user: u32) -> Option<&Person> {
        self.customer_users.get(&customer_user).filter(|person| person.validity == Validity::Valid)
    }

    pub fn customers_of(&self, customer_user: u32) -> BTreeSet<u32> {
        let additional = self.memberships.iter().filter(|(person, _)| *person == customer_user);
        let primary = self.customer_users.get(&customer_user).and_then(|person| person.customer);
        additional.map(|(_, customer)| *customer).chain(primary).collect()
    }

    /// Rule 1.
    fn valid_customers_of(&self, customer_user: u32) -> BTreeSet<u32> {
        let mut customers = self.customers_of(customer_user);
        customers.retain(|customer| self.customers[customer].1 == Validity::Valid);
        customers
    }

    fn group_support(&self, person: &Person) -> bool {
        self.settings.group_support && self.back_ends[&person.back_end].1
    }

    /// Rule 4.
    pub fn group_sources(&self, customer_user: u32, group: u32, bit: u8) -> BTreeSet<NaiveSource> {
        let mut sources = BTreeSet::new();
        let Some(person) = self.person(customer_user) else { return sources };
        if self.groups.get(&group).is_none_or(|group| group.1 != Validity::Valid) || !self.configured().contains(&bit) {
            return sources;
        }
        if !self.group_support(person) {
            return BTreeSet::from([("group_support_off", None)]);
        }
        if self.gives(self.customer_user_group_links.get(&(customer_user, group)), bit) {
            sources.insert(("customer_user_link", None));
        }
        for customer in self.valid_customers_of(customer_user) {
            if self.gives(self.customer_group_links.get(&(customer, group, Context::SameCustomer)), bit) {
                sources.insert(("customer_link", Some(customer)));
            }
        }
        if self.rolls.contains(&(Roll::CustomerUserAlwaysGroups, group)) {
            sources.insert(("customer_user_always_group", None));
        }
        let has_customer = !self.valid_customers_of(customer_user).is_empty();
        if has_customer && self.rolls.contains(&(Roll::CustomerAlwaysGroups, group)) {
            sources.insert(("customer_always_group", None));
        }
        sources
    }

    fn counts(&self, service: u32) -> bool {
        let Some(entry) = self.services.get(&service) else { return false };
        entry.validity == Validity::Valid && entry.parent.is_none_or(|parent| self.counts(parent))
    }

    fn default_services(&self) -> BTreeSet<u32> {
        let defaults = self.rolls.iter().filter(|(roll, _)| *roll == Roll::DefaultServices);
        defaults.map(|(_, service)| *service).filter(|service| self.counts(*service)).collect()
    }

    /// Rule 5: the basis, the services, and the defaults that were suppressed.
    pub fn services(&self, customer_user: u32) -> (&'static str, BTreeSet<u32>, BTreeSet<u32>) {
        if self.person(customer_user).is_none() {
            return ("none", BTreeSet::new(), BTreeSet::new());
        }
        let links = self.customer_user_service_links.iter().filter(|(person, _)| *person == customer_user);
        let assigned: BTreeSet<_> = links.map(|(_, service)| *service).filter(|it| self.counts(*it)).collect();
        if assigned.is_empty() {
            return ("default", self.default_services(), BTreeSet::new());
        }
        let suppressed = &self.default_services() - &assigned;
        ("assigned", assigned, suppressed)
    }

    /// Rule 2.
    pub fn services_of_unknown(&self) -> Option<BTreeSet<u32>> {
        self.settings.default_services_for_unknown_customer_users.then(|| self.default_services())
    }

    /// The customers of the customer user through whom things of all customers are reached.
    pub fn other_customers(&self, customer_user: u32, group: u32, bit: u8) -> BTreeSet<u32> {
        let on = self.settings.company_access && self.settings.other_customers;
        if !on || !self.person(customer_user).is_some_and(|person| self.group_support(person)) {
            return BTreeSet::new();
        }
        let link = |customer: &u32| self.customer_group_links.get(&(*customer, group, Context::OtherCustomers));
        let mut customers = self.valid_customers_of(customer_user);
        customers.retain(|customer| self.gives(link(customer), bit));
        customers
    }

    /// The customers whose things the customer user reaches.
    pub fn reached_customers(&self, customer_user: u32) -> BTreeSet<u32> {
        let reaches = self.person(customer_user).is_some() && self.settings.company_access;
        if reaches { self.valid_customers_of(customer_user) } else { BTreeSet::new() }
    }

    /// Rule 6, beside the group.
    pub fn thing_sources(&self, customer_user: u32, group: u32, bit: u8, owner: NaiveOwner) -> BTreeSet<NaiveSource> {
        let mut sources = BTreeSet::new();
        if self.person(customer_user).is_none() {
            return sources;
        }
        if owner.1 == Some(customer_user) {
            sources.insert(("own_thing", None));
        }
        for customer in self.valid_customers_of(customer_user) {
            if self.settings.company_access && owner.0 == Some(customer) {
                sources.insert(("customer_of_the_thing", Some(customer)));
            }
        }
        let others = self.other_customers(customer_user, group, bit);
        sources.extend(others.into_iter().map(|customer| ("other_customers", Some(customer))));
        sources
    }

    /// Rule 6: every source, or none.
    pub fn all_thing_sources(
        &self,
        customer_user: u32,
        group: u32,
        bit: u8,
        owner: NaiveOwner,
    ) -> BTreeSet<NaiveSource> {
        let of_group = self.group_sources(customer_user, group, bit);
        let of_thing = self.thing_sources(customer_user, group, bit, owner);
        if of_group.is_empty() || of_thing.is_empty() { BTreeSet::new() } else { &of_group | &of_thing }
    }
}
