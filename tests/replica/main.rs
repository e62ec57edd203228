//! The replica and its store, on both databases: the same bodies run on SQLite and on PostgreSQL,
//! each test on a database of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "the tests wait, and look behind the schema")]

#[path = "../access/naive.rs"]
#[allow(dead_code, reason = "the tests of the rules use the rest")]
mod naive;
#[path = "../access/questions.rs"]
mod questions;

#[path = "../common/mod.rs"]
#[allow(unused_imports, reason = "the tests over HTTP use the rest")]
mod common;

mod acts;
mod ahead;
mod bulk;
mod cluster;
mod contract;
mod database;
mod digests;
mod faults;
mod history;
mod killed;
mod listening;
mod migrations;
mod new_enemy;
mod outage;
mod parity;
mod perform;
mod properties;
mod retention;
mod searches;
mod together;
mod verbs;
