//! Who may do what with a job.

use super::{NDJSON, lines};
use crate::common::{TestApp, json};

#[test]
fn links_and_the_catalogue_need_their_own_scopes() {
    let app = TestApp::start();
    let create = |scopes: &str, kind: &str| {
        let body = json!({"source": kind.replace('_', "-"), "resources": [kind]});
        app.as_scope(scopes).post("/v1/import-jobs", body)
    };
    create("sync:write", "customer_membership").expect(403).problem("missing_scope").names("links:write");
    create("sync:write links:write", "customer_membership").expect(201);
    create("sync:write links:write", "group").expect(403).problem("missing_scope").names("directory:write");
    create("sync:write directory:write", "service").expect(201);
    create("sync:write", "customer").expect(201);
}

#[test]
fn nobody_writes_by_the_scopes_of_somebody_else() {
    let app = TestApp::start();
    let job = super::job(&app, json!({"source": "crm", "resources": ["customer", "customer_group_link"]}));
    let row =
        lines(&[json!({"kind": "customer_group_link", "customer": "acme", "group": "admin", "permissions": ["rw"]})]);
    let other = app.as_scope("sync:write");
    job.put(&other, 1, NDJSON, None, row.clone()).expect(403).problem("missing_scope");
    other.post(&job.path(&["close"]), json!({})).expect(403).problem("missing_scope");
    let also = app.as_scope("sync:write links:write");
    job.put(&also, 1, NDJSON, None, row).expect(403).problem("missing_scope").names("settings:write");
    other.get(&job.path(&[])).expect(200);
    other.get(&job.path(&["preview"])).expect(403).problem("missing_scope").names("access:read");
}

#[test]
fn a_job_does_what_its_creator_may() {
    let app = TestApp::start();
    app.back_end("ldap");
    app.customer_user("jane");
    let body = json!({"source": "crm", "resources": ["customer_user"]});
    let caller = app.as_scope("sync:write");
    let id = caller.post("/v1/import-jobs", body).expect(201).text_at("/id");
    let job = super::Job { app: &app, id };
    let job = job.lines(1, &[json!({"kind": "customer_user", "login": "jane", "back_end": "ldap"})]).close();
    job.wait().has("/failed_rows", 1);
    assert_eq!(job.each("code"), ["missing_scope"]);
}
