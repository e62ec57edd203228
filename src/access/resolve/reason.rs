//! Why not (rule 8).

/// Why something is denied. A denial carries every reason that stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The customer user is not known, and nothing is given to unknown ones (rule 2).
    CustomerUserUnknown,
    /// The customer user is not valid (rule 2).
    CustomerUserNotValid,
    /// The group is not valid (rule 1).
    GroupNotValid,
    /// The permission type is not configured, so nothing can give it.
    PermissionNotConfigured,
    /// Nothing links the customer user, or a customer of theirs, to the group (rule 4).
    NoLink,
    /// There is a link that does not hold the permission (rules 3, 4, 6).
    LinkLacksPermission,
    /// A customer that would give it is not valid (rule 1).
    CustomerNotValid,
    /// The group is given to every customer, and the customer user has none (rule 4).
    NoCustomer,
    /// The thing belongs neither to the customer user nor to a customer of theirs (rule 6).
    NotACustomerOfTheThing,
    /// Customer users do not see the things of their customers (rule 6).
    CompanyAccessOff,
    /// A link in the context `other_customers` would give it, and that context is off (rule 6).
    ContextOff,
    /// The service is not valid (rule 1).
    ServiceNotValid,
    /// An ancestor of the service is not valid (rule 1).
    AncestorNotValid,
    /// The service is neither linked to the customer user nor a default service (rule 5).
    NoServiceLink,
    /// The service is a default one, and the customer user has services of their own (rule 5).
    SuppressedByAssignedServices,
}

impl Reason {
    /// Every reason, in the order in which answers carry them.
    pub const ALL: [Reason; 15] = [
        Reason::CustomerUserUnknown,
        Reason::CustomerUserNotValid,
        Reason::GroupNotValid,
        Reason::PermissionNotConfigured,
        Reason::NoLink,
        Reason::LinkLacksPermission,
        Reason::CustomerNotValid,
        Reason::NoCustomer,
        Reason::NotACustomerOfTheThing,
        Reason::CompanyAccessOff,
        Reason::ContextOff,
        Reason::ServiceNotValid,
        Reason::AncestorNotValid,
        Reason::NoServiceLink,
        Reason::SuppressedByAssignedServices,
    ];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::CustomerUserUnknown => "customer_user_unknown",
            Reason::CustomerUserNotValid => "customer_user_not_valid",
            Reason::GroupNotValid => "group_not_valid",
            Reason::PermissionNotConfigured => "permission_not_configured",
            Reason::NoLink => "no_link",
            Reason::LinkLacksPermission => "link_lacks_permission",
            Reason::CustomerNotValid => "customer_not_valid",
            Reason::NoCustomer => "no_customer",
            Reason::NotACustomerOfTheThing => "not_a_customer_of_the_thing",
            Reason::CompanyAccessOff => "company_access_off",
            Reason::ContextOff => "context_off",
            Reason::ServiceNotValid => "service_not_valid",
            Reason::AncestorNotValid => "ancestor_not_valid",
            Reason::NoServiceLink => "no_service_link",
            Reason::SuppressedByAssignedServices => "suppressed_by_assigned_services",
        }
    }

    /// The sentence for people.
    pub fn detail(self) -> &'static str {
        match self {
            Reason::CustomerUserUnknown => {
                "The customer user is not known, and the settings give the default services to known ones only."
            }
            Reason::CustomerUserNotValid => "The customer user is not valid and so has nothing.",
            Reason::GroupNotValid => "The group is not valid, so nothing gives a permission on it.",
            Reason::PermissionNotConfigured => "The permission type is not configured, so nothing gives it.",
            Reason::NoLink => {
                "Neither the customer user nor a customer of theirs is linked to the group in the context same_customer."
            }
            Reason::LinkLacksPermission => "There is a link to the group, but it does not hold this permission.",
            Reason::CustomerNotValid => "A customer that would give it is not valid.",
            Reason::NoCustomer => "Every customer has this group, but the customer user has no customer.",
            Reason::NotACustomerOfTheThing => {
                "The thing belongs neither to the customer user nor to a customer of theirs."
            }
            Reason::CompanyAccessOff => {
                "The setting company_access is off: customer users reach their own things only."
            }
            Reason::ContextOff => {
                "A link in the context other_customers would reach the thing, but the settings have that context off."
            }
            Reason::ServiceNotValid => "The service is not valid.",
            Reason::AncestorNotValid => "A service above this one is not valid, so neither does this one count.",
            Reason::NoServiceLink => "The customer user is not linked to the service, and it is no default service.",
            Reason::SuppressedByAssignedServices => {
                "The service is a default one, but the customer user has services of their own and so no defaults."
            }
        }
    }
}

/// A set of reasons; adding one allocates nothing, and they come out in their order, each once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reasons(u32);

impl Reasons {
    pub fn add(&mut self, reason: Reason) {
        self.0 |= 1 << (reason as u32);
    }

    pub fn add_if(&mut self, condition: bool, reason: Reason) {
        if condition {
            self.add(reason);
        }
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn list(self) -> Vec<Reason> {
        Reason::ALL.into_iter().filter(|reason| self.0 & (1 << (*reason as u32)) != 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_8_every_reason_has_a_word_and_a_sentence_of_its_own() {
        let words: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        let sentences: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.detail()).collect();
        assert_eq!((words.len(), sentences.len()), (Reason::ALL.len(), Reason::ALL.len()));
    }

    #[test]
    fn reasons_come_out_in_their_order_each_once() {
        let mut reasons = Reasons::default();
        Reason::ALL.iter().rev().chain(&Reason::ALL).for_each(|reason| reasons.add(*reason));
        assert_eq!(reasons.list(), Reason::ALL);
    }
}
