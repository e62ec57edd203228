//! All facts of the directory as changes: what an index is built from. They come in parts, row by row, so that several
//! connections can read them at the same time and no large table is ever held whole.

use std::ops::Range;

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::max;
use diesel::prelude::*;

use super::dialect::each_row;
use super::numbers::to_number;
use super::schema::{
    back_ends, customer_group_links, customer_user_customers, customer_user_group_links, customer_user_service_links,
    customer_users, customers, external_ids, groups, services,
};
use super::{Conn, StoreError, links, on, roll_members, settings};
use crate::directory::{
    BackEndName, Change, CustomerGroupLink, CustomerId, CustomerMembership, CustomerUserGroupLink,
    CustomerUserServiceLink, GroupName, Kind, Login, Roll, ServiceName, Thing, Validity,
};

/// So many numbers of customers are a part.
const CUSTOMERS: i64 = 4_096;
/// So many numbers of customer users are a part.
const CUSTOMER_USERS: i64 = 8_192;

/// A part of the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Of what there is little: the settings with their lists, back ends, groups and services.
    Few,
    /// The customers of these numbers, and what links them to groups.
    Customers(Range<i64>),
    /// The customer users of these numbers, with all of their links.
    CustomerUsers(Range<i64>),
    /// The external ids of everything.
    ExternalIds,
}

/// Every part, what is named before what names it. Together they are one consistent state if they are read of the same.
pub fn parts(conn: &mut Conn) -> Result<Vec<Part>, StoreError> {
    let customers: Option<i64> = on!(conn, |c| customers::table.select(max(customers::id)).get_result(c)?);
    let customer_users: Option<i64> =
        on!(conn, |c| customer_users::table.select(max(customer_users::id)).get_result(c)?);
    let mut parts = vec![Part::Few];
    parts.extend(ranges(customers, CUSTOMERS).map(Part::Customers));
    parts.extend(ranges(customer_users, CUSTOMER_USERS).map(Part::CustomerUsers));
    parts.push(Part::ExternalIds);
    Ok(parts)
}

/// How many customer users there are.
pub fn count_of_customer_users(conn: &mut Conn) -> Result<usize, StoreError> {
    let count: i64 = on!(conn, |c| customer_users::table.count().get_result(c)?);
    Ok(usize::try_from(count).unwrap_or_default())
}

fn ranges(last: Option<i64>, size: i64) -> impl Iterator<Item = Range<i64>> {
    let starts = last.into_iter().flat_map(move |last| (0..=last / size).map(move |at| at * size));
    starts.map(move |start| start..start + size)
}

/// Gives every fact of a part to `each`.
pub fn facts_of(conn: &mut Conn, part: &Part, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    match part {
        Part::Few => few(conn, each),
        Part::Customers(numbers) => customer_facts(conn, numbers, each),
        Part::CustomerUsers(numbers) => {
            customer_user_facts(conn, numbers, each)?;
            customer_user_links(conn, numbers, each)
        }
        Part::ExternalIds => external_id_facts(conn, each),
    }
}

/// Gives every fact of one consistent state to `each`, what is named before what names it.
pub fn all_facts(conn: &mut Conn, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    parts(conn)?.iter().try_for_each(|part| facts_of(conn, part, each))
}

/// Reads a query whose rows may be held all at once, and gives each row's fact to `$each`.
macro_rules! each_of {
    ($conn:expr, $each:expr, $query:expr, |$row:ident: $type:ty| $fact:expr) => {
        on!($conn, |c| for row in $query.load_iter::<$type, DefaultLoadingMode>(c)? {
            let $row = row?;
            $each($fact);
        })
    };
}

fn few(conn: &mut Conn, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    if let Some(settings) = settings(conn)? {
        each(Change::SettingsPut { settings: Box::new(settings) });
    }
    let back_end_rows = back_ends::table.select((back_ends::id, back_ends::name, back_ends::group_support));
    each_of!(conn, each, back_end_rows, |row: (i64, String, bool)| Change::BackEndPut {
        id: to_number(row.0)?,
        name: BackEndName::stored(row.1),
        group_support: row.2,
    });
    let group_rows = groups::table.select((groups::id, groups::name, groups::validity));
    each_of!(conn, each, group_rows, |row: (i64, String, String)| Change::GroupPut {
        id: to_number(row.0)?,
        name: GroupName::stored(row.1),
        validity: Validity::stored(&row.2),
    });
    let service_rows = services::table.select((services::id, services::name, services::parent_id, services::validity));
    each_of!(conn, each, service_rows, |row: (i64, String, Option<i64>, String)| Change::ServicePut {
        id: to_number(row.0)?,
        name: ServiceName::stored(row.1),
        parent: row.2.map(to_number).transpose()?,
        validity: Validity::stored(&row.3),
    });
    for roll in Roll::ALL {
        let kind = if roll == Roll::DefaultServices { Kind::Service } else { Kind::Group };
        for number in roll_members(conn, roll)? {
            each(Change::RollSet { roll, id: Thing { kind, number }, listed: true });
        }
    }
    Ok(())
}

