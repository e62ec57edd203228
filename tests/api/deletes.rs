//! Deleting what something hangs on: refused with the counts, done by force, and sometimes never.

use crate::common::{Reply, TestApp, at, each, json, query};

/// Three customer users of acme, two more with it as an additional customer, linked to four groups.
fn with_acme() -> TestApp {
    let app = TestApp::start();
    app.customer("acme");
    each(&["p1", "p2", "p3"], |login| app.customer_user_of(login, "acme"));
    each(&["a1", "a2"], |login| app.customer_user(login));
    each(&["a1", "a2"], |login| app.add_customer(login, "acme"));
    each(&["g1", "g2", "g3", "g4"], |group| app.group(group));
    each(&["g1", "g2", "g3", "g4"], |group| app.link_customer("acme", group, &["ro"]));
    app
}

const OF_ACME: [(&str, u64); 3] = [("customer_users", 3), ("additional_customer_users", 2), ("group_links", 4)];

fn force(path: &str) -> String {
    format!("{path}?force=true")
}

/// Refused, with just these counts, in the text too.
#[track_caller]
fn refused(reply: Reply, counts: &[(&str, u64)]) {
    let problem = reply.expect(409).problem("in_use");
    let expected: Vec<_> = counts.iter().map(|(what, count)| json!({"what": what, "count": count})).collect();
    let problem = counts.iter().fold(problem, |problem, (_, count)| problem.names(&count.to_string()));
    problem.has("/counts", expected);
}

#[test]
fn a_customer_with_links_and_customer_users_is_refused_with_the_counts() {
    let app = with_acme();
    refused(app.delete("/v1/customers/acme"), &OF_ACME);
    refused(app.delete("/v1/customers/acme?force=false"), &OF_ACME);
    app.get("/v1/customers/acme").expect(200);
}

#[test]
fn by_force_a_customer_goes_and_its_customer_users_stay() {
    let app = with_acme();
    app.delete(&force("/v1/customers/acme")).expect(204);
    app.get("/v1/customers/acme").expect(404);
    app.get("/v1/customer-users/p1").expect(200).lacks("/customer");
    app.get("/v1/customer-users/a1").expect(200).has("/additional_customers", json!([]));
    assert!(!app.allows("p1", "g1", "ro") && !app.allows("a1", "g1", "ro"));
}

#[test]
fn a_customer_of_the_same_key_inherits_nothing() {
    let app = with_acme();
    app.delete(&force("/v1/customers/acme")).expect(204);
    app.customer("acme");
    app.get("/v1/customers/acme/groups/g1").expect(404).problem("link_not_found");
    app.get("/v1/customer-users?customer=acme").expect(200).lists("login", &[]);
    app.delete("/v1/customers/acme").expect(204);
}

#[test]
fn each_thing_that_hangs_on_a_customer_is_enough() {
    let app = TestApp::start();
    each(&["c1", "c2", "c3"], |customer| app.customer(customer));
    app.customer_user_of("jane", "c1");
    app.add_customer("jane", "c2");
    app.link_customer("c3", "users", &["ro"]);
    for (customer, what) in [("c1", "customer_users"), ("c2", "additional_customer_users"), ("c3", "group_links")] {
        refused(app.delete(&at(&["customers", customer])), &[(what, 1)]);
    }
}

#[test]
fn a_link_in_a_context_that_is_off_counts_too() {
    let app = TestApp::start();
    app.customer("acme");
    app.set_other_customers(true);
    let link = json!({"context": "other_customers", "permissions": ["ro"]});
    app.put("/v1/customers/acme/groups/users", link).expect(201);
    app.set_other_customers(false);
    refused(app.delete("/v1/customers/acme"), &[("group_links", 1)]);
    app.delete(&force("/v1/customers/acme")).expect(204);
}

#[test]
fn a_customer_user_with_links_is_refused_with_the_counts() {
    let app = TestApp::start();
    app.customer("beta");
    app.customer_user("jane");
    app.add_customer("jane", "beta");
    each(&["users", "admin"], |group| app.link_customer_user("jane", group, &["ro"]));
    each(&["S1", "S2", "S3"], |service| app.service(service));
    each(&["S1", "S2", "S3"], |service| app.link_service("jane", service));
    let counts = [("additional_customers", 1), ("group_links", 2), ("service_links", 3)];
    refused(app.delete("/v1/customer-users/jane"), &counts);
    app.delete(&force("/v1/customer-users/jane")).expect(204);
    app.customer_user("jane").has("/additional_customers", json!([]));
    assert!(!app.allows("jane", "users", "ro") && !app.serves("jane", "S1"));
}

#[test]
fn a_primary_customer_alone_does_not_keep_a_customer_user() {
    let app = TestApp::start();
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.delete("/v1/customer-users/jane").expect(204);
    app.delete("/v1/customers/acme").expect(204);
}

