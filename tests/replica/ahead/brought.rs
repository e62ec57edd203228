//! What is there, and what the job brings.

use customer_access::plan::batch::Row;
use serde_json::json;

use super::rows;

/// What there is before anything is read.
pub fn furniture() -> Vec<Row> {
    rows(json!([
        {"kind": "settings", "contexts": {"other_customers": {"enabled": true}}},
        {"kind": "back_end", "name": "ldap"},
        {"kind": "customer", "external_id": "acme", "customer_id": "acme"},
        {"kind": "customer", "external_id": "beta", "customer_id": "beta"},
        {"kind": "customer", "customer_id": "plain"},
        {"kind": "customer_user", "external_id": "1", "login": "jane", "customer": "acme"},
        {"kind": "customer_user", "external_id": "2", "login": "joe", "customer": "beta"},
        {"kind": "customer_user", "external_id": "3", "login": "max", "customer": "acme", "back_end": "ldap"},
        {"kind": "customer_user", "login": "ann"},
        {"kind": "group", "external_id": "sales", "name": "sales"},
        {"kind": "group", "name": "support"},
        {"kind": "service", "name": "a"},
        {"kind": "service", "external_id": "b", "name": "a::b"},
        {"kind": "service", "external_id": "c", "name": "a::b::c"},
        {"kind": "service", "name": "z"},
        {"kind": "customer_group_link", "customer": "acme", "group": "sales", "permissions": ["ro"]},
        {"kind": "customer_user_group_link", "customer_user": "joe", "group": "support", "permissions": ["rw"]},
        {"kind": "customer_user_service_link", "customer_user": "jane", "service": "a::b", "linked": true},
        {"kind": "customer_membership", "customer_user": "jane", "customer": "beta", "member": true},
    ]))
}

/// What the job brings.
pub fn brought() -> Vec<Row> {
    rows(json!([
        {"kind": "customer", "external_id": "acme", "customer_id": "acme", "name": "Acme"},
        {"kind": "customer", "external_id": "taken", "customer_id": "plain", "city": "Ulm"},
        {"kind": "customer", "external_id": "gamma", "customer_id": "gamma"},
        {"kind": "group", "external_id": "sales", "name": "sales", "comment": "Sell"},
        {"kind": "group", "name": "support", "comment": "Help"},
        {"kind": "service", "external_id": "b", "name": "a::b", "comment": "B"},
        {"kind": "service", "external_id": "c", "name": "z::c"},
        {"kind": "service", "name": "a::new"},
        {"kind": "customer_user", "external_id": "1", "login": "jane", "last_name": "Doe", "customer": "acme"},
        {"kind": "customer_user", "external_id": "2", "login": "JOE", "city": "Ulm", "customer": "external:crm:beta"},
        {"kind": "customer_user", "external_id": "3", "login": "max", "city": "Ulm", "back_end": "ldap"},
        {"kind": "customer_user", "login": "ann", "city": "Ulm", "external_ids": [{"source": "erp", "id": "7"}]},
        {"kind": "customer_user", "external_id": "9", "login": "new", "customer": "beta"},
        {"kind": "customer_user", "external_id": "8", "login": "late", "customer": "late"},
        {"kind": "customer_user", "external_id": "7", "login": "by-id", "customer": "id:c4"},
        {"kind": "customer_group_link", "customer": "acme", "group": "sales", "permissions": ["rw"]},
        {"kind": "customer_group_link", "customer": "external:crm:beta", "group": "sales", "context": "other_customers",
         "permissions": ["ro"]},
        {"kind": "customer_user_group_link", "customer_user": "joe", "group": "support", "permissions": ["ro"]},
        {"kind": "customer_user_group_link", "customer_user": "new", "group": "sales", "permissions": ["ro"]},
        {"kind": "customer_user_service_link", "customer_user": "jane", "service": "a::b", "linked": false},
        {"kind": "customer_user_service_link", "customer_user": "max", "service": "z", "linked": true},
        {"kind": "customer_membership", "customer_user": "jane", "customer": "beta", "member": true},
        {"kind": "customer_membership", "customer_user": "max", "customer": "plain", "member": true},
        {"kind": "default_service", "service": "a::b", "listed": true},
    ]))
}
