//! `export` and `import job`: what was exported is taken back, and gives the same answers.

use std::path::PathBuf;
use std::process::Output;

use crate::common::{TestApp, Value, json};

/// A directory with something of everything.
fn with_everything() -> TestApp {
    let app = TestApp::start();
    app.set_settings(json!({"default_services_for_unknown_customer_users": true}));
    app.set_other_customers(true);
    app.put("/v1/back-ends/ldap", json!({"group_support": false, "read_only": true, "comment": "Übung"})).expect(201);
    app.post("/v1/customers", json!({"customer_id": "acme", "name": "Acme \"Ltd\"", "city": "Köln"})).expect(201);
    app.post("/v1/customers", json!({"customer_id": "id:c1", "validity": "invalid"})).expect(201);
    for (source, id) in [("crm", "A:1"), ("crm", "a:1"), ("erp", "7")] {
        app.put(&format!("/v1/customers/acme/external-ids/{source}/{id}"), json!({})).expect(201);
    }
    app.group("support");
    app.services(&["IT", "IT::VPN", "HR"]);
    app.customer_user_of("jane", "acme");
    app.customer_user_of("joe", "key:id:c1");
    app.customer_user_in("ann", "ldap");
    app.add_customer("jane", "key:id:c1");
    app.link_customer("acme", "support", &["ro"]);
    let other = json!({"context": "other_customers", "permissions": ["rw"]});
    app.put("/v1/customers/acme/groups/stats", other).expect(201);
    app.link_customer_user("joe", "admin", &["rw"]);
    app.link_service("jane", "IT::VPN");
    app.put("/v1/default-services/HR", json!({})).expect_any(&[200, 201, 204]);
    app.put("/v1/always-groups/customers/users", json!({})).expect_any(&[200, 201, 204]);
    // What is granted in a context that is off is kept, for when it is on again.
    app.set_other_customers(false);
    app
}

