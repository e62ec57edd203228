//! The service from outside: over HTTP, by the contract.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "the tests are the service's operator and client")]

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod authorization;
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
mod judge;
mod keys;
mod links;
mod matrices;
mod openapi;
mod operations;
mod previews;
mod retention;
mod rolls;
mod schema_names;
mod services;
mod settings;
mod streams;
mod vectors;
