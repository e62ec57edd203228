//! What a plan knows without asking the database: what was read ahead, many things in a statement, and
//! its own edits, so that a plan of many rows sees what its earlier rows amount to.
//!
//! Links are known only where they were read ahead, and what the plan makes of those.

mod table;

use foldhash::{HashMap, HashSet};

use super::bulk::Relation;
use crate::directory::customer_user::CustomerOfUser;
use crate::directory::text::fold;
use crate::directory::{
    BackEnd, Customer, CustomerUser, Delta, Edit, ExternalId, Group, Kind, Number, PermissionSet, Reference, Roll,
    Service, Settings, Thing,
};
use crate::store::{self, Conn, Record, StoreError};
use crate::turns::offering;
use table::Layer;
pub use table::Table;

/// What a plan knows.
#[derive(Default)]
pub struct Known {
    customers: Table<Customer>,
    customer_users: Table<CustomerUser>,
    groups: Table<Group>,
    services: Table<Service>,
    back_ends: Table<BackEnd>,
    links: Links,
    own_links: Links,
    /// What the plan itself has put on lists of the settings, or taken from them.
    own_rolls: HashMap<(Roll, u32), bool>,
    /// The settings, once they were asked for.
    pub(super) settings: Option<Settings>,
}

/// A link, by its ends.
type Link = (Relation, (u32, u32));
/// What links grant.
type Links = HashMap<Link, PermissionSet>;

/// A record that a plan can know.
pub trait Knowable: Record + Clone + 'static {
    /// Its natural key.
    fn key(&self) -> &str;

    /// What is known of its kind.
    fn table(known: &Known) -> &Table<Self>;

    /// What is known of its kind, to be added to.
    fn table_mut(known: &mut Known) -> &mut Table<Self>;

    /// The record as it is after the plan's edits of what it names.
    fn refreshed(self, _: &Known) -> Self {
        self
    }
}

macro_rules! knowable {
    ($type:ident, $table:ident, $key:expr $(, $refreshed:ident)?) => {
        impl Knowable for $type {
            fn key(&self) -> &str {
                let key: fn(&$type) -> &str = $key;
                key(self)
            }

            fn table(known: &Known) -> &Table<Self> {
                &known.$table
            }

            fn table_mut(known: &mut Known) -> &mut Table<Self> {
                &mut known.$table
            }

            $(fn refreshed(self, known: &Known) -> Self {
                $refreshed(self, known)
            })?
        }
    };
}

knowable!(Customer, customers, |it| it.fields.customer_id.as_str());
knowable!(CustomerUser, customer_users, |it| it.fields.login.as_str(), belonging);
knowable!(Group, groups, |it| it.fields.name.as_str());
knowable!(Service, services, |it| it.fields.name.as_str());
knowable!(BackEnd, back_ends, |it| it.fields.name.as_str());

/// A customer user with what the plan has made of what they belong to.
fn belonging(mut customer_user: CustomerUser, known: &Known) -> CustomerUser {
    let renamed = |of: &mut CustomerOfUser| {
        if let Some(Some(customer)) = known.customers.own.records.get(&of.number.0) {
            of.customer_id.clone_from(&customer.fields.customer_id);
        }
    };
    customer_user.customer.iter_mut().chain(&mut customer_user.additional_customers).for_each(renamed);
    if let Some(Some(back_end)) = known.back_ends.own.records.get(&customer_user.back_end.number.0) {
        customer_user.back_end.name.clone_from(&back_end.fields.name);
        customer_user.back_end.read_only = back_end.fields.read_only;
    }
    customer_user
}

/// Runs an expression with the table of a kind.
macro_rules! of_kind {
    ($known:expr, $kind:expr, |$table:ident| $do:expr) => {
        match $kind {
            Kind::Customer => {
                let $table = &mut $known.customers;
                $do
            }
            Kind::CustomerUser => {
                let $table = &mut $known.customer_users;
                $do
            }
            Kind::Group => {
                let $table = &mut $known.groups;
                $do
            }
            Kind::Service => {
                let $table = &mut $known.services;
                $do
            }
            Kind::BackEnd => {
                let $table = &mut $known.back_ends;
                $do
            }
        }
    };
}

/// Runs an expression with the table and the difference of an edit of a record.
macro_rules! of_record {
    ($known:expr, $edit:expr, |$table:ident, $delta:ident| $do:expr) => {
        match $edit {
            Edit::Customer($delta) => {
                let $table = &mut $known.customers;
                $do
            }
            Edit::CustomerUser($delta) => {
                let $table = &mut $known.customer_users;
                $do
            }
            Edit::Group($delta) => {
                let $table = &mut $known.groups;
                $do
            }
            Edit::Service($delta) => {
                let $table = &mut $known.services;
                $do
            }
            Edit::BackEnd($delta) => {
                let $table = &mut $known.back_ends;
                $do
            }
            _ => {}
        }
    };
}

