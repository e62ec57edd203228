//! Links and memberships in the database. A link that grants nothing has no row.

use diesel::prelude::*;

use super::numbers::to_number;
use super::prepared;
use super::schema::{
    customer_group_links as customer_groups, customer_user_customers as memberships,
    customer_user_group_links as user_groups, customer_user_service_links as user_services,
};
use super::{Conn, StoreError, dialect, on};
use crate::directory::{
    Context, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUserGroupLink, CustomerUserNumber,
    CustomerUserServiceLink, GroupNumber, Kind, PermissionSet, ServiceNumber,
};

/// Which links: those of one thing at either end.
#[derive(Debug, Clone, Copy)]
pub enum LinksOf {
    /// Of a customer.
    Customer(CustomerNumber),
    /// Of a customer user.
    CustomerUser(CustomerUserNumber),
    /// Of a group.
    Group(GroupNumber),
    /// Of a service.
    Service(ServiceNumber),
}

/// The customers or customer users that are linked to something; nothing where the database sorts many of them by itself.
/// The numbers alone, which stand in the index of the links: what the links hold would be looked up one by one.
pub(super) fn linked(conn: &mut Conn, kind: Kind, to: LinksOf) -> Result<Option<Vec<i64>>, StoreError> {
    if !dialect::looks_rows_up_one_by_one(conn) {
        return Ok(None);
    }
    Ok(Some(on!(conn, |c| match (kind, to) {
        (Kind::CustomerUser, LinksOf::Group(group)) => {
            let of = user_groups::table.filter(user_groups::group_id.eq(i64::from(group)));
            of.select(user_groups::customer_user_id).load(c)?
        }
        (Kind::CustomerUser, LinksOf::Service(service)) => {
            let of = user_services::table.filter(user_services::service_id.eq(i64::from(service)));
            of.select(user_services::customer_user_id).load(c)?
        }
        (Kind::CustomerUser, LinksOf::Customer(customer)) => {
            let of = memberships::table.filter(memberships::customer_id.eq(i64::from(customer)));
            of.select(memberships::customer_user_id).load(c)?
        }
        (Kind::Customer, LinksOf::Group(group)) => {
            let of = customer_groups::table.filter(customer_groups::group_id.eq(i64::from(group)));
            of.select(customer_groups::customer_id).distinct().load(c)?
        }
        _ => return Ok(None),
    })))
}

/// The customer ↔ group links of a customer or a group.
pub fn customer_group_links(conn: &mut Conn, of: LinksOf) -> Result<Vec<CustomerGroupLink>, StoreError> {
    let rows: Vec<(i64, i64, String, i32)> = on!(conn, |c| {
        let rows = customer_groups::table.into_boxed();
        match of {
            LinksOf::Customer(number) => rows.filter(customer_groups::customer_id.eq(i64::from(number))),
            LinksOf::Group(number) => rows.filter(customer_groups::group_id.eq(i64::from(number))),
            _ => rows,
        }
        .order((customer_groups::customer_id, customer_groups::group_id, customer_groups::context.desc()))
        .load(c)?
    });
    rows.into_iter()
        .map(|(customer, group, context, permissions)| {
            Ok(CustomerGroupLink {
                customer: to_number(customer)?,
                group: to_number(group)?,
                context: self::context(&context)?,
                permissions: permission_set(permissions)?,
            })
        })
        .collect()
}

/// The customer user ↔ group links of a customer user or a group.
pub fn customer_user_group_links(conn: &mut Conn, of: LinksOf) -> Result<Vec<CustomerUserGroupLink>, StoreError> {
    let rows: Vec<(i64, i64, i32)> = on!(conn, |c| {
        let rows = user_groups::table.into_boxed();
        match of {
            LinksOf::CustomerUser(number) => rows.filter(user_groups::customer_user_id.eq(i64::from(number))),
            LinksOf::Group(number) => rows.filter(user_groups::group_id.eq(i64::from(number))),
            _ => rows,
        }
        .order((user_groups::customer_user_id, user_groups::group_id))
        .load(c)?
    });
    rows.into_iter()
        .map(|(customer_user, group, permissions)| {
            Ok(CustomerUserGroupLink {
                customer_user: to_number(customer_user)?,
                group: to_number(group)?,
                permissions: permission_set(permissions)?,
            })
        })
        .collect()
}

/// The customer user ↔ service links of a customer user or a service.
pub fn customer_user_service_links(conn: &mut Conn, of: LinksOf) -> Result<Vec<CustomerUserServiceLink>, StoreError> {
    let rows: Vec<(i64, i64)> = on!(conn, |c| {
        let rows = user_services::table.into_boxed();
        match of {
            LinksOf::CustomerUser(number) => rows.filter(user_services::customer_user_id.eq(i64::from(number))),
            LinksOf::Service(number) => rows.filter(user_services::service_id.eq(i64::from(number))),
            _ => rows,
        }
        .order((user_services::customer_user_id, user_services::service_id))
        .load(c)?
    });
    rows.into_iter()
        .map(|(customer_user, service)| {
            Ok(CustomerUserServiceLink {
                customer_user: to_number(customer_user)?,
                service: to_number(service)?,
                linked: true,
            })
        })
        .collect()
}

