//! Batches over HTTP: many rows of another system, merged in one write, with a result for each.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::body::Body;
use super::problem::{Problem, ProblemBody};
use super::reply::Answer;
use super::state::Api;
use super::write::{Reply, Write};
use crate::access::Index;
use crate::directory::{CustomerPatch, CustomerUserPatch, GroupPatch, Invalid, Kind, ServicePatch, Source};
use crate::plan::absent::{self, Returning};
use crate::plan::batch::{self, Done, Effect, Options, Row};
use crate::plan::{FieldError, OnExisting, Plan, Refusal};
use crate::store::StoreError;
use crate::sync::rows::{
    self, CustomerGroupLinkFields, CustomerMembershipFields, CustomerUserGroupLinkFields,
    CustomerUserServiceLinkFields, ReadRow, RowKind,
};

/// A batch, as it is read; its rows are read one by one, so that one that is wrong fails alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    source: Option<Source>,
    #[serde(default)]
    atomic: bool,
    #[serde(default)]
    on_existing: OnExisting,
    items: Vec<Value>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchOutcome {
    /// How many rows did what.
    pub counts: RowCounts,
    /// A result for each row, in the order of the rows.
    pub items: Vec<RowOutcome>,
}

/// How many rows did what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowCounts {
    /// What they are about was not there, and is now.
    #[schema(example = 1)]
    pub created: u64,
    /// What they are about reads otherwise now.
    #[schema(example = 0)]
    pub updated: u64,
    /// All they say was so already; nothing was written.
    #[schema(example = 0)]
    pub unchanged: u64,
    /// They were refused, and changed nothing.
    #[schema(example = 0)]
    pub failed: u64,
}

/// What became of one row.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowOutcome {
    /// The row's place in `items`, from 0.
    #[schema(example = 0)]
    pub index: usize,
    /// The row's own `row_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "17")]
    pub row_id: Option<String>,
    /// What the row did: `created`, `updated`, `unchanged` or `failed`.
    #[schema(example = "created")]
    pub outcome: &'static str,
    /// The status that a write of this row alone would have had.
    #[schema(example = 201)]
    pub status: u16,
    /// The opaque id of what the row is about; of a link those of its ends, with a slash between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "u12")]
    pub id: Option<String>,
    /// Its natural key, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "jane")]
    pub key: Option<String>,
    /// Its entity tag, as in the header `ETag`, without its quotes; links have none here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "9f86d081884c7d659a2feaa0")]
    pub etag: Option<String>,
    /// Why the row failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<ProblemBody>,
}

/// The rows of a batch on their way: each with its id, and what it did or why not.
type Outcomes = Vec<(Option<String>, Result<Done, Refusal>)>;

async fn upsert(write: Write, kind: RowKind, batch: Batch) -> Answer {
    let most = write.api().state().config.limits.max_batch;
    if batch.items.is_empty() || batch.items.len() > most {
        let detail = format!("has {} items; it must have 1 to {most} (MAX_BATCH)", batch.items.len());
        return Err(Problem::of_input(vec![FieldError::new("/items", Invalid::new("wrong_number", detail))]));
    }
    let options =
        Options { on_existing: batch.on_existing, powers: write.api().powers(), keeps_grants_of_contexts_off: false };
    let (source, atomic) = (batch.source, batch.atomic);
    let rows: Vec<ReadRow> = batch.items.into_iter().map(|item| rows::read(kind, item, source.as_ref())).collect();
    write.make(move |p| merge(p, rows, options, atomic), said).await
}

