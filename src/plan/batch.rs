//! Batches: many rows of another system, merged into the directory in one write. What a row names may come
//! from a row before it. A row that is refused leaves the others alone.

use std::collections::{HashMap, HashSet};

use super::bulk::Relation;
use super::settings::SettingsPatch;
use super::{
    Identified, Known, OnExisting, Plan, Powers, Precondition, Refusal, back_ends, customer_users, customers,
    external_ids, groups, links, rolls, services, settings,
};
use crate::directory::{
    BackEnd, BackEndPatch, Customer, CustomerPatch, CustomerUser, CustomerUserPatch, ExternalId, Group, GroupPatch,
    Kind, Number, Patch, PermissionName, PermissionSet, Reference, Roll, Service, ServicePatch, Settings, Thing, etag,
};
use crate::store::{Conn, StoreError};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the other system calls the thing, and by what it is found.
    pub external_id: Option<ExternalId>,
    /// What else it is called, there or elsewhere; it gets those that it has not.
    pub external_ids: Vec<ExternalId>,
    /// What it says of it.
    pub content: Content,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Of a customer.
    Customer(Box<CustomerPatch>),
    /// Of a customer user.
    CustomerUser(Box<CustomerUserPatch>),
    /// Of a group.
    Group(Box<GroupPatch>),
    /// Of a service.
    Service(Box<ServicePatch>),
    /// Of a link.
    Link(Link),
    /// Of a back end.
    BackEnd(Box<BackEndPatch>),
    /// Of a list of the settings: whether the thing is on it.
    Listed {
        /// The list.
        roll: Roll,
        /// The thing.
        thing: Reference,
        /// On it or not.
        listed: bool,
    },
    /// Of the settings.
    Settings(Box<SettingsPatch>),
}

/// What a link is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Which kind of link.
    pub relation: Relation,
    /// What it is between, in the order of the relation.
    pub ends: [Reference; 2],
    /// What it grants.
    pub grants: Grants,
}

/// What a link is to grant.
#[derive(Debug, Clone, PartialEq)]
pub enum Grants {
    /// Exactly these; none of them is no link.
    Permissions(Vec<PermissionName>),
    /// It is there, or it is not.
    Marked(bool),
}

/// How rows are merged.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What happens to a thing that has the natural key and not the external id.
    pub on_existing: OnExisting,
    /// What the caller may do.
    pub powers: Powers,
    /// Whether grants in a context that is off are made too, for when it is on, as they were elsewhere.
    pub keeps_grants_of_contexts_off: bool,
}

/// What a row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// What it is about was not there.
    Created,
    /// It was there, and reads otherwise now.
    Updated,
    /// It was there and reads the same.
    Unchanged,
}

impl Effect {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Created => "created",
            Effect::Updated => "updated",
            Effect::Unchanged => "unchanged",
        }
    }
}

/// What a row did, and to what.
#[derive(Debug, Clone)]
pub struct Done {
    /// What it did.
    pub effect: Effect,
    /// To what.
    pub subject: Subject,
}

/// What a row was about, as it is now.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each is the record of its name")]
pub enum Subject {
    Customer(Box<Customer>),
    CustomerUser(Box<CustomerUser>),
    Group(Box<Group>),
    Service(Box<Service>),
    Link { relation: Relation, ends: (u32, u32), grants: PermissionSet },
    BackEnd(Box<BackEnd>),
    Listed { roll: Roll, thing: Thing },
    Settings(Box<Settings>),
}

impl Subject {
    /// The opaque id; of a link those of its ends, with a slash between them.
    pub fn id(&self) -> String {
        match self {
            Subject::Customer(it) => it.number.id(),
            Subject::CustomerUser(it) => it.number.id(),
            Subject::Group(it) => it.number.id(),
            Subject::Service(it) => it.number.id(),
            Subject::Link { relation, ends, .. } => {
                let [one, other] = relation.kinds();
                format!("{}/{}", one.id(ends.0), other.id(ends.1))
            }
            Subject::BackEnd(it) => it.number.id(),
            Subject::Listed { thing, .. } => thing.to_string(),
            Subject::Settings(_) => "settings".to_owned(),
        }
    }

