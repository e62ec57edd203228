//! TLS to PostgreSQL, in a program that was built with it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::server::{PASSWORD, Server};
use super::{SECRET, refusal, run};

/// With this certificate authority, and with the name of the server checked.
fn verified(url: &str, root_certificate: &str) -> String {
    format!("{url}?sslmode=verify-full&sslrootcert={root_certificate}")
}

#[test]
fn connections_are_encrypted_and_the_server_is_verified() {
    let server = Server::start();
    let url = verified(&server.url("secured", PASSWORD), &server.root_certificate());
    let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    program.env_clear().envs([("DATABASE_URL", url.as_str()), ("LISTEN", "127.0.0.1:0"), SECRET]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let line = lines.next();
    let seen = server.ask(
        "secured",
        "SELECT DISTINCT ssl || ' ' || version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'desk'",
    );
    let _ = child.kill();
    let _ = child.wait();
    assert!(line.is_some_and(|line| line.is_ok_and(|line| line.starts_with("listening on"))));
    assert_eq!(seen, "true TLSv1.3");
}

#[test]
fn another_authority_another_name_and_no_encryption_are_refused() {
    let server = Server::start();
    let (other, own) = (Server::start(), server.root_certificate());
    let settings = |url: String| refusal("migrate", &[("DATABASE_URL", &url)]);
    let said = settings(verified(&server.url("secured", PASSWORD), &other.root_certificate()));
    assert!(said.contains("certificate verify failed"), "{said}");
    let said = settings(verified(&server.url_by_number("secured", PASSWORD), &own));
    assert!(said.contains("does not match host name"), "{said}");
    let said = settings(format!("{}?sslmode=disable", server.url("secured", PASSWORD)));
    assert!(said.contains("no encryption"), "{said}");
    let migrated = run("migrate", &[("DATABASE_URL", &verified(&server.url("secured", PASSWORD), &own))]);
    assert!(migrated.status.success(), "{}: {}", migrated.status, String::from_utf8_lossy(&migrated.stderr));
}
