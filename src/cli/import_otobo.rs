//! `customer-access import otobo`: a running OTRS, OTOBO or Znuny, from its database.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command prints its report, and says what went wrong")]

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::database;
use crate::config::{Config, DatabaseUrl};
use crate::plan::OnExisting;
use crate::store::{Store, StoreError};
use crate::sync::otobo::policy::{self, Missing, NeverCounted, OtherCase, SameKeys, Source, UnknownPermissions};
use crate::sync::otobo::settings::GivenSetting;
use crate::sync::otobo::{Policy, Report, Watch, run};

/// How many of each kind of finding standard output shows.
const SHOWN: usize = 10;
/// How often a log gets a line.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);

/// Where the desk is, and what becomes of what cannot be loaded as it stands.
#[derive(Debug, clap::Args)]
pub struct OtoboArguments {
    /// The desk's database: postgres://… or mysql://… (also MariaDB); a user who may read is enough
    #[arg(long, value_name = "URL", required_unless_present = "from_file")]
    pub from: Option<String>,
    /// A file with that address in it, so that no password stands in the list of processes
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub from_file: Option<PathBuf>,
    /// Says what would be done, where each setting came from, and how access would differ; writes nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The system that external ids are of; another name for a second desk
    #[arg(long, value_name = "NAME", default_value = "otobo", value_parser = policy::source)]
    pub source: Source,
    /// Customer users with links and no row, as those of an LDAP: create[:BACK_END], skip or fail
    #[arg(long, value_name = "create[:BACK_END]|skip|fail", value_parser = Missing::parse, default_value = "fail")]
    pub missing_customer_users: Missing,
    /// Customer ids that are named and have no company: create, skip or fail
    #[arg(long, value_name = "create|skip|fail", value_parser = Missing::parse_of_customers, default_value = "fail")]
    pub missing_customers: Missing,
    /// Two rows whose keys are the same here, because they differ only in case
    #[arg(long, value_enum, default_value_t)]
    pub same_keys: SameKeys,
    /// Links and lists that name a key in another case than its row
    #[arg(long, value_enum, default_value_t)]
    pub other_case: OtherCase,
    /// Links that hold a permission type that System::Customer::Permission does not list
    #[arg(long, value_enum, default_value_t)]
    pub unknown_permissions: UnknownPermissions,
    /// Rows that never counted: other values than 1, unknown contexts, links to nothing, empty keys
    #[arg(long, value_enum, default_value_t)]
    pub never_counted: NeverCounted,
    /// What happens to what exists here under the same key without an external id of the source
    #[arg(long, value_name = "adopt|refuse", value_parser = super::import::on_existing, default_value = "adopt")]
    pub on_existing: OnExisting,
    /// Removes links and list entries that are here and not in the desk, between things that came from it
    #[arg(long)]
    pub remove_missing_links: bool,
    /// A setting of the desk that stands in a file of it; outweighs its database; can be repeated
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = GivenSetting::parse)]
    pub settings: Vec<GivenSetting>,
    /// Writes the whole report to a file too; as JSON if its name ends in .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Prints the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Shows no progress
    #[arg(long)]
    pub quiet: bool,
}

impl OtoboArguments {
    /// Runs the import into the configured database; gives the exit code.
    pub fn run(&self, config: &Config) -> u8 {
        let from = match self.address() {
            Ok(from) => from,
            Err(why) => {
                eprintln!("customer-access: {why}\nNothing was written.");
                return 1;
            }
        };
        let report = run(&from, || self.open(config), &self.policy(), self.dry_run, self.watch().as_mut());
        match self.print(&report) {
            Ok(()) => report.exit_code(),
            Err(why) => {
                eprintln!("customer-access: the report could not be written: {why}");
                report.exit_code().max(1)
            }
        }
    }

    /// The address, checked before a library reads it that might repeat a part of the password.
    fn address(&self) -> Result<String, String> {
        let from = match (&self.from, &self.from_file) {
            (_, Some(path)) => {
                std::fs::read_to_string(path).map_err(|why| format!("--from-file {}: {why}", path.display()))?
            }
            (from, None) => from.clone().unwrap_or_default(),
        };
        let from = from.trim().to_owned();
        if from.starts_with("postgres") {
            DatabaseUrl::parse(&from).map_err(|why| format!("--from {why}"))?;
        }
        Ok(from)
    }

    /// A dry run makes no database: where there is none, it looks at an empty one that goes away with it.
    fn open(&self, config: &Config) -> Result<Store, StoreError> {
        let unavailable = |why: String| StoreError::Unavailable(why);
        if self.dry_run && !config.database_url.is_there() {
            let folder = std::env::temp_dir().join(format!("customer-access-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir(&folder).map_err(|why| unavailable(why.to_string()))?;
            let scratch = Store::open(&DatabaseUrl::default_in(&folder), 1).and_then(|store| {
                crate::replica::install(&store).map(|()| store).map_err(|why| unavailable(why.to_string()))
            });
            // On every system that this runs on, an open file that was removed can be read until it is closed.
            std::fs::remove_dir_all(&folder).map_err(|why| unavailable(why.to_string()))?;
            return scratch;
        }
        database::open_beside_service(config)
    }

    fn policy(&self) -> Policy {
        Policy {
            source: self.source.clone(),
            missing_customer_users: self.missing_customer_users.clone(),
            missing_customers: self.missing_customers.clone(),
            same_keys: self.same_keys,
            other_case: self.other_case,
            unknown_permissions: self.unknown_permissions,
            never_counted: self.never_counted,
            on_existing: self.on_existing,
            remove_missing_links: self.remove_missing_links,
            settings: self.settings.clone(),
        }
    }

    fn print(&self, report: &Report) -> std::io::Result<()> {
        let json = || serde_json::to_string(report).map_err(std::io::Error::from);
        if self.json {
            println!("{}", json()?);
        } else {
            print!("{}", report.text(Some(SHOWN)));
        }
        if let Some(path) = &self.report {
            let is_json = self.json || path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
            std::fs::write(path, if is_json { json()? } else { report.text(None) })?;
        }
        if let Some(error) = &report.error {
            eprintln!("customer-access: {error}");
        }
        Ok(())
    }

    fn watch(&self) -> Box<dyn Watch> {
        if self.quiet {
            Box::new(Silent)
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let template = "{msg:>30} {wide_bar} {pos}/{len}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            Box::new(Bar(bar))
        } else {
            Box::new(Lines(Instant::now()))
        }
    }
}

struct Silent;

impl Watch for Silent {
    fn at(&mut self, _what: &str, _done: usize, _of: usize) {}
}

/// A bar on a terminal.
struct Bar(ProgressBar);

impl Watch for Bar {
    fn at(&mut self, what: &str, done: usize, of: usize) {
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
        self.0.set_message(what.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A line now and then, for a log.
struct Lines(Instant);

impl Watch for Lines {
    fn at(&mut self, what: &str, done: usize, of: usize) {
        if self.0.elapsed() >= PLAIN_LINE_EVERY {
            self.0 = Instant::now();
            let so_far = if of == 0 { String::new() } else { format!(": {done} of {of}") };
            eprintln!("{what}{so_far}");
        }
    }
}
