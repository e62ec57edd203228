//! The few statements that differ between the two databases.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

use super::one_of::one_of;
use super::schema::{external_ids, state};
use super::{Conn, State, StoreError};

diesel::table! {
    customer_grams_pending (id) {
        id -> BigInt,
    }
}

diesel::table! {
    customer_user_grams_pending (id) {
        id -> BigInt,
    }
}

diesel::table! {
    customer_grams (rowid) {
        rowid -> BigInt,
    }
}

diesel::table! {
    customer_user_grams (rowid) {
        rowid -> BigInt,
    }
}

/// Whose index of three characters, which SQLite alone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GramsOf {
    /// The customers'.
    Customers,
    /// The customer users', without what their customers are called.
    CustomerUsers,
}

impl GramsOf {
    fn table(self) -> &'static str {
        match self {
            GramsOf::Customers => "customer_grams",
            GramsOf::CustomerUsers => "customer_user_grams",
        }
    }
}

/// The rows that have all of these grams, up to a limit, and those that may have changed; some twice. Nothing where there
/// is no such index.
pub(super) fn rows_with_grams(
    conn: &mut Conn,
    of: GramsOf,
    grams: &str,
    limit: i64,
) -> Result<Option<Vec<i64>>, StoreError> {
    let Conn::Sqlite(c) = conn else { return Ok(None) };
    macro_rules! rows {
        ($grams:ident, $pending:ident) => {{
            let is_match = diesel::dsl::sql::<Bool>(concat!(stringify!($grams), " MATCH ")).bind::<Text, _>(grams);
            let named = $grams::table.filter(is_match).limit(limit).select($grams::rowid);
            let mut rows: Vec<i64> = named.load(&mut **c)?;
            rows.extend($pending::table.select($pending::id).load::<i64>(&mut **c)?);
            rows
        }};
    }
    Ok(Some(match of {
        GramsOf::Customers => rows!(customer_grams, customer_grams_pending),
        GramsOf::CustomerUsers => rows!(customer_user_grams, customer_user_grams_pending),
    }))
}

/// The connection, where these many rows are best written at once: to PostgreSQL each statement is a way there and back.
/// Nothing lies between us and SQLite, and a statement of one row is prepared once.
pub(super) fn at_once<'c>(conn: &'c mut Conn, rows: usize) -> Option<&'c mut PgConnection> {
    match conn {
        Conn::Postgres(c) if rows > 1 => Some(c),
        Conn::Postgres(_) | Conn::Sqlite(_) => None,
    }
}

/// Inserts rows.
macro_rules! insert {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows: Vec<_> = $rows.collect();
        match $crate::store::dialect::at_once($conn, rows.len()) {
            Some(c) => {
                use diesel::ExecuteCopyFromDsl;
                diesel::copy_from($table).from_insertable(&rows).execute(c)?;
            }
            None => {
                for row in $crate::turns::offering(&rows) {
                    on!($conn, |c| diesel::insert_into($table).values(row).execute(c)?);
                }
            }
        }
    }};
}
pub(super) use insert;

/// Whether a row has these grams, may have changed, or is one of those besides: a list that SQLite makes once.
macro_rules! has_grams {
    ($table:literal, $grams:literal, $of:expr) => {{
        let numbers: Vec<String> = $of.besides.iter().map(|number| format!("({number})")).collect();
        let besides = match numbers.is_empty() {
            true => String::new(),
            false => format!(" UNION SELECT column1 FROM (VALUES {})", numbers.join(", ")),
        };
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!(
            $table,
            ".id IN (SELECT rowid FROM ",
            $grams,
            " WHERE ",
            $grams,
            " MATCH "
        ))
        .bind::<diesel::sql_types::Text, _>($of.grams.clone())
        .sql(&format!(concat!(" UNION SELECT id FROM ", $grams, "_pending{})"), besides))
    }};
}
pub(super) use has_grams;

