//! Rows that the source has sent before are recognized, and only where they would change nothing.

use super::{Job, counts, customer, customers, job};
use crate::common::{Reply, TestApp, Value, json};

fn customer_user(number: usize, customer: &str) -> Value {
    json!({"kind": "customer_user", "external_id": number.to_string(), "login": format!("u{number}"),
           "last_name": format!("Name {number}"), "customer": customer})
}

/// Customers `c1` to `c3`, each with a customer user who names it by its key.
fn rows() -> Vec<Value> {
    let mut rows = customers(3);
    rows.extend((1..=3).map(|number| customer_user(number, &format!("c{number}"))));
    rows
}

fn crm(app: &TestApp) -> Job<'_> {
    super::crm(app)
}

#[track_caller]
fn send(app: &TestApp, rows: &[Value]) -> Reply {
    crm(app).lines(1, rows).complete()
}

/// How many rows were updated and how many unchanged, of a kind.
fn outcome(job: &Reply, kind: &str) -> (u64, u64) {
    let of = counts(job, kind);
    (of["updated"].as_u64().unwrap_or_default(), of["unchanged"].as_u64().unwrap_or_default())
}

#[test]
fn what_somebody_changed_is_changed_back() {
    let app = TestApp::start();
    send(&app, &rows());
    assert_eq!(outcome(&send(&app, &rows()), "customer_user"), (0, 3));
    app.patch("/v1/customer-users/u2", json!({"last_name": "Another"})).expect(200);
    let job = crm(&app).lines(1, &rows()).close();
    assert_eq!(outcome(&job.wait(), "customer_user"), (1, 2));
    assert_eq!(job.each("status")[3..], ["unchanged", "updated", "unchanged"]);
    assert_eq!(job.each("key")[3..], ["u1", "u2", "u3"]);
    app.get("/v1/customer-users/u2").expect(200).has("/last_name", "Name 2");
    assert_eq!(outcome(&send(&app, &rows()), "customer_user"), (0, 3));
}

#[test]
fn each_way_to_change_a_thing_counts() {
    let app = TestApp::start();
    send(&app, &rows());
    let put = json!({"login": "u1", "last_name": "Put"});
    app.put("/v1/customer-users/u1", put).expect(200);
    app.put("/v1/customer-users/external:crm:2", json!({"last_name": "Merged"})).expect(200);
    let batch = json!({"source": "crm", "items": [{"external_id": "3", "last_name": "In a batch"}]});
    app.post("/v1/customer-users:batch-upsert", batch).expect(200);
    assert_eq!(outcome(&send(&app, &rows()), "customer_user"), (3, 0));
    app.delete("/v1/customer-users/u1").expect(204);
    assert_eq!(counts(&send(&app, &rows()), "customer_user")["created"], 1);
    app.delete("/v1/customer-users/u2/external-ids/crm/2").expect(204);
    let job = crm(&app).lines(1, &rows()).close();
    job.wait();
    assert_eq!(job.each("code")[3..], ["", "key_taken", ""]);
}

#[test]
fn a_name_that_means_another_customer_is_looked_up_anew() {
    let app = TestApp::start();
    send(&app, &rows());
    app.patch("/v1/customers/c1", json!({"customer_id": "old"})).expect(200);
    app.patch("/v1/customers/c2", json!({"customer_id": "c1"})).expect(200);
    app.get("/v1/customer-users/u1").expect(200).has("/customer", "old");
    let only_users = [customer_user(1, "c1")];
    assert_eq!(outcome(&send(&app, &only_users), "customer_user"), (1, 0));
    app.get("/v1/customer-users/u1").expect(200).has("/customer", "c1");
}

#[test]
fn an_external_id_that_has_moved_is_looked_up_anew() {
    let app = TestApp::start();
    let user = customer_user(1, "external:crm:1");
    send(&app, &[customer(1), customer(2), user.clone()]);
    app.delete("/v1/customers/c1/external-ids/crm/1").expect(204);
    app.put("/v1/customers/c2/external-ids/crm/1", json!({})).expect(201);
    assert_eq!(outcome(&send(&app, &[user]), "customer_user"), (1, 0));
    app.get("/v1/customer-users/u1").expect(200).has("/customer", "c2");
}

