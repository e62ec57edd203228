//! Random things that people and other systems do to a directory, most of them sensible.

use customer_access::directory::{Context, ExternalId, ExternalKey, Kind, Reference, Roll, Source, Validity};
use customer_access::plan::Precondition;
use proptest::prelude::*;
use proptest::sample::select;

/// What is done to one thing.
#[derive(Debug, Clone)]
pub enum Way {
    Create,
    Put,
    /// To this key, or where there is none, everything else.
    Patch(Option<String>),
    /// By the external id or none, and whether a natural key that is there already is the same thing.
    Upsert(Option<ExternalId>, bool),
    Delete {
        force: bool,
    },
    Give(ExternalId),
    Take(ExternalId),
}

/// One thing, and what is to be written of it; each kind takes what it knows.
#[derive(Debug, Clone)]
pub struct ThingAct {
    pub kind: Kind,
    pub way: Way,
    pub reference: Reference,
    pub key: String,
    pub comment: Option<String>,
    pub validity: Validity,
    pub flags: (bool, bool),
    pub customer: Option<Reference>,
    pub back_end: Option<Reference>,
    pub may_all: bool,
    pub precondition: Precondition,
}

/// A change of the settings.
#[derive(Debug, Clone)]
pub struct SettingsAct {
    pub group_support: Option<bool>,
    pub types: Option<Vec<&'static str>>,
    pub other_customers: Option<bool>,
    pub company_access: Option<bool>,
    pub for_unknown: Option<bool>,
    pub label: Option<String>,
}

/// The ends of the links of a matrix: of the subject, and of the rows.
pub type Ends = (Kind, Kind);

