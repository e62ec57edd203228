//! All facts of the directory as changes: what an index is built from, one table after the other,
//! row by row, so that no table is ever held whole.

use diesel::prelude::*;

use super::dialect::each_row;
use super::numbers::to_number;
use super::schema::{
    back_ends, customer_group_links, customer_user_customers, customer_user_group_links, customer_user_service_links,
    customer_users, customers, external_ids, groups, services,
};
use super::{Conn, StoreError, links, roll_members, settings};
use crate::directory::{
    BackEndName, Change, CustomerGroupLink, CustomerId, CustomerMembership, CustomerUserGroupLink,
    CustomerUserServiceLink, GroupName, Kind, Login, Roll, ServiceName, Thing, Validity,
};

/// Gives every fact of one consistent state to `each`, what is named before what names it.
pub fn all_facts(conn: &mut Conn, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    if let Some(settings) = settings(conn)? {
        each(Change::SettingsPut { settings: Box::new(settings) });
    }
    things(conn, each)?;
    external_id_facts(conn, each)?;
    for roll in Roll::ALL {
        let kind = if roll == Roll::DefaultServices { Kind::Service } else { Kind::Group };
        for number in roll_members(conn, roll)? {
            each(Change::RollSet { roll, id: Thing { kind, number }, listed: true });
        }
    }
    link_facts(conn, each)?;
    Ok(())
}

fn things(conn: &mut Conn, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    let back_end_rows = back_ends::table.select((back_ends::id, back_ends::name, back_ends::group_support));
    each_row!(conn, each, back_end_rows, |row: (i64, String, bool)| Change::BackEndPut {
        id: to_number(row.0)?,
        name: BackEndName::stored(row.1),
        group_support: row.2,
    });
    let group_rows = groups::table.select((groups::id, groups::name, groups::validity));
    each_row!(conn, each, group_rows, |row: (i64, String, String)| Change::GroupPut {
        id: to_number(row.0)?,
        name: GroupName::stored(row.1),
        validity: Validity::stored(&row.2),
    });
    let service_rows = services::table.select((services::id, services::name, services::parent_id, services::validity));
    each_row!(conn, each, service_rows, |row: (i64, String, Option<i64>, String)| Change::ServicePut {
        id: to_number(row.0)?,
        name: ServiceName::stored(row.1),
        parent: row.2.map(to_number).transpose()?,
        validity: Validity::stored(&row.3),
    });
    let customer_rows = customers::table.select((customers::id, customers::customer_id, customers::validity));
    each_row!(conn, each, customer_rows, |row: (i64, String, String)| Change::CustomerPut {
        id: to_number(row.0)?,
        customer_id: CustomerId::stored(row.1),
        validity: Validity::stored(&row.2),
    });
    let user_rows = customer_users::table.select((
        customer_users::id,
        customer_users::login,
        customer_users::primary_customer_id,
        customer_users::back_end_id,
        customer_users::validity,
    ));
    each_row!(conn, each, user_rows, |row: (i64, String, Option<i64>, i64, String)| Change::CustomerUserPut {
        id: to_number(row.0)?,
        login: Login::stored(row.1),
        customer: row.2.map(to_number).transpose()?,
        back_end: to_number(row.3)?,
        validity: Validity::stored(&row.4),
    });
    Ok(())
}

fn link_facts(conn: &mut Conn, each: &mut dyn FnMut(Change)) -> Result<(), StoreError> {
    each_row!(conn, each, customer_user_customers::table, |row: (i64, i64)| Change::CustomerMembershipSet(
        CustomerMembership { customer_user: to_number(row.0)?, customer: to_number(row.1)?, member: true }
    ));
    each_row!(conn, each, customer_group_links::table, |row: (i64, i64, String, i32)| {
        Change::CustomerGroupLinkSet(CustomerGroupLink {
            customer: to_number(row.0)?,
            group: to_number(row.1)?,
            context: links::context(&row.2)?,
            permissions: links::permission_set(row.3)?,
        })
    });
    each_row!(conn, each, customer_user_group_links::table, |row: (i64, i64, i32)| {
        Change::CustomerUserGroupLinkSet(CustomerUserGroupLink {
            customer_user: to_number(row.0)?,
            group: to_number(row.1)?,
            permissions: links::permission_set(row.2)?,
        })
    });
    each_row!(conn, each, customer_user_service_links::table, |row: (i64, i64)| {
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