#[test]
fn two_rows_of_one_thing_have_their_say_each_night() {
    let app = TestApp::start();
    send(&app, &[customer(1)]);
    app.put("/v1/customers/c1/external-ids/crm/merged", json!({})).expect(201);
    let other = json!({"kind": "customer", "external_id": "merged", "name": "The other says so"});
    for _ in 0..3 {
        assert!(outcome(&send(&app, &[customer(1), other.clone()]), "customer").0 > 0);
        app.get("/v1/customers/c1").expect(200).has("/name", "The other says so");
        send(&app, &[other.clone(), customer(1)]);
        app.get("/v1/customers/c1").expect(200).has("/name", "Customer 1");
    }
}

#[test]
fn a_row_by_key_and_one_by_external_id_have_their_say_each_night() {
    let app = TestApp::start();
    let by_key = json!({"kind": "customer", "customer_id": "C1", "name": "By key"});
    send(&app, &[customer(1)]);
    for _ in 0..3 {
        send(
            &app,
            &[by_key.clone(), json!({"kind": "customer", "external_id": "1", "customer_id": "c1", "name": "By id"})],
        );
        app.get("/v1/customers/c1").expect(200).has("/name", "By id");
    }
}

#[test]
fn two_sources_each_have_their_say() {
    let app = TestApp::start();
    let of = |source: &str, name: &str| {
        let body = json!({"source": source, "resources": ["customer"], "on_existing": "adopt"});
        let row = json!({"kind": "customer", "external_id": "1", "customer_id": "c1", "name": name});
        job(&app, body).lines(1, &[row]).complete();
        app.get("/v1/customers/c1").expect(200).has("/name", name);
    };
    for _ in 0..3 {
        of("erp", "The ERP");
        of("crm", "The CRM");
    }
}

#[test]
fn the_same_row_of_a_job_that_owns_more_says_more() {
    let app = TestApp::start();
    send(&app, &[customer(1)]);
    let owning = |fields: Value| {
        let body = json!({"source": "crm", "resources": ["customer"], "owned_fields": {"customer": fields}});
        job(&app, body)
    };
    let row = json!({"kind": "customer", "external_id": "1", "customer_id": "c1", "name": "New", "city": "Ulm"});
    for updated in [1, 0] {
        let done = owning(json!(["city"])).lines(1, std::slice::from_ref(&row)).complete();
        assert_eq!((outcome(&done, "customer").0, &counts(&done, "customer")["ignored_fields"]), (updated, &json!(1)));
    }
    app.get("/v1/customers/c1").expect(200).has("/name", "Customer 1").has("/city", "Ulm");
    assert_eq!(outcome(&send(&app, &[row]), "customer"), (1, 0));
    app.get("/v1/customers/c1").expect(200).has("/name", "New");
}

#[test]
fn what_is_ignored_is_counted_whether_a_row_is_known_again_or_not() {
    let app = TestApp::start();
    send(&app, &[customer(1)]);
    let body = json!({"source": "crm", "resources": ["customer"], "owned_fields": {"customer": ["city"]}});
    let row = json!({"kind": "customer", "external_id": "1", "customer_id": "c1", "name": "New", "city": "Ulm"});
    let by_key = json!({"kind": "customer", "customer_id": "C1", "city": "Bonn"});
    for rows in [vec![row.clone()], vec![row.clone()], vec![by_key, row]] {
        let done = job(&app, body.clone()).lines(1, &rows).complete();
        assert_eq!(counts(&done, "customer")["ignored_fields"], 1);
        app.get("/v1/customers/c1").expect(200).has("/city", "Ulm");
    }
}

