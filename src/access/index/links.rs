//! Short sorted lists of links.

use smallvec::{Array, SmallVec};

use crate::directory::{GroupNumber, PermissionSet};

/// A list of so many is looked through to its end: a search takes fewer steps, but with each of them the processor has
/// to guess where it goes on, and a wrong guess costs more than the whole list.
const FEW: usize = 16;

/// What the link to the group holds.
pub(super) fn held<L>(
    links: &[L],
    group: GroupNumber,
    group_of: impl Fn(&L) -> GroupNumber,
    held_by: impl Fn(&L) -> PermissionSet,
) -> PermissionSet {
    if links.len() > FEW {
        let place = links.binary_search_by_key(&group, group_of);
        return place.map_or(PermissionSet::EMPTY, |at| held_by(&links[at]));
    }
    let of = |link| if group_of(link) == group { held_by(link) } else { PermissionSet::EMPTY };
    links.iter().fold(PermissionSet::EMPTY, |held, link| held.union(of(link)))
}

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
