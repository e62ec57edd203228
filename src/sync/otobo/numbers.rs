//! Which numbers the desk's things have here.

use super::intent::{Intent, Types, Wanted};
use crate::access::Index;
use crate::directory::{
    CustomerNumber, CustomerUserNumber, GroupNumber, Number, PermissionName, PermissionSet, PermissionTypes, Reference,
    ServiceNumber,
};

/// By the places in the intent; none for one that could not be written.
pub(super) struct Numbers {
    pub groups: Vec<Option<GroupNumber>>,
    pub services: Vec<Option<ServiceNumber>>,
    pub customers: Vec<Option<CustomerNumber>>,
    pub customer_users: Vec<Option<CustomerUserNumber>>,
}

impl Numbers {
    pub(super) fn of(index: &Index, intent: &Intent) -> Self {
        Self {
            groups: intent.groups.iter().map(|wanted| number(index, wanted)).collect(),
            services: intent.services.iter().map(|wanted| number(index, wanted)).collect(),
            customers: intent.customers.iter().map(|wanted| number(index, wanted)).collect(),
            customer_users: intent.customer_users.iter().map(|it| number(index, &it.wanted)).collect(),
        }
    }
}

fn number<N: Number, P>(index: &Index, wanted: &Wanted<P>) -> Option<N> {
    index.resolve(&Reference::External(wanted.external_id.clone()))
}

/// The set that a link is to hold.
pub(super) fn permission_set(types: &PermissionTypes, intent: &Intent, wanted: Types) -> PermissionSet {
    let chosen = |(place, _): &(usize, &PermissionName)| wanted & (1 << place) != 0;
    let names: Vec<PermissionName> =
        intent.types.iter().enumerate().filter(chosen).map(|(_, name)| name.clone()).collect();
    // Every type was configured before; one that somebody took away since gives nothing.
    let known: Vec<PermissionName> = names.into_iter().filter(|name| types.bit(name.as_str()).is_some()).collect();
    types.set(&known).unwrap_or(PermissionSet::EMPTY)
}
