//! The rules of access, as the library keeps them: each by its number, against a naive reading of
//! the rules, and against recorded cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

mod access;