    /// The natural key, of what has one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Subject::Customer(it) => Some(it.fields.customer_id.as_str()),
            Subject::CustomerUser(it) => Some(it.fields.login.as_str()),
            Subject::Group(it) => Some(it.fields.name.as_str()),
            Subject::Service(it) => Some(it.fields.name.as_str()),
            Subject::BackEnd(it) => Some(it.fields.name.as_str()),
            Subject::Link { .. } | Subject::Listed { .. } | Subject::Settings(_) => None,
        }
    }

    /// The entity tag of a record.
    pub fn etag(&self) -> Option<String> {
        match self {
            Subject::Customer(it) => Some(etag(it)),
            Subject::CustomerUser(it) => Some(etag(it)),
            Subject::Group(it) => Some(etag(it)),
            Subject::Service(it) => Some(etag(it)),
            Subject::BackEnd(it) => Some(etag(it)),
            Subject::Settings(it) => Some(etag(it)),
            Subject::Link { .. } | Subject::Listed { .. } => None,
        }
    }
}

/// Merges rows, in their order; of each, what it did or why it was refused. Fails only where the database
/// does.
pub fn upsert(plan: &mut Plan, rows: Vec<Row>, options: Options) -> Result<Vec<Result<Done, Refusal>>, StoreError> {
    read_ahead(plan, &rows)?;
    rows.into_iter()
        .map(|row| match one(plan, row, options) {
            Err(Refusal::Store(why)) => Err(why),
            outcome => Ok(outcome),
        })
        .collect()
}

/// Which rows are about the same as one before them, and which that is: by external id, by natural key, or
/// by what these name now.
pub fn repeated(plan: &mut Plan, rows: &[Row]) -> Result<Vec<(usize, usize)>, StoreError> {
    read_ahead(plan, rows)?;
    let (mut seen, mut repeated) = (HashMap::new(), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        let identities = identities(plan, row)?;
        match identities.iter().find_map(|identity| seen.get(identity)) {
            Some(first) => repeated.push((place, *first)),
            None => seen.extend(identities.into_iter().map(|identity| (identity, place))),
        }
    }
    Ok(repeated)
}

/// Something that no two rows may share.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Named(Kind, Reference),
    Thing(Kind, u32),
    Link(Relation, u32, u32),
    Listed(Roll, u32),
    Settings,
}

fn identities(plan: &mut Plan, row: &Row) -> Result<Vec<Identity>, StoreError> {
    match &row.content {
        Content::Link(Link { relation, ends: [one, other], .. }) => {
            let [of_one, of_other] = relation.kinds();
            let ends = plan.number_of(of_one, one)?.zip(plan.number_of(of_other, other)?);
            Ok(ends.into_iter().map(|(one, other)| Identity::Link(*relation, one, other)).collect())
        }
        Content::Listed { roll, thing, .. } => {
            let number = plan.number_of(rolls::kind_of(*roll), thing)?;
            Ok(number.into_iter().map(|number| Identity::Listed(*roll, number)).collect())
        }
        Content::Settings(_) => Ok(vec![Identity::Settings]),
        record => {
            let Some((kind, key)) = record.named() else { return Ok(Vec::new()) };
            let external_id = row.external_id.clone().map(Reference::External);
            let names: Vec<Reference> = external_id.into_iter().chain(key).map(|it| folded(&it)).collect();
            let known = names.first().map_or(Ok(None), |first| plan.number_of(kind, first))?;
            let named = names.into_iter().map(|name| Identity::Named(kind, name));
            Ok(known.map(|number| Identity::Thing(kind, number)).into_iter().chain(named).collect())
        }
    }
}

fn folded(reference: &Reference) -> Reference {
    reference.folded_key().map_or_else(|| reference.clone(), Reference::Key)
}