/// The additional customers of a customer user, or the additional customer users of a customer.
pub fn customer_memberships(conn: &mut Conn, of: LinksOf) -> Result<Vec<CustomerMembership>, StoreError> {
    let rows: Vec<(i64, i64)> = on!(conn, |c| {
        let rows = memberships::table.into_boxed();
        match of {
            LinksOf::CustomerUser(number) => rows.filter(memberships::customer_user_id.eq(i64::from(number))),
            LinksOf::Customer(number) => rows.filter(memberships::customer_id.eq(i64::from(number))),
            _ => rows,
        }
        .order((memberships::customer_user_id, memberships::customer_id))
        .load(c)?
    });
    rows.into_iter()
        .map(|(customer_user, customer)| {
            Ok(CustomerMembership {
                customer_user: to_number(customer_user)?,
                customer: to_number(customer)?,
                member: true,
            })
        })
        .collect()
}

/// What a customer ↔ group link grants in a context.
pub fn granted_to_customer(
    conn: &mut Conn,
    customer: CustomerNumber,
    group: GroupNumber,
    context: Context,
) -> Result<PermissionSet, StoreError> {
    let key = (i64::from(customer), i64::from(group), context.as_str());
    let permissions: Option<i32> = on!(conn, |c| customer_groups::table
        .find(key)
        .select(customer_groups::permissions)
        .get_result(c)
        .optional()?);
    permissions.map_or(Ok(PermissionSet::EMPTY), permission_set)
}

/// What a customer user ↔ group link grants.
pub fn granted_to_customer_user(
    conn: &mut Conn,
    customer_user: CustomerUserNumber,
    group: GroupNumber,
) -> Result<PermissionSet, StoreError> {
    let key = (i64::from(customer_user), i64::from(group));
    let permissions: Option<i32> =
        on!(conn, |c| user_groups::table.find(key).select(user_groups::permissions).get_result(c).optional()?);
    permissions.map_or(Ok(PermissionSet::EMPTY), permission_set)
}

/// Whether a customer user is linked to a service.
pub fn is_linked_to_service(
    conn: &mut Conn,
    customer_user: CustomerUserNumber,
    service: ServiceNumber,
) -> Result<bool, StoreError> {
    let key = (i64::from(customer_user), i64::from(service));
    Ok(on!(conn, |c| diesel::select(diesel::dsl::exists(user_services::table.find(key))).get_result(c)?))
}

/// How many links of either kind hold a permission type, by its bit.
pub fn count_holding(conn: &mut Conn, bit: u8) -> Result<u64, StoreError> {
    let holds = || diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("(permissions & {}) <> 0", 1_u32 << bit));
    let (of_customers, of_users): (i64, i64) = on!(conn, |c| (
        customer_groups::table.filter(holds()).count().get_result(c)?,
        user_groups::table.filter(holds()).count().get_result(c)?,
    ));
    Ok((of_customers + of_users).unsigned_abs())
}

pub(super) fn context(stored: &str) -> Result<Context, StoreError> {
    Context::parse(stored).ok_or_else(|| StoreError::Corrupt(format!("the context {stored:?}")))
}

pub(super) fn permission_set(stored: i32) -> Result<PermissionSet, StoreError> {
    u16::try_from(stored).map(PermissionSet).map_err(|_| StoreError::Corrupt(format!("the permissions {stored}")))
}

pub(super) fn set_customer_group(conn: &mut Conn, link: &CustomerGroupLink) -> Result<(), StoreError> {
    let key = (i64::from(link.customer), i64::from(link.group), link.context.as_str());
    let permissions = i32::from(link.permissions.0);
    on!(conn, |c| if link.permissions.is_empty() {
        diesel::delete(customer_groups::table.find(key)).execute(c)?
    } else {
        let insert = diesel::insert_into(customer_groups::table).values((
            customer_groups::customer_id.eq(key.0),
            customer_groups::group_id.eq(key.1),
            customer_groups::context.eq(key.2),
            customer_groups::permissions.eq(permissions),
        ));
        prepared::upsert(insert, &["customer_id", "group_id", "context"], customer_groups::permissions).execute(c)?
    });
    Ok(())
}

pub(super) fn set_customer_user_group(conn: &mut Conn, link: &CustomerUserGroupLink) -> Result<(), StoreError> {
    let key = (i64::from(link.customer_user), i64::from(link.group));
    let permissions = i32::from(link.permissions.0);
    on!(conn, |c| if link.permissions.is_empty() {
        diesel::delete(user_groups::table.find(key)).execute(c)?
    } else {
        let insert = diesel::insert_into(user_groups::table).values((
            user_groups::customer_user_id.eq(key.0),
            user_groups::group_id.eq(key.1),
            user_groups::permissions.eq(permissions),
        ));
        prepared::upsert(insert, &["customer_user_id", "group_id"], user_groups::permissions).execute(c)?
    });
    Ok(())
}

pub(super) fn set_customer_user_service(conn: &mut Conn, link: &CustomerUserServiceLink) -> Result<(), StoreError> {
    let key = (i64::from(link.customer_user), i64::from(link.service));
    on!(conn, |c| if link.linked {
        diesel::insert_into(user_services::table)
            .values((user_services::customer_user_id.eq(key.0), user_services::service_id.eq(key.1)))
            .on_conflict_do_nothing()
            .execute(c)?
    } else {
        diesel::delete(user_services::table.find(key)).execute(c)?
    });
    Ok(())
}

pub(super) fn set_membership(conn: &mut Conn, membership: &CustomerMembership) -> Result<(), StoreError> {
    let key = (i64::from(membership.customer_user), i64::from(membership.customer));
    on!(conn, |c| if membership.member {
        diesel::insert_into(memberships::table)
            .values((memberships::customer_user_id.eq(key.0), memberships::customer_id.eq(key.1)))
            .on_conflict_do_nothing()
            .execute(c)?
    } else {
        diesel::delete(memberships::table.find(key)).execute(c)?
    });
    Ok(())
}
