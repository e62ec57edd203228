//! Writing what was foreseen: many small writes a transaction, so that nobody else waits for long. Every
//! write is planned anew under the lock; one that is refused leaves the others alone.

use super::intent::Intent;
use super::policy::Policy;
use super::report::{Finding, Outcome, Report};
use super::things::{ThingWrite, ThingWrites, patch_of};
use super::{Stopped, Watch};
use crate::directory::{BackEndFields, BackEndName, Change, Reference};
use crate::plan::settings::SettingsPatch;
use crate::plan::{Plan, Powers, Precondition, Refusal, back_ends, customer_users, customers, groups, services};
use crate::plan::{settings, transfer};
use crate::replica::write_one;
use crate::store::{Store, StoreError};

/// Who writes, for the audit.
const ACTOR: &str = "import otobo";
/// How many things share a transaction.
const THINGS: usize = 500;
/// How many links are one write and share a transaction.
const LINKS: usize = 500;

/// Writes to one store.
pub(super) struct Loading<'l> {
    pub store: &'l Store,
    pub policy: &'l Policy,
    pub report: &'l mut Report,
    pub watch: &'l mut dyn Watch,
    /// Whether something was written.
    pub written: bool,
}

impl Loading<'_> {
    /// What has to be there before the things.
    pub(super) fn settings(
        &mut self,
        back_end: Option<BackEndName>,
        patch: Option<SettingsPatch>,
    ) -> Result<(), Stopped> {
        if let Some(name) = back_end {
            self.one("back ends", |plan| back_ends::create(plan, BackEndFields::new(name)).map(|_| ()))?;
        }
        if let Some(patch) = patch {
            self.one("settings", |plan| settings::patch(plan, patch, &Precondition::Exists).map(|_| ()))?;
        }
        Ok(())
    }

    /// Customers before customer users, and parents before what stands under them.
    pub(super) fn things(&mut self, intent: &Intent, writes: &ThingWrites) -> Result<(), Stopped> {
        self.groups_and_services(intent, writes)?;
        let (on_existing, none) = (self.policy.on_existing, Precondition::None);
        let key = |place: usize| &intent.customers[place].key;
        self.each("customers", &writes.customers, key, |plan, place| {
            let wanted = &intent.customers[place];
            let id = Some(&wanted.external_id);
            customers::upsert(plan, id, wanted.patch.clone(), on_existing, &none).map(|_| ())
        })?;
        let key = |place: usize| &intent.customer_users[place].wanted.key;
        self.each("customer users", &writes.customer_users, key, |plan, place| {
            let id = Some(&intent.customer_users[place].wanted.external_id);
            let patch = patch_of(intent, place);
            customer_users::upsert(plan, id, patch, on_existing, Powers::ALL, &none).map(|_| ())
        })
    }

    fn groups_and_services(&mut self, intent: &Intent, writes: &ThingWrites) -> Result<(), Stopped> {
        let (on_existing, none) = (self.policy.on_existing, Precondition::None);
        let key = |place: usize| &intent.groups[place].key;
        self.each("groups", &writes.groups, key, |plan, place| {
            let wanted = &intent.groups[place];
            let reference = Reference::External(wanted.external_id.clone());
            groups::put(plan, &reference, wanted.patch.clone(), on_existing, &none).map(|_| ())
        })?;
        let key = |place: usize| &intent.services[place].key;
        self.each("services", &writes.services, key, |plan, place| {
            let wanted = &intent.services[place];
            let reference = Reference::External(wanted.external_id.clone());
            services::put(plan, &reference, wanted.patch.clone(), on_existing, &none).map(|_| ())
        })
    }

    /// The links and lists, by the numbers that the things have.
    pub(super) fn links(&mut self, changes: &[Change]) -> Result<(), Stopped> {
        for (done, some) in changes.chunks(LINKS).enumerate() {
            self.watch.at("links", done * LINKS, changes.len());
            let written = self.store.write(|conn, state| {
                let mut revision = state.revision;
                write_one(conn, &mut revision, ACTOR, |plan| transfer::make_so(plan, some)).map(|_| ())
            });
            written.map_err(|why: Refusal| self.stopped(&why))?;
            self.written = true;
        }
        Ok(())
    }

    fn one(&mut self, kind: &str, plan: impl FnOnce(&mut Plan) -> Result<(), Refusal>) -> Result<(), Stopped> {
        let written = self.store.write(|conn, state| {
            let mut revision = state.revision;
            write_one(conn, &mut revision, ACTOR, plan).map(|_| ())
        });
        written
            .map_err(|why: Refusal| Stopped(format!("the {kind} cannot be written: {}", said(&why)), self.written))?;
        self.written = true;
        Ok(())
    }

    fn each<'k>(
        &mut self,
        kind: &'static str,
        writes: &[ThingWrite],
        key: impl Fn(usize) -> &'k String,
        plan: impl Fn(&mut Plan, usize) -> Result<(), Refusal>,
    ) -> Result<(), Stopped> {
        for (done, some) in writes.chunks(THINGS).enumerate() {
            self.watch.at(kind, done * THINGS, writes.len());
            let refused = self.store.write(|conn, state| {
                let (mut revision, mut refused) = (state.revision, Vec::new());
                for write in some {
                    match write_one(conn, &mut revision, ACTOR, |it| plan(it, write.place)) {
                        Ok(_) => {}
                        Err(Refusal::Store(why)) => return Err(why),
                        Err(refusal) => refused.push((*write, refusal)),
                    }
                }
                Ok::<_, StoreError>(refused)
            });
            let refused = refused.map_err(|why| self.stopped(&Refusal::Store(why)))?;
            self.written |= refused.len() < some.len();
            for (write, refusal) in refused {
                self.refused(kind, key(write.place), write.is_new, &refusal);
            }
        }
        Ok(())
    }

    fn refused(&mut self, kind: &'static str, key: &str, is_new: bool, refusal: &Refusal) {
        let counts = self.report.counts.entry(kind).or_default();
        let counted = if is_new { &mut counts.created } else { &mut counts.updated };
        *counted = counted.saturating_sub(1);
        counts.refused += 1;
        self.report.find(Finding {
            outcome: Outcome::Refused,
            code: refusal.code(),
            table: "here",
            row: format!("{kind} {key:?}"),
            reason: said(refusal),
            flag: None,
        });
    }

    fn stopped(&self, why: &Refusal) -> Stopped {
        Stopped(said(why), self.written)
    }
}

/// A refusal, with what is wrong in the fields.
fn said(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid(errors) => {
            let errors: Vec<String> = errors.iter().map(|it| format!("{} {}", it.pointer, it.detail)).collect();
            errors.join("; ")
        }
        other => other.to_string(),
    }
}
