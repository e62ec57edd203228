//! Cells of a table: what they say, and how they are written so that a spreadsheet runs none of them.
//!
//! A spreadsheet takes a cell that begins with one of [`EXECUTED`] for a formula. Such a cell is written
//! with a `'` before it, and read without: what was written is what is read.

use serde_json::Value;

use crate::sync::crm::{trimmed, unbroken};

/// What a spreadsheet takes for the beginning of a formula, or for what comes before one.
const EXECUTED: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The members whose text may have several lines, or is a key and taken as it is.
const AS_THEY_ARE: [&str; 11] = [
    "comment",
    "external_id",
    "row_id",
    "customer_id",
    "login",
    "name",
    "customer",
    "customer_user",
    "group",
    "service",
    "back_end",
];

/// The members that are on or off.
const SWITCHES: [&str; 7] = [
    "linked",
    "member",
    "listed",
    "group_support",
    "read_only",
    "default_services_for_unknown_customer_users",
    "company_access",
];

/// The members that a cell holds as JSON.
const NESTED: [&str; 3] = ["external_ids", "permission_types", "contexts"];

/// What a cell says of a member; an empty one says nothing.
pub(super) fn read(member: &str, cell: &str) -> Option<Value> {
    let text = trimmed(unguarded(cell));
    if text.is_empty() {
        return None;
    }
    Some(match member {
        "permissions" => {
            let names = text.split([' ', ',', '|']).map(str::trim).filter(|name| !name.is_empty());
            Value::Array(names.filter(|name| *name != "none").map(Value::from).collect())
        }
        member if SWITCHES.contains(&member) && matches!(text, "true" | "false") => Value::Bool(text == "true"),
        // What is no JSON is for whoever reads the row to refuse.
        member if NESTED.contains(&member) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        member if AS_THEY_ARE.contains(&member) => Value::from(text),
        _ => Value::from(unbroken(text).into_owned()),
    })
}

/// A value as a cell.
pub(super) fn write(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(names) if names.is_empty() => "none".to_owned(),
        Value::Array(names) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    guarded(text)
}

/// The text with a `'` before it if a spreadsheet would run it, or if it looks as if it had one.
pub(super) fn guarded(text: String) -> String {
    if is_executed(text.trim_start_matches('\'')) { format!("'{text}") } else { text }
}

fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_executed(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn is_executed(text: &str) -> bool {
    text.starts_with(EXECUTED)
}

/// A record of a table, as RFC 4180 has it.
pub(super) fn record<S: AsRef<str>>(fields: impl IntoIterator<Item = S>, into: &mut Vec<u8>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            into.push(b',');
        }
        let field = field.as_ref();
        if field.contains(['"', ',', ';', '\n', '\r', '\t']) || field.trim() != field {
            into.extend_from_slice(format!("\"{}\"", field.replace('"', "\"\"")).as_bytes());
        } else {
            into.extend_from_slice(field.as_bytes());
        }
    }
    into.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_comes_back_as_it_was() {
        for text in ["=1+1", "+49 228", "-", "@x", "'=1", "''+", "'", "it's", "'a", "plain"] {
            let cell = write(&json!(text));
            assert!(!cell.starts_with(EXECUTED), "{cell}");
            assert_eq!(read("phone", &cell), Some(json!(text)), "{cell}");
        }
        assert_eq!(write(&json!("+49")), "'+49");
        assert_eq!(write(&json!("it's")), "it's");
    }

    #[test]
    fn cells_say_values() {
        assert_eq!(read("permissions", "ro, create|note"), Some(json!(["ro", "create", "note"])));
        assert_eq!(read("permissions", &write(&json!([]))), Some(json!([])));
        assert_eq!(read("linked", "false"), Some(json!(false)));
        let nested = json!([{"source": "crm", "id": "1"}]);
        assert_eq!(read("external_ids", &write(&nested)), Some(nested));
        assert_eq!(read("street", "Main St\nFloor 2"), Some(json!("Main St Floor 2")));
        assert_eq!(read("external_id", "\u{3000} 1-000000\u{3000}"), Some(json!("1-000000")));
        assert_eq!(read("email", " "), None);
    }

    #[test]
    fn records_are_quoted_where_they_must_be() {
        let mut text = Vec::new();
        record(["a", "b,\"c\"", " d", ""], &mut text);
        assert_eq!(String::from_utf8_lossy(&text), "a,\"b,\"\"c\"\"\",\" d\",\r\n");
    }
}
