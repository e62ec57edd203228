//! Rows of records, which lend from them, and what of one an edit changes: only that is written. A column that is named in an UPDATE has all of
//! its indexes rewritten, whether it changes or not.

use std::borrow::Cow;

use crate::directory::text::search_form;

/// The row of a table of records, from the columns that an edit can change, and those of them that differ between two of its states.
macro_rules! stored_row {
    ($table:ident of $record:ty: $($column:ident: $type:ty),+ $(,)?) => {
        #[derive(Queryable, Selectable, Insertable)]
        #[diesel(table_name = $table, treat_none_as_null = true, treat_none_as_default_value = false)]
        #[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
        struct Row<'r> {
            id: i64,
            $($column: $type,)+
            created_at: StoredTime,
            updated_at: StoredTime,
        }

        #[derive(AsChangeset)]
        #[diesel(table_name = $table)]
        struct ChangedColumns<'r> {
            $($column: Option<$type>,)+
            updated_at: StoredTime,
        }

        /// Writes records, whether they are there or not, each another one: column by column, so that the statement has few
        /// values however many they are.
        pub(super) fn put(c: &mut diesel::PgConnection, records: &[&$record]) -> Result<(), StoreError> {
            use diesel::dsl::SqlTypeOf;
            use diesel::sql_types::Array;
            use $crate::store::stored_row::{column, upsert};

            let rows: Vec<Row<'_>> = records.iter().map(|record| Row::from(*record)).collect();
            if rows.is_empty() {
                return Ok(());
            }
            let columns = ["id", $(stringify!($column),)+ "created_at", "updated_at"];
            let text = upsert(stringify!($table), &columns);
            #[expect(clippy::disallowed_methods, reason = "the query language has no word for arrays as rows")]
            let query = diesel::sql_query(text);
            let query = query.bind::<Array<SqlTypeOf<$table::id>>, _>(column(&rows, |row| &row.id));
            $(let query = query.bind::<Array<SqlTypeOf<$table::$column>>, _>(column(&rows, |row| &row.$column));)+
            let query = query.bind::<Array<SqlTypeOf<$table::created_at>>, _>(column(&rows, |row| &row.created_at));
            let query = query.bind::<Array<SqlTypeOf<$table::updated_at>>, _>(column(&rows, |row| &row.updated_at));
            query.execute(c)?;
            Ok(())
        }

        impl<'r> ChangedColumns<'r> {
            fn between(before: &Row<'_>, after: Row<'r>) -> Self {
                Self {
                    $($column: (before.$column != after.$column).then_some(after.$column),)+
                    updated_at: after.updated_at,
                }
            }

            /// Whether they are so few that there are not many sets of them.
            fn are_few(&self) -> bool {
                [$(self.$column.is_some()),+].into_iter().filter(|changed| *changed).count() <= 2
            }
        }
    };
}
pub(super) use stored_row;

/// A text as it is stored.
pub(super) fn text<T: AsRef<str>>(text: &Option<T>) -> Option<Cow<'_, str>> {
    text.as_ref().map(|text| text.as_ref().into())
}

/// What `q` looks for in a text.
pub(super) fn searched<T: AsRef<str>>(text: &Option<T>) -> Cow<'_, str> {
    text.as_ref().map(|text| search_form(text.as_ref())).unwrap_or_default()
}

/// One column of rows.
pub(super) fn column<R, T>(rows: &[R], of: impl Fn(&R) -> &T) -> Vec<&T> {
    rows.iter().map(of).collect()
}

/// An upsert by `id` of as many rows as the arrays have that are its values, one for each column.
pub(super) fn upsert(table: &str, columns: &[&str]) -> String {
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let kept = columns.iter().filter(|column| !["id", "created_at"].contains(column));
    let kept: Vec<String> = kept.map(|column| format!("{column} = excluded.{column}")).collect();
    let (columns, places, kept) = (columns.join(", "), places.join(", "), kept.join(", "));
    format!("INSERT INTO {table} ({columns}) SELECT * FROM unnest({places}) ON CONFLICT (id) DO UPDATE SET {kept}")
}
