//! Rows: what becomes of them.

use super::{counts, crm, customer, job};
use crate::common::{TestApp, Value, json};

const EVERYTHING: [&str; 8] = [
    "customer",
    "customer_user",
    "group",
    "service",
    "customer_group_link",
    "customer_user_group_link",
    "customer_user_service_link",
    "customer_membership",
];

#[test]
fn rows_come_in_any_order() {
    let app = TestApp::start();
    let everything = job(&app, json!({"source": "crm", "resources": EVERYTHING}));
    let job = everything.lines(
        1,
        &[
            json!({"kind": "customer_membership", "customer_user": "jane", "customer": "beta"}),
            json!({"kind": "customer_user_service_link", "customer_user": "external:crm:7", "service": "IT::Net::VPN"}),
            json!({"kind": "customer_user_group_link", "customer_user": "jane", "group": "support", "permissions": ["ro"]}),
            json!({"kind": "customer_group_link", "customer": "acme", "group": "support", "permissions": ["rw"]}),
            json!({"kind": "customer_user", "external_id": "7", "login": "jane", "customer": "external:crm:1"}),
            json!({"kind": "service", "name": "IT::Net::VPN"}),
        ],
    );
    let job =
        job.lines(2, &[json!({"kind": "service", "name": "IT::Net"}), json!({"kind": "group", "name": "support"})]);
    let job = job.lines(
        3,
        &[
            json!({"kind": "customer", "external_id": "1", "customer_id": "acme"}),
            json!({"kind": "customer", "external_id": "2", "customer_id": "beta"}),
            json!({"kind": "service", "name": "IT"}),
        ],
    );
    let job = job.close();
    let done =
        job.wait().has("/state", "completed").has("/failed_rows", 0).has("/rows_done", 11).has("/rows_total", 11);
    assert_eq!(job.each("status"), ["created"; 11]);
    assert_eq!(counts(&done, "service")["created"], 3);
    assert!(app.allows("jane", "support", "rw") && app.serves("jane", "IT::Net::VPN"));
    app.get("/v1/customer-users/jane/customers/beta").expect_any(&[200, 404, 405]);
}

#[test]
fn a_row_that_is_wrong_fails_alone_and_says_why() {
    let app = TestApp::start();
    let text = [
        r#"{"kind": "customer", "row_id": "first", "customer_id": "acme"}"#,
        "{",
        "[1]",
        r#"{"customer_id": "x"}"#,
        r#"{"kind": "planet"}"#,
        r#"{"kind": "group", "name": "g"}"#,
        r#"{"kind": "customer", "row_id": "7", "customer_id": "x", "colour": "red", "url": "ftp://x"}"#,
        r#"{"kind": "customer_user", "login": "jane", "customer": "nobody"}"#,
        r#"{"kind": "customer", "customer_id": "y", "customer_id": "z"}"#,
    ];
    let job = crm(&app);
    job.put(&app.admin(), 1, super::NDJSON, None, text.join("\n").into_bytes()).expect(201).has("/rows", 9);
    let job = job.close();
    let done = job.wait().has("/state", "completed").has("/failed_rows", 8).has("/rows_done", 9);
    assert_eq!(counts(&done, "customer")["created"], 1);
    let codes = [
        "",
        "not_json",
        "not_json",
        "kind_missing",
        "unknown_kind",
        "resource_not_declared",
        "invalid_input",
        "customer_not_found",
        "not_json",
    ];
    assert_eq!(job.each("code"), codes);
    let failed = job.results("failed");
    assert_eq!(failed.len(), 8);
    assert_eq!(
        (&failed[5]["row_id"], &failed[5]["line"], &failed[5]["sent"]["colour"]),
        (&json!("7"), &json!(7), &json!("red"))
    );
    assert_eq!(failed[5]["errors"].as_array().map(Vec::len), Some(2));
    app.get("/v1/customers/x").expect(404);
}

#[test]
fn a_row_that_the_directory_refuses_is_told_as_it_was_sent() {
    let app = TestApp::start();
    let job = crm(&app)
        .lines(1, &[json!({"kind": "customer_user", "row_id": "1", "login": "jane", "customer": "nobody"})])
        .table(2, "customer_user", "row_id,login,customer\n2,joe,nobody\n");
    let table = b"kind,row_id,login,customer\ncustomer_user,3,jim,nobody\n".to_vec();
    job.put(&app.admin(), 3, "text/csv", None, table).expect(201);
    let job = job.close();
    job.wait().has("/state", "completed").has("/failed_rows", 3);
    for (failed, (row_id, login)) in job.results("failed").iter().zip([("1", "jane"), ("2", "joe"), ("3", "jim")]) {
        let sent = json!({"row_id": row_id, "login": login, "customer": "nobody"});
        assert_eq!((&failed["code"], &failed["kind"]), (&json!("customer_not_found"), &json!("customer_user")));
        assert_eq!((&failed["sent"], &failed["row_id"]), (&sent, &json!(row_id)));
    }
    assert_eq!(job.results("failed").len(), 3);
}

