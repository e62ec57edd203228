//! What is wrong with input, member by member.

use super::{Invalid, Kind, Reference};

/// What is wrong with one member of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a JSON pointer into the body.
    pub pointer: String,
    /// What a program reads.
    pub code: String,
    /// What a person reads.
    pub detail: String,
}

impl FieldError {
    /// What is wrong with the value at a pointer.
    pub fn new(pointer: impl Into<String>, why: Invalid) -> Self {
        Self { pointer: pointer.into(), code: why.code.to_owned(), detail: why.detail }
    }

    /// What the member at a pointer names does not exist.
    pub fn nothing_named(pointer: impl Into<String>, kind: Kind, reference: &Reference) -> Self {
        let detail = format!("there is no {kind} {:?}; create it first, or name another", reference.to_string());
        Self::new(pointer, Invalid::new(kind.not_found(), detail))
    }
}