fn customer_facts(conn: &mut Conn, numbers: &Range<i64>, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    let (start, end) = (numbers.start, numbers.end);
    let customer_rows = customers::table.filter(customers::id.ge(start).and(customers::id.lt(end))).select((
        customers::id,
        customers::customer_id,
        customers::validity,
    ));
    each_of!(conn, each, customer_rows, |row: (i64, String, String)| Change::CustomerPut {
        id: to_number(row.0)?,
        customer_id: CustomerId::stored(row.1),
        validity: Validity::stored(&row.2),
    });
    let link_rows = customer_group_links::table
        .filter(customer_group_links::customer_id.ge(start).and(customer_group_links::customer_id.lt(end)));
    each_of!(conn, each, link_rows, |row: (i64, i64, String, i32)| {
        Change::CustomerGroupLinkSet(CustomerGroupLink {
            customer: to_number(row.0)?,
            group: to_number(row.1)?,
            context: links::context(&row.2)?,
            permissions: links::permission_set(row.3)?,
        })
    });
    Ok(())
}

fn customer_user_facts(conn: &mut Conn, numbers: &Range<i64>, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    let (start, end) = (numbers.start, numbers.end);
    let user_rows =
        customer_users::table.filter(customer_users::id.ge(start).and(customer_users::id.lt(end))).select((
            customer_users::id,
            customer_users::login,
            customer_users::primary_customer_id,
            customer_users::back_end_id,
            customer_users::validity,
        ));
    each_of!(conn, each, user_rows, |row: (i64, String, Option<i64>, i64, String)| Change::CustomerUserPut {
        id: to_number(row.0)?,
        login: Login::stored(row.1),
        customer: row.2.map(to_number).transpose()?,
        back_end: to_number(row.3)?,
        validity: Validity::stored(&row.4),
    });
    Ok(())
}

fn customer_user_links(conn: &mut Conn, numbers: &Range<i64>, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    let (start, end) = (numbers.start, numbers.end);
    macro_rules! theirs {
        ($table:ident) => {
            $table::table.filter($table::customer_user_id.ge(start).and($table::customer_user_id.lt(end)))
        };
    }
    each_of!(conn, each, theirs!(customer_user_customers), |row: (i64, i64)| Change::CustomerMembershipSet(
        CustomerMembership { customer_user: to_number(row.0)?, customer: to_number(row.1)?, member: true }
    ));
    each_of!(conn, each, theirs!(customer_user_group_links), |row: (i64, i64, i32)| {
        Change::CustomerUserGroupLinkSet(CustomerUserGroupLink {
            customer_user: to_number(row.0)?,
            group: to_number(row.1)?,
            permissions: links::permission_set(row.2)?,
        })
    });
    each_of!(conn, each, theirs!(customer_user_service_links), |row: (i64, i64)| {
        Change::CustomerUserServiceLinkSet(CustomerUserServiceLink {
            customer_user: to_number(row.0)?,
            service: to_number(row.1)?,
            linked: true,
        })
    });
    Ok(())
}

fn external_id_facts(conn: &mut Conn, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    let rows = external_ids::table.select((
        external_ids::kind,
        external_ids::thing_id,
        external_ids::source,
        external_ids::external_id,
    ));
    each_row!(conn, each, rows, |row: (String, i64, String, String)| {
        let unknown = || StoreError::Corrupt(format!("the kind {:?}", row.0));
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.0).ok_or_else(unknown)?;
        Change::ExternalIdSet {
            id: Thing { kind, number: to_number(row.1)? },
            external_id: super::external_ids::stored(row.2, row.3),
            present: true,
        }
    });
    Ok(())
}
