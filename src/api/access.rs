//! Questions about one customer user: what they have, whether they may, which things they see. All
//! are answered from the index, and may be asked about oneself with `access:self` alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::answers::{self, AccessAnswer, SourceView};
use super::body::{self, OfBytes, Quick};
use super::links::named;
use super::lists::Query;
use super::metrics::Outcome;
use super::named::Named;
use super::problem::{Problem, ProblemBody};
use super::reply::{self, Answer, IfNoneMatch, Stamp};
use super::state::{Api, At};
use super::views::CustomerRef;
use super::written::Everything;
use crate::access::{self, Decision, Index, Owner};
use crate::auth::Scope;
use crate::directory::{
    CustomerNumber, CustomerUserNumber, GroupNumber, Kind, PermissionName, Reference, ServiceNumber,
};
use crate::plan::{FieldError, Refusal};

/// Whether a customer user may do something: on a group, on a thing in a group, or have a service.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who. With `access:self` alone it can be left out, or be oneself.
    pub customer_user: Option<Reference>,
    /// On which group. With `permission`; not together with `service`.
    pub group: Option<Reference>,
    /// Which permission type.
    pub permission: Option<PermissionName>,
    /// On which thing in the group (rule 6).
    pub thing: Option<ThingOfQuestion>,
    /// Which service. Not together with `group`.
    pub service: Option<Reference>,
    /// Whether a yes carries its sources. A no always carries its reasons.
    #[serde(default)]
    #[schema(default = false)]
    pub explain: bool,
    /// Any text of the caller's, given back with the answer.
    #[schema(example = "ticket-4711")]
    pub row_id: Option<String>,
}

/// Whose a thing is. A customer or customer user that is not known matches nobody.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThingOfQuestion {
    /// The customer it belongs to.
    pub customer: Option<Reference>,
    /// The customer user it belongs to.
    pub customer_user: Option<Reference>,
}

/// Yes or no, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckAnswer {
    /// Yes or no.
    #[schema(example = true)]
    pub allowed: bool,
    /// The revision that the answer is of, as in the header `Access-Revision`.
    #[schema(value_type = String, example = "5f0c1d9e6a574b0e-42")]
    pub revision: Stamp,
    /// Why not (rule 8); empty on a yes.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub reasons: Vec<&'static str>,
    /// What gives it; only on a yes that was to be explained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub sources: Vec<SourceView>,
    /// The caller's own text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_id: Option<String>,
}

/// Many questions at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchQuestions {
    /// Up to `MAX_BATCH`, of which the maximum here is the default. A bad one fails alone.
    #[schema(value_type = Vec<Question>, max_items = 1000)]
    pub items: Vec<Value>,
}

/// The questions of a batch, each with the caller's own text for it.
pub struct Batch(Vec<(Option<String>, Result<Question, Problem>)>);

impl OfBytes for Question {
    fn of_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        body::at_once(bytes, 0).map_or_else(|| body::of_bytes(bytes), Ok)
    }
}

impl OfBytes for Batch {
    fn of_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct AllGood {
            items: Vec<Question>,
        }
        if let Some(AllGood { items }) = body::at_once(bytes, 1) {
            return Ok(Batch(items.into_iter().map(|question| (question.row_id.clone(), Ok(question))).collect()));
        }
        let BatchQuestions { items } = body::of_bytes(bytes)?;
        Ok(Batch(items.into_iter().map(|item| (row_id(&item), body::of_value(item))).collect()))
    }
}

/// The answers to many questions, all at one revision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "revision": "5f0c1d9e6a574b0e-42",
    "counts": {"allowed": 1, "denied": 0, "failed": 1},
    "items": [
        {"index": 0, "row_id": "1", "status": 200, "allowed": true},
        {"index": 1, "row_id": "2", "status": 404, "problem": {
            "type": "urn:customer-access:problem:service_not_found", "title": "There is no such service",
            "status": 404, "code": "service_not_found", "detail": "There is no service \"IT::Network\"."
        }}
    ]
}))]
pub struct BatchAnswers {
    /// The revision that all the answers are of.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// How many of each.
    pub counts: BatchCounts,
    /// One for each question, in order.
    pub items: Vec<BatchItem>,
}

/// How many answers of each kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BatchCounts {
    /// Yes.
    #[schema(example = 1)]
    pub allowed: u64,
    /// No.
    #[schema(example = 0)]
    pub denied: u64,
    /// Neither: the question was wrong.
    #[schema(example = 0)]
    pub failed: u64,
}

