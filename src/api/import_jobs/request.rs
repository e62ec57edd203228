//! What whoever creates an import job says of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::super::state::Api;
use super::may_feed;
use crate::auth::Scope;
use crate::directory::{Invalid, Source};
use crate::plan::{FieldError, OnExisting};
use crate::sync::jobs::is_field;
use crate::sync::jobs::options::{Mode, Options};
use crate::sync::rows::RowKind;

/// A job to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "source": "crm", "resources": ["customer", "customer_user"], "mode": "full", "dry_run": false, "on_existing": "adopt",
    "owned_fields": {"customer": ["name", "validity"]}, "guard_percent": 5,
}))]
pub struct NewImportJob {
    /// Which other system it is of: external ids of its rows are that system's.
    pub source: Source,
    /// What its rows may be about; a row about anything else fails.
    pub resources: Vec<RowKind>,
    /// `upsert`: what is not sent is left alone. `full`: what has an external id of the source and is not sent is
    /// deactivated (never deleted), of each kind of record among `resources`.
    #[serde(default = "upsert")]
    #[schema(value_type = String, default = "upsert", example = "full")]
    mode: Mode,
    /// Whether nothing is written, and only said what would be.
    #[serde(default)]
    #[schema(default = false)]
    dry_run: bool,
    /// What happens to a row whose natural key exists, of a thing without this external id.
    #[serde(default)]
    on_existing: OnExisting,
    /// The fields that the source owns, by kind of record; of a kind that is not named, all. What a row says of others
    /// is left out and counted. The natural key is always the source's.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Vec<String>>, required = false)]
    owned_fields: BTreeMap<RowKind, BTreeSet<String>>,
    /// In full mode: so many of a hundred valid things that the source knows, of each kind, are deactivated without
    /// asking; if it would be more, or if any row failed, or if nothing was sent, the job awaits approval.
    #[serde(default = "five")]
    #[schema(minimum = 0, maximum = 100, default = 5)]
    guard_percent: u8,
}

fn upsert() -> Mode {
    Mode::Upsert
}

fn five() -> u8 {
    5
}

impl NewImportJob {
    /// What the job is to do, if the caller may.
    pub(super) fn options(&self, api: &Api) -> Result<Options, Problem> {
        let errors = self.errors();
        if !errors.is_empty() {
            return Err(Problem::of_input(errors));
        }
        let mut options = Options {
            resources: self.resources.iter().copied().collect(),
            mode: self.mode,
            dry_run: self.dry_run,
            adopts: self.on_existing == OnExisting::Adopt,
            owned_fields: self.owned_fields.clone(),
            guard_percent: self.guard_percent,
            may_move_between_back_ends: false,
        };
        may_feed(api, &options)?;
        options.may_move_between_back_ends = api.caller.may(Scope::SettingsWrite);
        Ok(options)
    }

    fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong =
            |pointer: String, code, detail: &str| errors.push(FieldError::new(pointer, Invalid::new(code, detail)));
        if self.resources.is_empty() {
            wrong("/resources".to_owned(), "empty", "must name what the rows may be about");
        }
        if self.guard_percent > 100 {
            wrong("/guard_percent".to_owned(), "too_large", "must be 0 to 100");
        }
        for (kind, fields) in &self.owned_fields {
            let pointer = format!("/owned_fields/{}", kind.as_str());
            if !kind.has_external_ids() {
                wrong(pointer, "not_a_record", "has no fields that can be owned or not; leave it out");
                continue;
            }
            if let Some(unknown) = fields.iter().find(|field| !is_field(*kind, field)) {
                let detail = format!("names {unknown:?}, which is no field that can be owned or not");
                wrong(pointer.clone(), "unknown_field", &detail);
            }
            if self.mode == Mode::Full && self.resources.contains(kind) && !fields.contains("validity") {
                let detail = "must have validity: a job in full mode deactivates what is not sent";
                wrong(pointer, "validity_not_owned", detail);
            }
        }
        errors
    }
}
