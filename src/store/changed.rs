//! What of a row an edit changes: only that is written. A column that is named in an UPDATE has all of its indexes
//! rewritten, whether it changes or not.

/// The columns of a row that differ between two of its states.
macro_rules! changed_columns {
    ($row:ident in $table:ident: $($column:ident: $type:ty),+ $(,)?) => {
        #[derive(AsChangeset)]
        #[diesel(table_name = $table)]
        struct ChangedColumns {
            $($column: Option<$type>,)+
            updated_at: NaiveDateTime,
        }

        impl ChangedColumns {
            fn between(before: $row, after: $row) -> Self {
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
pub(super) use changed_columns;
