//! The command: its flags, its exit codes, and what it says.

use std::path::Path;
use std::process::{Command, Output};

use crate::desk::Desk;

fn command(folder: &Path, flags: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    program.args(["import", "otobo"]).args(flags).env_clear().env("DATA_DIR", folder.join("data"));
    program.current_dir(folder).output().expect("the program runs")
}

#[track_caller]
fn exits(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn a_dry_run_makes_no_database_and_says_what_would_be() {
    let (desk, folder) = (Desk::small(), tempfile::tempdir().unwrap());
    let said = exits(&command(folder.path(), &["--from", &desk.url(), "--dry-run"]), 0);
    assert!(!folder.path().join("data").exists());
    assert!(said.contains("CustomerGroupSupport = 1 (sysconfig_modified)"), "{said}");
    assert!(said.contains("access: 4 customer users compared, 3 differ"), "{said}");
    let said = exits(&command(folder.path(), &["--from", &desk.url(), "--json", "--report", "all.txt"]), 0);
    let report: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(report["counts"]["customer users"]["created"], 4);
    assert_eq!(report["differences"]["items"].as_array().unwrap().len(), 6);
    assert!(std::fs::read_to_string(folder.path().join("all.txt")).unwrap().contains("customer_not_valid"));
}

#[test]
fn a_scheduler_can_tell_how_it_ended() {
    let (desk, folder) = (Desk::small(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    desk.sql("INSERT INTO group_customer_user VALUES ('ldap1', 2, 'ro', 1)");
    let said = exits(&command(folder, &["--from", &desk.url()]), 1);
    assert!(said.contains("undecided: 1;") && said.contains("Nothing was written."), "{said}");
    std::fs::write(folder.join("address"), format!("{}\n", desk.url())).unwrap();
    let create = ["--from-file", "address", "--missing-customer-users", "create:ldap"];
    exits(&command(folder, &create), 0);
    desk.sql("INSERT INTO service VALUES (8, '..', 1, NULL)");
    exits(&command(folder, &create), 3);
    exits(&command(folder, &["--from", &desk.url(), "--missing-customers", "create:ldap"]), 2);
    exits(&command(folder, &["--from", &desk.url(), "--setting", "CustomerGroupSupport=yes"]), 2);
    exits(&command(folder, &[]), 2);
}

#[test]
fn an_address_that_leads_nowhere_is_said_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    for from in [
        "postgres://desk:hush@127.0.0.1:1/desk",
        "postgres://desk:hu@sh@127.0.0.1:1/desk",
        "mysql://desk:hush@127.0.0.1:1/desk",
        "mysql://desk:hu/sh@127.0.0.1:1/desk",
        "sqlite:desk",
    ] {
        let said = exits(&command(folder.path(), &["--from", from]), 1);
        assert!(!said.contains("hush") && !said.contains("sh@") && said.contains("Nothing was written."), "{said}");
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn the_readme_shows_what_is_printed() {
    let (desk, folder) = (Desk::small(), tempfile::tempdir().unwrap());
    desk.sql("INSERT INTO group_customer_user VALUES ('ldap1', 2, 'ro', 1), ('anna', 1, 'ro', 0)");
    std::fs::write(folder.path().join("desk-address"), desk.url()).unwrap();
    let flags = ["--from-file", "desk-address", "--dry-run", "--missing-customer-users", "create:ldap"];
    let output = command(folder.path(), &flags);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&printed), "README.md does not show this:\n{printed}");
}

#[test]
fn the_directory_may_be_on_postgresql() {
    let (desk, folder) = (Desk::small(), tempfile::tempdir().unwrap());
    let directory = crate::postgres::Database::new();
    let import = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
        program.args(["import", "otobo", "--json", "--from", &desk.url()]).env_clear();
        program.env("DATABASE_URL", directory.url()).env("DATA_DIR", folder.path().join("data"));
        let said = exits(&program.output().expect("the program runs"), 0);
        serde_json::from_str::<serde_json::Value>(said.lines().next().unwrap()).unwrap()
    };
    let (first, second) = (import(), import());
    assert_eq!(first["differences"], second["differences"]);
    let counted = |report: &serde_json::Value, what: &str| -> u64 {
        let counts = report["counts"].as_object().unwrap().values();
        counts.map(|counts| counts[what].as_u64().unwrap()).sum()
    };
    // The group users was here before; and the settings.
    assert_eq!((counted(&first, "created"), counted(&first, "updated")), (24, 2));
    assert_eq!((counted(&second, "created"), counted(&second, "updated")), (0, 0));
}
