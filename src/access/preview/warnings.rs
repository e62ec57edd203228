//! What people get wrong about a write, said before it and after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Index;
use crate::access::resolve::{Basis, effective_services};
use crate::directory::{BackEndNumber, Change, CustomerUserNumber, Kind, ServiceNumber};

/// Something that a write does besides what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A customer user gets a service of their own and so loses these default services (rule 5).
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

/// What these changes to this index are to be warned of.
pub fn warnings(before: &Index, changes: &[Change]) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = changes.iter().filter_map(|change| group_support_off(before, change)).collect();
    let mut linked: BTreeMap<CustomerUserNumber, BTreeSet<ServiceNumber>> = BTreeMap::new();
    for change in changes {
        match change {
            Change::CustomerUserServiceLinkSet(link) if link.linked => {
                linked.entry(link.customer_user).or_default().insert(link.service);
            }
            _ => {}
        }
    }
    let suppressed = linked.iter().filter_map(|(who, services)| suppressed(before, *who, services));
    warnings.extend(suppressed);
    warnings
}

fn group_support_off(before: &Index, change: &Change) -> Option<Warning> {
    match change {
        Change::SettingsPut { settings } if before.settings().group_support && !settings.group_support => {
            Some(Warning::GroupSupportOff { back_end: None, customer_users: before.count(Kind::CustomerUser) })
        }
        Change::BackEndPut { id, group_support: false, .. } if before.back_end_group_support(*id) => {
            let customer_users = before.linked(*id, Kind::CustomerUser);
            let anybody = customer_users > 0 && before.settings().group_support;
            anybody.then_some(Warning::GroupSupportOff { back_end: Some(*id), customer_users })
        }
        _ => None,
    }
}

/// The first services of their own take the default services away.
fn suppressed(before: &Index, customer_user: CustomerUserNumber, linked: &BTreeSet<ServiceNumber>) -> Option<Warning> {
    if !linked.iter().any(|service| before.counts(*service)) {
        return None;
    }
    let had = effective_services(before, customer_user);
    if had.basis != Basis::Default {
        return None;
    }
    let services: Vec<_> = had.items.into_iter().filter(|service| !linked.contains(service)).collect();
    (!services.is_empty()).then_some(Warning::DefaultServicesSuppressed { customer_user, services })
}
