//! The service from outside: over HTTP, by the contract.

#[path = "../common/mod.rs"]
mod common;

mod directory;
mod vectors;
