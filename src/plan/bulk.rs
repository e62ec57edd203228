//! Bulk writes: the links of every pair of two selections, in one write. Pairs that are so already make
//! no edit.

use super::links::{each_permission, permission_set};
use super::matrices::Counts;
use super::selection::Selection;
use super::{Plan, Refusal};
use crate::directory::{
    Context, CustomerGroupLink, CustomerMembership, CustomerNumber, CustomerUserGroupLink, CustomerUserNumber,
    CustomerUserServiceLink, Edit, GroupNumber, Kind, PermissionName, PermissionSet, PermissionTypes, ServiceNumber,
};
use crate::store::{self, Conn, Pairs, StoreError};

/// Which links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Customer ↔ group, in a context.
    CustomerGroup(Context),
    /// Customer user ↔ group.
    CustomerUserGroup,
    /// Customer user ↔ service.
    CustomerUserService,
    /// Customer user ↔ additional customer.
    CustomerMembership,
}

/// What is to become of each link.
#[derive(Debug, Clone)]
pub enum Act {
    /// It gives these types, whatever else it gives.
    Grant(Vec<PermissionName>),
    /// It gives none of these types, and keeps what else it gives but for `rw`.
    Revoke(Vec<PermissionName>),
    /// It grants exactly these types; none of them removes it.
    Set(Vec<PermissionName>),
    /// It is there, or it is not.
    Mark(bool),
}

/// A bulk write.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// Of which links.
    pub relation: Relation,
    /// Between which things, in the order of the relation.
    pub sides: [Selection; 2],
    /// What is to become of them.
    pub act: Act,
    /// How many things the one filter is to match.
    pub expected_matches: Option<u64>,
    /// The most cells.
    pub max_cells: u64,
}

/// What a bulk write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// By what became of the links.
    pub counts: Counts,
    /// How many things each side has.
    pub matches: [u64; 2],
}

/// What is to become of a link, as sets of types.
#[derive(Clone, Copy)]
enum Step {
    Grant(PermissionSet),
    Revoke(PermissionSet),
    Set(PermissionSet),
}

/// Writes the links of every pair, all of them or none.
pub fn write(plan: &mut Plan, bulk: &Bulk) -> Result<Done, Refusal> {
    let settings = plan.settings()?.clone();
    let types = &settings.permission_types;
    let step = bulk.act.step(types)?;
    let (first, second) = (bulk.side(plan, 0)?, bulk.side(plan, 1)?);
    let matches = [first.len() as u64, second.len() as u64];
    bulk.is_small_enough(matches)?;
    let stored = bulk.relation.stored(plan.conn, &first, &second)?;
    let takes_grants = settings.is_on(bulk.relation.context());
    let mut counts = Counts::default();
    for one in first {
        for other in second.iter().copied() {
            let before = stored.get(&(one, other)).copied().unwrap_or_default();
            let after = step.after(types, before);
            if !takes_grants && types.gives_more(before, after) {
                return Err(Refusal::ContextOff(bulk.relation.context().as_str()));
            }
            counts.count(before, after);
            if before != after {
                plan.edit(bulk.relation.edit((one, other), before, after));
            }
        }
    }
    Ok(Done { counts, matches })
}

impl Bulk {
    /// The things of one side.
    fn side(&self, plan: &mut Plan, side: usize) -> Result<Vec<u32>, Refusal> {
        let (kind, selection) = (self.relation.kinds()[side], &self.sides[side]);
        let numbers = selection.numbers(plan, kind, &format!("/{}", kind.member()))?;
        let found = numbers.len() as u64;
        match (selection, self.expected_matches) {
            (Selection::Filter(_), Some(expected)) if expected != found => {
                Err(Refusal::MatchesChanged { kind, expected, found })
            }
            _ => Ok(numbers),
        }
    }

    fn is_small_enough(&self, matches: [u64; 2]) -> Result<(), Refusal> {
        let (cells, most) = (matches[0].saturating_mul(matches[1]), self.max_cells);
        if cells <= most {
            return Ok(());
        }
        let [first, second] = self.relation.kinds();
        let detail = format!(
            "is about {} {first}s times {} {second}s, {cells} cells; at most {most} (MAX_CELLS) go in one call: narrow a \
             selection, or make several calls",
            matches[0], matches[1],
        );
        Err(Refusal::at("", "too_many", detail))
    }
}

