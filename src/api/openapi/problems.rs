//! Which problems an operation can reply with, from what it is: the table of codes, narrowed.

use serde_json::{Value, json};

use super::super::problem::CODES;

/// The lists of the settings, as operations name them.
const ROLLS: [&str; 3] = ["default_services", "customer_always_groups", "customer_user_always_groups"];

/// An operation, as far as it says which problems it can reply with.
pub struct Described<'o> {
    /// The handler's name.
    pub id: &'o str,
    /// The path, as a template.
    pub path: &'o str,
    /// In small letters.
    pub method: &'o str,
    /// Whether a token is needed.
    pub is_secured: bool,
    /// What the document says of it so far.
    pub operation: &'o Value,
}

impl Described<'_> {
    /// The problems that it can reply with, by status.
    pub fn problems(&self) -> Vec<(u16, Value)> {
        let mut statuses: Vec<u16> = CODES.iter().map(|(_, status, _)| *status).collect();
        statuses.dedup();
        statuses.into_iter().filter_map(|status| Some((status, self.problem(status)?))).collect()
    }

    fn problem(&self, status: u16) -> Option<Value> {
        let rows: Vec<_> = CODES.iter().filter(|(code, of, _)| *of == status && self.can(code)).collect();
        let (code, _, title) = rows.first()?;
        let codes: Vec<String> = rows.iter().map(|(code, ..)| format!("`{code}`")).collect();
        Some(json!({
            "description": format!("{}: {}.", reason(status), codes.join(", ")),
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": example(code, status, title),
            }},
        }))
    }

    fn can(&self, code: &str) -> bool {
        match code {
            "unknown_parameter" | "internal" => true,
            "method_not_allowed" => false,
            "changes_gone" => matches!(self.id, "list_changes" | "stream_changes"),
            "too_many_streams" => self.id == "stream_changes",
            "invalid_json" | "body_too_large" | "unsupported_media_type" => self.has_body(),
            "invalid_parameter" => self.has_parameter("query", None),
            "cursor_invalid" => ["cursor", "preview_cursor"].iter().any(|name| self.has_parameter("query", Some(name))),
            "invalid_path" => self.path.contains('{'),
            "invalid_input" => self.has_body(),
            "chunk_unreadable" | "digest_mismatch" => self.id == "put_import_chunk",
            "idempotency_key_reused" => self.takes_key(),
            "not_your_own" => self.is_about_somebody(),
            "stale" => self.is_secured || self.id == "readyz",
            "database_unavailable" | "timeout" | "overloaded" => self.is_secured,
            "outcome_unknown" => self.is_write(),
            "precondition_required" => self.id.starts_with("replace_") || self.id == "patch_settings",
            "precondition_failed" => self.is_write() && self.method != "post",
            _ if self.status(code) == 404 => self.may_miss(code),
            _ if self.status(code) == 409 => self.conflicts(code),
            _ => self.is_secured,
        }
    }

    fn status(&self, code: &str) -> u16 {
        CODES.iter().find(|(known, ..)| *known == code).map_or(0, |(_, status, _)| *status)
    }

    fn may_miss(&self, code: &str) -> bool {
        let Some(what) = code.strip_suffix("_not_found") else { return false };
        match what {
            "external_id" => self.method == "delete" && self.path.contains("{external_id}"),
            "import_job" => self.path.contains("{job}"),
            "link" => self.method == "get" && self.id.ends_with("_link"),
            "customer_user" if self.id == "get_own_access" => true,
            "customer_user" | "group" | "service" if self.id == "check_access" => true,
            _ => self.path.contains(&format!("{{{what}}}")),
        }
    }

    fn conflicts(&self, code: &str) -> bool {
        let writes_fields = self.is_of_directory() && self.method != "delete";
        match code {
            "key_taken" => writes_fields,
            "external_id_taken" => self.method == "put" && self.path.contains("{external_id}"),
            "back_end_read_only" => self.is_of_directory() && self.id.ends_with("_customer_user"),
            "in_use" => self.is_of_directory() && self.method == "delete",
            "service_cycle" | "service_collision" | "service_name_too_long" => {
                matches!(self.id, "put_service" | "patch_service")
            }
            "cells_changed" => self.is_delta(),
            "matches_changed" => self.id.starts_with("bulk_"),
            "context_off" => {
                let writes_link = matches!(self.id, "put_customer_group_link" | "put_group_customer_link");
                let writes_links = self.id == "bulk_customer_group_links";
                writes_link
                    || writes_links
                    || matches!(self.id, "patch_customer_group_matrix" | "patch_group_customer_matrix")
            }
            "preview_outdated" => self.is_write(),
            "import_job_open" => self.id == "create_import_job",
            "import_job_closed" => matches!(self.id, "put_import_chunk" | "close_import_job"),
            "import_job_ended" => self.id == "cancel_import_job",
            "import_job_not_waiting" => self.id == "approve_import_job",
            "chunk_exists" => self.id == "put_import_chunk",
            "chunks_missing" => self.id == "close_import_job",
            "idempotency_key_in_flight" => self.takes_key(),
            "permission_type_in_use" => self.id == "patch_settings",
            _ => false,
        }
    }

    /// Whether it writes one customer, customer user, group, service or back end.
    fn is_of_directory(&self) -> bool {
        let kinds = ["customer", "customer_user", "group", "service", "back_end"];
        let of_kind = |verb: &str| self.id.strip_prefix(verb).is_some_and(|kind| kinds.contains(&kind));
        ["create_", "put_", "patch_", "delete_"].into_iter().any(of_kind)
    }

    /// Whether it saves cells of a screen.
    fn is_delta(&self) -> bool {
        let is_roll = ROLLS.iter().any(|roll| self.id.strip_prefix("patch_") == Some(roll));
        is_roll || (self.is_write() && self.id.ends_with("_matrix"))
    }

    fn is_about_somebody(&self) -> bool {
        matches!(self.id, "get_customer_user_access" | "get_thing_filter" | "check_access")
    }

    fn is_write(&self) -> bool {
        self.method != "get" && !self.id.ends_with("check_access")
    }

    fn takes_key(&self) -> bool {
        self.has_parameter("header", Some("Idempotency-Key"))
    }

    fn has_body(&self) -> bool {
        self.operation["requestBody"].is_object()
    }

    fn has_parameter(&self, place: &str, name: Option<&str>) -> bool {
        let is_it = |parameter: &Value| parameter["in"] == place && name.is_none_or(|name| parameter["name"] == name);
        self.operation["parameters"].as_array().is_some_and(|parameters| parameters.iter().any(is_it))
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "The token is missing or not good",
        403 => "The token does not allow it",
        404 => "Something named does not exist",
        409 => "It does not go together with what there is",
        410 => "What was asked for is no longer there",
        412 => "It was changed in the meantime, or restored",
        413 => "The body is too large",
        415 => "The body is not said to be JSON, or is compressed",
        422 => "The input is wrong, member by member",
        428 => "If-Match is needed",
        429 => "Too much at once; try again after `Retry-After`",
        500 => "Something failed that should not",
        _ => "Not now; try again after `Retry-After`",
    }
}

fn example(code: &str, status: u16, title: &str) -> Value {
    let mut example = json!({
        "type": format!("urn:customer-access:problem:{code}"), "title": title, "status": status, "code": code,
        "detail": format!("{title}."), "request_id": "6a57c1d9-5f0c-4b0e-9d0f-1f2f6f3a9b11",
    });
    match code {
        "invalid_input" => {
            example["detail"] = json!("/validity is none of the values it can have.");
            example["errors"] = json!([{
                "pointer": "/validity", "code": "unknown_value", "detail": "is none of the values it can have",
            }]);
        }
        "in_use" => example["counts"] = json!([{ "what": "group_links", "count": 3 }]),
        _ => {}
    }
    example
}
