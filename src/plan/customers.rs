//! Writing customers.

use super::external_ids::{self, OnExisting};
use super::{FieldError, Plan, Precondition, Refusal};
use crate::directory::{
    Customer, CustomerFields, CustomerId, CustomerPatch, Delta, Edit, ExternalId, Kind, Reference, Times,
};
use crate::store::{self, LinksOf};

/// Creates a customer.
pub fn create(plan: &mut Plan, fields: CustomerFields) -> Result<Customer, Refusal> {
    plan.key_is_free(Kind::Customer, fields.customer_id.as_str(), None)?;
    let number = plan.new_number()?;
    let customer = Customer { number, fields, external_ids: Vec::new(), times: Times::new(plan.now) };
    plan.edit(Edit::Customer(Box::new(Delta::Created(customer.clone()))));
    Ok(customer)
}

/// Creates the customer of this key, or replaces what is known of it; the flag says which.
pub fn put(
    plan: &mut Plan,
    reference: &Reference,
    patch: CustomerPatch,
    on_existing: OnExisting,
    precondition: &Precondition,
) -> Result<(Customer, bool), Refusal> {
    if let Reference::External(external_id) = reference {
        return upsert(plan, Some(external_id), patch, on_existing, precondition);
    }
    let current: Option<Customer> = plan.look_up(reference)?;
    precondition.check_record(current.as_ref())?;
    match (current, reference) {
        (Some(customer), _) => {
            super::same_key("/customer_id", customer.fields.customer_id.as_str(), patch.customer_id.as_ref())?;
            let key = customer.fields.customer_id.clone();
            let fields = CustomerFields::new(key.clone()).patched(CustomerPatch { customer_id: Some(key), ..patch });
            Ok((write(plan, customer, fields)?, false))
        }
        (None, Reference::Key(key)) => {
            super::same_key("/customer_id", key, patch.customer_id.as_ref())?;
            let key =
                CustomerId::parse(key).map_err(|why| Refusal::Invalid(vec![FieldError::new("/customer_id", why)]))?;
            let key = patch.customer_id.clone().unwrap_or(key);
            Ok((create(plan, CustomerFields::new(key).patched(patch))?, true))
        }
        (None, _) => Err(Refusal::not_found(Kind::Customer, reference)),
    }
}

/// Changes some of what is known of a customer.
pub fn patch(
    plan: &mut Plan,
    reference: &Reference,
    patch: CustomerPatch,
    precondition: &Precondition,
) -> Result<Customer, Refusal> {
    let customer: Customer = plan.find(reference)?;
    precondition.check_record(Some(&customer))?;
    let fields = customer.fields.clone().patched(patch);
    write(plan, customer, fields)
}

/// Merges what another system knows of a customer; the flag says whether it was created. What is
/// the same already makes no edit.
pub fn upsert(
    plan: &mut Plan,
    external_id: Option<&ExternalId>,
    patch: CustomerPatch,
    on_existing: OnExisting,
    precondition: &Precondition,
) -> Result<(Customer, bool), Refusal> {
    let key = patch.customer_id.as_ref().map(CustomerId::as_str);
    let (known, new_id) = external_ids::locate::<Customer>(plan, external_id, key, on_existing)?;
    precondition.check_record(known.as_ref())?;
    let (customer, is_new) = match (known, patch.customer_id.clone()) {
        (Some(customer), written) => {
            let patch = CustomerPatch { customer_id: renamed(&customer, written), ..patch };
            let fields = customer.fields.clone().patched(patch);
            (write(plan, customer, fields)?, false)
        }
        (None, Some(key)) => (create(plan, CustomerFields::new(key).patched(patch))?, true),
        (None, None) => return Err(Refusal::at("/customer_id", "required", "is needed to create the customer")),
    };
    Ok((external_ids::adopt(plan, customer, new_id, is_new), is_new))
}

/// The key to rename to: another spelling of the same key is none.
fn renamed(customer: &Customer, written: Option<CustomerId>) -> Option<CustomerId> {
    written.filter(|written| written.folded() != customer.fields.customer_id.folded())
}

/// Deletes a customer; what is linked or belongs to it only by force.
pub fn delete(plan: &mut Plan, reference: &Reference, force: bool, precondition: &Precondition) -> Result<(), Refusal> {
    let mut customer: Customer = plan.find(reference)?;
    precondition.check_record(Some(&customer))?;
    let primary = store::customer_users_of(plan.conn, customer.number)?;
    let memberships = store::customer_memberships(plan.conn, LinksOf::Customer(customer.number))?;
    let links = store::customer_group_links(plan.conn, LinksOf::Customer(customer.number))?;
    if !force {
        let counts = [
            ("customer_users", primary.len()),
            ("additional_customer_users", memberships.len()),
            ("group_links", links.len()),
        ];
        super::not_in_use(Kind::Customer, customer.fields.customer_id.as_str(), &counts)?;
    }
    for customer_user in primary {
        super::customer_users::clear_customer(plan, customer_user);
    }
    super::links::remove_memberships(plan, memberships);
    super::links::remove_customer_group_links(plan, links);
    external_ids::detach_all(plan, &mut customer);
    plan.edit(Edit::Customer(Box::new(Delta::Removed(customer))));
    Ok(())
}

fn write(plan: &mut Plan, before: Customer, fields: CustomerFields) -> Result<Customer, Refusal> {
    let own = (before.number.0, before.fields.customer_id.as_str());
    plan.key_is_free(Kind::Customer, fields.customer_id.as_str(), Some(own))?;
    let mut after = Customer { fields, ..before.clone() };
    if after != before {
        after.times.updated_at = plan.now;
        plan.edit(Edit::Customer(Box::new(Delta::Changed { before, after: after.clone() })));
    }
    Ok(after)
}
