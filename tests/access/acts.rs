//! Random things that people might do to a directory.

use customer_access::directory::{Context, Kind, Roll, Validity};
use proptest::prelude::*;

/// How many things of each kind there may be; numbers begin with 1.
pub const CUSTOMERS: u32 = 4;
pub const CUSTOMER_USERS: u32 = 5;
pub const GROUPS: u32 = 4;
pub const SERVICES: u32 = 6;
pub const BACK_ENDS: u32 = 2;
/// How many permission types there may be, `rw` with bit 0 among them.
pub const BITS: u8 = 4;

/// Something a person might do; what it amounts to depends on what is there.
#[derive(Debug, Clone)]
pub enum Act {
    Customer { id: u32, key: u8, validity: Validity },
    CustomerUser { id: u32, key: u8, customer: Option<u32>, back_end: u32, validity: Validity },
    Group { id: u32, key: u8, validity: Validity },
    Service { id: u32, parent: Option<u32>, validity: Validity },
    BackEnd { id: u32, group_support: bool },
    Remove { kind: Kind, id: u32 },
    External { kind: Kind, id: u32, key: u8, present: bool },
    CustomerLink { customer: u32, group: u32, context: Context, permissions: u16 },
    CustomerUserLink { customer_user: u32, group: u32, permissions: u16 },
    ServiceLink { customer_user: u32, service: u32, linked: bool },
    Membership { customer_user: u32, customer: u32, member: bool },
    Roll { roll: Roll, id: u32, listed: bool },
    Settings { group_support: bool, types: u16, other_customers: bool, company_access: bool, unknown: bool },
}

fn validity() -> impl Strategy<Value = Validity> {
    prop_oneof![4 => Just(Validity::Valid), 1 => Just(Validity::Invalid), 1 => Just(Validity::InvalidTemporarily)]
}

fn context() -> impl Strategy<Value = Context> {
    prop_oneof![Just(Context::SameCustomer), Just(Context::OtherCustomers)]
}

fn permissions() -> impl Strategy<Value = u16> {
    prop_oneof![1 => Just(0_u16), 1 => Just(1), 4 => 0..(1_u16 << BITS)]
}

fn thing() -> impl Strategy<Value = Act> {
    let customer =
        (1..=CUSTOMERS, 0_u8..6, validity()).prop_map(|(id, key, validity)| Act::Customer { id, key, validity });
    let customers = proptest::option::weighted(0.8, 1..=CUSTOMERS);
    let customer_user = (1..=CUSTOMER_USERS, 0_u8..6, customers, 1..=BACK_ENDS, validity()).prop_map(
        |(id, key, customer, back_end, validity)| Act::CustomerUser { id, key, customer, back_end, validity },
    );
    let group = (1..=GROUPS, 0_u8..6, validity()).prop_map(|(id, key, validity)| Act::Group { id, key, validity });
    let service = (1..=SERVICES, proptest::option::weighted(0.7, 1..=SERVICES), validity())
        .prop_map(|(id, parent, validity)| Act::Service { id, parent, validity });
    let back_end = (1..=BACK_ENDS, proptest::bool::weighted(0.8))
        .prop_map(|(id, group_support)| Act::BackEnd { id, group_support });
    prop_oneof![3 => customer, 4 => customer_user, 3 => group, 4 => service, 2 => back_end]
}

fn kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::ALL.to_vec())
}

fn link() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1..=CUSTOMERS, 1..=GROUPS, context(), permissions()).prop_map(|(customer, group, context, permissions)| {
            Act::CustomerLink { customer, group, context, permissions }
        }),
        (1..=CUSTOMER_USERS, 1..=GROUPS, permissions()).prop_map(|(customer_user, group, permissions)| {
            Act::CustomerUserLink { customer_user, group, permissions }
        }),
        (1..=CUSTOMER_USERS, 1..=SERVICES, proptest::bool::weighted(0.7))
            .prop_map(|(customer_user, service, linked)| Act::ServiceLink { customer_user, service, linked }),
        (1..=CUSTOMER_USERS, 1..=CUSTOMERS, proptest::bool::weighted(0.7))
            .prop_map(|(customer_user, customer, member)| Act::Membership { customer_user, customer, member }),
    ]
}

fn other() -> impl Strategy<Value = Act> {
    let rolls = proptest::sample::select(Roll::ALL.to_vec());
    prop_oneof![
        3 => (kind(), 1..=SERVICES).prop_map(|(kind, id)| Act::Remove { kind, id }),
        2 => (kind(), 1..=SERVICES, 0_u8..4, proptest::bool::weighted(0.7))
            .prop_map(|(kind, id, key, present)| Act::External { kind, id, key, present }),
        3 => (rolls, 1..=SERVICES, proptest::bool::weighted(0.7))
            .prop_map(|(roll, id, listed)| Act::Roll { roll, id, listed }),
        2 => (proptest::bool::weighted(0.85), 0..(1_u16 << BITS), any::<bool>(), proptest::bool::weighted(0.8), any::<bool>())
            .prop_map(|(group_support, types, other_customers, company_access, unknown)| Act::Settings {
                group_support, types, other_customers, company_access, unknown,
            }),
    ]
}

/// What is done, one revision each.
pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(prop_oneof![4 => thing(), 5 => link(), 2 => other()], 0..120)
}