/// The answer to one of many questions.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchItem {
    /// The place of the question, from 0.
    #[schema(example = 0)]
    pub index: usize,
    /// The caller's own text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_id: Option<String>,
    /// What the status of the reply to this question alone would be.
    #[schema(example = 200)]
    pub status: u16,
    /// Yes or no; absent if the question failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<bool>,
    /// Why not; empty on a yes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    pub reasons: Vec<&'static str>,
    /// What gives it; only on a yes that was to be explained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub sources: Vec<SourceView>,
    /// Why the question failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProblemBody>)]
    pub problem: Option<Box<ProblemBody>>,
}

/// Who the question is about. A caller with `access:self` alone asks about themselves; of anybody
/// else they learn nothing, not even whether they exist.
fn about(api: &Api, index: &Index, named: Option<&Reference>) -> Result<Option<CustomerUserNumber>, Problem> {
    let may_ask_of_all = api.caller.may(Scope::AccessRead);
    let asked = match named {
        Some(reference) => index.resolve::<CustomerUserNumber>(reference),
        None if may_ask_of_all => {
            let why = crate::directory::Invalid::new("required", "is required");
            return Err(Problem::of_input(vec![FieldError::new("/customer_user", why)]));
        }
        None => oneself(api, index),
    };
    if may_ask_of_all || (asked.is_some() && asked == oneself(api, index)) {
        return Ok(asked);
    }
    let detail = "With access:self you may ask about yourself alone; about others you need access:read.";
    Err(Problem::new("not_your_own", detail))
}

fn oneself(api: &Api, index: &Index) -> Option<CustomerUserNumber> {
    api.caller.login.as_deref().and_then(|login| index.find_key(login))
}

fn unknown(kind: Kind, reference: &Reference) -> Problem {
    Refusal::not_found(kind, reference).into()
}

fn everything(api: &Api, index: &Index, named: &Reference, known: &IfNoneMatch) -> Result<Everything, Problem> {
    match about(api, index, Some(named))? {
        Some(customer_user) => Ok(Everything::of_known(api, index, customer_user, known)),
        None => match services_of_unknown(index, Some(named)) {
            Some(defaults) => Ok(Everything::of_unknown(api, index, &defaults, known)),
            None => Err(unknown(Kind::CustomerUser, named)),
        },
    }
}

/// What somebody has whom we do not know, if the settings give them anything. Somebody is a login: an
/// id of ours or another system's that names nobody is a mistake.
fn services_of_unknown(index: &Index, named: Option<&Reference>) -> Option<Vec<ServiceNumber>> {
    named.filter(|named| matches!(named, Reference::Key(_))).and_then(|_| access::services_of_unknown(index))
}

/// Says everything that a customer user may see, and why.
///
/// Groups × permissions with their sources (rule 4) and services with their basis and the defaults
/// that are suppressed (rule 5). An unknown login is a 404, unless the setting
/// `default_services_for_unknown_customer_users` is on: then it has the default services (rule 2).
#[utoipa::path(get, path = "/v1/customer-users/{customer_user}/access", tag = "access", params(("customer_user" = String, Path, description = "The customer user.", example = "jane")), responses((status = 200, description = "Everything they have.", body = AccessAnswer)))]
pub async fn get_customer_user_access(api: Api, Named([customer_user]): Named<1>, known: IfNoneMatch) -> Answer {
    Ok(Everything::reply(api.ask(|index| everything(&api, index, &customer_user, &known))?))
}

/// Says everything that the caller may see, and why.
///
/// The caller is the customer user whom the token names.
#[utoipa::path(get, path = "/v1/access/self", tag = "access", responses((status = 200, description = "Everything you have.", body = AccessAnswer)))]
pub async fn get_own_access(api: Api, known: IfNoneMatch) -> Answer {
    let at = api.ask(|index| {
        let missing = || Problem::new("customer_user_not_found", "There is no customer user whom your token names.");
        let customer_user = oneself(&api, index).ok_or_else(missing)?;
        Ok(Everything::of_known(&api, index, customer_user, &known))
    })?;
    Ok(Everything::reply(at))
}

/// Answers one question.
///
/// Yes or no is a 200, for anything that exists. An unknown customer user, group or service is a 404,
/// a permission type that is not configured a 422. A no carries its reasons (rule 8).
#[utoipa::path(post, path = "/v1/access:check", tag = "access", request_body(content = Question, example = json!({"customer_user": "jane", "group": "support", "permission": "rw", "explain": true})), responses((status = 200, description = "Yes or no.", body = CheckAnswer)))]
pub async fn check_access(api: Api, Quick(question): Quick<Question>) -> Answer {
    let answered = api.ask(|index| {
        let decision = decide(&api, index, &question)?;
        Ok(CheckAnswer {
            allowed: decision.allowed(),
            revision: answers::stamp(&api, index),
            reasons: answers::words(&decision.reasons),
            sources: explained(index, &question, &decision),
            row_id: question.row_id.clone(),
        })
    });
    let allowed = answered.as_ref().ok().map(|at| at.value.allowed);
    api.state().metrics.checked(Outcome::of(allowed), 1);
    Ok(reply::ok(answered?))
}

