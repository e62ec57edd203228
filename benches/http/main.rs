//! What the service answers over HTTP, held against a bare echo of the same build, driven by the same client: ratios
//! of one run, which hold on any machine, and no figures that would hold on this one alone.
//!
//! `BENCH_CUSTOMER_USERS` is the size of the large directory, a million if it is not set.
#![allow(missing_docs, clippy::expect_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]

mod client;
mod compare;
#[path = "../directory/mod.rs"]
mod directory;
mod fill;
#[path = "../rows/mod.rs"]
mod rows;
mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use client::{Connection, Requests, request};
use compare::{Side, compare, costs};
use directory::Random;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rows::{Target, median, quick, report};
use serde_json::{Value, json};
use servers::{CELLS, READS, Server};
use tempfile::TempDir;

const SMALL: u32 = 1_000;
/// So many requests are prepared, more than a processor's caches remember the answers of.
const QUESTIONS: usize = 1 << 14;
const SECRET: &str = "a-secret-for-benches-of-more-than-32-bytes";
const ISSUER: &str = "https://id.example.com/realms/desk";

fn main() {
    if std::env::args().any(|argument| argument == servers::ECHO) {
        return servers::serve_echo().expect("the echo serves");
    }
    if std::env::args().any(|argument| argument == servers::FRAME) {
        return servers::serve_frame().expect("the frame serves");
    }
    let large = directory::customer_users();
    let (few, many) = (filled(SMALL), filled(large));
    let echo = Server::echo();
    against_the_echo(&echo, &few);
    as_it_grows(&few, &many, large);
    while_it_is_written(&many, large);
    batches(&few);
}

fn filled(customer_users: u32) -> TempDir {
    let data = TempDir::new().expect("a temporary directory");
    let began = Instant::now();
    fill::fill(data.path(), customer_users);
    println!("{customer_users} customer users in SQLite, in {:?}", began.elapsed());
    data
}

/// A server whose tokens are signed with its own secret.
fn service(data: &TempDir, settings: &[(&str, &str)]) -> Server {
    Server::service(data.path(), &[&[("JWT_SECRET", SECRET)], settings].concat())
}

fn claims(scope: &str) -> Value {
    let expires = chrono::Utc::now().timestamp() + 24 * 3_600;
    json!({"scope": scope, "sub": "bench", "exp": expires, "iss": ISSUER, "aud": "customer-access"})
}

fn token(scope: &str) -> String {
    let mut claims = claims(scope);
    claims.as_object_mut().expect("an object").retain(|name, _| name != "aud");
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).expect("a token")
}

fn rs256() -> String {
    let key = EncodingKey::from_rsa_pem(include_bytes!("../../tests/keys/rsa-1.pem")).expect("a private key");
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims("access:read"), &key).expect("a token")
}

/// Who is asked about, and which group.
fn questions(customer_users: u32) -> Vec<Value> {
    let mut random = Random::new();
    let mut one = || {
        let (who, group) = (fill::login(random.one(customer_users)), random.one(fill::GROUPS));
        json!({"customer_user": who, "group": format!("group {group}"), "permission": "ro"})
    };
    (0..QUESTIONS).map(|_| one()).collect()
}

fn checks(customer_users: u32, token: &str) -> Requests {
    let check = |question: &Value| request("POST", "/v1/access:check", token, &question.to_string());
    Arc::new(questions(customer_users).iter().map(check).collect())
}

fn everything(customer_users: u32, token: &str) -> Requests {
    let mut random = Random::new();
    let path = |who: u32| format!("/v1/customer-users/{}/access", fill::login(who).replace('@', "%40"));
    let requests = (0..QUESTIONS).map(|_| request("GET", &path(random.one(customer_users)), token, ""));
    Arc::new(requests.collect())
}

/// The same requests, as a browser sends them.
fn taking_gzip(requests: &Requests) -> Requests {
    let taking = |request: &Vec<u8>| {
        let line = request.iter().position(|byte| *byte == b'\n').expect("a first line") + 1;
        [&request[..line], b"Accept-Encoding: gzip, deflate, br\r\n", &request[line..]].concat()
    };
    Arc::new(requests.iter().map(taking).collect())
}

/// Requests to the echo for as many bytes as the service replies with.
fn as_long(service: &Server, requests: &Requests, token: &str) -> Requests {
    let mut connection = Connection::to(service.address);
    let lengths = requests.iter().map(|request| connection.ask(request));
    Arc::new(lengths.map(|length| request("GET", &format!("/bytes/{length}"), token, "")).collect())
}

