//! A small service desk to ask: things are named by their keys, answers are words.

use std::collections::BTreeMap;

use customer_access::access::{self, Index, Owner, Reason, Source};
use customer_access::directory::{
    BackEndName, BackEndNumber, Change, Context, CustomerGroupLink, CustomerId, CustomerMembership, CustomerNumber,
    CustomerUserGroupLink, CustomerUserNumber, CustomerUserServiceLink, GroupName, GroupNumber, Login, Number,
    PermissionName, PermissionSet, PermissionType, PermissionTypes, Roll, ServiceName, ServiceNumber, Settings, Thing,
    Validity,
};

/// The index and what its things are called.
pub struct Desk {
    pub index: Index,
    pub settings: Settings,
    numbers: BTreeMap<String, u32>,
}

impl Desk {
    /// With the back end `default` and the permission types `ro`, `note`, `rw`; and nothing else.
    pub fn new() -> Self {
        let mut desk = Self { index: Index::default(), settings: Settings::fresh(), numbers: BTreeMap::new() };
        desk.back_end("default", true);
        desk.permission_types(&["ro", "note", "rw"]);
        desk
    }

    pub fn apply(&mut self, change: Change) {
        self.index.apply(&change);
    }

    pub fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.apply(Change::SettingsPut { settings: Box::new(self.settings.clone()) });
    }

    pub fn permission_types(&mut self, names: &[&str]) {
        let place = |at: usize, name: &str| if name == "rw" { 0 } else { u8::try_from(at + 1).expect("few types") };
        let named = |(at, name): (usize, &&str)| PermissionType {
            name: PermissionName::parse(name).expect("a permission type"),
            bit: place(at, name),
            label: None,
            description: None,
        };
        let types = PermissionTypes(names.iter().enumerate().map(named).collect());
        self.set(|settings| settings.permission_types = types);
    }

    /// The number of the thing of this name, the next one if it is new.
    pub fn number<N: Number>(&mut self, name: &str) -> N {
        let next = u32::try_from(self.numbers.len()).expect("few things") + 1;
        N::from(*self.numbers.entry(format!("{} {name}", N::KIND)).or_insert(next))
    }

    pub fn back_end(&mut self, name: &str, group_support: bool) {
        let id = self.number(name);
        self.apply(Change::BackEndPut { id, name: BackEndName::parse(name).expect("a name"), group_support });
    }

    pub fn group(&mut self, name: &str, validity: Validity) {
        let id = self.number(name);
        self.apply(Change::GroupPut { id, name: GroupName::parse(name).expect("a name"), validity });
    }

    pub fn customer(&mut self, name: &str, validity: Validity) {
        let id = self.number(name);
        self.apply(Change::CustomerPut { id, customer_id: CustomerId::parse(name).expect("an id"), validity });
    }

    /// A customer user of `default`; an empty customer is none.
    pub fn customer_user(&mut self, login: &str, customer: &str, validity: Validity) {
        self.customer_user_from(login, customer, "default", validity);
    }

    pub fn customer_user_from(&mut self, login: &str, customer: &str, back_end: &str, validity: Validity) {
        let id = self.number(login);
        let customer = (!customer.is_empty()).then(|| self.number(customer));
        let back_end = self.number::<BackEndNumber>(back_end);
        let login = Login::parse(login).expect("a login");
        self.apply(Change::CustomerUserPut { id, login, customer, back_end, validity });
    }

    pub fn additional_customer(&mut self, login: &str, customer: &str, member: bool) {
        let (customer_user, customer) = (self.number(login), self.number(customer));
        self.apply(Change::CustomerMembershipSet(CustomerMembership { customer_user, customer, member }));
    }

    pub fn service(&mut self, name: &str, validity: Validity) {
        let name = ServiceName::parse(name).expect("a service's name");
        let id = self.number(name.as_str());
        let parent = name.parent().map(|parent| self.number(parent.as_str()));
        self.apply(Change::ServicePut { id, name, parent, validity });
    }

    pub fn bits(&self, names: &[&str]) -> PermissionSet {
        let names: Vec<_> = names.iter().map(|name| PermissionName::parse(name).expect("a type")).collect();
        self.settings.permission_types.set(&names).expect("configured types")
    }

    pub fn link_customer_user(&mut self, login: &str, group: &str, permissions: &[&str]) {
        let (customer_user, group) = (self.number(login), self.number(group));
        let permissions = self.bits(permissions);
        self.apply(Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions }));
    }

    pub fn link_customer(&mut self, customer: &str, group: &str, context: Context, permissions: &[&str]) {
        let (customer, group) = (self.number(customer), self.number(group));
        let permissions = self.bits(permissions);
        self.apply(Change::CustomerGroupLinkSet(CustomerGroupLink { customer, group, context, permissions }));
    }

    pub fn link_service(&mut self, login: &str, service: &str) {
        let (customer_user, service) = (self.number(login), self.number(service));
        self.apply(Change::CustomerUserServiceLinkSet(CustomerUserServiceLink {
            customer_user,
            service,
            linked: true,
        }));
    }

    pub fn always_group(&mut self, roll: Roll, group: &str) {
        let id = Thing::from(self.number::<GroupNumber>(group));
        self.apply(Change::RollSet { roll, id, listed: true });
    }

    pub fn default_service(&mut self, service: &str) {
        let id = Thing::from(self.number::<ServiceNumber>(service));
        self.apply(Change::RollSet { roll: Roll::DefaultServices, id, listed: true });
    }
}

