//! Short sorted lists of links, and lists of entries by number.

use smallvec::{Array, SmallVec};

/// Puts an item at its place, or takes away the one that is there.
pub(super) fn set<A: Array, K: Ord>(
    links: &mut SmallVec<A>,
    key: K,
    item: Option<A::Item>,
    key_of: impl Fn(&A::Item) -> K,
) {
    match (links.binary_search_by_key(&key, key_of), item) {
        (Ok(at), Some(item)) => links[at] = item,
        (Ok(at), None) => drop(links.remove(at)),
        (Err(at), Some(item)) => links.insert(at, item),
        (Err(_), None) => {}
    }
}

/// [`set`] for a list of plain numbers.
pub(super) fn set_number<A: Array>(links: &mut SmallVec<A>, number: A::Item, linked: bool)
where
    A::Item: Copy + Ord,
{
    set(links, number, linked.then_some(number), |item| *item);
}

/// The entry of this number, made if need be.
pub(super) fn entry<T: Default>(entries: &mut Vec<T>, number: impl Into<u32>) -> &mut T {
    let at = number.into() as usize;
    if entries.len() <= at {
        entries.resize_with(at + 1, T::default);
    }
    &mut entries[at]
}

/// Takes the entry of this number out and leaves nothing.
pub(super) fn take<T: Default>(entries: &mut [T], number: impl Into<u32>) -> T {
    entries.get_mut(number.into() as usize).map(std::mem::take).unwrap_or_default()
}

/// The entry of this number, where the list reaches that far.
pub(super) fn get<T>(entries: &[T], number: impl Into<u32>) -> Option<&T> {
    entries.get(number.into() as usize)
}
