//! Random sequences of changes such as a store would write: each revision takes a directory that
//! holds its constraints to another one that does.

use std::collections::BTreeSet;

use super::acts::{Act, BITS};
use super::naive::Naive;
use customer_access::directory::{
    BackEndName, BackEndNumber, Change, Context, CustomerGroupLink, CustomerId, CustomerMembership, CustomerNumber,
    CustomerUserGroupLink, CustomerUserNumber, CustomerUserServiceLink, ExternalId, ExternalKey, GroupName,
    GroupNumber, Kind, Login, PermissionName, PermissionSet, PermissionType, PermissionTypes, Roll, ServiceName,
    ServiceNumber, Settings, Source, Thing, Validity,
};

/// The changes that the acts amount to, a revision each, and the directory at the end.
pub fn revisions(acts: &[Act]) -> (Vec<Vec<Change>>, Naive) {
    let mut naive = Naive::new();
    let mut revisions = Vec::new();
    for act in acts {
        let changes = changes(&naive, act);
        changes.iter().for_each(|change| naive.apply(change));
        revisions.push(changes);
    }
    (revisions, naive)
}

fn changes(naive: &Naive, act: &Act) -> Vec<Change> {
    match act.clone() {
        Act::Customer { id, key, validity } => {
            let taken = naive.customers.iter().map(|(id, it)| (*id, &it.0, it.1));
            renamed(id, key, validity, taken).into_iter().map(put_customer).collect()
        }
        Act::Group { id, key, validity } => {
            let taken = naive.groups.iter().map(|(id, it)| (*id, &it.0, it.1));
            renamed(id, key, validity, taken).into_iter().map(put_group).collect()
        }
        Act::CustomerUser { id, key, customer, back_end, validity } => {
            put_customer_user(naive, id, key, customer, back_end, validity)
        }
        Act::Service { id, parent, validity } => put_service(naive, id, parent, validity),
        Act::BackEnd { id, group_support } => vec![put_back_end(id, &format!("b{id}"), group_support)],
        Act::Remove { kind, id } => remove(naive, kind, id).into_iter().collect(),
        Act::External { kind, id, key, present } => external(naive, kind, id, key, present),
        Act::Settings { .. } => vec![settings(act)],
        link => link_changes(naive, &link).into_iter().collect(),
    }
}

/// The new key and validity of a thing; another that has the key takes the old one in exchange,
/// and which of the two comes first depends on the key.
fn renamed<'n>(
    id: u32,
    key: u8,
    validity: Validity,
    taken: impl Iterator<Item = (u32, &'n String, Validity)>,
) -> Vec<(u32, String, Validity)> {
    let taken: Vec<_> = taken.collect();
    let key = ["Acme", "acme", "Straße", "STRASSE", "x y", "Ω"][key as usize];
    let same = |other: &str| other.to_lowercase().replace('ß', "ss") == key.to_lowercase().replace('ß', "ss");
    let fresh = || (0..).map(|n| format!("k{n}")).find(|key| taken.iter().all(|it| it.1 != key)).expect("endless");
    let old = taken.iter().find(|it| it.0 == id).map_or_else(fresh, |it| it.1.clone());
    let holder = taken.iter().find(|it| it.0 != id && same(it.1));
    let mut puts = vec![(id, key.to_owned(), validity)];
    puts.extend(holder.map(|(other, _, validity)| (*other, old, *validity)));
    if id.is_multiple_of(2) {
        puts.reverse();
    }
    puts
}

fn put_customer((id, key, validity): (u32, String, Validity)) -> Change {
    let customer_id = CustomerId::parse(&key).expect("a customer id");
    Change::CustomerPut { id: CustomerNumber(id), customer_id, validity }
}

fn put_group((id, key, validity): (u32, String, Validity)) -> Change {
    Change::GroupPut { id: GroupNumber(id), name: GroupName::parse(&key).expect("a name"), validity }
}

fn put_back_end(id: u32, key: &str, group_support: bool) -> Change {
    Change::BackEndPut { id: BackEndNumber(id), name: BackEndName::parse(key).expect("a name"), group_support }
}

fn put_person(id: u32, key: &str, customer: Option<u32>, back_end: u32, validity: Validity) -> Change {
    Change::CustomerUserPut {
        id: CustomerUserNumber(id),
        login: Login::parse(key).expect("a login"),
        customer: customer.map(CustomerNumber),
        back_end: BackEndNumber(back_end),
        validity,
    }
}

fn put_customer_user(
    naive: &Naive,
    id: u32,
    key: u8,
    customer: Option<u32>,
    back_end: u32,
    validity: Validity,
) -> Vec<Change> {
    if !naive.back_ends.contains_key(&back_end) {
        return Vec::new();
    }
    let customer = customer.filter(|customer| naive.customers.contains_key(customer));
    let taken = naive.customer_users.iter().map(|(id, it)| (*id, &it.login, it.validity));
    let put = |(person, key, validity): (u32, String, Validity)| {
        let others = naive.customer_users.get(&person).filter(|_| person != id);
        let (customer, back_end) = others.map_or((customer, back_end), |it| (it.customer, it.back_end));
        put_person(person, &key, customer, back_end, validity)
    };
    renamed(id, key, validity, taken).into_iter().map(put).collect()
}