impl Known {
    /// Takes in an edit of the plan.
    pub(super) fn add(&mut self, edit: &Edit) {
        of_record!(self, edit, |table, delta| table.own.write(delta));
        match edit {
            Edit::ExternalId { thing, external_id, present } => {
                let holder = present.then_some(thing.number);
                of_kind!(self, thing.kind, |table| table.own.external_ids.insert((**external_id).clone(), holder));
                if *present {
                    self.gains(*thing, external_id);
                }
            }
            Edit::Settings(delta) => self.settings = delta.after().cloned(),
            Edit::Roll { roll, thing, listed } => {
                self.own_rolls.insert((*roll, thing.number), *listed);
            }
            _ => {}
        }
        if let Some((link, grants)) =
            link_of(edit).filter(|((relation, ends), _)| self.granted(*relation, *ends).is_some())
        {
            self.own_links.insert(link, grants);
        }
    }

    /// A record that the plan has created gets an external id after that; any other is edited with it.
    fn gains(&mut self, thing: Thing, external_id: &ExternalId) {
        match thing.kind {
            Kind::Customer => self.customers.own.gains(thing.number, external_id),
            Kind::CustomerUser => self.customer_users.own.gains(thing.number, external_id),
            Kind::Group => self.groups.own.gains(thing.number, external_id),
            Kind::Service => self.services.own.gains(thing.number, external_id),
            Kind::BackEnd => {}
        }
    }

