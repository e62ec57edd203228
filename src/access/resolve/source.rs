//! Why (rules 4 to 6, and 8).

use super::reason::{Reason, Reasons};
use crate::directory::CustomerNumber;

/// What gives something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A link of the customer user to the group.
    CustomerUserLink,
    /// A link of a customer of the customer user to the group, in the context `same_customer`.
    CustomerLink {
        /// The customer.
        customer: CustomerNumber,
    },
    /// Every customer user has the group.
    CustomerUserAlwaysGroup,
    /// Every customer has the group, and the customer user has a valid customer.
    CustomerAlwaysGroup,
    /// Group support is off, so groups restrict nobody.
    GroupSupportOff,
    /// The thing is the customer user's own.
    OwnThing,
    /// The thing belongs to a customer of the customer user.
    CustomerOfTheThing {
        /// The customer.
        customer: CustomerNumber,
    },
    /// A customer of the customer user is linked to the group in the context `other_customers`.
    OtherCustomers {
        /// The customer.
        customer: CustomerNumber,
    },
    /// A link of the customer user to the service.
    AssignedService,
    /// The service is a default one, and nothing suppresses it.
    DefaultService,
}

impl Source {
    /// The words of every kind of source.
    pub const KINDS: [&'static str; 10] = [
        "customer_user_link",
        "customer_link",
        "customer_user_always_group",
        "customer_always_group",
        "group_support_off",
        "own_thing",
        "customer_of_the_thing",
        "other_customers",
        "assigned_service",
        "default_service",
    ];

    /// The word for programs.
    pub fn kind(self) -> &'static str {
        match self {
            Source::CustomerUserLink => "customer_user_link",
            Source::CustomerLink { .. } => "customer_link",
            Source::CustomerUserAlwaysGroup => "customer_user_always_group",
            Source::CustomerAlwaysGroup => "customer_always_group",
            Source::GroupSupportOff => "group_support_off",
            Source::OwnThing => "own_thing",
            Source::CustomerOfTheThing { .. } => "customer_of_the_thing",
            Source::OtherCustomers { .. } => "other_customers",
            Source::AssignedService => "assigned_service",
            Source::DefaultService => "default_service",
        }
    }

    /// The customer through whom it comes, where there is one.
    pub fn customer(self) -> Option<CustomerNumber> {
        match self {
            Source::CustomerLink { customer }
            | Source::CustomerOfTheThing { customer }
            | Source::OtherCustomers { customer } => Some(customer),
            _ => None,
        }
    }
}

/// Yes with its sources, or no with its reasons; one of the two lists is empty, the other never is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What gives it; empty on a no.
    pub sources: Vec<Source>,
    /// Why not; empty on a yes.
    pub reasons: Vec<Reason>,
}

impl Decision {
    /// Whether the answer is yes.
    pub fn allowed(&self) -> bool {
        !self.sources.is_empty()
    }

    pub(super) fn yes(sources: Vec<Source>) -> Self {
        Self { sources, reasons: Vec::new() }
    }

    pub(super) fn no(reasons: Reasons) -> Self {
        debug_assert!(!reasons.is_empty(), "every no carries a reason");
        Self { sources: Vec::new(), reasons: reasons.list() }
    }
}
