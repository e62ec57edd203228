//! The four matrices of marks: customer users × services and customer users × additional customers,
//! from either side.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::answers::SourceView;
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
use crate::access::{Index, MemberCell, customer_user_service_cell, membership_cell};
use crate::directory::{
    Customer, CustomerNumber, CustomerUser, CustomerUserNumber, Number, Service, ServiceNumber, Validity,
};
use crate::plan::matrices::{self as plan, Counts, MarkDelta, MarkMatrix, StoredLinks, links_version, marks};
use crate::plan::{Plan, Refusal};
use crate::store::{Conn, LinksOf, Record, StoreError};

/// A matrix of marks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarkMatrix)]
pub struct MarkMatrixView {
    /// Whose links these are.
    pub subject: MatrixSubject,
    /// Changes only when a stored link of the subject does; the same on all pages. Send it back with a
    /// delta to be told (412) if it did.
    #[schema(example = "3c9e6b7d101c7ab02d44f05a")]
    pub links_version: String,
    /// What a save did; only in the reply to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<SaveCounts>,
    /// The rows, in order. After a save, those of the delta.
    pub items: Vec<MarkRow>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many rows the filters match in all; only with `total=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 57)]
    pub total: Option<u64>,
}

/// A row of a matrix of marks.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkRow {
    /// The opaque id.
    #[schema(example = "s5")]
    pub id: String,
    /// The natural key.
    #[schema(example = "IT::Network")]
    pub key: String,
    /// The name to show.
    #[schema(example = "IT::Network")]
    pub name: String,
    /// Whether it counts (rule 1).
    pub validity: Validity,
    /// Where it is, and where its own matrices are.
    pub links: Links,
    /// Whether there is a link.
    #[schema(example = true)]
    pub granted: bool,
    /// Whether it is so, for whatever reason: a default service, the primary customer.
    #[schema(example = true)]
    pub effective: bool,
    /// What makes it so, of services.
    pub sources: Vec<SourceView>,
    /// Whether a link changes nothing here for now. It can be made all the same.
    #[schema(example = false)]
    pub locked: bool,
    /// Why: `primary_customer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "primary_customer")]
    pub lock_reason: Option<String>,
}

screen!(ServicesOfCustomerUser: MarkMatrix of CustomerUser by Service);
screen!(CustomerUsersOfService: MarkMatrix of Service by CustomerUser);
screen!(CustomersOfCustomerUser: MarkMatrix of CustomerUser by Customer);
screen!(CustomerUsersOfCustomer: MarkMatrix of Customer by CustomerUser);

impl Matrix for MarkMatrix {
    type Delta = MarkDelta;
    type View = MarkMatrixView;

    fn cells(delta: &MarkDelta) -> usize {
        delta.cells.len()
    }

    fn links(self, conn: &mut Conn) -> Result<StoredLinks, StoreError> {
        self.stored(conn)
    }

    fn save(self, plan: &mut Plan, delta: &MarkDelta) -> Result<(Vec<u32>, Counts), Refusal> {
        plan::save_marks(plan, self, delta)
    }

    fn view<R: Shown>(
        self,
        api: &Api,
        index: &Index,
        subject: MatrixSubject,
        page: RecordPage<R>,
        counts: Option<SaveCounts>,
    ) -> MarkMatrixView {
        MarkMatrixView {
            subject,
            links_version: links_version(&stored(index, self)),
            counts,
            items: page.items.iter().map(|record| row(api, index, self, record)).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        }
    }

    fn version(view: &MarkMatrixView) -> &str {
        &view.links_version
    }
}

fn row<R: Shown>(api: &Api, index: &Index, matrix: MarkMatrix, record: &R) -> MarkRow {
    let (key, name, validity) = record.shown();
    let number: u32 = record.number().into();
    let cell = cell(index, matrix, number);
    MarkRow {
        id: record.number().id(),
        key,
        name,
        validity,
        links: Links::to(api, R::Number::KIND, number),
        granted: cell.granted,
        effective: cell.effective,
        sources: cell.sources.into_iter().map(|source| SourceView::of(index, source)).collect(),
        locked: cell.lock.is_some(),
        lock_reason: cell.lock.map(|lock| lock.as_str().to_owned()),
    }
}

