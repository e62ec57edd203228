//! What a write would do, as a reply shows it: the access diff, counts first, and the warnings.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::views::{CustomerRef, CustomerUserRef, GroupRef, ServiceRef};
use crate::access::{Difference, DifferenceCounts, Gains, Index, Preview, Warning};
use crate::directory::{CustomerUserNumber, Delta, Edit, PermissionName, PermissionSet, Thing};

/// The most customer users that a warning names.
const NAMED: usize = 100;

/// A reply to a write: what it left, with what else is to be said.
#[derive(Serialize)]
pub struct Outcome<V> {
    /// What it left.
    #[serde(flatten)]
    pub body: Option<V>,
    /// What it does besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<WarningView>,
    /// What it would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<PreviewView>,
}

/// The reply to the dry run of a write that leaves nothing to be shown: what [`Outcome`] is then.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is for the document alone")]
pub struct DryRun {
    /// What the write would do.
    pub preview: PreviewView,
}

/// What a write would do, upon the revision that the reply names. Nothing of it was kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview, example = json!({
    "status": 204,
    "writes": [{"what": "customer_user_group_links", "created": 0, "changed": 0, "removed": 1}],
    "counts": {"customer_users": 1, "gaining": 0, "losing": 1, "permissions_gained": 0, "permissions_lost": 1, "services_gained": 0, "services_lost": 0},
    "warnings": [],
    "items": [{
        "customer_user": {"id": "u7", "login": "jane"},
        "gained": {"groups": [], "customers": [], "services": []},
        "lost": {"groups": [{"group": {"id": "g3", "name": "support"}, "permissions": ["ro"], "all_customers": []}], "customers": [], "services": []}
    }]
}))]
pub struct PreviewView {
    /// The status that the write itself would reply with.
    #[schema(example = 200)]
    pub status: u16,
    /// What it would write, by kind; nothing where it changes nothing.
    pub writes: Vec<WriteCount>,
    /// How much access would change; on the first page alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<AccessDiffCounts>,
    /// What the write would do besides; the write itself says it too.
    pub warnings: Vec<WarningView>,
    /// Each customer user who would gain or lose something, in the order of their ids.
    pub items: Vec<AccessDifference>,
    /// Send the same request with it as `preview_cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// How many things of a kind a write would create, change and remove.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct WriteCount {
    /// Of what kind.
    #[schema(example = "customer_group_links")]
    pub what: String,
    /// How many would be created.
    #[schema(example = 1)]
    pub created: u64,
    /// How many would be changed.
    #[schema(example = 0)]
    pub changed: u64,
    /// How many would be removed.
    #[schema(example = 0)]
    pub removed: u64,
}

/// How much access would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessDiffCounts {
    /// Customer users for whom something would change.
    #[schema(example = 1)]
    pub customer_users: u64,
    /// Those of them who would gain something.
    #[schema(example = 1)]
    pub gaining: u64,
    /// Those of them who would lose something.
    #[schema(example = 0)]
    pub losing: u64,
    /// Permissions gained: one for each customer user, group and permission type.
    #[schema(example = 1)]
    pub permissions_gained: u64,
    /// Permissions lost, likewise.
    #[schema(example = 0)]
    pub permissions_lost: u64,
    /// Services gained: one for each customer user and service.
    #[schema(example = 0)]
    pub services_gained: u64,
    /// Services lost, likewise.
    #[schema(example = 0)]
    pub services_lost: u64,
}

/// What would change for one customer user.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessDifference {
    /// Who.
    pub customer_user: CustomerUserRef,
    /// What they would have that they have not.
    pub gained: AccessGains,
    /// What they have and would not have any more.
    pub lost: AccessGains,
}

/// What a customer user would gain, or lose.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessGains {
    /// Permissions on groups (rule 4), by the groups' ids.
    pub groups: Vec<GroupGain>,
    /// Customers whose things are reached (rule 6).
    pub customers: Vec<CustomerRef>,
    /// Services (rule 5).
    pub services: Vec<ServiceRef>,
}

