//! Full mode: what is not sent is deactivated, unless that is too much to be meant.

use super::{counts, customer, customers, full, job};
use crate::common::{Reply, TestApp, json};

fn validity(app: &TestApp, customer_id: &str) -> String {
    app.get(&format!("/v1/customers/{customer_id}")).expect(200).text_at("/validity")
}

/// A job in full mode for customers alone.
fn of_customers(app: &TestApp, guard_percent: u8) -> super::Job<'_> {
    job(app, json!({"source": "crm", "resources": ["customer"], "mode": "full", "guard_percent": guard_percent}))
}

/// A directory with 40 customers of the source, and a customer that nobody sends.
fn with_forty() -> TestApp {
    let app = TestApp::start();
    app.customer("by-hand");
    of_customers(&app, 5).lines(1, &customers(40)).complete().has("/absent", 0);
    app
}

#[track_caller]
fn approve(job: &super::Job) -> Reply {
    job.app.as_scope("sync:approve").post(&job.path(&["approve"]), json!({})).expect(200);
    job.wait()
}

#[test]
fn what_is_not_sent_is_deactivated_and_what_comes_back_counts_again() {
    let app = with_forty();
    let group = json!({"permissions": ["rw"]});
    app.put("/v1/customers/c40/groups/users", group).expect(201);
    let done = of_customers(&app, 5).lines(1, &customers(39)).complete();
    assert_eq!((&counts(&done, "customer")["deactivated"], &done.json["absent"]), (&json!(1), &json!(1)));
    assert_eq!(
        [validity(&app, "c40"), validity(&app, "c39"), validity(&app, "by-hand")],
        ["invalid", "valid", "valid"]
    );
    app.get("/v1/customers/c40/groups/users").expect(200);
    let back = of_customers(&app, 5).lines(1, &customers(40)).complete();
    assert_eq!((&counts(&back, "customer")["reactivated"], validity(&app, "c40")), (&json!(1), "valid".to_owned()));
}

#[test]
fn what_somebody_else_deactivated_stays_so() {
    let app = with_forty();
    app.patch("/v1/customers/c1", json!({"validity": "invalid"})).expect(200);
    of_customers(&app, 5).lines(1, &customers(39)).complete();
    app.patch("/v1/customers/c40", json!({"validity": "invalid_temporarily"})).expect(200);
    let done = of_customers(&app, 5).lines(1, &customers(40)).complete();
    assert_eq!(counts(&done, "customer")["reactivated"], 0);
    assert_eq!([validity(&app, "c1"), validity(&app, "c40")], ["invalid", "invalid_temporarily"]);
}

#[test]
fn a_row_that_says_so_itself_is_taken_at_its_word() {
    let app = with_forty();
    of_customers(&app, 5).lines(1, &customers(39)).complete();
    let row = json!({"kind": "customer", "external_id": "40", "validity": "invalid_temporarily"});
    let mut rows = customers(39);
    rows.push(row);
    of_customers(&app, 5).lines(1, &rows).complete();
    assert_eq!(validity(&app, "c40"), "invalid_temporarily");
}

#[test]
fn more_than_the_guard_allows_waits_and_is_approved() {
    let app = with_forty();
    let job = of_customers(&app, 5).lines(1, &customers(37)).close();
    job.wait().has("/state", "awaiting_approval").has("/absent", 3).names("3 of 40");
    app.get(&job.path(&["absent"])).expect(200).lists("key", &["c38", "c39", "c40"]);
    assert_eq!(app.pages(&job.path(&["absent"]), &[("limit", "2")]).len(), 3);
    assert_eq!(validity(&app, "c40"), "valid");
    app.as_scope("sync:write").post(&job.path(&["approve"]), json!({})).expect(403).problem("missing_scope");
    let done = approve(&job).has("/state", "completed");
    assert_eq!(counts(&done, "customer")["deactivated"], 3);
    assert_eq!(validity(&app, "c40"), "invalid");
    app.post(&job.path(&["approve"]), json!({})).expect(409).problem("import_job_not_waiting");
}

#[test]
fn a_list_that_grew_is_not_approved_by_what_was_before() {
    let app = with_forty();
    let job = of_customers(&app, 5).lines(1, &customers(37)).close();
    job.wait().has("/state", "awaiting_approval").has("/absent", 3);
    app.post("/v1/customers", json!({"customer_id": "late"})).expect(201);
    app.admin().put_empty("/v1/customers/late/external-ids/crm/late").expect_any(&[200, 201]);
    approve(&job).has("/state", "awaiting_approval").has("/absent", 4).names("1 more");
    assert_eq!(validity(&app, "c40"), "valid");
    approve(&job).has("/state", "completed");
    assert_eq!([validity(&app, "c40"), validity(&app, "late")], ["invalid", "invalid"]);
}

#[test]
fn an_empty_export_deactivates_nobody() {
    let app = with_forty();
    let job = of_customers(&app, 100).close();
    job.wait().has("/state", "awaiting_approval").has("/absent", 40).names("no row was sent");
    app.post(&job.path(&["cancel"]), json!({})).expect(200).has("/state", "cancelled");
    let job = of_customers(&app, 100).lines(1, &[]).close();
    job.wait().has("/state", "awaiting_approval");
    assert_eq!(validity(&app, "c1"), "valid");
}

#[test]
fn an_export_of_one_kind_alone_does_not_deactivate_the_other() {
    let app = TestApp::start();
    let jane = json!({"kind": "customer_user", "external_id": "1", "login": "jane"});
    full(&app).lines(1, &[customer(1), jane]).complete();
    let job = super::job(
        &app,
        json!({"source": "crm", "resources": ["customer", "customer_user"], "mode": "full", "guard_percent": 100}),
    );
    job.lines(1, &[customer(1)]).close().wait().has("/state", "awaiting_approval").names("no customer_user was sent");
}

#[test]
fn rows_that_failed_were_sent_and_stop_it_all_the_same() {
    let app = with_forty();
    let mut rows = customers(39);
    rows[0]["url"] = json!("ftp://x");
    let job = of_customers(&app, 100).lines(1, &rows).close();
    job.wait().has("/state", "awaiting_approval").has("/absent", 1).has("/failed_rows", 1).names("1 rows failed");
    app.get(&job.path(&["absent"])).expect(200).lists("key", &["c40"]);
}
