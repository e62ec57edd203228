//! How the program comes to its PostgreSQL: addresses, passwords, secrets and TLS, against a server that asks for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

mod server;
#[cfg(feature = "postgres-tls")]
mod tls;

use std::process::{Command, Output};

use server::{PASSWORD, Server, encoded};

const SECRET: (&str, &str) = ("JWT_SECRET", "a-secret-for-tests-of-more-than-32-bytes");

/// Runs the program with these settings and no others.
fn run(command: &str, settings: &[(&str, &str)]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    program.arg(command).env_clear().current_dir("/").envs(settings.iter().copied());
    program.output().expect("the program runs")
}

/// What it said when it refused; the password is no part of it.
#[track_caller]
fn refusal(command: &str, settings: &[(&str, &str)]) -> String {
    let output = run(command, &[settings, &[("RUST_LOG", "trace")]].concat());
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success(), "{said}");
    for secret in [PASSWORD, &encoded(PASSWORD), "hush"] {
        assert!(!said.contains(secret), "{said}");
    }
    said
}

#[test]
fn the_address_may_stand_in_a_file_and_nothing_has_to_be_writable() {
    let server = Server::start();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{}\n", server.url("plain", PASSWORD))).expect("a file");
    let settings = [("DATABASE_URL_FILE", file.path().to_str().expect("a path")), ("DATA_DIR", "/proc/nowhere")];
    let migrated = run("migrate", &settings);
    assert!(migrated.status.success(), "{}: {}", migrated.status, String::from_utf8_lossy(&migrated.stderr));
    assert_eq!(server.ask("plain", "SELECT count(*) FROM state"), "1");
    assert_eq!(server.ask("plain", "SELECT count(*) FROM settings"), "1", "what a new directory begins with");
}

#[test]
fn a_wrong_password_is_never_shown() {
    let server = Server::start();
    for command in ["serve", "migrate"] {
        let said = refusal(command, &[("DATABASE_URL", &server.url("plain", "hush-wrong")), SECRET]);
        assert!(said.contains("password authentication failed for user \"desk\""), "{said}");
    }
    let said = refusal("serve", &[("DATABASE_URL", &server.url_as_it_is("plain", PASSWORD)), SECRET]);
    assert!(said.contains("must be percent-encoded"), "{said}");
}

#[test]
fn a_new_database_is_named_without_its_password() {
    let server = Server::start();
    let settings = [("DATABASE_URL", &*server.url("plain", PASSWORD))];
    let said = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let first = said(run("export", &settings));
    assert!(first.starts_with("made a new database, postgres://") && first.contains("/plain: "), "{first}");
    assert!(!first.contains('@') && !first.contains(&encoded(PASSWORD)), "{first}");
    assert!(said(run("export", &settings)).starts_with("exported "), "it is not new any more");
}

#[test]
fn no_secret_is_made_on_postgres() {
    let url = ("DATABASE_URL", "postgres://127.0.0.1:1/desk");
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let settings = [url, ("DATA_DIR", data.to_str().expect("a path"))];
    let said = refusal("serve", &settings);
    assert!(said.contains("JWT_SECRET must be set on PostgreSQL") && said.contains("openssl rand -hex 32"), "{said}");
    assert!(!data.exists());
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn without_tls_it_says_how_to_get_it() {
    let server = Server::start();
    let required = format!("{}?sslmode=require", server.url("secured", PASSWORD));
    for url in [required, server.url("secured", PASSWORD)] {
        let said = refusal("migrate", &[("DATABASE_URL", &url)]);
        assert!(said.contains("build it with --features postgres-tls"), "{said}");
    }
}
