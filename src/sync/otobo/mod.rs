//! A running OTRS, OTOBO or Znuny, read from its database and loaded.
//!
//! The way of it:
//!
//! 1. `source` reads the tables, one consistent state of them, and writes nothing there;
//! 2. `facts` is what stands in them, unjudged; [`settings`] what the desk's settings are and where
//!    that was said;
//! 3. `intent` judges the rows: what never counted in the desk, what cannot be here, what a person has
//!    to decide ([`policy`]). All of it is said in the [`report`], row by row;
//! 4. `things` and `links` compare what is wanted with what is here; nothing is written yet;
//! 5. `load` writes the difference in bounded transactions, or nothing does, in a dry run;
//! 6. `differences` asks the desk's own rules (`desk`) and this service's about every login, and says
//!    where the answers differ and why.
//!
//! A second run finds everything by the ids that the desk gives it, and writes what is different. The
//! desk is the source of what it has; what is only here is said, and removed only if the operator wants it.
//!
//! **Memory** grows with the desk, whose rows are all held: 130 MB with 30,000 customer users and 75,000 links.

mod desk;
mod differences;
mod facts;
mod intent;
mod links;
mod load;
mod numbers;
pub mod policy;
pub mod report;
mod setting_writes;
pub mod settings;
mod source;
mod things;

use crate::access::Index;
use crate::directory::permission::MAX_PERMISSION_TYPES;
use crate::directory::{BackEndName, BackEndNumber, Change};
use crate::replica;
use crate::store::{Store, StoreError};
use crate::sync::crm::report::Ending;
use intent::Intent;
use load::Loading;
use numbers::Numbers;
pub use policy::Policy;
pub use report::Report;
use report::{Counts, Failure, Outcome};
use settings::DeskSettings;

/// Whoever watches.
pub trait Watch {
    /// So much of this is done; of what is read, nobody knows how much there is.
    fn at(&mut self, what: &str, done: usize, of: usize);
}

/// Why it stopped, and whether something was written before.
#[derive(Debug)]
struct Stopped(String, bool);

impl From<StoreError> for Stopped {
    fn from(why: StoreError) -> Self {
        Stopped(why.to_string(), false)
    }
}

/// Reads the desk at this address and loads it into the store that `open` opens; or only says what that would do.
pub fn run(
    from: &str,
    open: impl FnOnce() -> Result<Store, StoreError>,
    policy: &Policy,
    dry_run: bool,
    watch: &mut dyn Watch,
) -> Report {
    let mut report = Report { dry_run, ..Report::default() };
    let result = import(from, open, policy, watch, &mut report);
    let refused = report.findings.iter().any(|finding| finding.outcome == Outcome::Refused);
    report.result = match &result {
        Err(_) => Ending::Failed,
        Ok(()) if refused => Ending::SomeRefused,
        Ok(()) => Ending::Complete,
    };
    report.error = result.err().map(|Stopped(detail, written)| Failure { detail, written });
    report
}

fn import(
    from: &str,
    open: impl FnOnce() -> Result<Store, StoreError>,
    policy: &Policy,
    watch: &mut dyn Watch,
    report: &mut Report,
) -> Result<(), Stopped> {
    let facts = source::read(from, &mut |table| watch.at(&format!("reading {table}"), 0, 0));
    let facts = facts.map_err(|why| Stopped(why.to_string(), false))?;
    let settings = DeskSettings::new(&facts, &policy.settings);
    report.absent_tables.clone_from(&facts.absent);
    report.settings.clone_from(&settings.said);
    let mut intent = Intent::new(&facts, &settings, policy, report);
    may_go_on(&intent, &settings, report)?;
    let store = open()?;
    let (index, numbers) = bring_in(&store, &mut intent, &settings, policy, report, watch)?;
    watch.at("comparing access", 0, 0);
    report.differences = Some(differences::compare(&facts, &settings, &intent, &numbers, &index));
    match undecided(report) {
        Some(stopped) => Err(stopped),
        None => Ok(()),
    }
}

/// Nothing is loaded while something is undecided; a dry run goes on, to say the rest as well.
fn may_go_on(intent: &Intent, settings: &DeskSettings, report: &Report) -> Result<(), Stopped> {
    let types = intent.types.len().max(settings.permissions.len());
    if types > MAX_PERMISSION_TYPES {
        let said = format!("there would be {types} permission types; at most {MAX_PERMISSION_TYPES} are allowed");
        return Err(Stopped(said, false));
    }
    match undecided(report) {
        Some(stopped) if !report.dry_run => Err(stopped),
        _ => Ok(()),
    }
}

fn undecided(report: &Report) -> Option<Stopped> {
    let count = report.findings.iter().filter(|finding| finding.outcome == Outcome::Undecided).count() as u64;
    let count = crate::sync::crm::report::grouped(count);
    let said = format!("undecided: {count}; see what was found as undecided, and the flags beside it");
    report.is_undecided().then_some(Stopped(said, false))
}

/// Writes what is different, or foresees it; gives the index as it is then.
fn bring_in(
    store: &Store,
    intent: &mut Intent,
    settings: &DeskSettings,
    policy: &Policy,
    report: &mut Report,
    watch: &mut dyn Watch,
) -> Result<(Index, Numbers), Stopped> {
    watch.at("comparing", 0, 0);
    if !report.dry_run {
        replica::install(store).map_err(|why| Stopped(why.to_string(), false))?;
    }
    let index = replica::snapshot(store)?;
    let back_end = missing_back_end(&index, intent, report);
    let patch = setting_writes::foresee(&index, intent, settings, report);
    let writes = store.read(|conn| things::foresee(conn, &index, intent, policy, report))?;
    if report.dry_run {
        return Ok(foreseen(index, back_end, patch.map(|(_, change)| change), &writes.changes, intent, policy, report));
    }
    let mut loading = Loading { store, policy, report, watch, written: false };
    loading.settings(back_end, patch.map(|(patch, _)| patch))?;
    loading.things(intent, &writes)?;
    let index = replica::snapshot(store)?;
    let numbers = Numbers::of(&index, intent);
    let changes = links::foresee(&index, intent, &numbers, policy, loading.report);
    loading.links(&changes)?;
    Ok((replica::snapshot(store)?, numbers))
}

/// The index as it would be.
fn foreseen(
    index: Index,
    back_end: Option<BackEndName>,
    settings: Option<Change>,
    things: &[Change],
    intent: &Intent,
    policy: &Policy,
    report: &mut Report,
) -> (Index, Numbers) {
    let id = BackEndNumber(index.end(crate::directory::Kind::BackEnd).max(1));
    let back_end = back_end.map(|name| Change::BackEndPut { id, name, group_support: true });
    let before: Vec<Change> = back_end.into_iter().chain(settings).collect();
    let index = replica::applied(replica::applied(index, &before), things);
    let numbers = Numbers::of(&index, intent);
    let changes = links::foresee(&index, intent, &numbers, policy, report);
    (replica::applied(index, &changes), numbers)
}

/// The back end of customer users without a row, if it is not here yet.
fn missing_back_end(index: &Index, intent: &Intent, report: &mut Report) -> Option<BackEndName> {
    let name = intent.back_end.clone()?;
    let is_here = index.find_key::<BackEndNumber>(name.as_str()).is_some();
    let counts = Counts { created: u64::from(!is_here), unchanged: u64::from(is_here), ..Counts::default() };
    report.counts.insert("back ends", counts);
    Some(name).filter(|_| !is_here)
}
