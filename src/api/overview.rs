//! What a landing page shows.

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::reply::{self, Answer};
use super::state::{Api, At};
use super::views::Links;
use crate::access::Index;
use crate::access::overview::{Alone, BackEndCount, ByValidity, LinkCounts, Overview, overview};
use crate::directory::{Kind, Roll};

/// What there is, and what is to be done about what is missing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overview)]
pub struct OverviewView {
    /// Customers, by validity.
    pub customers: ValidityCounts,
    /// Customer users, by validity.
    pub customer_users: ValidityCounts,
    /// Groups, by validity.
    pub groups: ValidityCounts,
    /// Services, each by its own validity: one below an invalid one does not count all the same.
    pub services: ValidityCounts,
    /// The back ends, and whom groups restrict.
    pub back_ends: Vec<BackEndOverview>,
    /// Links.
    pub link_counts: LinkTotals,
    /// Default services.
    #[schema(example = 2)]
    pub default_services: u64,
    /// Groups that every customer has.
    #[schema(example = 0)]
    pub customer_always_groups: u64,
    /// Groups that every customer user has.
    #[schema(example = 1)]
    pub customer_user_always_groups: u64,
    /// Whether groups restrict anybody at all.
    pub group_support: GroupSupportOverview,
    /// What is missing or open, and what to do about it; empty where all is well.
    pub hints: Vec<Hint>,
}

/// How many there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValidityCounts {
    /// In all.
    #[schema(example = 3)]
    pub total: u64,
    /// Those that count (rule 1).
    #[schema(example = 2)]
    pub valid: u64,
    /// Those that do not.
    #[schema(example = 1)]
    pub invalid: u64,
    /// Those that do not for now.
    #[schema(example = 0)]
    pub invalid_temporarily: u64,
}

/// A back end, and how many come from it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BackEndOverview {
    /// The opaque id.
    #[schema(example = "b1")]
    pub id: String,
    /// The natural key.
    #[schema(example = "default")]
    pub name: String,
    /// Whether groups restrict its customer users; where not, each has every permission on every valid
    /// group (rule 4).
    #[schema(example = true)]
    pub restricted: bool,
    /// How many customer users come from it.
    #[schema(example = 3)]
    pub customer_users: u64,
    /// Where it is.
    pub links: Links,
}

/// How many links there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkTotals {
    /// Customers with groups: pairs, in whatever contexts.
    #[schema(example = 4)]
    pub customer_group_links: u64,
    /// Customer users with groups.
    #[schema(example = 7)]
    pub customer_user_group_links: u64,
    /// Customer users with services.
    #[schema(example = 2)]
    pub customer_user_service_links: u64,
    /// Customer users with additional customers.
    #[schema(example = 1)]
    pub customer_memberships: u64,
}

/// Whether groups restrict anybody.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupSupportOverview {
    /// Whether it is on globally.
    #[schema(example = true)]
    pub active: bool,
    /// Whether links to groups mean something: it is on, globally and for a back end at least.
    #[schema(example = true)]
    pub usable: bool,
    /// How many valid customer users no group restricts.
    #[schema(example = 0)]
    pub unrestricted_customer_users: u64,
}

/// Something that is missing or open.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hint {
    /// What it is, for programs: `group_support_off`, `back_end_unrestricted`, `no_customers`,
    /// `no_customer_users`, `no_services`, `no_default_services`, `customers_without_customer_users`,
    /// `customer_users_without_customer`, `groups_without_links`, `services_without_links`.
    #[schema(example = "no_services")]
    pub code: String,
    /// What it is and what to do, for people.
    #[schema(example = "There are no services. Create one, or import the catalogue.")]
    pub detail: String,
    /// How many things it is about.
    #[schema(example = 0)]
    pub count: u64,
    /// Where to do it: a path of this API.
    #[schema(example = "/v1/services")]
    pub path: String,
}

impl From<ByValidity> for ValidityCounts {
    fn from(ByValidity { valid, invalid, invalid_temporarily }: ByValidity) -> Self {
        Self {
            total: (valid + invalid + invalid_temporarily) as u64,
            valid: valid as u64,
            invalid: invalid as u64,
            invalid_temporarily: invalid_temporarily as u64,
        }
    }
}

impl From<LinkCounts> for LinkTotals {
    fn from(counts: LinkCounts) -> Self {
        Self {
            customer_group_links: counts.customer_groups as u64,
            customer_user_group_links: counts.customer_user_groups as u64,
            customer_user_service_links: counts.customer_user_services as u64,
            customer_memberships: counts.customer_memberships as u64,
        }
    }
}

/// Shows what there is, and what to do about what is missing.
///
/// Counted at one revision, over everything: meant for a landing page, not for every second.
#[utoipa::path(get, path = "/v1/overview", tag = "settings", responses((status = 200, description = "What there is.", body = OverviewView)))]
pub async fn get_overview(api: Api) -> Answer {
    let index = api.ask(|index| Ok(index.clone()))?;
    let counted = web::block(move || {
        let found = overview(&index.value);
        At { value: view(&api, &index.value, found), revision: index.revision }
    });
    Ok(reply::ok(counted.await.map_err(Problem::internal)?))
}

