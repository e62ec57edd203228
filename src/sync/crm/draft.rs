//! A row in the making: the cells that were read so far, each in its field.

use super::cell::{Cell, by_key, clearable, external_id, kept, one_line, validity};
use super::field::{CustomerField, CustomerUserField, Field, Part};
use super::mapping::{Columns, Mapping};
use super::row::Refusal;
use super::sink::{CrmRow, CustomerUpsert, CustomerUserUpsert, Problem};
use crate::directory::{
    Comment, CustomerId, CustomerPatch, CustomerUserPatch, Email, ExternalId, Invalid, Login, Patch, Reference, Source,
    Url,
};

/// A row in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    customer: CustomerPatch,
    customer_external_id: Option<ExternalId>,
    customer_user: CustomerUserPatch,
    customer_user_external_id: Option<ExternalId>,
}

impl Draft {
    /// Puts a cell into its field.
    pub(super) fn set(&mut self, field: Field, cell: Cell<'_>, source: Option<&Source>) -> Result<(), Invalid> {
        match field {
            Field::Customer(field) => self.set_customer(field, cell, source),
            Field::CustomerUser(field) => self.set_customer_user(field, cell, source),
        }
    }

    fn set_customer(&mut self, field: CustomerField, cell: Cell<'_>, source: Option<&Source>) -> Result<(), Invalid> {
        let patch = &mut self.customer;
        match field {
            CustomerField::CustomerId => patch.customer_id = kept(cell, CustomerId::parse)?,
            CustomerField::ExternalId => self.customer_external_id = external_id(cell, source)?,
            CustomerField::Name => patch.name = clearable(cell, one_line)?,
            CustomerField::Street => patch.street = clearable(cell, one_line)?,
            CustomerField::Zip => patch.zip = clearable(cell, one_line)?,
            CustomerField::City => patch.city = clearable(cell, one_line)?,
            CustomerField::Country => patch.country = clearable(cell, one_line)?,
            CustomerField::Url => patch.url = clearable(cell, Url::parse)?,
            CustomerField::Comment => patch.comment = clearable(cell, Comment::parse)?,
            CustomerField::Validity => patch.validity = kept(cell, validity)?,
        }
        Ok(())
    }

    fn set_customer_user(
        &mut self,
        field: CustomerUserField,
        cell: Cell<'_>,
        source: Option<&Source>,
    ) -> Result<(), Invalid> {
        let patch = &mut self.customer_user;
        match field {
            CustomerUserField::Login => patch.login = kept(cell, Login::parse)?,
            CustomerUserField::ExternalId => self.customer_user_external_id = external_id(cell, source)?,
            CustomerUserField::Email => patch.email = clearable(cell, Email::parse)?,
            CustomerUserField::Title => patch.title = clearable(cell, one_line)?,
            CustomerUserField::FirstName => patch.first_name = clearable(cell, one_line)?,
            CustomerUserField::LastName => patch.last_name = clearable(cell, one_line)?,
            CustomerUserField::Phone => patch.phone = clearable(cell, one_line)?,
            CustomerUserField::Mobile => patch.mobile = clearable(cell, one_line)?,
            CustomerUserField::Fax => patch.fax = clearable(cell, one_line)?,
            CustomerUserField::Street => patch.street = clearable(cell, one_line)?,
            CustomerUserField::Zip => patch.zip = clearable(cell, one_line)?,
            CustomerUserField::City => patch.city = clearable(cell, one_line)?,
            CustomerUserField::Country => patch.country = clearable(cell, one_line)?,
            CustomerUserField::Comment => patch.comment = clearable(cell, Comment::parse)?,
            CustomerUserField::Customer => patch.customer = clearable(cell, by_key)?,
            CustomerUserField::BackEnd => patch.back_end = kept(cell, by_key)?,
            CustomerUserField::Validity => patch.validity = kept(cell, validity)?,
        }
        Ok(())
    }

    /// What the row lacks to say whose it is, unless the reason was given already.
    pub(super) fn missing_key(&self, columns: &Columns<'_>, problems: &[Refusal]) -> Option<Problem> {
        let mapping = columns.mapping;
        let (part, key, found) = if mapping.brings(Part::CustomerUser) {
            let found = self.customer_user.login.is_some() || self.customer_user_external_id.is_some();
            (Part::CustomerUser, Field::CustomerUser(CustomerUserField::Login), found)
        } else {
            (Part::Customer, Field::Customer(CustomerField::CustomerId), self.has_customer())
        };
        let named = problems.iter().any(|(problem, _)| problem.field.is_some_and(|field| is_key(field, part)));
        let external_id = match part {
            Part::Customer => Field::Customer(CustomerField::ExternalId),
            Part::CustomerUser => Field::CustomerUser(CustomerUserField::ExternalId),
        };
        let field = if columns.column(key).is_some() { key } else { external_id };
        (!found && !named).then(|| Problem::of(field, "empty", "is empty, so the row does not say whose it is"))
    }

    /// Whether the row says which customer it is of.
    pub(super) fn has_customer(&self) -> bool {
        self.customer.customer_id.is_some() || self.customer_external_id.is_some()
    }

    /// The row, once nothing is wrong with it.
    pub(super) fn row(mut self, line: u64, mapping: &Mapping) -> CrmRow {
        let customer = self.has_customer();
        if customer {
            self.customer_user.customer = Patch::Set(self.customer_reference());
        } else if mapping.brings(Part::Customer) {
            self.customer_user.customer = mapping.cell("").cleared();
        }
        let of_customer = CustomerUpsert { external_id: self.customer_external_id, patch: self.customer };
        let of_customer_user =
            CustomerUserUpsert { external_id: self.customer_user_external_id, patch: self.customer_user };
        CrmRow {
            line,
            customer: customer.then_some(of_customer),
            customer_user: mapping.brings(Part::CustomerUser).then_some(of_customer_user),
        }
    }

    fn customer_reference(&self) -> Reference {
        match (&self.customer_external_id, &self.customer.customer_id) {
            (Some(external_id), _) => Reference::External(external_id.clone()),
            (None, customer_id) => Reference::Key(customer_id.as_ref().map(ToString::to_string).unwrap_or_default()),
        }
    }
}

fn is_key(field: Field, part: Part) -> bool {
    let keys = match part {
        Part::Customer => [Field::Customer(CustomerField::CustomerId), Field::Customer(CustomerField::ExternalId)],
        Part::CustomerUser => [CustomerUserField::Login, CustomerUserField::ExternalId].map(Field::CustomerUser),
    };
    keys.contains(&field)
}
