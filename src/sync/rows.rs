//! Rows: what another system says of one thing or one link, as JSON, read into what a batch merges.
//!
//! A row is a flat object: the fields of its kind, with `row_id` for whoever sent it, and `external_id`,
//! which is the thing's key in the system that the batch or job is of.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::directory::{
    BackEndPatch, Context, CustomerPatch, CustomerUserPatch, ExternalId, ExternalKey, FieldError, GroupPatch, Invalid,
    PermissionName, Reference, Roll, ServicePatch, Source,
};
use crate::json;
use crate::plan::batch::{Content, Grants, Link, Row};
use crate::plan::bulk::Relation;
use crate::plan::settings::SettingsPatch;

/// The most characters of a row's id.
pub const MAX_ROW_ID: usize = 200;

/// What a row can be about, in the order in which rows are merged: what others name comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(example = "customer_user")]
pub enum RowKind {
    /// The settings.
    Settings,
    /// A back end.
    BackEnd,
    /// A customer.
    Customer,
    /// A group.
    Group,
    /// A service.
    Service,
    /// A customer user.
    CustomerUser,
    /// What a customer ↔ group link grants in one context.
    CustomerGroupLink,
    /// What a customer user ↔ group link grants.
    CustomerUserGroupLink,
    /// Whether a customer user is linked to a service.
    CustomerUserServiceLink,
    /// Whether a customer user has an additional customer.
    CustomerMembership,
    /// Whether a service is a default service.
    DefaultService,
    /// Whether a group is an always-group of customers.
    CustomerAlwaysGroup,
    /// Whether a group is an always-group of customer users.
    CustomerUserAlwaysGroup,
}

/// What it takes to write rows of a kind, beside the right to sync at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Nothing else.
    People,
    /// To write the directory.
    Directory,
    /// To write links.
    Links,
    /// To write the settings.
    Settings,
}

impl RowKind {
    /// Every kind.
    pub const ALL: [RowKind; 13] = [
        RowKind::Settings,
        RowKind::BackEnd,
        RowKind::Customer,
        RowKind::Group,
        RowKind::Service,
        RowKind::CustomerUser,
        RowKind::CustomerGroupLink,
        RowKind::CustomerUserGroupLink,
        RowKind::CustomerUserServiceLink,
        RowKind::CustomerMembership,
        RowKind::DefaultService,
        RowKind::CustomerAlwaysGroup,
        RowKind::CustomerUserAlwaysGroup,
    ];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            RowKind::Settings => "settings",
            RowKind::BackEnd => "back_end",
            RowKind::Customer => "customer",
            RowKind::Group => "group",
            RowKind::Service => "service",
            RowKind::CustomerUser => "customer_user",
            RowKind::CustomerGroupLink => "customer_group_link",
            RowKind::CustomerUserGroupLink => "customer_user_group_link",
            RowKind::CustomerUserServiceLink => "customer_user_service_link",
            RowKind::CustomerMembership => "customer_membership",
            RowKind::DefaultService => "default_service",
            RowKind::CustomerAlwaysGroup => "customer_always_group",
            RowKind::CustomerUserAlwaysGroup => "customer_user_always_group",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What it takes to write such rows.
    pub fn area(self) -> Area {
        match self {
            RowKind::Customer | RowKind::CustomerUser => Area::People,
            RowKind::Group | RowKind::Service => Area::Directory,
            RowKind::CustomerGroupLink
            | RowKind::CustomerUserGroupLink
            | RowKind::CustomerUserServiceLink
            | RowKind::CustomerMembership => Area::Links,
            RowKind::Settings
            | RowKind::BackEnd
            | RowKind::DefaultService
            | RowKind::CustomerAlwaysGroup
            | RowKind::CustomerUserAlwaysGroup => Area::Settings,
        }
    }

    /// Whether other systems have keys for such things.
    pub fn has_external_ids(self) -> bool {
        matches!(self.area(), Area::People | Area::Directory)
    }
}

/// A row as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRow {
    /// What whoever sent it calls it.
    pub row_id: Option<String>,
    /// What it says, or everything that is wrong with it.
    pub row: Result<Row, Vec<FieldError>>,
}

/// A customer ↔ group link in one context, as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerGroupLinkFields {
    /// The customer.
    customer: Reference,
    /// The group.
    group: Reference,
    /// Where it reaches; the other context is left as it is.
    #[serde(default)]
    context: Context,
    /// Exactly these permission types; none of them removes the link. `rw` implies every other.
    #[schema(example = json!(["ro"]))]
    permissions: Vec<PermissionName>,
}

/// A customer user ↔ group link, as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerUserGroupLinkFields {
    /// The customer user.
    customer_user: Reference,
    /// The group.
    group: Reference,
    /// Exactly these permission types; none of them removes the link. `rw` implies every other.
    #[schema(example = json!(["rw"]))]
    permissions: Vec<PermissionName>,
}

/// A customer user ↔ service link, as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerUserServiceLinkFields {
    /// The customer user.
    customer_user: Reference,
    /// The service.
    service: Reference,
    /// Whether there is to be a link.
    #[serde(default = "yes")]
    #[schema(default = true)]
    linked: bool,
}

/// A customer user and an additional customer, as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerMembershipFields {
    /// The customer user.
    customer_user: Reference,
    /// The customer.
    customer: Reference,
    /// Whether it is to be an additional customer.
    #[serde(default = "yes")]
    #[schema(default = true)]
    member: bool,
}

/// Whether a service is a default service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultServiceFields {
    service: Reference,
    #[serde(default = "yes")]
    listed: bool,
}

