//! Errors as `application/problem+json` (RFC 9457): one table of codes, and the one place that
//! turns every refusal into one of them.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Unauthorized;
use crate::plan::{FieldError, Refusal};
use crate::replica::NotCurrent;
use crate::store::StoreError;

/// Every code that a problem can have: what a program reads, its status, and what a person reads first.
pub const CODES: &[(&str, u16, &str)] = &[
    ("invalid_json", 400, "The body is not JSON"),
    ("invalid_parameter", 400, "A query parameter is wrong"),
    ("unknown_parameter", 400, "There is no such query parameter"),
    ("invalid_header", 400, "A header is wrong"),
    ("invalid_path", 400, "The path is wrong"),
    ("cursor_invalid", 400, "The cursor does not belong here"),
    ("token_missing", 401, "A token is needed"),
    ("token_malformed", 401, "The token is malformed"),
    ("token_too_long", 401, "The token is too long"),
    ("token_expired", 401, "The token has expired"),
    ("token_not_yet_valid", 401, "The token is not valid yet"),
    ("expiry_missing", 401, "The token never expires"),
    ("signature_invalid", 401, "The signature is wrong"),
    ("algorithm_not_allowed", 401, "The algorithm is not allowed"),
    ("unknown_key", 401, "The signing key is not known"),
    ("wrong_audience", 401, "The token is for somebody else"),
    ("wrong_issuer", 401, "The token is from somebody else"),
    ("login_claim_missing", 401, "The token names nobody"),
    ("missing_scope", 403, "A scope is missing"),
    ("not_your_own", 403, "That is not your own"),
    ("route_not_found", 404, "There is nothing at this path"),
    ("customer_not_found", 404, "There is no such customer"),
    ("customer_user_not_found", 404, "There is no such customer user"),
    ("group_not_found", 404, "There is no such group"),
    ("service_not_found", 404, "There is no such service"),
    ("back_end_not_found", 404, "There is no such back end"),
    ("external_id_not_found", 404, "There is no such external id"),
    ("import_job_not_found", 404, "There is no such import job"),
    ("link_not_found", 404, "There is no link"),
    ("method_not_allowed", 405, "The method is not allowed here"),
    ("key_taken", 409, "The key is taken"),
    ("external_id_taken", 409, "The external id is taken"),
    ("back_end_read_only", 409, "The back end is read-only"),
    ("in_use", 409, "It is in use"),
    ("service_cycle", 409, "A service cannot stand below itself"),
    ("service_collision", 409, "A service below would take a name that is taken"),
    ("service_name_too_long", 409, "A service below would get a name that is too long"),
    ("cells_changed", 409, "Cells were changed in the meantime"),
    ("matches_changed", 409, "The filter matches another number"),
    ("context_off", 409, "The context is off"),
    ("permission_type_in_use", 409, "The permission type is in use"),
    ("preview_outdated", 409, "Something was written since the preview began"),
    ("import_job_open", 409, "The source has an import job already"),
    ("import_job_closed", 409, "The import job takes chunks no longer"),
    ("import_job_ended", 409, "The import job has ended"),
    ("import_job_not_waiting", 409, "The import job does not await approval"),
    ("chunk_exists", 409, "Another chunk of this number has come"),
    ("chunks_missing", 409, "Not all chunks have come"),
    ("idempotency_key_in_flight", 409, "This write is being made"),
    ("changes_gone", 410, "The log does not reach back that far"),
    ("precondition_failed", 412, "It was changed in the meantime"),
    ("epoch_changed", 412, "The database was restored"),
    ("body_too_large", 413, "The body is too large"),
    ("unsupported_media_type", 415, "The media type is not supported"),
    ("invalid_input", 422, "The input is wrong"),
    ("batch_failed", 422, "Rows of an atomic batch failed"),
    ("chunk_unreadable", 422, "The chunk cannot be read"),
    ("digest_mismatch", 422, "What has come is not what was sent"),
    ("idempotency_key_reused", 422, "The key was used for another request"),
    ("precondition_required", 428, "If-Match is needed"),
    ("too_many_streams", 429, "Too many streams are open"),
    ("internal", 500, "Something failed that should not"),
    ("keys_unavailable", 503, "The token issuer's keys are out of reach"),
    ("database_unavailable", 503, "The database is out of reach"),
    ("outcome_unknown", 503, "Whether the write was kept is unknown"),
    ("stale", 503, "The answers are too old"),
    ("revision_not_reached", 503, "The revision has not arrived"),
    ("timeout", 503, "It took too long"),
    ("overloaded", 503, "Too many requests at a time"),
];

/// One member of the input that is wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = InputError)]
pub struct InputErrorView {
    /// Where: a JSON pointer into the body (RFC 6901).
    #[schema(example = "/customer_id")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(example = "too_long")]
    pub code: String,
    /// What is wrong and what to do, for people.
    #[schema(example = "has 201 characters; at most 200 are allowed")]
    pub detail: String,
}

/// What uses a thing that was to be deleted, and how often.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UseCount {
    /// By what.
    #[schema(example = "customer_users")]
    pub what: String,
    /// How many.
    #[schema(example = 3)]
    pub count: u64,
}

