//! What stands in the desk's tables, row by row and unjudged.

use std::collections::HashMap;

use crate::directory::{Context, Validity};

/// A row of `customer_company`.
#[derive(Debug, Clone, Default)]
pub struct CompanyRow {
    pub customer_id: String,
    pub name: Option<String>,
    pub street: Option<String>,
    pub zip: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub url: Option<String>,
    pub comments: Option<String>,
    pub valid_id: i64,
}

/// A row of `customer_user`, without the password.
#[derive(Debug, Clone, Default)]
pub struct CustomerUserRow {
    pub id: String,
    pub login: String,
    pub customer_id: String,
    pub email: Option<String>,
    pub title: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub mobile: Option<String>,
    pub street: Option<String>,
    pub zip: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub comments: Option<String>,
    pub valid_id: i64,
}

/// A row of the table of groups or of `service`.
#[derive(Debug, Clone, Default)]
pub struct NamedRow {
    pub id: i64,
    pub name: String,
    pub comments: Option<String>,
    pub valid_id: i64,
}

/// A row of `group_customer`, or of `group_customer_user`, which has no context.
#[derive(Debug, Clone, Default)]
pub struct GrantRow {
    /// The customer id or the login.
    pub holder: String,
    pub group_id: i64,
    pub permission: String,
    pub value: i64,
    pub context: Option<String>,
}

/// A login and what it is linked to.
#[derive(Debug, Clone, Default)]
pub struct PairRow<T> {
    pub login: String,
    pub other: T,
}

/// A row of `sysconfig_default` or `sysconfig_modified`.
#[derive(Debug, Clone, Default)]
pub struct SettingRow {
    pub name: String,
    pub value: String,
    pub is_valid: bool,
    /// Changed and not deployed yet.
    pub is_dirty: bool,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The tables that this version of the desk does not have.
    pub absent: Vec<&'static str>,
    /// Whether the database takes keys that differ only in case for the same.
    pub ignores_case: bool,
    /// `valid`: what the ids mean.
    pub validities: HashMap<i64, String>,
    pub companies: Vec<CompanyRow>,
    pub customer_users: Vec<CustomerUserRow>,
    pub memberships: Vec<PairRow<String>>,
    pub groups: Vec<NamedRow>,
    pub customer_grants: Vec<GrantRow>,
    pub customer_user_grants: Vec<GrantRow>,
    pub services: Vec<NamedRow>,
    pub service_links: Vec<PairRow<i64>>,
    pub default_settings: Vec<SettingRow>,
    pub modified_settings: Vec<SettingRow>,
}

/// The pseudo user whose services are the default services.
pub const DEFAULT_SERVICES: &str = "<DEFAULT>";

impl Facts {
    /// What a `valid_id` means. One that the desk does not know never counted there.
    pub fn validity(&self, valid_id: i64) -> Validity {
        let name = self.validities.get(&valid_id).map(String::as_str);
        let name = name.or(match valid_id {
            _ if !self.validities.is_empty() => None,
            1 => Some("valid"),
            3 => Some("invalid-temporarily"),
            _ => None,
        });
        match name {
            Some("valid") => Validity::Valid,
            Some("invalid-temporarily") => Validity::InvalidTemporarily,
            _ => Validity::Invalid,
        }
    }

    /// The form under which this desk compares keys.
    pub fn key(&self, written: &str) -> String {
        if self.ignores_case { crate::directory::text::fold(written) } else { written.to_owned() }
    }
}

/// What the desk calls the contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextNames {
    pub same_customer: String,
    pub other_customers: String,
}

impl ContextNames {
    /// The context of this name; a row without one is of a version that had but one.
    pub fn parse(&self, name: Option<&str>) -> Option<Context> {
        match name {
            None => Some(Context::SameCustomer),
            Some(name) if name == self.same_customer => Some(Context::SameCustomer),
            Some(name) if name == self.other_customers => Some(Context::OtherCustomers),
            Some(_) => None,
        }
    }
}
