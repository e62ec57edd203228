//! Links between two sets of things: read and written in a few statements, however many there are.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel::upsert::excluded;

use super::links::permission_set;
use super::numbers::to_number;
use super::schema::{
    customer_group_links as customer_groups, customer_user_customers as memberships,
    customer_user_group_links as user_groups, customer_user_service_links as user_services,
};
use super::{Conn, StoreError, dialect, on};
use crate::directory::{
    Context, CustomerGroupLink, CustomerMembership, CustomerUserGroupLink, CustomerUserServiceLink,
};
use crate::directory::{Edit, PermissionSet};

/// What links grant, by the numbers at their ends; a link that only is or is not grants `rw`.
pub type Pairs = HashMap<(u32, u32), PermissionSet>;

/// So many things of each side are named in one statement: two sides stay below what SQLite takes.
const AT_A_TIME: usize = 5_000;

/// Reads the links of a table that lead from one of these to one of those.
macro_rules! between {
    ($conn:expr, $first:expr, $second:expr, $rows:expr, $one:expr, $other:expr, $granted:expr) => {{
        let mut pairs = Pairs::new();
        let second: Vec<i64> = $second.iter().copied().map(i64::from).collect();
        for some in $first.chunks(AT_A_TIME) {
            let some: Vec<i64> = some.iter().copied().map(i64::from).collect();
            for others in second.chunks(AT_A_TIME) {
                let rows: Vec<(i64, i64, i32)> = on!($conn, |c| $rows
                    .filter($one.eq_any(&some))
                    .filter($other.eq_any(others))
                    .select(($one, $other, $granted))
                    .load(c)?);
                for (one, other, granted) in rows {
                    pairs.insert((to_number(one)?, to_number(other)?), permission_set(granted)?);
                }
            }
        }
        Ok(pairs)
    }};
}

/// What the links between these customers and groups grant in a context.
pub fn customer_groups_between(
    conn: &mut Conn,
    customers: &[u32],
    groups: &[u32],
    context: Context,
) -> Result<Pairs, StoreError> {
    use customer_groups::{customer_id, group_id, permissions};
    let rows = || customer_groups::table.filter(customer_groups::context.eq(context.as_str()));
    between!(conn, customers, groups, rows(), customer_id, group_id, permissions)
}

/// What the links between these customer users and groups grant.
pub fn customer_user_groups_between(
    conn: &mut Conn,
    customer_users: &[u32],
    groups: &[u32],
) -> Result<Pairs, StoreError> {
    use user_groups::{customer_user_id, group_id, permissions};
    between!(conn, customer_users, groups, user_groups::table, customer_user_id, group_id, permissions)
}

/// The links between these customer users and services.
pub fn customer_user_services_between(
    conn: &mut Conn,
    customer_users: &[u32],
    services: &[u32],
) -> Result<Pairs, StoreError> {
    use user_services::{customer_user_id, service_id};
    between!(conn, customer_users, services, user_services::table, customer_user_id, service_id, is())
}

/// Which of these customer users have which of these customers as additional ones.
pub fn memberships_between(conn: &mut Conn, customer_users: &[u32], customers: &[u32]) -> Result<Pairs, StoreError> {
    use memberships::{customer_id, customer_user_id};
    between!(conn, customer_users, customers, memberships::table, customer_user_id, customer_id, is())
}

/// What a link grants that only is or is not.
fn is() -> diesel::dsl::AsExprOf<i32, Integer> {
    i32::from(PermissionSet::RW.0).into_sql::<Integer>()
}