impl Content {
    /// The kind of record that a row is about, and its natural key, if the row says it.
    fn named(&self) -> Option<(Kind, Option<Reference>)> {
        let key = |text: Option<&str>| text.map(|key| Reference::Key(key.to_owned()));
        Some(match self {
            Content::Customer(patch) => (Kind::Customer, key(patch.customer_id.as_ref().map(|it| it.as_str()))),
            Content::CustomerUser(patch) => (Kind::CustomerUser, key(patch.login.as_ref().map(|it| it.as_str()))),
            Content::Group(patch) => (Kind::Group, key(patch.name.as_ref().map(|it| it.as_str()))),
            Content::Service(patch) => (Kind::Service, key(patch.name.as_ref().map(|it| it.as_str()))),
            Content::BackEnd(patch) => (Kind::BackEnd, key(patch.name.as_ref().map(|it| it.as_str()))),
            Content::Link(_) | Content::Listed { .. } | Content::Settings(_) => return None,
        })
    }
}

fn one(plan: &mut Plan, row: Row, options: Options) -> Result<Done, Refusal> {
    let edits = plan.edits().len();
    let (subject, is_new) = merge(plan, row, options)?;
    let effect = match (is_new, plan.edits().len() > edits) {
        (true, _) => Effect::Created,
        (false, true) => Effect::Updated,
        (false, false) => Effect::Unchanged,
    };
    Ok(Done { effect, subject })
}

fn merge(plan: &mut Plan, row: Row, options: Options) -> Result<(Subject, bool), Refusal> {
    let Options { on_existing, powers, .. } = options;
    let Row { external_id, external_ids: more, content } = row;
    let (id, any) = (external_id.as_ref(), &Precondition::None);
    match content {
        Content::Customer(patch) => {
            let key = patch.customer_id.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| customers::upsert(p, id, *patch, on_existing, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::Customer(Box::new(it)), is_new))
        }
        Content::CustomerUser(patch) => {
            let key = patch.login.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| customer_users::upsert(p, id, *patch, on_existing, powers, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::CustomerUser(Box::new(it)), is_new))
        }
        Content::Group(patch) => {
            let key = patch.name.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| groups::upsert(p, id, *patch, on_existing, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::Group(Box::new(it)), is_new))
        }
        Content::Service(patch) => {
            let key = patch.name.as_ref().map(|it| it.as_str().to_owned());
            let upsert = |p: &mut Plan| services::upsert(p, id, *patch, on_existing, any);
            identified(plan, (id, key), more, upsert).map(|(it, is_new)| (Subject::Service(Box::new(it)), is_new))
        }
        Content::Link(link) => self::link(plan, &link, options.keeps_grants_of_contexts_off),
        Content::BackEnd(patch) => {
            let (back_end, is_new) = back_ends::upsert(plan, *patch)?;
            Ok((Subject::BackEnd(Box::new(back_end)), is_new))
        }
        Content::Listed { roll, thing, listed } => {
            let kind = rolls::kind_of(roll);
            let known = plan.known(kind, &thing)?;
            let missing = || Refusal::names_nothing(&format!("/{}", kind.as_str()), kind, &thing);
            let thing = Thing { kind, number: known.ok_or_else(missing)? };
            let changed = rolls::mark(plan, roll, thing, listed)?;
            Ok((Subject::Listed { roll, thing }, changed && listed))
        }
        Content::Settings(patch) => {
            Ok((Subject::Settings(Box::new(settings::patch(plan, *patch, &Precondition::Exists)?)), false))
        }
    }
}

/// Merges a record, and gives it further external ids. That all of them are free, or its own, is found out
/// before anything is edited.
fn identified<R: Identified>(
    plan: &mut Plan,
    (external_id, key): (Option<&ExternalId>, Option<String>),
    more: Vec<ExternalId>,
    upsert: impl FnOnce(&mut Plan) -> Result<(R, bool), Refusal>,
) -> Result<(R, bool), Refusal> {
    let by_id = external_id.map(|id| Reference::External(id.clone()));
    let mut known = None;
    for reference in by_id.into_iter().chain(key.map(Reference::Key)) {
        known = known.or(plan.number_of(R::Number::KIND, &reference)?);
    }
    for id in &more {
        external_ids::is_free_for::<R>(plan, id, known)?;
    }
    let (record, is_new) = upsert(plan)?;
    Ok((external_ids::add_all(plan, record, more), is_new))
}

