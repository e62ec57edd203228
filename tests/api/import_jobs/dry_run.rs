//! Dry runs: the same plan, and nothing of it is kept.

use super::{counts, customer, customers, job};
use crate::common::{TestApp, json};

#[test]
fn a_dry_run_says_what_would_become_and_writes_nothing() {
    let app = TestApp::start();
    job(&app, json!({"source": "crm", "resources": ["customer"]})).lines(1, &customers(3)).complete();
    app.link_customer("c3", "users", &["ro"]);
    app.customer_user_of("jane", "c3");
    let before = app.get("/v1/settings").expect(200).revision();
    let body = json!({
        "source": "crm", "resources": ["customer", "customer_user", "customer_user_group_link"], "mode": "full", "dry_run": true,
    });
    let rows = [
        customer(1),
        json!({"kind": "customer", "external_id": "2", "customer_id": "c2", "name": "Other"}),
        json!({"kind": "customer_user", "external_id": "9", "login": "new", "customer": "external:crm:4"}),
        json!({"kind": "customer", "external_id": "4", "customer_id": "c4"}),
        json!({"kind": "customer_user_group_link", "customer_user": "new", "group": "users", "permissions": ["ro"]}),
        json!({"kind": "customer", "customer_id": " "}),
    ];
    let job = job(&app, body).lines(1, &rows).close();
    let done = job.wait().has("/state", "completed").has("/dry_run", true).has("/absent", 1).names("1 of 3");
    let of_customers = counts(&done, "customer");
    assert_eq!(
        of_customers,
        json!({"kind": "customer", "created": 1, "updated": 1, "unchanged": 1, "failed": 1, "deactivated": 1, "reactivated": 0, "ignored_fields": 0})
    );
    let statuses: Vec<String> = job.each("status");
    assert_eq!(statuses, ["unchanged", "updated", "created", "created", "created", "failed"]);
    app.get(&job.path(&["absent"])).expect(200).lists("key", &["c3"]);
    let preview = app.get(&job.path(&["preview"])).expect(200).has("/counts/losing", 1).has("/counts/gaining", 1);
    let logins: Vec<&str> = preview.items().iter().filter_map(|item| item["customer_user"]["login"].as_str()).collect();
    assert_eq!(logins, ["jane", "new"]);
    assert_eq!(app.get("/v1/settings").expect(200).revision(), before);
    app.get("/v1/customers/c4").expect(404);
}

#[test]
fn a_dry_run_and_the_run_itself_say_the_same() {
    let app = TestApp::start();
    app.customer("c5");
    let run = |dry_run: bool| {
        let job = job(&app, json!({"source": "crm", "resources": ["customer"], "dry_run": dry_run}));
        let job = job.lines(1, &customers(600)).close();
        let done = job.wait().has("/state", "completed");
        (counts(&done, "customer"), job.results("all"))
    };
    let (foreseen, made) = (run(true), run(false));
    assert_eq!(foreseen, made);
    assert_eq!((&made.0["created"], &made.0["failed"]), (&json!(599), &json!(1)));
}

#[test]
fn a_dry_run_knows_what_becomes_of_back_ends_and_of_what_counts() {
    let app = TestApp::start();
    let resources = ["back_end", "customer", "customer_user"];
    let rows = [
        customer(1),
        customer(2),
        json!({"kind": "customer_user", "external_id": "1", "login": "jane", "last_name": "Doe", "back_end": "ldap"}),
    ];
    let run = |rows: &[serde_json::Value], dry_run: bool| {
        let body =
            json!({"source": "crm", "resources": resources, "mode": "full", "guard_percent": 100, "dry_run": dry_run});
        let job = job(&app, body).lines(1, rows).close();
        let done = job.wait().has("/state", "completed");
        (done.json["counts"].clone(), done.json["absent"].clone(), job.results("all"))
    };
    app.post("/v1/back-ends", json!({"name": "ldap"})).expect(201);
    run(&rows, false);
    // Of the first nothing is sent by its id, but by a row that makes it count again.
    app.patch("/v1/customers/c1", json!({"validity": "invalid"})).expect(200);
    let again = [
        json!({"kind": "back_end", "name": "ldap", "read_only": true}),
        rows[2].clone(),
        json!({"kind": "customer", "customer_id": "c1", "validity": "valid"}),
        rows[1].clone(),
    ];
    let (foreseen, made) = (run(&again, true), run(&again, false));
    assert_eq!(foreseen, made);
    assert_eq!(foreseen.1, 1);
}
