//! Links: the explicit grants. Each is named by the numbers of its two ends, so renames never
//! touch one, and each is a value: setting it to nothing removes it.

use serde::{Deserialize, Serialize};

use super::number::{CustomerNumber, CustomerUserNumber, GroupNumber, ServiceNumber};
use super::permission::{Context, PermissionSet};

/// Customer ↔ group, in one context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CustomerGroupLink {
    /// The customer.
    pub customer: CustomerNumber,
    /// The group.
    pub group: GroupNumber,
    /// Where it reaches.
    pub context: Context,
    /// What it grants; nothing means that there is no link.
    pub permissions: PermissionSet,
}

/// Customer user ↔ group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CustomerUserGroupLink {
    /// The customer user.
    pub customer_user: CustomerUserNumber,
    /// The group.
    pub group: GroupNumber,
    /// What it grants; nothing means that there is no link.
    pub permissions: PermissionSet,
}

/// Customer user ↔ service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CustomerUserServiceLink {
    /// The customer user.
    pub customer_user: CustomerUserNumber,
    /// The service.
    pub service: ServiceNumber,
    /// Whether there is a link.
    pub linked: bool,
}

/// Customer user ↔ additional customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CustomerMembership {
    /// The customer user.
    pub customer_user: CustomerUserNumber,
    /// The additional customer.
    pub customer: CustomerNumber,
    /// Whether the customer user belongs to it.
    pub member: bool,
}

/// A list of the settings that names things of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// Groups that every customer user has.
    CustomerUserAlwaysGroups,
    /// Groups that every customer has.
    CustomerAlwaysGroups,
    /// Services that every customer user has who has no service of their own.
    DefaultServices,
}

impl Roll {
    /// All three.
    pub const ALL: [Roll; 3] = [Roll::CustomerUserAlwaysGroups, Roll::CustomerAlwaysGroups, Roll::DefaultServices];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Roll::CustomerUserAlwaysGroups => "customer_user_always_groups",
            Roll::CustomerAlwaysGroups => "customer_always_groups",
            Roll::DefaultServices => "default_services",
        }
    }
}
