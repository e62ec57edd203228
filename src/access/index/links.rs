//! Short sorted lists of links.

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
