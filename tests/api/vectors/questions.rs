//! May this customer user do that: one question at a time, and in batches.

use super::Vector;
use crate::common::{TestApp, Value, json};

/// The most questions of one batch.
const BATCH: usize = 1_000;

/// A question, and the answer that is expected.
pub type Case = (Value, bool);

pub fn check(app: &TestApp, vector: &Vector) {
    let mut cases = group_cases(vector);
    cases.extend(service_cases(vector));
    batch(app, &cases);
    // The single check is asked every third question, so that each login, group and type comes by.
    for (question, expected) in cases.into_iter().step_by(3) {
        assert_eq!(app.check(question.clone()), expected, "{question}");
    }
}

fn group_cases(vector: &Vector) -> Vec<Case> {
    let mut cases = Vec::new();
    for login in vector.logins() {
        for group in vector.group_names() {
            for permission in &vector.settings.permission_types {
                let question = json!({"customer_user": login, "group": group, "permission": permission});
                cases.push((question, vector.expects(login, group, permission)));
            }
        }
    }
    cases
}

fn service_cases(vector: &Vector) -> Vec<Case> {
    let of_login = |login| {
        let has = &vector.expect.services[login].services;
        let case = move |service| {
            (json!({"customer_user": login, "service": service}), has.iter().any(|name| name == service))
        };
        vector.service_names().map(case).collect::<Vec<_>>()
    };
    vector.logins().flat_map(of_login).collect()
}

/// All questions at once, with sources and reasons.
pub fn batch(app: &TestApp, cases: &[Case]) {
    for cases in cases.chunks(BATCH) {
        let numbered = cases.iter().enumerate().map(|(index, (question, _))| {
            let mut item = question.clone();
            item["row_id"] = json!(format!("row {index}"));
            item["explain"] = json!(true);
            item
        });
        let body = json!({"items": numbered.collect::<Vec<_>>()});
        let allowed = cases.iter().filter(|(_, expected)| *expected).count();
        let counts = json!({"allowed": allowed, "denied": cases.len() - allowed, "failed": 0});
        let reply = app.post("/v1/access:batch-check", body).expect(200);
        for (index, (case, item)) in cases.iter().zip(reply.items()).enumerate() {
            answer(index, case, item);
        }
        assert_eq!(reply.items().len(), cases.len());
        reply.has("/counts", counts);
    }
}

fn answer(index: usize, (question, expected): &Case, item: &Value) {
    assert_eq!(item["allowed"], *expected, "{question} got {item}");
    assert_eq!(item["index"], index, "{item}");
    assert_eq!(item["row_id"], format!("row {index}"), "{item}");
    assert_eq!(item["status"], 200, "{item}");
    // Rule 8: every no carries reasons, every yes its sources.
    let why = if *expected { "sources" } else { "reasons" };
    assert!(item[why].as_array().is_some_and(|why| !why.is_empty()), "{question} got {item}");
}
