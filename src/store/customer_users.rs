//! Customer users in the database.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::prelude::*;

use super::dialect::each_row;
use super::list::{ListQuery, SortKey, among, keyset};
use super::numbers::{of_numbers, to_number};
use super::one_of::one_of;
use super::prepared;
use super::records::{Record, of_number, records_of};
use super::schema::{
    back_ends, customer_user_customers, customer_user_group_links, customer_user_service_links, customer_users,
    customers,
};
use super::search::matches_all;
use super::stored_row::{searched, stored_row, text};
use super::time::StoredTime;
use super::{Conn, LinksOf, StoreError, dialect, external_ids, on};
use crate::directory::customer_user::{BackEndOfUser, CustomerOfUser};
use crate::directory::text::{folded, search_form};
use crate::directory::{
    BackEndName, BackEndNumber, Comment, CustomerId, CustomerNumber, CustomerUser, CustomerUserFields,
    CustomerUserNumber, Delta, Email, ExternalId, Kind, Login, Text, Times, Validity,
};

stored_row! {
    customer_users of CustomerUser:
    login: Cow<'r, str>,
    login_folded: Cow<'r, str>,
    login_search: Cow<'r, str>,
    email: Option<Cow<'r, str>>,
    email_search: Cow<'r, str>,
    title: Option<Cow<'r, str>>,
    first_name: Option<Cow<'r, str>>,
    first_name_search: Cow<'r, str>,
    last_name: Option<Cow<'r, str>>,
    last_name_search: Cow<'r, str>,
    phone: Option<Cow<'r, str>>,
    mobile: Option<Cow<'r, str>>,
    fax: Option<Cow<'r, str>>,
    street: Option<Cow<'r, str>>,
    zip: Option<Cow<'r, str>>,
    city: Option<Cow<'r, str>>,
    country: Option<Cow<'r, str>>,
    comment: Option<Cow<'r, str>>,
    validity: Cow<'r, str>,
    primary_customer_id: Option<i64>,
    back_end_id: i64,
}

impl<'r> From<&'r CustomerUser> for Row<'r> {
    fn from(customer_user: &'r CustomerUser) -> Self {
        let fields = &customer_user.fields;
        Row {
            id: customer_user.number.into(),
            login_folded: folded(fields.login.as_str()),
            login_search: search_form(fields.login.as_str()),
            login: fields.login.as_str().into(),
            email_search: searched(&fields.email),
            email: text(&fields.email),
            title: text(&fields.title),
            first_name_search: searched(&fields.first_name),
            first_name: text(&fields.first_name),
            last_name_search: searched(&fields.last_name),
            last_name: text(&fields.last_name),
            phone: text(&fields.phone),
            mobile: text(&fields.mobile),
            fax: text(&fields.fax),
            street: text(&fields.street),
            zip: text(&fields.zip),
            city: text(&fields.city),
            country: text(&fields.country),
            comment: text(&fields.comment),
            validity: fields.validity.as_str().into(),
            primary_customer_id: customer_user.customer.as_ref().map(|customer| customer.number.into()),
            back_end_id: customer_user.back_end.number.into(),
            created_at: customer_user.times.created_at.into(),
            updated_at: customer_user.times.updated_at.into(),
        }
    }
}

