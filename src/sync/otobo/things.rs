//! Which of the desk's things are new here, which differ, and which are so already.

use std::collections::HashMap;

use super::intent::{Intent, Wanted};
use super::policy::Policy;
use super::report::{Counts, Finding, Outcome, Report};
use crate::access::Index;
use crate::directory::{
    BackEndNumber, Change, Customer, CustomerNumber, CustomerPatch, CustomerUser, CustomerUserNumber,
    CustomerUserPatch, ExternalId, Group, GroupNumber, GroupPatch, Kind, Number, Patch, Reference, Service,
    ServiceNumber, ServicePatch, Thing, Validity,
};
use crate::plan::OnExisting;
use crate::store::{Conn, Record, StoreError};

/// How many records are read at a time.
const AT_A_TIME: usize = 500;

/// What is to be written, by the places in the intent.
#[derive(Debug, Default)]
pub(super) struct ThingWrites {
    pub groups: Vec<ThingWrite>,
    pub services: Vec<ThingWrite>,
    pub customers: Vec<ThingWrite>,
    pub customer_users: Vec<ThingWrite>,
    /// What all of it would change.
    pub changes: Vec<Change>,
}

/// A thing to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ThingWrite {
    /// Its place in the intent.
    pub place: usize,
    /// Whether it is new.
    pub is_new: bool,
}

/// Where a thing of the desk is here.
enum Place<N> {
    /// Nowhere yet.
    New,
    /// At this number; the flag says whether it has the external id.
    Here(N, bool),
    /// Its key belongs to another thing.
    Taken(N),
}

/// Looks for everything here.
pub(super) fn foresee(
    conn: &mut Conn,
    index: &Index,
    intent: &mut Intent,
    policy: &Policy,
    report: &mut Report,
) -> Result<ThingWrites, StoreError> {
    let mut looking = Looking { conn, index, policy, report, writes: ThingWrites::default() };
    looking.writes.groups = looking.groups(intent)?;
    looking.writes.services = looking.services(intent)?;
    let (places, customers) = looking.customers(intent)?;
    looking.writes.customers = places;
    looking.writes.customer_users = looking.customer_users(intent, &customers)?;
    Ok(looking.writes)
}

struct Looking<'l, 'c> {
    conn: &'l mut Conn<'c>,
    index: &'l Index,
    policy: &'l Policy,
    report: &'l mut Report,
    writes: ThingWrites,
}

/// The things of one kind that were looked for.
struct Looked<N> {
    /// The number of each, real or foreseen.
    numbers: Vec<Option<N>>,
    /// Those that are here, and whether they have the external id.
    here: Vec<(usize, N, bool)>,
    /// Those that are new.
    new: Vec<usize>,
}

impl Looking<'_, '_> {
    fn place<N: Number>(&self, external_id: &ExternalId, key: &str) -> Place<N> {
        let by_id: Option<N> = self.index.resolve(&Reference::External(external_id.clone()));
        let by_key: Option<N> = self.index.find_key(key);
        match (by_id, by_key) {
            (None, None) => Place::New,
            (Some(id), Some(key)) if id.into() != key.into() => Place::Taken(key),
            (Some(id), _) => Place::Here(id, true),
            (None, Some(here)) => {
                let thing = Thing { kind: N::KIND, number: here.into() };
                let source = self.policy.source.as_str();
                let is_another = self.index.external_ids(thing).iter().any(|(of, _)| *of == source);
                let refused = is_another || self.policy.on_existing == OnExisting::Refuse;
                if refused { Place::Taken(here) } else { Place::Here(here, false) }
            }
        }
    }

