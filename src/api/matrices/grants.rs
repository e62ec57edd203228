//! The four matrices of permissions: customers × groups and customer users × groups, from either side.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::answers::{GroupSupportState, SourceView};
use super::super::body::Body;
use super::super::lists::{Query, RecordPage};
use super::super::named::Named;
use super::super::reply::{Answer, If};
use super::super::state::Api;
use super::super::views::Links;
use super::super::write::Write;
use super::rows::Shown;
use super::screen::{Matrix, Screen, save, screen, show};
use super::{MatrixParams, MatrixSubject, SaveCounts};
use crate::access::{Index, PermissionCell, customer_group_cell, customer_user_group_cell};
use crate::directory::{
    Context, Customer, CustomerNumber, CustomerUser, CustomerUserNumber, Group, GroupNumber, Number, PermissionName,
    PermissionSet, Text, Validity,
};
use crate::plan::matrices::{self as plan, Counts, GrantDelta, GrantMatrix, StoredLinks, links_version};
use crate::plan::{Plan, Refusal};
use crate::store::{Conn, LinksOf, Record, StoreError};

/// A matrix of permissions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantMatrix)]
pub struct GrantMatrixView {
    /// Whose links these are.
    pub subject: MatrixSubject,
    /// The columns, in order.
    pub columns: Vec<GrantColumn>,
    /// Whether groups restrict anybody: of a customer user, this one.
    pub group_support: GroupSupportState,
    /// Changes only when a stored link of the subject does; the same on all pages. Send it back with a
    /// delta to be told (412) if it did.
    #[schema(example = "3c9e6b7d101c7ab02d44f05a")]
    pub links_version: String,
    /// What a save did; only in the reply to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<SaveCounts>,
    /// The rows, in order. After a save, those of the delta.
    pub items: Vec<GrantRow>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many rows the filters match in all; only with `total=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 57)]
    pub total: Option<u64>,
}

/// A column of a matrix of permissions.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantColumn {
    /// The context; absent where links have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The permission type.
    pub permission: PermissionName,
    /// Whether the context is on. New grants in one that is off are a 409 `context_off`.
    #[schema(example = true)]
    pub enabled: bool,
    /// What a screen calls the permission type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// What a screen says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
}

/// A row of a matrix of permissions.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantRow {
    /// The opaque id.
    #[schema(example = "g3")]
    pub id: String,
    /// The natural key.
    #[schema(example = "support")]
    pub key: String,
    /// The name to show.
    #[schema(example = "support")]
    pub name: String,
    /// Whether it counts (rule 1).
    pub validity: Validity,
    /// Where it is, and where its own matrices are.
    pub links: Links,
    /// One cell for each context, or one where links have none.
    pub cells: Vec<GrantCellView>,
}

/// A cell: what is granted in a context, what is effective, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantCellState)]
pub struct GrantCellView {
    /// The context; absent where links have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// What the link grants, as it was granted: `rw` alone stands for every type.
    #[schema(example = json!(["rw"]))]
    pub granted: Vec<PermissionName>,
    /// What is effective, expanded, for whatever reason.
    #[schema(example = json!(["ro", "rw"]))]
    pub effective: Vec<PermissionName>,
    /// What makes it so.
    pub sources: Vec<SourceView>,
    /// Whether a link changes nothing here for now. It can be made all the same.
    #[schema(example = false)]
    pub locked: bool,
    /// Why: `group_support_off`, `customer_user_always_group`, `customer_always_group`, `context_off`,
    /// `company_access_off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "group_support_off")]
    pub lock_reason: Option<String>,
}

screen!(GroupsOfCustomer: GrantMatrix of Customer by Group);
screen!(CustomersOfGroup: GrantMatrix of Group by Customer);
screen!(GroupsOfCustomerUser: GrantMatrix of CustomerUser by Group);
screen!(CustomerUsersOfGroup: GrantMatrix of Group by CustomerUser);

impl Matrix for GrantMatrix {
    type Delta = GrantDelta;
    type View = GrantMatrixView;

    fn cells(delta: &GrantDelta) -> usize {
        delta.cells.len()
    }

    fn links(self, conn: &mut Conn) -> Result<StoredLinks, StoreError> {
        self.stored(conn)
    }

    fn save(self, plan: &mut Plan, delta: &GrantDelta) -> Result<(Vec<u32>, Counts), Refusal> {
        plan::save_grants(plan, self, delta)
    }

    fn view<R: Shown>(
        self,
        api: &Api,
        index: &Index,
        subject: MatrixSubject,
        page: RecordPage<R>,
        counts: Option<SaveCounts>,
    ) -> GrantMatrixView {
        GrantMatrixView {
            subject,
            columns: columns(index, self),
            group_support: GroupSupportState { active: group_support(index, self) },
            links_version: links_version(&stored(index, self)),
            counts,
            items: page.items.iter().map(|record| row(api, index, self, record)).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        }
    }

    fn version(view: &GrantMatrixView) -> &str {
        &view.links_version
    }
}

fn group_support(index: &Index, matrix: GrantMatrix) -> bool {
    match matrix {
        GrantMatrix::GroupsOfCustomerUser(customer_user) => index.group_support(customer_user),
        _ => index.settings().group_support,
    }
}

fn contexts(matrix: GrantMatrix) -> &'static [Context] {
    if matrix.has_contexts() { &Context::ALL } else { &[Context::SameCustomer] }
}

fn columns(index: &Index, matrix: GrantMatrix) -> Vec<GrantColumn> {
    let settings = index.settings();
    let column = |context: Context| {
        settings.permission_types.0.iter().map(move |permission_type| GrantColumn {
            context: matrix.has_contexts().then_some(context),
            permission: permission_type.name.clone(),
            enabled: settings.is_on(context),
            label: permission_type.label.clone(),
            description: permission_type.description.clone(),
        })
    };
    contexts(matrix).iter().flat_map(|context| column(*context)).collect()
}

