//! Back ends in the database.

use diesel::prelude::*;

use super::list::{ListQuery, SortKey, keyset};
use super::numbers::{of_numbers, to_number};
use super::prepared;
use super::records::Record;
use super::schema::back_ends;
use super::search::matches_all;
use super::time::StoredTime;
use super::{Conn, StoreError, on};
use crate::directory::text::{fold, search_form};
use crate::directory::{BackEnd, BackEndFields, BackEndName, BackEndNumber, Comment, Delta, Times};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = back_ends, treat_none_as_null = true, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: i64,
    name: String,
    name_folded: String,
    name_search: String,
    group_support: bool,
    read_only: bool,
    comment: Option<String>,
    created_at: StoredTime,
    updated_at: StoredTime,
}

impl From<&BackEnd> for Row {
    fn from(back_end: &BackEnd) -> Self {
        let fields = back_end.fields.clone();
        Row {
            id: back_end.number.into(),
            name_folded: fold(fields.name.as_str()),
            name_search: search_form(fields.name.as_str()).into_owned(),
            name: fields.name.into(),
            group_support: fields.group_support,
            read_only: fields.read_only,
            comment: fields.comment.map(Into::into),
            created_at: back_end.times.created_at.into(),
            updated_at: back_end.times.updated_at.into(),
        }
    }
}

impl Row {
    fn into_back_end(self) -> Result<BackEnd, StoreError> {
        Ok(BackEnd {
            number: to_number(self.id)?,
            times: Times::stored(self.created_at.0, self.updated_at.0),
            fields: BackEndFields {
                name: BackEndName::stored(self.name),
                group_support: self.group_support,
                read_only: self.read_only,
                comment: self.comment.map(Comment::stored),
            },
        })
    }
}

impl Record for BackEnd {
    type Number = BackEndNumber;

    fn load(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Self>, StoreError> {
        let rows =
            on!(conn, |c| of_numbers!(back_ends::table, back_ends::id, numbers).select(Row::as_select()).load(c)?);
        rows.into_iter().map(Row::into_back_end).collect()
    }

    fn number(&self) -> BackEndNumber {
        self.number
    }
}

/// Writes one edit.
pub(super) fn write(conn: &mut Conn, delta: &Delta<BackEnd>) -> Result<(), StoreError> {
    on!(conn, |c| match delta {
        Delta::Created(after) => diesel::insert_into(back_ends::table).values(Row::from(after)).execute(c)?,
        Delta::Changed { after, .. } => {
            let this = back_ends::id.eq(i64::from(after.number));
            prepared::update(back_ends::table, this, Row::from(after)).execute(c)?
        }
        Delta::Removed(before) => diesel::delete(back_ends::table.find(i64::from(before.number))).execute(c)?,
    });
    Ok(())
}

/// The numbers, with what they are sorted by, of one page.
pub(super) fn page(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    on!(conn, |c| {
        let mut rows = back_ends::table.into_boxed();
        rows = matches_all!(rows, query.words, back_ends::name_search);
        match query.sort {
            SortKey::Id => keyset!(c, rows, query, back_ends::id),
            _ => keyset!(c, rows, query, back_ends::id, back_ends::name_folded),
        }
    })
}
