//! Which things: one at a time, and as a filter for a desk's own query.

use super::questions::{Case, batch};
use super::{Thing, Vector, text};
use crate::common::{TestApp, Value, at, json, query};

pub fn check(app: &TestApp, vector: &Vector) {
    let cases: Vec<Case> = vector.expect.things.iter().flat_map(|thing| recorded(vector, thing)).collect();
    batch(app, &cases);
    for (question, expected) in cases.iter().step_by(3) {
        assert_eq!(app.check(question.clone()), *expected, "{question}");
    }
    filters(app, vector);
}

fn recorded(vector: &Vector, thing: &Thing) -> Vec<Case> {
    let case = |(permission, logins): (&String, &Vec<String>)| {
        let of_login = |login| {
            let question = question(login, permission, &thing.group, &thing.customer_id, &thing.customer_user);
            (question, logins.iter().any(|allowed| allowed == login))
        };
        vector.logins().map(of_login).collect::<Vec<_>>()
    };
    thing.allowed.iter().flat_map(case).collect()
}

fn question(
    login: &str,
    permission: &str,
    group: &str,
    customer: &Option<String>,
    customer_user: &Option<String>,
) -> Value {
    let mut thing = json!({});
    for (member, value) in [("customer", customer), ("customer_user", customer_user)] {
        if let Some(value) = value {
            thing[member] = json!(value);
        }
    }
    json!({"customer_user": login, "group": group, "permission": permission, "thing": thing})
}

/// The filter says of every thing what the check says of it: those recorded, and one of every
/// group, customer and owner.
fn filters(app: &TestApp, vector: &Vector) {
    let mut cases = Vec::new();
    for login in vector.logins() {
        for permission in &vector.settings.permission_types {
            let path = query(&at(&["customer-users", login, "thing-filter"]), &[("permission", permission)]);
            let filter = app.get(&path).expect(200).json;
            agrees_with_recorded(vector, login, permission, &filter);
            cases.extend(of_every_kind(vector, login, permission, &filter));
        }
    }
    batch(app, &cases);
}

fn agrees_with_recorded(vector: &Vector, login: &str, permission: &str, filter: &Value) {
    for thing in &vector.expect.things {
        let expected = thing.allowed[permission].iter().any(|allowed| allowed == login);
        let found = matches(filter, login, &thing.group, &thing.customer_id, &thing.customer_user);
        assert_eq!(found, expected, "{login}, {permission}: {filter}");
    }
}

fn of_every_kind(vector: &Vector, login: &str, permission: &str, filter: &Value) -> Vec<Case> {
    let unknown = ["a.customer.that.nobody.knows"];
    let customers: Vec<Option<String>> =
        vector.customer_ids().chain(unknown).map(|c| Some(c.to_owned())).chain([None]).collect();
    let other = vector.logins().find(|other| *other != login);
    let owners = [None, Some(login.to_owned()), other.map(str::to_owned), Some("nobody.of.this.name".to_owned())];
    let mut cases = Vec::new();
    for group in vector.group_names() {
        for (index, customer) in customers.iter().enumerate() {
            let owner = &owners[index % owners.len()];
            let expected = matches(filter, login, group, customer, owner);
            cases.push((question(login, permission, group, customer, owner), expected));
        }
    }
    cases
}

/// What a desk's WHERE clause makes of the filter.
fn matches(
    filter: &Value,
    login: &str,
    group: &str,
    customer: &Option<String>,
    customer_user: &Option<String>,
) -> bool {
    let rows = filter["groups"].as_array().expect("groups");
    let Some(row) = rows.iter().find(|row| text(row, "name") == group) else { return false };
    let own = row["own"] == true && customer_user.as_deref() == Some(login);
    let customers = row["customers"].as_array().into_iter().flatten();
    let of_customer =
        customer.as_ref().is_some_and(|customer| customers.into_iter().any(|c| c["customer_id"] == **customer));
    own || of_customer || row["all"] == true
}
