//! Writing the lists of the settings: always-groups of both kinds, default services.

use super::matrices::{Counts, MarkDelta, marks, set_marks};
use super::{Plan, Precondition, Refusal};
use crate::directory::{Edit, Group, Kind, Reference, Roll, Service, Thing, etag};
use crate::store::{self, StoreError};

/// What kind of thing a list names.
pub fn kind_of(roll: Roll) -> Kind {
    match roll {
        Roll::DefaultServices => Kind::Service,
        Roll::CustomerAlwaysGroups | Roll::CustomerUserAlwaysGroups => Kind::Group,
    }
}

/// The entity tag of a list.
pub fn tag(numbers: &[u32]) -> String {
    etag(&numbers)
}

/// Puts a thing on a list, or takes it from it; the flag says whether that changed anything.
pub fn set(
    plan: &mut Plan,
    roll: Roll,
    reference: &Reference,
    listed: bool,
    precondition: &Precondition,
) -> Result<(Thing, bool), Refusal> {
    let thing = thing(plan, roll, reference)?.ok_or_else(|| Refusal::not_found(kind_of(roll), reference))?;
    precondition.check(Some(&tag(&store::roll_members(plan.conn, roll)?)))?;
    Ok((thing, mark(plan, roll, thing, listed)?))
}

/// Puts a thing that exists on a list, or takes it from it; the flag says whether that changed anything.
pub(super) fn mark(plan: &mut Plan, roll: Roll, thing: Thing, listed: bool) -> Result<bool, StoreError> {
    let was = match plan.known.own_listed(roll, thing) {
        Some(is_listed) => is_listed,
        None => store::roll_members(plan.conn, roll)?.contains(&thing.number),
    };
    if was != listed {
        plan.edit(Edit::Roll { roll, thing, listed });
    }
    Ok(was != listed)
}

/// Saves a delta of a list, all of it or nothing; gives the rows and what was done.
pub fn save(
    plan: &mut Plan,
    roll: Roll,
    delta: &MarkDelta,
    precondition: &Precondition,
) -> Result<(Vec<u32>, Counts), Refusal> {
    let members = store::roll_members(plan.conn, roll)?;
    let version = tag(&members);
    precondition.check(Some(&version))?;
    if delta.links_version.as_ref().is_some_and(|shown| *shown != version) {
        return Err(Refusal::PreconditionFailed);
    }
    let kind = kind_of(roll);
    let edit = |number, listed| Edit::Roll { roll, thing: Thing { kind, number }, listed };
    set_marks(plan, kind, &marks(members), &delta.cells, edit)
}

/// Replaces a list as a whole.
pub fn replace(
    plan: &mut Plan,
    roll: Roll,
    references: &[Reference],
    precondition: &Precondition,
) -> Result<(), Refusal> {
    let before = store::roll_members(plan.conn, roll)?;
    if *precondition == Precondition::None {
        return Err(Refusal::PreconditionRequired("the list"));
    }
    precondition.check(Some(&tag(&before)))?;
    let mut wanted = Vec::with_capacity(references.len());
    for (index, reference) in references.iter().enumerate() {
        let named = thing(plan, roll, reference)?;
        let missing = || Refusal::names_nothing(&format!("/keys/{index}"), kind_of(roll), reference);
        wanted.push(named.ok_or_else(missing)?.number);
    }
    let kind = kind_of(roll);
    for number in before.iter().filter(|number| !wanted.contains(number)) {
        plan.edit(Edit::Roll { roll, thing: Thing { kind, number: *number }, listed: false });
    }
    wanted.sort_unstable();
    wanted.dedup();
    for number in wanted.iter().filter(|number| !before.contains(number)) {
        plan.edit(Edit::Roll { roll, thing: Thing { kind, number: *number }, listed: true });
    }
    Ok(())
}

/// The lists that name a thing.
pub(super) fn naming(plan: &mut Plan, thing: Thing) -> Result<Vec<Roll>, StoreError> {
    let mut rolls = Vec::new();
    for roll in Roll::ALL.into_iter().filter(|roll| kind_of(*roll) == thing.kind) {
        if store::roll_members(plan.conn, roll)?.contains(&thing.number) {
            rolls.push(roll);
        }
    }
    Ok(rolls)
}

/// Takes a thing from lists, because it is about to go.
pub(super) fn strike(plan: &mut Plan, rolls: Vec<Roll>, thing: Thing) {
    for roll in rolls {
        plan.edit(Edit::Roll { roll, thing, listed: false });
    }
}

fn thing(plan: &mut Plan, roll: Roll, reference: &Reference) -> Result<Option<Thing>, StoreError> {
    Ok(match kind_of(roll) {
        Kind::Service => plan.look_up::<Service>(reference)?.map(|service| service.number.into()),
        _ => plan.look_up::<Group>(reference)?.map(|group| group.number.into()),
    })
}