/// Requests to an echo that does something besides.
fn besides(path: &str, token: &str) -> Requests {
    let ask = |question: &Value| request("POST", path, token, &question.to_string());
    Arc::new(questions(SMALL).iter().map(ask).collect())
}

fn against_the_echo(echo: &Server, data: &TempDir) {
    let token = token("access:read");
    let checks_sent = checks(SMALL, &token);
    let bare = Side::new(echo, &checks_sent);
    let against = |row: &str, server: &Server, requests: &Requests, target| {
        let found = compare(&Side::new(server, requests), &bare);
        report(&format!("{row} ÷ bare echo, requests a second"), found.requests, "ratio", target);
        // The kernel counts time in hundredths of a second: few slices tell nothing.
        if !quick() {
            let row = format!("{row}: work outside the kernel, beyond the echo's");
            report(&row, found.beyond, "µs", Target::None);
        }
        found
    };
    let quiet = service(data, &[]);
    let found = against("check over HTTP (HS256)", &quiet, &checks_sent, Target::AtLeast(0.8));
    report("check over HTTP (HS256) ÷ bare echo, the server's time", found.cpu, "ratio", Target::AtMost(2.0));
    let everything = everything(SMALL, &token);
    against("everything that one customer user has", &quiet, &everything, Target::AtLeast(0.5));
    let row = "the same for who takes gzip, as browsers do";
    against(row, &quiet, &taking_gzip(&everything), Target::None);
    everything_anew(&bare, &quiet, &everything);
    let blanks = as_long(&quiet, &everything, &token);
    drop(quiet);
    let logging = service(data, &[("ACCESS_LOG", "on")]);
    against("the same check with the access log", &logging, &checks_sent, Target::AtLeast(0.7));
    drop(logging);
    let public = include_str!("../../tests/keys/rsa-1.pub.pem");
    let settings = [("JWT_PUBLIC_KEY", public), ("JWT_ISSUER", ISSUER), ("JWT_AUDIENCE", "customer-access")];
    let issued = Server::service(data.path(), &settings);
    let of_issuer = checks(SMALL, &rs256());
    against("the same check with RS256, a token that repeats", &issued, &of_issuer, Target::AtLeast(0.8));
    drop(issued);
    let frame = Server::frame();
    let found = against("what every reply has around it, without an answer", &frame, &checks_sent, Target::None);
    report("the same, the server's time", found.cpu, "ratio", Target::None);
    against("the same with the token of RS256", &frame, &of_issuer, Target::None);
    drop(frame);
    what_limits_it(&bare, &blanks, &token);
}

/// What was written of somebody serves until the next revision, which here soon comes: few are asked about twice before.
fn everything_anew(bare: &Side<'_>, service: &Server, everything: &Requests) {
    let (admin, writes) = (token("admin"), AtomicU32::new(0));
    let write = |stop: &AtomicBool| write_links(service, &admin, &writes, SMALL, stop);
    let found = compare(&Side { beside: Some(&write), ..Side::new(service, everything) }, bare);
    let row = "everything under 50 link writes a second, so that most of it is written anew ÷ bare echo";
    report(row, found.requests, "ratio", Target::None);
}

/// What the length of a reply costs, and what work costs: requests that are not answered meanwhile.
fn what_limits_it(bare: &Side<'_>, blanks: &Requests, token: &str) {
    let echo = bare.server;
    let found = compare(&Side::new(echo, blanks), bare);
    report("an echo of as many blanks as everything has ÷ bare echo", found.requests, "ratio", Target::None);
    let busy = |microseconds: u64| besides(&format!("/busy/{}", microseconds * 1_000), token);
    let at_once = busy(0);
    for microseconds in [1, 2, 4, 6] {
        let found = compare(&Side::new(echo, &busy(microseconds)), &Side::new(echo, &at_once));
        let row = format!("an echo that works {microseconds} µs longer ÷ one that does not, requests a second");
        report(&row, found.requests, "ratio", Target::None);
    }
    let [few, many] = CELLS.map(|cells| besides(&format!("/reading/{cells}"), token));
    let found = compare(&Side::new(echo, &many), &Side::new(echo, &few));
    let row = format!("an echo that reads {READS} times from as much memory as a million take ÷ as a thousand take");
    report(&row, found.requests, "ratio", Target::None);
}

