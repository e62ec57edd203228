//! Writing back ends.

use super::{FieldError, Plan, Precondition, Refusal};
use crate::directory::{BackEnd, BackEndFields, BackEndName, BackEndPatch, Delta, Edit, Kind, Reference, Times};
use crate::store;

/// Creates a back end.
pub fn create(plan: &mut Plan, fields: BackEndFields) -> Result<BackEnd, Refusal> {
    plan.key_is_free(Kind::BackEnd, fields.name.as_str(), None)?;
    let back_end = BackEnd { number: plan.new_number()?, fields, times: Times::new(plan.now) };
    plan.edit(Edit::BackEnd(Box::new(Delta::Created(back_end.clone()))));
    Ok(back_end)
}

/// Creates the back end of this name, or replaces what is known of it; the flag says which.
pub fn put(
    plan: &mut Plan,
    reference: &Reference,
    patch: BackEndPatch,
    precondition: &Precondition,
) -> Result<(BackEnd, bool), Refusal> {
    let current: Option<BackEnd> = plan.look_up(reference)?;
    precondition.check_record(current.as_ref())?;
    match (current, reference) {
        (Some(back_end), _) => {
            super::same_key("/name", back_end.fields.name.as_str(), patch.name.as_ref())?;
            let name = back_end.fields.name.clone();
            let fields = BackEndFields::new(name.clone()).patched(BackEndPatch { name: Some(name), ..patch });
            Ok((write(plan, back_end, fields)?, false))
        }
        (None, Reference::Key(key)) => {
            super::same_key("/name", key, patch.name.as_ref())?;
            let name = BackEndName::parse(key).map_err(|why| Refusal::Invalid(vec![FieldError::new("/name", why)]))?;
            Ok((create(plan, BackEndFields::new(name).patched(patch))?, true))
        }
        (None, _) => Err(Refusal::not_found(Kind::BackEnd, reference)),
    }
}

/// Changes some of what is known of a back end.
pub fn patch(
    plan: &mut Plan,
    reference: &Reference,
    patch: BackEndPatch,
    precondition: &Precondition,
) -> Result<BackEnd, Refusal> {
    let back_end: BackEnd = plan.find(reference)?;
    precondition.check_record(Some(&back_end))?;
    let fields = back_end.fields.clone().patched(patch);
    write(plan, back_end, fields)
}

/// Creates the back end that the patch names, or changes some of what is known of it; the flag says
/// whether it was created.
pub(super) fn upsert(plan: &mut Plan, patch: BackEndPatch) -> Result<(BackEnd, bool), Refusal> {
    let Some(name) = patch.name.clone() else {
        return Err(Refusal::at("/name", "required", "is needed to know which back end it is"));
    };
    match plan.look_up::<BackEnd>(&Reference::Key(name.to_string()))? {
        None => Ok((create(plan, BackEndFields::new(name).patched(patch))?, true)),
        Some(back_end) => {
            let own = back_end.fields.name.clone();
            let fields = back_end.fields.clone().patched(BackEndPatch { name: Some(own), ..patch });
            Ok((write(plan, back_end, fields)?, false))
        }
    }
}

/// Deletes a back end that no customer user comes from.
pub fn delete(plan: &mut Plan, reference: &Reference, precondition: &Precondition) -> Result<(), Refusal> {
    let back_end: BackEnd = plan.find(reference)?;
    precondition.check_record(Some(&back_end))?;
    let customer_users = store::count_of_back_end(plan.conn, back_end.number)?;
    if customer_users > 0 {
        return Err(Refusal::InUse {
            kind: Kind::BackEnd,
            key: back_end.fields.name.to_string(),
            counts: vec![("customer_users", customer_users)],
            advice: "Move them to another back end first; a back end in use is never deleted by force.",
        });
    }
    plan.edit(Edit::BackEnd(Box::new(Delta::Removed(back_end))));
    Ok(())
}

fn write(plan: &mut Plan, before: BackEnd, fields: BackEndFields) -> Result<BackEnd, Refusal> {
    let own = (before.number.0, before.fields.name.as_str());
    plan.key_is_free(Kind::BackEnd, fields.name.as_str(), Some(own))?;
    let mut after = BackEnd { fields, ..before.clone() };
    if after != before {
        after.times.updated_at = plan.now;
        plan.edit(Edit::BackEnd(Box::new(Delta::Changed { before, after: after.clone() })));
    }
    Ok(after)
}