/// What a customer user is joined with: the primary customer's key, the back end's name and state.
type Joined = (Row<'static>, Option<String>, String, bool);

fn into_customer_user(
    (row, customer_id, back_end, read_only): Joined,
    additional_customers: Vec<CustomerOfUser>,
    external_ids: Vec<ExternalId>,
) -> Result<CustomerUser, StoreError> {
    let customer = row.primary_customer_id.zip(customer_id);
    Ok(CustomerUser {
        number: to_number(row.id)?,
        customer: customer.map(|(number, key)| of_user(number, key)).transpose()?,
        additional_customers,
        back_end: BackEndOfUser { number: to_number(row.back_end_id)?, name: BackEndName::stored(back_end), read_only },
        external_ids,
        times: Times::stored(row.created_at.0, row.updated_at.0),
        fields: CustomerUserFields {
            login: Login::stored(row.login),
            email: row.email.map(Email::stored),
            title: row.title.map(Text::stored),
            first_name: row.first_name.map(Text::stored),
            last_name: row.last_name.map(Text::stored),
            phone: row.phone.map(Text::stored),
            mobile: row.mobile.map(Text::stored),
            fax: row.fax.map(Text::stored),
            street: row.street.map(Text::stored),
            zip: row.zip.map(Text::stored),
            city: row.city.map(Text::stored),
            country: row.country.map(Text::stored),
            comment: row.comment.map(Comment::stored),
            validity: Validity::stored(&row.validity),
        },
    })
}

fn of_user(number: i64, customer_id: String) -> Result<CustomerOfUser, StoreError> {
    Ok(CustomerOfUser { number: to_number(number)?, customer_id: CustomerId::stored(customer_id) })
}

impl Record for CustomerUser {
    type Number = CustomerUserNumber;

    fn load(conn: &mut Conn, numbers: &[i64]) -> Result<Vec<Self>, StoreError> {
        let joined = || customer_users::table.inner_join(back_ends::table).left_join(customers::table);
        let rows: Vec<Joined> = on!(conn, |c| of_numbers!(joined(), customer_users::id, numbers)
            .select((Row::as_select(), customers::customer_id.nullable(), back_ends::name, back_ends::read_only))
            .load(c)?);
        let mut additional = additional_customers(conn, numbers)?;
        let external_ids = external_ids::of_things(conn, Kind::CustomerUser, numbers)?;
        rows.into_iter()
            .map(|joined| {
                let number = joined.0.id;
                into_customer_user(
                    joined,
                    additional.remove(&number).unwrap_or_default(),
                    of_number(&external_ids, number),
                )
            })
            .collect()
    }

    fn number(&self) -> CustomerUserNumber {
        self.number
    }
}

fn additional_customers(conn: &mut Conn, numbers: &[i64]) -> Result<HashMap<i64, Vec<CustomerOfUser>>, StoreError> {
    let joined = || customer_user_customers::table.inner_join(customers::table);
    let rows = on!(conn, |c| of_numbers!(joined(), customer_user_customers::customer_user_id, numbers)
        .order((customer_user_customers::customer_user_id, customers::customer_id_folded))
        .select((customer_user_customers::customer_user_id, customers::id, customers::customer_id))
        .load::<(i64, i64, String)>(c)?);
    let mut of_users: HashMap<i64, Vec<CustomerOfUser>> = HashMap::new();
    for (customer_user, number, customer_id) in rows {
        of_users.entry(customer_user).or_default().push(of_user(number, customer_id)?);
    }
    Ok(of_users)
}

/// Writes one edit.
pub(super) fn write(conn: &mut Conn, delta: &Delta<CustomerUser>) -> Result<(), StoreError> {
    on!(conn, |c| match delta {
        Delta::Created(after) => diesel::insert_into(customer_users::table).values(Row::from(after)).execute(c)?,
        Delta::Changed { before, after } => {
            let changed = ChangedColumns::between(&Row::from(before), Row::from(after));
            let this = customer_users::id.eq(i64::from(after.number));
            match changed.are_few() {
                true => prepared::update(customer_users::table, this, changed).execute(c)?,
                false => diesel::update(customer_users::table.filter(this)).set(changed).execute(c)?,
            }
        }
        Delta::Removed(before) => diesel::delete(customer_users::table.find(i64::from(before.number))).execute(c)?,
    });
    Ok(())
}

/// The customer users who have this customer as their primary one.
pub fn customer_users_of(conn: &mut Conn, customer: CustomerNumber) -> Result<Vec<CustomerUser>, StoreError> {
    let numbers: Vec<i64> = on!(conn, |c| customer_users::table
        .filter(customer_users::primary_customer_id.eq(i64::from(customer)))
        .order(customer_users::id)
        .select(customer_users::id)
        .load(c)?);
    records_of(conn, &numbers)
}

/// How many customer users a back end has.
pub fn count_of_back_end(conn: &mut Conn, back_end: BackEndNumber) -> Result<u64, StoreError> {
    let count: i64 = on!(conn, |c| customer_users::table
        .filter(customer_users::back_end_id.eq(i64::from(back_end)))
        .count()
        .get_result(c)?);
    Ok(count.unsigned_abs())
}

/// Shows all numbers, in the order in which [`page`] has them.
pub(super) fn each_in_order(conn: &mut Conn, sort: SortKey, mut each: impl FnMut(i64)) -> Result<(), StoreError> {
    use customer_users::{email_search, id, last_name_search, login_folded};
    let all = || customer_users::table.select(id);
    match sort {
        SortKey::Id => each_row!(conn, each, all().order(id), |number: i64| number),
        SortKey::Email => each_row!(conn, each, all().order((email_search, id)), |number: i64| number),
        SortKey::LastName => each_row!(conn, each, all().order((last_name_search, id)), |number: i64| number),
        _ => each_row!(conn, each, all().order((login_folded, id)), |number: i64| number),
    }
    Ok(())
}

/// The numbers, with what they are sorted by, of one page.
pub(super) fn page(conn: &mut Conn, query: &ListQuery) -> Result<Vec<(String, i64)>, StoreError> {
    use customer_users::{email_search, first_name_search, id, last_name_search, login_folded, login_search};
    on!(conn, |c| {
        let mut rows = customer_users::table.into_boxed();
        rows = matches_all!(rows, query.words, login_search, email_search, first_name_search, last_name_search; |word: String| {
            let theirs = || customers::customer_id_search.like(word.clone()).escape('\\').or(customers::name_search.like(word.clone()).escape('\\'));
            let mut primary = customers::table.filter(theirs()).select(customers::id.nullable()).into_boxed();
            let mut additional = customer_user_customers::table
                .inner_join(customers::table)
                .filter(theirs())
                .select(customer_user_customers::customer_user_id)
                .into_boxed();
            if let Some(only) = &query.only_customers {
                primary = primary.filter(one_of(customers::id, only));
                additional = additional.filter(one_of(customer_user_customers::customer_id, only));
            }
            customer_users::primary_customer_id.eq_any(primary).assume_not_null().or(id.eq_any(additional))
        });
        if let Some(only) = &query.only {
            rows = rows.filter(one_of(id, only));
        }
        if let Some(of) = &query.only_of {
            rows = rows.filter(dialect::has_grams!("customer_users", "customer_user_grams", of));
        }
        if let Some(validity) = query.validity {
            rows = rows.filter(customer_users::validity.eq(validity.as_str()));
        }
        if let Some(back_end) = query.back_end {
            rows = rows.filter(customer_users::back_end_id.eq(back_end));
        }
        if let Some(email) = &query.email {
            rows = rows.filter(email_search.eq(search_form(email)));
        }
        if let Some(customer) = query.customer {
            let additional = customer_user_customers::table
                .filter(customer_user_customers::customer_id.eq(customer))
                .select(customer_user_customers::customer_user_id);
            rows = rows
                .filter(customer_users::primary_customer_id.eq(customer).assume_not_null().or(id.eq_any(additional)));
        }
        if let Some(group) = query.group {
            let linked = customer_user_group_links::table
                .filter(customer_user_group_links::group_id.eq(group))
                .select(customer_user_group_links::customer_user_id);
            rows = rows.filter(id.eq_any(linked));
        }
        rows = match query.linked {
            Some((LinksOf::Group(group), linked)) => {
                let of = customer_user_group_links::table;
                let of = of.filter(customer_user_group_links::group_id.eq(i64::from(group)));
                among!(rows, id, linked, of.select(customer_user_group_links::customer_user_id))
            }
            Some((LinksOf::Service(service), linked)) => {
                let of = customer_user_service_links::table;
                let of = of.filter(customer_user_service_links::service_id.eq(i64::from(service)));
                among!(rows, id, linked, of.select(customer_user_service_links::customer_user_id))
            }
            Some((LinksOf::Customer(customer), linked)) => {
                let of = customer_user_customers::table;
                let of = of.filter(customer_user_customers::customer_id.eq(i64::from(customer)));
                among!(rows, id, linked, of.select(customer_user_customers::customer_user_id))
            }
            _ => rows,
        };
        match query.sort {
            SortKey::Id => keyset!(c, rows, query, id),
            SortKey::Email => keyset!(c, rows, query, id, email_search),
            SortKey::LastName => keyset!(c, rows, query, id, last_name_search),
            _ => keyset!(c, rows, query, id, login_folded),
        }
    })
}
