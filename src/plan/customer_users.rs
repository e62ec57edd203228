//! Writing customer users.

use super::external_ids::{self, OnExisting};
use super::{FieldError, Plan, Powers, Precondition, Refusal};
use crate::directory::customer_user::{BackEndOfUser, CustomerOfUser, identity_differences};
use crate::directory::{
    BackEnd, BackEndName, Customer, CustomerUser, CustomerUserFields, CustomerUserPatch, Delta, Edit, ExternalId, Kind,
    Login, Patch, Reference, Times,
};
use crate::store::{self, LinksOf};

/// Where customer users come from who do not say.
const DEFAULT_BACK_END: &str = "default";

/// Creates a customer user.
pub fn create(plan: &mut Plan, patch: CustomerUserPatch, powers: Powers) -> Result<CustomerUser, Refusal> {
    let Some(login) = patch.login.clone() else {
        return Err(Refusal::at("/login", "required", "is needed to create the customer user"));
    };
    plan.key_is_free(Kind::CustomerUser, login.as_str(), None)?;
    let back_end = back_end_of(plan, patch.back_end.as_ref())?;
    may_enter(&back_end, powers)?;
    may_write_identity(&of_user(&back_end), || vec!["login"], powers)?;
    let customer = customer_of(plan, &patch.customer, None)?;
    let customer_user = CustomerUser {
        number: plan.new_number()?,
        fields: CustomerUserFields::new(login).patched(patch),
        customer,
        additional_customers: Vec::new(),
        back_end: of_user(&back_end),
        external_ids: Vec::new(),
        times: Times::new(plan.now),
    };
    plan.edit(Edit::CustomerUser(Box::new(Delta::Created(customer_user.clone()))));
    Ok(customer_user)
}

/// Creates the customer user of this login, or replaces what is known of them; the flag says which.
pub fn put(
    plan: &mut Plan,
    reference: &Reference,
    patch: CustomerUserPatch,
    on_existing: OnExisting,
    powers: Powers,
    precondition: &Precondition,
) -> Result<(CustomerUser, bool), Refusal> {
    if let Reference::External(external_id) = reference {
        return upsert(plan, Some(external_id), patch, on_existing, powers, precondition);
    }
    let current: Option<CustomerUser> = plan.look_up(reference)?;
    precondition.check_record(current.as_ref())?;
    match (current, reference) {
        (Some(customer_user), _) => {
            super::same_key("/login", customer_user.fields.login.as_str(), patch.login.as_ref())?;
            let login = customer_user.fields.login.clone();
            let patch = replacement(patch, login.clone());
            let cleared = CustomerUser { fields: CustomerUserFields::new(login), ..customer_user.clone() };
            Ok((write(plan, customer_user, cleared, patch, powers)?, false))
        }
        (None, Reference::Key(key)) => {
            super::same_key("/login", key, patch.login.as_ref())?;
            let login = Login::parse(key).map_err(|why| Refusal::Invalid(vec![FieldError::new("/login", why)]))?;
            let login = patch.login.clone().unwrap_or(login);
            Ok((create(plan, replacement(patch, login), powers)?, true))
        }
        (None, _) => Err(Refusal::not_found(Kind::CustomerUser, reference)),
    }
}

/// In a replacement, what is absent is cleared; but nobody changes back ends by leaving one out.
fn replacement(patch: CustomerUserPatch, login: Login) -> CustomerUserPatch {
    let customer = if patch.customer.is_untouched() { Patch::Clear } else { patch.customer };
    CustomerUserPatch { login: Some(login), customer, ..patch }
}

/// Changes some of what is known of a customer user.
pub fn patch(
    plan: &mut Plan,
    reference: &Reference,
    patch: CustomerUserPatch,
    powers: Powers,
    precondition: &Precondition,
) -> Result<CustomerUser, Refusal> {
    let customer_user: CustomerUser = plan.find(reference)?;
    precondition.check_record(Some(&customer_user))?;
    write(plan, customer_user.clone(), customer_user, patch, powers)
}

/// Merges what another system knows of a customer user; the flag says whether they were created.
/// What is the same already makes no edit.
pub fn upsert(
    plan: &mut Plan,
    external_id: Option<&ExternalId>,
    patch: CustomerUserPatch,
    on_existing: OnExisting,
    powers: Powers,
    precondition: &Precondition,
) -> Result<(CustomerUser, bool), Refusal> {
    let key = patch.login.as_ref().map(Login::as_str);
    let (known, new_id) = external_ids::locate::<CustomerUser>(plan, external_id, key, on_existing)?;
    precondition.check_record(known.as_ref())?;
    let (customer_user, is_new) = match known {
        Some(customer_user) => {
            // Another spelling of the same login renames nobody.
            let is_another = |written: &Login| written.folded() != customer_user.fields.login.folded();
            let patch = CustomerUserPatch { login: patch.login.clone().filter(is_another), ..patch };
            (write(plan, customer_user.clone(), customer_user, patch, powers)?, false)
        }
        None => (create(plan, patch, powers)?, true),
    };
    Ok((external_ids::adopt(plan, customer_user, new_id, is_new), is_new))
}