/// What a customer user would gain, or lose, in a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupGain {
    /// The group.
    pub group: GroupRef,
    /// The permissions, expanded.
    #[schema(example = json!(["ro"]))]
    pub permissions: Vec<PermissionName>,
    /// The permissions by which things of all customers are reached (rule 6).
    #[schema(example = json!([]))]
    pub all_customers: Vec<PermissionName>,
}

/// Something that a write does besides what it says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Warning)]
pub struct WarningView {
    /// What it is, for programs: `default_services_suppressed` (rule 5), `group_support_off` (rule 4).
    #[schema(example = "default_services_suppressed")]
    pub code: String,
    /// What it is, for people.
    #[schema(example = "1 customer user has a service of their own now, and the default services no longer.")]
    pub detail: String,
    /// How many customer users it is about.
    #[schema(example = 1)]
    pub count: u64,
    /// With `default_services_suppressed`: the customer users, the first 100 of them.
    pub items: Vec<SuppressedDefaults>,
}

/// The default services that a customer user has no longer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressedDefaults {
    /// Who.
    pub customer_user: CustomerUserRef,
    /// Which.
    pub services: Vec<ServiceRef>,
}

impl PreviewView {
    /// The page after a customer user, and the last one on it if there are more.
    pub fn new(
        preview: &Preview,
        edits: &[Edit],
        after: Option<u64>,
        limit: usize,
    ) -> (Self, Option<CustomerUserNumber>) {
        let after = after.map(|number| CustomerUserNumber(u32::try_from(number).unwrap_or(u32::MAX)));
        let mut differences = preview.differences(after);
        let items: Vec<Difference> = differences.by_ref().take(limit).collect();
        let mut next = differences.next();
        let more = next.is_some();
        let counts = after.is_none().then(|| {
            let mut counts = DifferenceCounts::default();
            items.iter().for_each(|difference| counts.add(difference));
            next.take().into_iter().chain(differences).for_each(|difference| counts.add(&difference));
            counts.into()
        });
        let last = items.last().map(|difference| difference.customer_user).filter(|_| more);
        let items = items.into_iter().map(|difference| AccessDifference::of(preview, difference)).collect();
        let writes = writes(edits);
        (Self { status: 200, writes, counts, warnings: Vec::new(), items, next_cursor: None }, last)
    }
}

impl From<DifferenceCounts> for AccessDiffCounts {
    fn from(counts: DifferenceCounts) -> Self {
        Self {
            customer_users: counts.customer_users,
            gaining: counts.gaining,
            losing: counts.losing,
            permissions_gained: counts.permissions_gained,
            permissions_lost: counts.permissions_lost,
            services_gained: counts.services_gained,
            services_lost: counts.services_lost,
        }
    }
}

/// Things by name, as they would be, or as they are where they would not be any more.
struct Names<'p>(&'p Preview);

impl Names<'_> {
    fn of(&self, thing: impl Into<Thing>) -> &Index {
        if self.0.after().exists(thing) { self.0.after() } else { self.0.before() }
    }
}

impl AccessDifference {
    /// What would change for whom, as replies show it.
    pub fn of(preview: &Preview, difference: Difference) -> Self {
        let customer_user = difference.customer_user;
        Self {
            customer_user: CustomerUserRef::of(Names(preview).of(customer_user), customer_user),
            gained: AccessGains::of(preview, preview.after(), difference.gained),
            lost: AccessGains::of(preview, preview.before(), difference.lost),
        }
    }
}

impl AccessGains {
    /// `types` has the permission types by their names.
    fn of(preview: &Preview, types: &Index, gains: Gains) -> Self {
        let names = Names(preview);
        let permissions = |set: PermissionSet| types.settings().permission_types.names(set);
        let group = |held: crate::access::HeldGroup| GroupGain {
            group: GroupRef::of(names.of(held.group), held.group),
            permissions: permissions(held.permissions),
            all_customers: permissions(held.all_customers),
        };
        Self {
            groups: gains.groups.into_iter().map(group).collect(),
            customers: gains.customers.into_iter().map(|it| CustomerRef::of(names.of(it), it)).collect(),
            services: gains.services.into_iter().map(|it| ServiceRef::of(names.of(it), it)).collect(),
        }
    }
}