#[test]
fn a_key_that_stands_there_twice_fails_at_both_places() {
    let app = TestApp::start();
    let job = crm(&app)
        .lines(1, &[customer(1), customer(2)])
        .lines(2, &[json!({"kind": "customer", "external_id": "1", "name": "other"})]);
    let job = job.close();
    job.wait().has("/state", "completed").has("/failed_rows", 2);
    assert_eq!(job.each("code"), ["duplicate_row", "", "duplicate_row"]);
    let reasons = job.each("reason");
    assert!(reasons[0].contains("row 1 of chunk 2") && reasons[2].contains("row 1 of chunk 1"), "{reasons:?}");
}

#[test]
fn what_the_source_does_not_own_is_left_as_it_is() {
    let app = TestApp::start();
    app.post("/v1/customers", json!({"customer_id": "c1", "name": "By hand", "city": "Bonn", "validity": "invalid"}))
        .expect(201);
    let owned = json!({"source": "crm", "resources": ["customer"], "on_existing": "adopt", "owned_fields": {"customer": ["city"]}});
    let row = json!({"kind": "customer", "external_id": "1", "customer_id": "c1", "name": "CRM", "city": "Berlin", "validity": "valid"});
    let job = job(&app, owned).lines(1, &[row]).close();
    let done = job.wait().has("/state", "completed");
    assert_eq!(counts(&done, "customer")["ignored_fields"], 2);
    assert_eq!(job.results("all")[0]["ignored_fields"], json!(["name", "validity"]));
    app.get("/v1/customers/c1").expect(200).has("/name", "By hand").has("/city", "Berlin").has("/validity", "invalid");
}

#[test]
fn the_audit_names_the_job() {
    let app = TestApp::start();
    let job = crm(&app).lines(1, &[customer(1)]).close();
    let actor = format!("{} (job:{})", job.wait().text_at("/actor"), job.id);
    app.get(&crate::common::query("/v1/audit", &[("actor", &actor), ("kind", "customer")]))
        .expect(200)
        .has("/items/0/after/customer_id", "c1");
}

#[test]
fn two_things_of_one_key_are_not_made_one() {
    let app = TestApp::start();
    let customer =
        |external_id: &str, key: &str| json!({"kind": "customer", "external_id": external_id, "customer_id": key});
    let person =
        |external_id: &str, key: &str| json!({"kind": "customer_user", "external_id": external_id, "login": key});
    let rows = [customer("1", "Acme"), customer("2", "acme"), person("1", "Smith"), person("2", "smith")];
    let chunks: [&[&[Value]]; 2] = [&[&rows], &[&rows[..1], &rows[1..3], &rows[3..]]];
    for (source, chunks) in ["one", "several"].into_iter().zip(chunks) {
        for dry_run in [true, false] {
            let resources = ["customer", "customer_user"];
            let body = json!({"source": source, "resources": resources, "on_existing": "adopt", "dry_run": dry_run});
            let job = (1..).zip(chunks).fold(job(&app, body), |job, (number, rows)| job.lines(number, rows)).close();
            job.wait().has("/failed_rows", 2);
            assert_eq!(job.each("code"), ["", "key_taken", "", "key_taken"], "{source}, dry run: {dry_run}");
        }
    }
    let ids = app.get("/v1/customers/acme").expect(200).json["external_ids"].clone();
    assert_eq!(ids, json!([{"source": "one", "id": "1"}, {"source": "several", "id": "1"}]));
}

#[test]
fn what_is_no_external_id_fails_its_row_alone() {
    let app = TestApp::start();
    let job =
        crm(&app).lines(1, &[json!({"kind": "customer", "external_id": "2\0", "customer_id": "c2"}), customer(1)]);
    let job = job.close();
    job.wait().has("/state", "completed").has("/failed_rows", 1);
    assert_eq!(job.each("status"), ["failed", "created"]);
}

#[test]
fn an_external_id_that_stands_twice_is_given_once() {
    let app = TestApp::start();
    let twice = json!([{"source": "erp", "id": "7"}, {"source": "erp", "id": "7"}]);
    let row = json!({"kind": "customer", "external_id": "1", "customer_id": "c1", "external_ids": twice});
    for outcome in ["created", "unchanged"] {
        let done = crm(&app).lines(1, std::slice::from_ref(&row)).complete();
        assert_eq!(counts(&done, "customer")[outcome], 1);
    }
    app.get("/v1/customers/external:erp:7").expect(200).has("/customer_id", "c1");
}
