//! What a customer user may see, and why. These are the rules; tests name them by number.
//!
//! 1. **Only valid things count.** A link, an always-group or a default that names something not
//!    valid is kept, and grants nothing until that thing is valid again. A service counts only if
//!    it and every ancestor of it is valid.
//! 2. **A customer user who is not valid has nothing**, and the answer says why. A login that is
//!    not known has nothing either, except, while the settings say so, the default services.
//! 3. **`rw` implies every permission type.** A link that holds `rw` holds just `rw`.
//! 4. **Groups.** A customer user has a permission on a valid group if one of these sources gives it:
//!    a link of the customer user; a link, in the context `same_customer`, of one of the valid
//!    customers of the customer user, primary or additional; the group is an always-group of
//!    customer users; it is an always-group of customers and the customer user has a valid
//!    customer. An always-group gives every permission type. Where group support is off, globally
//!    or for the back end of the customer user, every permission type on every valid group is
//!    given, and that is the only source.
//! 5. **Services.** A customer user who is linked to at least one service that counts has exactly
//!    those that count; anybody else has the default services that count. The answer lists the
//!    defaults that were suppressed.
//! 6. **A thing** (a ticket, say) lives in a group and may belong to a customer and a customer user.
//!    Doing something to it needs that permission on its group by rule 4, and one of these: it is
//!    the customer user's own; `company_access` is on and it belongs to one of the customer user's
//!    valid customers; or `company_access` and the context `other_customers` are on, group support
//!    is on for the customer user, and one of the valid customers is linked to the group with that
//!    permission in that context. That context widens which things; it never gives the group.
//!    An owner that is not known matches nobody.
//! 7. **All directions agree.** Who has a permission on a group, who has a service, what a customer
//!    user has, whether a customer user may do something, and which things that reaches are one
//!    relation, asked in different ways.
//! 8. **When in doubt, deny, and say why.** Every no carries its [`Reason`]s, every yes its
//!    [`Source`]s. Something that is named and not there grants nothing.
//!
//! The [`Index`] holds the facts and changes only by applying [`Change`](crate::directory::Change)s.
//! The functions of [`resolve`] are pure: an index and a question in, an answer out.
//!
//! This module must never know where the facts come from or who asks: no database, no HTTP, no
//! clock, no files, no threads. It uses [`crate::directory`] and data structures, nothing else, and
//! no other module holds a rule of access.

pub mod index;
pub mod overview;
pub mod preview;
pub mod resolve;

pub use index::{CustomerGrant, Gathered, Grant, Index};
pub use preview::{Difference, DifferenceCounts, Gains, Preview, Warning, warnings};
pub use resolve::{
    Basis, CustomerOf, Decision, Effective, EffectiveGroup, EffectiveServices, GroupHolder, GroupPermission,
    GroupPermissions, HeldGroup, Lock, MemberCell, Owner, Page, PermissionCell, Reason, ServiceHolder, Source,
    ThingFilter, ThingsOfGroup, check_group, check_service, customer_group_cell, customer_user_group_cell,
    customer_user_service_cell, effective, effective_services, group_sources, may, may_service, membership_cell,
    services_of_unknown, thing_filter, who_has_permission, who_has_service,
};
