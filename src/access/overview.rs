//! What there is, counted: how much of it counts, how much of it is linked, and what is missing before
//! groups and services restrict anybody in a way that somebody meant.

use super::Index;
use crate::directory::{
    BackEndNumber, CustomerNumber, CustomerUserNumber, GroupNumber, Kind, Number, Roll, ServiceNumber, Validity,
};

/// How many things of a kind there are, by validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByValidity {
    /// Those that count, as far as they are concerned.
    pub valid: usize,
    /// Those that do not.
    pub invalid: usize,
    /// Those that do not for now.
    pub invalid_temporarily: usize,
}

/// How many links there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkCounts {
    /// Pairs of a customer and a group, in whatever contexts.
    pub customer_groups: usize,
    /// Pairs of a customer user and a group.
    pub customer_user_groups: usize,
    /// Pairs of a customer user and a service.
    pub customer_user_services: usize,
    /// Additional customers of customer users.
    pub customer_memberships: usize,
}

/// How many things nothing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alone {
    /// Customers without a customer user.
    pub customers: usize,
    /// Customer users without a customer.
    pub customer_users: usize,
    /// Groups that nobody is linked to, and that are no always-group.
    pub groups: usize,
    /// Services that nobody is linked to, and that are no default service.
    pub services: usize,
}

/// A back end, and how many come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackEndCount {
    /// Which.
    pub back_end: BackEndNumber,
    /// Whether groups restrict its customer users, as far as it is concerned.
    pub group_support: bool,
    /// How many there are.
    pub customer_users: usize,
    /// How many of them are valid: the others have nothing, restricted or not (rule 2).
    pub valid_customer_users: usize,
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Customers.
    pub customers: ByValidity,
    /// Customer users.
    pub customer_users: ByValidity,
    /// Groups.
    pub groups: ByValidity,
    /// Services, each by its own validity.
    pub services: ByValidity,
    /// By number.
    pub back_ends: Vec<BackEndCount>,
    /// Links.
    pub links: LinkCounts,
    /// How many things stand on each roll.
    pub rolls: [usize; 3],
    /// What nothing leads to.
    pub alone: Alone,
}

/// Counts everything: it costs what the directory is large, so ask a copy of the index.
pub fn overview(index: &Index) -> Overview {
    Overview {
        customers: by_validity::<CustomerNumber>(index),
        customer_users: by_validity::<CustomerUserNumber>(index),
        groups: by_validity::<GroupNumber>(index),
        services: by_validity::<ServiceNumber>(index),
        back_ends: index.all(None).map(|back_end| of_back_end(index, back_end)).collect(),
        links: links(index),
        rolls: [0, 1, 2].map(|place| index.roll(Roll::ALL[place]).count()),
        alone: alone(index),
    }
}

fn by_validity<N: Number + Into<crate::directory::Thing>>(index: &Index) -> ByValidity {
    let mut counts = ByValidity::default();
    for number in index.all::<N>(None) {
        match index.validity(number) {
            Some(Validity::Valid) => counts.valid += 1,
            Some(Validity::Invalid) => counts.invalid += 1,
            Some(Validity::InvalidTemporarily) => counts.invalid_temporarily += 1,
            None => {}
        }
    }
    counts
}

fn of_back_end(index: &Index, back_end: BackEndNumber) -> BackEndCount {
    let group_support = index.back_end_group_support(back_end);
    let valid = index.customer_users_of_back_end(back_end, None).filter(|who| index.is_valid(*who));
    BackEndCount {
        back_end,
        group_support,
        customer_users: index.linked(back_end, Kind::CustomerUser),
        valid_customer_users: valid.count(),
    }
}

fn links(index: &Index) -> LinkCounts {
    let mut counts = LinkCounts::default();
    for customer in index.all::<CustomerNumber>(None) {
        counts.customer_groups += index.customer_groups(customer).len();
    }
    for customer_user in index.all::<CustomerUserNumber>(None) {
        counts.customer_user_groups += index.customer_user_groups(customer_user).len();
        counts.customer_user_services += index.customer_user_services(customer_user).len();
        counts.customer_memberships += index.additional_customers(customer_user).len();
    }
    counts
}

fn alone(index: &Index) -> Alone {
    let none =
        |thing: crate::directory::Thing, kinds: &[Kind]| kinds.iter().all(|kind| index.linked(thing, *kind) == 0);
    let always = |group: GroupNumber| {
        index.is_listed(Roll::CustomerAlwaysGroups, group) || index.is_listed(Roll::CustomerUserAlwaysGroups, group)
    };
    let groups = index.all::<GroupNumber>(None).filter(|group| !always(*group));
    let services = index.all::<ServiceNumber>(None).filter(|it| !index.is_listed(Roll::DefaultServices, *it));
    Alone {
        customers: index.all::<CustomerNumber>(None).filter(|it| none((*it).into(), &[Kind::CustomerUser])).count(),
        customer_users: index.all(None).filter(|it| index.customers_of(*it).next().is_none()).count(),
        groups: groups.filter(|it| none((*it).into(), &[Kind::Customer, Kind::CustomerUser])).count(),
        services: services.filter(|it| none((*it).into(), &[Kind::CustomerUser])).count(),
    }
}
