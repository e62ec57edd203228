//! The first start, and the start of a new version: the schema is brought up to date by one process at a time.

use std::process::{Command, Stdio};

use customer_access::store::{Store, StoreError};

use super::common::app::BINARY;
use super::database::{Kind, behind_the_back, lines, on_both};

fn migrations_done(store: &Store) -> Vec<String> {
    let query = "SELECT version AS line FROM __diesel_schema_migrations ORDER BY version";
    store.read(|conn| Ok::<_, StoreError>(lines(conn, query))).expect("the migrations")
}

fn processes_that_start_together_migrate_once(kind: Kind) {
    let (database, usual) = (kind.empty_database(), kind.database());
    let migrate = |_| {
        let mut command = Command::new(BINARY);
        command.arg("migrate").env_clear().env("DATABASE_URL", database.text()).env("DATA_DIR", std::env::temp_dir());
        command.stderr(Stdio::piped());
        command.spawn().expect("the binary starts")
    };
    let processes: Vec<_> = (0..4).map(migrate).collect();
    for process in processes {
        let output = process.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(migrations_done(&database.store()), migrations_done(&usual.store()));
}

fn a_migration_that_fails_changes_nothing_and_the_next_start_goes_on(kind: Kind) {
    let (database, usual) = (kind.empty_database(), kind.database());
    behind_the_back(&database, "CREATE TABLE services (in_the_way INTEGER)");
    for _ in 0..2 {
        let failure = Store::open(&database.url(), 2).err();
        assert!(matches!(failure, Some(StoreError::Migration(_))), "{failure:?}");
    }
    behind_the_back(&database, "DROP TABLE services");
    assert_eq!(migrations_done(&database.store()), migrations_done(&usual.store()));
}

on_both!(processes_that_start_together_migrate_once, a_migration_that_fails_changes_nothing_and_the_next_start_goes_on,);
