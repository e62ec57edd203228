//! The database file of the commands: one that cannot be opened, one that is not there, one that is made anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

use std::path::Path;
use std::process::{Command, Output};

const TABLE: &str = "external_id,login\n1,jane\n";
const IMPORTS: [&[&str]; 2] = [
    &["import", "job", "--file", "rows.csv", "--kind", "customer_user", "--quiet"],
    &["import", "crm", "--file", "rows.csv", "--source", "crm", "--map", "login=login", "--quiet"],
];
const OF_WHAT_IS_THERE: [&[&str]; 4] =
    [&["export"], &["backup", "--to", "copy.sqlite"], &["renew-epoch"], &["erase", "--customer-user", "jane", "--yes"]];

/// Runs the program in a directory, with this database.
fn run(directory: &Path, database: &str, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    program.args(arguments).env_clear().current_dir(directory).env("DATABASE_URL", database);
    program.output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("rows.csv"), TABLE).expect("a file");
    directory
}

#[test]
fn a_database_that_cannot_be_opened_is_named_by_every_command() {
    let directory = directory();
    std::fs::create_dir(directory.path().join("desk")).expect("a directory");
    let named = format!("the database {} cannot be opened: it is a directory", directory.path().join("desk").display());
    let serves: [&[&str]; 2] = [&["serve"], &["migrate"]];
    for arguments in serves.iter().chain(&IMPORTS).chain(&OF_WHAT_IS_THERE) {
        let output = run(directory.path(), "desk", arguments);
        assert!(!output.status.success() && said(&output).contains(&named), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let directory = directory();
    let missing = directory.path().join("none");
    let output = run(directory.path(), "none/desk.sqlite", &["migrate"]);
    assert!(said(&output).contains(&format!("there is no directory {}; make it", missing.display())), "{output:?}");
    let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    let output = program.arg("migrate").env_clear().env("DATA_DIR", "/proc/none").output().expect("the program runs");
    assert!(said(&output).contains("DATA_DIR /proc/none cannot be made: "), "{output:?}");
}

#[test]
fn what_needs_a_database_that_is_there_makes_none() {
    let directory = directory();
    for arguments in OF_WHAT_IS_THERE {
        let output = run(directory.path(), "desk.sqlite", arguments);
        let file = directory.path().join("desk.sqlite");
        let named = format!("there is no database {}; run the command in the directory", file.display());
        assert!(!output.status.success() && said(&output).contains(&named), "{arguments:?}: {}", said(&output));
        assert!(!file.exists());
    }
}

#[test]
fn an_import_says_which_database_it_has_made() {
    for arguments in IMPORTS {
        let directory = directory();
        let file = directory.path().join("desk.sqlite");
        let (first, second) =
            (run(directory.path(), "desk.sqlite", arguments), run(directory.path(), "desk.sqlite", arguments));
        assert!(first.status.success() && second.status.success(), "{first:?} {second:?}");
        let named = format!("made a new database, {}: only a service with this DATA_DIR", file.display());
        assert!(said(&first).contains(&named), "{}", said(&first));
        assert!(!said(&second).contains("made a new database"), "{}", said(&second));
    }
}
