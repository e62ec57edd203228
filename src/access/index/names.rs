//! The natural keys of one kind: by number, and the number by key.
//!
//! A key is kept once, as it was written; the table holds numbers and looks at the key through
//! them. Within a revision two things may bear the same key for a moment (one gives it up, the other
//! takes it, in any order): both stand in the table, each under its own number, so neither is lost.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use smallstr::SmallString;

use super::shared::{Entries, Table};
use crate::directory::text::folded;

/// A key, or nothing where no thing has the number. It stands in the entry itself, which is one cache line, unless it
/// is long: whoever looks for it waits for no other memory.
#[derive(Clone)]
#[repr(align(64))]
struct Key(SmallString<[u8; 56]>);

impl Default for Key {
    fn default() -> Self {
        Self(SmallString::new())
    }
}

impl Key {
    fn text(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|key| !key.is_empty())
    }
}

#[derive(Clone, Default)]
pub(super) struct Names {
    keys: Entries<Key>,
    by_key: Table,
    hasher: RandomState,
}

impl Names {
    /// The thing bears this key now.
    pub fn put(&mut self, number: u32, key: impl AsRef<str>) {
        if self.key(number) == Some(key.as_ref()) {
            return;
        }
        self.remove(number);
        self.keys.entry(number).0 = SmallString::from_str(key.as_ref());
        let (keys, hasher) = (&self.keys, &self.hasher);
        let hash = hash_of(keys, hasher, number);
        self.by_key.insert(hash, number, |number| hash_of(keys, hasher, *number));
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.by_key.reserve(more, |number| hash_of(keys, hasher, *number));
    }

    /// The thing is gone.
    pub fn remove(&mut self, number: u32) {
        if self.key(number).is_none() {
            return;
        }
        let hash = hash_of(&self.keys, &self.hasher, number);
        self.by_key.remove(hash, number);
        drop(self.keys.take(number));
    }

    /// The key as it was written.
    pub fn key(&self, number: u32) -> Option<&str> {
        self.keys.get(number)?.text()
    }

    /// Who bears this key, given folded.
    pub fn find(&self, wanted: &str) -> Option<u32> {
        // What is folded and of ASCII is folded as it is; the keys of most things are.
        let is_plain = wanted.is_ascii();
        let is_it = |number: &u32| {
            let Some(key) = self.keys.get(*number) else { return false };
            (is_plain && key.0 == wanted) || key.text().is_some_and(|key| folded(key) == wanted)
        };
        self.by_key.find(self.hasher.hash_one(wanted), is_it)
    }

    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// One more than the greatest number that was ever here.
    pub fn end(&self) -> u32 {
        self.keys.end()
    }
}

fn hash_of(keys: &Entries<Key>, hasher: &RandomState, number: u32) -> u64 {
    let key = keys.get(number).and_then(Key::text).unwrap_or_default();
    hasher.hash_one(&*folded(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::text::fold;

    #[test]
    fn a_key_is_one_line_of_a_cache_and_may_be_long() {
        assert_eq!(size_of::<Key>(), 64);
        let mut names = Names::default();
        names.put(1, "X".repeat(200));
        assert_eq!(names.find(&"x".repeat(200)), Some(1));
    }

    #[test]
    fn a_key_is_found_folded_and_kept_as_written() {
        let mut names = Names::default();
        names.put(3, "Straße");
        assert_eq!(names.find(&fold("STRASSE")), Some(3));
        assert_eq!(names.key(3), Some("Straße"));
        assert_eq!(names.find("strase"), None);
    }

    #[test]
    fn keys_can_be_swapped_in_any_order() {
        let mut names = Names::default();
        names.put(1, "x");
        names.put(2, "y");
        names.put(1, "Y");
        names.put(2, "x");
        assert_eq!((names.find("x"), names.find("y")), (Some(2), Some(1)));
        names.remove(1);
        assert_eq!((names.find("x"), names.find("y"), names.len()), (Some(2), None, 1));
    }

    #[test]
    fn a_chain_of_renames_loses_none() {
        let mut names = Names::default();
        (0..100).for_each(|number| names.put(number, format!("k{number}")));
        (0..100).for_each(|number| names.put(number, format!("k{}", number + 1)));
        assert_eq!(names.find("k0"), None);
        assert!((0..100).all(|number| names.find(&format!("k{}", number + 1)) == Some(number)));
    }
}
