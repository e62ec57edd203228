//! The audit: who wrote what and when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::changes::is_id;
use super::lists::Query;
use super::page::limit;
use super::problem::Problem;
use super::reply::{self, Answer};
use super::state::{Api, At};
use crate::replica::RevisionToken;
use crate::store;
use crate::store::audit::{AuditQuery, Audited, KINDS};

/// One thing that was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry, example = json!({
    "revision": "5f0c1d9e6a574b0e-42", "happened_at": "2026-11-22T09:30:00.123456Z", "actor": "me",
    "kind": "customer_user_group_link", "id": "u5/g3", "before": [], "after": ["ro"], "erased": false,
}))]
pub struct AuditView {
    /// The revision that it is part of, as a token.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// When that was committed.
    pub happened_at: DateTime<Utc>,
    /// Who: the subject of the token, or what a command calls itself (`import crm`, `erase`).
    #[schema(example = "me")]
    pub actor: String,
    /// What kind of thing: `customer`, `customer_user`, `group`, `service`, `back_end`, `settings`,
    /// `external_id`, `customer_group_link`, `customer_user_group_link`, `customer_user_service_link`,
    /// `customer_membership`, `customer_user_always_groups`, `customer_always_groups`, `default_services`;
    /// or `erasure`: a person's values were erased from the audit.
    #[schema(example = "customer_user_group_link")]
    pub kind: String,
    /// Its id; of a link, the ids of both ends with `/` between them, and the context where there is one.
    #[schema(example = "u5/g3")]
    pub id: String,
    /// What it was: its fields, the permissions of a link by name, an external id, or `true`. Of something that was
    /// changed, those of its fields that are others since. Absent if it did not exist, and where it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub before: Option<Value>,
    /// What it is since: all of it if it is new, and else the fields that are others than before. Absent if it exists no
    /// longer, and where it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub after: Option<Value>,
    /// Whether the values were erased (`customer-access erase`).
    #[schema(example = false)]
    pub erased: bool,
}

/// Some of the audit, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditView>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The parameters of the audit.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Only what this actor wrote, just as it stands there.
    #[param(example = "me")]
    pub actor: Option<String>,
    /// Only this kind.
    #[param(example = "customer_user")]
    pub kind: Option<String>,
    /// Only what is about the thing with this id, links included; it need not exist any more.
    #[param(example = "u5")]
    pub id: Option<String>,
    /// Only from this time on.
    #[param(example = "2026-11-22T00:00:00Z")]
    pub from: Option<DateTime<Utc>>,
    /// Only before this time.
    #[param(example = "2026-11-23T00:00:00Z")]
    pub to: Option<DateTime<Utc>>,
    /// Entries on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same filters.
    pub cursor: Option<String>,
}

/// Reads the audit.
///
/// Who wrote what and when, what was before and what after, newest first. It reaches back
/// `AUDIT_RETENTION`. It holds what was written of persons, too: `customer-access erase` erases that.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditParams), responses((status = 200, description = "A page of the audit.", body = AuditPage)))]
pub async fn list_audit(api: Api, Query(params): Query<AuditParams>) -> Answer {
    let limit = limit(params.limit)?;
    let mut query = query(&params)?;
    let cursors = api.state().cursor_key.clone();
    // A cursor is of the audit with these filters.
    let list = ("audit", &params.actor, &params.kind, &params.id, params.from, params.to);
    let place = params.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    query.before = place.and_then(|place| Some((place.value.parse().ok()?, place.number)));
    query.limit = limit as i64 + 1;
    let at = api.read(move |conn| Ok(store::audit::page(conn, &query)?)).await?;
    let mut rows = at.value;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|row| cursors.seal(&list, row.revision.to_string(), row.ordinal));
    let items = rows.into_iter().map(|row| view(&at.revision, row)).collect::<Result<_, Problem>>()?;
    Ok(reply::ok(At { value: AuditPage { items, next_cursor }, revision: at.revision }))
}

fn query(params: &AuditParams) -> Result<AuditQuery, Problem> {
    if let Some(unknown) = params.kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
        let detail = format!("kind {unknown:?} is none; there are {}.", KINDS.join(", "));
        return Err(Problem::new("invalid_parameter", detail));
    }
    params.id.as_deref().map_or(Ok(()), is_id)?;
    let AuditParams { actor, kind, id, from, to, .. } = params.clone();
    Ok(AuditQuery { actor, kind, id, from, to, ..AuditQuery::default() })
}

fn view(now: &RevisionToken, row: Audited) -> Result<AuditView, Problem> {
    let parsed = |text: Option<String>| text.as_deref().map(|text| store::parse(text).map(flat)).transpose();
    let revision = RevisionToken { revision: row.revision, ..*now }.to_string();
    let erased = row.value_before.is_none() && row.value_after.is_none();
    let (before, after) = (parsed(row.value_before)?, parsed(row.value_after)?);
    let Audited { happened_at, actor, kind, thing_id: id, .. } = row;
    Ok(AuditView { revision, happened_at, actor, kind, id, before, after, erased })
}

/// Things of the directory with their fields beside their ids, as representations have them.
fn flat(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(flat).collect(),
        Value::Object(mut members) => {
            if let Some(Value::Object(fields)) = members.remove("fields") {
                members.extend(fields);
            }
            let named = |name: String| if name == "number" { "id".to_owned() } else { name };
            members.into_iter().map(|(name, value)| (named(name), flat(value))).collect()
        }
        other => other,
    }
}