impl Act {
    fn step(&self, types: &PermissionTypes) -> Result<Step, Refusal> {
        Ok(match self {
            Act::Grant(names) => Step::Grant(permission_set(types, names, "/grant")?),
            Act::Revoke(names) => Step::Revoke(each_permission(types, names, "/revoke")?),
            Act::Set(names) => Step::Set(permission_set(types, names, "/set")?),
            Act::Mark(is) => Step::Set(PermissionSet::marked(*is)),
        })
    }
}

impl Step {
    fn after(self, types: &PermissionTypes, before: PermissionSet) -> PermissionSet {
        match self {
            Step::Grant(granted) => before.granting(granted),
            Step::Revoke(revoked) => types.revoking(before, revoked),
            Step::Set(exactly) => exactly,
        }
    }
}

impl Relation {
    /// What its links are between.
    pub fn kinds(self) -> [Kind; 2] {
        match self {
            Relation::CustomerGroup(_) => [Kind::Customer, Kind::Group],
            Relation::CustomerUserGroup => [Kind::CustomerUser, Kind::Group],
            Relation::CustomerUserService => [Kind::CustomerUser, Kind::Service],
            Relation::CustomerMembership => [Kind::CustomerUser, Kind::Customer],
        }
    }

    /// The context; where links have none, the one that is always on.
    pub(super) fn context(self) -> Context {
        match self {
            Relation::CustomerGroup(context) => context,
            _ => Context::SameCustomer,
        }
    }

    pub(super) fn stored(self, conn: &mut Conn, first: &[u32], second: &[u32]) -> Result<Pairs, StoreError> {
        match self {
            Relation::CustomerGroup(context) => store::customer_groups_between(conn, first, second, context),
            Relation::CustomerUserGroup => store::customer_user_groups_between(conn, first, second),
            Relation::CustomerUserService => store::customer_user_services_between(conn, first, second),
            Relation::CustomerMembership => store::memberships_between(conn, first, second),
        }
    }

    /// What one of its links grants.
    pub(super) fn granted(self, conn: &mut Conn, (one, other): (u32, u32)) -> Result<PermissionSet, StoreError> {
        let customer_user = CustomerUserNumber(one);
        match self {
            Relation::CustomerGroup(context) => {
                store::granted_to_customer(conn, CustomerNumber(one), GroupNumber(other), context)
            }
            Relation::CustomerUserGroup => store::granted_to_customer_user(conn, customer_user, GroupNumber(other)),
            Relation::CustomerUserService => {
                store::is_linked_to_service(conn, customer_user, ServiceNumber(other)).map(PermissionSet::marked)
            }
            Relation::CustomerMembership => {
                let pairs = store::memberships_between(conn, &[one], &[other])?;
                Ok(PermissionSet::marked(!pairs.is_empty()))
            }
        }
    }

    pub(super) fn edit(self, (one, other): (u32, u32), before: PermissionSet, permissions: PermissionSet) -> Edit {
        let (customer_user, is) = (CustomerUserNumber(one), !permissions.is_empty());
        match self {
            Relation::CustomerGroup(context) => {
                let (customer, group) = (CustomerNumber(one), GroupNumber(other));
                Edit::CustomerGroupLink { before, link: CustomerGroupLink { customer, group, context, permissions } }
            }
            Relation::CustomerUserGroup => {
                let group = GroupNumber(other);
                Edit::CustomerUserGroupLink {
                    before,
                    link: CustomerUserGroupLink { customer_user, group, permissions },
                }
            }
            Relation::CustomerUserService => {
                let service = ServiceNumber(other);
                Edit::CustomerUserServiceLink(CustomerUserServiceLink { customer_user, service, linked: is })
            }
            Relation::CustomerMembership => {
                let customer = CustomerNumber(other);
                Edit::CustomerMembership(CustomerMembership { customer_user, customer, member: is })
            }
        }
    }
}
