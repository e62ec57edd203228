//! A desk's database, read and loaded: fixtures with the tables of OTRS, OTOBO and Znuny.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]
#![allow(clippy::disallowed_methods, reason = "the tests look behind the schema")]

#[path = "../common/postgres.rs"]
#[allow(dead_code, reason = "each test binary uses its own part of this")]
mod postgres;

mod command;
mod decisions;
mod desk;
mod large;
mod mariadb;
mod rules;