    fn look<'w, N: Number>(&mut self, wanted: impl Iterator<Item = (&'w ExternalId, &'w str)>) -> Looked<N> {
        let mut looked = Looked { numbers: Vec::new(), here: Vec::new(), new: Vec::new() };
        let mut next = self.index.end(N::KIND).max(1);
        for (place, (external_id, key)) in wanted.enumerate() {
            let number = match self.place::<N>(external_id, key) {
                Place::New => {
                    looked.new.push(place);
                    next += 1;
                    Some(N::from(next - 1))
                }
                Place::Here(number, has_id) => {
                    looked.here.push((place, number, has_id));
                    Some(number)
                }
                Place::Taken(number) => {
                    self.taken(N::KIND, key, number.into());
                    None
                }
            };
            looked.numbers.push(number);
        }
        looked
    }

    fn taken(&mut self, kind: Kind, key: &str, number: u32) {
        self.report.find(Finding {
            outcome: Outcome::Refused,
            code: "key_taken",
            table: "here",
            row: format!("{kind} {key:?}"),
            reason: format!("another {kind} has this key already (id:{})", kind.id(number)),
            flag: None,
        });
    }

    /// The places of what is to be written: what is new, and what differs from what is here.
    fn differing<R: Record>(
        &mut self,
        kind: &'static str,
        looked: &Looked<R::Number>,
        is_same: impl Fn(usize, &R) -> bool,
    ) -> Result<Vec<ThingWrite>, StoreError> {
        let new = |place: &usize| ThingWrite { place: *place, is_new: true };
        let mut writes: Vec<ThingWrite> = looked.new.iter().map(new).collect();
        let mut counts = Counts { created: looked.new.len() as u64, ..Counts::default() };
        counts.refused = looked.numbers.iter().filter(|number| number.is_none()).count() as u64;
        for some in looked.here.chunks(AT_A_TIME) {
            let numbers: Vec<i64> = some.iter().map(|(_, number, _)| i64::from((*number).into())).collect();
            let loaded = R::load(self.conn, &numbers)?;
            let records: HashMap<u32, R> = loaded.into_iter().map(|record| (record.number().into(), record)).collect();
            for (place, number, has_id) in some {
                let number: u32 = (*number).into();
                if *has_id && records.get(&number).is_some_and(|record| is_same(*place, record)) {
                    counts.unchanged += 1;
                } else {
                    counts.updated += 1;
                    writes.push(ThingWrite { place: *place, is_new: false });
                }
            }
        }
        // In the order of the desk, where what is named comes before what names it.
        writes.sort_unstable();
        self.report.counts.insert(kind, counts);
        Ok(writes)
    }

    /// What writing a thing changes: itself, and its external id.
    fn change<N: Number, P>(&mut self, wanted: &Wanted<P>, number: Option<N>, change: impl FnOnce(N) -> Change) {
        if let Some(number) = number {
            let id = Thing { kind: N::KIND, number: number.into() };
            self.writes.changes.push(change(number));
            let external_id = wanted.external_id.clone();
            self.writes.changes.push(Change::ExternalIdSet { id, external_id, present: true });
        }
    }

    fn groups(&mut self, intent: &Intent) -> Result<Vec<ThingWrite>, StoreError> {
        let looked = self.look::<GroupNumber>(intent.groups.iter().map(|it| (&it.external_id, it.key.as_str())));
        let is_same = |place: usize, group: &Group| {
            let patch = GroupPatch { name: None, ..intent.groups[place].patch.clone() };
            let same_name = intent.groups[place].patch.name.as_ref();
            same_name.is_none_or(|name| name.folded() == group.fields.name.folded())
                && group.fields.clone().patched(patch) == group.fields
        };
        let writes = self.differing("groups", &looked, is_same)?;
        for ThingWrite { place, .. } in &writes {
            let wanted = &intent.groups[*place];
            let GroupPatch { name: Some(name), validity, .. } = wanted.patch.clone() else { continue };
            let validity = validity.unwrap_or_default();
            self.change(wanted, looked.numbers[*place], |id| Change::GroupPut { id, name, validity });
        }
        Ok(writes)
    }

    fn services(&mut self, intent: &Intent) -> Result<Vec<ThingWrite>, StoreError> {
        let looked = self.look::<ServiceNumber>(intent.services.iter().map(|it| (&it.external_id, it.key.as_str())));
        let is_same = |place: usize, service: &Service| {
            let patch = ServicePatch { name: None, ..intent.services[place].patch.clone() };
            let same_name = intent.services[place].patch.name.as_ref();
            same_name.is_none_or(|name| name.folded() == service.fields.name.folded())
                && service.fields.clone().patched(patch) == service.fields
        };
        let writes = self.differing("services", &looked, is_same)?;
        let by_name = |(wanted, number): (&Wanted<ServicePatch>, &Option<ServiceNumber>)| {
            Some((wanted.patch.name.as_ref()?.folded(), (*number)?))
        };
        let numbers: HashMap<String, ServiceNumber> =
            intent.services.iter().zip(&looked.numbers).filter_map(by_name).collect();
        for ThingWrite { place, .. } in &writes {
            let wanted = &intent.services[*place];
            let ServicePatch { name: Some(name), validity, .. } = wanted.patch.clone() else { continue };
            let parent = name.parent().and_then(|parent| numbers.get(&parent.folded()).copied());
            let validity = validity.unwrap_or_default();
            self.change(wanted, looked.numbers[*place], |id| Change::ServicePut { id, name, parent, validity });
        }
        Ok(writes)
    }

    fn customers(&mut self, intent: &Intent) -> Result<(Vec<ThingWrite>, Vec<Option<CustomerNumber>>), StoreError> {
        let looked = self.look::<CustomerNumber>(intent.customers.iter().map(|it| (&it.external_id, it.key.as_str())));
        let is_same = |place: usize, customer: &Customer| {
            let patch = CustomerPatch { customer_id: None, ..intent.customers[place].patch.clone() };
            let same_key = intent.customers[place].patch.customer_id.as_ref();
            same_key.is_none_or(|key| key.folded() == customer.fields.customer_id.folded())
                && customer.fields.clone().patched(patch) == customer.fields
        };
        let writes = self.differing("customers", &looked, is_same)?;
        for ThingWrite { place, .. } in &writes {
            let wanted = &intent.customers[*place];
            let CustomerPatch { customer_id: Some(customer_id), validity, .. } = wanted.patch.clone() else { continue };
            let here = looked.numbers[*place].and_then(|number| self.index.validity(number));
            let validity = validity.or(here).unwrap_or_default();
            self.change(wanted, looked.numbers[*place], |id| Change::CustomerPut { id, customer_id, validity });
        }
        Ok((writes, looked.numbers))
    }

    fn customer_users(
        &mut self,
        intent: &mut Intent,
        customers: &[Option<CustomerNumber>],
    ) -> Result<Vec<ThingWrite>, StoreError> {
        self.known_by_login(intent);
        let wanted = intent.customer_users.iter().map(|it| (&it.wanted.external_id, it.wanted.key.as_str()));
        let looked = self.look::<CustomerUserNumber>(wanted);
        for (place, ..) in &looked.here {
            // Nobody changes back ends by being found.
            intent.customer_users[*place].wanted.patch.back_end = None;
        }
        let customer_of = |place: usize| intent.customer_users[place].customer.and_then(|customer| customers[customer]);
        let is_same = |place: usize, customer_user: &CustomerUser| {
            let it = &intent.customer_users[place];
            let patch = CustomerUserPatch { login: None, ..it.wanted.patch.clone() };
            let same_key = it.wanted.patch.login.as_ref();
            let customer = customer_user.customer.as_ref().map(|customer| customer.number);
            same_key.is_none_or(|key| key.folded() == customer_user.fields.login.folded())
                && (!it.has_row || customer == customer_of(place))
                && customer_user.fields.clone().patched(patch) == customer_user.fields
        };
        let writes = self.differing("customer users", &looked, is_same)?;
        for ThingWrite { place, .. } in &writes {
            let it = &intent.customer_users[*place];
            self.customer_user_change(&it.wanted, it.has_row, looked.numbers[*place], customer_of(*place));
        }
        Ok(writes)
    }

    fn customer_user_change(
        &mut self,
        wanted: &Wanted<CustomerUserPatch>,
        has_row: bool,
        number: Option<CustomerUserNumber>,
        customer: Option<CustomerNumber>,
    ) {
        let index = self.index;
        let Some(login) = wanted.patch.login.clone() else { return };
        let named = match &wanted.patch.back_end {
            Some(Reference::Key(name)) => index.find_key(name),
            _ => index.find_key("default"),
        };
        self.change(wanted, number, |id| Change::CustomerUserPut {
            id,
            login,
            customer: if has_row { customer } else { index.primary_customer(id) },
            // One that is yet to be made restricts, as the default does.
            back_end: index.back_end(id).or(named).unwrap_or(BackEndNumber(0)),
            validity: wanted.patch.validity.or(index.validity(id)).unwrap_or(Validity::Valid),
        });
    }

    /// Customer users who had no row the last time are known by their login.
    fn known_by_login(&self, intent: &mut Intent) {
        let source = self.policy.source.as_str();
        for it in intent.customer_users.iter_mut().filter(|it| it.has_row) {
            let here: Option<CustomerUserNumber> = self.index.find_key(&it.wanted.key);
            let Some(here) = here else { continue };
            let ids = self.index.external_ids(here);
            let by_login = |(of, id): &&(&str, &str)| *of == source && id.starts_with(super::intent::BY_LOGIN);
            if let Some((_, id)) = ids.iter().find(by_login)
                && let Ok(id) = crate::directory::ExternalKey::parse(id)
            {
                it.wanted.external_id.id = id;
            }
        }
    }
}

/// The patch of a customer user, with the customer by the id that the desk gives it.
pub(super) fn patch_of(intent: &Intent, place: usize) -> CustomerUserPatch {
    let it = &intent.customer_users[place];
    let customer = it.customer.and_then(|customer| intent.customers.get(customer));
    let customer = match customer {
        _ if !it.has_row => Patch::Untouched,
        Some(customer) => Patch::Set(Reference::External(customer.external_id.clone())),
        None => Patch::Clear,
    };
    CustomerUserPatch { customer, ..it.wanted.patch.clone() }
}