/// What the edits write, by kind.
fn writes(edits: &[Edit]) -> Vec<WriteCount> {
    let mut counts: BTreeMap<&'static str, WriteCount> = BTreeMap::new();
    for edit in edits {
        let (what, was, is) = kind_of(edit);
        let count = counts.entry(what).or_insert_with(|| WriteCount { what: what.to_owned(), ..WriteCount::default() });
        match (was, is) {
            (false, _) => count.created += 1,
            (true, true) => count.changed += 1,
            (true, false) => count.removed += 1,
        }
    }
    counts.into_values().collect()
}

/// What an edit is of, whether that was there, and whether it will be.
fn kind_of(edit: &Edit) -> (&'static str, bool, bool) {
    fn of<T>(what: &'static str, delta: &Delta<T>) -> (&'static str, bool, bool) {
        (what, delta.before().is_some(), delta.after().is_some())
    }
    let granted = |before: PermissionSet, after: PermissionSet| (!before.is_empty(), !after.is_empty());
    match edit {
        Edit::Customer(delta) => of("customers", delta),
        Edit::CustomerUser(delta) => of("customer_users", delta),
        Edit::Group(delta) => of("groups", delta),
        Edit::Service(delta) => of("services", delta),
        Edit::BackEnd(delta) => of("back_ends", delta),
        Edit::Settings(delta) => of("settings", delta),
        Edit::ExternalId { present, .. } => ("external_ids", !present, *present),
        Edit::CustomerGroupLink { before, link } => {
            let (was, is) = granted(*before, link.permissions);
            ("customer_group_links", was, is)
        }
        Edit::CustomerUserGroupLink { before, link } => {
            let (was, is) = granted(*before, link.permissions);
            ("customer_user_group_links", was, is)
        }
        Edit::CustomerUserServiceLink(link) => ("customer_user_service_links", !link.linked, link.linked),
        Edit::CustomerMembership(membership) => ("customer_memberships", !membership.member, membership.member),
        Edit::Roll { roll, listed, .. } => (roll.as_str(), !listed, *listed),
    }
}

impl WarningView {
    /// The warnings, those of one kind together.
    pub fn all(index: &Index, warnings: &[Warning]) -> Vec<Self> {
        let mut views: Vec<Self> =
            warnings.iter().filter_map(|warning| Self::of_group_support(index, warning)).collect();
        let suppressed = warnings.iter().filter_map(|warning| match warning {
            Warning::DefaultServicesSuppressed { customer_user, services } => Some((*customer_user, services)),
            Warning::GroupSupportOff { .. } => None,
        });
        let count = suppressed.clone().count();
        if count > 0 {
            let view = |(customer_user, services): (CustomerUserNumber, &Vec<_>)| SuppressedDefaults {
                customer_user: CustomerUserRef::of(index, customer_user),
                services: services.iter().map(|service| ServiceRef::of(index, *service)).collect(),
            };
            let have = if count == 1 { "customer user has" } else { "customer users have" };
            views.push(Self {
                code: "default_services_suppressed".to_owned(),
                detail: format!("{count} {have} a service of their own now, and the default services no longer."),
                count: count as u64,
                items: suppressed.take(NAMED).map(view).collect(),
            });
        }
        views
    }

    fn of_group_support(index: &Index, warning: &Warning) -> Option<Self> {
        let Warning::GroupSupportOff { back_end, customer_users: count } = warning else { return None };
        let have = if *count == 1 { "customer user has" } else { "customer users have" };
        let whom = back_end.and_then(|back_end| index.key(back_end)).map(|name| format!(" of the back end {name:?}"));
        Some(Self {
            code: "group_support_off".to_owned(),
            detail: format!(
                "Groups restrict nobody{}: {count} {have} every permission on every valid group.",
                whom.unwrap_or_default()
            ),
            count: *count as u64,
            items: Vec::new(),
        })
    }
}
