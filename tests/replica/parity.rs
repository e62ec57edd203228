//! One schema: both migrations make the same tables, and `store/schema.rs` says what they are.

use std::collections::BTreeMap;

use customer_access::store::StoreError;

use super::database::{Kind, lines};

/// Table, column, type, whether it may be null, place in the primary key: a line each. What SQLite
/// calls an INTEGER PRIMARY KEY is a BIGINT. Its index of three characters it has alone.
const SQLITE_COLUMNS: &str = r#"
    SELECT t.name || '.' || c.name || CASE WHEN c.pk > 0 AND c.type = 'INTEGER' THEN ' bigint' ELSE ' ' || lower(c.type) END || CASE WHEN c."notnull" THEN '' ELSE ' null' END
        || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END AS line
    FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE '\_\_%' ESCAPE '\' AND t.name NOT LIKE '%\_grams%' ESCAPE '\'
    ORDER BY t.name, c.cid"#;
const POSTGRES_COLUMNS: &str = r#"
    SELECT c.table_name || '.' || c.column_name || ' ' || replace(replace(c.data_type, ' without time zone', ''), 'bytea', 'blob')
        || CASE c.is_nullable WHEN 'NO' THEN '' ELSE ' null' END
        || coalesce(' key ' || array_position(i.indkey::int2[], c.ordinal_position::int2) + 1, '') AS line
    FROM information_schema.columns c
    JOIN pg_index i ON i.indrelid = c.table_name::regclass AND i.indisprimary
    WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\_\_%'
    ORDER BY c.table_name COLLATE "C", c.ordinal_position"#;

/// Table, column, and what they point to.
const SQLITE_FOREIGN_KEYS: &str = r#"
    SELECT t.name || '.' || f."from" || ' -> ' || f."table" || '.' || f."to" AS line
    FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY line"#;
const POSTGRES_FOREIGN_KEYS: &str = r#"
    SELECT conrelid::regclass || '.' || a.attname || ' -> ' || confrelid::regclass || '.' || b.attname AS line
    FROM pg_constraint
    JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
    JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = confkey[1]
    WHERE contype = 'f' AND cardinality(conkey) = 1
    ORDER BY (conrelid::regclass || '.' || a.attname) COLLATE "C""#;

/// Table, whether each entry is unique, and the columns in their order.
const SQLITE_INDEXES: &str = r#"
    SELECT t.name || CASE WHEN i."unique" THEN ' unique ' ELSE ' ' END
        || (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) AS line
    FROM sqlite_master t JOIN pragma_index_list(t.name) i
    WHERE t.type = 'table' AND i.origin <> 'pk' AND t.name NOT LIKE '\_\_%' ESCAPE '\' ORDER BY line"#;
