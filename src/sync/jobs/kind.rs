//! What a row can be about.

use serde::{Deserialize, Serialize};

use crate::directory::Kind;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the record or the link of its name")]
pub enum RowKind {
    Customer,
    CustomerUser,
    Group,
    Service,
    CustomerGroupLink,
    CustomerUserGroupLink,
    CustomerUserServiceLink,
    CustomerMembership,
}

impl RowKind {
    /// Every kind.
    pub const ALL: [RowKind; 8] = [
        RowKind::Customer,
        RowKind::CustomerUser,
        RowKind::Group,
        RowKind::Service,
        RowKind::CustomerGroupLink,
        RowKind::CustomerUserGroupLink,
        RowKind::CustomerUserServiceLink,
        RowKind::CustomerMembership,
    ];

    /// The word in a row.
    pub fn as_str(self) -> &'static str {
        match self {
            RowKind::Customer => "customer",
            RowKind::CustomerUser => "customer_user",
            RowKind::Group => "group",
            RowKind::Service => "service",
            RowKind::CustomerGroupLink => "customer_group_link",
            RowKind::CustomerUserGroupLink => "customer_user_group_link",
            RowKind::CustomerUserServiceLink => "customer_user_service_link",
            RowKind::CustomerMembership => "customer_membership",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Every word, for a sentence.
    pub fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// The kind of record that it is; none where it is a link.
    pub fn record(self) -> Option<Kind> {
        match self {
            RowKind::Customer => Some(Kind::Customer),
            RowKind::CustomerUser => Some(Kind::CustomerUser),
            RowKind::Group => Some(Kind::Group),
            RowKind::Service => Some(Kind::Service),
            _ => None,
        }
    }

    /// The member that holds the natural key, of a record; of a link those that say which one it is.
    pub fn key(self) -> &'static [&'static str] {
        match self {
            RowKind::Customer => &["customer_id"],
            RowKind::CustomerUser => &["login"],
            RowKind::Group | RowKind::Service => &["name"],
            RowKind::CustomerGroupLink => &["customer", "group", "context"],
            RowKind::CustomerUserGroupLink => &["customer_user", "group"],
            RowKind::CustomerUserServiceLink => &["customer_user", "service"],
            RowKind::CustomerMembership => &["customer_user", "customer"],
        }
    }

    /// The members that say something of it, besides `kind`, `row_id` and `external_id`.
    pub fn members(self) -> &'static [&'static str] {
        match self {
            RowKind::Customer => {
                &["customer_id", "name", "street", "zip", "city", "country", "url", "comment", "validity"]
            }
            RowKind::CustomerUser => &[
                "login", "email", "title", "first_name", "last_name", "phone", "mobile", "fax", "street", "zip",
                "city", "country", "comment", "customer", "back_end", "validity",
            ],
            RowKind::Group | RowKind::Service => &["name", "comment", "validity"],
            RowKind::CustomerGroupLink => &["customer", "group", "context", "permissions"],
            RowKind::CustomerUserGroupLink => &["customer_user", "group", "permissions"],
            RowKind::CustomerUserServiceLink => &["customer_user", "service", "linked"],
            RowKind::CustomerMembership => &["customer_user", "customer", "member"],
        }
    }
}
