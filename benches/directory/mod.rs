//! A directory of any size for the benches, made of the same changes that a replica follows: ten customer
//! users a customer, five links to groups and one or two to services each, ten links to groups a customer.
#![allow(dead_code, reason = "each bench uses the parts of this that it needs")]

use customer_access::access::Index;
use customer_access::directory::{
    BackEndName, BackEndNumber, Change, Context, CustomerGroupLink, CustomerId, CustomerNumber, CustomerUserGroupLink,
    CustomerUserNumber, CustomerUserServiceLink, GroupName, GroupNumber, Login, PermissionSet, Roll, ServiceName,
    ServiceNumber, Thing, Validity,
};

pub const GROUPS: u32 = 1_000;
pub const SERVICES: u32 = 5_000;
/// This back end has a tenth of the customer users.
pub const SMALL_BACK_END: BackEndNumber = BackEndNumber(2);

/// `BENCH_CUSTOMER_USERS`, a million if it is not set.
#[expect(clippy::disallowed_methods, reason = "a bench is configured by whoever runs it")]
pub fn customer_users() -> u32 {
    let asked = std::env::var("BENCH_CUSTOMER_USERS").ok();
    asked.map_or(1_000_000, |asked| asked.parse().expect("BENCH_CUSTOMER_USERS is a number"))
}

/// Numbers that look random and are the same at every run.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// Others, the same for the same number.
    pub fn from(number: u32) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (u64::from(number) << 1))
    }

    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(((self.0 >> 32) * u64::from(end)) >> 32).expect("below an u32")
    }

    pub fn one(&mut self, last: u32) -> u32 {
        1 + self.below(last)
    }
}

/// Memory to read at random: each cell says which one comes next, of all of them in turn. So many are a power of two.
pub fn cells(count: u32) -> Vec<u32> {
    (0..count).map(|cell| cell.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % count).collect()
}

pub fn login(number: u32) -> String {
    format!("person.{number}@customer-{}.example", number / 10)
}

/// The index of so many customer users.
pub fn index(customer_users: u32) -> Index {
    let mut index = Index::default();
    let mut random = Random::new();
    for (number, name) in [(1, "default"), (2, "ldap")] {
        let name = BackEndName::parse(name).expect("a name");
        index.apply(&Change::BackEndPut { id: BackEndNumber(number), name, group_support: true });
    }
    (1..=GROUPS).for_each(|number| index.apply(&group(GroupNumber(number))));
    services(&mut index);
    let customers = (customer_users / 10).max(1);
    (1..=customers).for_each(|number| customer(&mut index, &mut random, CustomerNumber(number)));
    (1..=customer_users).for_each(|number| customer_user(&mut index, &mut random, number, customers));
    index.set_revision(1);
    index
}

/// A group that is made.
pub fn group(id: GroupNumber) -> Change {
    let name = GroupName::parse(&format!("group {}", id.0)).expect("a name");
    Change::GroupPut { id, name, validity: Validity::Valid }
}

fn services(index: &mut Index) {
    for number in 1..=SERVICES {
        let parent = (number > 500).then(|| ServiceNumber(1 + number % 500));
        let name = parent.map_or(format!("area {number}"), |parent| format!("area {}::service {number}", parent.0));
        let name = ServiceName::parse(&name).expect("a name");
        index.apply(&Change::ServicePut { id: ServiceNumber(number), name, parent, validity: Validity::Valid });
    }
    for number in 1..=3 {
        let id = Thing::from(ServiceNumber(number));
        index.apply(&Change::RollSet { roll: Roll::DefaultServices, id, listed: true });
    }
}

fn customer(index: &mut Index, random: &mut Random, customer: CustomerNumber) {
    let customer_id = CustomerId::parse(&format!("customer-{}", customer.0)).expect("a key");
    index.apply(&Change::CustomerPut { id: customer, customer_id, validity: Validity::Valid });
    for _ in 0..10 {
        let (group, permissions) = (GroupNumber(random.one(GROUPS)), permissions(random));
        let link = CustomerGroupLink { customer, group, context: Context::SameCustomer, permissions };
        index.apply(&Change::CustomerGroupLinkSet(link));
    }
}

fn customer_user(index: &mut Index, random: &mut Random, number: u32, customers: u32) {
    let customer_user = CustomerUserNumber(number);
    index.apply(&Change::CustomerUserPut {
        id: customer_user,
        login: Login::parse(&login(number)).expect("a login"),
        customer: Some(CustomerNumber(1 + (number - 1) % customers)),
        back_end: if number.is_multiple_of(10) { SMALL_BACK_END } else { BackEndNumber(1) },
        validity: Validity::Valid,
    });
    for _ in 0..5 {
        let (group, permissions) = (GroupNumber(random.one(GROUPS)), permissions(random));
        index.apply(&Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions }));
    }
    for _ in 0..1 + number % 2 {
        let service = ServiceNumber(random.one(SERVICES));
        index.apply(&Change::CustomerUserServiceLinkSet(CustomerUserServiceLink {
            customer_user,
            service,
            linked: true,
        }));
    }
}

fn permissions(random: &mut Random) -> PermissionSet {
    PermissionSet::of(u8::try_from(random.below(2)).expect("a bit"))
}