/// Whether a group is an always-group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AlwaysGroupFields {
    group: Reference,
    #[serde(default = "yes")]
    listed: bool,
}

fn yes() -> bool {
    true
}

/// Reads one row of a kind; `source` is the system that its external id is of.
pub fn read(kind: RowKind, value: Value, source: Option<&Source>) -> ReadRow {
    let Value::Object(mut members) = value else {
        let why = Invalid::new("wrong_type", "must be an object");
        return ReadRow { row_id: None, row: Err(vec![FieldError::new("", why)]) };
    };
    let mut errors = Vec::new();
    let row_id = take(row_id(&mut members), &mut errors).flatten();
    let (mut named, mut more) = (Ok(None), Ok(Vec::new()));
    if kind.has_external_ids() {
        named = external_id(&mut members, source);
        more = external_ids(&mut members);
    }
    let (external_id, external_ids) = (take(named, &mut errors).flatten(), take(more, &mut errors).unwrap_or_default());
    let content = match content(kind, Value::Object(members)) {
        Ok(content) => Some(content),
        Err(wrong) => {
            errors.extend(wrong);
            None
        }
    };
    let row = content.filter(|_| errors.is_empty()).map(|content| Row { external_id, external_ids, content });
    ReadRow { row_id, row: row.ok_or(errors) }
}

fn take<T>(result: Result<T, FieldError>, errors: &mut Vec<FieldError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

/// The row's id; it is echoed even where the rest is wrong.
fn row_id(members: &mut Map<String, Value>) -> Result<Option<String>, FieldError> {
    match members.remove("row_id") {
        None => Ok(None),
        Some(Value::String(id)) if (1..=MAX_ROW_ID).contains(&id.chars().count()) => Ok(Some(id)),
        Some(_) => {
            let why = Invalid::new("not_a_row_id", format!("must be a text of 1 to {MAX_ROW_ID} characters"));
            Err(FieldError::new("/row_id", why))
        }
    }
}

fn external_id(members: &mut Map<String, Value>, source: Option<&Source>) -> Result<Option<ExternalId>, FieldError> {
    let Some(value) = members.remove("external_id") else { return Ok(None) };
    let wrong = |why| FieldError::new("/external_id", why);
    let Value::String(written) = value else {
        return Err(wrong(Invalid::new("wrong_type", "must be a text: the key in the source")));
    };
    let no_source =
        || wrong(Invalid::new("source_required", "needs a source: say beside the rows which system it is of"));
    let source = source.ok_or_else(no_source)?.clone();
    let id = ExternalKey::parse(&written).map_err(wrong)?;
    Ok(Some(ExternalId { source, id }))
}

fn external_ids(members: &mut Map<String, Value>) -> Result<Vec<ExternalId>, FieldError> {
    let Some(value) = members.remove("external_ids") else { return Ok(Vec::new()) };
    let wrong = || {
        Invalid::new(
            "not_external_ids",
            "must be a list of {source, id}, such as {\"source\": \"crm\", \"id\": \"17\"}",
        )
    };
    serde_json::from_value(value).map_err(|_| FieldError::new("/external_ids", wrong()))
}

fn content(kind: RowKind, value: Value) -> Result<Content, Vec<FieldError>> {
    Ok(match kind {
        RowKind::Customer => Content::Customer(Box::new(json::of_value::<CustomerPatch>(value)?)),
        RowKind::CustomerUser => Content::CustomerUser(Box::new(json::of_value::<CustomerUserPatch>(value)?)),
        RowKind::Group => Content::Group(Box::new(json::of_value::<GroupPatch>(value)?)),
        RowKind::Service => Content::Service(Box::new(json::of_value::<ServicePatch>(value)?)),
        RowKind::CustomerGroupLink => {
            let CustomerGroupLinkFields { customer, group, context, permissions } = json::of_value(value)?;
            link(Relation::CustomerGroup(context), [customer, group], Grants::Permissions(permissions))
        }
        RowKind::CustomerUserGroupLink => {
            let CustomerUserGroupLinkFields { customer_user, group, permissions } = json::of_value(value)?;
            link(Relation::CustomerUserGroup, [customer_user, group], Grants::Permissions(permissions))
        }
        RowKind::CustomerUserServiceLink => {
            let CustomerUserServiceLinkFields { customer_user, service, linked } = json::of_value(value)?;
            link(Relation::CustomerUserService, [customer_user, service], Grants::Marked(linked))
        }
        RowKind::CustomerMembership => {
            let CustomerMembershipFields { customer_user, customer, member } = json::of_value(value)?;
            link(Relation::CustomerMembership, [customer_user, customer], Grants::Marked(member))
        }
        RowKind::Settings => Content::Settings(Box::new(json::of_value::<SettingsPatch>(value)?)),
        RowKind::BackEnd => Content::BackEnd(Box::new(json::of_value::<BackEndPatch>(value)?)),
        RowKind::DefaultService => {
            let DefaultServiceFields { service, listed } = json::of_value(value)?;
            Content::Listed { roll: Roll::DefaultServices, thing: service, listed }
        }
        RowKind::CustomerAlwaysGroup => always_group(Roll::CustomerAlwaysGroups, value)?,
        RowKind::CustomerUserAlwaysGroup => always_group(Roll::CustomerUserAlwaysGroups, value)?,
    })
}

fn link(relation: Relation, ends: [Reference; 2], grants: Grants) -> Content {
    Content::Link(Link { relation, ends, grants })
}

fn always_group(roll: Roll, value: Value) -> Result<Content, Vec<FieldError>> {
    let AlwaysGroupFields { group, listed } = json::of_value(value)?;
    Ok(Content::Listed { roll, thing: group, listed })
}