fn merge(plan: &mut Plan, read: Vec<ReadRow>, options: Options, atomic: bool) -> Result<Outcomes, Refusal> {
    let (mut places, mut rows, mut outcomes) = (Vec::new(), Vec::new(), Vec::with_capacity(read.len()));
    for (place, ReadRow { row_id, row }) in read.into_iter().enumerate() {
        match row {
            Ok(row) => {
                places.push(place);
                rows.push(row);
                outcomes.push((row_id, None));
            }
            Err(errors) => outcomes.push((row_id, Some(Err(Refusal::Invalid(errors))))),
        }
    }
    each_once(batch::repeated(plan, &rows)?, &places)?;
    let merged = merge_rows(plan, rows, options)?;
    for (place, outcome) in places.into_iter().zip(merged) {
        outcomes[place].1 = Some(outcome);
    }
    let outcomes: Outcomes = outcomes.into_iter().filter_map(|(id, outcome)| Some((id, outcome?))).collect();
    if atomic { all_or_nothing(outcomes) } else { Ok(outcomes) }
}

/// Merges rows; what their source had deactivated, because it was not sent any more, counts again.
fn merge_rows(plan: &mut Plan, rows: Vec<Row>, options: Options) -> Result<Vec<Result<Done, Refusal>>, StoreError> {
    let source = rows.iter().find_map(|row| Some(row.external_id.as_ref()?.source.clone()));
    let kinds: Vec<Option<Kind>> =
        rows.iter().map(|row| row.external_id.as_ref().and(row.content.leaves_validity_of())).collect();
    let mut merged = batch::upsert(plan, rows, options)?;
    if let Some(source) = source {
        let done = merged.iter_mut().zip(kinds);
        let returning =
            done.filter_map(|(done, kind)| Some(Returning { kind: kind?, done: done.as_mut().ok()?, label: () }));
        absent::reactivate(plan, &source, returning.collect())?;
    }
    Ok(merged)
}

/// Of two rows about the same, nobody could say which one counts.
fn each_once(repeated: Vec<(usize, usize)>, places: &[usize]) -> Result<(), Refusal> {
    let error = |(row, first): (usize, usize)| {
        let detail = format!("is about the same as /items/{}; send each once", places[first]);
        FieldError::new(format!("/items/{}", places[row]), Invalid::new("duplicate", detail))
    };
    let errors: Vec<FieldError> = repeated.into_iter().map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid(errors)) }
}

fn all_or_nothing(outcomes: Outcomes) -> Result<Outcomes, Refusal> {
    if outcomes.iter().all(|(_, outcome)| outcome.is_ok()) {
        return Ok(outcomes);
    }
    let failed = outcomes.into_iter().enumerate().filter_map(|(place, (_, outcome))| Some((place, outcome.err()?)));
    let placed = |(place, refusal): (usize, Refusal)| {
        let errors = refusal.into_field_errors().into_iter();
        errors.map(move |error| FieldError { pointer: format!("/items/{place}{}", error.pointer), ..error })
    };
    Err(Refusal::Rows(failed.flat_map(placed).collect()))
}

fn said(_: &Api, _: &Index, outcomes: Outcomes) -> Reply<BatchOutcome> {
    let items: Vec<RowOutcome> = outcomes.into_iter().enumerate().map(RowOutcome::of).collect();
    let mut counts = RowCounts::default();
    items.iter().for_each(|item| counts.add(item.outcome));
    Reply::ok(BatchOutcome { counts, items }, None)
}

impl RowCounts {
    fn add(&mut self, outcome: &str) {
        match outcome {
            "created" => self.created += 1,
            "updated" => self.updated += 1,
            "unchanged" => self.unchanged += 1,
            _ => self.failed += 1,
        }
    }
}

impl RowOutcome {
    fn of((index, (row_id, outcome)): (usize, (Option<String>, Result<Done, Refusal>))) -> Self {
        match outcome {
            Ok(Done { effect, subject }) => Self {
                index,
                row_id,
                outcome: effect.as_str(),
                status: if effect == Effect::Created { 201 } else { 200 },
                id: Some(subject.id()),
                key: subject.key().map(str::to_owned),
                etag: subject.etag(),
                problem: None,
            },
            Err(refusal) => {
                let problem = Problem::from(refusal);
                let (status, problem) = (problem.status().as_u16(), Some(problem.into_body()));
                Self { index, row_id, outcome: "failed", status, id: None, key: None, etag: None, problem }
            }
        }
    }
}

