//! Results: read, corrected in a spreadsheet, and sent again.

use super::{crm, job};
use crate::common::{TestApp, json};

#[test]
fn what_failed_is_corrected_and_sent_again() {
    let app = TestApp::start();
    let table = "external_id,login,phone,customer,comment\n1,jane,+49 228,nobody,\"a, \"\"b\"\"\"\n2,joe,=1+1,,\n3,jim,-5,nobody,\n";
    let first = crm(&app).table(1, "customer_user", table).close();
    first.wait().has("/state", "completed").has("/failed_rows", 2);
    let failed = first.csv("failed");
    let records: Vec<&str> = failed.lines().collect();
    assert_eq!(records[0], "external_id,login,phone,customer,comment,_status,_code,_reason");
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
