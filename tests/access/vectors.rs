//! The recorded cases in `tests/vectors`, loaded straight into the index.

use std::collections::{BTreeMap, BTreeSet};

use customer_access::access::{self, Basis};
use customer_access::directory::{Context, CustomerUserNumber, Roll, Validity};
use serde_json::Value;

use super::desk::Desk;

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn rows<'v>(vector: &'v Value, key: &str) -> &'v [Value] {
    vector[key].as_array().map_or(&[], Vec::as_slice)
}

fn validity(value: &Value) -> Validity {
    Validity::parse(text(value, "validity")).expect("a validity")
}

fn load(vector: &Value) -> Desk {
    let mut desk = Desk::new();
    load_settings(&mut desk, &vector["settings"]);
    load_things(&mut desk, vector);
    load_links(&mut desk, vector);
    desk
}

fn load_settings(desk: &mut Desk, settings: &Value) {
    desk.permission_types(&texts(&settings["permission_types"]));
    let is_on = |key: &str| settings[key].as_bool().expect("a switch");
    desk.set(|to| {
        to.group_support = is_on("group_support");
        to.other_customers = is_on("other_customers");
        to.company_access = is_on("company_access");
        to.default_services_for_unknown_customer_users = is_on("default_services_for_unknown_customer_users");
    });
    for roll in [Roll::CustomerUserAlwaysGroups, Roll::CustomerAlwaysGroups] {
        texts(&settings[roll.as_str()]).iter().for_each(|group| desk.always_group(roll, group));
    }
}

fn load_things(desk: &mut Desk, vector: &Value) {
    for row in rows(vector, "back_ends") {
        desk.back_end(text(row, "name"), row["group_support"] == true);
    }
    rows(vector, "groups").iter().for_each(|row| desk.group(text(row, "name"), validity(row)));
    rows(vector, "customers").iter().for_each(|row| desk.customer(text(row, "customer_id"), validity(row)));
    rows(vector, "services").iter().for_each(|row| desk.service(text(row, "name"), validity(row)));
    for row in rows(vector, "customer_users") {
        let login = text(row, "login");
        desk.customer_user_from(login, text(row, "customer_id"), text(row, "back_end"), validity(row));
        for customer in texts(&row["additional_customer_ids"]) {
            desk.additional_customer(login, customer, true);
        }
    }
}

fn load_links(desk: &mut Desk, vector: &Value) {
    for row in rows(vector, "customer_group_links") {
        let context = Context::parse(text(row, "context")).expect("a context");
        desk.link_customer(text(row, "customer_id"), text(row, "group"), context, &texts(&row["permissions"]));
    }
    for row in rows(vector, "customer_user_group_links") {
        desk.link_customer_user(text(row, "login"), text(row, "group"), &texts(&row["permissions"]));
    }
    for row in rows(vector, "customer_user_service_links") {
        desk.link_service(text(row, "login"), text(row, "service"));
    }
    texts(&vector["default_services"]).iter().for_each(|service| desk.default_service(service));
}

fn each_vector(mut check: impl FnMut(&str, &Value, &Desk)) {
    let mut count = 0;
    for file in std::fs::read_dir("tests/vectors").expect("the vectors are there") {
        let path = file.expect("a directory entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).expect("a readable file")).expect("JSON");
        check(&path.display().to_string(), &vector, &load(&vector));
        count += 1;
    }
    assert_eq!(count, 60);
}

fn logins(vector: &Value) -> Vec<&str> {
    rows(vector, "customer_users").iter().map(|row| text(row, "login")).collect()
}

/// Login → group → permissions, as expected.
fn expected_groups<'v>(vector: &'v Value, login: &str, group: &str) -> Vec<&'v str> {
    texts(&vector["expect"]["groups"][login][group])
}

#[test]
fn groups() {
    each_vector(|name, vector, desk| {
        let types = texts(&vector["settings"]["permission_types"]);
        for login in logins(vector) {
            for group in rows(vector, "groups").iter().map(|row| text(row, "name")) {
                let has = |permission: &&&str| !desk.ask(login, group, permission)[0].starts_with('!');
                let found: Vec<_> = types.iter().filter(has).copied().collect();
                assert_eq!(found, expected_groups(vector, login, group), "{name}: {login} in {group}");
            }
        }
    });
}

#[test]
fn groups_all_at_once() {
    each_vector(|name, vector, desk| {
        for login in logins(vector) {
            let effective = access::effective(&desk.index, desk.find(login));
            let names = |group: &access::EffectiveGroup| -> Vec<String> {
                group.permissions.each(&desk.settings).map(|held| held.permission_type.name.to_string()).collect()
            };
            let found: BTreeMap<_, _> =
                effective.groups.iter().map(|group| (desk.name(group.group).to_owned(), names(group))).collect();
            let expected: BTreeMap<String, Vec<String>> =
                serde_json::from_value(vector["expect"]["groups"][login].clone()).expect("groups");
            assert_eq!(found, expected, "{name}: {login}");
        }
    });
}

