//! External ids: giving, taking, and finding by them.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Knowable, Plan, Precondition, Refusal};
use crate::directory::{
    Customer, CustomerUser, Delta, Edit, ExternalId, Group, Number, Reference, Service, Thing, Times,
};

/// A record that other systems may have keys for.
pub trait Identified: Knowable + PartialEq + serde::Serialize {
    /// Its external ids.
    fn external_ids(&mut self) -> &mut Vec<ExternalId>;
    /// When it was written.
    fn times(&mut self) -> &mut Times;
    /// The edit that a difference amounts to.
    fn edit(delta: Delta<Self>) -> Edit;
}

macro_rules! identified {
    ($type:ident, $edit:expr) => {
        impl Identified for $type {
            fn external_ids(&mut self) -> &mut Vec<ExternalId> {
                &mut self.external_ids
            }

            fn times(&mut self) -> &mut Times {
                &mut self.times
            }

            fn edit(delta: Delta<Self>) -> Edit {
                $edit(delta)
            }
        }
    };
}

identified!(Customer, |delta| Edit::Customer(Box::new(delta)));
identified!(CustomerUser, |delta| Edit::CustomerUser(Box::new(delta)));
identified!(Group, |delta| Edit::Group(Box::new(delta)));
identified!(Service, |delta| Edit::Service(Box::new(delta)));

/// Gives a record an external id; the flag says whether it had it not.
pub fn give<R: Identified>(
    plan: &mut Plan,
    reference: &Reference,
    external_id: ExternalId,
    precondition: &Precondition,
) -> Result<(R, bool), Refusal> {
    let record: R = plan.find(reference)?;
    precondition.check_record(Some(&record))?;
    if record.clone().external_ids().contains(&external_id) {
        return Ok((record, false));
    }
    is_free::<R>(plan, &external_id)?;
    let record = touch(plan, record, |record| insert(record, &external_id));
    attach(plan, &record, &external_id);
    Ok((record, true))
}

/// Takes an external id from a record.
pub fn take<R: Identified>(
    plan: &mut Plan,
    reference: &Reference,
    external_id: &ExternalId,
    precondition: &Precondition,
) -> Result<(), Refusal> {
    let mut record: R = plan.find(reference)?;
    precondition.check_record(Some(&record))?;
    if !record.external_ids().contains(external_id) {
        let external_id = format!("{}:{}", external_id.source, external_id.id);
        return Err(Refusal::ExternalIdNotFound { kind: R::Number::KIND, external_id });
    }
    let thing = Thing::from(record.number());
    touch(plan, record, |record| record.external_ids().retain(|own| own != external_id));
    plan.edit(Edit::ExternalId { thing, external_id: Box::new(external_id.clone()), present: false });
    Ok(())
}

/// Writes a record whose external ids changed.
fn touch<R: Identified>(plan: &mut Plan, before: R, change: impl FnOnce(&mut R)) -> R {
    let mut after = before.clone();
    change(&mut after);
    after.times().updated_at = plan.now;
    plan.edit(R::edit(Delta::Changed { before, after: after.clone() }));
    after
}

/// Gives a record that an upsert found or created the external id that it has yet to get.
pub(super) fn adopt<R: Identified>(plan: &mut Plan, record: R, new_id: Option<ExternalId>, is_new: bool) -> R {
    let Some(external_id) = new_id else { return record };
    let mut record = if is_new { record } else { touch(plan, record, |record| insert(record, &external_id)) };
    insert(&mut record, &external_id);
    attach(plan, &record, &external_id);
    record
}

/// Puts an external id where it belongs in the order, if it is not there.
pub(super) fn insert<R: Identified>(record: &mut R, external_id: &ExternalId) {
    let all = record.external_ids();
    if let Err(place) = all.binary_search(external_id) {
        all.insert(place, external_id.clone());
    }
}

/// The edit that gives a record an external id.
fn attach<R: Identified>(plan: &mut Plan, record: &R, external_id: &ExternalId) {
    let thing = Thing::from(record.number());
    plan.edit(Edit::ExternalId { thing, external_id: Box::new(external_id.clone()), present: true });
}

/// The edits that take all external ids from a record that is about to go.
pub(super) fn detach_all<R: Identified>(plan: &mut Plan, record: &mut R) {
    let thing = Thing::from(record.number());
    for external_id in std::mem::take(record.external_ids()) {
        plan.edit(Edit::ExternalId { thing, external_id: Box::new(external_id), present: false });
    }
}

/// Refuses an external id that any record has.
fn is_free<R: Identified>(plan: &mut Plan, external_id: &ExternalId) -> Result<(), Refusal> {
    is_free_for::<R>(plan, external_id, None)
}

/// Refuses an external id that another record has than this one.
pub(super) fn is_free_for<R: Identified>(
    plan: &mut Plan,
    external_id: &ExternalId,
    own: Option<u32>,
) -> Result<(), Refusal> {
    let kind = R::Number::KIND;
    match plan.number_of(kind, &Reference::External(external_id.clone()))? {
        Some(holder) if own != Some(holder) => {
            let external_id = format!("{}:{}", external_id.source, external_id.id);
            Err(Refusal::ExternalIdTaken { kind, external_id, id: kind.id(holder) })
        }
        _ => Ok(()),
    }
}

/// Gives a record those of these external ids that it has not; they are free.
pub(super) fn add_all<R: Identified>(plan: &mut Plan, mut record: R, external_ids: Vec<ExternalId>) -> R {
    let own = record.external_ids().clone();
    let new: BTreeSet<ExternalId> = external_ids.into_iter().filter(|id| !own.contains(id)).collect();
    if new.is_empty() {
        return record;
    }
    let record = touch(plan, record, |record| new.iter().for_each(|id| insert(record, id)));
    new.iter().for_each(|id| attach(plan, &record, id));
    record
}

/// What to do with a natural key that exists and has not the external id it comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnExisting {
    /// Give it the external id.
    Adopt,
    /// Refuse.
    #[default]
    Refuse,
}

/// The record that an upsert is about, found by external id or else by natural key, and the
/// external id that it has yet to be given.
pub(super) fn locate<R: Identified>(
    plan: &mut Plan,
    external_id: Option<&ExternalId>,
    key: Option<&str>,
    on_existing: OnExisting,
) -> Result<(Option<R>, Option<ExternalId>), Refusal> {
    if let Some(external_id) = external_id {
        let known = plan.look_up(&Reference::External(external_id.clone()))?;
        if known.is_some() {
            return Ok((known, None));
        }
    }
    let by_key: Option<R> = match key {
        Some(key) => plan.look_up(&Reference::Key(key.to_owned()))?,
        None => None,
    };
    let (Some(mut record), Some(external_id), Some(key)) = (by_key.clone(), external_id, key) else {
        return Ok((by_key, external_id.cloned()));
    };
    // Whoever has another id of the same system is somebody else there: two of one name, not one.
    let is_another = record.external_ids().iter().any(|own| own.source == external_id.source);
    if is_another || on_existing == OnExisting::Refuse {
        let kind = R::Number::KIND;
        return Err(Refusal::KeyTaken { kind, key: key.to_owned(), id: record.number().id() });
    }
    Ok((Some(record), Some(external_id.clone())))
}
