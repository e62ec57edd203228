//! Chunks: how they come, and what is refused.

use std::io::Write;

use base64::Engine;
use sha2::Digest;

use super::{NDJSON, crm, customers, job, lines};
use crate::common::{TestApp, json, query};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).expect("gzip");
    encoder.finish().expect("gzip")
}

#[test]
fn chunks_come_in_any_order_and_those_that_are_missing_are_listed() {
    let app = TestApp::start();
    let job = crm(&app).lines(3, &customers(1));
    app.get(&job.path(&["chunks"]))
        .expect(200)
        .has("/items/0/number", 3)
        .has("/items/0/rows", 1)
        .has("/missing", json!([1, 2]));
    app.get(&query(&job.path(&["chunks"]), &[("expected", "5")])).expect(200).has("/missing", json!([1, 2, 4, 5]));
    app.post(&job.path(&["close"]), json!({})).expect(409).problem("chunks_missing").names("1, 2");
    let job = job.lines(1, &[]).lines(2, &[]);
    app.post(&job.path(&["close"]), json!({"chunks": 4})).expect(409).problem("chunks_missing").names("4");
    app.post(&job.path(&["close"]), json!({"chunks": 2})).expect(409).problem("chunks_missing").names("3");
    app.post(&job.path(&["close"]), json!({"chunks": 3})).expect(200);
    app.post(&job.path(&["close"]), json!({"chunks": 3})).expect_any(&[200, 409]);
    job.wait().has("/state", "completed");
    assert_eq!(app.pages(&job.path(&["chunks"]), &[("limit", "2")]).len(), 3);
}

#[test]
fn a_chunk_that_comes_again_changes_nothing() {
    let app = TestApp::start();
    let (job, admin) = (crm(&app), app.admin());
    let first = job.put(&admin, 1, NDJSON, None, lines(&customers(2))).expect(201).has("/rows", 2);
    let packed = admin.clone().header("Content-Encoding", "gzip");
    let again = job.put(&packed, 1, NDJSON, None, gzip(&lines(&customers(2)))).expect(200);
    assert_eq!(first.json, again.json);
    job.put(&admin, 1, NDJSON, None, lines(&customers(3))).expect(409).problem("chunk_exists");
    let job = job.close();
    job.wait().has("/state", "completed").has("/rows_total", 2);
    job.put(&admin, 1, NDJSON, None, lines(&customers(2))).expect(200);
    job.put(&admin, 2, NDJSON, None, lines(&customers(2))).expect(409).problem("import_job_closed").names("completed");
}

#[test]
fn what_is_packed_is_unpacked_but_no_bomb_is() {
    let app = TestApp::start_with(&[("MAX_CHUNK_UNPACKED_BYTES", "100000"), ("MAX_CHUNK_BYTES", "2000")]);
    let (job, packed) = (crm(&app), app.admin().header("Content-Encoding", "gzip"));
    job.put(&packed, 1, NDJSON, None, gzip(&lines(&customers(5)))).expect(201).has("/rows", 5);
    let bomb = gzip(&vec![b' '; 1_000_000]);
    assert!(bomb.len() < 2_000);
    job.put(&packed, 2, NDJSON, None, bomb.clone())
        .expect(413)
        .problem("body_too_large")
        .names("MAX_CHUNK_UNPACKED_BYTES");
    job.put(&packed, 2, "text/csv", Some("customer"), bomb).expect(413).problem("body_too_large");
    job.put(&app.admin(), 2, NDJSON, None, vec![b' '; 3_000])
        .expect(413)
        .problem("body_too_large")
        .names("MAX_CHUNK_BYTES");
    job.put(&packed, 2, NDJSON, None, b"no gzip".to_vec()).expect(422).problem("chunk_unreadable");
    let other = app.admin().header("Content-Encoding", "br");
    job.put(&other, 2, NDJSON, None, b"{}".to_vec()).expect(415).problem("unsupported_media_type");
    job.put(&app.admin(), 2, "application/json", None, b"{}".to_vec()).expect(415).problem("unsupported_media_type");
    job.complete().has("/rows_total", 5);
}

#[test]
fn a_digest_is_checked() {
    let app = TestApp::start();
    let (job, content) = (crm(&app), lines(&customers(1)));
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&content));
    let saying = |text: &str| app.admin().header("Content-Digest", text);
    let right = format!("sha-256=:{digest}:");
    job.put(&saying(&right), 1, NDJSON, None, b"{}".to_vec()).expect(422).problem("digest_mismatch");
    job.put(&saying("sha-256=x"), 1, NDJSON, None, content.clone()).expect(400).problem("invalid_header");
    job.put(&saying(&right), 1, NDJSON, None, content).expect(201).has("/digest", right);
}

