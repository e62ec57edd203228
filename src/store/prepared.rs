//! Statements that are prepared once for each connection.
//!
//! diesel prepares every UPDATE and every upsert anew, because it cannot know how many texts there are of one, and to
//! prepare a statement takes longer than to run it on one row. Those of which there are few texts are put together here,
//! of diesel's own parts.

use diesel::backend::Backend;
use diesel::query_builder::{AsChangeset, AstPass, QueryFragment, QueryId};
use diesel::{Column, QueryResult, RunQueryDsl, Table};

/// An UPDATE.
pub(super) struct Update<T, S, P> {
    table: T,
    changes: S,
    of: P,
}

/// Has the rows of a table that are meant changed: only where there are few sets of columns that change.
pub(super) fn update<T: Table, C: AsChangeset<Target = T>, P>(
    table: T,
    of: P,
    changes: C,
) -> Update<T::FromClause, C::Changeset, P> {
    Update { table: table.from_clause(), changes: changes.as_changeset(), of }
}

impl<DB, T, S, P> QueryFragment<DB> for Update<T, S, P>
where
    DB: Backend,
    T: QueryFragment<DB>,
    S: QueryFragment<DB>,
    P: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("UPDATE ");
        self.table.walk_ast(pass.reborrow())?;
        pass.push_sql(" SET ");
        self.changes.walk_ast(pass.reborrow())?;
        pass.push_sql(" WHERE ");
        self.of.walk_ast(pass)
    }
}

impl<T, S, P> QueryId for Update<T, S, P> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, S, P, C> RunQueryDsl<C> for Update<T, S, P> {}

/// An INSERT of a row that may be there.
pub(super) struct Upsert<I> {
    insert: I,
    key: &'static [&'static str],
    column: &'static str,
}

/// Has a row inserted, or one of its columns changed in the one that has its key.
pub(super) fn upsert<I, C: Column>(insert: I, key: &'static [&'static str], _: C) -> Upsert<I> {
    Upsert { insert, key, column: C::NAME }
}

impl<DB: Backend, I: QueryFragment<DB>> QueryFragment<DB> for Upsert<I> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.insert.walk_ast(pass.reborrow())?;
        pass.push_sql(" ON CONFLICT (");
        for (place, column) in self.key.iter().enumerate() {
            pass.push_sql(if place == 0 { "" } else { ", " });
            pass.push_identifier(column)?;
        }
        pass.push_sql(") DO UPDATE SET ");
        pass.push_identifier(self.column)?;
        pass.push_sql(" = excluded.");
        pass.push_identifier(self.column)
    }
}

impl<I> QueryId for Upsert<I> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<I, C> RunQueryDsl<C> for Upsert<I> {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use diesel::connection::{InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;

    use super::{update, upsert};

    diesel::table! {
        things (id) {
            id -> BigInt,
            name -> Text,
        }
    }

    /// diesel keeps what it prepared only if all of a statement's parts allow it, and says nothing where it does not.
    #[test]
    fn each_is_prepared_once() {
        let mut conn = SqliteConnection::establish(":memory:").expect("a database");
        conn.batch_execute("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL)").expect("a table");
        let kept = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&kept);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        for name in ["one", "two", "three"] {
            let row = (things::id.eq(1_i64), things::name.eq(name));
            let insert = diesel::insert_into(things::table).values(row);
            upsert(insert, &["id"], things::name).execute(&mut conn).expect("an upsert");
        }
        assert_eq!(kept.load(Ordering::Relaxed), 1);
        for name in ["four", "five"] {
            update(things::table, things::id.eq(1_i64), things::name.eq(name)).execute(&mut conn).expect("an update");
        }
        assert_eq!(kept.load(Ordering::Relaxed), 2);
        assert_eq!(things::table.load::<(i64, String)>(&mut conn), Ok(vec![(1, "five".to_owned())]));
    }
}
