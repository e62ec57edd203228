//! `customer-access import`: other systems' data, from a file.

#![expect(clippy::print_stderr, reason = "a command says on standard error what went wrong")]

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use encoding_rs::Encoding;

use super::database;
use crate::config::Config;
use crate::plan::OnExisting;
use crate::sync::crm::output::{JsonOutput, Output, Outputs, TextOutput};
use crate::sync::crm::progress::{Bar, PlainLines, Progress, Silent};
use crate::sync::crm::specification::{Content, Empty};
use crate::sync::crm::{Directory, Import, Mapping, Report, Sink, Specification, mapping_file, run};

/// How many findings standard output shows if a file gets all of them, and how many warnings in any case.
const SHOWN: u64 = 20;
/// How often a log gets a line.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);

/// Brings in what another system knows.
#[derive(Debug, clap::Args)]
pub struct ImportArguments {
    /// Where it comes from.
    #[command(subcommand)]
    pub from: ImportFrom,
}

/// Where an import comes from.
#[derive(Debug, clap::Subcommand)]
pub enum ImportFrom {
    /// A CRM's CSV export: customers and customer users
    ///
    /// Each row is created, updated or left as it is; a second run of the same file changes nothing.
    /// Rows that are refused are named with line, column and reason, and leave the others alone. A
    /// file that cannot be read as a whole is refused before anything is written.
    ///
    /// Exit codes: 0 all rows are in; 1 nothing was written or not all was read; 2 wrong usage; 3
    /// some rows were refused.
    Crm(Box<CrmArguments>),
    /// A running OTRS 6, OTOBO 10 or 11, or Znuny 6 or 7, from its database: everything that bears on access
    ///
    /// Reads the desk's database, in one transaction that writes nothing, and loads customers, customer
    /// users, groups, services, all links, and the settings. What cannot be loaded as it stands is named
    /// row by row, and decided by a flag; until it is, nothing is written. Try it with --dry-run first.
    /// A second run brings in what changed.
    ///
    /// Exit codes: 0 all is in; 1 nothing or not all was loaded; 2 wrong usage; 3 some rows were refused.
    Otobo(Box<super::import_otobo::OtoboArguments>),
    /// Rows of everything, as `export` writes them, or a table of one kind: made an import job, and carried out
    ///
    /// Each row is created, updated or left as it is; a row that fails leaves the others alone. The job stands
    /// under /v1/import-jobs with its results. Killed in the middle, it is finished by the next service or
    /// import on the same database.
    ///
    /// Exit codes: 0 all rows are in; 1 nothing or not all was done; 2 wrong usage; 3 some rows failed; 4 it waits
    /// for approval, because too much would be deactivated.
    Job(Box<super::import_job::JobArguments>),
}

/// A CRM's CSV export, and how to read it.
#[derive(Debug, clap::Args)]
pub struct CrmArguments {
    /// The file; comma, semicolon, tab or | between columns, a header, UTF-8 or UTF-16
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Which column is which field, such as login=Email or customer.name=Company; can be repeated
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = assignment)]
    pub map: Vec<Assignment>,
    /// A field that is the same on every row, such as customer_user.back_end=crm; can be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    pub set: Vec<Assignment>,
    /// All of this in a TOML file; what the command line says outweighs it
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// The system that external ids are of, such as crm
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// A text that counts as an empty cell, such as NULL; can be repeated
    #[arg(long = "null", value_name = "TEXT")]
    pub null: Vec<String>,
    /// What an empty cell does to its field [default: leave]
    #[arg(long, value_enum)]
    pub empty: Option<Empty>,
    /// What stands between two columns: , ; | tab or another sign [default: found in the header]
    #[arg(long, value_name = "CHARACTER", value_parser = mapping_file::separator)]
    pub separator: Option<u8>,
    /// What a file without a byte-order mark is in, such as windows-1252 [default: UTF-8 or UTF-16]
    #[arg(long, value_name = "NAME", value_parser = mapping_file::encoding)]
    pub encoding: Option<&'static Encoding>,
    /// What happens to a customer or customer user who exists without the row's external id
    #[arg(long, value_name = "adopt|refuse", value_parser = on_existing, default_value = "adopt")]
    pub on_existing: OnExisting,
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

/// `FIELD=COLUMN` or `FIELD=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    field: String,
    content: String,
}

fn assignment(written: &str) -> Result<Assignment, String> {
    let (field, content) = written.split_once('=').ok_or("must be a field, = and a column, such as login=Email")?;
    let (field, content) = (field.trim().to_owned(), content.trim().to_owned());
    if field.is_empty() || content.is_empty() {
        return Err("must have something on either side of the =, such as login=Email".to_owned());
    }
    Ok(Assignment { field, content })
}