    /// What was read, after edits that others have made since; nothing where these may have changed it in a way that does
    /// not show here.
    pub(super) fn brought_up_to_date<'e>(mut self, since: impl Iterator<Item = &'e Edit>) -> Option<Self> {
        for edit in offering(since) {
            of_record!(self, edit, |table, delta| table.read.amend(delta));
            match edit {
                Edit::ExternalId { thing, external_id, present } => {
                    let holder = present.then_some(thing.number);
                    of_kind!(self, thing.kind, |table| table.read.amend_external_id(external_id, thing.number, holder));
                }
                // Customer users are read with what these are called.
                Edit::Customer(delta) if !keeps_its_key(delta) => return None,
                // Permission sets may mean others, too.
                Edit::BackEnd(_) | Edit::Settings(_) => return None,
                Edit::CustomerMembership(membership) => {
                    // Their record names all customers they belong to.
                    self.customer_users.read.records.remove(&membership.customer_user.0);
                }
                _ => {}
            }
            if let Some((known, grants)) = link_of(edit).and_then(|(link, set)| Some((self.links.get_mut(&link)?, set)))
            {
                *known = grants;
            }
        }
        Some(self)
    }

    /// Forgets what was read ahead, and keeps what the plan itself edited.
    pub(super) fn forget_what_was_read(&mut self) {
        self.links.clear();
        for kind in Kind::ALL {
            of_kind!(self, kind, |table| table.read = Layer::default());
        }
    }

    /// The number of the thing that a reference names; the outer `None` is what is not known.
    pub(super) fn number_of(&mut self, kind: Kind, reference: &Reference) -> Option<Option<u32>> {
        of_kind!(self, kind, |table| table.number_of(kind, reference))
    }

    /// Whether there is a thing of this number, if that is known.
    pub(super) fn exists(&mut self, kind: Kind, number: u32) -> Option<bool> {
        of_kind!(self, kind, |table| table.record(number).map(|record| record.is_some()))
    }

    /// Whether an external id is known to lead to a thing of this natural key.
    pub(super) fn is_called(&mut self, kind: Kind, id: &ExternalId, key: &str) -> bool {
        of_kind!(self, kind, |table| table.is_called(id, key))
    }

    /// Reads the numbers of what these name, and the records.
    pub(super) fn read_ahead<R: Knowable>(
        &mut self,
        conn: &mut Conn,
        references: &HashSet<Reference>,
    ) -> Result<(), StoreError> {
        self.read_numbers(conn, R::Number::KIND, references)?;
        let table = R::table_mut(self);
        let named = offering(references).filter_map(|reference| table.number_of(R::Number::KIND, reference).flatten());
        let unread: HashSet<u32> = named.filter(|number| table.record(*number).is_none()).collect();
        let numbers: Vec<i64> = unread.iter().copied().map(i64::from).collect();
        table.read.records.extend(unread.into_iter().map(|number| (number, None)));
        for record in offering(store::records_of::<R>(conn, &numbers)?) {
            table.read.records.insert(record.number().into(), Some(record));
        }
        Ok(())
    }

    /// Reads the numbers of what these name.
    pub(super) fn read_numbers(
        &mut self,
        conn: &mut Conn,
        kind: Kind,
        references: &HashSet<Reference>,
    ) -> Result<(), StoreError> {
        let (mut keys, mut external_ids) = (Vec::new(), Vec::new());
        for reference in offering(references).filter(|it| self.number_of(kind, it).is_none()) {
            match reference {
                Reference::Key(key) => keys.push(fold(key)),
                Reference::External(external_id) => external_ids.push(external_id.clone()),
                Reference::Id(_) => {}
            }
        }
        let by_key = store::numbers_by_folded_key(conn, kind, &keys)?;
        let by_external_id = store::numbers_by_external_id(conn, kind, &external_ids)?;
        of_kind!(self, kind, |table| {
            table.read.keys.extend(keys.into_iter().map(|key| (key, None)));
            table.read.keys.extend(by_key.into_iter().map(|(key, number)| (key, Some(number))));
            table.read.external_ids.extend(external_ids.into_iter().map(|id| (id, None)));
            table.read.external_ids.extend(by_external_id.into_iter().map(|(id, number)| (id, Some(number))));
        });
        Ok(())
    }

    /// Reads what the links of these pairs grant.
    pub(super) fn read_links(
        &mut self,
        conn: &mut Conn,
        relation: Relation,
        pairs: &[(u32, u32)],
    ) -> Result<(), StoreError> {
        let unread: Vec<(u32, u32)> =
            pairs.iter().copied().filter(|ends| self.granted(relation, *ends).is_none()).collect();
        let side = |of: fn(&(u32, u32)) -> u32| -> Vec<u32> {
            unread.iter().map(of).collect::<HashSet<u32>>().into_iter().collect()
        };
        let stored = relation.stored(conn, &side(|pair| pair.0), &side(|pair| pair.1))?;
        let granted = |pair: &(u32, u32)| stored.get(pair).copied().unwrap_or_default();
        self.links.extend(unread.iter().map(|pair| ((relation, *pair), granted(pair))));
        Ok(())
    }

    /// What a link grants, if it was read ahead, after what the plan made of it.
    pub(super) fn granted(&self, relation: Relation, ends: (u32, u32)) -> Option<PermissionSet> {
        let link = (relation, ends);
        self.own_links.get(&link).or_else(|| self.links.get(&link)).copied()
    }

    /// Whether a thing is on a list of the settings, if the plan itself has put it there or taken it away.
    pub(super) fn own_listed(&self, roll: Roll, thing: Thing) -> Option<bool> {
        self.own_rolls.get(&(roll, thing.number)).copied()
    }

    /// The record of this number; the outer `None` is what is not known.
    pub(super) fn record<R: Knowable>(&self, number: R::Number) -> Option<Option<R>> {
        R::table(self).record(number.into()).map(|record| record.clone().map(|record| record.refreshed(self)))
    }

    /// What the plan itself has written, by number; `None` is what it has removed.
    pub(super) fn own<R: Knowable>(&self) -> impl Iterator<Item = (u32, Option<&R>)> {
        R::table(self).own.records.iter().map(|(number, record)| (*number, record.as_ref()))
    }
}

/// The link that an edit is about, and what it grants after it.
fn link_of(edit: &Edit) -> Option<(Link, PermissionSet)> {
    Some(match edit {
        Edit::CustomerGroupLink { link, .. } => {
            ((Relation::CustomerGroup(link.context), (link.customer.0, link.group.0)), link.permissions)
        }
        Edit::CustomerUserGroupLink { link, .. } => {
            ((Relation::CustomerUserGroup, (link.customer_user.0, link.group.0)), link.permissions)
        }
        Edit::CustomerUserServiceLink(link) => {
            let ends = (link.customer_user.0, link.service.0);
            ((Relation::CustomerUserService, ends), PermissionSet::marked(link.linked))
        }
        Edit::CustomerMembership(membership) => {
            let ends = (membership.customer_user.0, membership.customer.0);
            ((Relation::CustomerMembership, ends), PermissionSet::marked(membership.member))
        }
        _ => return None,
    })
}

fn keeps_its_key(delta: &Delta<Customer>) -> bool {
    matches!(delta, Delta::Created(_)) || delta.keeps(|customer| &customer.fields.customer_id)
}
