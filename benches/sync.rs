//! Import jobs of 200,000 customer users (`BENCH_SYNC_CUSTOMER_USERS`) and a tenth as many customers over HTTP, in each of
//! the two databases: all new, all as they are, all changed. From the close of the job to its end, with checks at a
//! fixed offered load beside it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod rows;
mod service;

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use rows::Target::{AtLeast, AtMost, None as NoTarget};
use serde_json::Value;
use service::client::Client;
use service::{Postgres, Service, fresh, wait};

/// So many rows are in a chunk.
const CHUNK: u32 = 20_000;
/// A check is sent every so often, whatever became of the one before.
const EVERY: Duration = Duration::from_millis(2);
const UNDISTURBED: Duration = Duration::from_secs(5);
/// So often checks are timed with nothing beside them and then beside a job, in turns.
const TURNS: usize = 3;

#[expect(clippy::disallowed_methods, reason = "a bench is configured by whoever runs it")]
fn customer_users() -> u32 {
    let asked = std::env::var("BENCH_SYNC_CUSTOMER_USERS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(if rows::quick() { 20_000 } else { 200_000 })
}

/// The rows of an export, in chunks; `night` is a text that makes them others.
fn chunks(many: u32, night: &str) -> Vec<String> {
    let mut chunks = Vec::new();
    for first in (0..many).step_by(CHUNK as usize) {
        let mut lines = String::new();
        for n in first..many.min(first + CHUNK) {
            if n.is_multiple_of(10) {
                let c = n / 10;
                writeln!(
                    lines,
                    r#"{{"kind":"customer","external_id":"0015e{c}","customer_id":"customer-{c}","name":"Customer {c} Ltd","city":"Berlin"}}"#
                )
                .expect("a line");
            }
            writeln!(
                lines,
                r#"{{"kind":"customer_user","external_id":"0035e{n}","login":"user{n}","email":"user{n}@customer-{c}.example","first_name":"Jane","last_name":"Doe {n}","phone":"+49 30 {n}","title":"{night}","customer":"external:crm:0015e{c}"}}"#,
                c = n / 10
            )
            .expect("a line");
        }
        chunks.push(lines);
    }
    chunks
}

/// Two exports, each row of which differs.
fn exports() -> [Vec<String>; 2] {
    ["Dr.", "Prof."].map(|night| chunks(customer_users(), night))
}

/// Creates a job, feeds and closes it, and waits for its end; gives how long the last took. The connection is a new one:
/// one that was idle for too long is closed by the service.
fn job(client: &Client, chunks: &[String]) -> (Duration, Value) {
    let mut client = client.another();
    let new = r#"{"source": "crm", "resources": ["customer", "customer_user"]}"#;
    let (status, body) = client.send("POST", "/v1/import-jobs", new);
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    let job: Value = serde_json::from_slice(&body).expect("a job");
    let path = format!("/v1/import-jobs/{}", job["id"].as_str().expect("an id"));
    for (number, chunk) in (1..).zip(chunks) {
        let place = format!("{path}/chunks/{number}");
        let (status, body) = client.send_as("application/x-ndjson", "PUT", &place, chunk);
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }
    let began = Instant::now();
    client.time("POST", &format!("{path}/close"), "");
    loop {
        let (_, body) = client.send("GET", &path, "");
        let took = began.elapsed();
        let job: Value = serde_json::from_slice(&body).expect("a job");
        match job["state"].as_str() {
            Some("completed") => return (took, job),
            Some("queued" | "running") => wait(Duration::from_millis(20)),
            _ => panic!("{job}"),
        }
    }
}

/// Sends checks at a fixed rate until told to stop; gives how long each took from when it was to be sent. The client is on
/// a machine of its own elsewhere: here it comes first, where it may, so that it does not wait for the service's processors.
fn checks(mut client: Client, stop: &AtomicBool) -> Vec<Duration> {
    let _ = rustix::process::setpriority_process(None, -20);
    let question = r#"{"customer_user": "user7", "group": "users", "permission": "ro"}"#;
    let (began, mut times) = (Instant::now(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let due = began + EVERY * u32::try_from(times.len()).expect("a number");
        wait(due.saturating_duration_since(Instant::now()));
        client.time("POST", "/v1/access:check", question);
        times.push(due.elapsed());
    }
    times
}

fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}

/// How long checks take beside something.
fn beside<T>(client: &Client, act: impl FnOnce() -> T) -> (T, f64) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let beside = client.another();
        let checking = scope.spawn(|| checks(beside, &stop));
        let done = act();
        stop.store(true, Ordering::Relaxed);
        (done, p99(checking.join().expect("the checks")))
    })
}

/// Requires that a job had this outcome for every customer user.
fn require(job: &Value, outcome: &str) {
    let kinds = job["counts"].as_array().into_iter().flatten();
    let done = kinds.filter(|of| of["kind"] == "customer_user").find_map(|of| of[outcome].as_u64());
    assert_eq!(done, Some(customer_users().into()), "{job}");
}

