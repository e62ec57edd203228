//! What a file's rows become, and who writes them.

use super::field::{Field, Part};
use crate::directory::{CustomerPatch, CustomerUserPatch, ExternalId};

/// One row of a file, good in itself: its values are of the directory's types, its login and
/// external ids stand in no earlier row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmRow {
    /// Where in the file it begins.
    pub line: u64,
    /// The customer, if the row brings something about one that no earlier row brought.
    pub customer: Option<CustomerUpsert>,
    /// The customer user, if the file has them.
    pub customer_user: Option<CustomerUserUpsert>,
}

/// A customer to create or to update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUpsert {
    /// What the other system calls it. At least one of this and `patch.customer_id` is there.
    pub external_id: Option<ExternalId>,
    /// What to write; what is untouched stays as it is.
    pub patch: CustomerPatch,
}

/// A customer user to create or to update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUserUpsert {
    /// What the other system calls the person. At least one of this and `patch.login` is there.
    pub external_id: Option<ExternalId>,
    /// What to write; what is untouched stays as it is. A `customer` names one of the file, by
    /// external id if the file gives one, else by key; or one that must exist.
    pub patch: CustomerUserPatch,
}

/// Whoever writes the rows.
///
/// **An upsert** matches by external id if it is given, else by natural key. A match is updated
/// where the patch differs, and is `Unchanged`, taking no revision, where it does not. What matches
/// nothing is created, and refused if it has no natural key. A natural key that exists without the
/// given external id is adopted (it gets the external id) or refused, as the operator chose; one that
/// has another external id of the same source is another thing, and should be refused in any case.
/// What was matched by its key keeps the spelling of the key: `ACME` does not rename `Acme`.
///
/// **In a row** the customer comes first. If it is refused, so is its customer user; if the
/// customer user is refused, the customer stays, because later rows count on it. **In a batch**
/// the rows come in the order of the file, and a row may name a customer of an earlier one.
pub trait Sink {
    /// Called once, when the whole file was found readable and before the first batch.
    fn begin(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Writes a batch and says what became of each row, in order. A refused row leaves the others
    /// alone; an error means that nothing of this batch was kept.
    fn upsert(&mut self, rows: Vec<CrmRow>) -> Result<Vec<RowOutcome>, SinkError>;
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowOutcome {
    /// Of its customer, if it has one.
    pub customer: Option<PartOutcome>,
    /// Of its customer user, if it has one.
    pub customer_user: Option<PartOutcome>,
    /// What a person should know though the row was written.
    pub warnings: Vec<Problem>,
}

/// What became of a customer or customer user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartOutcome {
    /// It is new.
    Created,
    /// It differed, and does no longer.
    Updated,
    /// It was so already.
    Unchanged,
    /// It was not written, because of these.
    Refused(Vec<Problem>),
}

/// Something wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether the customer or the customer user is concerned; none: the row as a whole.
    pub part: Option<Part>,
    /// Which field; the report names the column that it is mapped to.
    pub field: Option<Field>,
    /// What a program reads, such as `key_taken`.
    pub code: &'static str,
    /// What a person reads: a sentence that begins after the column's name and value.
    pub reason: String,
}

impl Problem {
    /// Something wrong with a field.
    pub fn of(field: Field, code: &'static str, reason: impl Into<String>) -> Self {
        Self { part: Some(field.part()), field: Some(field), code, reason: reason.into() }
    }

    /// Something wrong with a customer or a customer user, no field in particular.
    pub fn of_part(part: Part, code: &'static str, reason: impl Into<String>) -> Self {
        Self { part: Some(part), field: None, code, reason: reason.into() }
    }

    /// Something wrong with a row.
    pub fn of_row(code: &'static str, reason: impl Into<String>) -> Self {
        Self { part: None, field: None, code, reason: reason.into() }
    }
}

/// Why a batch could not be written at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub String);
