//! Saving a matrix: a delta of cells, each set to exactly what it says. Rows that are not named are
//! not touched, whatever page was shown.

use std::collections::HashSet;

use serde::Deserialize;
use utoipa::ToSchema;

use super::links::permission_set;
use super::{FieldError, Plan, Refusal};
use crate::directory::{
    Context, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUserGroupLink, CustomerUserNumber,
    CustomerUserServiceLink, Edit, GroupNumber, Invalid, Kind, PermissionName, PermissionSet, Reference, ServiceNumber,
    etag,
};
use crate::store::{self, Conn, LinksOf, StoreError};

/// A matrix of permissions, by its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantMatrix {
    /// The rows are groups.
    GroupsOfCustomer(CustomerNumber),
    /// The rows are customers.
    CustomersOfGroup(GroupNumber),
    /// The rows are groups.
    GroupsOfCustomerUser(CustomerUserNumber),
    /// The rows are customer users.
    CustomerUsersOfGroup(GroupNumber),
}

/// A matrix of marks, by its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkMatrix {
    /// The rows are services.
    ServicesOfCustomerUser(CustomerUserNumber),
    /// The rows are customer users.
    CustomerUsersOfService(ServiceNumber),
    /// The rows are customers, additional ones.
    CustomersOfCustomerUser(CustomerUserNumber),
    /// The rows are customer users, additional ones.
    CustomerUsersOfCustomer(CustomerNumber),
}

/// What stored links a matrix has: row, context, what is granted; in order.
pub type StoredLinks = Vec<(u32, Context, PermissionSet)>;

/// What changes only when a stored link of the subject changes.
pub fn links_version(links: &StoredLinks) -> String {
    etag(links)
}

/// A cell of permissions to set.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantCell {
    /// The row, by natural key, `id:…`, `external:…` or `key:…`.
    pub row: Reference,
    /// The context; of customers and groups alone.
    #[serde(default)]
    pub context: Context,
    /// Exactly these permission types; none of them removes the link.
    #[schema(example = json!(["ro"]))]
    pub permissions: Vec<PermissionName>,
    /// What the screen showed as granted; a cell that differs by now is a 409.
    #[schema(example = json!(["rw"]))]
    pub expected: Option<Vec<PermissionName>>,
}

/// A cell to mark or not.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkCell {
    /// The row, by natural key, `id:…`, `external:…` or `key:…`.
    pub row: Reference,
    /// Whether there is to be a link, or the row is to stand on the list.
    #[schema(example = true)]
    pub granted: bool,
    /// What the screen showed; a cell that differs by now is a 409.
    #[schema(example = false)]
    pub expected: Option<bool>,
}

/// A delta of permissions.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantDelta {
    /// The version of the matrix that was shown; a 412 if a link of the subject changed since.
    #[schema(example = "3c9e6b7d101c7ab02d44f05a")]
    pub links_version: Option<String>,
    /// The cells, each named once.
    pub cells: Vec<GrantCell>,
}

/// A delta of marks.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkDelta {
    /// The version of what was shown; a 412 if a link of the subject, or the list, changed since.
    #[schema(example = "3c9e6b7d101c7ab02d44f05a")]
    pub links_version: Option<String>,
    /// The cells, each named once.
    pub cells: Vec<MarkCell>,
}

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Links made.
    pub created: u64,
    /// Links that grant something else now.
    pub changed: u64,
    /// Links removed.
    pub removed: u64,
    /// Cells that were so already.
    pub unchanged: u64,
}

impl Counts {
    pub(super) fn count(&mut self, before: PermissionSet, after: PermissionSet) {
        match (before.is_empty(), after.is_empty()) {
            _ if before == after => self.unchanged += 1,
            (true, _) => self.created += 1,
            (_, true) => self.removed += 1,
            _ => self.changed += 1,
        }
    }
}

/// Saves a delta of permissions, all of it or nothing; gives the rows and what was done.
pub fn save_grants(plan: &mut Plan, matrix: GrantMatrix, delta: &GrantDelta) -> Result<(Vec<u32>, Counts), Refusal> {
    let stored = matrix.stored(plan.conn)?;
    is_current(&stored, delta.links_version.as_deref())?;
    let settings = plan.settings()?.clone();
    let types = &settings.permission_types;
    let (mut rows, mut seen, mut stale, mut counts) = (Vec::new(), HashSet::new(), Vec::new(), Counts::default());
    let named = named(plan, matrix.row_kind(), delta.cells.iter().map(|cell| &cell.row))?;
    for (index, (cell, row)) in delta.cells.iter().zip(named).enumerate() {
        let at = |member: &str| format!("/cells/{index}{member}");
        once(&mut seen, (row, cell.context), &at("/row"))?;
        let context = matrix.context(cell.context, &at("/context"))?;
        let after = permission_set(types, &cell.permissions, &at("/permissions"))?;
        let before = granted(&stored, row, context);
        let expected =
            cell.expected.as_ref().map(|names| permission_set(types, names, &at("/expected"))).transpose()?;
        if expected.is_some_and(|expected| expected != before) {
            stale.push(changed_meanwhile(at(""), &cell.row));
        }
        if !settings.is_on(context) && types.gives_more(before, after) {
            return Err(Refusal::ContextOff(context.as_str()));
        }
        counts.count(before, after);
        if before != after {
            plan.edit(matrix.edit(row, context, before, after));
        }
        rows.push(row);
    }
    none_stale(stale)?;
    Ok((distinct(rows), counts))
}