fn view(api: &Api, index: &Index, found: Overview) -> OverviewView {
    let hints = hints(api, index, &found);
    let active = index.settings().group_support;
    let unrestricted = |back_end: &&BackEndCount| !active || !back_end.group_support;
    let unrestricted: usize = found.back_ends.iter().filter(unrestricted).map(|it| it.valid_customer_users).sum();
    let listed = |roll: Roll| found.rolls[roll as usize] as u64;
    OverviewView {
        default_services: listed(Roll::DefaultServices),
        customer_always_groups: listed(Roll::CustomerAlwaysGroups),
        customer_user_always_groups: listed(Roll::CustomerUserAlwaysGroups),
        group_support: GroupSupportOverview {
            active,
            usable: active && found.back_ends.iter().any(|back_end| back_end.group_support),
            unrestricted_customer_users: unrestricted as u64,
        },
        back_ends: found.back_ends.iter().map(|back_end| of_back_end(api, index, back_end)).collect(),
        customers: found.customers.into(),
        customer_users: found.customer_users.into(),
        groups: found.groups.into(),
        services: found.services.into(),
        link_counts: found.links.into(),
        hints,
    }
}

fn of_back_end(api: &Api, index: &Index, back_end: &BackEndCount) -> BackEndOverview {
    BackEndOverview {
        id: back_end.back_end.to_string(),
        name: index.key(back_end.back_end).unwrap_or_default().to_owned(),
        restricted: back_end.group_support && index.settings().group_support,
        customer_users: back_end.customer_users as u64,
        links: Links::to(api, Kind::BackEnd, back_end.back_end.0),
    }
}

/// What is told if `count` says so: code, whether, count, what to do, where.
type Rule<'r> = (&'r str, bool, usize, String, &'r str);

fn hints(api: &Api, index: &Index, found: &Overview) -> Vec<Hint> {
    let all = |counts: ByValidity| counts.valid + counts.invalid + counts.invalid_temporarily;
    let (people, valid) = (all(found.customer_users), found.customer_users.valid);
    let Alone { customers, customer_users, groups, services } = found.alone;
    let has_services = all(found.services) > 0;
    let off = !index.settings().group_support;
    let rules: [Rule; 9] = [
        ("group_support_off", off, valid, format!("Group support is off, so each of {valid} valid customer users has every permission on every valid group. Turn it on in the settings; with dry_run=true you see first who would lose what."), "/v1/settings"),
        ("no_customers", all(found.customers) == 0, 0, "There are no customers. Create one, or import those of your CRM.".to_owned(), "/v1/customers"),
        ("no_customer_users", people == 0, 0, "There are no customer users. Create one, or import those of your CRM.".to_owned(), "/v1/customer-users"),
        ("no_services", !has_services, 0, "There are no services. Create one, or import the catalogue.".to_owned(), "/v1/services"),
        ("no_default_services", has_services && found.rolls[Roll::DefaultServices as usize] == 0, 0, "There are no default services: who has no service of their own has none. List the services that everybody is to have.".to_owned(), "/v1/default-services"),
        ("customers_without_customer_users", customers > 0, customers, format!("{customers} customers have no customer user, so their links give nobody anything."), "/v1/customers"),
        ("customer_users_without_customer", customer_users > 0, customer_users, format!("{customer_users} customer users have no customer, so they see no company's things. Give them one."), "/v1/customer-users"),
        ("groups_without_links", groups > 0, groups, format!("{groups} groups are linked to nobody. Link customers or customer users to them."), "/v1/groups"),
        ("services_without_links", services > 0, services, format!("{services} services are neither linked to anybody nor default services."), "/v1/services"),
    ];
    let hint = |(code, _, count, detail, path): Rule| Hint {
        code: code.to_owned(),
        detail,
        count: count as u64,
        path: api.path(path),
    };
    let mut hints: Vec<Hint> = rules.into_iter().filter(|rule| rule.1).map(hint).collect();
    let open =
        found.back_ends.iter().filter(|back_end| !off && !back_end.group_support && back_end.valid_customer_users > 0);
    hints.extend(open.map(|back_end| unrestricted(api, index, back_end)));
    hints
}

fn unrestricted(api: &Api, index: &Index, back_end: &BackEndCount) -> Hint {
    let (name, count) = (index.key(back_end.back_end).unwrap_or_default(), back_end.valid_customer_users);
    Hint {
        code: "back_end_unrestricted".to_owned(),
        detail: format!(
            "Groups do not restrict the {count} valid customer users of the back end {name:?}. Turn its group support on; with dry_run=true you see first who would lose what."
        ),
        count: count as u64,
        path: api.path_to(Kind::BackEnd, back_end.back_end.0),
    }
}