fn link(plan: &mut Plan, link: &Link, keeps_grants_of_contexts_off: bool) -> Result<(Subject, bool), Refusal> {
    let relation = link.relation;
    let mut end = |side: usize| {
        let (kind, reference) = (relation.kinds()[side], &link.ends[side]);
        let known = plan.known(kind, reference)?;
        known.ok_or_else(|| Refusal::names_nothing(&format!("/{}", kind.as_str()), kind, reference))
    };
    let ends = (end(0)?, end(1)?);
    let grants = match &link.grants {
        Grants::Marked(is) => PermissionSet::marked(*is),
        Grants::Permissions(names) => links::permission_set(&plan.settings()?.permission_types, names, "/permissions")?,
    };
    let set = if keeps_grants_of_contexts_off { links::set_in_any_context } else { links::set };
    let before = set(plan, relation, ends, grants)?;
    Ok((Subject::Link { relation, ends, grants }, before.is_empty() && !grants.is_empty()))
}

/// What rows name, by kind.
#[derive(Default)]
struct Named {
    of: HashMap<Kind, HashSet<Reference>>,
}

impl Named {
    fn add(&mut self, kind: Kind, reference: Reference) {
        self.of.entry(kind).or_default().insert(reference);
    }

    fn of(&self, kind: Kind) -> Option<&HashSet<Reference>> {
        self.of.get(&kind)
    }
}

/// Reads all that rows name, in a few statements.
fn read_ahead(plan: &mut Plan, rows: &[Row]) -> Result<(), StoreError> {
    let (mut records, mut numbers) = (Named::default(), Named::default());
    for row in rows {
        if let Some((kind, key)) = row.content.named() {
            let external_id = row.external_id.clone().map(Reference::External);
            let more = row.external_ids.iter().cloned().map(Reference::External);
            external_id.into_iter().chain(key).chain(more).for_each(|reference| records.add(kind, reference));
        }
        match &row.content {
            Content::CustomerUser(patch) => {
                if let Patch::Set(customer) = &patch.customer {
                    records.add(Kind::Customer, customer.clone());
                }
                records.add(Kind::BackEnd, patch.back_end.clone().unwrap_or_else(customer_users::default_back_end));
            }
            Content::Service(patch) => {
                let parent = patch.name.as_ref().and_then(|name| name.parent());
                parent.into_iter().for_each(|name| records.add(Kind::Service, Reference::Key(name.to_string())));
            }
            Content::Link(link) => {
                let named = link.relation.kinds().into_iter().zip(link.ends.iter().cloned());
                named.for_each(|(kind, reference)| numbers.add(kind, reference));
            }
            Content::Listed { roll, thing, .. } => numbers.add(rolls::kind_of(*roll), thing.clone()),
            Content::Customer(_) | Content::Group(_) | Content::BackEnd(_) | Content::Settings(_) => {}
        }
    }
    let (known, conn) = (&mut plan.known, &mut *plan.conn);
    read_records(known, conn, &records)?;
    for (kind, references) in &numbers.of {
        known.read_numbers(conn, *kind, references)?;
    }
    read_links(plan, rows)
}

fn read_records(known: &mut Known, conn: &mut Conn, named: &Named) -> Result<(), StoreError> {
    let none = HashSet::new();
    let of = |kind| named.of(kind).unwrap_or(&none);
    known.read_ahead::<Customer>(conn, of(Kind::Customer))?;
    known.read_ahead::<BackEnd>(conn, of(Kind::BackEnd))?;
    known.read_ahead::<CustomerUser>(conn, of(Kind::CustomerUser))?;
    known.read_ahead::<Group>(conn, of(Kind::Group))?;
    known.read_ahead::<Service>(conn, of(Kind::Service))
}

fn read_links(plan: &mut Plan, rows: &[Row]) -> Result<(), StoreError> {
    let mut pairs: HashMap<Relation, Vec<(u32, u32)>> = HashMap::new();
    for row in rows {
        let Content::Link(Link { relation, ends: [one, other], .. }) = &row.content else { continue };
        let [of_one, of_other] = relation.kinds();
        let ends = (plan.number_of(of_one, one)?, plan.number_of(of_other, other)?);
        if let (Some(one), Some(other)) = ends {
            pairs.entry(*relation).or_default().push((one, other));
        }
    }
    for (relation, pairs) in pairs {
        plan.known.read_links(plan.conn, relation, &pairs)?;
    }
    Ok(())
}
