//! Fills a database by SQL alone: ten customer users a customer, five links to groups and one or two to services each,
//! ten links to groups a customer; what looks random is the same at every run.

use customer_access::config::{DatabaseUrl, Secret};
use customer_access::replica::install;
use customer_access::store::Store;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::{fresh, place};

/// The address of a database of SQLite with so many customer users, made if it is not there yet.
pub fn sqlite(customer_users: u32) -> String {
    let path = place().join(format!("{customer_users}.sqlite"));
    let url = format!("sqlite:{}", path.display());
    if path.exists() {
        return url;
    }
    let unfinished = fresh("unfinished.sqlite");
    let open = || Store::open(&DatabaseUrl::Sqlite(unfinished.clone()), 2).expect("a database");
    install(&open()).expect("an installation");
    let mut conn = SqliteConnection::establish(&unfinished.to_string_lossy()).expect("a connection");
    let rows = "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < ";
    conn.batch_execute("PRAGMA synchronous = OFF; BEGIN").expect("a transaction");
    fill(customer_users, &format!("{rows}{customer_users}) SELECT n FROM up"), &mut |sql| {
        conn.batch_execute(sql).unwrap_or_else(|why| panic!("{why}: {sql}"));
    });
    conn.batch_execute("COMMIT").expect("a commit");
    drop(conn);
    // Brings the index of the search up to date.
    drop(open());
    let mut conn = SqliteConnection::establish(&unfinished.to_string_lossy()).expect("a connection");
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("one file");
    std::fs::rename(&unfinished, &path).expect("a finished database");
    url
}

/// Fills an empty database of PostgreSQL.
pub fn postgres(url: &str, customer_users: u32) {
    install(&Store::open(&DatabaseUrl::Postgres(Secret::new(url.to_owned())), 2).expect("a database"))
        .expect("an installation");
    let mut conn = PgConnection::establish(url).expect("a connection");
    fill(
        customer_users,
        &format!("SELECT n FROM generate_series(1, {customer_users}::bigint) AS up (n)"),
        &mut |sql| {
            conn.batch_execute(sql).unwrap_or_else(|why| panic!("{why}: {sql}"));
        },
    );
    conn.batch_execute("ANALYZE").expect("statistics");
}

const FIRST_NAMES: [&str; 16] = [
    "anna", "bernd", "clara", "dieter", "eva", "frank", "gerda", "hans", "ida", "jan", "karla", "lars", "maria",
    "nils", "olga", "paul",
];

/// Two or three syllables: some thousand last names.
fn last_name(number: usize) -> String {
    let syllable = |at: usize| {
        let (first, second) = (b"bdfghklmnprstvwz"[at % 16], b"aeiou"[at / 16 % 5]);
        String::from_utf8_lossy(&[first, second]).into_owned()
    };
    format!(
        "{}{}{}",
        syllable(number % 80),
        syllable(number / 80),
        if number.is_multiple_of(3) { "mann" } else { "ger" }
    )
}

