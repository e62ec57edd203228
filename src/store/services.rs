//! Services in the database.

use diesel::prelude::*;

use super::list::{ListQuery, SortKey, among, keyset};
use super::numbers::{of_numbers, to_number};
use super::prepared;
use super::records::{Record, of_number, records_of};
use super::schema::{customer_user_service_links, rolls, services};
use super::search::matches_all;
use super::time::StoredTime;
use super::{Conn, LinksOf, StoreError, external_ids, on};
use crate::directory::text::{fold, search_form};
use crate::directory::{
    Comment, Delta, ExternalId, Kind, Service, ServiceFields, ServiceName, ServiceNumber, Times, Validity,
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_null = true, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: i64,
    parent_id: Option<i64>,
    name: String,
    name_folded: String,
    name_search: String,
    comment: Option<String>,
    validity: String,
    created_at: StoredTime,
    updated_at: StoredTime,
}

impl From<&Service> for Row {
    fn from(service: &Service) -> Self {
        let fields = service.fields.clone();
        Row {
            id: service.number.into(),
            parent_id: service.parent.map(Into::into),
            name_folded: fold(fields.name.as_str()),
            name_search: search_form(fields.name.as_str()).into_owned(),
            name: fields.name.into(),
            comment: fields.comment.map(Into::into),
            validity: fields.validity.as_str().to_owned(),
            created_at: service.times.created_at.into(),
            updated_at: service.times.updated_at.into(),
        }
    }
}

impl Row {
    fn into_service(self, external_ids: Vec<ExternalId>) -> Result<Service, StoreError> {
        Ok(Service {
            number: to_number(self.id)?,
            parent: self.parent_id.map(to_number).transpose()?,
            external_ids,
            times: Times::stored(self.created_at.0, self.updated_at.0),
            fields: ServiceFields {
                name: ServiceName::stored(self.name),
                comment: self.comment.map(Comment::stored),
                validity: Validity::stored(&self.validity),
            },
        })
    }
}

impl Record for Service {
    type Number = ServiceNumber;

    fn load(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Self>, StoreError> {
        let rows =
            on!(conn, |c| of_numbers!(services::table, services::id, numbers).select(Row::as_select()).load(c)?);
        let external_ids = external_ids::of_things(conn, Kind::Service, numbers)?;
        rows.into_iter()
            .map(|row| {
                let own = of_number(&external_ids, row.id);
                row.into_service(own)
            })
            .collect()
    }

    fn number(&self) -> ServiceNumber {
        self.number
    }
}

/// The services directly under this one.
pub fn children_of(conn: &mut Conn, service: ServiceNumber) -> Result<Vec<Service>, StoreError> {
    let numbers: Vec<i64> = on!(conn, |c| services::table
        .filter(services::parent_id.eq(i64::from(service)))
        .order(services::id)
        .select(services::id)
        .load(c)?);
    records_of(conn, &numbers)
}

/// Every service below this one, parents before their children.
pub fn subtree_of(conn: &mut Conn, service: ServiceNumber) -> Result<Vec<Service>, StoreError> {
    let mut all = children_of(conn, service)?;
    let mut next = 0;
    while next < all.len() {
        let children = children_of(conn, all[next].number)?;
        all.extend(children);
        next += 1;
    }
    Ok(all)
}

/// Writes one edit.
pub(super) fn write(conn: &mut Conn, delta: &Delta<Service>) -> Result<(), StoreError> {
    on!(conn, |c| match delta {
        Delta::Created(after) => diesel::insert_into(services::table).values(Row::from(after)).execute(c)?,
        Delta::Changed { after, .. } => {
            let this = services::id.eq(i64::from(after.number));
            prepared::update(services::table, this, Row::from(after)).execute(c)?
        }
        Delta::Removed(before) => diesel::delete(services::table.find(i64::from(before.number))).execute(c)?,
    });
    Ok(())
}

/// The numbers, with what they are sorted by, of one page.
pub(super) fn page(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    on!(conn, |c| {
        let mut rows = services::table.into_boxed();
        rows = matches_all!(rows, query.words, services::name_search);
        if let Some(validity) = query.validity {
            rows = rows.filter(services::validity.eq(validity.as_str()));
        }
        if let Some(parent) = query.parent {
            rows = rows.filter(services::parent_id.eq(parent));
        }
        if let Some((roll, listed)) = query.on_roll {
            let members = rolls::table.filter(rolls::roll.eq(roll.as_str())).select(rolls::thing_id);
            rows = if listed {
                rows.filter(services::id.eq_any(members))
            } else {
                rows.filter(services::id.ne_all(members))
            };
        }
        if let Some((LinksOf::CustomerUser(user), linked)) = query.linked {
            let of = customer_user_service_links::table;
            let of = of.filter(customer_user_service_links::customer_user_id.eq(i64::from(user)));
            rows = among!(rows, services::id, linked, of.select(customer_user_service_links::service_id));
        }
        match query.sort {
            SortKey::Id => keyset!(c, rows, query, services::id),
            _ => keyset!(c, rows, query, services::id, services::name_folded),
        }
    })
}
