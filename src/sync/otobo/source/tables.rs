//! The tables, their columns, and what of them may be absent.

use super::{Database, Row, SourceError};
use crate::sync::otobo::facts::{CompanyRow, CustomerUserRow, Facts, GrantRow, NamedRow, PairRow, SettingRow};

/// Reads every table into `Facts`.
pub(super) fn read(database: &mut dyn Database, at: &mut dyn FnMut(&str)) -> Result<Facts, SourceError> {
    let mut reading = Reading { database, at, absent: Vec::new() };
    let mut facts = Facts { ignores_case: reading.database.ignores_case(), ..Facts::default() };
    reading.optional("valid", &["id", "name"], |row| {
        facts.validities.insert(row.number(0)?, row.text(1));
        Ok(())
    })?;
    facts.groups = reading.groups()?;
    facts.services = reading.named("service")?;
    facts.companies = reading.companies()?;
    facts.customer_users = reading.customer_users()?;
    reading.optional("customer_user_customer", &["user_id", "customer_id"], |row| {
        facts.memberships.push(PairRow { login: row.text(0), other: row.text(1) });
        Ok(())
    })?;
    facts.customer_grants = reading.grants("group_customer", "customer_id", true)?;
    facts.customer_user_grants = reading.grants("group_customer_user", "user_id", false)?;
    reading.optional("service_customer_user", &["customer_user_login", "service_id"], |row| {
        facts.service_links.push(PairRow { login: row.text(0), other: row.number(1)? });
        Ok(())
    })?;
    facts.default_settings = reading.settings("sysconfig_default")?;
    facts.modified_settings = reading.settings("sysconfig_modified")?;
    facts.absent = reading.absent;
    Ok(facts)
}

struct Reading<'r> {
    database: &'r mut dyn Database,
    at: &'r mut dyn FnMut(&str),
    absent: Vec<&'static str>,
}

/// A row whose values are asked for by their place.
struct Values<'v> {
    table: &'v str,
    columns: &'v [&'v str],
    row: Row,
}

impl Values<'_> {
    fn optional(&self, at: usize) -> Option<String> {
        self.row.get(at).cloned().flatten().filter(|text| !text.trim().is_empty())
    }

    fn text(&self, at: usize) -> String {
        self.row.get(at).cloned().flatten().unwrap_or_default()
    }

    fn number(&self, at: usize) -> Result<i64, SourceError> {
        let text = self.text(at);
        text.trim().parse().map_err(|_| SourceError::Unexpected {
            table: self.table.to_owned(),
            what: format!("{} is {text:?}, which is no number", self.columns.get(at).unwrap_or(&"?")),
        })
    }
}

impl Reading<'_> {
    /// Reads a table that is always there.
    fn required(
        &mut self,
        table: &'static str,
        columns: &[&str],
        each: impl FnMut(Values<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        self.optional(table, columns, each)?;
        if self.absent.last() == Some(&table) { Err(SourceError::NoTable(table)) } else { Ok(()) }
    }

    /// Reads a table, or notes that it is absent.
    fn optional(
        &mut self,
        table: &'static str,
        columns: &[&str],
        mut each: impl FnMut(Values<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let there = self.database.columns(table)?;
        if there.is_empty() {
            self.absent.push(table);
            return Ok(());
        }
        if let Some(missing) = columns.iter().find(|column| !there.iter().any(|it| it == *column)) {
            let what = format!("it has no column {missing}");
            return Err(SourceError::Unexpected { table: table.to_owned(), what });
        }
        (self.at)(table);
        self.database.rows(table, columns, &mut |row| each(Values { table, columns, row }))
    }

    /// The groups: `permission_groups` in newer versions of Znuny, `groups_table` in OTOBO, `groups` in OTRS 6.
    fn groups(&mut self) -> Result<Vec<NamedRow>, SourceError> {
        for table in ["permission_groups", "groups_table"] {
            if !self.database.columns(table)?.is_empty() {
                return self.named(table);
            }
        }
        self.named("groups")
    }

    fn named(&mut self, table: &'static str) -> Result<Vec<NamedRow>, SourceError> {
        let mut rows = Vec::new();
        self.required(table, &["id", "name", "comments", "valid_id"], |row| {
            rows.push(NamedRow {
                id: row.number(0)?,
                name: row.text(1),
                comments: row.optional(2),
                valid_id: row.number(3)?,
            });
            Ok(())
        })?;
        Ok(rows)
    }

    fn companies(&mut self) -> Result<Vec<CompanyRow>, SourceError> {
        const COLUMNS: [&str; 9] =
            ["customer_id", "name", "street", "zip", "city", "country", "url", "comments", "valid_id"];
        let mut rows = Vec::new();
        self.required("customer_company", &COLUMNS, |row| {
            rows.push(CompanyRow {
                customer_id: row.text(0),
                name: row.optional(1),
                street: row.optional(2),
                zip: row.optional(3),
                city: row.optional(4),
                country: row.optional(5),
                url: row.optional(6),
                comments: row.optional(7),
                valid_id: row.number(8)?,
            });
            Ok(())
        })?;
        Ok(rows)
    }

    fn customer_users(&mut self) -> Result<Vec<CustomerUserRow>, SourceError> {
        const COLUMNS: [&str; 16] = [
            "id",
            "login",
            "email",
            "customer_id",
            "title",
            "first_name",
            "last_name",
            "phone",
            "fax",
            "mobile",
            "street",
            "zip",
            "city",
            "country",
            "comments",
            "valid_id",
        ];
        let mut rows = Vec::new();
        self.required("customer_user", &COLUMNS, |row| {
            rows.push(CustomerUserRow {
                id: row.text(0),
                login: row.text(1),
                email: row.optional(2),
                customer_id: row.text(3),
                title: row.optional(4),
                first_name: row.optional(5),
                last_name: row.optional(6),
                phone: row.optional(7),
                fax: row.optional(8),
                mobile: row.optional(9),
                street: row.optional(10),
                zip: row.optional(11),
                city: row.optional(12),
                country: row.optional(13),
                comments: row.optional(14),
                valid_id: row.number(15)?,
            });
            Ok(())
        })?;
        Ok(rows)
    }

    fn grants(&mut self, table: &'static str, holder: &str, with_context: bool) -> Result<Vec<GrantRow>, SourceError> {
        let mut columns = vec![holder, "group_id", "permission_key", "permission_value"];
        if with_context {
            columns.push("permission_context");
        }
        let mut rows = Vec::new();
        self.optional(table, &columns, |row| {
            rows.push(GrantRow {
                holder: row.text(0),
                group_id: row.number(1)?,
                permission: row.text(2),
                value: row.number(3)?,
                context: with_context.then(|| row.text(4)),
            });
            Ok(())
        })?;
        Ok(rows)
    }

    fn settings(&mut self, table: &'static str) -> Result<Vec<SettingRow>, SourceError> {
        let modified = table == "sysconfig_modified";
        let mut columns = vec!["name", "effective_value", "is_valid", "is_dirty"];
        if modified {
            columns.push("user_id");
        }
        let mut rows = Vec::new();
        self.optional(table, &columns, |row| {
            // A row with a user is that agent's own, and no setting of the desk.
            let name = row.text(0);
            if super::super::settings::is_known(&name) && row.optional(4).is_none() {
                let (is_valid, is_dirty) = (row.number(2)? == 1, row.optional(3).as_deref() == Some("1"));
                rows.push(SettingRow { name, value: row.text(1), is_valid, is_dirty });
            }
            Ok(())
        })?;
        Ok(rows)
    }
}
