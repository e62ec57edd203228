//! Results: read, corrected in a spreadsheet, and sent again.

use super::{NDJSON, crm, job};
use crate::common::{TestApp, json};

#[test]
fn what_failed_is_corrected_and_sent_again() {
    let app = TestApp::start();
    let table = "external_id,login,phone,customer,comment\n1,jane,+49 228,nobody,\"a, \"\"b\"\"\"\n2,joe,=1+1,,\n3,jim,-5,nobody,\n";
    let first = crm(&app).table(1, "customer_user", table).close();
    first.wait().has("/state", "completed").has("/failed_rows", 2);
    let failed = first.csv("failed");
    let records: Vec<&str> = failed.lines().collect();
    assert_eq!(records[0], "external_id,login,phone,customer,comment,_status,_code,_reason,_sent");
    assert!(records[1].starts_with("1,jane,'+49 228,nobody,\"a, \"\"b\"\"\",failed,customer_not_found,"), "{failed}");
    assert!(records[2].starts_with("3,jim,'-5,nobody,,failed,") && records.len() == 3, "{failed}");
    app.customer("nobody");
    let second = crm(&app).table(1, "customer_user", &failed).close();
    second.wait().has("/state", "completed").has("/failed_rows", 0);
    let jane = app.get("/v1/customer-users/jane").expect(200);
    jane.has("/phone", "+49 228").has("/comment", "a, \"b\"").has("/external_ids/0/id", "1");
    app.get("/v1/customer-users/joe").expect(200).has("/phone", "=1+1");
}

#[test]
fn lines_of_json_become_a_table_of_all_kinds() {
    let app = TestApp::start();
    let resources = json!(["customer", "customer_group_link"]);
    let first = job(&app, json!({"source": "crm", "resources": resources}));
    let rows = [
        json!({"kind": "customer", "row_id": "r1", "external_id": "1", "customer_id": "acme", "url": "x"}),
        json!({"kind": "customer_group_link", "customer": "acme", "group": "users", "permissions": ["ro", "rw"]}),
        json!({"kind": "customer_group_link", "customer": "beta", "group": "users", "permissions": []}),
    ];
    let first = first.lines(1, &rows).close();
    first.wait().has("/failed_rows", 3);
    let all = first.csv("all");
    assert!(all.starts_with("kind,row_id,external_id,external_ids,customer_id,name,"), "{all}");
    assert!(all.contains("\ncustomer_group_link,,,,,,,,,,,,,acme,users,,ro rw,failed,"), "{all}");
    let second = job(&app, json!({"source": "crm", "resources": resources}));
    let corrected =
        all.replace(",x,", ",https://acme.example,").replace(",beta,", ",acme,").replace("users,,none", "admin,,none");
    second.put(&app.admin(), 1, "text/csv", None, corrected.into_bytes()).expect(201).has("/rows", 3);
    let second = second.close();
    second.wait().has("/state", "completed").has("/failed_rows", 0);
    app.get("/v1/customers/external:crm:1").expect(200).has("/url", "https://acme.example");
}

#[test]
fn what_no_column_holds_stands_beside_it_as_it_was_sent() {
    let app = TestApp::start();
    let first = job(&app, json!({"source": "crm", "resources": ["customer"]}));
    let rows = [
        r#"{"kind": "customer", "customer_id": "acme", "colour": "red"}"#,
        r#"{"kind": "customer", "customer_id": "beta", "name": null, "url": "x"}"#,
        r#"{"kind": "customer", "customer_id": "gamma", "url": "x"}"#,
        r#"{"kind": "customer_user", "login": "jane"}"#,
        r#"{"kind": "planet", "customer_id": "mars"}"#,
        "=HYPERLINK(\"x\")",
    ];
    first.put(&app.admin(), 1, NDJSON, None, rows.join("\n").into_bytes()).expect(201);
    let first = first.close();
    first.wait().has("/failed_rows", 6);
    let failed = first.csv("failed");
    let records: Vec<&str> = failed.lines().collect();
    assert!(records[0].ends_with(",validity,_status,_code,_reason,_sent"), "{failed}");
    for (record, sent) in records[1..].iter().zip(rows) {
        let cell = format!("\"{}\"", sent.replace('"', "\"\"").replace("=H", "'=H"));
        assert!(record.ends_with(&cell) || sent.contains("gamma") && record.ends_with(','), "{record}");
    }
    // What was written out can be sent again: the column is for people.
    let again = job(&app, json!({"source": "crm", "resources": ["customer"]}));
    let corrected = failed.replace(",x,", ",https://x.example,").into_bytes();
    again.put(&app.admin(), 1, "text/csv", None, corrected).expect(201);
    let again = again.close();
    again.wait().has("/failed_rows", 3);
    app.get("/v1/customers/acme").expect(200);
}

#[test]
fn a_record_of_too_many_cells_stands_there_whole() {
    let app = TestApp::start();
    let job = crm(&app).table(1, "customer_user", "external_id,login\n1,jane,\"a, b\"\n").close();
    job.wait().has("/failed_rows", 1);
    let failed = job.csv("failed");
    assert!(failed.ends_with(",\"1,jane,\"\"a, b\"\"\"\r\n"), "{failed}");
}

#[test]
fn results_have_a_tag_and_can_be_read_by_page_of_nothing_else() {
    let app = TestApp::start();
    let job = crm(&app).lines(1, &super::customers(600)).close();
    job.wait().has("/state", "completed");
    let results = app.get(&job.path(&["results"])).expect(200);
    assert_eq!(results.text.lines().count(), 600);
    let tag = results.header("ETag").to_owned();
    app.admin().if_none_match(&tag).get(&job.path(&["results"])).expect(304);
    app.get(&format!("{}?outcome=some", job.path(&["results"]))).expect(400).problem("invalid_parameter");
}