const POSTGRES_INDEXES: &str = r#"
    SELECT indrelid::regclass || CASE WHEN indisunique THEN ' unique ' ELSE ' ' END
        || (SELECT string_agg(attname, ',' ORDER BY place)
            FROM unnest(indkey::int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute ON attrelid = indrelid AND attnum = number) AS line
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE NOT indisprimary AND relnamespace = 'public'::regnamespace ORDER BY 1"#;

/// What the migrations of a database say, in the words of SQLite: without comments, without the order of bytes, which
/// SQLite has anyway, and without its layout of rows.
fn statements(of: &str) -> String {
    let directory = format!("{}/migrations/{of}", env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<_> = std::fs::read_dir(directory).expect("migrations").flatten().map(|it| it.path()).collect();
    folders.sort();
    // The index of what is searched is SQLite's alone, and so is how it lays out rows, and that it must copy a table.
    let alone = ["00000000000004_grams", "00000000000008_short_words", "00000000000009_rows"];
    folders.retain(|it| !alone.iter().any(|folder| it.ends_with(folder)));
    let text: Vec<_> =
        folders.iter().map(|it| std::fs::read_to_string(it.join("up.sql")).expect("a migration")).collect();
    let text: Vec<_> =
        text.iter().flat_map(|it| it.lines()).map(|line| line.split("--").next().unwrap_or_default()).collect();
    let text = text.join(" ").replace(" COLLATE \"C\"", "").replace(" WITHOUT ROWID", "");
    let text = text.replace("BIGINT NOT NULL PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY").replace("BYTEA", "BLOB");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ask(kind: Kind, query: &str) -> Vec<String> {
    let database = kind.database();
    let asked = database.store().read(|conn| Ok::<_, StoreError>(lines(conn, query)));
    let mut lines = asked.expect("lines");
    lines.retain(|line| !line.starts_with("__diesel"));
    lines
}

/// Each table with its columns, without what is secret.
pub fn tables() -> Vec<(String, Vec<String>)> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in ask(Kind::Sqlite, SQLITE_COLUMNS) {
        let (table, column) = line.split_whitespace().next().and_then(|it| it.split_once('.')).expect("a column");
        if column != "cursor_key" {
            tables.entry(table.to_owned()).or_default().push(column.to_owned());
        }
    }
    tables.into_iter().collect()
}

#[track_caller]
fn same(sqlite: &str, postgres: &str) -> Vec<String> {
    let (mut sqlite, mut postgres) = (ask(Kind::Sqlite, sqlite), ask(Kind::Postgres, postgres));
    assert!(!sqlite.is_empty());
    sqlite.sort();
    postgres.sort();
    assert_eq!(sqlite, postgres);
    sqlite
}

#[test]
fn columns_are_the_same() {
    assert_eq!(ask(Kind::Sqlite, SQLITE_COLUMNS), ask(Kind::Postgres, POSTGRES_COLUMNS), "in their order, too");
}

#[test]
fn foreign_keys_and_indexes_are_the_same() {
    same(SQLITE_FOREIGN_KEYS, POSTGRES_FOREIGN_KEYS);
    same(SQLITE_INDEXES, POSTGRES_INDEXES);
}

/// Checks, defaults and what a delete does to others, too.
#[test]
fn the_migrations_say_the_same() {
    let (sqlite, postgres) = (statements("sqlite"), statements("postgres"));
    let differences: Vec<_> = sqlite.split(", ").zip(postgres.split(", ")).filter(|(a, b)| a != b).collect();
    assert_eq!((differences, sqlite.len()), (vec![], postgres.len()));
}

/// What SQLite checks only when it is told to is an index as well, or a delete reads the whole table.
#[test]
fn every_foreign_key_leads_an_index() {
    let indexes = ask(Kind::Sqlite, SQLITE_INDEXES);
    let columns = ask(Kind::Sqlite, SQLITE_COLUMNS);
    for line in ask(Kind::Sqlite, SQLITE_FOREIGN_KEYS) {
        let (table, column) = line.split(" -> ").next().and_then(|it| it.split_once('.')).expect("a column");
        let leads = |index: &String| {
            let (of, indexed) = (index.split(' ').next(), index.rsplit(' ').next());
            of == Some(table) && indexed.and_then(|all| all.split(',').next()) == Some(column)
        };
        let is_key = |it: &String| it.starts_with(&format!("{table}.{column} ")) && it.ends_with(" key 1");
        assert!(indexes.iter().any(leads) || columns.iter().any(is_key), "{line}");
    }
}

/// What is sorted, compared or paged by has the order of bytes on PostgreSQL, as it has on SQLite.
#[test]
fn what_is_sorted_by_has_the_order_of_bytes() {
    let query = r"SELECT table_name || '.' || column_name AS line FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
    let others = ask(Kind::Postgres, query);
    assert!(others.contains(&"customers.name".to_owned()), "the database's own order is another");
    for ending in ["_folded", "_search", ".kind", ".roll", ".context", ".source", ".external_id", ".identity", ".epoch"]
    {
        assert_eq!(others.iter().find(|column| column.ends_with(ending)), None);
    }
}

/// What Diesel believes, in the words of SQLite.
fn believed() -> Vec<String> {
    let mut lines = Vec::new();
    for table in include_str!("../../src/store/schema.rs").split("diesel::table! {").skip(1) {
        let (head, body) = table.split_once('{').expect("a table");
        let (name, keys) = head.trim().trim_end_matches(')').split_once(" (").expect("a key");
        let keys: Vec<_> = keys.trim_end_matches([')', ' ']).split(", ").collect();
        let body = body.split('}').next().unwrap_or_default();
        for (column, of) in body.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(" -> ")) {
            let (of, null) = of.strip_prefix("Nullable<").map_or((of, ""), |of| (of.trim_end_matches('>'), " null"));
            let of = match of {
                "Bool" => "boolean".to_owned(),
                "Binary" => "blob".to_owned(),
                of => of.to_lowercase(),
            };
            let key = keys.iter().position(|key| *key == column).map(|at| format!(" key {}", at + 1));
            lines.push(format!("{name}.{column} {of}{null}{}", key.unwrap_or_default()));
        }
    }
    lines.sort();
    lines
}

#[test]
fn the_schema_that_diesel_believes_is_the_one_there_is() {
    let mut columns = ask(Kind::Sqlite, SQLITE_COLUMNS);
    columns.sort();
    let believed = believed();
    let differences: Vec<_> = believed.iter().zip(&columns).filter(|(believed, is)| believed != is).collect();
    assert_eq!((believed.len(), differences), (columns.len(), vec![]));
}
