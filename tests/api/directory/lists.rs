//! Lists: filters, totals, limits, and what they refuse.

use super::{CUSTOMERS, GROUPS, RESOURCES, for_each};
use crate::common::{TestApp, json, query};

#[test]
fn items_are_whole_representations() {
    for_each(&RESOURCES, |app, resource| {
        let made = app.post(&resource.path(), resource.full_body("whole")).expect(201);
        let list = app.get(&query(&resource.path(), &[("q", "whole")])).expect(200);
        for member in resource.texts.iter().chain(&["id", resource.key, "links", "etag"]) {
            assert_eq!(list.items()[0][*member], made.json[*member], "{member} in {list}");
        }
    });
}

#[test]
fn a_list_that_fits_has_no_next_cursor() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["a", "b"]);
        app.get(&resource.path()).expect(200).lacks("/next_cursor").lacks("/total");
    });
}

#[test]
fn the_default_limit_is_100_and_nothing_is_cut_silently() {
    let app = TestApp::start();
    for n in 0..101 {
        app.customer(&format!("customer {n}"));
    }
    let page = app.get("/v1/customers").expect(200);
    assert_eq!(page.items().len(), 100);
    assert!(page.json["next_cursor"].is_string());
    assert_eq!(app.pages("/v1/customers", &[]).len(), 101);
    assert_eq!(app.get("/v1/customers?limit=1000").expect(200).items().len(), 101);
}

#[test]
fn a_limit_is_1_to_1000() {
    for_each(&RESOURCES, |app, resource| {
        let twice = app.get(&format!("{}?limit=1&limit=2", resource.path()));
        twice.expect(400).problem("invalid_parameter").names("limit");
        for limit in ["0", "1001", "-1", "ten", "", "1.5", "99999999999999999999"] {
            let reply = app.get(&query(&resource.path(), &[("limit", limit)]));
            reply.expect(400).problem("invalid_parameter").names("limit");
        }
        app.get(&query(&resource.path(), &[("limit", "1")])).expect(200);
    });
}

#[test]
fn a_total_is_there_on_request() {
    for_each(&RESOURCES, |app, resource| {
        resource.create_all(app, &["tot 1", "tot 2", "tot 3", "none"]);
        let parameters = [("total", "true"), ("limit", "1"), ("q", "tot")];
        let first = app.get(&query(&resource.path(), &parameters)).expect(200).has("/total", 3);
        let cursor = first.text_at("/next_cursor");
        let more = [parameters.as_slice(), &[("cursor", cursor.as_str())]].concat();
        app.get(&query(&resource.path(), &more)).expect(200).has("/total", 3);
        app.get(&query(&resource.path(), &[("total", "false")])).expect(200).lacks("/total");
    });
}

#[test]
fn unknown_parameters_are_refused_by_name() {
    for_each(&RESOURCES, |app, resource| {
        for parameter in ["page", "offset", "customer_id", "Limit", "limit[]"] {
            let reply = app.get(&query(&resource.path(), &[(parameter, "1")]));
            reply.expect(400).problem("unknown_parameter").names(parameter);
        }
    });
}

#[test]
fn wrong_values_of_parameters_are_refused() {
    for_each(&RESOURCES, |app, resource| {
        for (parameter, value) in [("sort", "colour"), ("total", "maybe")] {
            let reply = app.get(&query(&resource.path(), &[(parameter, value)]));
            reply.expect(400).problem("invalid_parameter").names(parameter);
        }
    });
}

#[test]
fn lists_filter_by_validity() {
    let resources: Vec<_> = RESOURCES.into_iter().filter(|resource| resource.has_validity).collect();
    for_each(&resources, |app, resource| {
        for validity in ["valid", "invalid", "invalid_temporarily"] {
            let key = format!("f {validity}");
            app.put(&resource.at(&key), json!({"validity": validity})).expect(201);
            let path = query(&resource.path(), &[("validity", validity), ("q", "f")]);
            app.get(&path).expect(200).lists(resource.key, &[&key]);
        }
        let reply = app.get(&query(&resource.path(), &[("validity", "perhaps")]));
        reply.expect(400).problem("invalid_parameter").names("validity");
    });
}

#[test]
fn customer_users_filter_by_customer_primary_or_additional() {
    let app = TestApp::start();
    CUSTOMERS.create_all(&app, &["acme", "beta"]);
    app.customer_user_of("primary", "acme");
    app.customer_user_of("additional", "beta");
    app.add_customer("additional", "acme");
    app.customer_user("nobody's");
    app.get("/v1/customer-users?customer=acme").expect(200).lists("login", &["primary", "additional"]);
    app.get("/v1/customer-users?customer=beta").expect(200).lists("login", &["additional"]);
}

#[test]
fn customer_users_filter_by_back_end() {
    let app = TestApp::start();
    app.back_end("ldap");
    app.customer_user_in("jane", "ldap");
    app.customer_user("john");
    app.get("/v1/customer-users?back_end=LDAP").expect(200).lists("login", &["jane"]);
    app.get("/v1/customer-users?back_end=default").expect(200).lists("login", &["john"]);
}

#[test]
fn customer_users_filter_by_email() {
    let app = TestApp::start();
    for (login, email) in [("jane", "Jane@acme.example"), ("john", "john.jane@acme.example")] {
        app.post("/v1/customer-users", json!({"login": login, "email": email})).expect(201);
    }
    app.customer_user("nomail");
    for email in ["jane@acme.example", "JANE@ACME.EXAMPLE"] {
        app.get(&query("/v1/customer-users", &[("email", email)])).expect(200).lists("login", &["jane"]);
    }
}

#[test]
fn customer_users_filter_by_group() {
    let app = TestApp::start();
    GROUPS.create_all(&app, &["support", "sales"]);
    app.customer_user("jane");
    app.customer_user("john");
    app.link_customer_user("jane", "support", &["ro"]);
    app.link_customer_user("john", "sales", &["ro"]);
    app.get("/v1/customer-users?group=support").expect(200).lists("login", &["jane"]);
}

#[test]
fn filters_are_anded() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.customer_user_of("john", "acme");
    app.customer_user("jack");
    app.patch("/v1/customer-users/john", json!({"validity": "invalid"})).expect(200);
    let path = query("/v1/customer-users", &[("customer", "acme"), ("validity", "valid"), ("q", "j")]);
    app.get(&path).expect(200).lists("login", &["jane"]);
}

#[test]
fn a_filter_by_what_is_not_there_is_an_error() {
    let app = TestApp::start();
    for parameter in ["customer", "back_end", "group"] {
        let reply = app.get(&query("/v1/customer-users", &[(parameter, "nobody")]));
        reply.expect(400).problem("invalid_parameter").names(parameter);
    }
}

#[test]
fn what_has_no_validity_is_not_filtered_by_it() {
    let app = TestApp::start();
    app.get("/v1/back-ends?validity=valid").expect(400).problem("unknown_parameter").names("validity");
}
