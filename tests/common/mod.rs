//! The test application: the real binary on a directory of its own, as a value with verbs.
//!
//! [`TestApp`] starts the server and makes [`Caller`]s, a caller sends requests, and what comes back
//! is a [`Reply`], which has already been held against the OpenAPI document when a test sees it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod app;
pub mod caller;
pub mod contract;
pub mod directory;
pub mod postgres;
pub mod raw;
pub mod reply;
pub mod token;
pub mod url;

pub use app::TestApp;
pub use caller::Caller;
pub use contract::{Contract, Operation};
pub use reply::Reply;
pub use serde_json::{Value, json};
pub use token::Token;
pub use url::{at, query};

/// Does something with each name.
pub fn each<T>(names: &[&str], what: impl Fn(&str) -> T) {
    names.iter().for_each(|name| drop(what(name)));
}
