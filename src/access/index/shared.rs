//! What lets a copy of the index cost next to nothing: lists and tables whose clones share
//! everything, and copy a part of it only when they write there.
//!
//! A preview works on such a copy, for as long as it takes, and neither waits for a writer nor lets
//! one wait.

use std::sync::Arc;

use hashbrown::HashTable;

/// So many items stand together: they are copied together. With the counts before them, and what the allocator adds to
/// align them, those of 128 bytes take just less than 64 KiB, and those of 64 bytes half of it: a little more would take a
/// quarter more.
const BLOCK: usize = 510;

/// Entries by number.
#[derive(Clone)]
pub(super) struct Entries<T> {
    blocks: Vec<Arc<[T]>>,
    /// One more than the greatest number that was ever here.
    end: u32,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), end: 0 }
    }
}

impl<T> Entries<T> {
    /// The entry of this number, where the list reaches that far.
    #[inline]
    pub fn get(&self, number: impl Into<u32>) -> Option<&T> {
        let number = number.into() as usize;
        self.blocks.get(number / BLOCK)?.get(number % BLOCK)
    }

    /// One more than the greatest number that was ever here.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Every entry, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..self.end).zip(self.blocks.iter().flat_map(|block| block.iter()))
    }
}

impl<T: Default + Clone> Entries<T> {
    /// The entry of this number, made if need be.
    pub fn entry(&mut self, number: impl Into<u32>) -> &mut T {
        let number = number.into();
        let at = number as usize;
        while self.blocks.len() <= at / BLOCK {
            self.blocks.push((0..BLOCK).map(|_| T::default()).collect());
        }
        self.end = self.end.max(number.saturating_add(1));
        &mut Arc::make_mut(&mut self.blocks[at / BLOCK])[at % BLOCK]
    }

    /// Takes the entry of this number out and leaves nothing.
    pub fn take(&mut self, number: impl Into<u32>) -> T {
        let number = number.into();
        if number < self.end { std::mem::take(self.entry(number)) } else { T::default() }
    }
}

/// A power of two.
const SHARDS: usize = 256;

/// Numbers by the hash of what they stand for; whoever asks knows what that is.
#[derive(Clone)]
pub(super) struct Table {
    shards: Vec<Arc<HashTable<u32>>>,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { shards: vec![Arc::default(); SHARDS], len: 0 }
    }
}

impl Table {
    /// One that answers to `is_it`.
    pub fn find(&self, hash: u64, is_it: impl FnMut(&u32) -> bool) -> Option<u32> {
        self.shards[shard(hash)].find(hash, is_it).copied()
    }

    /// All that may stand under the hash, and perhaps some more.
    pub fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> {
        self.shards[shard(hash)].iter_hash(hash).copied()
    }

    /// Adds a number; `hash_of` gives the hash of those that are there.
    pub fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(&u32) -> u64) {
        Arc::make_mut(&mut self.shards[shard(hash)]).insert_unique(hash, number, hash_of);
        self.len += 1;
    }

    /// Makes room for so many more, so that those that are there need not be moved again and again.
    pub fn reserve(&mut self, more: usize, hash_of: impl Fn(&u32) -> u64) {
        // They are not spread quite evenly.
        let each = more / SHARDS + more / SHARDS / 8;
        self.shards.iter_mut().for_each(|shard| Arc::make_mut(shard).reserve(each, &hash_of));
    }

    /// Takes a number out.
    pub fn remove(&mut self, hash: u64, number: u32) {
        let shard = Arc::make_mut(&mut self.shards[shard(hash)]);
        if let Ok(place) = shard.find_entry(hash, |other| *other == number) {
            place.remove();
            self.len -= 1;
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }
}

/// From other bits of the hash than the table of a shard looks at.
fn shard(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_was_and_shares_the_rest() {
        let mut entries = Entries::<u64>::default();
        *entries.entry(3_u32) = 3;
        *entries.entry(5_000_u32) = 5;
        let before = entries.clone();
        *entries.entry(3_u32) = 4;
        *entries.entry(9_000_u32) = 9;
        assert_eq!((before.get(3_u32), entries.get(3_u32)), (Some(&3), Some(&4)));
        assert_eq!((before.end(), entries.end()), (5_001, 9_001));
        let shared = before.blocks.iter().zip(&entries.blocks).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared, before.blocks.len() - 1);
        assert_eq!(entries.take(5_000_u32), 5);
        assert_eq!((before.get(5_000_u32), entries.get(5_000_u32)), (Some(&5), Some(&0)));
        assert_eq!(entries.take(1_000_000_u32), 0);
        assert_eq!(entries.end(), 9_001);
    }

    /// The allocator keeps blocks of 32, 40, 48, 56, 64 and 80 KiB. The counts before the entries take as much as one, and
    /// to align the block takes a byte less than that.
    #[test]
    fn a_block_is_just_below_a_size_that_the_allocator_keeps() {
        for (entry, kept) in [(64, 32 * 1024), (128, 64 * 1024)] {
            let bytes = entry + BLOCK * entry + entry - 1;
            assert!((kept - entry..=kept).contains(&bytes), "{bytes}");
        }
    }

    #[test]
    fn a_table_finds_what_was_put_in_and_a_clone_keeps_it() {
        let hash_of = |number: &u32| u64::from(*number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut table = Table::default();
        (0..10_000).for_each(|number| table.insert(hash_of(&number), number, hash_of));
        let before = table.clone();
        (0..5_000).for_each(|number| table.remove(hash_of(&number), number));
        table.remove(hash_of(&1), 1);
        let has = |table: &Table, number: u32| table.find(hash_of(&number), |other| *other == number).is_some();
        assert!((0..10_000).all(|number| has(&before, number)));
        assert!((0..10_000).all(|number| has(&table, number) == (number >= 5_000)));
        assert_eq!((before.len(), table.len()), (10_000, 5_000));
    }
}
