//! `customer-access token`, as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

use std::process::{Command, Output};

fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    command.env_clear().env("DATA_DIR", directory.path()).envs(settings.iter().copied());
    command.arg("token").args(arguments).output().unwrap()
}

fn refusal(arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let output = run(arguments, settings);
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_prints_the_token_and_nothing_else() {
    let arguments =
        ["--scope", "links:read sync:write", "--scope", "access:read", "--subject", "crm", "--expires", "7d"];
    let output = run(&arguments, &[]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("made a new signing secret, /") && said.contains("DATA_DIR"), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert_eq!(text.trim_end().split('.').count(), 3);
}

#[test]
fn it_says_nothing_of_a_secret_that_is_there() {
    let output = run(
        &["--scope", "admin", "--subject", "me"],
        &[("JWT_SECRET", "a secret that is long enough for a signature")],
    );
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn an_unknown_scope_is_refused_with_the_list() {
    let refusal = refusal(&["--scope", "access:read root", "--subject", "alice"], &[]);
    assert!(refusal.contains("there is no scope \"root\"") && refusal.contains("directory:read, directory:write"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for arguments in [
        vec!["--scope", "", "--subject", "alice"],
        vec!["--scope", "admin", "--subject", " "],
        vec!["--scope", "admin", "--subject", "alice", "--expires", "0s"],
        vec!["--scope", "admin", "--subject", "alice", "--expires", "11y"],
    ] {
        assert!(refusal(&arguments, &[]).starts_with("customer-access: "), "{arguments:?}");
    }
}

#[test]
fn tokens_of_an_issuer_are_not_made_here() {
    let settings = [("JWKS_FILE", "keys.json"), ("JWT_ISSUER", "https://id.example"), ("JWT_AUDIENCE", "desk")];
    let refusal = refusal(&["--scope", "admin", "--subject", "alice"], &settings);
    assert_eq!(
        refusal,
        "customer-access: tokens come from the issuer https://id.example, whose keys are configured here; ask it for one\n"
    );
}

#[test]
fn a_wrong_setting_is_named() {
    let refusal = refusal(&["--scope", "admin", "--subject", "alice"], &[("JWT_SECRET", "hush")]);
    assert!(refusal.starts_with("customer-access: JWT_SECRET ") && !refusal.contains("hush"), "{refusal}");
}