fn export(app: &TestApp, name: &str) -> PathBuf {
    let path = app.data_dir().join(name);
    let output = app.run(&["export", "--to", &path.to_string_lossy()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

fn import(app: &TestApp, arguments: &[&str]) -> Output {
    app.run(&[&["import", "job"], arguments].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The answer of a customer user, without what numbers and revisions say.
fn answer(app: &TestApp, login: &str) -> Vec<String> {
    let reply = app.get(&format!("/v1/customer-users/{login}/access")).expect(200).json;
    let mut found = Vec::new();
    for group in reply["groups"].as_array().expect("groups") {
        for permission in group["permissions"].as_array().expect("permissions") {
            let sources: Vec<&Value> =
                permission["sources"].as_array().expect("sources").iter().map(|it| &it["kind"]).collect();
            found.push(format!(
                "{} {} {} {sources:?}",
                group["name"], permission["permission"], permission["all_customers"]
            ));
        }
    }
    let services = reply["services"]["items"].as_array().or(reply["services"].as_array());
    found.extend(services.into_iter().flatten().map(|service| service["name"].to_string()));
    found.sort();
    found
}

#[test]
fn what_was_exported_is_taken_back_and_answers_the_same() {
    let (from, to) = (with_everything(), TestApp::start());
    let file = export(&from, "everything.ndjson");
    let output = import(&to, &["--file", &file.to_string_lossy(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["state"], "completed");
    let again = export(&to, "again.ndjson");
    let lines = |path: &PathBuf| std::fs::read_to_string(path).expect("an export");
    assert_eq!(lines(&again), lines(&file));
    // The service hears of another process's writes in its time, and of all that came before a write of its own with that.
    to.customer("later");
    for login in ["jane", "joe", "ann"] {
        assert_eq!(answer(&to, login), answer(&from, login), "{login}");
    }
    // A second run changes nothing.
    let revision = || text(&to.run(&["export"]).stderr);
    let before = revision();
    let output = import(&to, &["--file", &file.to_string_lossy(), "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(revision(), before);
    assert!(!text(&output.stdout).contains("1 created"), "{}", text(&output.stdout));
    // In both, what was granted counts once the context is on.
    for app in [&from, &to] {
        app.set_other_customers(true);
    }
    assert_eq!(answer(&to, "jane"), answer(&from, "jane"));
    to.get("/v1/customers/external:erp:7").expect(200).has("/customer_id", "acme");
}

#[test]
fn rows_that_fail_leave_the_others_alone_and_are_written_out() {
    let app = TestApp::start();
    let (file, failed) = (app.data_dir().join("rows.ndjson"), app.data_dir().join("failed.ndjson"));
    let rows = [
        json!({"kind": "customer_user", "external_id": "1", "login": "jane", "customer": "external:crm:7"}),
        json!({"kind": "customer", "external_id": "7", "customer_id": "acme"}),
        json!({"kind": "customer_user", "external_id": "2", "login": "joe", "customer": "nobody"}),
        json!({"kind": "spaceship", "login": "jim"}),
    ];
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(&file, lines.join("\n") + "\n{broken\n").expect("a file");
    let paths = (file.to_string_lossy().into_owned(), failed.to_string_lossy().into_owned());
    let dry = import(&app, &["--file", &paths.0, "--source", "crm", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(3), "{}{}", text(&dry.stdout), text(&dry.stderr));
    app.get("/v1/customer-users/jane").expect(404);
    let output = import(&app, &["--file", &paths.0, "--source", "crm", "--failed", &paths.1]);
    assert_eq!(output.status.code(), Some(3), "{}{}", text(&output.stdout), text(&output.stderr));
    app.get("/v1/customer-users/jane").expect(200).has("/customer", "acme");
    let failed = std::fs::read_to_string(&failed).expect("the rows that failed");
    assert_eq!(failed.lines().count(), 3, "{failed}");
    assert!(failed.contains("customer_not_found"), "{failed}");
}

#[test]
fn an_empty_full_export_waits_for_approval() {
    let app = TestApp::start();
    let file = app.data_dir().join("rows.ndjson");
    let path = file.to_string_lossy().into_owned();
    std::fs::write(&file, json!({"kind": "customer", "external_id": "7", "customer_id": "acme"}).to_string())
        .expect("a file");
    let full = ["--file", &path, "--source", "crm", "--full", "--resources", "customer"];
    assert_eq!(import(&app, &full).status.code(), Some(0));
    std::fs::write(&file, "").expect("a file");
    let output = import(&app, &full);
    assert_eq!(output.status.code(), Some(4), "{}{}", text(&output.stdout), text(&output.stderr));
    app.get("/v1/customers/acme").expect(200).has("/validity", "valid");
    // The source has an open job now; a new one takes its place only if told to.
    let output = import(&app, &["--file", &path, "--source", "crm"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("supersede"), "{}", text(&output.stderr));
    assert_eq!(import(&app, &["--file", &path, "--source", "crm", "--supersede"]).status.code(), Some(0));
}

#[test]
fn a_table_is_about_the_one_kind_of_the_resources() {
    let app = TestApp::start();
    let file = app.data_dir().join("rows.csv");
    std::fs::write(&file, "external_id,login\n1,jane\n").expect("a file");
    let path = file.to_string_lossy().into_owned();
    for several in [&[][..], &["--resources", "customer,customer_user"]] {
        let refused = import(&app, &[&["--file", &path], several].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("--kind customer_user"), "{}", text(&refused.stderr));
    }
    let output = import(&app, &["--file", &path, "--resources", "customer_user"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    app.get("/v1/customer-users/external:file:1").expect(200).has("/login", "jane");
    let other = import(&app, &["--file", &path, "--kind", "customer_user", "--resources", "customer"]);
    assert_eq!(other.status.code(), Some(3), "{}{}", text(&other.stdout), text(&other.stderr));
}

/// In full mode nothing is deactivated but what the resources name, and something must be named.
#[test]
fn full_mode_is_about_the_resources() {
    let app = TestApp::start();
    let file = app.data_dir().join("rows.ndjson");
    let path = file.to_string_lossy().into_owned();
    let rows = [
        json!({"kind": "customer", "external_id": "1", "customer_id": "acme"}).to_string(),
        json!({"kind": "customer_user", "external_id": "2", "login": "jane"}).to_string(),
    ];
    std::fs::write(&file, rows.join("\n")).expect("a file");
    assert_eq!(import(&app, &["--file", &path]).status.code(), Some(0));
    std::fs::write(&file, &rows[1]).expect("a file");
    let all = import(&app, &["--file", &path, "--full"]);
    assert_eq!(all.status.code(), Some(2));
    assert!(text(&all.stderr).contains("--resources"), "{}", text(&all.stderr));
    let full = import(&app, &["--file", &path, "--full", "--resources", "customer_user"]);
    assert_eq!(full.status.code(), Some(0), "{}{}", text(&full.stdout), text(&full.stderr));
    app.get("/v1/customers/acme").expect(200).has("/validity", "valid");
}

#[test]
fn what_cannot_be_read_is_said_and_leaves_no_job() {
    let app = TestApp::start();
    let output = import(&app, &["--file", "/nowhere.ndjson"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere.ndjson cannot be read"), "{}", text(&output.stderr));
    assert_eq!(import(&app, &["--file", "x", "--kind", "spaceship"]).status.code(), Some(2));
    let file = app.data_dir().join("rows.csv");
    std::fs::write(&file, "Login,Colour\njane,red\n").expect("a file");
    let output = import(&app, &["--file", &file.to_string_lossy(), "--kind", "customer_user"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("\"colour\""), "{}", text(&output.stderr));
    let jobs = app.get("/v1/import-jobs").expect(200);
    assert!(jobs.items().iter().all(|job| job["state"] == "cancelled"), "{jobs}");
}