fn as_it_grows(few: &TempDir, many: &TempDir, large: u32) {
    let token = token("access:read");
    let (small_server, large_server) = (service(few, &[]), service(many, &[]));
    let (of_small, of_large) = (checks(SMALL, &token), checks(large, &token));
    let (small, all) = (Side::new(&small_server, &of_small), Side::new(&large_server, &of_large));
    let row = format!("check over HTTP at {large} customer users ÷ at {SMALL}");
    report(&row, compare(&all, &small).requests, "ratio", Target::AtLeast(0.9));
    let between: Vec<u32> = [10_000, 100_000].into_iter().filter(|size| *size < large).collect();
    let servers: Vec<_> = between.iter().map(|size| (filled(*size), checks(*size, &token))).collect();
    let servers: Vec<_> = servers.iter().map(|(data, checks)| (service(data, &[]), checks)).collect();
    let mut sides = vec![&small];
    let of_between: Vec<_> = servers.iter().map(|(server, checks)| Side::new(server, checks)).collect();
    sides.extend(&of_between);
    sides.push(&all);
    for (size, cost) in [&[SMALL][..], &between, &[large]].concat().into_iter().zip(costs(&sides)) {
        report(&format!("server's time of a check over HTTP at {size} customer users"), cost, "µs", Target::None);
    }
}

fn while_it_is_written(data: &TempDir, customer_users: u32) {
    let (token, admin) = (token("access:read"), token("admin"));
    let server = service(data, &[]);
    let requests = checks(customer_users, &token);
    let quiet = Side::new(&server, &requests);
    let writes = AtomicU32::new(0);
    let write = |stop: &AtomicBool| write_links(&server, &admin, &writes, customer_users, stop);
    let found = compare(&Side { beside: Some(&write), ..Side::new(&server, &requests) }, &quiet);
    report("check under 50 link writes a second ÷ without", found.requests, "ratio", Target::AtLeast(0.95));
    let switch = || {
        let mut connection = Connection::to(server.address);
        for on in [false, true] {
            let body = json!({"group_support": on}).to_string();
            connection.ask(&request("PATCH", "/v1/settings", &admin, &body));
        }
    };
    let found = compare(&Side { before: &switch, ..Side::new(&server, &requests) }, &quiet);
    report("check after group support was switched ÷ before", found.requests, "ratio", Target::AtLeast(0.95));
}

/// Fifty writes a second, each of which changes a link.
#[expect(clippy::disallowed_methods, reason = "a bench waits, and serves nobody")]
fn write_links(server: &Server, token: &str, writes: &AtomicU32, customer_users: u32, stop: &AtomicBool) {
    let mut connection = Connection::to(server.address);
    let (began, mut made) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let write = writes.fetch_add(1, Ordering::Relaxed);
        let who = 1 + write.wrapping_mul(2_654_435_761) % customer_users;
        let path = format!("/v1/customer-users/id:u{who}/groups/id:g{}", 4 + write % fill::GROUPS);
        let permission = if (write / fill::GROUPS).is_multiple_of(2) { "ro" } else { "rw" };
        connection.ask(&request("PUT", &path, token, &json!({"permissions": [permission]}).to_string()));
        made += 1;
        std::thread::sleep((Duration::from_millis(20) * made).saturating_sub(began.elapsed()));
    }
}

/// A batch of a hundred, and the same questions one after the other, on one connection.
fn batches(data: &TempDir) {
    let token = token("access:read");
    let server = service(data, &[]);
    let mut connection = Connection::to(server.address);
    let questions = questions(SMALL);
    let singles = checks(SMALL, &token);
    let mut ratios = Vec::new();
    for (hundred, singles) in questions.chunks(100).zip(singles.chunks(100)).take(if quick() { 20 } else { 150 }) {
        let batch = json!({"items": hundred}).to_string();
        let batch = request("POST", "/v1/access:batch-check", &token, &batch);
        let began = Instant::now();
        for single in singles {
            connection.ask(single);
        }
        let one_by_one = began.elapsed();
        let began = Instant::now();
        connection.ask(&batch);
        ratios.push(began.elapsed().as_secs_f64() / one_by_one.as_secs_f64());
    }
    report("batch of 100 checks ÷ 100 single ones, in time", median(ratios), "ratio", Target::AtMost(0.05));
}
