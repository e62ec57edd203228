//! The relation screens: one GET gives every row of the other side with what is granted, what is
//! effective anyway and why, and whether a link changes anything; one PATCH saves a delta.

mod grants;
mod marks;
mod rows;
mod screen;

pub use grants::*;
pub use marks::*;
pub use rows::{Shown, not_too_many, records};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lists::ListParams;
use super::views::Links;
use crate::directory::Validity;
use crate::plan::matrices::Counts;

/// Whether a row has a link, or stands on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Granted {
    /// Rows that do.
    Any,
    /// Rows that do not.
    None,
}

/// The parameters of a matrix, and of a list of the settings.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MatrixParams {
    /// Words, all of which must be found in the row, ignoring case and accents, as in the list of the
    /// rows' kind. `*` stands for anything and anchors.
    #[param(example = "sup*")]
    pub q: Option<String>,
    /// Only rows with this validity.
    pub validity: Option<Validity>,
    /// Only rows with a link, or on the list (`any`), or without one, or not on it (`none`).
    pub granted: Option<Granted>,
    /// The order of the rows: their natural key (the default) or `id`; with `-` before it, backwards.
    #[param(example = "id")]
    pub sort: Option<String>,
    /// Rows on a page: 1 to 1,000, 100 if absent.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It belongs to the same screen, filters and order.
    pub cursor: Option<String>,
    /// Whether to count all rows that the filters match.
    #[param(default = false)]
    pub total: Option<bool>,
}

impl MatrixParams {
    /// What every list has, and what the screen has beside it.
    pub fn split(self) -> (ListParams, Option<Granted>) {
        let MatrixParams { q, validity, granted, sort, limit, cursor, total } = self;
        (ListParams { q, validity, sort, limit, cursor, total }, granted)
    }
}

/// The thing whose links the matrix shows: one of `customer_id`, `login` and, of a group or service,
/// `name` alone is its natural key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatrixSubject {
    /// The opaque id.
    #[schema(example = "c12")]
    pub id: String,
    /// The natural key of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme")]
    pub customer_id: Option<String>,
    /// The natural key of a customer user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "jane")]
    pub login: Option<String>,
    /// The name to show.
    #[schema(example = "Acme Inc.")]
    pub name: String,
    /// Whether it counts (rule 1).
    pub validity: Validity,
    /// Where it is, and where its matrices are.
    pub links: Links,
}

/// What a save did.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct SaveCounts {
    /// Links made.
    #[schema(example = 1)]
    pub created: u64,
    /// Links that grant something else now.
    #[schema(example = 0)]
    pub changed: u64,
    /// Links removed.
    #[schema(example = 0)]
    pub removed: u64,
    /// Cells that were so already.
    #[schema(example = 0)]
    pub unchanged: u64,
}

impl From<Counts> for SaveCounts {
    fn from(Counts { created, changed, removed, unchanged }: Counts) -> Self {
        Self { created, changed, removed, unchanged }
    }
}
