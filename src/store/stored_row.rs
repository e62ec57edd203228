//! Rows of records, and what of one an edit changes: only that is written. A column that is named in an UPDATE has all of
//! its indexes rewritten, whether it changes or not.

/// The row of a table, from the columns that an edit can change, and those of them that differ between two of its states.
macro_rules! stored_row {
    ($table:ident: $($column:ident: $type:ty),+ $(,)?) => {
        #[derive(Queryable, Selectable, Insertable)]
        #[diesel(table_name = $table, treat_none_as_null = true, treat_none_as_default_value = false)]
        #[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
        struct Row {
            id: i64,
            $($column: $type,)+
            created_at: NaiveDateTime,
            updated_at: NaiveDateTime,
        }

        #[derive(AsChangeset)]
        #[diesel(table_name = $table)]
        struct ChangedColumns {
            $($column: Option<$type>,)+
            updated_at: NaiveDateTime,
        }

        impl ChangedColumns {
            fn between(before: Row, after: Row) -> Self {
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
