//! The process: what it makes when it starts, what it logs, how it ends, and the import beside it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::common::app::BINARY;
use crate::common::{TestApp, at, json};

const CONTACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/crm-contacts-10000.csv");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/crm-contacts.toml");

/// Without any setting it is on SQLite, whatever the other tests run on.
#[test]
fn a_first_start_makes_the_database_and_a_secret_for_nobody_else() {
    let data = tempfile::TempDir::new().expect("a temporary directory");
    let status = Command::new(BINARY)
        .args(["token", "--scope", "admin", "--subject", "me", "--expires", "1h"])
        .env_clear()
        .env("DATA_DIR", data.path())
        .output()
        .expect("the command runs");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let app = TestApp::start_on(data, &[("DATABASE_URL", "")]);
    let mode = |name: &str| app.data_dir().join(name).metadata().expect(name).permissions().mode() & 0o777;
    assert_eq!(mode("jwt-secret"), 0o600);
    assert!(app.data_dir().join("customer-access.sqlite").exists());
}

#[test]
fn a_wrong_setting_stops_the_start_with_a_sentence_that_names_it() {
    for (name, value) in
        [("LISTEN", "here"), ("MAX_BATCH", "-1"), ("DATABASE_URL", "postgre://x"), ("BASE_PATH", "x y")]
    {
        let output = Command::new(BINARY).env_clear().env(name, value).output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(name), "{name}: {said}");
    }
}

#[test]
fn the_log_names_the_route_and_the_request_but_no_key_no_query_and_no_token() {
    let app = TestApp::start_with(&[("RUST_LOG", "info")]);
    app.customer("Hush & Sons");
    app.admin().header("X-Request-Id", "from-a-test").get(&at(&["customers", "Hush & Sons"])).expect(200);
    app.get("/v1/customers?q=Hush").expect(200);
    let log = app.stderr();
    assert!(log.contains("GET /v1/customers/{customer}") && log.contains("from-a-test"), "{log}");
    assert!(!log.contains("Hush") && !log.contains("eyJ"), "{log}");
}

#[test]
fn a_request_id_that_is_not_plain_is_replaced() {
    let app = TestApp::start();
    let reply = app.admin().header("X-Request-Id", "a b\"c").get("/v1/groups").expect(200);
    assert_ne!(reply.header("x-request-id"), "a b\"c");
}

#[test]
fn the_health_command_asks_the_service_on_this_machine() {
    let mut app = TestApp::start_with(&[("BASE_PATH", "/access")]);
    let address = app.base().trim_start_matches("http://").trim_end_matches("/access").to_owned();
    let health = || {
        let everywhere = address.replace("127.0.0.1", "0.0.0.0");
        let mut command = Command::new(BINARY);
        command.arg("health").env_clear().env("LISTEN", everywhere).env("BASE_PATH", "/access");
        command.output().expect("the command runs")
    };
    assert!(health().status.success());
    app.stop();
    let refusal = health();
    let said = String::from_utf8_lossy(&refusal.stderr);
    assert!(!refusal.status.success() && said.contains(&format!("http://{address}/access/readyz")), "{said}");
}

#[test]
fn everything_is_under_the_path_that_is_configured_and_nothing_beside_it() {
    let app = TestApp::start_with(&[("BASE_PATH", "/desk.1/access"), ("RUST_LOG", "info")]);
    let group = app.post("/v1/groups", json!({"name": "support"})).expect(201);
    assert!(group.text_at("/links/self").starts_with("/desk.1/access/v1/groups/id:g"), "{group}");
    app.get("/v1/groups/support/access").expect(200);
    app.get("/v1/nothing").expect(404).problem("route_not_found");
    app.delete("/v1/overview").expect(405).problem("method_not_allowed");
    app.anonymous().get("/openapi.json").expect(200);
    let docs = app.anonymous().get("/docs/").expect(200);
    assert!(docs.text.contains("swagger-ui"), "{docs}");
    for method in ["GET", "HEAD", "POST"] {
        let redirected = app.anonymous().send(method, "/docs", None).expect(308);
        assert_eq!(redirected.header("location"), "/desk.1/access/docs/", "{method}");
    }
    let host = app.base().trim_end_matches("/desk.1/access");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for path in ["/healthz", "/docs/", "/v1/groups", "/deskx1/access/healthz", "/desk.1/accesses/healthz"] {
        let reply = agent.get(format!("{host}{path}")).call().expect("a reply");
        assert_eq!(reply.status(), 404, "{path}");
    }
    let log = app.stderr();
    assert!(log.contains("GET /desk.1/access/v1/groups/{group}/access"), "{log}");
}

#[test]
fn it_ends_when_asked_and_keeps_everything() {
    let mut app = TestApp::start();
    app.customer("acme");
    assert!(app.terminate().success());
    app.resume();
    app.get("/v1/customers/acme").expect(200);
}

#[test]
fn ten_thousand_contacts_come_in_beside_the_running_service_and_a_second_run_changes_nothing() {
    let app = TestApp::start();
    let import = || app.run(&["import", "crm", "--file", CONTACTS, "--mapping", MAPPING, "--quiet", "--json"]);
    let first = import();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    app.run(&["migrate"]);
    let waited = (0..200).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        app.get("/v1/customer-users?total=true&limit=1").json["total"] == json!(10_000)
    });
    assert!(waited.is_some(), "all customer users are there");
    app.get("/v1/customers?total=true&limit=1").expect(200).has("/total", 9_215);
    let before = app.get("/v1/settings").revision();
    assert!(import().status.success());
    assert_eq!(app.get("/v1/settings").revision(), before);
}

#[test]
fn what_the_import_brings_is_answered_without_a_restart() {
    let app = TestApp::start();
    let file = app.data_dir().join("contacts.csv");
    std::fs::write(&file, "Email,Company,Id\njane@acme.example,Acme,1\n").expect("a file");
    let file = file.to_string_lossy().into_owned();
    let arguments = [
        "import",
        "crm",
        "--file",
        &file,
        "--source",
        "crm",
        "--map",
        "login=Email",
        "--map",
        "external_id=Id",
        "--map",
        "customer.customer_id=Company",
    ];
    let output = app.run(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let arrived = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        app.get("/v1/customer-users/external:crm:1/access").status == 200
    });
    assert!(arrived, "the index follows the other process");
    app.link_customer("Acme", "users", &["ro"]);
    assert!(app.allows("jane@acme.example", "users", "ro"));
}
