//! A vector, loaded through the API as an integrator would.

use super::{Vector, text};
use crate::common::{TestApp, Value, at, json};

pub fn load(app: &TestApp, vector: &Vector) {
    let types: Vec<Value> = vector.settings.permission_types.iter().map(|name| json!({"name": name})).collect();
    app.set_settings(json!({"permission_types": types, "contexts": {"other_customers": {"enabled": true}}}));
    directory(app, vector);
    links(app, vector);
    settings(app, vector);
}

fn directory(app: &TestApp, vector: &Vector) {
    put_all(app, "back-ends", "name", &vector.back_ends);
    put_all(app, "groups", "name", &vector.groups);
    put_all(app, "customers", "customer_id", &vector.customers);
    let mut services = vector.services.clone();
    services.sort_by_key(|service| text(service, "name").matches("::").count());
    put_all(app, "services", "name", &services);
    customer_users(app, vector);
    remove_other_groups(app, vector);
}

fn put_all(app: &TestApp, collection: &str, key: &str, things: &[Value]) {
    for thing in things {
        app.put(&at(&[collection, text(thing, key)]), thing.clone()).expect_any(&[200, 201]);
    }
}

fn customer_users(app: &TestApp, vector: &Vector) {
    for customer_user in &vector.customer_users {
        let login = &customer_user.login;
        let mut body = json!({"back_end": customer_user.back_end, "validity": customer_user.validity});
        if let Some(customer) = &customer_user.customer_id {
            body["customer"] = json!(customer);
        }
        app.put(&at(&["customer-users", login]), body).expect(201);
        for customer in &customer_user.additional_customer_ids {
            app.add_customer(login, customer);
        }
    }
}

/// A fresh installation has groups that the vector knows nothing of.
fn remove_other_groups(app: &TestApp, vector: &Vector) {
    for name in app.get("/v1/groups").expect(200).each("name") {
        if !vector.group_names().any(|group| group == name) {
            app.delete(&at(&["groups", &name])).expect(204);
        }
    }
}

fn links(app: &TestApp, vector: &Vector) {
    for link in &vector.customer_group_links {
        let body = json!({"context": link.context, "permissions": link.permissions});
        app.put(&at(&["customers", &link.customer_id, "groups", &link.group]), body).expect_any(&[200, 201]);
    }
    for link in &vector.customer_user_group_links {
        let body = json!({"permissions": link.permissions});
        app.put(&at(&["customer-users", &link.login, "groups", &link.group]), body).expect(201);
    }
    for link in &vector.customer_user_service_links {
        app.link_service(&link.login, &link.service);
    }
}

fn settings(app: &TestApp, vector: &Vector) {
    let settings = &vector.settings;
    for (path, keys) in [
        ("/v1/default-services", &vector.default_services),
        ("/v1/always-groups/customers", &settings.customer_always_groups),
        ("/v1/always-groups/customer-users", &settings.customer_user_always_groups),
    ] {
        app.set_roll(path, &keys.iter().map(String::as_str).collect::<Vec<_>>());
    }
    app.set_settings(json!({
        "group_support": settings.group_support,
        "contexts": {"other_customers": {"enabled": settings.other_customers}},
        "default_services_for_unknown_customer_users": settings.default_services_for_unknown_customer_users,
        "company_access": settings.company_access,
    }));
}
