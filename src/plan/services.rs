//! Writing services: a tree in which a name says where a service stands, so that renaming may move
//! it, and carries everything below.

use std::collections::BTreeSet;

use super::external_ids::{self, OnExisting};
use super::{FieldError, Plan, Precondition, Refusal};
use crate::directory::service::SEPARATOR;
use crate::directory::{
    Delta, Edit, ExternalId, Kind, Reference, Roll, Service, ServiceFields, ServiceName, ServiceNumber, ServicePatch,
    Times,
};
use crate::store::{self, LinksOf, StoreError};

/// Creates a service under the parent that its name names.
pub fn create(plan: &mut Plan, mut fields: ServiceFields) -> Result<Service, Refusal> {
    let parent = parent_of(plan, &fields.name)?;
    fields.name = named_under(parent.as_ref(), &fields.name)?;
    plan.key_is_free(Kind::Service, fields.name.as_str(), None)?;
    let service = Service {
        number: plan.new_number()?,
        parent: parent.map(|parent| parent.number),
        fields,
        external_ids: Vec::new(),
        times: Times::new(plan.now),
    };
    plan.edit(Edit::Service(Box::new(Delta::Created(service.clone()))));
    Ok(service)
}

/// Creates the service of this name, or replaces what is known of it; the flag says which.
pub fn put(
    plan: &mut Plan,
    reference: &Reference,
    patch: ServicePatch,
    on_existing: OnExisting,
    precondition: &Precondition,
) -> Result<(Service, bool), Refusal> {
    if let Reference::External(external_id) = reference {
        return upsert(plan, Some(external_id), patch, on_existing, precondition);
    }
    let current: Option<Service> = plan.look_up(reference)?;
    precondition.check_record(current.as_ref())?;
    match (current, reference) {
        (Some(service), _) => {
            super::same_key("/name", service.fields.name.as_str(), patch.name.as_ref())?;
            let name = service.fields.name.clone();
            let fields = ServiceFields::new(name.clone()).patched(ServicePatch { name: Some(name), ..patch });
            Ok((write(plan, service, fields)?, false))
        }
        (None, Reference::Key(key)) => {
            super::same_key("/name", key, patch.name.as_ref())?;
            let name = ServiceName::parse(key).map_err(|why| Refusal::Invalid(vec![FieldError::new("/name", why)]))?;
            Ok((create(plan, ServiceFields::new(name).patched(patch))?, true))
        }
        (None, _) => Err(Refusal::not_found(Kind::Service, reference)),
    }
}

/// Merges what another system knows of a service; the flag says whether it was created. What is the
/// same already makes no edit.
pub fn upsert(
    plan: &mut Plan,
    external_id: Option<&ExternalId>,
    patch: ServicePatch,
    on_existing: OnExisting,
    precondition: &Precondition,
) -> Result<(Service, bool), Refusal> {
    let key = patch.name.as_ref().map(ServiceName::as_str);
    let (known, new_id) = external_ids::locate::<Service>(plan, external_id, key, on_existing)?;
    precondition.check_record(known.as_ref())?;
    let (service, is_new) = match (known, patch.name.clone()) {
        (Some(service), written) => {
            // Another spelling of the same name renames nothing.
            let name = written.filter(|written| written.folded() != service.fields.name.folded());
            let fields = service.fields.clone().patched(ServicePatch { name, ..patch });
            (write(plan, service, fields)?, false)
        }
        (None, Some(name)) => (create(plan, ServiceFields::new(name).patched(patch))?, true),
        (None, None) => return Err(Refusal::at("/name", "required", "is needed to create the service")),
    };
    Ok((external_ids::adopt(plan, service, new_id, is_new), is_new))
}

/// Changes some of what is known of a service; a new name renames or moves it with its subtree.
pub fn patch(
    plan: &mut Plan,
    reference: &Reference,
    patch: ServicePatch,
    precondition: &Precondition,
) -> Result<Service, Refusal> {
    let service: Service = plan.find(reference)?;
    precondition.check_record(Some(&service))?;
    let fields = service.fields.clone().patched(patch);
    write(plan, service, fields)
}

/// Deletes a service; one that is linked or a default service only by force, one with children never.
pub fn delete(plan: &mut Plan, reference: &Reference, force: bool, precondition: &Precondition) -> Result<(), Refusal> {
    let mut service: Service = plan.find(reference)?;
    precondition.check_record(Some(&service))?;
    let key = service.fields.name.to_string();
    let children = store::children_of(plan.conn, service.number)?.len() as u64;
    if children > 0 {
        let advice = "Move or delete its children first; a service with children is never deleted by force.";
        return Err(Refusal::InUse { kind: Kind::Service, key, counts: vec![("children", children)], advice });
    }
    let links = store::customer_user_service_links(plan.conn, LinksOf::Service(service.number))?;
    let rolls = super::rolls::naming(plan, service.number.into())?;
    if !force {
        let listed = usize::from(rolls.contains(&Roll::DefaultServices));
        super::not_in_use(Kind::Service, &key, &[("customer_user_links", links.len()), ("default_services", listed)])?;
    }
    super::links::remove_customer_user_service_links(plan, links);
    super::rolls::strike(plan, rolls, service.number.into());
    external_ids::detach_all(plan, &mut service);
    plan.edit(Edit::Service(Box::new(Delta::Removed(service))));
    Ok(())
}