/// Deletes a customer user; one with links or additional customers only by force.
pub fn delete(
    plan: &mut Plan,
    reference: &Reference,
    force: bool,
    powers: Powers,
    precondition: &Precondition,
) -> Result<(), Refusal> {
    let mut customer_user: CustomerUser = plan.find(reference)?;
    precondition.check_record(Some(&customer_user))?;
    may_write_identity(&customer_user.back_end, || vec!["login"], powers)?;
    let of = LinksOf::CustomerUser(customer_user.number);
    let memberships = store::customer_memberships(plan.conn, of)?;
    let group_links = store::customer_user_group_links(plan.conn, of)?;
    let service_links = store::customer_user_service_links(plan.conn, of)?;
    if !force {
        let counts = [
            ("additional_customers", memberships.len()),
            ("group_links", group_links.len()),
            ("service_links", service_links.len()),
        ];
        super::not_in_use(Kind::CustomerUser, customer_user.fields.login.as_str(), &counts)?;
    }
    super::links::remove_memberships(plan, memberships);
    super::links::remove_customer_user_group_links(plan, group_links);
    super::links::remove_customer_user_service_links(plan, service_links);
    external_ids::detach_all(plan, &mut customer_user);
    plan.edit(Edit::CustomerUser(Box::new(Delta::Removed(customer_user))));
    Ok(())
}

/// Takes the primary customer from a customer user, because it is about to go.
pub(super) fn clear_customer(plan: &mut Plan, before: CustomerUser) {
    let mut after = CustomerUser { customer: None, ..before.clone() };
    after.times.updated_at = plan.now;
    plan.edit(Edit::CustomerUser(Box::new(Delta::Changed { before, after })));
}

/// Writes what is to be of a customer user, with the patch on it, over what was.
fn write(
    plan: &mut Plan,
    before: CustomerUser,
    mut after: CustomerUser,
    patch: CustomerUserPatch,
    powers: Powers,
) -> Result<CustomerUser, Refusal> {
    if let Some(named) = &patch.back_end {
        let back_end = back_end_of(plan, Some(named))?;
        if back_end.number != before.back_end.number {
            may_move(powers)?;
        }
        after.back_end = of_user(&back_end);
    }
    after.customer = customer_of(plan, &patch.customer, after.customer)?;
    after.fields = after.fields.patched(patch);
    let own = (before.number.0, before.fields.login.as_str());
    plan.key_is_free(Kind::CustomerUser, after.fields.login.as_str(), Some(own))?;
    may_write_identity(&before.back_end, || identity_differences(&before, &after), powers)?;
    if after != before {
        after.times.updated_at = plan.now;
        plan.edit(Edit::CustomerUser(Box::new(Delta::Changed { before, after: after.clone() })));
    }
    Ok(after)
}

fn customer_of(
    plan: &mut Plan,
    named: &Patch<Reference>,
    current: Option<CustomerOfUser>,
) -> Result<Option<CustomerOfUser>, Refusal> {
    match named {
        Patch::Untouched => Ok(current),
        Patch::Clear => Ok(None),
        Patch::Set(reference) => {
            let number = plan.known(Kind::Customer, reference)?;
            if current.as_ref().is_some_and(|current| Some(current.number.0) == number) {
                return Ok(current);
            }
            let customer: Customer = plan.find_named_at("/customer", reference)?;
            Ok(Some(CustomerOfUser { number: customer.number, customer_id: customer.fields.customer_id }))
        }
    }
}

/// How the back end is named of customer users who do not say.
pub(super) fn default_back_end() -> Reference {
    Reference::Key(DEFAULT_BACK_END.to_owned())
}

fn back_end_of(plan: &mut Plan, named: Option<&Reference>) -> Result<BackEnd, Refusal> {
    plan.find_named_at("/back_end", named.unwrap_or(&default_back_end()))
}

fn of_user(back_end: &BackEnd) -> BackEndOfUser {
    let name: BackEndName = back_end.fields.name.clone();
    BackEndOfUser { number: back_end.number, name, read_only: back_end.fields.read_only }
}

/// Whoever comes into a back end without group support has everything (rule 4); that is for those
/// who may change the settings.
fn may_enter(back_end: &BackEnd, powers: Powers) -> Result<(), Refusal> {
    if back_end.fields.group_support || powers.move_between_back_ends {
        return Ok(());
    }
    let why = "the back end's group support is off, so its customer users have every permission on every group";
    Err(Refusal::MissingScope { scope: "settings:write", why })
}

fn may_move(powers: Powers) -> Result<(), Refusal> {
    if powers.move_between_back_ends {
        return Ok(());
    }
    Err(Refusal::MissingScope { scope: "settings:write", why: "it moves a customer user to another back end" })
}

fn may_write_identity(
    back_end: &BackEndOfUser,
    fields: impl FnOnce() -> Vec<&'static str>,
    powers: Powers,
) -> Result<(), Refusal> {
    if !back_end.read_only || powers.write_identity {
        return Ok(());
    }
    let fields = fields();
    if fields.is_empty() {
        return Ok(());
    }
    Err(Refusal::BackEndReadOnly { back_end: back_end.name.to_string(), fields })
}
