//! Writing groups.

use super::external_ids::{self, OnExisting};
use super::{FieldError, Plan, Precondition, Refusal};
use crate::directory::{
    Delta, Edit, ExternalId, Group, GroupFields, GroupName, GroupPatch, Kind, Reference, Roll, Times,
};
use crate::store::{self, LinksOf};

/// Creates a group.
pub fn create(plan: &mut Plan, fields: GroupFields) -> Result<Group, Refusal> {
    plan.key_is_free(Kind::Group, fields.name.as_str(), None)?;
    let group = Group { number: plan.new_number()?, fields, external_ids: Vec::new(), times: Times::new(plan.now) };
    plan.edit(Edit::Group(Box::new(Delta::Created(group.clone()))));
    Ok(group)
}

/// Creates the group of this name, or replaces what is known of it; the flag says which.
pub fn put(
    plan: &mut Plan,
    reference: &Reference,
    patch: GroupPatch,
    on_existing: OnExisting,
    precondition: &Precondition,
) -> Result<(Group, bool), Refusal> {
    if let Reference::External(external_id) = reference {
        return upsert(plan, Some(external_id), patch, on_existing, precondition);
    }
    let current: Option<Group> = plan.look_up(reference)?;
    precondition.check_record(current.as_ref())?;
    match (current, reference) {
        (Some(group), _) => {
            super::same_key("/name", group.fields.name.as_str(), patch.name.as_ref())?;
            let name = group.fields.name.clone();
            let fields = GroupFields::new(name.clone()).patched(GroupPatch { name: Some(name), ..patch });
            Ok((write(plan, group, fields)?, false))
        }
        (None, Reference::Key(key)) => {
            super::same_key("/name", key, patch.name.as_ref())?;
            let name = GroupName::parse(key).map_err(|why| Refusal::Invalid(vec![FieldError::new("/name", why)]))?;
            Ok((create(plan, GroupFields::new(name).patched(patch))?, true))
        }
        (None, _) => Err(Refusal::not_found(Kind::Group, reference)),
    }
}

/// Merges what another system knows of a group; the flag says whether it was created. What is the
/// same already makes no edit.
pub fn upsert(
    plan: &mut Plan,
    external_id: Option<&ExternalId>,
    patch: GroupPatch,
    on_existing: OnExisting,
    precondition: &Precondition,
) -> Result<(Group, bool), Refusal> {
    let key = patch.name.as_ref().map(GroupName::as_str);
    let (known, new_id) = external_ids::locate::<Group>(plan, external_id, key, on_existing)?;
    precondition.check_record(known.as_ref())?;
    let (group, is_new) = match (known, patch.name.clone()) {
        (Some(group), written) => {
            // Another spelling of the same name renames nothing.
            let name = written.filter(|written| written.folded() != group.fields.name.folded());
            let fields = group.fields.clone().patched(GroupPatch { name, ..patch });
            (write(plan, group, fields)?, false)
        }
        (None, Some(name)) => (create(plan, GroupFields::new(name).patched(patch))?, true),
        (None, None) => return Err(Refusal::at("/name", "required", "is needed to create the group")),
    };
    Ok((external_ids::adopt(plan, group, new_id, is_new), is_new))
}

/// Changes some of what is known of a group.
pub fn patch(
    plan: &mut Plan,
    reference: &Reference,
    patch: GroupPatch,
    precondition: &Precondition,
) -> Result<Group, Refusal> {
    let group: Group = plan.find(reference)?;
    precondition.check_record(Some(&group))?;
    let fields = group.fields.clone().patched(patch);
    write(plan, group, fields)
}

/// Deletes a group; one that is linked or an always-group only by force.
pub fn delete(plan: &mut Plan, reference: &Reference, force: bool, precondition: &Precondition) -> Result<(), Refusal> {
    let mut group: Group = plan.find(reference)?;
    precondition.check_record(Some(&group))?;
    let customer_links = store::customer_group_links(plan.conn, LinksOf::Group(group.number))?;
    let customer_user_links = store::customer_user_group_links(plan.conn, LinksOf::Group(group.number))?;
    let rolls = super::rolls::naming(plan, group.number.into())?;
    if !force {
        let listed = |roll| usize::from(rolls.contains(&roll));
        let counts = [
            ("customer_links", customer_links.len()),
            ("customer_user_links", customer_user_links.len()),
            ("customer_always_groups", listed(Roll::CustomerAlwaysGroups)),
            ("customer_user_always_groups", listed(Roll::CustomerUserAlwaysGroups)),
        ];
        super::not_in_use(Kind::Group, group.fields.name.as_str(), &counts)?;
    }
    super::links::remove_customer_group_links(plan, customer_links);
    super::links::remove_customer_user_group_links(plan, customer_user_links);
    super::rolls::strike(plan, rolls, group.number.into());
    external_ids::detach_all(plan, &mut group);
    plan.edit(Edit::Group(Box::new(Delta::Removed(group))));
    Ok(())
}

fn write(plan: &mut Plan, before: Group, fields: GroupFields) -> Result<Group, Refusal> {
    let own = (before.number.0, before.fields.name.as_str());
    plan.key_is_free(Kind::Group, fields.name.as_str(), Some(own))?;
    let mut after = Group { fields, ..before.clone() };
    if after != before {
        after.times.updated_at = plan.now;
        plan.edit(Edit::Group(Box::new(Delta::Changed { before, after: after.clone() })));
    }
    Ok(after)
}