/// Questions.
impl Desk {
    pub fn find<N: Number>(&self, name: &str) -> N {
        self.index.find_key(name).unwrap_or_else(|| panic!("no {} {name}", N::KIND))
    }

    pub fn bit(&self, permission: &str) -> u8 {
        self.settings.permission_types.bit(permission).expect("a configured type")
    }

    /// Whose a thing is: the customer's and the customer user's key, where they are not empty. One
    /// that is not known is nobody.
    pub fn owner(&self, customer: &str, customer_user: &str) -> Owner {
        Owner { customer: self.index.find_key(customer), customer_user: self.index.find_key(customer_user) }
    }

    /// The sources of a yes, or the reasons of a no after a `!`.
    pub fn ask(&self, login: &str, group: &str, permission: &str) -> Vec<String> {
        self.ask_thing(login, group, permission, None)
    }

    pub fn ask_thing(&self, login: &str, group: &str, permission: &str, owner: Option<Owner>) -> Vec<String> {
        let (customer_user, group): (CustomerUserNumber, GroupNumber) = (self.find(login), self.find(group));
        let bit = self.bit(permission);
        let decision = access::check_group(&self.index, customer_user, group, bit, owner.as_ref());
        let may = access::may(&self.index, customer_user, group, bit, owner.as_ref());
        assert_eq!(decision.allowed(), may);
        self.words(&decision)
    }

    /// As [`Desk::ask`], for a service; the empty login is not known.
    pub fn ask_service(&self, login: &str, service: &str) -> Vec<String> {
        let customer_user = (!login.is_empty()).then(|| self.find(login));
        let service = self.find(service);
        let decision = access::check_service(&self.index, customer_user, service);
        assert_eq!(decision.allowed(), access::may_service(&self.index, customer_user, service));
        self.words(&decision)
    }

    fn words(&self, decision: &access::Decision) -> Vec<String> {
        assert_ne!(decision.sources.is_empty(), decision.reasons.is_empty(), "{decision:?}");
        let source = |source: &Source| match source.customer() {
            Some(customer) => format!("{} {}", source.kind(), self.name(customer)),
            None => source.kind().to_owned(),
        };
        let reason = |reason: &Reason| format!("!{}", reason.as_str());
        decision.sources.iter().map(source).chain(decision.reasons.iter().map(reason)).collect()
    }

    pub fn name(&self, number: impl Into<Thing>) -> &str {
        self.index.key(number).expect("it exists")
    }

    pub fn customer_names(&self, customers: &[CustomerNumber]) -> Vec<&str> {
        customers.iter().map(|customer| self.name(*customer)).collect()
    }
}