#[test]
fn a_table_that_cannot_be_read_is_refused_as_a_whole() {
    let app = TestApp::start();
    let (job, admin) = (crm(&app), app.admin());
    let refused = |kind: Option<&str>, text: &str, named: &str| {
        let reply = job.put(&admin, 1, "text/csv", kind, text.as_bytes().to_vec());
        reply.expect(422).problem("chunk_unreadable").names(named);
    };
    refused(Some("customer_user"), "login,colour\njane,red\n", "colour");
    refused(Some("customer_user"), "login,email\n\"jane,red\n", "line 2");
    refused(Some("customer_user"), "login,login\na,b\n", "login");
    refused(Some("customer_user"), "", "empty");
    refused(None, "login\njane\n", "kind");
    job.put(&admin, 1, "text/csv", Some("planet"), b"x".to_vec()).expect(400).problem("invalid_parameter");
    for number in ["0", "-1", "x", "100001"] {
        let path = job.path(&["chunks", number]);
        admin.send_bytes("PUT", &path, Some(NDJSON), Some(Vec::new())).expect(400).problem("invalid_path");
    }
}

/// The rows that failed are such a table: it says of which kind they are only where there are several.
#[test]
fn a_table_of_a_job_with_one_resource_is_about_that() {
    let app = TestApp::start();
    let job = job(&app, json!({"source": "erp", "resources": ["customer_user"]}));
    let sent = b"external_id,login\n1,jane\n2,\n".to_vec();
    job.put(&app.admin(), 1, "text/csv", None, sent).expect(201).has("/rows", 2);
    let job = job.close();
    job.wait().has("/failed_rows", 1);
    let failed = job.csv("failed").replace("2,,", "2,john,");
    let again = super::job(&app, json!({"source": "erp", "resources": ["customer_user"]}));
    again.put(&app.admin(), 1, "text/csv", None, failed.into_bytes()).expect(201);
    again.complete().has("/failed_rows", 0);
    app.get("/v1/customer-users/external:erp:2").expect(200).has("/login", "john");
}

#[test]
fn a_source_has_one_job_at_a_time() {
    let app = TestApp::start();
    let first = crm(&app);
    let body = json!({"source": "crm", "resources": ["customer"]});
    app.post("/v1/import-jobs", body.clone()).expect(409).problem("import_job_open").names(&first.id);
    job(&app, json!({"source": "erp", "resources": ["customer"]}));
    app.post("/v1/import-jobs?supersede=true", body.clone()).expect(201);
    first.get().has("/state", "cancelled");
    first.put(&app.admin(), 1, NDJSON, None, Vec::new()).expect(409).problem("import_job_closed");
    let listed = |parameters: &[(&str, &str)]| app.pages("/v1/import-jobs", parameters).len();
    assert_eq!([listed(&[("limit", "1")]), listed(&[("source", "crm")]), listed(&[("state", "cancelled")])], [3, 2, 1]);
    app.get("/v1/import-jobs?state=asleep").expect(400).problem("invalid_parameter");
    app.get("/v1/import-jobs/none").expect(404).problem("import_job_not_found");
}

#[test]
fn a_job_that_makes_no_sense_is_refused() {
    let app = TestApp::start();
    let refused = |body, pointer: &str| app.post("/v1/import-jobs", body).refused().pointers(&[pointer]);
    refused(json!({"source": "crm", "resources": []}), "/resources");
    refused(json!({"source": "crm", "resources": ["planet"]}), "/resources/0");
    refused(json!({"source": "crm", "resources": ["customer"], "guard_percent": 101}), "/guard_percent");
    let owned = |kind: &str, fields: &[&str], mode: &str| json!({"source": "crm", "resources": ["customer"], "mode": mode, "owned_fields": {kind: fields}});
    refused(owned("customer", &["colour"], "upsert"), "/owned_fields/customer").error_code("unknown_field");
    refused(owned("customer", &["name"], "full"), "/owned_fields/customer").error_code("validity_not_owned");
    refused(owned("customer_membership", &[], "upsert"), "/owned_fields/customer_membership");
    app.post("/v1/import-jobs", owned("customer", &["name"], "upsert")).expect(201);
}