/// Times checks undisturbed and beside a job that changes every row, in turns, the second of the exports being the one
/// that is there; then beside bare statements, after which no job may follow. `where_` says what is special.
fn time_checks(client: &Client, exports: &[Vec<String>; 2], database: &str, url: &str, where_: &str) {
    let (mut undisturbed, mut disturbed) = (Vec::new(), Vec::new());
    for tonight in exports.iter().cycle().take(TURNS) {
        undisturbed.push(beside(client, || wait(UNDISTURBED)).1);
        let ((_, job), p99) = beside(client, || job(client, tonight));
        require(&job, "updated");
        disturbed.push(p99);
    }
    let (undisturbed, disturbed) = (rows::median(undisturbed), rows::median(disturbed));
    let row = format!("p99 of 500 checks a second, while a job on {database} runs{where_} ÷ undisturbed");
    rows::report(&row, disturbed / undisturbed, "ratio", AtMost(2.0));
    rows::report(&format!("the same, while a job on {database} runs{where_}"), disturbed, "ms", NoTarget);
    let by_database = rows::median((0..TURNS).map(|_| beside(client, || bare(url)).1).collect());
    let row = format!("the same, while bare statements on {database} keep as many changed rows{where_} ÷ undisturbed");
    rows::report(&row, by_database / undisturbed, "ratio", NoTarget);
}

/// Gives how many changed rows were written a second.
fn measure(database: &str, url: &str, target: f64) -> f64 {
    let many = customer_users();
    let service = Service::start(url);
    let client = service.client();
    let all = f64::from(many + many.div_ceil(10));
    let exports = exports();
    let [tonight, tomorrow] = &exports;
    let rate = |chunks: &[String], outcome: &str| {
        let (took, job) = job(&client, chunks);
        require(&job, outcome);
        all / took.as_secs_f64()
    };
    let created = rate(tonight, "created");
    rows::report(&format!("import job on {database}: new rows"), created, "a second", NoTarget);
    let unchanged = rate(tonight, "unchanged");
    rows::report(&format!("import job on {database}: unchanged rows"), unchanged, "a second", AtLeast(150_000.0));
    let changed = rate(tomorrow, "updated");
    rows::report(&format!("import job on {database}: changed rows"), changed, "a second", AtLeast(target));
    time_checks(&client, &exports, database, url, "");
    rows::report(&format!("most memory of the process, {database}"), service.peak_memory(), "bytes", NoTarget);
    changed
}

/// What a database alone needs to keep the same changes: the rows, their changes and their audit, a thousand in a
/// transaction, in one statement each, from what is there already.
fn bare(url: &str) -> f64 {
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let mut conn = SqliteConnection::establish(path).expect("a connection");
            conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").expect("our settings");
            bare_statements(&mut conn)
        }
        None => bare_statements(&mut PgConnection::establish(url).expect("a connection")),
    }
}

fn bare_statements(conn: &mut impl SimpleConnection) -> f64 {
    const TOGETHER: u32 = 1_000;
    /// Tells one time from another.
    static TURN: AtomicU32 = AtomicU32::new(1);
    let (many, turn) = (customer_users(), TURN.fetch_add(1, Ordering::Relaxed));
    conn.batch_execute(
        "CREATE TEMP TABLE model AS SELECT max(revision) AS revision
         FROM (SELECT revision FROM audit GROUP BY revision HAVING count(*) = 1000) AS whole",
    )
    .expect("a revision of a thousand rows");
    let began = Instant::now();
    for first in (0..many).step_by(TOGETHER as usize) {
        let (revision, after) = (u64::from(u32::MAX) * u64::from(turn) + u64::from(first), first + TOGETHER);
        let transaction = format!(
            "BEGIN;
             UPDATE customer_users SET title = 'Bare {turn}', updated_at = '2026-01-01 00:00:00'
             WHERE id > {first} AND id <= {after};
             INSERT INTO revisions VALUES ({revision}, 'bare', '2026-01-01 00:00:00');
             INSERT INTO changes SELECT {revision}, ordinal, body FROM changes
             WHERE revision = (SELECT revision FROM model);
             INSERT INTO audit SELECT {revision}, ordinal, happened_at, actor, kind, thing_id, value_before, value_after
             FROM audit WHERE revision = (SELECT revision FROM model);
             COMMIT"
        );
        conn.batch_execute(&transaction).expect("a commit");
    }
    f64::from(many) / began.elapsed().as_secs_f64()
}

fn main() {
    let url = format!("sqlite:{}", fresh("sync.sqlite").display());
    let changed = measure("SQLite", &url, 40_000.0);
    let bare = bare(&url);
    rows::report("bare statements of SQLite that keep as many changed rows", bare, "a second", NoTarget);
    rows::report("changed rows of an import job ÷ bare statements of SQLite", changed / bare, "ratio", NoTarget);
    match Postgres::start() {
        Some(server) => {
            measure("PostgreSQL", &server.url(), 15_000.0);
        }
        None => return println!("no PostgreSQL is installed, so it is not measured"),
    }
    beside_postgres_on_one_processor();
}

/// A database has a machine of its own elsewhere; here it can at least be kept from taking both processors.
fn beside_postgres_on_one_processor() {
    let server = Postgres::start().expect("it has started before");
    if server.keep_to_one_processor() {
        let (service, exports) = (Service::start(&server.url()), exports());
        let client = service.client();
        require(&job(&client, &exports[1]).1, "created");
        time_checks(&client, &exports, "PostgreSQL", &server.url(), " (PostgreSQL kept to one processor)");
    }
}