#[derive(Debug, Clone)]
pub enum Act {
    Thing(Box<ThingAct>),
    CustomerGroup(Reference, Reference, Context, Vec<&'static str>),
    CustomerUserGroup(Reference, Reference, Vec<&'static str>),
    CustomerUserService(Reference, Reference, bool),
    Membership(Reference, Reference, bool),
    Grants(Ends, Reference, Vec<(Reference, Context, Vec<&'static str>)>),
    Marks(Ends, Reference, Vec<(Reference, bool)>),
    Roll(Roll, Reference, bool),
    Rolls(Roll, Vec<Reference>),
    Settings(SettingsAct),
}

/// Natural keys, some of which are one key in different writings.
fn keys(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Customer => vec!["acme", "Acme", "beta", "Straße", "STRASSE", "x y"],
        Kind::CustomerUser => vec!["jane", "Jane", "joe", "Σίσυφος", "ΣΊΣΥΦΟΣ", "ann@acme.example"],
        Kind::Group => vec!["users", "Users", "admin", "sales", "support"],
        Kind::Service => vec!["a", "A", "a::b", "a::B", "A::b::c", "b", "b::a", "b::a::c", "c", "c::b", "b::c"],
        Kind::BackEnd => vec!["default", "Default", "crm", "ldap"],
    }
}

fn key(kind: Kind) -> impl Strategy<Value = String> {
    select(keys(kind)).prop_map(str::to_owned)
}

/// Two systems; the keys of one differ by case alone.
fn external_id() -> impl Strategy<Value = ExternalId> {
    select(vec![("crm", "a"), ("crm", "A"), ("crm", "b:c"), ("erp", "1")]).prop_map(|(source, id)| ExternalId {
        source: Source::parse(source).expect("a source"),
        id: ExternalKey::parse(id).expect("a key"),
    })
}

fn reference(kind: Kind) -> impl Strategy<Value = Reference> {
    prop_oneof![
        12 => key(kind).prop_map(Reference::Key),
        2 => (1..8_u32).prop_map(move |number| Reference::Id(kind.id(number))),
        1 => external_id().prop_map(Reference::External),
    ]
}

fn maybe<T: std::fmt::Debug>(probability: f64, of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(probability, of)
}

fn way(kind: Kind) -> impl Strategy<Value = Way> {
    prop_oneof![
        4 => Just(Way::Create),
        3 => Just(Way::Put),
        6 => maybe(0.7, key(kind)).prop_map(Way::Patch),
        5 => (maybe(0.8, external_id()), any::<bool>()).prop_map(|(id, adopt)| Way::Upsert(id, adopt)),
        3 => proptest::bool::weighted(0.7).prop_map(|force| Way::Delete { force }),
        2 => external_id().prop_map(Way::Give),
        2 => external_id().prop_map(Way::Take),
    ]
}

fn validity() -> impl Strategy<Value = Validity> {
    prop_oneof![4 => Just(Validity::Valid), 1 => Just(Validity::Invalid), 1 => Just(Validity::InvalidTemporarily)]
}

fn precondition() -> impl Strategy<Value = Precondition> {
    prop_oneof![8 => Just(Precondition::None), 1 => Just(Precondition::Exists), 1 => Just(Precondition::Absent)]
}

fn thing() -> impl Strategy<Value = Act> {
    use Kind::{BackEnd, Customer, CustomerUser, Group, Service};
    let kind = prop_oneof![4 => Just(Customer), 5 => Just(CustomerUser), 4 => Just(Group), 5 => Just(Service), 2 => Just(BackEnd)];
    kind.prop_flat_map(|kind| {
        let written = (key(kind), maybe(0.4, select(vec!["one", "two"]).prop_map(str::to_owned)), validity());
        let flags = (proptest::bool::weighted(0.8), proptest::bool::weighted(0.2));
        let from = (
            maybe(0.8, reference(Customer)),
            maybe(0.3, select(vec!["default", "CRM"]).prop_map(|key| Reference::Key(key.to_owned()))),
        );
        let how = (way(kind), reference(kind), proptest::bool::weighted(0.9), precondition());
        (how, written, flags, from).prop_map(move |(how, (key, comment, validity), flags, (customer, back_end))| {
            let (way, reference, may_all, precondition) = how;
            let act = ThingAct {
                kind,
                way,
                reference,
                key,
                comment,
                validity,
                flags,
                customer,
                back_end,
                may_all,
                precondition,
            };
            Act::Thing(Box::new(act))
        })
    })
}

fn permissions() -> impl Strategy<Value = Vec<&'static str>> {
    let usual = proptest::collection::vec(select(vec!["ro", "rw", "note"]), 1..3);
    prop_oneof![1 => Just(Vec::new()), 4 => Just(vec!["ro"]), 4 => usual, 1 => Just(vec!["create"])]
}

fn context() -> impl Strategy<Value = Context> {
    prop_oneof![4 => Just(Context::SameCustomer), 2 => Just(Context::OtherCustomers)]
}

/// Several cells of a matrix at once.
fn matrix() -> impl Strategy<Value = Act> {
    use Kind::{Customer, CustomerUser, Group, Service};
    let grants = [(Customer, Group), (Group, Customer), (CustomerUser, Group), (Group, CustomerUser)];
    let grants = select(grants.to_vec()).prop_flat_map(|ends| {
        let cells = proptest::collection::vec((reference(ends.1), context(), permissions()), 1..4);
        (reference(ends.0), cells).prop_map(move |(subject, cells)| Act::Grants(ends, subject, cells))
    });
    let marks = [(CustomerUser, Service), (Service, CustomerUser), (CustomerUser, Customer), (Customer, CustomerUser)];
    let marks = select(marks.to_vec()).prop_flat_map(|ends| {
        let cells = proptest::collection::vec((reference(ends.1), any::<bool>()), 1..4);
        (reference(ends.0), cells).prop_map(move |(subject, cells)| Act::Marks(ends, subject, cells))
    });
    prop_oneof![grants, marks]
}

fn link() -> impl Strategy<Value = Act> {
    use Kind::{Customer, CustomerUser, Group, Service};
    let is = || proptest::bool::weighted(0.7);
    prop_oneof![
        (reference(Customer), reference(Group), context(), permissions())
            .prop_map(|(customer, group, context, of)| Act::CustomerGroup(customer, group, context, of)),
        (reference(CustomerUser), reference(Group), permissions())
            .prop_map(|(person, group, of)| Act::CustomerUserGroup(person, group, of)),
        (reference(CustomerUser), reference(Service), is())
            .prop_map(|(person, service, linked)| Act::CustomerUserService(person, service, linked)),
        (reference(CustomerUser), reference(Customer), is())
            .prop_map(|(person, customer, member)| Act::Membership(person, customer, member)),
    ]
}

fn roll() -> impl Strategy<Value = Act> {
    select(Roll::ALL.to_vec()).prop_flat_map(|roll| {
        let kind = if roll == Roll::DefaultServices { Kind::Service } else { Kind::Group };
        let several = proptest::collection::vec(key(kind).prop_map(Reference::Key), 0..3);
        prop_oneof![
            4 => (reference(kind), proptest::bool::weighted(0.7)).prop_map(move |(it, on)| Act::Roll(roll, it, on)),
            1 => several.prop_map(move |all| Act::Rolls(roll, all)),
        ]
    })
}

fn settings() -> impl Strategy<Value = Act> {
    let types = select(vec![
        vec!["ro", "rw"],
        vec!["rw"],
        vec!["note", "ro", "rw"],
        vec!["create", "note", "ro", "rw"],
        vec!["ro", "create", "rw"],
        vec!["rw", "ro"],
    ]);
    let switch = |probability, on| maybe(probability, proptest::bool::weighted(on));
    let label = maybe(0.3, select(vec!["one", "two"]).prop_map(str::to_owned));
    (switch(0.3, 0.8), maybe(0.3, types), switch(0.6, 0.8), switch(0.3, 0.7), switch(0.3, 0.5), label).prop_map(
        |(group_support, types, other_customers, company_access, for_unknown, label)| {
            Act::Settings(SettingsAct { group_support, types, other_customers, company_access, for_unknown, label })
        },
    )
}

/// What there is before anything random happens: without it most acts would find nothing.
fn furniture() -> Vec<Act> {
    let thing = |kind, key: &str, customer: Option<&str>| {
        Act::Thing(Box::new(ThingAct {
            kind,
            way: Way::Create,
            reference: Reference::Key(key.to_owned()),
            key: key.to_owned(),
            comment: None,
            validity: Validity::Valid,
            flags: (true, false),
            customer: customer.map(|key| Reference::Key(key.to_owned())),
            back_end: None,
            may_all: true,
            precondition: Precondition::None,
        }))
    };
    let settings = SettingsAct {
        group_support: None,
        types: Some(vec!["note", "create", "ro", "rw"]),
        other_customers: Some(true),
        company_access: None,
        for_unknown: None,
        label: None,
    };
    let mut acts = vec![Act::Settings(settings), thing(Kind::BackEnd, "crm", None)];
    acts.extend(["acme", "beta", "Straße"].map(|key| thing(Kind::Customer, key, None)));
    acts.extend(["sales", "support"].map(|key| thing(Kind::Group, key, None)));
    acts.extend(["a", "a::b", "a::b::c", "b", "b::a", "c"].map(|key| thing(Kind::Service, key, None)));
    acts.extend(
        [("jane", Some("acme")), ("joe", Some("beta")), ("Σίσυφος", None)]
            .map(|(login, customer)| thing(Kind::CustomerUser, login, customer)),
    );
    let key = |key: &str| Reference::Key(key.to_owned());
    acts.extend([
        Act::Roll(Roll::CustomerUserAlwaysGroups, key("sales"), true),
        Act::Roll(Roll::CustomerAlwaysGroups, key("support"), true),
        Act::Roll(Roll::DefaultServices, key("c"), true),
        Act::CustomerGroup(key("acme"), key("sales"), Context::SameCustomer, vec!["ro"]),
        Act::CustomerGroup(key("acme"), key("support"), Context::OtherCustomers, vec!["note"]),
        Act::CustomerUserGroup(key("joe"), key("support"), vec!["rw"]),
        Act::CustomerUserService(key("jane"), key("a::b::c"), true),
        Act::Membership(key("jane"), key("beta"), true),
    ]);
    acts
}

/// What is done, one write each.
pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    let random = prop_oneof![10 => thing(), 6 => link(), 4 => matrix(), 2 => roll(), 2 => settings()];
    proptest::collection::vec(random, 1..60).prop_map(|random| furniture().into_iter().chain(random).collect())
}