/// The members that `schema` has as an object.
fn object_of(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::new(),
    }
}

fn text(description: &str, most: usize, example: &str) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    text.min_length(Some(1)).max_length(Some(most)).examples([example])
}

/// The schema of a row: the fields of its kind and the members of every row.
fn row_schema(fields: RefOr<Schema>, kind: RowKind) -> RefOr<Schema> {
    let mut row = object_of(fields);
    row.description = Some(format!("What another system says of one {}.", kind.as_str().replace('_', " ")));
    let row_id = text("Whatever you call the row; its result carries it.", rows::MAX_ROW_ID, "17");
    row.properties.insert("row_id".to_owned(), row_id.into());
    if kind.has_external_ids() {
        let said = "The key of the thing in the batch's `source`, compared byte for byte. Without it the natural key says what \
                    the row is about.";
        row.properties.insert("external_id".to_owned(), text(said, 200, "0015e00001AbCdE").into());
        let more = ArrayBuilder::new().items(Ref::from_schema_name("ExternalId")).description(Some(
            "Further keys, in this source or others, such as those of merged contacts: it gets those that it has not.",
        ));
        row.properties.insert("external_ids".to_owned(), more.into());
    }
    row.into()
}

/// The schema of a batch of such rows.
fn batch_schema(row: &str, kind: RowKind, example: Value) -> RefOr<Schema> {
    let items = ArrayBuilder::new().items(Ref::from_schema_name(row)).min_items(Some(1)).max_items(Some(1_000));
    let atomic = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())).description(Some(
        "Whether all rows are merged or none: then a row that fails is a 422 `batch_failed`, with pointers into `items`.",
    ));
    let mut batch = ObjectBuilder::new();
    if kind.has_external_ids() {
        let source = "The system that the rows' external ids are of; needed if any row has one.";
        let on_existing = ObjectBuilder::new().schema_type(Type::String).default(Some("refuse".into())).description(Some(
            "What happens where the natural key exists without the row's external id: `refuse` (409 `key_taken`) or `adopt` \
             (it gets the external id).",
        ));
        batch = batch.property("source", text(source, 50, "crm")).property("on_existing", on_existing);
    }
    batch
        .description(Some("Rows to merge, in their order."))
        .property("atomic", atomic)
        .property("items", items.description(Some("The rows: at most `MAX_BATCH` (1,000), each about another thing.")))
        .required("items")
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
        .examples([example])
        .into()
}

macro_rules! batches {
    ($row:ident, $batch:ident, $kind:ident, $fields:ident, $handler:ident, $path:literal, $tag:literal, $words:literal, $more:literal, $example:tt) => {
        /// The schema of a row.
        pub struct $row;

        impl PartialSchema for $row {
            fn schema() -> RefOr<Schema> {
                row_schema($fields::schema(), RowKind::$kind)
            }
        }

        impl ToSchema for $row {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($row))
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                <$fields as ToSchema>::schemas(schemas);
            }
        }

        /// The schema of a batch.
        pub struct $batch;

        impl PartialSchema for $batch {
            fn schema() -> RefOr<Schema> {
                batch_schema(stringify!($row), RowKind::$kind, serde_json::json!($example))
            }
        }

        impl ToSchema for $batch {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($batch))
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push((stringify!($row).to_owned(), $row::schema()));
                $row::schemas(schemas);
            }
        }

        #[doc = concat!("Merges many ", $words, ".")]
        #[utoipa::path(post, path = $path, tag = $tag, summary = concat!("Merges many ", $words, "."), description = concat!($more, "\n\nRows are merged in their order, in one write; one that fails leaves the others alone, unless the batch is `atomic`. What a row does not say stays as it is, `null` clears, and what is the same already is not written. The same thing twice in one batch is a 422."), request_body = $batch, responses((status = 200, description = "A result for each row.", body = BatchOutcome)))]
        pub async fn $handler(write: Write, Body(batch): Body<Batch>) -> Answer {
            upsert(write, RowKind::$kind, batch).await
        }
    };
}

