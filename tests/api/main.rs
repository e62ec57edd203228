//! The service from outside: over HTTP, by the contract. `tests/api_on_postgres.rs` is the same on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "the tests are the service's operator and client")]

#[path = "../common/mod.rs"]
pub(crate) mod common;

mod audit;
mod authorization;
mod backup;
mod batches;
mod bulk;
mod changes;
mod compression;
mod conditional;
mod cors;
mod deletes;
mod directory;
mod examples;
mod framework_errors;
mod idempotency;
mod import_jobs;
mod judge;
mod keys;
mod links;
mod matrices;
mod metrics;
mod openapi;
mod operations;
mod overview;
mod previews;
mod retention;
mod rolls;
mod round_trip;
mod schema_names;
mod services;
mod settings;
mod streams;
mod together;
mod vectors;