fn cell(index: &Index, matrix: MarkMatrix, row: u32) -> MemberCell {
    match matrix {
        MarkMatrix::ServicesOfCustomerUser(user) => customer_user_service_cell(index, user, ServiceNumber(row)),
        MarkMatrix::CustomerUsersOfService(of) => customer_user_service_cell(index, CustomerUserNumber(row), of),
        MarkMatrix::CustomersOfCustomerUser(user) => membership_cell(index, user, CustomerNumber(row)),
        MarkMatrix::CustomerUsersOfCustomer(of) => membership_cell(index, CustomerUserNumber(row), of),
    }
}

/// The stored links as the index has them; the same list as the database's.
fn stored(index: &Index, matrix: MarkMatrix) -> StoredLinks {
    marks(match matrix {
        MarkMatrix::ServicesOfCustomerUser(user) => index.customer_user_services(user).iter().map(|s| s.0).collect(),
        MarkMatrix::CustomerUsersOfService(of) => index.customer_users_of_service(of, None).map(|u| u.0).collect(),
        MarkMatrix::CustomersOfCustomerUser(user) => {
            index.additional_customers(user).iter().map(|customer| customer.0).collect()
        }
        MarkMatrix::CustomerUsersOfCustomer(of) => {
            let additional = |user: &CustomerUserNumber| index.is_additional_customer(*user, of);
            index.customer_users_of_customer(of, None).filter(additional).map(|user| user.0).collect()
        }
    })
}

/// Reads and saves one matrix.
macro_rules! mark_routes {
    ($screen:ident, $path:literal, $tag:literal, $name:literal = $example:literal, $words:literal, $get:ident, $patch:ident) => {
        #[utoipa::path(get, path = $path, tag = $tag, summary = concat!("Reads the matrix of ", $words, "."), description = "Every row there is, page by page, with whether it is linked, whether it is effective anyway and why.", params(($name = String, Path, description = "The subject.", example = $example), MatrixParams), responses((status = 200, description = "A page of the matrix.", body = MarkMatrixView)))]
        pub async fn $get(api: Api, Named([named]): Named<1>, Query(params): Query<MatrixParams>) -> Answer {
            show::<$screen>(api, named, params).await
        }

        #[utoipa::path(patch, path = $path, tag = $tag, summary = concat!("Saves a delta of the matrix of ", $words, "."), description = "Each cell is marked or not, all of them or none. Rows that are not named are not touched, whatever page was shown. `If-Match` takes a `links_version` too.", params(($name = String, Path, description = "The subject.", example = $example)), request_body = MarkDelta, responses((status = 200, description = "The rows of the delta, as they are now.", body = MarkMatrixView)))]
        pub async fn $patch(write: Write, Named([named]): Named<1>, If(precondition): If, Body(delta): Body<MarkDelta>) -> Answer {
            save::<$screen>(write, named, delta, precondition).await
        }
    };
}

mark_routes!(
    ServicesOfCustomerUser,
    "/v1/customer-users/{customer_user}/service-matrix",
    "customer-users",
    "customer_user" = "jane",
    "the services of a customer user",
    get_customer_user_service_matrix,
    patch_customer_user_service_matrix
);
mark_routes!(
    CustomerUsersOfService,
    "/v1/services/{service}/customer-user-matrix",
    "services",
    "service" = "IT::Network",
    "the customer users of a service",
    get_service_customer_user_matrix,
    patch_service_customer_user_matrix
);
mark_routes!(
    CustomersOfCustomerUser,
    "/v1/customer-users/{customer_user}/customer-matrix",
    "customer-users",
    "customer_user" = "jane",
    "the additional customers of a customer user",
    get_customer_user_customer_matrix,
    patch_customer_user_customer_matrix
);
mark_routes!(
    CustomerUsersOfCustomer,
    "/v1/customers/{customer}/customer-user-matrix",
    "customers",
    "customer" = "acme",
    "the additional customer users of a customer",
    get_customer_customer_user_matrix,
    patch_customer_customer_user_matrix
);
