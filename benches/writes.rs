//! Writes of one link over HTTP on SQLite, beside the bare durable commit of one row on the same disk with the same
//! settings, in turns.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod directory;
mod rows;
mod service;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use directory::Random;
use rows::Target::{AtLeast, None as NoTarget};
use service::client::Client;
use service::{Service, fill, fresh};

const CUSTOMER_USERS: u32 = 10_000;
const CLIENTS: usize = 64;
const ROUNDS: usize = 4;

fn round() -> Duration {
    Duration::from_millis(if rows::quick() { 500 } else { 2_000 })
}

/// Does something again and again for a round; gives how often a second.
fn a_second(mut act: impl FnMut()) -> f64 {
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < round() {
        act();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// A link that is there with one of two permissions, and gets the other.
fn write(client: &mut Client, random: &mut Random, turn: &mut u32) {
    *turn += 1;
    let path = format!("/v1/customer-users/id:u{}/groups/id:g{}", random.one(CUSTOMER_USERS), 10 + random.one(1_000));
    let permission = if turn.is_multiple_of(2) { "ro" } else { "rw" };
    client.time("PUT", &path, &format!(r#"{{"permissions": ["{permission}"]}}"#));
}

fn one_client(client: &mut Client, random: &mut Random) -> f64 {
    let mut turn = 0;
    a_second(|| write(client, random, &mut turn))
}

fn many_clients(clients: &mut [Client], random: &mut Random) -> f64 {
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                let mut random = Random::from(random.below(u32::MAX));
                scope.spawn(move || one_client(client, &mut random))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a client")).sum()
    })
}

/// A connection with the settings of ours.
fn opened(path: &Path) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("a connection");
    conn.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 4096",
    )
    .expect("our settings");
    conn
}

/// A database with one table.
fn bare() -> SqliteConnection {
    let mut conn = opened(&fresh("bare.sqlite"));
    conn.batch_execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, value TEXT NOT NULL)").expect("a table");
    conn
}

/// A commit of what a link write keeps, as bare statements: the link, the revision, its change and its audit.
fn whole(conn: &mut SqliteConnection, random: &mut Random, turn: &mut u32) {
    *turn += 1;
    let (who, group, revision) =
        (random.one(CUSTOMER_USERS), 10 + random.one(1_000), u64::from(u32::MAX) + u64::from(*turn));
    let transaction = format!(
        r#"BEGIN IMMEDIATE;
        INSERT INTO customer_user_group_links VALUES ({who}, {group}, {turn} % 2 + 1)
        ON CONFLICT (customer_user_id, group_id) DO UPDATE SET permissions = excluded.permissions;
        INSERT INTO revisions VALUES ({revision}, '0123456789abcdef', '2026-01-01 00:00:00.000000');
        UPDATE state SET revision = {revision};
        INSERT INTO changes VALUES ({revision}, 0,
            '{{"change":"customer_user_group_link_set","customer_user":{who},"group":{group},"permissions":["ro"]}}');
        INSERT INTO audit VALUES ({revision}, 0, '2026-01-01 00:00:00.000000', 'bench',
            'customer_user_group_link', 'u{who}/g{group}', '[]', '["ro"]');
        COMMIT"#
    );
    conn.batch_execute(&transaction).expect("a commit");
}

/// A service that does nothing but have a thread commit as much as a link write keeps, for each request.
fn barest(path: PathBuf) -> SocketAddr {
    type Done = tokio::sync::oneshot::Sender<()>;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = listener.local_addr().expect("an address");
    let (queue, waiting) = sync_channel::<Done>(CLIENTS);
    std::thread::spawn(move || {
        let (mut conn, mut random, mut turn) = (opened(&path), Random::new(), 0);
        for done in waiting {
            whole(&mut conn, &mut random, &mut turn);
            done.send(()).expect("somebody who waits");
        }
    });
    let app = move || {
        let queue = queue.clone();
        let commit = move || {
            let (done, is_done) = tokio::sync::oneshot::channel();
            queue.send(done).expect("a thread that commits");
            async move {
                is_done.await.expect("a commit");
                HttpResponse::Ok().finish()
            }
        };
        App::new().default_service(web::to(commit))
    };
    std::thread::spawn(move || {
        let server = HttpServer::new(app).listen(listener).expect("a server");
        actix_web::rt::System::new().block_on(async { server.run().await })
    });
    address
}

fn copied(filled: &str, name: &str) -> PathBuf {
    let copy = fresh(name);
    std::fs::copy(filled, &copy).expect("a copy");
    copy
}

fn main() {
    let filled = fill::sqlite(CUSTOMER_USERS);
    let filled = filled.trim_start_matches("sqlite:");
    let service = Service::start(&format!("sqlite:{}", copied(filled, "written.sqlite").display()));
    let (mut conn, mut random) = (bare(), Random::new());
    let mut of_all = opened(&copied(filled, "whole.sqlite"));
    let mut clients: Vec<Client> = vec![service.client()];
    clients.extend((1..CLIENTS).map(|_| clients[0].another()).collect::<Vec<_>>());
    let (mut bare, mut one, mut many) = (Vec::new(), Vec::new(), Vec::new());
    let (mut all, mut least, mut turn) = (Vec::new(), Vec::new(), 0);
    let mut of_barest = Client::connect(barest(copied(filled, "barest.sqlite")), "").expect("a connection");
    for _ in 0..ROUNDS {
        all.push(a_second(|| whole(&mut of_all, &mut random, &mut turn)));
        least.push(a_second(|| {
            of_barest.time("PUT", "/", "");
        }));
        bare.push(a_second(|| {
            conn.batch_execute("BEGIN IMMEDIATE; INSERT INTO rows (value) VALUES ('one row'); COMMIT")
                .expect("a commit");
        }));
        one.push(one_client(&mut clients[0], &mut random));
        many.push(many_clients(&mut clients, &mut random));
    }
    tell([bare, one, many, all, least].map(rows::median));
}

/// Commits and writes in a second.
fn tell([bare, one, many, all, least]: [f64; 5]) {
    rows::report("bare durable commits of one row", bare, "a second", NoTarget);
    rows::report("link writes over HTTP on SQLite, one client", one, "a second", NoTarget);
    rows::report("link writes over HTTP on SQLite, 64 clients", many, "a second", NoTarget);
    rows::report(
        "a link write over HTTP on SQLite, one client ÷ bare durable commit",
        one / bare,
        "ratio",
        AtLeast(0.5),
    );
    rows::report("bare durable commits of all that a link write keeps", all, "a second", NoTarget);
    rows::report(
        "a service that does nothing but commit all that, one client ÷ bare durable commit",
        least / bare,
        "ratio",
        NoTarget,
    );
    rows::report(
        "link writes over HTTP on SQLite, 64 clients ÷ bare durable commit",
        many / bare,
        "ratio",
        AtLeast(2.0),
    );
}
