//! Everything that is in the directory, as rows that an import job takes back: settings, back ends, records,
//! links and lists, one line each, what is named before what names it.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::rows::RowKind;
use crate::directory::{
    BackEnd, Change, ContextText, Customer, CustomerUser, ExternalId, Group, Kind, Number, PermissionSet, Roll,
    Service, Settings,
};
use crate::store::list::ListQuery;
use crate::store::{self, Conn, Store, StoreError};

/// So many records are held at a time.
const AT_A_TIME: usize = 1_000;

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where it is written to.
    #[error("it cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// So many lines.
    pub rows: u64,
    /// All of them as of this revision.
    pub revision: u64,
}

/// Writes everything as it is at one revision.
pub fn export(store: &Store, out: &mut dyn Write) -> Result<Exported, ExportError> {
    store.read(|conn| {
        let revision = store::state(conn)?.revision;
        let mut export = Export { out, rows: 0, keys: HashMap::new(), settings: Settings::fresh() };
        export.everything(conn)?;
        Ok(Exported { rows: export.rows, revision })
    })
}

struct Export<'o> {
    out: &'o mut dyn Write,
    rows: u64,
    /// How links name things.
    keys: HashMap<(Kind, u32), String>,
    settings: Settings,
}

impl Export<'_> {
    fn everything(&mut self, conn: &mut Conn) -> Result<(), ExportError> {
        if let Some(settings) = store::settings(conn)? {
            self.row(RowKind::Settings, settings_fields(&settings))?;
            self.settings = settings;
        }
        self.records(conn, |export, back_end: BackEnd| {
            let key = back_end.fields.name.to_string();
            export.record(RowKind::BackEnd, (back_end.number.into(), key), &back_end.fields, &[])
        })?;
        self.records(conn, |export, it: Customer| {
            let key = it.fields.customer_id.to_string();
            export.record(RowKind::Customer, (it.number.into(), key), &it.fields, &it.external_ids)
        })?;
        self.records(conn, |export, it: Group| {
            let key = it.fields.name.to_string();
            export.record(RowKind::Group, (it.number.into(), key), &it.fields, &it.external_ids)
        })?;
        self.services(conn)?;
        self.records(conn, Self::customer_user)?;
        self.links_and_lists(conn)
    }

    /// Hands over every record of a kind, by number.
    fn records<R: store::Record>(
        &mut self,
        conn: &mut Conn,
        mut each: impl FnMut(&mut Self, R) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let numbers = store::pages::numbers(conn, R::Number::KIND, &ListQuery::default())?;
        for some in numbers.chunks(AT_A_TIME) {
            let some: Vec<i64> = some.iter().copied().map(i64::from).collect();
            let mut records = store::records_of::<R>(conn, &some)?;
            records.sort_by_key(|record| record.number().into());
            records.into_iter().try_for_each(|record| each(self, record))?;
        }
        Ok(())
    }

    /// Parents stand before their children.
    fn services(&mut self, conn: &mut Conn) -> Result<(), ExportError> {
        let mut services = Vec::new();
        self.records(conn, |_, service: Service| {
            services.push(service);
            Ok(())
        })?;
        let depth =
            |service: &Service| std::iter::successors(service.fields.name.parent(), |name| name.parent()).count();
        services.sort_by_cached_key(|service| (depth(service), service.number));
        services.into_iter().try_for_each(|it| {
            let key = it.fields.name.to_string();
            self.record(RowKind::Service, (it.number.into(), key), &it.fields, &it.external_ids)
        })
    }

    fn customer_user(&mut self, it: CustomerUser) -> Result<(), ExportError> {
        let mut members = members(&it.fields)?;
        if let Some(customer) = &it.customer {
            members.insert("customer".to_owned(), reference(customer.customer_id.as_str()).into());
        }
        members.insert("back_end".to_owned(), reference(it.back_end.name.as_str()).into());
        let key = it.fields.login.to_string();
        self.record(RowKind::CustomerUser, (it.number.into(), key), &members, &it.external_ids)
    }

    fn links_and_lists(&mut self, conn: &mut Conn) -> Result<(), ExportError> {
        let mut written = Ok(());
        store::all_facts(conn, &mut |fact| {
            if written.is_ok() {
                written = self.fact(&fact);
            }
        })?;
        written
    }

    fn fact(&mut self, fact: &Change) -> Result<(), ExportError> {
        let (kind, fields) = match fact {
            Change::CustomerGroupLinkSet(link) => {
                let customer = self.key(Kind::Customer, link.customer.into());
                let (group, permissions) = (self.key(Kind::Group, link.group.into()), self.names(link.permissions));
                let fields = json!({
                    "customer": customer, "group": group, "context": link.context, "permissions": permissions,
                });
                (RowKind::CustomerGroupLink, fields)
            }
            Change::CustomerUserGroupLinkSet(link) => {
                let customer_user = self.key(Kind::CustomerUser, link.customer_user.into());
                let (group, permissions) = (self.key(Kind::Group, link.group.into()), self.names(link.permissions));
                let fields = json!({"customer_user": customer_user, "group": group, "permissions": permissions});
                (RowKind::CustomerUserGroupLink, fields)
            }
            Change::CustomerUserServiceLinkSet(link) => {
                let customer_user = self.key(Kind::CustomerUser, link.customer_user.into());
                let service = self.key(Kind::Service, link.service.into());
                (RowKind::CustomerUserServiceLink, json!({"customer_user": customer_user, "service": service}))
            }
            Change::CustomerMembershipSet(membership) => {
                let customer_user = self.key(Kind::CustomerUser, membership.customer_user.into());
                let customer = self.key(Kind::Customer, membership.customer.into());
                (RowKind::CustomerMembership, json!({"customer_user": customer_user, "customer": customer}))
            }
            Change::RollSet { roll, id, .. } => {
                let key = self.key(id.kind, id.number);
                match roll {
                    Roll::DefaultServices => (RowKind::DefaultService, json!({"service": key})),
                    Roll::CustomerAlwaysGroups => (RowKind::CustomerAlwaysGroup, json!({"group": key})),
                    Roll::CustomerUserAlwaysGroups => (RowKind::CustomerUserAlwaysGroup, json!({"group": key})),
                }
            }
            _ => return Ok(()),
        };
        self.row(kind, fields)
    }

    fn names(&self, permissions: PermissionSet) -> Value {
        json!(self.settings.permission_types.names(permissions))
    }

    fn key(&self, kind: Kind, number: u32) -> String {
        self.keys.get(&(kind, number)).map(|key| reference(key)).unwrap_or_default()
    }

    fn record(
        &mut self,
        kind: RowKind,
        (thing, key): (crate::directory::Thing, String),
        fields: &impl Serialize,
        external_ids: &[ExternalId],
    ) -> Result<(), ExportError> {
        let mut members = members(fields)?;
        if !external_ids.is_empty() {
            members.insert("external_ids".to_owned(), json!(external_ids));
        }
        if thing.kind != Kind::BackEnd {
            self.keys.insert((thing.kind, thing.number), key);
        }
        self.row(kind, Value::Object(members))
    }

    fn row(&mut self, kind: RowKind, fields: Value) -> Result<(), ExportError> {
        let mut row = json!({ "kind": kind });
        if let (Value::Object(row), Value::Object(fields)) = (&mut row, fields) {
            row.extend(fields);
        }
        writeln!(self.out, "{row}")?;
        self.rows += 1;
        Ok(())
    }
}

fn members(fields: &impl Serialize) -> Result<Map<String, Value>, ExportError> {
    match serde_json::to_value(fields).map_err(io::Error::from)? {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

/// A natural key as a reference: one that looks like another way to name a thing says that it is a key.
fn reference(key: &str) -> String {
    let looks_like_another = ["id:", "external:", "key:"].iter().any(|prefix| key.starts_with(prefix));
    if looks_like_another { format!("key:{key}") } else { key.to_owned() }
}

fn settings_fields(settings: &Settings) -> Value {
    let of_type = |it: &crate::directory::PermissionType| json!({"name": it.name, "label": it.label, "description": it.description});
    let text = |text: &ContextText| json!({"label": text.label, "description": text.description});
    let mut other = text(&settings.other_customers_text);
    other["enabled"] = settings.other_customers.into();
    json!({
        "group_support": settings.group_support,
        "permission_types": settings.permission_types.0.iter().map(of_type).collect::<Vec<_>>(),
        "contexts": {"same_customer": text(&settings.same_customer_text), "other_customers": other},
        "default_services_for_unknown_customer_users": settings.default_services_for_unknown_customer_users,
        "company_access": settings.company_access,
    })
}