fn write(plan: &mut Plan, before: Service, mut fields: ServiceFields) -> Result<Service, Refusal> {
    if fields.name == before.fields.name {
        return Ok(edit(plan, before.clone(), Service { fields, ..before }));
    }
    let subtree = subtree_of(plan, before.number)?;
    let parent = parent_of(plan, &fields.name)?;
    no_cycle(&before, &subtree, parent.as_ref())?;
    fields.name = named_under(parent.as_ref(), &fields.name)?;
    let moved: Vec<ServiceNumber> =
        std::iter::once(before.number).chain(subtree.iter().map(|service| service.number)).collect();
    not_elsewhere(plan, &fields.name, &moved, || Refusal::KeyTaken {
        kind: Kind::Service,
        key: fields.name.to_string(),
        id: String::new(),
    })?;
    let parent = parent.map(|parent| parent.number);
    let (old, new) = (before.fields.name.clone(), fields.name.clone());
    let mut carried = Vec::with_capacity(subtree.len());
    for service in subtree {
        carried.push((service.clone(), carry(plan, service, &old, &new, &moved)?));
    }
    let after = edit(plan, before.clone(), Service { parent, fields, ..before });
    carried.into_iter().for_each(|(before, after)| drop(edit(plan, before, after)));
    Ok(after)
}

/// Every service below this one, parents before their children, with what the plan itself has moved.
fn subtree_of(plan: &mut Plan, root: ServiceNumber) -> Result<Vec<Service>, StoreError> {
    let stored = store::subtree_of(plan.conn, root)?.into_iter().map(|service| service.number);
    let own = plan.known.own::<Service>().map(|(number, _)| ServiceNumber(number));
    let candidates: BTreeSet<ServiceNumber> = stored.chain(own).collect();
    let mut below = Vec::new();
    for number in candidates {
        let Some(service) = plan.by_number::<Service>(number)? else { continue };
        if let Some(depth) = depth_below(plan, &service, root)? {
            below.push((depth, service));
        }
    }
    below.sort_by_key(|(depth, service)| (*depth, service.number));
    Ok(below.into_iter().map(|(_, service)| service).collect())
}

/// How far below another a service stands, if it does.
fn depth_below(plan: &mut Plan, service: &Service, root: ServiceNumber) -> Result<Option<usize>, StoreError> {
    let (mut depth, mut parent) = (0, service.parent);
    while let Some(number) = parent {
        depth += 1;
        if number == root {
            return Ok(Some(depth));
        }
        parent = plan.by_number::<Service>(number)?.and_then(|above| above.parent);
    }
    Ok(None)
}

/// A service of the subtree with its name under the new one.
fn carry(
    plan: &mut Plan,
    before: Service,
    old: &ServiceName,
    new: &ServiceName,
    moved: &[ServiceNumber],
) -> Result<Service, Refusal> {
    let rest = &before.fields.name.as_str()[old.as_str().len() + SEPARATOR.len()..];
    let name = new.child(rest).map_err(|why| {
        Refusal::ServiceNameTooLong(format!(
            "The service {:?} below it would get the name {new}{SEPARATOR}{rest}, which {}.",
            before.fields.name.as_str(),
            why.detail
        ))
    })?;
    not_elsewhere(plan, &name, moved, || {
        Refusal::ServiceCollision(format!(
            "The service {:?} below it would get the name {:?}, which another service has.",
            before.fields.name.as_str(),
            name.as_str()
        ))
    })?;
    Ok(Service { fields: ServiceFields { name, ..before.fields.clone() }, ..before })
}

/// Adds the edit, if there is a difference.
fn edit(plan: &mut Plan, before: Service, mut after: Service) -> Service {
    if after != before {
        after.times.updated_at = plan.now;
        plan.edit(Edit::Service(Box::new(Delta::Changed { before, after: after.clone() })));
    }
    after
}

/// The parent that a name names; it must exist.
fn parent_of(plan: &mut Plan, name: &ServiceName) -> Result<Option<Service>, Refusal> {
    let Some(parent) = name.parent() else {
        return Ok(None);
    };
    let found = plan.look_up(&Reference::Key(parent.to_string()))?;
    let missing = || {
        let detail = format!("names the parent {:?}, which does not exist; create it first", parent.as_str());
        Refusal::at("/name", "parent_not_found", detail)
    };
    found.map(Some).ok_or_else(missing)
}

/// The name in the writing of its parent: children say their parent's name as the parent does.
fn named_under(parent: Option<&Service>, name: &ServiceName) -> Result<ServiceName, Refusal> {
    let Some(parent) = parent else {
        return Ok(name.clone());
    };
    let named = parent.fields.name.child(name.last_part());
    named.map_err(|why| Refusal::Invalid(vec![FieldError::new("/name", why)]))
}

fn no_cycle(service: &Service, subtree: &[Service], parent: Option<&Service>) -> Result<(), Refusal> {
    let Some(parent) = parent else {
        return Ok(());
    };
    let below = parent.number == service.number || subtree.iter().any(|s| s.number == parent.number);
    if !below {
        return Ok(());
    }
    let (name, parent) = (service.fields.name.as_str(), parent.fields.name.as_str());
    Err(Refusal::ServiceCycle(format!("{name:?} cannot stand under {parent:?}, which is itself or stands below it.")))
}

/// Refuses a name that a service has which is not moved along.
fn not_elsewhere(
    plan: &mut Plan,
    name: &ServiceName,
    moved: &[ServiceNumber],
    refusal: impl FnOnce() -> Refusal,
) -> Result<(), Refusal> {
    match plan.number_of(Kind::Service, &Reference::Key(name.to_string()))? {
        Some(holder) if !moved.contains(&ServiceNumber(holder)) => Err(match refusal() {
            Refusal::KeyTaken { kind, key, .. } => Refusal::KeyTaken { kind, key, id: kind.id(holder) },
            other => other,
        }),
        _ => Ok(()),
    }
}
