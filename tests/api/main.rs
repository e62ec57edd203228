//! The service from outside: over HTTP, by the contract.

#[path = "../common/mod.rs"]
mod common;

mod authorization;
mod changes;
mod deletes;
mod directory;
mod framework_errors;
mod judge;
mod keys;
mod links;
mod openapi;
mod operations;
mod services;
mod settings;
mod vectors;