fn service(id: u32, name: &str, parent: Option<u32>, validity: Validity) -> Change {
    let name = ServiceName::parse(name).expect("a service's name");
    Change::ServicePut { id: ServiceNumber(id), name, parent: parent.map(ServiceNumber), validity }
}

/// Makes or moves a service, and everything below it, from the leaves up or from the root down.
fn put_service(naive: &Naive, id: u32, parent: Option<u32>, validity: Validity) -> Vec<Change> {
    let parent = parent.filter(|it| naive.services.contains_key(it) && !is_below(naive, *it, id));
    let name = parent.map_or(format!("s{id}"), |parent| format!("{}::s{id}", naive.services[&parent].name));
    let mut changes = vec![service(id, &name, parent, validity)];
    let old = naive.services.get(&id).map(|it| format!("{}::", it.name));
    for (below, it) in naive.services.iter().filter(|(below, _)| **below != id && is_below(naive, **below, id)) {
        let rest = it.name.strip_prefix(old.as_deref().expect("it has children")).expect("it is below");
        changes.push(service(*below, &format!("{name}::{rest}"), it.parent, it.validity));
    }
    if id.is_multiple_of(2) {
        changes.reverse();
    }
    changes
}

fn is_below(naive: &Naive, service: u32, ancestor: u32) -> bool {
    service == ancestor
        || naive.services.get(&service).and_then(|it| it.parent).is_some_and(|parent| is_below(naive, parent, ancestor))
}

fn remove(naive: &Naive, kind: Kind, id: u32) -> Option<Change> {
    match kind {
        Kind::Customer => naive.customers.get(&id).map(|it| Change::CustomerRemoved {
            id: CustomerNumber(id),
            customer_id: CustomerId::parse(&it.0).expect("a customer id"),
        }),
        Kind::CustomerUser => naive.customer_users.get(&id).map(|it| Change::CustomerUserRemoved {
            id: CustomerUserNumber(id),
            login: Login::parse(&it.login).expect("a login"),
        }),
        Kind::Group => naive
            .groups
            .get(&id)
            .map(|it| Change::GroupRemoved { id: GroupNumber(id), name: GroupName::parse(&it.0).expect("a name") }),
        Kind::Service => {
            let free = naive.services.values().all(|it| it.parent != Some(id));
            naive.services.get(&id).filter(|_| free).map(|it| Change::ServiceRemoved {
                id: ServiceNumber(id),
                name: ServiceName::parse(&it.name).expect("a name"),
            })
        }
        Kind::BackEnd => {
            let free = naive.customer_users.values().all(|it| it.back_end != id);
            naive.back_ends.get(&id).filter(|_| free).map(|it| Change::BackEndRemoved {
                id: BackEndNumber(id),
                name: BackEndName::parse(&it.0).expect("a name"),
            })
        }
    }
}

fn exists(naive: &Naive, kind: Kind, id: u32) -> bool {
    match kind {
        Kind::Customer => naive.customers.contains_key(&id),
        Kind::CustomerUser => naive.customer_users.contains_key(&id),
        Kind::Group => naive.groups.contains_key(&id),
        Kind::Service => naive.services.contains_key(&id),
        Kind::BackEnd => naive.back_ends.contains_key(&id),
    }
}

/// Gives a thing an external id, which is taken from the one that has it, before or after.
fn external(naive: &Naive, kind: Kind, id: u32, key: u8, present: bool) -> Vec<Change> {
    if !exists(naive, kind, id) || kind == Kind::BackEnd {
        return Vec::new();
    }
    let key = ["A", "a", "ä", "b"][key as usize];
    let source = Source::parse(["crm", "erp"][usize::from(id > 3)]).expect("a source");
    let external_id = ExternalId { source, id: ExternalKey::parse(key).expect("a key") };
    let set = |number, present| Change::ExternalIdSet {
        id: Thing { kind, number },
        external_id: external_id.clone(),
        present,
    };
    let holds = |(of, number, it): &&(Kind, u32, ExternalId)| *of == kind && *number != id && *it == external_id;
    let mut changes = vec![set(id, present)];
    let holders = naive.external_ids.iter().filter(|_| present).filter(holds);
    changes.extend(holders.map(|(_, number, _)| set(*number, false)));
    if id.is_multiple_of(2) {
        changes.reverse();
    }
    changes
}

