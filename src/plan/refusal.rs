//! Why a plan was refused. Each refusal says what to do; `api/` gives it its status.

use crate::directory::{FieldError, Invalid, Kind, Reference};
use crate::store::StoreError;

/// Why a write was not done. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What the path names does not exist.
    #[error("There is no {kind} {reference:?}.")]
    NotFound {
        /// What it would be.
        kind: Kind,
        /// How it was named.
        reference: String,
    },
    /// An external id that is not there to be taken.
    #[error("This {kind} has no external id {external_id:?}.")]
    ExternalIdNotFound {
        /// Of what.
        kind: Kind,
        /// Which.
        external_id: String,
    },
    /// The input is not what it should be.
    #[error("The request cannot be carried out as it stands; see errors.")]
    Invalid(Vec<FieldError>),
    /// Rows of a batch that is to be merged as a whole or not at all.
    #[error("Rows of the batch cannot be merged, and it is atomic, so none was; see errors.")]
    Rows(Vec<FieldError>),
    /// The idempotency key was used for another request.
    #[error("This Idempotency-Key was used for another request in the last 24 hours. Make a new key for each write.")]
    IdempotencyKeyReused,
    /// The reply to it could not be written out, so nothing was kept.
    #[error("The reply could not be written out: {0}")]
    Reply(String),
    /// Another thing has this natural key.
    #[error("There is a {kind} {key:?} already (id:{id}). Use another key, or address that one.")]
    KeyTaken {
        /// Of what kind.
        kind: Kind,
        /// The key.
        key: String,
        /// The id of the thing that has it.
        id: String,
    },
    /// Another thing has this external id.
    #[error("The external id {external_id:?} belongs to another {kind} (id:{id}). Take it from there first.")]
    ExternalIdTaken {
        /// Of what kind.
        kind: Kind,
        /// The external id.
        external_id: String,
        /// The id of the thing that has it.
        id: String,
    },
    /// The identity fields are the source's alone.
    #[error("The back end {back_end:?} is read-only: change {} at its source, or write with the scope sync:write.", .fields.join(", "))]
    BackEndReadOnly {
        /// The back end.
        back_end: String,
        /// The fields that may not be written.
        fields: Vec<&'static str>,
    },
    /// It is linked, named or used.
    #[error("The {kind} {key:?} is in use: {}. {advice}", counted(.counts))]
    InUse {
        /// What.
        kind: Kind,
        /// Which.
        key: String,
        /// By what, how many.
        counts: Vec<(&'static str, u64)>,
        /// What to do.
        advice: &'static str,
    },
    /// A service cannot stand there.
    #[error("{0}")]
    ServiceCycle(String),
    /// A service below would get a name that another has.
    #[error("{0}")]
    ServiceCollision(String),
    /// A service below would get a name that is too long.
    #[error("{0}")]
    ServiceNameTooLong(String),
    /// Cells of a matrix are not what the screen showed.
    #[error("Somebody changed these cells since they were shown; nothing was saved. Read the matrix again.")]
    CellsChanged(Vec<FieldError>),
    /// A filter matches another number of things than whoever wrote it saw.
    #[error(
        "The filter matches {found} {kind}s now, not {expected}; nothing was written. Look at what it matches, and send that number."
    )]
    MatchesChanged {
        /// Of what kind.
        kind: Kind,
        /// How many it was to match.
        expected: u64,
        /// How many it matches.
        found: u64,
    },
    /// The context takes no new grants.
    #[error(
        "The context {0:?} is off: turn it on in the settings before granting in it. What is granted in it already is kept."
    )]
    ContextOff(&'static str),
    /// Links hold a permission type that would go.
    #[error("The permission type {name:?} is in use by {links} links: revoke it there first.")]
    PermissionTypeInUse {
        /// The type.
        name: String,
        /// How many links hold it.
        links: u64,
    },
    /// `If-Match` or `If-None-Match` does not hold.
    #[error(
        "It was changed since you read it, or does not exist (or exists already). Read it again, and repeat the write with its new ETag."
    )]
    PreconditionFailed,
    /// `If-Match` must be sent.
    #[error("Send If-Match with the ETag of what you read: this replaces {0} as a whole.")]
    PreconditionRequired(&'static str),
    /// Beyond the scope of the route.
    #[error("This needs the scope {scope:?} as well: {why}.")]
    MissingScope {
        /// The scope.
        scope: &'static str,
        /// What for.
        why: &'static str,
    },
    /// Something cannot be done with an import job.
    #[error(transparent)]
    Import(#[from] super::imports::ImportRefusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// What the path names does not exist.
    pub fn not_found(kind: Kind, reference: &Reference) -> Self {
        Refusal::NotFound { kind, reference: reference.to_string() }
    }

    /// What a member of the body names does not exist.
    pub fn names_nothing(pointer: &str, kind: Kind, reference: &Reference) -> Self {
        Refusal::Invalid(vec![FieldError::nothing_named(pointer, kind, reference)])
    }

    /// What a program reads.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotFound { kind, .. } => kind.not_found(),
            Refusal::Invalid(_) => "invalid_input",
            Refusal::Rows(_) => "batch_failed",
            Refusal::ExternalIdNotFound { .. } => "external_id_not_found",
            Refusal::KeyTaken { .. } => "key_taken",
            Refusal::ExternalIdTaken { .. } => "external_id_taken",
            Refusal::BackEndReadOnly { .. } => "back_end_read_only",
            Refusal::InUse { .. } => "in_use",
            Refusal::ServiceCycle(_) => "service_cycle",
            Refusal::ServiceCollision(_) => "service_collision",
            Refusal::ServiceNameTooLong(_) => "service_name_too_long",
            Refusal::CellsChanged(_) => "cells_changed",
            Refusal::MatchesChanged { .. } => "matches_changed",
            Refusal::ContextOff(_) => "context_off",
            Refusal::PermissionTypeInUse { .. } => "permission_type_in_use",
            Refusal::PreconditionFailed => "precondition_failed",
            Refusal::PreconditionRequired(_) => "precondition_required",
            Refusal::MissingScope { .. } => "missing_scope",
            Refusal::Import(why) => why.code(),
            Refusal::Reply(_) => "internal",
            Refusal::IdempotencyKeyReused => "idempotency_key_reused",
            Refusal::Store(_) => "database_unavailable",
        }
    }

    /// The same as what is wrong with a row, wherever the row stands.
    pub fn into_field_errors(self) -> Vec<FieldError> {
        let (code, detail) = (self.code(), self.to_string());
        let wrong = |pointer: String| FieldError { pointer, code: code.to_owned(), detail: detail.clone() };
        match self {
            Refusal::Invalid(errors) | Refusal::CellsChanged(errors) | Refusal::Rows(errors) => errors,
            Refusal::BackEndReadOnly { fields, .. } => fields.iter().map(|field| wrong(format!("/{field}"))).collect(),
            _ => vec![wrong(String::new())],
        }
    }

    /// One member of the body is wrong.
    pub fn at(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Refusal::Invalid(vec![FieldError::new(pointer, Invalid::new(code, detail))])
    }
}

fn counted(counts: &[(&'static str, u64)]) -> String {
    let words: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {}", what.replace('_', " "))).collect();
    words.join(", ")
}
