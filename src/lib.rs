//! What a customer user of a service desk may see, and why.

pub mod access;
pub mod api;
pub mod auth;
pub mod cli;
pub mod config;
pub mod directory;
pub mod plan;
pub mod replica;
pub mod store;
pub mod sync;
