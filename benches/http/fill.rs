//! A directory of any size in SQLite, made by the database itself in seconds: ten customer users a customer, five
//! links to groups and one or two to services each, ten links to groups a customer, as in the benches in process.

use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

/// The groups are those of the benches in process: `group 1`, `group 2` …
pub const GROUPS: u32 = 1_000;

/// The login of a customer user, which the statement below makes, too.
pub fn login(number: u32) -> String {
    format!("person.{number}@customer-{}.example", number / 10)
}

/// Makes the database of a data directory, and fills it.
pub fn fill(data: &Path, customer_users: u32) {
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    let migrated = migrate.arg("migrate").env_clear().env("DATA_DIR", data).status().expect("the program starts");
    assert!(migrated.success(), "the database can be made");
    let file = data.join("customer-access.sqlite");
    let mut database = SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("the database is there");
    database.batch_execute(&statements(customer_users)).expect("the database can be filled");
}

/// The numbers of three groups are taken by a fresh installation. What looks random is a hash of the row's number.
fn statements(customer_users: u32) -> String {
    let customers = (customer_users / 10).max(1);
    let (first, last) = (4, 3 + GROUPS);
    format!(
        "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -200000; BEGIN;
        CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY);
        WITH RECURSIVE count(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM count WHERE n < max({customer_users}, 5000))
            INSERT INTO numbers SELECT n FROM count;
        CREATE TEMP TABLE times AS SELECT '2026-01-01 00:00:00' AS t;
        INSERT INTO groups SELECT n + 3, 'group ' || n, 'group ' || n, 'group ' || n, NULL, '', 'valid', t, t
            FROM numbers, times WHERE n <= {GROUPS};
        INSERT INTO services SELECT n, NULL, 'service ' || n, 'service ' || n, 'service ' || n, NULL, 'valid', t, t
            FROM numbers, times WHERE n <= 5000;
        INSERT INTO rolls VALUES ('default_services', 1), ('default_services', 2), ('default_services', 3);
        INSERT INTO customers SELECT n, 'customer-' || n, 'customer-' || n, 'customer-' || n, NULL, '',
            NULL, NULL, NULL, NULL, NULL, NULL, 'valid', t, t FROM numbers, times WHERE n <= {customers};
        INSERT INTO customer_users SELECT n, login, login, login, NULL, '', NULL, NULL, '', NULL, '', NULL, NULL, NULL,
            NULL, NULL, NULL, NULL, NULL, 'valid', 1 + (n - 1) % {customers}, 1, t, t
            FROM (SELECT n, 'person.' || n || '@customer-' || (n / 10) || '.example' AS login FROM numbers), times
            WHERE n <= {customer_users};
        INSERT OR IGNORE INTO customer_group_links
            SELECT numbers.n, {first} + (numbers.n * 7919 + k.n * 104729) % {GROUPS}, 'same_customer', 1 + (numbers.n + k.n) % 2
            FROM numbers, (SELECT n FROM numbers WHERE n <= 10) AS k WHERE numbers.n <= {customers};
        INSERT OR IGNORE INTO customer_user_group_links
            SELECT numbers.n, {first} + (numbers.n * 6151 + k.n * 15485863) % {GROUPS}, 1 + (numbers.n + k.n) % 2
            FROM numbers, (SELECT n FROM numbers WHERE n <= 5) AS k WHERE numbers.n <= {customer_users};
        INSERT OR IGNORE INTO customer_user_service_links
            SELECT numbers.n, 1 + (numbers.n * 3571 + k.n * 32452843) % 5000
            FROM numbers, (SELECT n FROM numbers WHERE n <= 2) AS k
            WHERE numbers.n <= {customer_users} AND (k.n = 1 OR numbers.n % 2 = 1);
        UPDATE sequences SET last_number = CASE kind WHEN 'group' THEN {last} WHEN 'service' THEN 5000
            WHEN 'customer' THEN {customers} WHEN 'customer_user' THEN {customer_users} ELSE last_number END;
        COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    )
}
