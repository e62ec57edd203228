//! Which thing here a key of the desk names.

use std::collections::HashMap;

use super::Making;
use crate::directory::text::{fold, natural_key};
use crate::sync::otobo::policy::OtherCase;
use crate::sync::otobo::report::Outcome;

/// The keys of one kind.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// As the desk compares them: the place, or none for one that is left out.
    exact: HashMap<String, Option<usize>>,
    /// As they are compared here.
    folded: HashMap<String, usize>,
}

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// This.
    Place(usize),
    /// This, in another case.
    OtherCase(usize),
    /// Something that is left out.
    LeftOut,
    /// Nothing that has a row.
    Nothing,
}

/// The form in which a key is unique here. A key that is not good is never compared with a good one.
fn folded(key: &str) -> String {
    natural_key(key).map_or_else(|_| format!("\0{key}"), |key| fold(&key))
}

impl Keys {
    pub(super) fn find(&self, key: &str) -> Named {
        match (self.exact.get(key), self.folded.get(&folded(key))) {
            (Some(Some(place)), _) => Named::Place(*place),
            (Some(None), _) => Named::LeftOut,
            (None, Some(place)) => Named::OtherCase(*place),
            (None, None) => Named::Nothing,
        }
    }

    /// The place of a thing, found in any case.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        match self.find(key) {
            Named::Place(place) | Named::OtherCase(place) => Some(place),
            Named::LeftOut | Named::Nothing => None,
        }
    }

    pub(super) fn insert(&mut self, key: &str, place: usize) {
        self.exact.insert(key.to_owned(), Some(place));
        self.folded.insert(folded(key), place);
    }

    pub(super) fn leave_out(&mut self, key: &str) {
        self.exact.insert(key.to_owned(), None);
    }
}

/// The keys of rows that only one of can be here, by their places in the table.
pub(super) fn colliding<'k>(keys: impl Iterator<Item = &'k str>) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, key) in keys.enumerate() {
        places.entry(folded(key)).or_default().push(place);
    }
    places.retain(|_, places| places.len() > 1);
    places
}

impl Making<'_> {
    /// Says that a row names a key in another case, where the desk's database takes that for the same.
    pub(super) fn same_to_the_desk(&mut self, key: &str, written: &str, row: (&'static str, String), what: &str) {
        if self.facts.ignores_case && natural_key(written).is_ok_and(|written| written != key) {
            self.other_case(row, what);
        }
    }

    /// Whether a row that names a key in another case is loaded, by what was decided.
    pub(super) fn other_case(&mut self, row: (&'static str, String), what: &str) -> bool {
        let counted = self.facts.ignores_case;
        let outcome = match self.policy.other_case {
            _ if counted => Outcome::Noted,
            OtherCase::Count => Outcome::Loaded,
            OtherCase::Skip => Outcome::LeftOut,
            OtherCase::Fail => Outcome::Undecided,
        };
        let there = if counted { "to the desk's database too that is the same" } else { "the desk told them apart" };
        let reason = format!("names {what} in another case than its row; {there}");
        self.found(outcome, "key_in_other_case", row, reason, Some("--other-case"));
        outcome != Outcome::LeftOut
    }
}
