//! The tokens that were verified a moment ago, so that a program that asks a thousand times with one token has its
//! signature verified once.
//!
//! A token is known by the SHA-256 digest of the whole of it, its signature included. Only a second text with that digest
//! would be taken for it, and nobody can make one; and what is remembered is no token that could be used. It counts for
//! the set of keys that verified it and for no later one, and between the times that the token names: outside of
//! them it is verified again, which says why it is refused. Refusals are not remembered, and how many tokens are, is
//! bounded.
//!
//! Each thread keeps a few by itself, so that threads which see the same token at the same time need not wait for each
//! other.

use super::caller::Caller;
use sha2::{Digest as _, Sha256};
use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// Parts with a lock of their own, so that threads seldom wait for each other.
const SHARDS: usize = 16;
/// So many tokens are new in a shard before those that were not seen since are forgotten: 16,384 in all at most.
const NEW: usize = 512;

/// So many are kept by a thread.
const NEAR: usize = 16;

/// What a token is known by.
pub(super) type Digest = [u8; 32];

/// What a token is known by.
pub(super) fn digest(token: &[u8]) -> Digest {
    Sha256::digest(token).into()
}

thread_local! {
    /// Of the tokens that this thread has seen, the last one at each place.
    static SEEN: RefCell<[Option<Seen>; NEAR]> = const { RefCell::new([const { None }; NEAR]) };
}

/// A token that a thread has seen, with a caller that no other thread counts the users of.
struct Seen {
    by: u64,
    token: Digest,
    generation: u64,
    caller: Arc<Caller>,
}

/// The callers of tokens that were verified.
pub(super) struct Verified {
    /// Unlike that of any other in this process.
    id: u64,
    shards: [Mutex<Shard>; SHARDS],
}

impl Default for Verified {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), shards: Default::default() }
    }
}

#[derive(Default)]
struct Shard {
    /// Of which set of keys all of it is.
    generation: u64,
    /// Seen lately.
    new: HashMap<Digest, Arc<Caller>>,
    /// Seen before those; who is seen again becomes new, and the rest is forgotten when `new` is full.
    old: HashMap<Digest, Arc<Caller>>,
}

impl Verified {
    /// The caller of a token that was verified with this set of keys, if it is good at this time.
    pub(super) fn get(&self, token: &Digest, generation: u64, now: SystemTime) -> Option<Arc<Caller>> {
        let found = SEEN.with_borrow_mut(|seen| {
            let place = &mut seen[usize::from(token[1]) % NEAR];
            let is_it = |seen: &Seen| (seen.by, seen.generation, &seen.token) == (self.id, generation, token);
            if !place.as_ref().is_some_and(is_it) {
                *place = None;
                let caller = Arc::new(Caller::clone(&*self.find(token, generation)?));
                *place = Some(Seen { by: self.id, token: *token, generation, caller });
            }
            place.as_ref().map(|seen| Arc::clone(&seen.caller))
        })?;
        (found.begins_at <= now && now < found.expires_at).then_some(found)
    }

    /// The caller of a token that any thread has verified with this set of keys.
    fn find(&self, token: &Digest, generation: u64) -> Option<Arc<Caller>> {
        let mut shard = self.shard(token);
        if !shard.is_of(generation) {
            return None;
        }
        if let Some(caller) = shard.new.get(token) {
            return Some(Arc::clone(caller));
        }
        let caller = shard.old.remove(token)?;
        shard.add(*token, Arc::clone(&caller));
        Some(caller)
    }

    /// Remembers whom a token is of, which this set of keys has verified.
    pub(super) fn put(&self, token: Digest, generation: u64, caller: Arc<Caller>) {
        let mut shard = self.shard(&token);
        if shard.is_of(generation) {
            shard.add(token, caller);
        }
    }

    fn shard(&self, token: &Digest) -> MutexGuard<'_, Shard> {
        self.shards[usize::from(token[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Whether it is of this set of keys; with a later one, all that was verified with another is forgotten.
    fn is_of(&mut self, generation: u64) -> bool {
        if generation > self.generation {
            *self = Self { generation, ..Self::default() };
        }
        generation == self.generation
    }

    fn add(&mut self, token: Digest, caller: Arc<Caller>) {
        if self.new.len() >= NEW {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(token, caller);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scopes;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn caller() -> Arc<Caller> {
        let actor = "alice".to_owned();
        Arc::new(Caller { actor, login: None, scopes: Scopes::NONE, begins_at: at(100), expires_at: at(200) })
    }

    fn knows(verified: &Verified, token: &str, generation: u64, seconds: u64) -> bool {
        verified.get(&digest(token.as_bytes()), generation, at(seconds)).is_some()
    }

    #[test]
    fn the_very_token_is_known_and_no_other() {
        let verified = Verified::default();
        verified.put(digest(b"a.b.c"), 1, caller());
        assert!(knows(&verified, "a.b.c", 1, 150));
        assert!(!knows(&verified, "a.b.d", 1, 150) && !knows(&verified, "a.b.c ", 1, 150));
    }

    #[test]
    fn a_token_is_good_between_its_times_alone() {
        let verified = Verified::default();
        verified.put(digest(b"a.b.c"), 1, caller());
        let known = [99, 100, 199, 200, 1_000].map(|seconds| knows(&verified, "a.b.c", 1, seconds));
        assert_eq!(known, [false, true, true, false, false]);
    }

    #[test]
    fn other_keys_make_all_tokens_unknown() {
        let verified = Verified::default();
        verified.put(digest(b"a.b.c"), 1, caller());
        assert!(!knows(&verified, "a.b.c", 2, 150));
        assert!(!knows(&verified, "a.b.c", 1, 150), "it was forgotten, not passed over");
        verified.put(digest(b"a.b.c"), 1, caller());
        assert!(!knows(&verified, "a.b.c", 2, 150), "one that earlier keys verified comes too late");
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let verified = Verified::default();
        for token in 0..100_000 {
            verified.put(digest(token.to_string().as_bytes()), 1, caller());
            assert!(knows(&verified, "0", 1, 150), "what is seen again and again stays");
        }
        let count = |shard: &Mutex<Shard>| shard.lock().map(|shard| shard.new.len() + shard.old.len()).unwrap_or(0);
        assert!(verified.shards.iter().map(count).sum::<usize>() <= 2 * NEW * SHARDS);
        assert!(knows(&verified, "99999", 1, 150) && !knows(&verified, "1", 1, 150));
    }
}
