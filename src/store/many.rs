//! Many records written together: customers, customer users and their external ids, a hundred rows a
//! statement.

use std::collections::HashSet;

use super::records::Record;
use super::{Conn, StoreError, customer_users, customers, external_ids};
use crate::directory::{Delta, Edit, ExternalId, Thing};

/// So many rows are written in one statement.
const AT_A_TIME: usize = 100;

/// Whether two edits that follow one another can be written together.
pub(super) fn are_together(one: &Edit, other: &Edit) -> bool {
    let leaves_a_row = |edit: &Edit| match edit {
        Edit::Customer(delta) => delta.after().is_some(),
        Edit::CustomerUser(delta) => delta.after().is_some(),
        Edit::ExternalId { .. } => true,
        _ => false,
    };
    leaves_a_row(one) && leaves_a_row(other)
}

/// Writes such edits: customers before customer users, who name them, and external ids, which hang on
/// nothing, at the end.
pub(super) fn write(conn: &mut Conn, edits: &[Edit]) -> Result<(), StoreError> {
    let (mut of_customers, mut of_customer_users, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for edit in edits {
        match edit {
            Edit::Customer(delta) => of_customers.push(&**delta),
            Edit::CustomerUser(delta) => of_customer_users.push(&**delta),
            Edit::ExternalId { thing, external_id, present } => ids.push((*thing, &**external_id, *present)),
            _ => {}
        }
    }
    statements(&of_customers).iter().try_for_each(|rows| customers::put(conn, rows))?;
    statements(&of_customer_users).iter().try_for_each(|rows| customer_users::put(conn, rows))?;
    write_external_ids(conn, &ids)
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
                if rows.len() == AT_A_TIME || numbers.contains(&number) {
                    all.push(std::mem::take(&mut rows));
                    numbers.clear();
                }
                numbers.insert(number);
                rows.push(after);
            }
        }
    }
    all.push(rows);
    all
}

fn write_external_ids(conn: &mut Conn, ids: &[(Thing, &ExternalId, bool)]) -> Result<(), StoreError> {
    ids.chunk_by(|one, other| one.2 && other.2).try_for_each(|run| match run {
        [(thing, external_id, present)] => external_ids::set(conn, *thing, external_id, *present),
        given => given.chunks(AT_A_TIME).try_for_each(|some| external_ids::give(conn, some)),
    })
}
