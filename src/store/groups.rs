//! Groups in the database.

use diesel::prelude::*;

use super::list::{ListQuery, SortKey, among, keyset};
use super::numbers::{of_numbers, to_number};
use super::prepared;
use super::records::{Record, of_number};
use super::schema::{customer_group_links, customer_user_group_links, groups, rolls};
use super::search::matches_all;
use super::stored_row::searched;
use super::time::StoredTime;
use super::{Conn, LinksOf, StoreError, external_ids, on};
use crate::directory::text::{fold, search_form};
use crate::directory::{Comment, Delta, ExternalId, Group, GroupFields, GroupName, GroupNumber, Kind, Times, Validity};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = groups, treat_none_as_null = true, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: i64,
    name: String,
    name_folded: String,
    name_search: String,
    comment: Option<String>,
    comment_search: String,
    validity: String,
    created_at: StoredTime,
    updated_at: StoredTime,
}

impl From<&Group> for Row {
    fn from(group: &Group) -> Self {
        let fields = group.fields.clone();
        Row {
            id: group.number.into(),
            name_folded: fold(fields.name.as_str()),
            name_search: search_form(fields.name.as_str()).into_owned(),
            name: fields.name.into(),
            comment_search: searched(&fields.comment).into_owned(),
            comment: fields.comment.map(Into::into),
            validity: fields.validity.as_str().to_owned(),
            created_at: group.times.created_at.into(),
            updated_at: group.times.updated_at.into(),
        }
    }
}

impl Row {
    fn into_group(self, external_ids: Vec<ExternalId>) -> Result<Group, StoreError> {
        Ok(Group {
            number: to_number(self.id)?,
            external_ids,
            times: Times::stored(self.created_at.0, self.updated_at.0),
            fields: GroupFields {
                name: GroupName::stored(self.name),
                comment: self.comment.map(Comment::stored),
                validity: Validity::stored(&self.validity),
            },
        })
    }
}

impl Record for Group {
    type Number = GroupNumber;

    fn load(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Self>, StoreError> {
        let rows = on!(conn, |c| of_numbers!(groups::table, groups::id, numbers).select(Row::as_select()).load(c)?);
        let external_ids = external_ids::of_things(conn, Kind::Group, numbers)?;
        rows.into_iter()
            .map(|row| {
                let own = of_number(&external_ids, row.id);
                row.into_group(own)
            })
            .collect()
    }

    fn number(&self) -> GroupNumber {
        self.number
    }
}

/// Writes one edit.
pub(super) fn write(conn: &mut Conn, delta: &Delta<Group>) -> Result<(), StoreError> {
    on!(conn, |c| match delta {
        Delta::Created(after) => diesel::insert_into(groups::table).values(Row::from(after)).execute(c)?,
        Delta::Changed { after, .. } => {
            let this = groups::id.eq(i64::from(after.number));
            prepared::update(groups::table, this, Row::from(after)).execute(c)?
        }
        Delta::Removed(before) => diesel::delete(groups::table.find(i64::from(before.number))).execute(c)?,
    });
    Ok(())
}

/// The numbers, with what they are sorted by, of one page.
pub(super) fn page(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    on!(conn, |c| {
        let mut rows = groups::table.into_boxed();
        rows = matches_all!(rows, query.words, groups::name_search, groups::comment_search);
        if let Some(validity) = query.validity {
            rows = rows.filter(groups::validity.eq(validity.as_str()));
        }
        if let Some((roll, listed)) = query.on_roll {
            let members = rolls::table.filter(rolls::roll.eq(roll.as_str())).select(rolls::thing_id);
            rows =
                if listed { rows.filter(groups::id.eq_any(members)) } else { rows.filter(groups::id.ne_all(members)) };
        }
        rows = match query.linked {
            Some((LinksOf::Customer(customer), linked)) => {
                let of = customer_group_links::table.filter(customer_group_links::customer_id.eq(i64::from(customer)));
                among!(rows, groups::id, linked, of.select(customer_group_links::group_id))
            }
            Some((LinksOf::CustomerUser(user), linked)) => {
                let of = customer_user_group_links::table;
                let of = of.filter(customer_user_group_links::customer_user_id.eq(i64::from(user)));
                among!(rows, groups::id, linked, of.select(customer_user_group_links::group_id))
            }
            _ => rows,
        };
        match query.sort {
            SortKey::Id => keyset!(c, rows, query, groups::id),
            _ => keyset!(c, rows, query, groups::id, groups::name_folded),
        }
    })
}
