//! The whole suite over HTTP once more, with servers on PostgreSQL: `tests/common/app.rs` goes by the name of this.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

#[path = "api/main.rs"]
mod api;

use api::common;