#[test]
fn groups_in_reverse() {
    each_vector(|name, vector, desk| {
        for group in rows(vector, "groups").iter().map(|row| text(row, "name")) {
            for permission in texts(&vector["settings"]["permission_types"]) {
                let bit = Some(desk.bit(permission));
                let found = access::who_has_permission(&desk.index, desk.find(group), bit, None, 1_000).items;
                let found: BTreeSet<_> = found.iter().map(|holder| desk.name(holder.customer_user)).collect();
                let has = |login: &&str| expected_groups(vector, login, group).contains(&permission);
                let expected: BTreeSet<_> = logins(vector).into_iter().filter(has).collect();
                assert_eq!(found, expected, "{name}: {permission} on {group}");
            }
        }
    });
}

#[test]
fn services() {
    each_vector(|name, vector, desk| {
        for login in logins(vector) {
            let expected = &vector["expect"]["services"][login];
            let found = access::effective_services(&desk.index, desk.find(login));
            assert_eq!(found.basis.as_str(), text(expected, "basis"), "{name}: {login}");
            let found: BTreeSet<_> = found.items.iter().map(|service| desk.name(*service)).collect();
            assert_eq!(found, BTreeSet::from_iter(texts(&expected["services"])), "{name}: {login}");
            for service in rows(vector, "services").iter().map(|row| text(row, "name")) {
                let has = !desk.ask_service(login, service)[0].starts_with('!');
                assert_eq!(has, found.contains(service), "{name}: {login} and {service}");
            }
        }
    });
}

#[test]
fn services_in_reverse() {
    each_vector(|name, vector, desk| {
        for service in rows(vector, "services").iter().map(|row| text(row, "name")) {
            let found = access::who_has_service(&desk.index, desk.find(service), None, 1_000).items;
            let found: BTreeMap<_, _> = found.iter().map(|it| (desk.name(it.customer_user), it.basis)).collect();
            let basis = |word: &str| Basis::ALL.into_iter().find(|basis| basis.as_str() == word).expect("a basis");
            let expected = |login: &str| &vector["expect"]["services"][login];
            let has = |login: &&str| texts(&expected(login)["services"]).contains(&service);
            let expected: BTreeMap<_, _> = logins(vector)
                .into_iter()
                .filter(has)
                .map(|login| (login, basis(text(expected(login), "basis"))))
                .collect();
            assert_eq!(found, expected, "{name}: {service}");
        }
    });
}

#[test]
fn services_of_unknown_logins() {
    each_vector(|name, vector, desk| {
        let expected = vector["expect"]["unknown_login_services"].as_array();
        let expected = expected.map(|_| BTreeSet::from_iter(texts(&vector["expect"]["unknown_login_services"])));
        let found = access::services_of_unknown(&desk.index);
        let found = found.map(|found| found.iter().map(|service| desk.name(*service)).collect());
        assert_eq!(found, expected, "{name}");
    });
}

#[test]
fn things() {
    each_vector(|name, vector, desk| {
        for thing in rows(&vector["expect"], "things") {
            let owner = desk.owner(text(thing, "customer_id"), text(thing, "customer_user"));
            for (permission, allowed) in thing["allowed"].as_object().expect("permissions") {
                let may = |login: &&str| {
                    let answer = desk.ask_thing(login, text(thing, "group"), permission, Some(owner));
                    !answer[0].starts_with('!')
                };
                let found: BTreeSet<_> = logins(vector).into_iter().filter(may).collect();
                assert_eq!(found, BTreeSet::from_iter(texts(allowed)), "{name}: {permission} to {thing}");
            }
        }
    });
}

#[test]
fn things_as_a_filter() {
    each_vector(|name, vector, desk| {
        for thing in rows(&vector["expect"], "things") {
            let owner = desk.owner(text(thing, "customer_id"), text(thing, "customer_user"));
            for (permission, allowed) in thing["allowed"].as_object().expect("permissions") {
                let reached = |login: &&str| {
                    let customer_user: CustomerUserNumber = desk.find(login);
                    let filter = access::thing_filter(&desk.index, customer_user, desk.bit(permission));
                    let group = desk.find(text(thing, "group"));
                    filter.groups.iter().filter(|things| things.group == group).any(|things| {
                        owner.customer_user == Some(customer_user)
                            || things.all
                            || owner.customer.is_some_and(|customer| things.customers.contains(&customer))
                    })
                };
                let found: BTreeSet<_> = logins(vector).into_iter().filter(reached).collect();
                assert_eq!(found, BTreeSet::from_iter(texts(allowed)), "{name}: {permission} to {thing}");
            }
        }
    });
}
