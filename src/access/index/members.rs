//! A sorted set of numbers: the far end of links. Most hold a few, some hold a million; adding one
//! to either must not move the rest.

use std::fmt;
use std::sync::Arc;

use roaring::RoaringBitmap;
use smallvec::SmallVec;

/// How many a plain sorted list may hold.
const FEW: usize = 64;

#[derive(Clone)]
pub(crate) enum Members {
    Few(SmallVec<[u32; 4]>),
    /// Shared with every copy of the index until one of them changes.
    Many(Arc<RoaringBitmap>),
}

impl Default for Members {
    fn default() -> Self {
        Members::Few(SmallVec::new())
    }
}

impl Members {
    pub fn set(&mut self, number: impl Into<u32>, present: bool) {
        let number = number.into();
        match self {
            Members::Few(few) if present && few.len() >= FEW => {
                let mut many: RoaringBitmap = few.iter().copied().collect();
                many.insert(number);
                *self = Members::Many(Arc::new(many));
            }
            Members::Few(few) => super::links::set_number(few, number, present),
            Members::Many(many) if present => {
                let many = Arc::make_mut(many);
                // Mostly they come in their order, and then there is no place to be looked for.
                if many.try_push(number).is_err() {
                    many.insert(number);
                }
            }
            Members::Many(many) => drop(Arc::make_mut(many).remove(number)),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Members::Few(few) => few.len(),
            Members::Many(many) => usize::try_from(many.len()).unwrap_or(usize::MAX),
        }
    }

    /// The members in order.
    pub fn iter(&self) -> MembersIter<'_> {
        self.after(None)
    }

    /// The members greater than the given number, in order.
    pub fn after(&self, after: Option<u32>) -> MembersIter<'_> {
        match self {
            Members::Few(few) => {
                let start = after.map_or(0, |after| few.partition_point(|number| *number <= after));
                MembersIter::Few(few[start..].iter())
            }
            Members::Many(many) => MembersIter::Many(match after {
                Some(after) => many.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded)),
                None => many.iter(),
            }),
        }
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

pub(crate) enum MembersIter<'m> {
    Few(std::slice::Iter<'m, u32>),
    Many(roaring::bitmap::Iter<'m>),
}

impl Iterator for MembersIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            MembersIter::Few(few) => few.next().copied(),
            MembersIter::Many(many) => many.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_hold_the_same() {
        let mut members = Members::default();
        for number in (0..200_u32).rev() {
            members.set(number * 3, true);
            members.set(number * 3, true);
        }
        members.set(300_u32, false);
        assert!(matches!(members, Members::Many(_)));
        assert_eq!(members.len(), 199);
        assert_eq!(members.after(Some(294)).take(3).collect::<Vec<_>>(), [297, 303, 306]);
        for number in 10..200_u32 {
            members.set(number * 3, false);
        }
        assert_eq!(members, Members::Few((0..10).map(|number| number * 3).collect()));
    }

    #[test]
    fn after_the_last_comes_nothing() {
        for count in [3, 300] {
            let mut members = Members::default();
            (0..count).for_each(|number: u32| members.set(number, true));
            assert_eq!(members.after(Some(count - 1)).count(), 0);
            assert_eq!(members.after(Some(u32::MAX)).count(), 0);
            assert_eq!(members.after(None).count(), count as usize);
        }
    }
}
