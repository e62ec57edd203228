//! Numbers as they are stored, and queries for some of them.

use super::StoreError;

/// Narrows a query to these numbers. One alone, by far the most frequent, is asked for as such.
macro_rules! of_numbers {
    ($rows:expr, $column:expr, $numbers:expr) => {{
        let rows = $rows.into_boxed();
        match $numbers {
            [one] => rows.filter($column.eq(*one)),
            several => rows.filter($crate::store::one_of::one_of($column, several)),
        }
    }};
}
pub(super) use of_numbers;

/// A stored number; larger ones than fit were not written by us.
pub(super) fn to_number<N: From<u32>>(stored: i64) -> Result<N, StoreError> {
    u32::try_from(stored).map(N::from).map_err(|_| StoreError::Corrupt(format!("the number {stored}")))
}