/// Whether two edits are of links of one table, and can be written together.
pub(super) fn are_of_one_table(one: &Edit, other: &Edit) -> bool {
    let is_link = matches!(
        one,
        Edit::CustomerGroupLink { .. }
            | Edit::CustomerUserGroupLink { .. }
            | Edit::CustomerUserServiceLink(_)
            | Edit::CustomerMembership(_)
    );
    is_link && std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// Writes edits of links of one table. Of two edits of one link the last one counts: no statement may
/// write a row twice.
pub(super) fn write(conn: &mut Conn, edits: &[Edit]) -> Result<(), StoreError> {
    let mut customers: BTreeMap<Context, Wanted> = BTreeMap::new();
    let (mut groups, mut services, mut members) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for edit in edits {
        match *edit {
            Edit::CustomerGroupLink { link: CustomerGroupLink { customer, group, context, permissions }, .. } => {
                customers.entry(context).or_default().insert((customer.into(), group.into()), permissions);
            }
            Edit::CustomerUserGroupLink {
                link: CustomerUserGroupLink { customer_user, group, permissions }, ..
            } => {
                groups.insert((customer_user.into(), group.into()), permissions);
            }
            Edit::CustomerUserServiceLink(CustomerUserServiceLink { customer_user, service, linked }) => {
                services.insert((customer_user.into(), service.into()), PermissionSet::marked(linked));
            }
            Edit::CustomerMembership(CustomerMembership { customer_user, customer, member }) => {
                members.insert((customer_user.into(), customer.into()), PermissionSet::marked(member));
            }
            _ => {}
        }
    }
    for (context, links) in &customers {
        set_customer_groups(conn, *context, links)?;
    }
    set_customer_user_groups(conn, &groups)?;
    set_customer_user_services(conn, &services)?;
    set_memberships(conn, &members)
}

/// What links are to grant, in the order of their keys.
type Wanted = BTreeMap<(i64, i64), PermissionSet>;

/// Inserts the rows of links that are to grant something, if there are any.
macro_rules! put {
    ($conn:expr, $links:expr, $table:expr, |$key:ident, $granted:ident| $row:expr, |$insert:ident| $upsert:expr) => {
        let rows: Vec<_> =
            $links.iter().filter(|(_, granted)| !granted.is_empty()).map(|($key, $granted)| $row).collect();
        if !rows.is_empty() {
            on!($conn, |c| {
                let $insert = diesel::insert_into($table).values(&rows);
                $upsert.execute(c)?
            });
        }
    };
}

fn set_customer_groups(conn: &mut Conn, context: Context, links: &Wanted) -> Result<(), StoreError> {
    use customer_groups::{context as of, customer_id, group_id, permissions, table};
    let row = |key: &(i64, i64), granted: &PermissionSet| {
        (customer_id.eq(key.0), group_id.eq(key.1), of.eq(context.as_str()), permissions.eq(i32::from(granted.0)))
    };
    put!(conn, links, table, |key, granted| row(key, granted), |insert| insert
        .on_conflict((customer_id, group_id, of))
        .do_update()
        .set(permissions.eq(excluded(permissions))));
    let place = format!("customer_group_links WHERE context = '{}' AND (customer_id, group_id)", context.as_str());
    remove(conn, &place, links)
}

fn set_customer_user_groups(conn: &mut Conn, links: &Wanted) -> Result<(), StoreError> {
    use user_groups::{customer_user_id, group_id, permissions, table};
    let row = |key: &(i64, i64), granted: &PermissionSet| {
        (customer_user_id.eq(key.0), group_id.eq(key.1), permissions.eq(i32::from(granted.0)))
    };
    put!(conn, links, table, |key, granted| row(key, granted), |insert| insert
        .on_conflict((customer_user_id, group_id))
        .do_update()
        .set(permissions.eq(excluded(permissions))));
    remove(conn, "customer_user_group_links WHERE (customer_user_id, group_id)", links)
}

fn set_customer_user_services(conn: &mut Conn, links: &Wanted) -> Result<(), StoreError> {
    use user_services::{customer_user_id, service_id, table};
    let row = |key: &(i64, i64)| (customer_user_id.eq(key.0), service_id.eq(key.1));
    put!(conn, links, table, |key, _granted| row(key), |insert| insert.on_conflict_do_nothing());
    remove(conn, "customer_user_service_links WHERE (customer_user_id, service_id)", links)
}

fn set_memberships(conn: &mut Conn, links: &Wanted) -> Result<(), StoreError> {
    use memberships::{customer_id, customer_user_id, table};
    let row = |key: &(i64, i64)| (customer_user_id.eq(key.0), customer_id.eq(key.1));
    put!(conn, links, table, |key, _granted| row(key), |insert| insert.on_conflict_do_nothing());
    remove(conn, "customer_user_customers WHERE (customer_user_id, customer_id)", links)
}

/// Deletes the rows of links that are to grant nothing. Diesel has no pairs to compare with; there is
/// nothing but numbers in them.
fn remove(conn: &mut Conn, place: &str, links: &Wanted) -> Result<(), StoreError> {
    let gone: Vec<String> = links
        .iter()
        .filter(|(_, granted)| granted.is_empty())
        .map(|((one, other), _)| format!("({one}, {other})"))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    dialect::execute(conn, &format!("DELETE FROM {place} IN (VALUES {})", gone.join(", ")))
}
