//! The service from outside: over HTTP, by the contract.

#[path = "../common/mod.rs"]
mod common;

mod changes;
mod deletes;
mod directory;
mod framework_errors;
mod keys;
mod links;
mod services;
mod settings;
mod vectors;
