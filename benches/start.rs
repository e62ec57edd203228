//! From the start of the process to the first yes of `/readyz`, with a directory of `BENCH_CUSTOMER_USERS` in each of the
//! two databases: five links to groups each, and all the rest. The database's file is in the system's cache.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod directory;
mod rows;
mod service;

use directory::customer_users;
use rows::Target::{AtMost, None as NoTarget};
use service::{Postgres, Service, fill};

fn start(database: &str, url: &str, target: f64) {
    let starts: Vec<(f64, f64)> = (0..3)
        .map(|_| {
            let service = Service::start(url);
            (service.ready_after.as_secs_f64(), service.peak_memory())
        })
        .collect();
    let fastest = starts.iter().map(|(took, _)| *took).fold(f64::INFINITY, f64::min);
    rows::report(&format!("from start to ready, {database}"), fastest, "s", AtMost(target));
    let peak = starts.iter().map(|(_, peak)| *peak).fold(0.0, f64::max) / f64::from(customer_users());
    rows::report(
        &format!("most memory of the process at its start, {database}, a customer user"),
        peak,
        "bytes",
        NoTarget,
    );
}

fn main() {
    let people = customer_users();
    start("SQLite", &fill::sqlite(people), 5.0);
    let Some(server) = Postgres::start() else {
        println!("no PostgreSQL is installed, so it is not measured");
        return;
    };
    fill::postgres(&server.url(), people);
    start("PostgreSQL", &server.url(), 10.0);
}