/// How many rows changed since the indexes of three characters were brought up to date.
pub(super) fn pending_grams(conn: &mut Conn) -> Result<i64, StoreError> {
    let Conn::Sqlite(c) = conn else { return Ok(0) };
    let customers: i64 = customer_grams_pending::table.count().get_result(&mut **c)?;
    let customer_users: i64 = customer_user_grams_pending::table.count().get_result(&mut **c)?;
    Ok(customers.max(customer_users))
}

#[derive(diesel::QueryableByName)]
struct Probe {
    #[diesel(sql_type = BigInt)]
    found: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// How many rows have a gram, up to a limit, and the greatest number of those that were counted; nothing where there is no
/// such index.
pub(super) fn probe_gram(
    conn: &mut Conn,
    of: GramsOf,
    gram: &str,
    limit: i64,
) -> Result<Option<(i64, i64)>, StoreError> {
    let Conn::Sqlite(c) = conn else { return Ok(None) };
    let table = of.table();
    let statement = format!(
        "SELECT count(*) AS found, max(id) AS last FROM (SELECT rowid AS id FROM {table} WHERE {table} MATCH ? LIMIT ?)"
    );
    #[expect(clippy::disallowed_methods, reason = "only SQLite has it, and no schema has a word for it")]
    let probe =
        diesel::sql_query(statement).bind::<Text, _>(gram).bind::<BigInt, _>(limit).get_result::<Probe>(&mut **c)?;
    Ok(Some((probe.found, probe.last.unwrap_or_default())))
}

#[derive(diesel::QueryableByName)]
struct Term {
    #[diesel(sql_type = Text)]
    term: String,
}

/// The grams that begin so, of which there are no more than this; nothing if they are more, or there is no such index.
pub(super) fn grams_beginning(
    conn: &mut Conn,
    of: GramsOf,
    beginning: &str,
    most: usize,
) -> Result<Option<Vec<String>>, StoreError> {
    let Conn::Sqlite(c) = conn else { return Ok(None) };
    // One after the other, because a gram stands there once for each row that has it.
    let statement = format!("SELECT term FROM {}_terms WHERE term >= ? LIMIT 1", of.table());
    let (mut found, mut from) = (Vec::new(), beginning.to_owned());
    loop {
        #[expect(clippy::disallowed_methods, reason = "only SQLite has it, and no schema has a word for it")]
        let next = diesel::sql_query(&statement).bind::<Text, _>(&from).get_result::<Term>(&mut **c).optional()?;
        match next.filter(|next| next.term.starts_with(beginning)) {
            None => return Ok(Some(found)),
            Some(_) if found.len() == most => return Ok(None),
            Some(Term { term }) => {
                from = format!("{term}\u{1}");
                found.push(term);
            }
        }
    }
}

/// Puts what changed into the indexes of three characters, if it is more than that.
pub(super) fn index_grams(conn: &mut Conn, more_than: i64) -> Result<(), StoreError> {
    let Conn::Sqlite(c) = conn else { return Ok(()) };
    let customers: i64 = customer_grams_pending::table.count().get_result(&mut **c)?;
    if customers > more_than {
        c.batch_execute(
            "INSERT INTO customer_grams (customer_grams, rowid, text)
             SELECT 'delete', id, indexed FROM customer_grams_pending WHERE indexed IS NOT NULL;
             INSERT INTO customer_grams (rowid, text)
             SELECT id, customer_id_search || char(10) || name_search || char(10) || char(10)
             FROM customer_grams_pending JOIN customers USING (id);
             DELETE FROM customer_grams_pending",
        )?;
    }
    let customer_users: i64 = customer_user_grams_pending::table.count().get_result(&mut **c)?;
    if customer_users > more_than {
        c.batch_execute(
            "INSERT INTO customer_user_grams (customer_user_grams, rowid, text)
             SELECT 'delete', id, indexed FROM customer_user_grams_pending WHERE indexed IS NOT NULL;
             INSERT INTO customer_user_grams (rowid, text)
             SELECT id, login_search || char(10) || email_search || char(10) || first_name_search || char(10)
                 || last_name_search || char(10) || char(10)
             FROM customer_user_grams_pending JOIN customer_users USING (id);
             DELETE FROM customer_user_grams_pending",
        )?;
    }
    Ok(())
}

/// Reads a query row by row and gives each row's fact to `$each`, so that no table is ever held whole. PostgreSQL must be
/// asked to send it so.
macro_rules! each_row {
    ($conn:expr, $each:expr, $query:expr, |$row:ident: $type:ty| $fact:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite(c) => {
                for row in $query.load_iter::<$type, diesel::connection::DefaultLoadingMode>(&mut **c)? {
                    let $row = row?;
                    $each($fact);
                }
            }
            $crate::store::Conn::Postgres(c) => {
                for row in $query.load_iter::<$type, diesel::pg::PgRowByRowLoadingMode>(&mut **c)? {
                    let $row = row?;
                    $each($fact);
                }
            }
        }
    };
}
pub(super) use each_row;

