//! What people get wrong about a write, said before it and after it.

use std::collections::BTreeSet;

use crate::access::Index;
use crate::access::resolve::{Basis, effective_services};
use crate::directory::{BackEndNumber, Change, CustomerUserNumber, ServiceNumber};

/// Something that a write does besides what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A customer user has a service of their own now and so loses these default services (rule 5).
    DefaultServicesSuppressed {
        /// Who.
        customer_user: CustomerUserNumber,
        /// Those they had and have no longer, by number.
        services: Vec<ServiceNumber>,
    },
    /// Groups restrict these customer users no longer: each has every permission on every valid group
    /// (rule 4).
    GroupSupportOff {
        /// Of which back end; nothing where it is turned off globally.
        back_end: Option<BackEndNumber>,
        /// How many they are.
        customer_users: usize,
    },
}

/// What these changes, which lead from one index to the other, are to be warned of.
pub fn warnings(before: &Index, after: &Index, changes: &[Change]) -> Vec<Warning> {
    let off = changes.iter().filter_map(|change| group_support_off(before, after, change));
    let suppressed = with_new_services(before, after, changes).into_iter();
    off.chain(suppressed.filter_map(|who| default_services_suppressed(before, after, who))).collect()
}

fn group_support_off(before: &Index, after: &Index, change: &Change) -> Option<Warning> {
    // Who is not valid has nothing all the same (rule 2).
    let valid = |who: &CustomerUserNumber| after.is_valid(*who);
    match change {
        Change::SettingsPut { settings } if before.settings().group_support && !settings.group_support => {
            let customer_users = after.all(None).filter(valid).count();
            Some(Warning::GroupSupportOff { back_end: None, customer_users })
        }
        Change::BackEndPut { id, group_support: false, .. } if before.back_end_group_support(*id) => {
            let customer_users = after.customer_users_of_back_end(*id, None).filter(valid).count();
            let anybody = customer_users > 0 && after.settings().group_support;
            anybody.then_some(Warning::GroupSupportOff { back_end: Some(*id), customer_users })
        }
        _ => None,
    }
}

/// Whoever may have a service of their own that counts, and had not: it was linked, or it counts again.
fn with_new_services(before: &Index, after: &Index, changes: &[Change]) -> BTreeSet<CustomerUserNumber> {
    let mut found = BTreeSet::new();
    let mut catalogue_changes = false;
    for change in changes {
        match change {
            Change::CustomerUserServiceLinkSet(link) if link.linked => drop(found.insert(link.customer_user)),
            Change::ServicePut { id, .. } => {
                let place = |index: &Index| (index.validity(*id), index.parent(*id));
                catalogue_changes |= place(before) != place(after);
            }
            _ => {}
        }
    }
    if catalogue_changes {
        let counts_now = |service: &ServiceNumber| after.counts(*service) && !before.counts(*service);
        for service in after.all(None).filter(counts_now) {
            found.extend(after.customer_users_of_service(service, None));
        }
    }
    found
}

/// The first services of their own take the default services away.
fn default_services_suppressed(before: &Index, after: &Index, customer_user: CustomerUserNumber) -> Option<Warning> {
    let (had, has) = (effective_services(before, customer_user), effective_services(after, customer_user));
    if had.basis != Basis::Default || has.basis != Basis::Assigned {
        return None;
    }
    let services: Vec<_> = had.items.into_iter().filter(|service| !has.items.contains(service)).collect();
    (!services.is_empty()).then_some(Warning::DefaultServicesSuppressed { customer_user, services })
}
