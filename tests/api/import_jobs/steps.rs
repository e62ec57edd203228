//! Jobs in the middle: killed, cancelled, and run a second time.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{counts, crm, customers};
use crate::common::{TestApp, json};

/// Waits until so many rows are done.
#[track_caller]
fn wait_for_rows(job: &super::Job, rows: u64) {
    for _ in 0..3_000 {
        let now = job.get();
        if now.json["rows_done"].as_u64() >= Some(rows) || now.json["state"] == "completed" {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never begins: {}", job.get());
}

#[test]
fn a_job_that_was_killed_goes_on_where_it_was() {
    let mut app = TestApp::start();
    const ROWS: usize = 5_000;
    let job = crm(&app).lines(1, &customers(ROWS)[..3_000]).lines(2, &customers(ROWS)[3_000..]).close();
    wait_for_rows(&job, 600);
    let id = job.id;
    app.stop();
    app.resume();
    let job = super::Job { app: &app, id };
    let at_once = job.get();
    assert!(at_once.json["rows_done"].as_u64() < Some(ROWS as u64), "it was killed too late: {at_once}");
    let done = job.wait().has("/state", "completed").has("/rows_done", ROWS);
    assert_eq!(counts(&done, "customer")["created"], ROWS);
    let results = job.results("all");
    let ids: BTreeSet<&str> = results.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!((results.len(), ids.len()), (ROWS, ROWS));
    app.get("/v1/customers?limit=1&total=true").expect(200).has("/total", ROWS);
    let actor = format!("{} (job:{})", done.text_at("/actor"), job.id);
    let audited = app.pages("/v1/audit", &[("actor", &actor), ("kind", "customer"), ("limit", "1000")]);
    assert_eq!(audited.len(), ROWS);
}

#[test]
fn a_job_that_is_cancelled_writes_no_more() {
    let app = TestApp::start();
    let job = crm(&app).lines(1, &customers(5_000)).close();
    wait_for_rows(&job, 1);
    app.post(&job.path(&["cancel"]), json!({})).expect(200).has("/state", "cancelled");
    app.post(&job.path(&["cancel"]), json!({})).expect(200);
    let total = || app.get("/v1/customers?limit=1&total=true").expect(200).json["total"].clone();
    let then = total();
    assert!(then.as_u64() < Some(5_000), "it was cancelled too late");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(total(), then);
    let next = crm(&app).lines(1, &customers(5)).close();
    next.wait().has("/state", "completed");
    app.post(&next.path(&["cancel"]), json!({})).expect(409).problem("import_job_ended");
}

#[test]
fn the_file_of_last_night_changes_nothing_and_takes_no_revision() {
    let app = TestApp::start();
    crm(&app).lines(1, &customers(1_200)).complete();
    let before = app.get("/v1/settings").expect(200).revision();
    let again = crm(&app).lines(1, &customers(1_200)).complete();
    assert_eq!(counts(&again, "customer")["unchanged"], 1_200);
    assert_eq!(app.get("/v1/settings").expect(200).revision(), before);
}

#[test]
fn what_is_old_is_forgotten() {
    let app = TestApp::start_with(&[("IMPORT_RETENTION", "1s")]);
    let job = crm(&app).lines(1, &customers(600)).close();
    job.wait().has("/state", "completed");
    let gone = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        app.get(&job.path(&[])).expect_any(&[200, 404]).status == 404
    });
    assert!(gone, "the job is never removed");
    app.get("/v1/customers?limit=1&total=true").expect(200).has("/total", 600);
}

#[test]
fn rows_are_counted_in_the_metrics() {
    let app = TestApp::start_with(&[("METRICS_LISTEN", "127.0.0.1:0")]);
    crm(&app).lines(1, &customers(3)).complete();
    let text = app.agent().get(app.metrics_url()).call().expect("metrics").body_mut().read_to_string().expect("a text");
    assert!(text.contains("customer_access_import_rows_total{outcome=\"created\"} 3"), "{text}");
}