/// Saves a delta of marks, all of it or nothing; gives the rows and what was done.
pub fn save_marks(plan: &mut Plan, matrix: MarkMatrix, delta: &MarkDelta) -> Result<(Vec<u32>, Counts), Refusal> {
    let stored = matrix.stored(plan.conn)?;
    is_current(&stored, delta.links_version.as_deref())?;
    set_marks(plan, matrix.row_kind(), &stored, &delta.cells, |row, is| matrix.edit(row, is))
}

/// Marks rows of a kind or not, all of them or none; gives the rows and what was done.
pub(super) fn set_marks(
    plan: &mut Plan,
    kind: Kind,
    stored: &StoredLinks,
    cells: &[MarkCell],
    edit: impl Fn(u32, bool) -> Edit,
) -> Result<(Vec<u32>, Counts), Refusal> {
    let (mut rows, mut seen, mut stale, mut counts) = (Vec::new(), HashSet::new(), Vec::new(), Counts::default());
    let named = named(plan, kind, cells.iter().map(|cell| &cell.row))?;
    for (index, (cell, row)) in cells.iter().zip(named).enumerate() {
        let pointer = format!("/cells/{index}");
        once(&mut seen, (row, Context::SameCustomer), &format!("{pointer}/row"))?;
        let before = granted(stored, row, Context::SameCustomer);
        let after = if cell.granted { PermissionSet::RW } else { PermissionSet::EMPTY };
        if cell.expected.is_some_and(|expected| expected == before.is_empty()) {
            stale.push(changed_meanwhile(pointer, &cell.row));
        }
        counts.count(before, after);
        if before != after {
            plan.edit(edit(row, cell.granted));
        }
        rows.push(row);
    }
    none_stale(stale)?;
    Ok((distinct(rows), counts))
}

impl GrantMatrix {
    /// What its rows are.
    pub fn row_kind(self) -> Kind {
        match self {
            GrantMatrix::GroupsOfCustomer(_) | GrantMatrix::GroupsOfCustomerUser(_) => Kind::Group,
            GrantMatrix::CustomersOfGroup(_) => Kind::Customer,
            GrantMatrix::CustomerUsersOfGroup(_) => Kind::CustomerUser,
        }
    }

    /// Whether its cells have a context.
    pub fn has_contexts(self) -> bool {
        matches!(self, GrantMatrix::GroupsOfCustomer(_) | GrantMatrix::CustomersOfGroup(_))
    }

    fn context(self, named: Context, pointer: &str) -> Result<Context, Refusal> {
        if self.has_contexts() || named == Context::SameCustomer {
            return Ok(named);
        }
        Err(Refusal::at(pointer, "forbidden_value", "must be left out: a customer user's link has no context"))
    }

    /// Its stored links.
    pub fn stored(self, conn: &mut Conn) -> Result<StoredLinks, StoreError> {
        let of_customers = |links: Vec<CustomerGroupLink>, row: fn(&CustomerGroupLink) -> u32| {
            links.iter().map(|link| (row(link), link.context, link.permissions)).collect::<StoredLinks>()
        };
        let of_users = |links: Vec<CustomerUserGroupLink>, row: fn(&CustomerUserGroupLink) -> u32| {
            links.iter().map(|link| (row(link), Context::SameCustomer, link.permissions)).collect::<StoredLinks>()
        };
        let mut links = match self {
            GrantMatrix::GroupsOfCustomer(c) => {
                of_customers(store::customer_group_links(conn, LinksOf::Customer(c))?, |l| l.group.0)
            }
            GrantMatrix::CustomersOfGroup(g) => {
                of_customers(store::customer_group_links(conn, LinksOf::Group(g))?, |l| l.customer.0)
            }
            GrantMatrix::GroupsOfCustomerUser(u) => {
                of_users(store::customer_user_group_links(conn, LinksOf::CustomerUser(u))?, |l| l.group.0)
            }
            GrantMatrix::CustomerUsersOfGroup(g) => {
                of_users(store::customer_user_group_links(conn, LinksOf::Group(g))?, |l| l.customer_user.0)
            }
        };
        links.sort_unstable();
        Ok(links)
    }

    fn edit(self, row: u32, context: Context, before: PermissionSet, permissions: PermissionSet) -> Edit {
        let customer_group = |customer, group| Edit::CustomerGroupLink {
            before,
            link: CustomerGroupLink { customer, group, context, permissions },
        };
        let customer_user_group = |customer_user, group| Edit::CustomerUserGroupLink {
            before,
            link: CustomerUserGroupLink { customer_user, group, permissions },
        };
        match self {
            GrantMatrix::GroupsOfCustomer(customer) => customer_group(customer, GroupNumber(row)),
            GrantMatrix::CustomersOfGroup(group) => customer_group(CustomerNumber(row), group),
            GrantMatrix::GroupsOfCustomerUser(user) => customer_user_group(user, GroupNumber(row)),
            GrantMatrix::CustomerUsersOfGroup(group) => customer_user_group(CustomerUserNumber(row), group),
        }
    }
}

