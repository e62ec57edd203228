//! Import jobs: whole exports, uploaded in chunks and written in the background.

use std::time::{Duration, Instant};

use crate::common::{Caller, Reply, TestApp, Value, at, json, query};

mod ahead;
mod chunks;
mod dry_run;
mod files;
mod full;
mod repeats;
mod results;
mod rows;
mod scopes;
mod steps;

pub const NDJSON: &str = "application/x-ndjson";

/// A job of an administrator.
pub struct Job<'a> {
    pub app: &'a TestApp,
    pub id: String,
}

/// Creates a job.
#[track_caller]
pub fn job(app: &TestApp, body: Value) -> Job<'_> {
    let id = app.post("/v1/import-jobs", body).expect(201).has("/state", "open").text_at("/id");
    Job { app, id }
}

/// A job of the source `crm` for customers and customer users.
#[track_caller]
pub fn crm(app: &TestApp) -> Job<'_> {
    job(app, json!({"source": "crm", "resources": ["customer", "customer_user"]}))
}

/// The same in full mode.
#[track_caller]
pub fn full(app: &TestApp) -> Job<'_> {
    job(app, json!({"source": "crm", "resources": ["customer", "customer_user"], "mode": "full"}))
}

/// Rows as lines of JSON.
pub fn lines(rows: &[Value]) -> Vec<u8> {
    rows.iter().map(|row| format!("{row}\n")).collect::<String>().into_bytes()
}

/// A row about a customer.
pub fn customer(number: usize) -> Value {
    json!({"kind": "customer", "external_id": number.to_string(), "customer_id": format!("c{number}"), "name": format!("Customer {number}")})
}

/// Rows about so many customers.
pub fn customers(count: usize) -> Vec<Value> {
    (1..=count).map(customer).collect()
}

impl<'a> Job<'a> {
    pub fn path(&self, rest: &[&str]) -> String {
        at(&[&["import-jobs", &self.id], rest].concat())
    }

    /// Uploads bytes as a chunk.
    #[track_caller]
    pub fn put(&self, caller: &Caller, number: u64, media: &str, kind: Option<&str>, bytes: Vec<u8>) -> Reply {
        let path = self.path(&["chunks", &number.to_string()]);
        let parameters: Vec<_> = kind.map(|kind| ("kind", kind)).into_iter().collect();
        caller.send_bytes("PUT", &query(&path, &parameters), Some(media), Some(bytes))
    }

    #[track_caller]
    pub fn lines(self, number: u64, rows: &[Value]) -> Self {
        self.put(&self.app.admin(), number, NDJSON, None, lines(rows)).expect(201);
        self
    }

    #[track_caller]
    pub fn table(self, number: u64, kind: &str, text: &str) -> Self {
        self.put(&self.app.admin(), number, "text/csv", Some(kind), text.as_bytes().to_vec()).expect(201);
        self
    }

    #[track_caller]
    pub fn close(self) -> Self {
        self.app.post(&self.path(&["close"]), json!({})).expect(200);
        self
    }

    #[track_caller]
    pub fn get(&self) -> Reply {
        self.app.get(&self.path(&[])).expect(200)
    }

    /// Waits until it rests.
    #[track_caller]
    pub fn wait(&self) -> Reply {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            let reply = self.get();
            if !["queued", "running"].contains(&reply.text_at("/state").as_str()) {
                return reply;
            }
            assert_eq!(reply.header("Retry-After"), "1");
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the job never rests: {}", self.get());
    }

    /// Closes it, and waits until it is completed.
    #[track_caller]
    pub fn complete(self) -> Reply {
        self.close().wait().has("/state", "completed")
    }

    /// What became of the rows, in the order in which they were sent.
    #[track_caller]
    pub fn results(&self, outcome: &str) -> Vec<Value> {
        let reply = self.app.get(&query(&self.path(&["results"]), &[("outcome", outcome)])).expect(200);
        assert_eq!(reply.content_type(), NDJSON);
        let mut rows: Vec<Value> = reply.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        rows.sort_by_key(|row| (row["chunk"].as_u64(), row["row"].as_u64()));
        rows
    }

    /// A member of each result.
    #[track_caller]
    pub fn each(&self, member: &str) -> Vec<String> {
        self.results("all").iter().map(|row| row[member].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The results as a table.
    #[track_caller]
    pub fn csv(&self, outcome: &str) -> String {
        let path = query(&self.path(&["results"]), &[("outcome", outcome)]);
        let reply = self.app.admin().header("Accept", "text/csv").get(&path).expect(200);
        assert_eq!(reply.content_type(), "text/csv");
        reply.text
    }
}

/// The counts of a kind, of those that a job shows.
#[track_caller]
pub fn counts(reply: &Reply, kind: &str) -> Value {
    let all = reply.json["counts"].as_array().expect("counts");
    all.iter().find(|counts| counts["kind"] == kind).unwrap_or_else(|| panic!("no counts of {kind} in {reply}")).clone()
}
