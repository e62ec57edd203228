//! The settings that bear on access.

use serde::{Deserialize, Serialize};

use super::permission::{Context, PermissionName, PermissionType, PermissionTypes};
use super::text::Text;

/// What a screen says of a context.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContextText {
    /// What a screen calls it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<Text>,
    /// What a screen says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<Text>,
}

/// The settings. Always-groups and default services are lists of their own ([`super::link::Roll`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether groups restrict anybody (rule 4). Off means that everybody has everything.
    pub group_support: bool,
    /// The permission types, in their order.
    pub permission_types: PermissionTypes,
    /// Whether the context `other_customers` counts and takes new links.
    pub other_customers: bool,
    /// What screens say of the context `same_customer`.
    pub same_customer_text: ContextText,
    /// What screens say of the context `other_customers`.
    pub other_customers_text: ContextText,
    /// Whether an unknown login gets the default services (rule 2).
    pub default_services_for_unknown_customer_users: bool,
    /// Whether a customer user may see the things of their customers (rule 6).
    pub company_access: bool,
}

impl Settings {
    /// Whether links in this context count and may be made.
    pub fn is_on(&self, context: Context) -> bool {
        match context {
            Context::SameCustomer => true,
            Context::OtherCustomers => self.other_customers,
        }
    }

    /// The settings of a fresh installation.
    pub fn fresh() -> Self {
        let text = |text: &str| Text::parse(text).ok();
        let permission_type = |name: &str, bit, label: &str, description: &str| {
            PermissionName::parse(name).ok().map(|name| PermissionType {
                name,
                bit,
                label: text(label),
                description: text(description),
            })
        };
        Self {
            group_support: true,
            permission_types: PermissionTypes(
                [
                    permission_type("ro", 1, "Read only", "Read only access to the things in the group."),
                    permission_type(
                        "rw",
                        0,
                        "Read and write",
                        "Full access to the things in the group; implies every other permission.",
                    ),
                ]
                .into_iter()
                .flatten()
                .collect(),
            ),
            other_customers: false,
            same_customer_text: ContextText {
                label: text("Same customer"),
                description: text("Reaches the things of the customer itself."),
            },
            other_customers_text: ContextText {
                label: text("Other customers"),
                description: text("Reaches the things of all customers in the group."),
            },
            default_services_for_unknown_customer_users: false,
            company_access: true,
        }
    }
}
