//! SQLite as it is built for the service (`.cargo/config.toml`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects by failing")]
#![allow(missing_docs, reason = "the table has none")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

diesel::table! {
    rows (id) {
        id -> BigInt,
        text -> Text,
    }
}

/// So much must be kept to undo it: 40 MB.
const ROWS: i64 = 10_000;

#[test]
fn a_write_can_be_undone_however_much_it_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("large.sqlite");
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("a connection");
    conn.batch_execute(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
         CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
         INSERT INTO rows (text) WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {ROWS})
         SELECT hex(zeroblob(2000)) FROM up"
    ))
    .expect("a table");
    let changed =
        |conn: &mut SqliteConnection| rows::table.filter(rows::text.like("%x")).count().get_result::<i64>(conn);
    conn.batch_execute("BEGIN; SAVEPOINT one; UPDATE rows SET text = text || 'x'").expect("a large write");
    assert_eq!(changed(&mut conn), Ok(ROWS));
    conn.batch_execute("ROLLBACK TO one; RELEASE one; COMMIT").expect("it is undone");
    assert_eq!(changed(&mut conn), Ok(0));
    conn.batch_execute("BEGIN; SAVEPOINT one; UPDATE rows SET text = text || 'x'; RELEASE one; COMMIT")
        .expect("a write");
    assert_eq!(changed(&mut conn), Ok(ROWS));
}