/// Answers up to 1,000 questions, all at one revision.
///
/// A bad question fails alone, with its problem.
#[utoipa::path(post, path = "/v1/access:batch-check", tag = "access", request_body(content = BatchQuestions, example = json!({"items": [{"row_id": "1", "customer_user": "jane", "group": "support", "permission": "ro"}, {"row_id": "2", "customer_user": "jane", "service": "IT::Network"}]})), responses((status = 200, description = "An answer for each question.", body = BatchAnswers)))]
pub async fn batch_check_access(api: Api, Quick(Batch(questions)): Quick<Batch>) -> Answer {
    let most = api.state().config.limits.max_batch;
    if questions.is_empty() || questions.len() > most {
        let detail = format!("has {} items; it must have 1 to {most} (MAX_BATCH)", questions.len());
        let why = crate::directory::Invalid::new("wrong_number", detail);
        return Err(Problem::of_input(vec![FieldError::new("/items", why)]));
    }
    let many = questions.len() as u64;
    let answered = api.ask(|index| {
        let items: Vec<BatchItem> = questions
            .into_iter()
            .enumerate()
            .map(|(place, (row_id, question))| answer_item(&api, index, place, row_id, question))
            .collect();
        Ok(BatchAnswers { revision: answers::revision(&api, index), counts: count(&items), items })
    });
    let failed = BatchCounts { failed: many, ..BatchCounts::default() };
    measure(&api, answered.as_ref().map_or(&failed, |at| &at.value.counts));
    Ok(reply::ok(answered?))
}

fn measure(api: &Api, counts: &BatchCounts) {
    let metrics = &api.state().metrics;
    metrics.checked(Outcome::Allowed, counts.allowed);
    metrics.checked(Outcome::Denied, counts.denied);
    metrics.checked(Outcome::Error, counts.failed);
}

fn row_id(item: &Value) -> Option<String> {
    item.get("row_id")?.as_str().map(str::to_owned)
}

fn answer_item(
    api: &Api,
    index: &Index,
    place: usize,
    row_id: Option<String>,
    question: Result<Question, Problem>,
) -> BatchItem {
    let none = BatchItem {
        index: place,
        row_id,
        status: 200,
        allowed: None,
        reasons: Vec::new(),
        sources: Vec::new(),
        problem: None,
    };
    match question.and_then(|question| Ok((decide(api, index, &question)?, question))) {
        Ok((decision, question)) => BatchItem {
            allowed: Some(decision.allowed()),
            reasons: answers::words(&decision.reasons),
            sources: explained(index, &question, &decision),
            ..none
        },
        Err(problem) => {
            BatchItem { status: problem.status().as_u16(), problem: Some(Box::new(problem.into_body())), ..none }
        }
    }
}

fn count(items: &[BatchItem]) -> BatchCounts {
    let mut counts = BatchCounts::default();
    for item in items {
        match item.allowed {
            Some(true) => counts.allowed += 1,
            Some(false) => counts.denied += 1,
            None => counts.failed += 1,
        }
    }
    counts
}

fn explained(index: &Index, question: &Question, decision: &Decision) -> Vec<SourceView> {
    let sources = if question.explain { decision.sources.as_slice() } else { &[] };
    sources.iter().map(|source| SourceView::of(index, *source)).collect()
}

fn decide(api: &Api, index: &Index, question: &Question) -> Result<Decision, Problem> {
    let customer_user = about(api, index, question.customer_user.as_ref())?;
    match question {
        Question { group: Some(group), permission: Some(permission), service: None, thing, .. } => {
            let customer_user = customer_user.ok_or_else(|| unknown_asked(question))?;
            let group: GroupNumber = named(index, group)?;
            let bit = bit(index, permission)?;
            let owner = thing.as_ref().map(|thing| owner(index, thing));
            Ok(access::check_group(index, customer_user, group, bit, owner.as_ref()))
        }
        Question { group: None, permission: None, thing: None, service: Some(service), .. } => {
            let service: ServiceNumber = named(index, service)?;
            if customer_user.is_none() && services_of_unknown(index, question.customer_user.as_ref()).is_none() {
                return Err(unknown_asked(question));
            }
            Ok(access::check_service(index, customer_user, service))
        }
        Question { group: Some(_), permission: None, service: None, .. } => {
            let why = crate::directory::Invalid::new("required", "is required with group");
            Err(Problem::of_input(vec![FieldError::new("/permission", why)]))
        }
        _ => {
            let detail = "must have group and permission (and thing, if it is about one), or service alone";
            let why = crate::directory::Invalid::new("not_a_question", detail);
            Err(Problem::of_input(vec![FieldError::new("", why)]))
        }
    }
}

