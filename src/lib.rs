//! What a customer user of a service desk may see, and why.
//!
//! This is the map; each module says for itself what it is for and what it must not know. A module
//! uses only those below it.
//!
//! - [`cli`]: the command line: `serve`, `token`, `migrate`, `import`, `openapi`.
//! - [`api`]: HTTP: one file a resource, the list of routes with their scopes, every error's form.
//! - [`sync`]: other systems' data: rows, batches and jobs, a CRM's CSV, a desk's database.
//! - [`replica`]: the one place that joins store and index: the writer queue, the follower.
//! - [`plan`]: from a command and a consistent read to the edits it amounts to, or a refusal.
//! - [`store`]: the database, the only place with SQL.
//! - [`access`]: the rules of access: the index, the resolver. Pure.
//! - [`auth`]: tokens, keys, scopes, the caller.
//! - [`json`]: what comes as JSON, into types of `directory`, with everything that is wrong with it.
//! - [`directory`]: what exists, parsed once; the changes that a write amounts to. No I/O.
//! - [`config`]: the environment, read once.
//! - [`turns`]: whose turn it is on the processors.
//!
//! **A write** comes in through `api`, is queued by `replica`, planned by `plan` under the lock of
//! `store`, committed with its change and its audit, and answered when the index has followed the
//! change log. **A question** comes in through `api` and is answered by `access` from the index, without
//! the database.

pub mod access;
pub mod api;
pub mod auth;
pub mod cli;
pub mod config;
pub mod directory;
pub mod json;
pub mod plan;
pub mod replica;
pub mod store;
pub mod sync;
pub mod turns;

/// For everything that is built of this library: the service, its tests and its benches run with one and the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
