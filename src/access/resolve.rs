//! An index and a question in, an answer out. Nothing here keeps or changes anything.
//!
//! All the questions about groups go through one function (`each_source`), all about
//! services through another, so that no two directions can disagree (rule 7).

mod cell;
mod effective;
mod filter;
mod group;
mod holdings;
mod reason;
mod service;
mod source;
mod thing;
mod who;

pub use cell::{
    Lock, MemberCell, PermissionCell, customer_group_cell, customer_user_group_cell, customer_user_service_cell,
    membership_cell,
};
pub use effective::{CustomerOf, Effective, EffectiveGroup, GroupPermission, GroupPermissions, effective};
pub use filter::{ThingFilter, ThingsOfGroup, thing_filter};
pub use group::{check_group, group_sources, may};
pub use holdings::{HeldGroup, Holdings, Looked, holdings};
pub use reason::Reason;
pub use service::{Basis, EffectiveServices, check_service, effective_services, may_service, services_of_unknown};
pub use source::{Decision, Source};
pub use thing::Owner;
pub use who::{GroupHolder, Page, ServiceHolder, who_has_permission, who_has_service};