/// Something that a source has a key for, and the digest of the row that the source has sent of it.
#[derive(diesel::QueryableByName, diesel::Queryable)]
pub(super) struct Keyed {
    #[diesel(sql_type = Text)]
    pub(super) external_id: String,
    #[diesel(sql_type = BigInt)]
    pub(super) thing_id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    pub(super) row_digest: Option<Vec<u8>>,
}

/// Whether rows are looked up one by one, to be sorted, however many they are.
pub(super) fn looks_rows_up_one_by_one(conn: &Conn) -> bool {
    matches!(conn, Conn::Sqlite(_))
}

/// How many things are named in one statement. SQLite works on it in this thread, which is to offer its turn after some
/// hundred microseconds; to PostgreSQL each is a way there and back.
pub(super) fn together(conn: &Conn) -> usize {
    match conn {
        Conn::Sqlite(_) => 32,
        Conn::Postgres(_) => 1_000,
    }
}

/// Those of these external ids of a source that something of the kind has.
pub(super) fn keyed(conn: &mut Conn, kind: &str, source: &str, ids: &[&str]) -> Result<Vec<Keyed>, StoreError> {
    Ok(match conn {
        Conn::Sqlite(c) => external_ids::table
            .filter(external_ids::kind.eq(kind).and(external_ids::source.eq(source)))
            .filter(one_of(external_ids::external_id, ids))
            .select((external_ids::external_id, external_ids::thing_id, external_ids::row_digest))
            .load(&mut **c)?,
        // One by one in the index. Asked for all of them at once, PostgreSQL reads all of the source's, again and again, as
        // long as nothing has told it how many these are, such as when they are first imported.
        Conn::Postgres(c) => {
            #[expect(clippy::disallowed_methods, reason = "the query language has no word for it")]
            let query = diesel::sql_query(
                "SELECT it.external_id, it.thing_id, it.row_digest FROM unnest($3) AS asked (id) CROSS JOIN LATERAL (
                     SELECT external_id, thing_id, row_digest FROM external_ids
                     WHERE kind = $1 AND source = $2 AND external_id = asked.id COLLATE \"C\" OFFSET 0
                 ) AS it",
            );
            let query = query.bind::<Text, _>(kind).bind::<Text, _>(source).bind::<Array<Text>, _>(ids);
            query.load(&mut **c)?
        }
    })
}

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
pub(super) fn begin_write(conn: &mut Conn) -> Result<State, StoreError> {
    let columns = (state::revision, state::epoch);
    let (revision, epoch): (i64, String) = match conn {
        Conn::Sqlite(c) => {
            c.batch_execute("BEGIN IMMEDIATE")?;
            state::table.select(columns).get_result(&mut **c)?
        }
        Conn::Postgres(c) => {
            c.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED")?;
            state::table.select(columns).for_update().get_result(&mut **c)?
        }
    };
    State::stored(revision, &epoch)
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