impl MarkMatrix {
    /// What its rows are.
    pub fn row_kind(self) -> Kind {
        match self {
            MarkMatrix::ServicesOfCustomerUser(_) => Kind::Service,
            MarkMatrix::CustomersOfCustomerUser(_) => Kind::Customer,
            MarkMatrix::CustomerUsersOfService(_) | MarkMatrix::CustomerUsersOfCustomer(_) => Kind::CustomerUser,
        }
    }

    /// Its stored links.
    pub fn stored(self, conn: &mut Conn) -> Result<StoredLinks, StoreError> {
        let rows: Vec<u32> = match self {
            MarkMatrix::ServicesOfCustomerUser(user) => {
                let links = store::customer_user_service_links(conn, LinksOf::CustomerUser(user))?;
                links.iter().map(|link| link.service.0).collect()
            }
            MarkMatrix::CustomerUsersOfService(service) => {
                let links = store::customer_user_service_links(conn, LinksOf::Service(service))?;
                links.iter().map(|link| link.customer_user.0).collect()
            }
            MarkMatrix::CustomersOfCustomerUser(user) => {
                let links = store::customer_memberships(conn, LinksOf::CustomerUser(user))?;
                links.iter().map(|link| link.customer.0).collect()
            }
            MarkMatrix::CustomerUsersOfCustomer(customer) => {
                let links = store::customer_memberships(conn, LinksOf::Customer(customer))?;
                links.iter().map(|link| link.customer_user.0).collect()
            }
        };
        Ok(marks(rows))
    }

    fn edit(self, row: u32, is: bool) -> Edit {
        let service = |customer_user, service| {
            Edit::CustomerUserServiceLink(CustomerUserServiceLink { customer_user, service, linked: is })
        };
        let membership = |customer_user, customer| {
            Edit::CustomerMembership(CustomerMembership { customer_user, customer, member: is })
        };
        match self {
            MarkMatrix::ServicesOfCustomerUser(user) => service(user, ServiceNumber(row)),
            MarkMatrix::CustomerUsersOfService(of) => service(CustomerUserNumber(row), of),
            MarkMatrix::CustomersOfCustomerUser(user) => membership(user, CustomerNumber(row)),
            MarkMatrix::CustomerUsersOfCustomer(of) => membership(CustomerUserNumber(row), of),
        }
    }
}

/// Marked rows, as stored links.
pub fn marks(mut rows: Vec<u32>) -> StoredLinks {
    rows.sort_unstable();
    rows.into_iter().map(|row| (row, Context::SameCustomer, PermissionSet::RW)).collect()
}

fn is_current(stored: &StoredLinks, shown: Option<&str>) -> Result<(), Refusal> {
    match shown {
        Some(shown) if shown != links_version(stored) => Err(Refusal::PreconditionFailed),
        _ => Ok(()),
    }
}

fn granted(stored: &StoredLinks, row: u32, context: Context) -> PermissionSet {
    let found = stored.binary_search_by_key(&(row, context), |(row, context, _)| (*row, *context));
    found.map_or(PermissionSet::EMPTY, |place| stored[place].2)
}

/// The rows of the cells; every one that does not exist is told at once.
fn named<'c>(plan: &mut Plan, kind: Kind, rows: impl Iterator<Item = &'c Reference>) -> Result<Vec<u32>, Refusal> {
    let (mut numbers, mut wrong) = (Vec::new(), Vec::new());
    for (index, row) in rows.enumerate() {
        match plan.known(kind, row)? {
            Some(number) => numbers.push(number),
            None => wrong.push(FieldError::nothing_named(format!("/cells/{index}/row"), kind, row)),
        }
    }
    if wrong.is_empty() { Ok(numbers) } else { Err(Refusal::Invalid(wrong)) }
}

fn once(seen: &mut HashSet<(u32, Context)>, cell: (u32, Context), pointer: &str) -> Result<(), Refusal> {
    if seen.insert(cell) {
        Ok(())
    } else {
        Err(Refusal::at(pointer, "duplicate", "is named twice; name each cell once"))
    }
}

fn changed_meanwhile(pointer: String, row: &Reference) -> FieldError {
    let detail = format!("the cell of {:?} is not what the screen showed", row.to_string());
    FieldError::new(pointer, Invalid::new("cell_changed", detail))
}

fn none_stale(stale: Vec<FieldError>) -> Result<(), Refusal> {
    if stale.is_empty() { Ok(()) } else { Err(Refusal::CellsChanged(stale)) }
}

fn distinct(mut rows: Vec<u32>) -> Vec<u32> {
    rows.sort_unstable();
    rows.dedup();
    rows
}
