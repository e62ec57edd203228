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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::sync::jobs::rows;
    use crate::sync::rows::read;

    /// The table of the README: what a row of each kind may have, besides what rows of all kinds have.
    fn markdown_table() -> String {
        let row = |kind: RowKind| format!("| `{}` | {} | {} |\n", kind.as_str(), about(kind), others(kind));
        let head = "| kind | which thing it is about | what it says of it |\n| --- | --- | --- |\n";
        head.to_owned() + &RowKind::ALL.map(row).concat()
    }

    fn about(kind: RowKind) -> String {
        match (key(kind), kind.has_external_ids()) {
            ([], _) => "there is one".to_owned(),
            (key, true) => format!("`external_id`, or else {}", words(key.iter().copied())),
            (key, false) => words(key.iter().copied()),
        }
    }

    /// A natural key is said as well, where the external id says which thing it is: it can be renamed so.
    fn others(kind: RowKind) -> String {
        let other = |name: &&str| !["kind", "row_id", "external_id"].contains(name) && !key(kind).contains(name);
        words(rows::names(kind).filter(other))
    }

    fn words<'w>(names: impl Iterator<Item = &'w str>) -> String {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_readme_has_the_table_of_the_code() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
        let (_, rest) = readme.split_once("<!-- rows -->\n").unwrap();
        let (table, _) = rest.split_once("<!-- /rows -->").unwrap();
        assert_eq!(table.trim(), markdown_table().trim(), "write this table into README.md");
    }

    /// The lists here are those of the types that rows are read into.
    #[test]
    fn rows_are_read_with_these_members_and_no_others() {
        for kind in RowKind::ALL {
            let errors = read(kind, json!({"colour": "red"}), None).row.expect_err("nothing has a colour");
            let unknown = errors.iter().find(|error| error.pointer == "/colour").expect("it is named");
            let known = unknown.detail.rsplit_once("expected ").expect("those that there are").1;
            let known: BTreeSet<&str> =
                known.trim_start_matches("one of ").split(", ").flat_map(|it| it.split(" or ")).collect();
            assert_eq!(known, members(kind).iter().copied().collect(), "{kind:?}");
        }
    }
}