pub(super) fn on_existing(written: &str) -> Result<OnExisting, String> {
    match written {
        "adopt" => Ok(OnExisting::Adopt),
        "refuse" => Ok(OnExisting::Refuse),
        _ => Err("must be adopt (they get the external id) or refuse".to_owned()),
    }
}

impl ImportArguments {
    /// Runs the import into the configured database; gives the exit code.
    pub fn run(&self, config: &Config) -> u8 {
        let arguments = match &self.from {
            ImportFrom::Otobo(arguments) => return arguments.run(config),
            ImportFrom::Job(arguments) => return arguments.run(config),
            ImportFrom::Crm(arguments) => arguments,
        };
        let open = || database::open_beside_service(config);
        run_crm(arguments, &mut Directory::new(open, "import crm", arguments.on_existing))
    }
}

/// Runs the import and prints its report; gives the exit code.
pub fn run_crm(arguments: &CrmArguments, sink: &mut dyn Sink) -> u8 {
    match outputs(arguments) {
        Ok(outputs) => finish(arguments, sink, outputs),
        Err(reason) => {
            eprintln!("customer-access: {reason}\nNothing was written.");
            1
        }
    }
}

fn finish(arguments: &CrmArguments, sink: &mut dyn Sink, mut outputs: Outputs<'_>) -> u8 {
    let report = match arguments.mapping() {
        Ok(mapping) => {
            let import = Import { file: &arguments.file, mapping: &mapping };
            run(import, sink, progress(arguments).as_mut(), &mut outputs)
        }
        Err(reason) => Report::failed(arguments.file.to_string_lossy(), reason),
    };
    let lost = outputs.end(&report);
    if let Some(error) = &report.error {
        eprintln!("customer-access: {error}");
    }
    match lost {
        None => report.exit_code(),
        Some(error) => {
            eprintln!("customer-access: the report could not be written: {error}");
            report.exit_code().max(1)
        }
    }
}

impl CrmArguments {
    /// What the flags and the mapping file say, checked.
    fn mapping(&self) -> Result<Mapping, String> {
        let below = self.mapping.as_deref().map(read_mapping).transpose()?.unwrap_or_default();
        Mapping::new(self.specification().over(below)).map_err(|error| error.to_string())
    }

    fn specification(&self) -> Specification {
        let mut specification = Specification::default();
        specification.null.clone_from(&self.null);
        specification.empty = self.empty;
        specification.separator = self.separator;
        specification.encoding = self.encoding;
        for Assignment { field, content } in &self.map {
            specification.field(field, Content::Column(content.clone()), format!("--map {field}={content}"));
        }
        for Assignment { field, content } in &self.set {
            specification.field(field, Content::Constant(content.clone()), format!("--set {field}={content}"));
        }
        if let Some(source) = &self.source {
            specification.source(source, format!("--source {source}"));
        }
        specification
    }
}

fn read_mapping(path: &Path) -> Result<Specification, String> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let text = std::fs::read_to_string(path).map_err(|error| format!("the mapping {name} cannot be read: {error}"))?;
    Ok(mapping_file::read(&text, &name))
}

fn progress(arguments: &CrmArguments) -> Box<dyn Progress> {
    if arguments.quiet {
        Box::new(Silent)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bar::default())
    } else {
        Box::new(PlainLines::new(std::io::stderr(), PLAIN_LINE_EVERY))
    }
}

/// Standard output, and the report file. That can be made is found out before anything is written.
fn outputs(arguments: &CrmArguments) -> Result<Outputs<'static>, String> {
    let shown = arguments.report.as_ref().map(|_| SHOWN);
    let standard = std::io::stdout();
    let mut outputs: Vec<Box<dyn Output>> = vec![match arguments.json {
        true => Box::new(JsonOutput::new(standard)),
        false => Box::new(TextOutput::brief(standard, shown, Some(SHOWN))),
    }];
    if let Some(path) = &arguments.report {
        let file = File::create(path).map_err(|e| format!("the report {} cannot be written: {e}", path.display()))?;
        outputs.push(report_file(arguments, path, BufWriter::new(file)));
    }
    Ok(Outputs::new(outputs))
}

fn report_file(arguments: &CrmArguments, path: &Path, file: impl Write + 'static) -> Box<dyn Output> {
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if arguments.json || is_json { Box::new(JsonOutput::new(file)) } else { Box::new(TextOutput::full(file)) }
}