/// Why a request was not carried out (RFC 9457). Nothing of it was kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem, as a URN that ends in the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:customer-access:problem:customer_not_found")]
    pub kind: String,
    /// What it is, in a few words; always the same for a code.
    #[schema(example = "There is no such customer")]
    pub title: String,
    /// The status of the reply.
    #[schema(example = 404)]
    pub status: u16,
    /// What it is this time, and what to do.
    #[schema(example = "There is no customer \"acme\".")]
    pub detail: String,
    /// What a program reads.
    #[schema(example = "customer_not_found")]
    pub code: String,
    /// The request, as it stands in the log and in the header `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "5f0c1d9e-6a57-4b0e-9d0f-1f2f6f3a9b11")]
    pub request_id: Option<String>,
    /// What is wrong with the input, member by member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<InputErrorView>,
    /// With `in_use`: what uses it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub counts: Vec<UseCount>,
}

/// A problem on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    body: ProblemBody,
    headers: Vec<(header::HeaderName, String)>,
}

impl Problem {
    /// A problem of a code in the table.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        let row = CODES.iter().find(|(known, ..)| *known == code);
        let (code, status, title) = row.copied().unwrap_or(("internal", 500, "Something failed that should not"));
        let body = ProblemBody {
            kind: format!("urn:customer-access:problem:{code}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            code: code.to_owned(),
            request_id: None,
            errors: Vec::new(),
            counts: Vec::new(),
        };
        let problem = Self { body, headers: Vec::new() };
        if status == 503 { problem.with_header(header::RETRY_AFTER, "1") } else { problem }
    }

    /// Wrong input, member by member.
    pub fn of_input(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] if one.pointer.is_empty() => format!("The body {}.", one.detail),
            [one] => format!("{} {}.", one.pointer, one.detail),
            many => format!("{} members of the input are wrong; see errors.", many.len()),
        };
        let mut problem = Self::new("invalid_input", detail);
        problem.body.errors = input_errors(errors);
        problem
    }

    /// Something that failed and should not have: the log says what, the caller learns where to look.
    pub fn internal(why: impl std::fmt::Display) -> Self {
        log::error!("{why}");
        Self::new("internal", "Something failed that should not; the log says what, under this request_id.")
    }

    /// The same with a header.
    pub fn with_header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The problem as a member of a batch's reply.
    pub fn into_body(self) -> ProblemBody {
        self.body
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The reply.
    pub fn respond(&self, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        let body = ProblemBody { request_id: request_id.map(str::to_owned), ..self.body.clone() };
        response.content_type("application/problem+json").body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.body.code, self.body.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.respond(None)
    }
}

impl From<Unauthorized> for Problem {
    fn from(why: Unauthorized) -> Self {
        let problem = Problem::new(why.code(), why.to_string());
        match why.www_authenticate() {
            Some(challenge) => problem.with_header(header::WWW_AUTHENTICATE, challenge),
            None => problem,
        }
    }
}

impl From<NotCurrent> for Problem {
    fn from(why: NotCurrent) -> Self {
        let code = match why {
            NotCurrent::Stale => "stale",
            NotCurrent::NotYet => "revision_not_reached",
            NotCurrent::EpochChanged => "epoch_changed",
        };
        Problem::new(code, why.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(why: StoreError) -> Self {
        match &why {
            StoreError::Unavailable(_) => {
                log::warn!("{why}");
                Problem::new("database_unavailable", "The database cannot be reached at the moment. Try again.")
            }
            StoreError::OutcomeUnknown(_) => {
                log::warn!("{why}");
                let detail = "The connection to the database broke while the write was being kept. Read whether it was, and repeat it if not.";
                Problem::new("outcome_unknown", detail)
            }
            _ => Problem::internal(why),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(why: Refusal) -> Self {
        let (code, detail) = (why.code(), why.to_string());
        match why {
            Refusal::Store(why) => why.into(),
            Refusal::Reply(why) => Problem::internal(why),
            Refusal::Invalid(errors) => Problem::of_input(errors),
            Refusal::CellsChanged(errors) | Refusal::Rows(errors) => Problem {
                body: ProblemBody { errors: input_errors(errors), ..Problem::new(code, detail).body },
                headers: Vec::new(),
            },
            Refusal::BackEndReadOnly { fields, .. } => read_only(detail, &fields),
            Refusal::InUse { counts, .. } => in_use(detail, counts),
            _ => Problem::new(code, detail),
        }
    }
}

fn input_errors(errors: Vec<FieldError>) -> Vec<InputErrorView> {
    errors.into_iter().map(|FieldError { pointer, code, detail }| InputErrorView { pointer, code, detail }).collect()
}

fn read_only(detail: String, fields: &[&'static str]) -> Problem {
    let mut problem = Problem::new("back_end_read_only", detail);
    let error = |field: &&str| InputErrorView {
        pointer: format!("/{field}"),
        code: "back_end_read_only".to_owned(),
        detail: "is the source's alone; change it there".to_owned(),
    };
    problem.body.errors = fields.iter().map(error).collect();
    problem
}

fn in_use(detail: String, counts: Vec<(&'static str, u64)>) -> Problem {
    let mut problem = Problem::new("in_use", detail);
    problem.body.counts = counts.into_iter().map(|(what, count)| UseCount { what: what.to_owned(), count }).collect();
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_a_token_has_its_code() {
        for why in Unauthorized::ALL {
            let row = CODES.iter().find(|(code, ..)| *code == why.code());
            assert_eq!(row.map(|(_, status, _)| *status), Some(why.status()), "{}", why.code());
        }
    }

    #[test]
    fn codes_are_listed_once_and_by_status() {
        assert!(CODES.is_sorted_by_key(|(_, status, _)| *status));
        for (index, (code, ..)) in CODES.iter().enumerate() {
            assert!(CODES[..index].iter().all(|(earlier, ..)| earlier != code), "{code}");
        }
    }
}
