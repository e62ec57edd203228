//! Customers in the database.

use std::borrow::Cow;

use diesel::prelude::*;

use super::dialect::each_row;
use super::list::{ListQuery, SortKey, among, keyset};
use super::numbers::{of_numbers, to_number};
use super::one_of::one_of;
use super::prepared;
use super::records::{Record, of_number};
use super::schema::{customer_group_links, customer_user_customers, customers};
use super::search::matches_all;
use super::stored_row::{searched, stored_row, text};
use super::time::StoredTime;
use super::{Conn, LinksOf, StoreError, dialect, external_ids, on};
use crate::directory::text::{folded, search_form};
use crate::directory::{
    Comment, Customer, CustomerFields, CustomerId, CustomerNumber, Delta, Kind, Text, Times, Url, Validity,
};

stored_row! {
    customers of Customer:
    customer_id: Cow<'r, str>,
    customer_id_folded: Cow<'r, str>,
    customer_id_search: Cow<'r, str>,
    name: Option<Cow<'r, str>>,
    name_search: Cow<'r, str>,
    street: Option<Cow<'r, str>>,
    zip: Option<Cow<'r, str>>,
    city: Option<Cow<'r, str>>,
    country: Option<Cow<'r, str>>,
    url: Option<Cow<'r, str>>,
    comment: Option<Cow<'r, str>>,
    validity: Cow<'r, str>,
}

impl<'r> From<&'r Customer> for Row<'r> {
    fn from(customer: &'r Customer) -> Self {
        let fields = &customer.fields;
        Row {
            id: customer.number.into(),
            customer_id_folded: folded(fields.customer_id.as_str()),
            customer_id_search: search_form(fields.customer_id.as_str()),
            customer_id: fields.customer_id.as_str().into(),
            name_search: searched(&fields.name),
            name: text(&fields.name),
            street: text(&fields.street),
            zip: text(&fields.zip),
            city: text(&fields.city),
            country: text(&fields.country),
            url: text(&fields.url),
            comment: text(&fields.comment),
            validity: fields.validity.as_str().into(),
            created_at: customer.times.created_at.into(),
            updated_at: customer.times.updated_at.into(),
        }
    }
}

impl Row<'_> {
    fn into_customer(self, external_ids: Vec<crate::directory::ExternalId>) -> Result<Customer, StoreError> {
        Ok(Customer {
            number: to_number(self.id)?,
            external_ids,
            times: Times::stored(self.created_at.0, self.updated_at.0),
            fields: CustomerFields {
                customer_id: CustomerId::stored(self.customer_id),
                name: self.name.map(Text::stored),
                street: self.street.map(Text::stored),
                zip: self.zip.map(Text::stored),
                city: self.city.map(Text::stored),
                country: self.country.map(Text::stored),
                url: self.url.map(Url::stored),
                comment: self.comment.map(Comment::stored),
                validity: Validity::stored(&self.validity),
            },
        })
    }
}

impl Record for Customer {
    type Number = CustomerNumber;

    fn load(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Self>, StoreError> {
        let rows =
            on!(conn, |c| of_numbers!(customers::table, customers::id, numbers).select(Row::as_select()).load(c)?);
        let external_ids = external_ids::of_things(conn, Kind::Customer, numbers)?;
        rows.into_iter()
            .map(|row| {
                let own = of_number(&external_ids, row.id);
                row.into_customer(own)
            })
            .collect()
    }

    fn number(&self) -> CustomerNumber {
        self.number
    }
}

/// Writes one edit.
pub(super) fn write(conn: &mut Conn, delta: &Delta<Customer>) -> Result<(), StoreError> {
    on!(conn, |c| match delta {
        Delta::Created(after) => diesel::insert_into(customers::table).values(Row::from(after)).execute(c)?,
        Delta::Changed { before, after } => {
            let changed = ChangedColumns::between(&Row::from(before), Row::from(after));
            let this = customers::id.eq(i64::from(after.number));
            match changed.are_few() {
                true => prepared::update(customers::table, this, changed).execute(c)?,
                false => diesel::update(customers::table.filter(this)).set(changed).execute(c)?,
            }
        }
        Delta::Removed(before) => diesel::delete(customers::table.find(i64::from(before.number))).execute(c)?,
    });
    Ok(())
}

/// Shows all numbers, in the order in which [`page`] has them.
pub(super) fn each_in_order(conn: &mut Conn, sort: SortKey, mut each: impl FnMut(i64)) -> Result<(), StoreError> {
    let all = || customers::table.select(customers::id);
    match sort {
        SortKey::Id => each_row!(conn, each, all().order(customers::id), |number: i64| number),
        SortKey::Name => {
            each_row!(conn, each, all().order((customers::name_search, customers::id)), |number: i64| number)
        }
        _ => each_row!(conn, each, all().order((customers::customer_id_folded, customers::id)), |number: i64| number),
    }
    Ok(())
}

/// The numbers, with what they are sorted by, of one page.
pub(super) fn page(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    on!(conn, |c| {
        let mut rows = customers::table.into_boxed();
        rows = matches_all!(rows, query.words, customers::customer_id_search, customers::name_search);
        if let Some(only) = &query.only {
            rows = rows.filter(one_of(customers::id, only));
        }
        if let Some(of) = &query.only_of {
            rows = rows.filter(dialect::has_grams!("customers", "customer_grams", of));
        }
        if let Some(validity) = query.validity {
            rows = rows.filter(customers::validity.eq(validity.as_str()));
        }
        rows = match query.linked {
            Some((LinksOf::Group(group), linked)) => {
                let of = customer_group_links::table.filter(customer_group_links::group_id.eq(i64::from(group)));
                among!(rows, customers::id, linked, of.select(customer_group_links::customer_id))
            }
            Some((LinksOf::CustomerUser(user), linked)) => {
                let of = customer_user_customers::table;
                let of = of.filter(customer_user_customers::customer_user_id.eq(i64::from(user)));
                among!(rows, customers::id, linked, of.select(customer_user_customers::customer_id))
            }
            _ => rows,
        };
        match query.sort {
            SortKey::Id => keyset!(c, rows, query, customers::id),
            SortKey::Name => keyset!(c, rows, query, customers::id, customers::name_search),
            _ => keyset!(c, rows, query, customers::id, customers::customer_id_folded),
        }
    })
}