batches!(
    CustomerUpsert, CustomerBatch,
    Customer, CustomerPatch, batch_upsert_customers, "/v1/customers:batch-upsert", "customers", "customers",
    "A row is merged into the customer of its external id, or else of its `customer_id`; where there is neither, it is created. Links, customer users and other systems' ids are not touched.",
    {"source": "crm", "items": [{"row_id": "1", "external_id": "0015e00001AbCdE", "customer_id": "acme", "name": "Acme Ltd"}]}
);

batches!(
    CustomerUserUpsert, CustomerUserBatch,
    CustomerUser, CustomerUserPatch, batch_upsert_customer_users, "/v1/customer-users:batch-upsert", "customer-users", "customer users",
    "A row is merged into the customer user of its external id, or else of its `login`; where there is neither, they are created. Links, additional customers and other systems' ids are not touched.",
    {"source": "crm", "atomic": false, "on_existing": "adopt", "items": [{"row_id": "1", "external_id": "0035e00002FgHiJ", "login": "jane", "first_name": "Jane", "customer": "external:crm:0015e00001AbCdE"}]}
);

batches!(
    GroupUpsert, GroupBatch,
    Group, GroupPatch, batch_upsert_groups, "/v1/groups:batch-upsert", "groups", "groups",
    "A row is merged into the group of its external id, or else of its `name`; where there is neither, it is created.",
    {"items": [{"name": "support", "comment": "First level"}]}
);

batches!(
    ServiceUpsert, ServiceBatch,
    Service, ServicePatch, batch_upsert_services, "/v1/services:batch-upsert", "services", "services",
    "A row is merged into the service of its external id, or else of its `name`; where there is neither, it is created. A parent must exist, or come in an earlier row.",
    {"items": [{"name": "IT"}, {"name": "IT::VPN"}]}
);

batches!(
    CustomerGroupLinkUpsert, CustomerGroupLinkBatch,
    CustomerGroupLink, CustomerGroupLinkFields, batch_upsert_customer_group_links, "/v1/customer-group-links:batch-upsert", "links", "links between customers and groups",
    "Each link grants exactly the row's permissions in the row's context afterwards; none of them removes it.",
    {"items": [{"customer": "acme", "group": "support", "context": "same_customer", "permissions": ["ro"]}]}
);

batches!(
    CustomerUserGroupLinkUpsert, CustomerUserGroupLinkBatch,
    CustomerUserGroupLink, CustomerUserGroupLinkFields, batch_upsert_customer_user_group_links, "/v1/customer-user-group-links:batch-upsert", "links", "links between customer users and groups",
    "Each link grants exactly the row's permissions afterwards; none of them removes it.",
    {"items": [{"customer_user": "jane", "group": "support", "permissions": ["rw"]}]}
);

batches!(
    CustomerUserServiceLinkUpsert, CustomerUserServiceLinkBatch,
    CustomerUserServiceLink, CustomerUserServiceLinkFields, batch_upsert_customer_user_service_links, "/v1/customer-user-service-links:batch-upsert", "links", "links between customer users and services",
    "Each customer user is linked to the row's service afterwards, or, with `linked: false`, is not.",
    {"items": [{"customer_user": "jane", "service": "IT::VPN"}]}
);

batches!(
    CustomerMembershipUpsert, CustomerMembershipBatch,
    CustomerMembership, CustomerMembershipFields, batch_upsert_customer_memberships, "/v1/customer-memberships:batch-upsert", "links", "additional customers of customer users",
    "Each customer user has the row's customer as an additional one afterwards, or, with `member: false`, has not. The primary customer is a field of the customer user.",
    {"items": [{"customer_user": "jane", "customer": "beta"}]}
);
