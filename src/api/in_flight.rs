//! The writes with an idempotency key that are being made at this moment, in this process.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::problem::Problem;
use crate::store::WriteKey;

/// The keyed writes that are being made in this process.
#[derive(Default)]
pub struct InFlight(Mutex<HashSet<(String, String)>>);

/// One of them; it is none any more when this is dropped.
pub struct Alone<'f> {
    of: &'f InFlight,
    key: (String, String),
}

impl InFlight {
    /// Begins a write, unless one with this key is being made.
    pub fn enter(&self, key: &WriteKey) -> Result<Alone<'_>, Problem> {
        let key = (key.actor.clone(), key.idempotency_key.clone());
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
            return Ok(Alone { of: self, key });
        }
        let detail =
            "A write with this Idempotency-Key is being made at this moment. Wait for its reply, or try again.";
        Err(Problem::new("idempotency_key_in_flight", detail))
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
