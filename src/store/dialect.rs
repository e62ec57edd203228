//! The few statements that differ between the two databases.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::schema::state;
use super::{Conn, StoreError};

/// Begins a transaction that reads one consistent state.
pub(super) fn begin_read(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(c) => c.batch_execute("BEGIN DEFERRED")?,
        Conn::Postgres(c) => c.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
    }
    Ok(())
}

/// Begins a transaction that excludes every other writer, and gives the revision and the epoch.
///
/// Taking the revision row first is what makes revision order commit order.
pub(super) fn begin_write(conn: &mut Conn) -> Result<(i64, String), StoreError> {
    let columns = (state::revision, state::epoch);
    Ok(match conn {
        Conn::Sqlite(c) => {
            c.batch_execute("BEGIN IMMEDIATE")?;
            state::table.select(columns).get_result(&mut **c)?
        }
        Conn::Postgres(c) => {
            c.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED")?;
            state::table.select(columns).for_update().get_result(&mut **c)?
        }
    })
}

/// Runs plain statements, such as `COMMIT`, that are the same words on both databases.
pub(super) fn execute(conn: &mut Conn, statements: &str) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(c) => c.batch_execute(statements)?,
        Conn::Postgres(c) => c.batch_execute(statements)?,
    }
    Ok(())
}

/// Ends a transaction that came to nothing, so that the connection is as good as new for the next
/// one. Where that fails there is none any more, or the connection is broken and the pool finds out.
pub(super) fn give_up(conn: &mut Conn) {
    let _ = execute(conn, "ROLLBACK");
}
