//! The facts, laid out for answering: entries by number, links sorted at both ends, look-up by key
//! and by external id.
//!
//! The index changes only by [`Index::apply`], at a cost in proportion to the change, and by
//! [`Index::take_in`], which does the same for the many facts that an index is built from. What it
//! holds depends on the changes alone and, within a revision, not on their order; but a removal
//! takes everything that was attached before it. A link may name something that does not exist
//! (yet): it is kept and grants nothing.

mod apply;
mod entry;
mod externals;
mod facts;
mod gathered;
mod links;
mod members;
mod names;
mod read;
mod reverse;
mod shared;

use std::collections::BTreeSet;

use entry::{BackEndEntry, CustomerEntry, CustomerUserEntry, GroupEntry, ServiceEntry};
pub use entry::{CustomerGrant, Grant};
use externals::Externals;
pub use gathered::Gathered;
use names::Names;
use shared::Entries;

use crate::directory::{PermissionSet, Settings};

/// What the directory says that bears on access, as of one revision. A clone shares everything with
/// the original and costs next to nothing; each pays for what it changes.
#[derive(Clone)]
pub struct Index {
    revision: u64,
    settings: Settings,
    /// Every configured permission type; kept beside the settings because each question asks.
    types: PermissionSet,
    customers: Entries<CustomerEntry>,
    customer_users: Entries<CustomerUserEntry>,
    groups: Entries<GroupEntry>,
    services: Entries<ServiceEntry>,
    back_ends: Entries<BackEndEntry>,
    /// By kind: the natural keys.
    names: [Names; 5],
    /// By kind: what other systems call the things.
    externals: [Externals; 5],
    /// By roll: the numbers on it.
    rolls: [BTreeSet<u32>; 3],
}

impl Default for Index {
    /// Nothing exists, and the settings are those of a fresh installation.
    fn default() -> Self {
        let settings = Settings::fresh();
        Self {
            revision: 0,
            types: settings.permission_types.all(),
            settings,
            customers: Entries::default(),
            customer_users: Entries::default(),
            groups: Entries::default(),
            services: Entries::default(),
            back_ends: Entries::default(),
            names: Default::default(),
            externals: Default::default(),
            rolls: Default::default(),
        }
    }
}

impl Index {
    /// The revision that the facts are of.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Says which revision the facts are of, once every change of it was applied.
    pub fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }
}
