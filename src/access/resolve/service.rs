//! Rule 5: which services a customer user has; with rule 2 for those who are not known.

use super::reason::{Reason, Reasons};
use super::source::{Decision, Source};
use crate::access::Index;
use crate::directory::{CustomerUserNumber, Roll, ServiceNumber};

/// On what ground a customer user has services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Links of their own.
    Assigned,
    /// None of their own, so the default services.
    Default,
    /// They have none: the customer user is not valid.
    None,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Basis; 3] = [Basis::Assigned, Basis::Default, Basis::None];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Assigned => "assigned",
            Basis::Default => "default",
            Basis::None => "none",
        }
    }
}

/// The services of a customer user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveServices {
    /// On what ground.
    pub basis: Basis,
    /// By number.
    pub items: Vec<ServiceNumber>,
    /// The default services that count and are not among them, because the basis is `assigned`; by number.
    pub suppressed_defaults: Vec<ServiceNumber>,
}

/// On what ground the customer user has services.
pub(super) fn basis(index: &Index, customer_user: CustomerUserNumber) -> Basis {
    let linked = index.customer_user_services(customer_user);
    if !index.is_valid(customer_user) {
        Basis::None
    } else if linked.iter().any(|service| index.counts(*service)) {
        Basis::Assigned
    } else {
        Basis::Default
    }
}

/// What gives the service to the customer user. This is rule 5, and the only place that knows it.
fn service_source(index: &Index, customer_user: CustomerUserNumber, service: ServiceNumber) -> Option<Source> {
    let has = |source, listed: bool| (listed && index.counts(service)).then_some(source);
    match basis(index, customer_user) {
        Basis::None => None,
        Basis::Assigned => has(Source::AssignedService, index.has_service_link(customer_user, service)),
        Basis::Default => has(Source::DefaultService, index.is_listed(Roll::DefaultServices, service)),
    }
}

/// What gives the service to a customer user who is not known (rule 2).
fn source_for_unknown(index: &Index, service: ServiceNumber) -> Option<Source> {
    let given = index.settings().default_services_for_unknown_customer_users
        && index.is_listed(Roll::DefaultServices, service)
        && index.counts(service);
    given.then_some(Source::DefaultService)
}

/// Whether the customer user, or one who is not known, has the service. Allocates nothing.
pub fn may_service(index: &Index, customer_user: Option<CustomerUserNumber>, service: ServiceNumber) -> bool {
    match customer_user {
        Some(customer_user) => service_source(index, customer_user, service).is_some(),
        None => source_for_unknown(index, service).is_some(),
    }
}

/// As [`may_service`], with the source of a yes or the reasons of a no.
pub fn check_service(index: &Index, customer_user: Option<CustomerUserNumber>, service: ServiceNumber) -> Decision {
    let source = match customer_user {
        Some(customer_user) => service_source(index, customer_user, service),
        None => source_for_unknown(index, service),
    };
    match source {
        Some(source) => Decision::yes(vec![source]),
        None => Decision::no(why_not(index, customer_user, service)),
    }
}

fn why_not(index: &Index, customer_user: Option<CustomerUserNumber>, service: ServiceNumber) -> Reasons {
    let mut reasons = Reasons::default();
    reasons.add_if(!index.is_valid(service), Reason::ServiceNotValid);
    reasons.add_if(!index.ancestors_are_valid(service), Reason::AncestorNotValid);
    let is_default = index.is_listed(Roll::DefaultServices, service);
    let Some(customer_user) = customer_user else {
        let known_only = !index.settings().default_services_for_unknown_customer_users;
        reasons.add_if(known_only, Reason::CustomerUserUnknown);
        reasons.add_if(!known_only && !is_default, Reason::NoServiceLink);
        return reasons;
    };
    let linked = index.has_service_link(customer_user, service);
    match basis(index, customer_user) {
        Basis::None => reasons.add(Reason::CustomerUserNotValid),
        Basis::Assigned if is_default && !linked => reasons.add(Reason::SuppressedByAssignedServices),
        _ => reasons.add_if(!linked && !is_default, Reason::NoServiceLink),
    }
    reasons
}

/// Every service of the customer user, and on what ground.
pub fn effective_services(index: &Index, customer_user: CustomerUserNumber) -> EffectiveServices {
    let basis = basis(index, customer_user);
    let linked = index.customer_user_services(customer_user);
    let assigned = || linked.iter().copied().filter(|service| index.counts(*service)).collect();
    match basis {
        Basis::None => EffectiveServices { basis, items: Vec::new(), suppressed_defaults: Vec::new() },
        Basis::Default => {
            EffectiveServices { basis, items: defaults(index).collect(), suppressed_defaults: Vec::new() }
        }
        Basis::Assigned => EffectiveServices {
            basis,
            items: assigned(),
            suppressed_defaults: defaults(index).filter(|service| linked.binary_search(service).is_err()).collect(),
        },
    }
}

/// What a customer user who is not known has: nothing at all, not even an answer, unless the
/// settings give them the default services (rule 2).
pub fn services_of_unknown(index: &Index) -> Option<Vec<ServiceNumber>> {
    index.settings().default_services_for_unknown_customer_users.then(|| defaults(index).collect())
}

/// The default services that count, by number.
fn defaults(index: &Index) -> impl Iterator<Item = ServiceNumber> {
    index.default_services().filter(|service| index.counts(*service))
}
