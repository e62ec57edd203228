//! How many rows this process has written, for whoever watches over it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::outcome::{FAILED, RowResult};

/// Rows by what became of them, since the start of the process.
#[derive(Debug, Default)]
pub struct Tally([AtomicU64; Tally::OUTCOMES.len()]);

impl Tally {
    /// What can become of a row, and of a thing that has none.
    pub const OUTCOMES: [&'static str; 5] = ["created", "updated", "unchanged", FAILED, "deactivated"];

    /// So many ended so.
    pub fn add(&self, outcome: &str, count: u64) {
        if let Some(place) = Self::OUTCOMES.iter().position(|known| *known == outcome) {
            self.0[place].fetch_add(count, Ordering::Relaxed);
        }
    }

    /// These were written.
    pub(super) fn add_all(&self, results: &[RowResult]) {
        results.iter().for_each(|result| self.add(&result.status, 1));
    }

    /// How many ended how.
    pub fn counts(&self) -> [(&'static str, u64); Self::OUTCOMES.len()] {
        std::array::from_fn(|place| (Self::OUTCOMES[place], self.0[place].load(Ordering::Relaxed)))
    }
}
