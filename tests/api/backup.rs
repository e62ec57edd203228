//! A backup while the service runs, and a restore that answers the same under another epoch.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{TestApp, Value, at};

fn access(app: &TestApp) -> Value {
    let mut answer = app.get(&at(&["customer-users", "jane", "access"])).expect(200).json;
    answer.as_object_mut().map(|answer| answer.remove("revision"));
    answer
}

/// A directory, a copy of it, and more that the copy does not have; gives the last token.
fn with_copy(app: &TestApp, copy: impl FnOnce()) -> (Value, String) {
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    app.link_customer("acme", "users", &["ro"]);
    let before = access(app);
    copy();
    app.link_customer("acme", "stats", &["rw"]);
    (before, app.link_customer_user("jane", "admin", &["rw"]).revision())
}

fn check_restored(app: &TestApp, before: &Value, lost: &str) {
    assert_eq!(access(app), *before);
    let asked = app.admin().at_least(lost).get(&at(&["customer-users", "jane", "access"]));
    asked.expect(412).problem("epoch_changed");
    assert!(!app.allows("jane", "stats", "ro") && app.allows("jane", "users", "ro"));
    // It goes on from there.
    app.link_customer("acme", "stats", &["ro"]);
    assert!(app.allows("jane", "stats", "ro"));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// On SQLite by a command of ours; a database of PostgreSQL has its own.
#[test]
fn a_backup_is_taken_while_the_service_runs_and_restored() {
    let mut app = TestApp::start();
    let file = app.data_dir().join("backup.sqlite");
    let to = file.to_str().expect("UTF-8").to_owned();
    if let Some(url) = app.postgres_url() {
        let refused = app.run(&["backup", "--to", &to]);
        assert!(!refused.status.success() && text(&refused.stderr).contains("pg_dump"), "{refused:?}");
        return by_pg_dump(&mut app, &url, &file);
    }
    let mut said = String::new();
    let (before, lost) = with_copy(&app, || {
        let done = app.run(&["backup", "--to", &to]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        said = text(&done.stdout);
    });
    assert!(said.starts_with("backed up to ") && said.contains(": revision "), "{said}");
    let again = app.run(&["backup", "--to", &to]);
    assert!(!again.status.success() && text(&again.stderr).contains("exists already"), "no backup is overwritten");
    restore(&mut app, &file);
    check_restored(&app, &before, &lost);
    // The same copy once more: what was written after the first time is of a lost history too.
    let lost = app.link_customer_user("jane", "stats", &["rw"]).revision();
    restore(&mut app, &file);
    check_restored(&app, &before, &lost);
}

fn restore(app: &mut TestApp, file: &Path) {
    app.stop();
    for name in ["customer-access.sqlite", "customer-access.sqlite-wal", "customer-access.sqlite-shm"] {
        let _ = fs::remove_file(app.data_dir().join(name));
    }
    fs::copy(file, app.data_dir().join("customer-access.sqlite")).expect("the backup is put in place");
    app.resume();
}

fn by_pg_dump(app: &mut TestApp, url: &str, file: &Path) {
    let (before, lost) =
        with_copy(app, || run("pg_dump", &["--format=custom", "--file", &file.to_string_lossy(), url]));
    app.stop();
    run("pg_restore", &["--clean", "--if-exists", "--dbname", url, &file.to_string_lossy()]);
    let renewed = app.run(&["renew-epoch"]);
    assert!(renewed.status.success() && text(&renewed.stdout).contains("the epoch is renewed"), "{renewed:?}");
    app.resume();
    check_restored(app, &before, &lost);
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect("the tools of PostgreSQL are installed");
    assert!(output.status.success(), "{program}: {}", text(&output.stderr));
}

#[test]
fn an_epoch_that_is_renewed_under_a_running_service_is_noticed() {
    let app = TestApp::start();
    let old = app.customer("acme").revision();
    assert!(app.run(&["renew-epoch"]).status.success());
    for _ in 0..200 {
        let reply = app.admin().at_least(&old).get("/v1/settings");
        if reply.status == 412 {
            return drop(reply.problem("epoch_changed"));
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the service goes on under the old epoch");
}

#[test]
fn a_database_that_is_not_there_is_not_backed_up() {
    let app = TestApp::start();
    if app.postgres_url().is_some() {
        return; // There is always one; the refusal is tested above.
    }
    let nowhere = app.data_dir().join("none.sqlite");
    let refused = Command::new(crate::common::app::BINARY)
        .args(["backup", "--to", &app.data_dir().join("copy").to_string_lossy()])
        .env_clear()
        .env("DATABASE_URL", format!("sqlite:{}", nowhere.display()))
        .output()
        .expect("the command runs");
    assert!(!refused.status.success() && text(&refused.stderr).contains("there is no"), "{refused:?}");
    assert!(!nowhere.exists() && !app.data_dir().join("copy").exists());
}
