//! The settings and their lists in the database.

use diesel::prelude::*;

use super::numbers::to_number;
use super::schema::{rolls, settings as table};
use super::{Conn, StoreError, on};
use crate::directory::{Roll, Settings, Thing};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = table)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: i64,
    group_support: bool,
    permission_types: String,
    other_customers: bool,
    same_customer_text: String,
    other_customers_text: String,
    default_services_for_unknown_customer_users: bool,
    company_access: bool,
}

/// The settings; a database that was never written has none.
pub fn settings(conn: &mut Conn) -> Result<Option<Settings>, StoreError> {
    let row: Option<Row> = on!(conn, |c| table::table.select(Row::as_select()).get_result(c).optional()?);
    row.map(Row::into_settings).transpose()
}

impl Row {
    fn into_settings(self) -> Result<Settings, StoreError> {
        Ok(Settings {
            group_support: self.group_support,
            permission_types: from_json(&self.permission_types)?,
            other_customers: self.other_customers,
            same_customer_text: from_json(&self.same_customer_text)?,
            other_customers_text: from_json(&self.other_customers_text)?,
            default_services_for_unknown_customer_users: self.default_services_for_unknown_customer_users,
            company_access: self.company_access,
        })
    }

    fn of(settings: &Settings) -> Result<Self, StoreError> {
        Ok(Self {
            id: 1,
            group_support: settings.group_support,
            permission_types: to_json(&settings.permission_types)?,
            other_customers: settings.other_customers,
            same_customer_text: to_json(&settings.same_customer_text)?,
            other_customers_text: to_json(&settings.other_customers_text)?,
            default_services_for_unknown_customer_users: settings.default_services_for_unknown_customer_users,
            company_access: settings.company_access,
        })
    }
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::Corrupt(format!("the settings: {why}")))
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::Corrupt(why.to_string()))
}

pub(super) fn write(conn: &mut Conn, settings: &Settings) -> Result<(), StoreError> {
    let row = Row::of(settings)?;
    on!(conn, |c| {
        let updated = diesel::update(table::table.find(1_i64)).set(&row).execute(c)?;
        if updated == 0 {
            diesel::insert_into(table::table).values(&row).execute(c)?;
        }
    });
    Ok(())
}

/// The numbers on a list of the settings, in order.
pub fn roll_members(conn: &mut Conn, roll: Roll) -> Result<Vec<u32>, StoreError> {
    let numbers: Vec<i64> = on!(conn, |c| rolls::table
        .filter(rolls::roll.eq(roll.as_str()))
        .order(rolls::thing_id)
        .select(rolls::thing_id)
        .load(c)?);
    numbers.into_iter().map(to_number).collect()
}

pub(super) fn set_roll(conn: &mut Conn, roll: Roll, thing: Thing, listed: bool) -> Result<(), StoreError> {
    let key = (roll.as_str(), i64::from(thing.number));
    on!(conn, |c| if listed {
        diesel::insert_into(rolls::table)
            .values((rolls::roll.eq(key.0), rolls::thing_id.eq(key.1)))
            .on_conflict_do_nothing()
            .execute(c)?
    } else {
        diesel::delete(rolls::table.find(key)).execute(c)?
    });
    Ok(())
}
