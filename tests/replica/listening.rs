//! Hearing of the writes of other processes, and what happens where nothing is heard.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use customer_access::config::{DatabaseUrl, Secret};
use customer_access::store::Store;

use super::database::{Database, Kind, behind_the_back, on_both, open, same_as_anew};
use super::history::{put_back, wait_until};
use super::verbs::{at_least, customer, revision};

fn a_write_elsewhere_is_heard_of(kind: Kind) {
    let database = kind.database();
    let (here, there) = (database.listener(), database.listener());
    let mut took = Vec::new();
    for n in 0..20 {
        // Whoever listens has begun to, once the first was heard of.
        let (from, to) = if n % 2 == 0 { (&here, &there) } else { (&there, &here) };
        customer(from, &format!("acme{n}"));
        let begun = Instant::now();
        wait_until(to, &format!("acme{n}"), true);
        took.push(begun.elapsed());
    }
    took.sort();
    eprintln!("{kind:?}: heard after {:?}, at the latest {:?}", took[10], took[19]);
    assert!(took[10] < Duration::from_secs(1), "{took:?}");
    same_as_anew(&there, &database);
}

fn what_a_request_asks_for_is_looked_for_at_once(kind: Kind) {
    let database = kind.database();
    let (here, there) = (database.sleeper(), database.sleeper());
    customer(&here, "acme");
    let begun = Instant::now();
    assert_eq!(at_least(&there, &here.token(revision(&here))), Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    same_as_anew(&there, &database);
}

/// The numbers of revisions that this process has written count for nothing in a history that was put back before them.
fn writes_are_heard_of_in_a_history_that_was_put_back(kind: Kind) {
    let database = kind.database();
    let here = database.listener();
    customer(&here, "kept");
    let kept = revision(&here);
    (0..5).for_each(|n| drop(customer(&here, &format!("lost{n}"))));
    put_back(&database, kept);
    behind_the_back(&database, "UPDATE state SET epoch = '0123456789abcdef'");
    let there = database.listener();
    customer(&there, "first");
    assert_eq!(at_least(&here, &there.token(revision(&there))), Ok(()));
    customer(&there, "second");
    wait_until(&here, "second", true);
    customer(&here, "third");
    wait_until(&there, "third", true);
    same_as_anew(&here, &database);
}

on_both!(
    a_write_elsewhere_is_heard_of,
    what_a_request_asks_for_is_looked_for_at_once,
    writes_are_heard_of_in_a_history_that_was_put_back,
);

#[test]
fn a_connection_that_broke_is_made_anew() {
    let database = Kind::Postgres.database();
    let (here, there) = (database.listener(), database.listener());
    customer(&here, "before");
    wait_until(&there, "before", true);
    behind_the_back(
        &database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE '%customer_access_revisions%' AND pid <> pg_backend_pid()",
    );
    customer(&here, "after");
    wait_until(&there, "after", true);
}

/// As a database does that speaks PostgreSQL's language and knows no LISTEN.
#[test]
fn without_listen_the_log_is_looked_at_from_time_to_time() {
    let database = Kind::Postgres.database();
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let url = without_listen(&database, directory.path());
    let store = || Store::open(&DatabaseUrl::Postgres(Secret::new(url.clone())), 4).expect("the database opens");
    let every = Duration::from_millis(50);
    let (here, there) = (open(store(), every, true), open(store(), every, true));
    for name in ["acme", "beta", "gamma"] {
        customer(&here, name);
        wait_until(&there, name, true);
    }
    same_as_anew(&there, &database);
}

/// The URL of a socket in the directory that passes everything on, but spells two words wrong.
fn without_listen(database: &Database, directory: &Path) -> String {
    let url = database.text();
    let (name, parameters) = url.trim_start_matches("postgres:///").split_once("?host=").expect("a socket");
    let (real, user) = parameters.split_once('&').expect("a user");
    let (socket, real) = (".s.PGSQL.5432", format!("{real}/.s.PGSQL.5432"));
    let listener = UnixListener::bind(directory.join(socket)).expect("a socket");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = UnixStream::connect(&real) else { continue };
            let (back, answers) = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            std::thread::spawn(move || pass_on(client, server, true));
            std::thread::spawn(move || pass_on(answers, back, false));
        }
    });
    format!("postgres:///{name}?host={}&{user}", directory.display())
}

fn pass_on(mut from: UnixStream, mut to: UnixStream, misspell: bool) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        for word in [b"LISTEN", b"NOTIFY"].into_iter().filter(|_| misspell) {
            let found = bytes[..count].windows(word.len()).position(|window| window == word);
            found.into_iter().for_each(|at| bytes[at] = b'?');
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