fn unknown_asked(question: &Question) -> Problem {
    match &question.customer_user {
        Some(reference) => unknown(Kind::CustomerUser, reference),
        None => Problem::new("customer_user_not_found", "There is no customer user whom your token names."),
    }
}

fn owner(index: &Index, thing: &ThingOfQuestion) -> Owner {
    Owner {
        customer: thing.customer.as_ref().and_then(|customer| index.resolve::<CustomerNumber>(customer)),
        customer_user: thing.customer_user.as_ref().and_then(|owner| index.resolve::<CustomerUserNumber>(owner)),
    }
}

fn bit(index: &Index, permission: &PermissionName) -> Result<u8, Problem> {
    configured(index, permission).map_err(|detail| {
        let why = crate::directory::Invalid::new("permission_type_unknown", detail);
        Problem::of_input(vec![FieldError::new("/permission", why)])
    })
}

/// The type that a query parameter names.
pub(super) fn bit_of_query(index: &Index, permission: &PermissionName) -> Result<u8, Problem> {
    configured(index, permission).map_err(|detail| Problem::new("invalid_parameter", format!("permission {detail}.")))
}

fn configured(index: &Index, permission: &PermissionName) -> Result<u8, String> {
    let types = &index.settings().permission_types;
    types.bit(permission.as_str()).ok_or_else(|| {
        let known = types.0.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
        format!("is {:?}, which is not configured; there are {known}", permission.as_str())
    })
}

/// Which permission a filter is for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PermissionParams {
    /// The permission type.
    #[param(example = "ro")]
    pub permission: PermissionName,
}

/// Which things a customer user reaches with a permission: what a desk puts into its own query.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThingFilterAnswer {
    /// The revision that the answer is of.
    #[schema(example = "5f0c1d9e6a574b0e-42")]
    pub revision: String,
    /// The permission type.
    pub permission: PermissionName,
    /// Why nothing is reached at all; else empty.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub reasons: Vec<&'static str>,
    /// In each of these groups some things are reached, in every other none.
    pub groups: Vec<ThingFilterGroup>,
}

/// Which things of a group are reached: a thing is if any of the three holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThingFilterGroup {
    /// The opaque id.
    #[schema(example = "g3")]
    pub id: String,
    /// The natural key.
    #[schema(example = "support")]
    pub name: String,
    /// The customer user's own.
    #[schema(example = true)]
    pub own: bool,
    /// Those of these customers.
    pub customers: Vec<CustomerRef>,
    /// All of them, whosever they are.
    #[schema(example = false)]
    pub all: bool,
}

/// Says which things a customer user reaches with a permission (rule 6).
///
/// It agrees with the checks of single things.
#[utoipa::path(get, path = "/v1/customer-users/{customer_user}/thing-filter", tag = "access", params(("customer_user" = String, Path, description = "The customer user.", example = "jane"), PermissionParams), responses((status = 200, description = "The filter.", body = ThingFilterAnswer)))]
pub async fn get_thing_filter(
    api: Api,
    Named([customer_user]): Named<1>,
    Query(PermissionParams { permission }): Query<PermissionParams>,
) -> Answer {
    let at: At<ThingFilterAnswer> = api.ask(|index| {
        let asked = about(&api, index, Some(&customer_user))?;
        let asked = asked.ok_or_else(|| unknown(Kind::CustomerUser, &customer_user))?;
        let filter = access::thing_filter(index, asked, bit_of_query(index, &permission)?);
        let group = |of: &access::ThingsOfGroup| ThingFilterGroup {
            id: of.group.to_string(),
            name: index.key(of.group).unwrap_or_default().to_owned(),
            own: true,
            customers: of.customers.iter().map(|customer| CustomerRef::of(index, *customer)).collect(),
            all: of.all,
        };
        Ok(ThingFilterAnswer {
            revision: answers::revision(&api, index),
            permission: permission.clone(),
            reasons: answers::words(&filter.reasons),
            groups: filter.groups.iter().map(group).collect(),
        })
    })?;
    Ok(reply::ok(at))
}
