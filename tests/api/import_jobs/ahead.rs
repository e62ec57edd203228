//! Large jobs, whose rows are read ahead: what others write meanwhile is kept, and what comes of the rows is what comes
//! of them one batch after the other.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Job, job};
use crate::common::{TestApp, Value, json};

/// How many customer users a source brings.
const MANY: usize = 3_000;
/// How many customers.
const FEW: usize = 20;
/// How many rows a batch has.
const BATCH: usize = 500;
/// How many write while a job runs.
const TOUCHING: usize = 3;

fn customers() -> Vec<Value> {
    let row = |number: usize| json!({"kind": "customer", "external_id": format!("{number}"), "customer_id": format!("c{number}")});
    (1..=FEW).map(row).collect()
}

fn customer_user(number: usize, last_name: &str) -> Value {
    json!({"kind": "customer_user", "external_id": number.to_string(), "login": format!("u{number}"),
           "last_name": last_name, "customer": format!("c{}", number % FEW + 1)})
}

fn rows_of(row: impl Fn(usize) -> Value) -> Vec<Value> {
    (1..=MANY).map(row).collect()
}

/// What the source brings first.
fn first() -> Vec<Value> {
    rows_of(|number| customer_user(number, "First"))
}

fn job_of<'a>(app: &'a TestApp, source: &str, dry_run: bool) -> Job<'a> {
    let resources = ["customer", "customer_user"];
    job(app, json!({"source": source, "resources": resources, "on_existing": "adopt", "dry_run": dry_run}))
}

fn crm(app: &TestApp) -> Job<'_> {
    job_of(app, "crm", false)
}

/// What the job says of a customer user while others write: of each second one another login, too.
fn second(number: usize) -> Value {
    let mut row = customer_user(number, "Second");
    if number % 2 == 1 {
        row["login"] = format!("w{number}").into();
    }
    row
}

/// What people change of a customer user of whom the source says nothing of that; says whether they made somebody of the
/// login that the job is about to give.
#[track_caller]
fn touch(app: &TestApp, number: usize) -> bool {
    let path = format!("/v1/customer-users/external:crm:{number}");
    let (customer, other) = (number % FEW + 1, (number + 3) % FEW + 1);
    app.patch(&path, json!({"comment": "kept"})).expect(200);
    app.put(&format!("{path}/external-ids/erp/{number}"), json!({})).expect(201);
    app.put(&format!("{path}/customers/external:crm:{other}"), json!({})).expect(201);
    let key = json!({"customer_id": format!("C{customer}")});
    app.patch(&format!("/v1/customers/external:crm:{customer}"), key).expect(200);
    app.post("/v1/customer-users", json!({"login": format!("W{number}")})).expect_any(&[201, 409]).status == 201
}

/// Touches customer users here and there, until it is told to stop; says which, and of which the login was free.
fn touch_many(app: &TestApp, first: usize, is_done: &AtomicBool) -> Vec<(usize, bool)> {
    let numbers = (0..).map(|turn| (first + turn * 1_009) % MANY + 1).take(MANY / TOUCHING);
    let numbers = numbers.take_while(|_| !is_done.load(Ordering::Relaxed));
    numbers.map(|number| (number, touch(app, number))).collect()
}

/// Runs a job on one server, while people write on these.
#[track_caller]
fn touched_meanwhile(app: &TestApp, theirs: [&TestApp; TOUCHING]) -> Vec<(usize, bool)> {
    crm(app).lines(1, &customers()).lines(2, &first()).complete();
    let (is_done, job) = (AtomicBool::new(false), crm(app).lines(1, &rows_of(second)).close());
    let touched: Vec<_> = std::thread::scope(|scope| {
        let (mut place, is_done) = (0..TOUCHING, &is_done);
        let begin = |app| {
            let first = place.next().map_or(0, |place| place * MANY / TOUCHING);
            scope.spawn(move || touch_many(app, first, is_done))
        };
        let threads = theirs.map(begin);
        job.wait().has("/state", "completed");
        is_done.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().expect("all is written")).collect()
    });
    assert!(touched.len() > TOUCHING, "the job was too quick: {touched:?}");
    let (status, rows) = (job.each("status"), touched.iter());
    let failed = |(number, is_taken): &(usize, bool)| *is_taken && number % 2 == 1;
    rows.for_each(|it| assert_eq!(status[it.0 - 1], if failed(it) { "failed" } else { "updated" }, "{it:?}"));
    touched
}

#[track_caller]
fn is_kept(app: &TestApp, (number, is_taken): (usize, bool)) {
    let last_name = if is_taken && number % 2 == 1 { "First" } else { "Second" };
    let reply = app.get(&format!("/v1/customer-users/external:crm:{number}")).expect(200);
    let reply =
        reply.has("/last_name", last_name).has("/comment", "kept").has("/external_ids/1/id", number.to_string());
    let (customer, other) = (format!("C{}", number % FEW + 1), (number + 3) % FEW + 1);
    let additional = reply.has("/customer", customer).text_at("/additional_customers/0").to_lowercase();
    assert_eq!(additional, format!("c{other}"));
}

#[test]
fn what_others_write_meanwhile_is_kept() {
    let app = TestApp::start();
    let touched = touched_meanwhile(&app, [&app; TOUCHING]);
    touched.into_iter().for_each(|it| is_kept(&app, it));
}

#[test]
fn so_is_what_they_write_through_another_process() {
    let app = TestApp::start();
    let file = || format!("sqlite:{}", app.data_dir().join("customer-access.sqlite").display());
    let other = TestApp::start_with(&[("DATABASE_URL", &app.postgres_url().unwrap_or_else(file))]);
    let touched = touched_meanwhile(&app, [&app, &other, &other]);
    touched.into_iter().for_each(|it| is_kept(&app, it));
}

