//! What a row of a kind can say.

use crate::directory::Kind;
use crate::sync::rows::RowKind;

/// Every word for a kind, for a sentence.
pub fn kinds() -> String {
    RowKind::ALL.map(RowKind::as_str).join(", ")
}

/// The kind of record that a row is about, of those that other systems have keys for.
pub fn record(kind: RowKind) -> Option<Kind> {
    match kind {
        RowKind::Customer => Some(Kind::Customer),
        RowKind::CustomerUser => Some(Kind::CustomerUser),
        RowKind::Group => Some(Kind::Group),
        RowKind::Service => Some(Kind::Service),
        _ => None,
    }
}

/// The member that holds the natural key, of a record; of a link those that say which one it is.
pub fn key(kind: RowKind) -> &'static [&'static str] {
    match kind {
        RowKind::Customer => &["customer_id"],
        RowKind::CustomerUser => &["login"],
        RowKind::Group | RowKind::Service | RowKind::BackEnd => &["name"],
        // There is one.
        RowKind::Settings => &[],
        RowKind::DefaultService => &["service"],
        RowKind::CustomerAlwaysGroup | RowKind::CustomerUserAlwaysGroup => &["group"],
        RowKind::CustomerGroupLink => &["customer", "group", "context"],
        RowKind::CustomerUserGroupLink => &["customer_user", "group"],
        RowKind::CustomerUserServiceLink => &["customer_user", "service"],
        RowKind::CustomerMembership => &["customer_user", "customer"],
    }
}

/// The members that say something of it, besides those that rows of all kinds have.
pub fn members(kind: RowKind) -> &'static [&'static str] {
    match kind {
        RowKind::Customer => &["customer_id", "name", "street", "zip", "city", "country", "url", "comment", "validity"],
        RowKind::CustomerUser => &[
            "login",
            "email",
            "title",
            "first_name",
            "last_name",
            "phone",
            "mobile",
            "fax",
            "street",
            "zip",
            "city",
            "country",
            "comment",
            "customer",
            "back_end",
            "validity",
        ],
        RowKind::Group | RowKind::Service => &["name", "comment", "validity"],
        RowKind::BackEnd => &["name", "group_support", "read_only", "comment"],
        RowKind::Settings => &[
            "group_support",
            "permission_types",
            "contexts",
            "default_services_for_unknown_customer_users",
            "company_access",
        ],
        RowKind::DefaultService => &["service", "listed"],
        RowKind::CustomerAlwaysGroup | RowKind::CustomerUserAlwaysGroup => &["group", "listed"],
        RowKind::CustomerGroupLink => &["customer", "group", "context", "permissions"],
        RowKind::CustomerUserGroupLink => &["customer_user", "group", "permissions"],
        RowKind::CustomerUserServiceLink => &["customer_user", "service", "linked"],
        RowKind::CustomerMembership => &["customer_user", "customer", "member"],
    }
}
