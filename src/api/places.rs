//! How many requests are answered at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for so many requests.
pub struct Places {
    taken: AtomicUsize,
    most: usize,
}

/// One of them, which is free again when this is dropped.
pub struct Place<'p>(&'p Places);

impl Places {
    /// So many, all of them free.
    pub fn new(most: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most }
    }

    /// A place for one more, if there is one. Nobody waits for one.
    pub fn take(&self) -> Option<Place<'_>> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let place = Place(self);
        (before < self.most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_places_and_each_is_free_again() {
        let places = Places::new(2);
        let (one, other) = (places.take(), places.take());
        assert!(one.is_some() && other.is_some() && places.take().is_none());
        drop(one);
        assert!(places.take().is_some());
    }
}