/// Rows about customers: some renamed, some that swap their keys, some that take one that was just given up.
fn hard_customers() -> Vec<Value> {
    let key = |number: usize| match number {
        1..=9 => format!("d{number}"),
        10..=13 => format!("c{}", 23 - number),
        14 => "c99".to_owned(),
        15..=17 => format!("c{}", number - 1),
        _ => format!("c{number}"),
    };
    (1..=FEW)
        .map(|number| json!({"kind": "customer", "external_id": number.to_string(), "customer_id": key(number)}))
        .collect()
}

/// A row about a customer user, that has to do with rows in other slices.
fn hard(number: usize) -> Value {
    let mut row = customer_user(number, "Hard");
    let of = number % FEW + 1;
    row["customer"] = [format!("d{of}"), format!("c{of}"), format!("external:crm:{of}")][number % 3].clone().into();
    match number % 7 {
        // The login that a row before it has given up.
        0 if number == 7 => row["login"] = json!("v7"),
        0 => row["login"] = format!("u{}", number - 7).into(),
        // The login of one who is to get this one's, some slices away.
        1 => row["login"] = format!("u{}", (number + MANY / 2 - 1) % MANY + 1).into(),
        2 => row["external_ids"] = json!([{"source": "erp", "id": number.to_string()}]),
        3 => row["external_ids"] = json!([{"source": "erp", "id": format!("shared{}", number % 1_001)}]),
        4 => row = customer_user(number, "First"),
        5 => row["external_id"] = format!("new{number}").into(),
        _ => {}
    }
    row
}

/// Rows of customer users that the source has two keys for, or knows by login alone.
fn more(number: usize) -> Value {
    match number % 2 {
        0 => json!({"kind": "customer_user", "external_id": format!("second{number}"), "city": "Ulm"}),
        _ => {
            json!({"kind": "customer_user", "external_id": format!("p{number}"), "login": format!("P{number}"), "city": "Ulm"})
        }
    }
}

fn prepare(app: &TestApp) {
    crm(app).lines(1, &customers()).lines(2, &first()).complete();
    for number in 1..=60 {
        let login = format!("p{number}");
        app.post("/v1/customer-users", json!({"login": login})).expect(201);
        app.put(&format!("/v1/customer-users/u{}/external-ids/crm/second{number}", number * 41), json!({})).expect(201);
    }
}

/// The rows of a job, in the order in which they are written.
fn all_hard() -> Vec<Value> {
    let customer_users = (1..=MANY).map(hard).chain((1..=60).map(more));
    hard_customers().into_iter().chain(customer_users).collect()
}

/// Rows of another system about the same people, from the last one on.
fn of_erp() -> Vec<Value> {
    let row = |number: usize| json!({"kind": "customer_user", "external_id": number.to_string(), "login": format!("u{number}"), "city": "Bonn"});
    (1..=MANY).rev().map(row).collect()
}

/// What became of the rows of a job: how it ended, why, and of what.
fn by_job(app: &TestApp, source: &str, dry_run: bool, rows: &[Value]) -> Vec<[String; 3]> {
    let job = job_of(app, source, dry_run).lines(1, rows).close();
    job.wait().has("/state", "completed");
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    job.results("all").iter().map(|row| ["status", "code", "key"].map(|member| text(row, member))).collect()
}

/// How each of the rows ended, sent in batches, as whoever has no job does.
fn in_batches(app: &TestApp, source: &str, rows: &[Value]) -> Vec<String> {
    let mut outcomes = Vec::new();
    for of_kind in rows.chunk_by(|one, other| one["kind"] == other["kind"]) {
        let path = if of_kind[0]["kind"] == "customer" { "customers" } else { "customer-users" };
        for rows in of_kind.chunks(BATCH) {
            let mut items = rows.to_vec();
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|row| drop(row.remove("kind")));
            let body = json!({"source": source, "on_existing": "adopt", "items": items});
            let reply = app.post(&format!("/v1/{path}:batch-upsert"), body).expect(200);
            outcomes.extend(reply.items().iter().map(|item| item["outcome"].as_str().unwrap_or_default().to_owned()));
        }
    }
    outcomes
}

/// The lists, but for the times.
fn lists(app: &TestApp) -> Vec<Value> {
    let mut all = app.pages("/v1/customers", &[("limit", "1000")]);
    all.extend(app.pages("/v1/customer-users", &[("limit", "1000")]));
    for record in all.iter_mut().filter_map(Value::as_object_mut) {
        record.retain(|member, _| !["created_at", "updated_at", "etag"].contains(&member.as_str()));
    }
    all
}

#[track_caller]
fn same<T: PartialEq + std::fmt::Debug>(these: &[T], those: &[T]) {
    let differences: Vec<_> = these.iter().zip(those).filter(|(this, that)| this != that).take(3).collect();
    assert!(these.len() == those.len() && differences.is_empty(), "{differences:#?}");
}

#[test]
fn a_job_comes_to_what_it_was_to_come_to_and_to_what_batches_come_to() {
    let (app, other) = (TestApp::start(), TestApp::start());
    [&app, &other].into_iter().for_each(prepare);
    for (source, rows) in [("crm", all_hard()), ("erp", of_erp())] {
        let foreseen = by_job(&app, source, true, &rows);
        let come = by_job(&app, source, false, &rows);
        same(&foreseen, &come);
        let ended: Vec<String> = come.into_iter().map(|[status, ..]| status).collect();
        same(&in_batches(&other, source, &rows), &ended);
        same(&lists(&app), &lists(&other));
    }
}
