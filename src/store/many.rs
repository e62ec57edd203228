//! Many records written together on PostgreSQL, to which each statement is a way there and back: customers, customer users
//! and their external ids.

use std::collections::HashSet;

use diesel::PgConnection;

use super::records::Record;
use super::row_digests::OfNew;
use super::{StoreError, customer_users, customers, external_ids};
use crate::directory::{Delta, Edit};

/// Whether two edits that follow one another can be written together.
pub(super) fn are_together(one: &Edit, other: &Edit) -> bool {
    let leaves_a_row = |edit: &Edit| match edit {
        Edit::Customer(delta) => delta.after().is_some(),
        Edit::CustomerUser(delta) => delta.after().is_some(),
        Edit::ExternalId { present, .. } => *present,
        _ => false,
    };
    leaves_a_row(one) && leaves_a_row(other)
}

/// Writes such edits: customers before customer users, who name them, and external ids, which hang on
/// nothing, at the end.
pub(super) fn write(c: &mut PgConnection, edits: &[Edit], of_new: &OfNew) -> Result<(), StoreError> {
    let (mut of_customers, mut of_customer_users, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for edit in edits {
        match edit {
            Edit::Customer(delta) => of_customers.push(&**delta),
            Edit::CustomerUser(delta) => of_customer_users.push(&**delta),
            Edit::ExternalId { thing, external_id, .. } => {
                ids.push((*thing, &**external_id, of_new.of(*thing, external_id)));
            }
            _ => {}
        }
    }
    statements(&of_customers).iter().try_for_each(|rows| customers::put(c, rows))?;
    statements(&of_customer_users).iter().try_for_each(|rows| customer_users::put(c, rows))?;
    external_ids::give(c, &ids)
}

/// The rows that deltas leave, as many in a statement as may be: no statement may write a row twice, and of
/// two deltas of one row that follow one another the last one counts.
fn statements<'d, R: Record>(deltas: &[&'d Delta<R>]) -> Vec<Vec<&'d R>> {
    let (mut all, mut rows, mut numbers): (Vec<Vec<&R>>, Vec<&R>, HashSet<u32>) = Default::default();
    for after in deltas.iter().filter_map(|delta| delta.after()) {
        let number = after.number().into();
        match rows.last_mut().filter(|last| last.number().into() == number) {
            Some(last) => *last = after,
            None => {
                if !numbers.insert(number) {
                    all.push(std::mem::take(&mut rows));
                    numbers = HashSet::from([number]);
                }
                rows.push(after);
            }
        }
    }
    all.push(rows);
    all
}