fn fill(customer_users: u32, numbers: &str, run: &mut dyn FnMut(&str)) {
    let customers = (customer_users / 10).max(1);
    run("CREATE TEMP TABLE numbers (n BIGINT PRIMARY KEY); CREATE TEMP TABLE last_names (n BIGINT PRIMARY KEY, name TEXT);
         CREATE TEMP TABLE first_names (n BIGINT PRIMARY KEY, name TEXT)");
    run(&format!("INSERT INTO numbers (n) {numbers}"));
    for (table, names) in [
        ("last_names", (0..4_000).map(last_name).collect::<Vec<_>>()),
        ("first_names", FIRST_NAMES.map(str::to_owned).to_vec()),
    ] {
        let values: Vec<_> = names.iter().enumerate().map(|(n, name)| format!("({n}, '{name}')")).collect();
        run(&format!("INSERT INTO {table} (n, name) VALUES {}", values.join(", ")));
    }
    things(customers, run);
    links(customers, run);
    let last = [("customer", customers), ("customer_user", customer_users), ("group", 1_010), ("service", 5_000)];
    for (kind, number) in last {
        run(&format!("UPDATE sequences SET last_number = {number} WHERE kind = '{kind}'"));
    }
    run("UPDATE sequences SET last_number = 2 WHERE kind = 'back_end'");
}

const TIMES: &str = "'2026-01-02 03:04:05', '2026-01-02 03:04:05'";

fn things(customers: u32, run: &mut dyn FnMut(&str)) {
    run(&format!(
        "INSERT INTO back_ends (id, name, name_folded, name_search, group_support, read_only, created_at, updated_at)
         VALUES (2, 'ldap', 'ldap', 'ldap', true, false, {TIMES})"
    ));
    run(&format!(
        "INSERT INTO groups (id, name, name_folded, name_search, comment_search, validity, created_at, updated_at)
         SELECT n + 10, 'group ' || n, 'group ' || n, 'group ' || n, '', 'valid', {TIMES} FROM numbers WHERE n <= 1000"
    ));
    let name = "CASE WHEN n <= 500 THEN 'area ' || n ELSE 'area ' || (1 + n % 500) || '::service ' || n END";
    run(&format!(
        "INSERT INTO services (id, parent_id, name, name_folded, name_search, validity, created_at, updated_at)
         SELECT n, CASE WHEN n <= 500 THEN NULL ELSE 1 + n % 500 END, {name}, {name}, {name}, 'valid', {TIMES}
         FROM numbers WHERE n <= 5000 ORDER BY n"
    ));
    run(&format!(
        "INSERT INTO customers (id, customer_id, customer_id_folded, customer_id_search, name, name_search, validity,
             created_at, updated_at)
         SELECT u.n, 'customer-' || u.n, 'customer-' || u.n, 'customer-' || u.n, l.name || ' works ' || u.n,
             l.name || ' works ' || u.n, 'valid', {TIMES}
         FROM numbers u JOIN last_names l ON l.n = u.n * 7 % 4000 WHERE u.n <= {customers}"
    ));
    run(&format!(
        "INSERT INTO customer_users (id, login, login_folded, login_search, email, email_search, first_name,
             first_name_search, last_name, last_name_search, validity, primary_customer_id, back_end_id, created_at,
             updated_at)
         SELECT u.n, login, login, login, email, email, f, f, l, l, 'valid', 1 + (u.n - 1) % {customers},
             CASE WHEN u.n % 10 = 0 THEN 2 ELSE 1 END, {TIMES}
         FROM (SELECT u.n, f.name AS f, l.name AS l, f.name || '.' || l.name || '.' || u.n AS login,
                   f.name || '.' || l.name || '@customer-' || (1 + (u.n - 1) % {customers}) || '.example' AS email
               FROM numbers u
               JOIN first_names f ON f.n = u.n * 2654435761 / 65536 % 16
               JOIN last_names l ON l.n = u.n * 2654435761 / 1048576 % 4000) u"
    ));
}

fn links(customers: u32, run: &mut dyn FnMut(&str)) {
    let anywhere = |of: &str, salt: u32, many: u32| format!("({of} * 2654435761 + {salt} * 97003) / 65536 % {many}");
    for salt in 0..10 {
        let group = anywhere("n", salt, 1_000);
        run(&format!(
            "INSERT INTO customer_group_links (customer_id, group_id, context, permissions)
             SELECT n, 11 + {group}, 'same_customer', 2 FROM numbers WHERE n <= {customers} ON CONFLICT DO NOTHING"
        ));
    }
    let some: Vec<String> = (0..5).map(|salt| format!("SELECT {salt} AS salt")).collect();
    run(&format!(
        "INSERT INTO customer_user_group_links (customer_user_id, group_id, permissions)
         SELECT n, 11 + (n * 2654435761 + salt * 13097003) / 65536 % 1000, 2
         FROM numbers CROSS JOIN ({}) salts ORDER BY n ON CONFLICT DO NOTHING",
        some.join(" UNION ALL ")
    ));
    run("INSERT INTO customer_user_service_links (customer_user_id, service_id)
         SELECT n, 1 + (n * 2654435761 + salt * 97003) / 65536 % 5000
         FROM numbers CROSS JOIN (SELECT 0 AS salt UNION ALL SELECT 1 AS salt) salts
         WHERE salt = 0 OR n % 2 = 1 ORDER BY n ON CONFLICT DO NOTHING");
}