fn row<R: Shown>(api: &Api, index: &Index, matrix: GrantMatrix, record: &R) -> GrantRow {
    let (key, name, validity) = record.shown();
    let number: u32 = record.number().into();
    let cells = contexts(matrix).iter().map(|context| {
        let context = *context;
        view(index, matrix.has_contexts().then_some(context), cell(index, matrix, number, context))
    });
    GrantRow {
        id: record.number().id(),
        key,
        name,
        validity,
        links: Links::to(api, R::Number::KIND, number),
        cells: cells.collect(),
    }
}

fn cell(index: &Index, matrix: GrantMatrix, row: u32, context: Context) -> PermissionCell {
    match matrix {
        GrantMatrix::GroupsOfCustomer(customer) => customer_group_cell(index, customer, GroupNumber(row), context),
        GrantMatrix::CustomersOfGroup(group) => customer_group_cell(index, CustomerNumber(row), group, context),
        GrantMatrix::GroupsOfCustomerUser(user) => customer_user_group_cell(index, user, GroupNumber(row)),
        GrantMatrix::CustomerUsersOfGroup(group) => customer_user_group_cell(index, CustomerUserNumber(row), group),
    }
}

fn view(index: &Index, context: Option<Context>, cell: PermissionCell) -> GrantCellView {
    let names = |set: PermissionSet| index.settings().permission_types.names(set);
    GrantCellView {
        context,
        granted: names(cell.granted),
        effective: names(cell.effective),
        sources: cell.sources.into_iter().map(|source| SourceView::of(index, source)).collect(),
        locked: cell.lock.is_some(),
        lock_reason: cell.lock.map(|lock| lock.as_str().to_owned()),
    }
}

/// The stored links as the index has them; the same list as the database's.
fn stored(index: &Index, matrix: GrantMatrix) -> StoredLinks {
    let both = |row: u32, customer, group| {
        Context::ALL.map(|context| (row, context, index.customer_group(customer, group, context)))
    };
    let links: Vec<_> = match matrix {
        GrantMatrix::GroupsOfCustomer(customer) => index
            .customer_groups(customer)
            .iter()
            .flat_map(|grant| both(grant.group.0, customer, grant.group))
            .collect(),
        GrantMatrix::CustomersOfGroup(group) => {
            index.customers_of_group(group, None).flat_map(|customer| both(customer.0, customer, group)).collect()
        }
        GrantMatrix::GroupsOfCustomerUser(user) => {
            let grants = index.customer_user_groups(user).iter();
            grants.map(|grant| (grant.group.0, Context::SameCustomer, grant.permissions)).collect()
        }
        GrantMatrix::CustomerUsersOfGroup(group) => {
            let granted = |user: CustomerUserNumber| index.customer_user_group(user, group);
            index.customer_users_of_group(group, None).map(|u| (u.0, Context::SameCustomer, granted(u))).collect()
        }
    };
    let mut links: StoredLinks = links.into_iter().filter(|(.., set)| !set.is_empty()).collect();
    links.sort_unstable();
    links
}

/// Reads and saves one matrix.
macro_rules! grant_routes {
    ($screen:ident, $path:literal, $tag:literal, $name:literal = $example:literal, $words:literal, $get:ident, $patch:ident) => {
        #[utoipa::path(get, path = $path, tag = $tag, summary = concat!("Reads the matrix of ", $words, "."), description = "Every row there is, page by page, with what is granted, what is effective anyway and why.", params(($name = String, Path, description = "The subject.", example = $example), MatrixParams), responses((status = 200, description = "A page of the matrix.", body = GrantMatrixView)))]
        pub async fn $get(api: Api, Named([named]): Named<1>, Query(params): Query<MatrixParams>) -> Answer {
            show::<$screen>(api, named, params).await
        }

        #[utoipa::path(patch, path = $path, tag = $tag, summary = concat!("Saves a delta of the matrix of ", $words, "."), description = "Each cell is set to exactly the given permissions, all of them or none. Rows that are not named are not touched, whatever page was shown. `If-Match` takes a `links_version` too.", params(($name = String, Path, description = "The subject.", example = $example)), request_body = GrantDelta, responses((status = 200, description = "The rows of the delta, as they are now.", body = GrantMatrixView)))]
        pub async fn $patch(write: Write, Named([named]): Named<1>, If(precondition): If, Body(delta): Body<GrantDelta>) -> Answer {
            save::<$screen>(write, named, delta, precondition).await
        }
    };
}

grant_routes!(
    GroupsOfCustomer,
    "/v1/customers/{customer}/group-matrix",
    "customers",
    "customer" = "acme",
    "the groups of a customer",
    get_customer_group_matrix,
    patch_customer_group_matrix
);
grant_routes!(
    CustomersOfGroup,
    "/v1/groups/{group}/customer-matrix",
    "groups",
    "group" = "support",
    "the customers of a group",
    get_group_customer_matrix,
    patch_group_customer_matrix
);
grant_routes!(
    GroupsOfCustomerUser,
    "/v1/customer-users/{customer_user}/group-matrix",
    "customer-users",
    "customer_user" = "jane",
    "the groups of a customer user",
    get_customer_user_group_matrix,
    patch_customer_user_group_matrix
);
grant_routes!(
    CustomerUsersOfGroup,
    "/v1/groups/{group}/customer-user-matrix",
    "groups",
    "group" = "support",
    "the customer users of a group",
    get_group_customer_user_matrix,
    patch_group_customer_user_matrix
);
