//! A cell of a matrix: what was granted there, what is effective there anyway, and whether a link can
//! change anything (rules 4 to 6, seen from one pair of things).

use super::group::group_sources;
use super::service::check_service;
use super::source::Source;
use crate::access::Index;
use crate::directory::{Context, CustomerNumber, CustomerUserNumber, GroupNumber, PermissionSet, Roll, ServiceNumber};

/// Why a link changes nothing in a cell for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// Group support is off, so groups restrict nobody.
    GroupSupportOff,
    /// Every customer user has the group.
    CustomerUserAlwaysGroup,
    /// Every customer has the group.
    CustomerAlwaysGroup,
    /// The context is off.
    ContextOff,
    /// Customer users do not see the things of their customers, let alone of all.
    CompanyAccessOff,
    /// The customer is the primary one, so the customer user belongs to it anyway.
    PrimaryCustomer,
}

impl Lock {
    /// Every lock.
    pub const ALL: [Lock; 6] = [
        Lock::GroupSupportOff,
        Lock::CustomerUserAlwaysGroup,
        Lock::CustomerAlwaysGroup,
        Lock::ContextOff,
        Lock::CompanyAccessOff,
        Lock::PrimaryCustomer,
    ];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Lock::GroupSupportOff => "group_support_off",
            Lock::CustomerUserAlwaysGroup => "customer_user_always_group",
            Lock::CustomerAlwaysGroup => "customer_always_group",
            Lock::ContextOff => "context_off",
            Lock::CompanyAccessOff => "company_access_off",
            Lock::PrimaryCustomer => "primary_customer",
        }
    }
}

/// What stands in a cell of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionCell {
    /// What the link grants, as it was granted.
    pub granted: PermissionSet,
    /// What is effective, expanded, and for whatever reason.
    pub effective: PermissionSet,
    /// What makes it so.
    pub sources: Vec<Source>,
    /// Why a link changes nothing here for now.
    pub lock: Option<Lock>,
}

/// What stands in a cell that is marked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberCell {
    /// Whether there is a link.
    pub granted: bool,
    /// Whether it is so, for whatever reason.
    pub effective: bool,
    /// What makes it so.
    pub sources: Vec<Source>,
    /// Why a link changes nothing here for now.
    pub lock: Option<Lock>,
}

/// Customer × group, in one context: what a valid customer user has through this customer.
pub fn customer_group_cell(
    index: &Index,
    customer: CustomerNumber,
    group: GroupNumber,
    context: Context,
) -> PermissionCell {
    let granted = index.customer_group(customer, group, context);
    let counts = index.is_valid(customer) && index.is_valid(group);
    let (lock, given) = match context {
        Context::SameCustomer => given_by_customer(index, customer, group),
        Context::OtherCustomers => reached_by_customer(index, customer, group),
    };
    let given = if counts { given } else { Vec::new() };
    cell(granted, given, lock)
}

/// Customer user × group.
pub fn customer_user_group_cell(
    index: &Index,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
) -> PermissionCell {
    let given = group_sources(index, customer_user, group);
    let has_customer = index.customers_of(customer_user).any(|customer| index.is_valid(customer));
    let lock = if index.group_support(customer_user) {
        always(index, group).filter(|lock| *lock != Lock::CustomerAlwaysGroup || has_customer)
    } else {
        Some(Lock::GroupSupportOff)
    };
    cell(index.customer_user_group(customer_user, group), given, lock)
}

/// Customer user × service.
pub fn customer_user_service_cell(
    index: &Index,
    customer_user: CustomerUserNumber,
    service: ServiceNumber,
) -> MemberCell {
    let sources = check_service(index, Some(customer_user), service).sources;
    let granted = index.has_service_link(customer_user, service);
    MemberCell { granted, effective: !sources.is_empty(), sources, lock: None }
}

/// Customer user × customer, as an additional one.
pub fn membership_cell(index: &Index, customer_user: CustomerUserNumber, customer: CustomerNumber) -> MemberCell {
    let is_primary = index.primary_customer(customer_user) == Some(customer);
    MemberCell {
        granted: index.is_additional_customer(customer_user, customer),
        effective: index.is_valid(customer) && index.is_member(customer_user, customer),
        sources: Vec::new(),
        lock: is_primary.then_some(Lock::PrimaryCustomer),
    }
}

type Given = Vec<(Source, PermissionSet)>;

fn given_by_customer(index: &Index, customer: CustomerNumber, group: GroupNumber) -> (Option<Lock>, Given) {
    let all = index.permission_types();
    if !index.settings().group_support {
        return (Some(Lock::GroupSupportOff), vec![(Source::GroupSupportOff, all)]);
    }
    let mut given = Vec::new();
    let linked = index.given(index.customer_group(customer, group, Context::SameCustomer));
    if !linked.is_empty() {
        given.push((Source::CustomerLink { customer }, linked));
    }
    if index.is_listed(Roll::CustomerUserAlwaysGroups, group) {
        given.push((Source::CustomerUserAlwaysGroup, all));
    }
    if index.is_listed(Roll::CustomerAlwaysGroups, group) {
        given.push((Source::CustomerAlwaysGroup, all));
    }
    (always(index, group), given)
}

/// Rule 6: the context widens which things are reached; it gives nothing by itself.
fn reached_by_customer(index: &Index, customer: CustomerNumber, group: GroupNumber) -> (Option<Lock>, Given) {
    let settings = index.settings();
    let lock = if !settings.other_customers {
        Some(Lock::ContextOff)
    } else if !settings.company_access {
        Some(Lock::CompanyAccessOff)
    } else {
        (!settings.group_support).then_some(Lock::GroupSupportOff)
    };
    let linked = index.given(index.customer_group(customer, group, Context::OtherCustomers));
    let reaches = lock.is_none() && !linked.is_empty();
    (lock, if reaches { vec![(Source::OtherCustomers { customer }, linked)] } else { Vec::new() })
}

fn always(index: &Index, group: GroupNumber) -> Option<Lock> {
    let rolls = [
        (Roll::CustomerUserAlwaysGroups, Lock::CustomerUserAlwaysGroup),
        (Roll::CustomerAlwaysGroups, Lock::CustomerAlwaysGroup),
    ];
    rolls.into_iter().find(|(roll, _)| index.is_listed(*roll, group)).map(|(_, lock)| lock)
}

fn cell(granted: PermissionSet, given: Given, lock: Option<Lock>) -> PermissionCell {
    PermissionCell {
        granted,
        effective: given.iter().fold(PermissionSet::EMPTY, |all, (_, set)| all.union(*set)),
        sources: given.into_iter().map(|(source, _)| source).collect(),
        lock,
    }
}
