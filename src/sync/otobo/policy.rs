//! What the operator decided about what cannot be loaded as it stands.

use crate::directory::BackEndName;
pub use crate::directory::Source;
use crate::plan::OnExisting;

use super::settings::GivenSetting;

/// What becomes of a key that links name and that has no row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Missing {
    /// It is created; a customer user in this back end.
    Create(Option<BackEndName>),
    /// It is left out with its links.
    Skip,
    /// Nothing is loaded.
    #[default]
    Fail,
}

impl Missing {
    /// `create`, `create:BACK_END`, `skip` or `fail`.
    pub fn parse(written: &str) -> Result<Self, String> {
        match (written, written.strip_prefix("create:")) {
            ("create", _) => Ok(Missing::Create(None)),
            ("skip", _) => Ok(Missing::Skip),
            ("fail", _) => Ok(Missing::Fail),
            (_, Some(name)) => BackEndName::parse(name)
                .map(|name| Missing::Create(Some(name)))
                .map_err(|why| format!("the back end {name:?} {}", why.detail)),
            _ => Err("must be create, create:BACK_END, skip or fail".to_owned()),
        }
    }

    /// As [`Missing::parse`], for customers, who have no back end.
    pub fn parse_of_customers(written: &str) -> Result<Self, String> {
        match Self::parse(written)? {
            Missing::Create(Some(_)) => Err("must be create, skip or fail; a customer has no back end".to_owned()),
            other => Ok(other),
        }
    }
}

/// Keys that differ only in case, of two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum SameKeys {
    /// The first row is loaded, the others are left out with their links
    First,
    /// All of them are left out with their links
    Skip,
    /// Nothing is loaded
    #[default]
    Fail,
}

/// Links that name a key in another case than its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OtherCase {
    /// They are loaded, and count
    Count,
    /// They are left out
    Skip,
    /// Nothing is loaded
    #[default]
    Fail,
}

/// Links that hold a permission type that the settings do not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum UnknownPermissions {
    /// The type is added to the settings, and the links count
    Configure,
    /// They are left out
    Skip,
    /// Nothing is loaded
    #[default]
    Fail,
}

/// Rows that never counted in the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum NeverCounted {
    /// They are left out
    Skip,
    /// Nothing is loaded
    #[default]
    Fail,
}

/// The name of the system that external ids are of.
pub fn source(written: &str) -> Result<Source, String> {
    Source::parse(written).map_err(|why| why.detail)
}

/// All that was decided.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The system that external ids are of.
    pub source: Source,
    /// Customer users with links and no row.
    pub missing_customer_users: Missing,
    /// Customer ids with links or customer users and no row.
    pub missing_customers: Missing,
    /// Two rows of one key.
    pub same_keys: SameKeys,
    /// Links in another case.
    pub other_case: OtherCase,
    /// Links with types that are not configured.
    pub unknown_permissions: UnknownPermissions,
    /// Rows that never counted.
    pub never_counted: NeverCounted,
    /// What exists here without an external id of the source.
    pub on_existing: OnExisting,
    /// Whether links that are here and not there are removed.
    pub remove_missing_links: bool,
    /// What the command line says of settings.
    pub settings: Vec<GivenSetting>,
}