fn settings(act: &Act) -> Change {
    let Act::Settings { group_support, types, other_customers, company_access, unknown } = act else {
        unreachable!("only settings are passed")
    };
    let named = |bit: u8| PermissionType {
        name: PermissionName::parse(["rw", "ro", "note", "create"][bit as usize]).expect("a permission type"),
        bit,
        label: None,
        description: None,
    };
    let others = (1..BITS).filter(|bit| types & (1 << bit) != 0).map(named);
    let settings = Settings {
        group_support: *group_support,
        permission_types: PermissionTypes(others.chain([named(0)]).collect()),
        other_customers: *other_customers,
        company_access: *company_access,
        default_services_for_unknown_customer_users: *unknown,
        ..Settings::fresh()
    };
    Change::SettingsPut { settings: Box::new(settings) }
}

fn link_changes(naive: &Naive, act: &Act) -> Option<Change> {
    let there = |things: &[(Kind, u32)]| things.iter().all(|(kind, id)| exists(naive, *kind, *id));
    match *act {
        Act::CustomerLink { customer, group, context, permissions } => {
            there(&[(Kind::Customer, customer), (Kind::Group, group)])
                .then(|| customer_link((customer, group, context), PermissionSet(permissions)))
        }
        Act::CustomerUserLink { customer_user, group, permissions } => {
            there(&[(Kind::CustomerUser, customer_user), (Kind::Group, group)])
                .then(|| customer_user_link((customer_user, group), PermissionSet(permissions)))
        }
        Act::ServiceLink { customer_user, service, linked } => {
            there(&[(Kind::CustomerUser, customer_user), (Kind::Service, service)])
                .then(|| service_link((customer_user, service), linked))
        }
        Act::Membership { customer_user, customer, member } => {
            there(&[(Kind::CustomerUser, customer_user), (Kind::Customer, customer)])
                .then(|| membership((customer_user, customer), member))
        }
        Act::Roll { roll, id, listed } => {
            let kind = if roll == Roll::DefaultServices { Kind::Service } else { Kind::Group };
            there(&[(kind, id)]).then_some(Change::RollSet { roll, id: Thing { kind, number: id }, listed })
        }
        _ => unreachable!("only links are passed"),
    }
}

fn customer_link((customer, group, context): (u32, u32, Context), permissions: PermissionSet) -> Change {
    let (customer, group) = (CustomerNumber(customer), GroupNumber(group));
    Change::CustomerGroupLinkSet(CustomerGroupLink { customer, group, context, permissions: permissions.normalized() })
}

fn customer_user_link((customer_user, group): (u32, u32), permissions: PermissionSet) -> Change {
    let (customer_user, group) = (CustomerUserNumber(customer_user), GroupNumber(group));
    let permissions = permissions.normalized();
    Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions })
}

fn service_link((customer_user, service): (u32, u32), linked: bool) -> Change {
    let (customer_user, service) = (CustomerUserNumber(customer_user), ServiceNumber(service));
    Change::CustomerUserServiceLinkSet(CustomerUserServiceLink { customer_user, service, linked })
}

fn membership((customer_user, customer): (u32, u32), member: bool) -> Change {
    let (customer_user, customer) = (CustomerUserNumber(customer_user), CustomerNumber(customer));
    Change::CustomerMembershipSet(CustomerMembership { customer_user, customer, member })
}

/// The changes that make this directory from nothing.
pub fn from_scratch(naive: &Naive) -> Vec<Change> {
    let set = |bits: &BTreeSet<u8>| PermissionSet(bits.iter().map(|bit| 1 << bit).sum());
    let mut changes = vec![Change::SettingsPut { settings: Box::new(naive.settings.clone()) }];
    changes.extend(naive.back_ends.iter().map(|(id, it)| put_back_end(*id, &it.0, it.1)));
    changes.extend(naive.customers.iter().map(|(id, it)| put_customer((*id, it.0.clone(), it.1))));
    changes.extend(naive.groups.iter().map(|(id, it)| put_group((*id, it.0.clone(), it.1))));
    changes.extend(naive.services.iter().map(|(id, it)| service(*id, &it.name, it.parent, it.validity)));
    let people = naive.customer_users.iter();
    changes.extend(people.map(|(id, it)| put_person(*id, &it.login, it.customer, it.back_end, it.validity)));
    changes.extend(naive.customer_group_links.iter().map(|(key, bits)| customer_link(*key, set(bits))));
    changes.extend(naive.customer_user_group_links.iter().map(|(key, bits)| customer_user_link(*key, set(bits))));
    changes.extend(naive.customer_user_service_links.iter().map(|key| service_link(*key, true)));
    changes.extend(naive.memberships.iter().map(|key| membership(*key, true)));
    changes.extend(naive.rolls.iter().map(|(roll, number)| {
        let kind = if *roll == Roll::DefaultServices { Kind::Service } else { Kind::Group };
        Change::RollSet { roll: *roll, id: Thing { kind, number: *number }, listed: true }
    }));
    changes.extend(naive.external_ids.iter().map(|(kind, number, external_id)| Change::ExternalIdSet {
        id: Thing { kind: *kind, number: *number },
        external_id: external_id.clone(),
        present: true,
    }));
    changes
}