#[test]
fn rows_of_tables_are_recognized_too() {
    let app = TestApp::start();
    let table = "external_id,customer_id,name\n1,c1,One\n2,c2,Two\n";
    for (created, unchanged) in [(2, 0), (0, 2)] {
        let done = crm(&app).table(1, "customer", table).complete();
        let of = counts(&done, "customer");
        assert_eq!((&of["created"], &of["unchanged"]), (&json!(created), &json!(unchanged)));
    }
    let changed = crm(&app).table(1, "customer", "external_id,customer_id,name\n1,c1,Two\n2,c2,Two\n").complete();
    assert_eq!(outcome(&changed, "customer"), (1, 1));
}

#[test]
fn a_dry_run_foresees_what_its_own_rows_change() {
    let app = TestApp::start();
    send(&app, &[customer(1)]);
    app.put("/v1/customers/c1/external-ids/crm/merged", json!({})).expect(201);
    send(&app, &[customer(1)]);
    let body = json!({"source": "crm", "resources": ["customer"], "dry_run": true});
    let other = json!({"kind": "customer", "external_id": "merged", "name": "Another"});
    let done = job(&app, body).lines(1, &[other, customer(1)]).complete();
    assert_eq!(outcome(&done, "customer"), (2, 0));
}

#[test]
fn a_service_that_another_row_has_moved_is_read_anew() {
    let app = TestApp::start();
    let service = |external_id: &str, name: &str| json!({"kind": "service", "external_id": external_id, "name": name});
    let send = |dry_run: bool, rows: &[Value]| {
        let job =
            job(&app, json!({"source": "crm", "resources": ["service"], "dry_run": dry_run})).lines(1, rows).close();
        job.wait();
        job.each("status").into_iter().zip(job.each("code")).collect::<Vec<_>>()
    };
    let outcomes = |rows: &[Value], expected: &[(&str, &str)]| {
        for dry_run in [true, false] {
            let found = send(dry_run, rows);
            let found: Vec<(&str, &str)> =
                found.iter().map(|(status, code)| (status.as_str(), code.as_str())).collect();
            assert_eq!(found, expected, "dry run: {dry_run}");
        }
    };
    let child = service("child", "B::C");
    send(false, &[service("top", "A"), service("moved", "B"), child.clone()]);
    outcomes(&[child.clone(), service("moved", "A::B")], &[("unchanged", ""), ("updated", "")]);
    outcomes(std::slice::from_ref(&child), &[("failed", "parent_not_found")]);
    outcomes(&[service("new", "B"), child], &[("created", ""), ("updated", "")]);
    app.get("/v1/services/external:crm:child").expect(200).has("/name", "B::C");
}

/// Rows about one link or one place on a list, each of which names it otherwise.
fn named_twice() -> Vec<Value> {
    let group = |customer: &str, of: Value| json!({"kind": "customer_group_link", "customer": customer, "group": "users", "permissions": of});
    let member = |person: &str, is: bool| json!({"kind": "customer_membership", "customer_user": person, "customer": "c2", "member": is});
    let listed = |group: &str, is: bool| json!({"kind": "customer_always_group", "group": group, "listed": is});
    vec![
        group("c1", json!(["ro"])),
        group("external:crm:1", json!([])),
        member("u1", true),
        member("external:crm:1", false),
        listed("users", true),
        listed("key:users", false),
    ]
}

#[test]
fn rows_that_name_one_link_in_two_ways_each_have_their_say() {
    let app = TestApp::start();
    send(&app, &rows());
    let resources = json!(["customer_group_link", "customer_membership", "customer_always_group"]);
    for dry_run in [true, false] {
        let body = json!({"source": "crm", "resources": resources, "dry_run": dry_run});
        let job = job(&app, body).lines(1, &named_twice()).close();
        job.wait().has("/state", "completed");
        assert_eq!(job.each("status"), ["created", "updated"].repeat(3), "dry run: {dry_run}");
    }
    app.get("/v1/customer-users/u1").expect(200).has("/additional_customers", json!([]));
    app.get("/v1/always-groups/customers").expect(200).has("/items/2/key", "users").has("/items/2/granted", false);
    app.delete("/v1/groups/users").expect(204);
}