#[test]
fn a_group_with_links_is_refused_with_the_counts() {
    let app = TestApp::start();
    app.group("support");
    each(&["c1", "c2"], |customer| app.customer(customer));
    each(&["c1", "c2"], |customer| app.link_customer(customer, "support", &["ro"]));
    each(&["u1", "u2", "u3"], |login| app.customer_user(login));
    each(&["u1", "u2", "u3"], |login| app.link_customer_user(login, "support", &["rw"]));
    refused(app.delete("/v1/groups/support"), &[("customer_links", 2), ("customer_user_links", 3)]);
    app.delete(&force("/v1/groups/support")).expect(204);
    app.delete("/v1/customers/c1").expect(204);
    app.delete("/v1/customer-users/u1").expect(204);
}

#[test]
fn a_group_that_the_settings_name_is_refused_and_by_force_leaves_them() {
    for (roll, what) in [
        ("/v1/always-groups/customers", "customer_always_groups"),
        ("/v1/always-groups/customer-users", "customer_user_always_groups"),
    ] {
        let app = TestApp::start();
        app.group("support");
        app.set_roll(roll, &["support", "users"]);
        refused(app.delete("/v1/groups/support"), &[(what, 1)]);
        app.delete(&force("/v1/groups/support")).expect(204);
        app.get(&format!("{roll}?granted=any")).expect(200).lists("name", &["users"]);
    }
}

#[test]
fn a_service_with_links_is_refused_with_the_counts() {
    let app = TestApp::start();
    app.service("IT");
    each(&["u1", "u2"], |login| app.customer_user(login));
    each(&["u1", "u2"], |login| app.link_service(login, "IT"));
    refused(app.delete("/v1/services/IT"), &[("customer_user_links", 2)]);
    app.delete(&force("/v1/services/IT")).expect(204);
    app.delete("/v1/customer-users/u1").expect(204);
}

#[test]
fn a_default_service_is_refused_and_by_force_leaves_the_settings() {
    let app = TestApp::start();
    app.services(&["IT", "HR"]);
    app.set_roll("/v1/default-services", &["IT", "HR"]);
    refused(app.delete("/v1/services/IT"), &[("default_services", 1)]);
    app.delete(&force("/v1/services/IT")).expect(204);
    app.get("/v1/default-services?granted=any").expect(200).lists("name", &["HR"]);
}

#[test]
fn a_service_with_children_is_never_forced() {
    let app = TestApp::start();
    app.services(&["IT", "IT::Net", "IT::Mail", "IT::Mail::Archive"]);
    refused(app.delete("/v1/services/IT"), &[("children", 2)]);
    refused(app.delete(&force("/v1/services/IT")), &[("children", 2)]);
    refused(app.delete(&force("/v1/services/IT%3A%3AMail")), &[("children", 1)]);
    for name in ["IT::Mail::Archive", "IT::Mail", "IT::Net", "IT"] {
        app.delete(&at(&["services", name])).expect(204);
    }
}

#[test]
fn a_back_end_in_use_is_never_forced() {
    let app = TestApp::start();
    app.back_end("ldap");
    each(&["u1", "u2", "u3"], |login| app.customer_user_in(login, "ldap"));
    refused(app.delete("/v1/back-ends/ldap"), &[("customer_users", 3)]);
    refused(app.delete(&force("/v1/back-ends/ldap")), &[("customer_users", 3)]);
    each(&["u1", "u2", "u3"], |login| app.delete(&at(&["customer-users", login])).expect(204));
    app.delete("/v1/back-ends/ldap").expect(204);
}

#[test]
fn external_ids_do_not_keep_anything() {
    let app = TestApp::start();
    app.customer("acme");
    app.admin().put_empty("/v1/customers/acme/external-ids/crm/1").expect(201);
    app.delete("/v1/customers/acme").expect(204);
    app.get("/v1/customers/external:crm:1").expect(404);
}

#[test]
fn force_heeds_if_match() {
    let app = with_acme();
    app.admin().if_match("\"stale\"").delete(&force("/v1/customers/acme")).expect(412).problem("precondition_failed");
    let etag = app.get("/v1/customers/acme").expect(200).etag();
    app.admin().if_match(&etag).delete(&force("/v1/customers/acme")).expect(204);
}

#[test]
fn a_forced_delete_is_one_revision() {
    let app = with_acme();
    let before = app.get("/v1/customers/acme").expect(200).revision();
    app.delete(&force("/v1/customers/acme")).expect(204);
    let changes = app.get(&query("/v1/changes", &[("after", &before)])).expect(200);
    let mut revisions = changes.each("revision");
    revisions.dedup();
    assert_eq!(revisions.len(), 1, "{changes}");
    // The links of acme to four groups, the customers of five people, and acme.
    changes.lists(
        "change",
        &[
            &["customer_group_link_set"; 4][..],
            &["customer_user_put"; 3],
            &["customer_membership_set"; 2],
            &["customer_removed"],
        ]
        .concat(),
    );
}
