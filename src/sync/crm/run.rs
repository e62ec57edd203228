//! The import itself: check the whole file, then write its rows in batches.

use std::fs::{File, Metadata};
use std::io::{self, Seek};
use std::path::Path;

use super::field::Part;
use super::mapping::{Columns, Mapping, MappingError};
use super::output::Outputs;
use super::progress::Progress;
use super::reader::{ReadError, RecordReader};
use super::record::Record;
use super::repeated::Repeated;
use super::report::{Ending, Failure, Finding, FoundProblem, Report, Severity};
use super::row::{self, GoodRow, Refusal};
use super::sink::{CrmRow, PartOutcome, Problem, RowOutcome, Sink, SinkError};

/// How many rows are handed over at once.
pub const BATCH: usize = 500;

/// What to import.
#[derive(Debug, Clone, Copy)]
pub struct Import<'i> {
    /// The file: one that can be read twice, hence no pipe.
    pub file: &'i Path,
    /// Which column is which field.
    pub mapping: &'i Mapping,
}

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("the file cannot be opened: {0}")]
    Open(io::Error),
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error(
        "this is not a regular file; it is read twice, first to check it, so write what comes from a pipe to a file"
    )]
    NotAFile,
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Mapping(#[from] MappingError),
    #[error("the file was changed while it was read; import it when nothing writes to it")]
    Changed,
    #[error("the rows from line {first} to line {last} could not be written: {error}")]
    Sink { first: u64, last: u64, error: SinkError },
    #[error("nothing can be written: {0}")]
    Begin(SinkError),
}

impl ImportError {
    fn line(&self) -> Option<u64> {
        match self {
            Self::Read(error) => error.line(),
            Self::Sink { first, .. } => Some(*first),
            _ => None,
        }
    }
}

/// Imports a file. The findings go to `outputs` as they come, the counts are what is returned.
pub fn run(import: Import<'_>, sink: &mut dyn Sink, progress: &mut dyn Progress, outputs: &mut Outputs<'_>) -> Report {
    let name = import.file.file_name().unwrap_or(import.file.as_os_str());
    let mut report = Report { file: name.to_string_lossy().into_owned(), ..Report::default() };
    let mut written_to_line = None;
    let result = import.run(sink, progress, outputs, &mut report, &mut written_to_line);
    progress.end();
    report.result = match &result {
        Err(_) => Ending::Failed,
        Ok(()) if report.rows_refused > 0 => Ending::SomeRefused,
        Ok(()) => Ending::Complete,
    };
    let failure = |error: ImportError| Failure { detail: error.to_string(), line: error.line(), written_to_line };
    report.error = result.err().map(failure);
    report
}

impl Import<'_> {
    fn run(
        self,
        sink: &mut dyn Sink,
        progress: &mut dyn Progress,
        outputs: &mut Outputs<'_>,
        report: &mut Report,
        written_to_line: &mut Option<u64>,
    ) -> Result<(), ImportError> {
        let mut file = File::open(self.file).map_err(ImportError::Open)?;
        let state = file.metadata()?;
        if !state.is_file() {
            return Err(ImportError::NotAFile);
        }
        progress.begin("checking", state.len());
        self.check(&file, progress)?;
        unchanged(&file, &state)?;
        progress.end();
        sink.begin().map_err(ImportError::Begin)?;
        file.rewind()?;
        progress.begin("importing", state.len());
        let (mut reader, columns) = self.open(&file)?;
        let mut loading = Loading::new(&columns, sink, outputs, report, written_to_line);
        loading.load(&mut reader, progress)?;
        unchanged(&file, &state)
    }

    fn open<'f>(&self, file: &'f File) -> Result<(RecordReader<&'f File>, Columns<'_>), ImportError> {
        let Mapping { encoding, separator, .. } = self.mapping;
        let (reader, header) = RecordReader::open(file, *encoding, *separator, &self.mapping.wanted())?;
        Ok((reader, self.mapping.bind(header)?))
    }

    /// Reads the whole file, so that one that cannot be read is not half in.
    fn check(&self, file: &File, progress: &mut dyn Progress) -> Result<(), ImportError> {
        let (mut reader, _) = self.open(file)?;
        let (mut record, mut rows) = (Record::default(), 0);
        while reader.read(&mut record)? {
            rows += 1;
            progress_at(progress, reader.bytes(), rows);
        }
        Ok(())
    }
}

fn progress_at(progress: &mut dyn Progress, bytes: u64, rows: u64) {
    if rows.is_multiple_of(BATCH as u64) {
        progress.at(bytes, rows);
    }
}

fn unchanged(file: &File, before: &Metadata) -> Result<(), ImportError> {
    let after = file.metadata()?;
    let is_same = after.len() == before.len() && after.modified().ok() == before.modified().ok();
    if is_same { Ok(()) } else { Err(ImportError::Changed) }
}

/// The rows on their way.
struct Loading<'l, 'o> {
    columns: &'l Columns<'l>,
    sink: &'l mut dyn Sink,
    outputs: &'l mut Outputs<'o>,
    report: &'l mut Report,
    written_to_line: &'l mut Option<u64>,
    repeated: Repeated,
    /// The rows to hand over, and the number of the customer that each brings.
    batch: Vec<CrmRow>,
    customers: Vec<Option<u32>>,
    findings: Vec<Finding>,
    /// How many rows were read since the last batch was handed over.
    waiting: usize,
}

impl<'l, 'o> Loading<'l, 'o> {
    fn new(
        columns: &'l Columns<'l>,
        sink: &'l mut dyn Sink,
        outputs: &'l mut Outputs<'o>,
        report: &'l mut Report,
        written_to_line: &'l mut Option<u64>,
    ) -> Self {
        Self {
            columns,
            sink,
            outputs,
            report,
            written_to_line,
            repeated: Repeated::default(),
            batch: Vec::new(),
            customers: Vec::new(),
            findings: Vec::new(),
            waiting: 0,
        }
    }

    fn load(&mut self, reader: &mut RecordReader<&File>, progress: &mut dyn Progress) -> Result<(), ImportError> {
        let mut record = Record::default();
        while reader.read(&mut record)? {
            self.report.rows += 1;
            self.row(&record);
            if self.waiting == BATCH {
                self.flush(record.line(), progress)?;
            }
            progress_at(progress, reader.bytes(), self.report.rows);
        }
        if self.report.rows == 0 {
            let nothing = Problem::of_row("no_rows", "is the header, and no row follows it");
            self.found(self.columns.header().line, Severity::Warning, vec![(nothing, None)]);
        }
        self.flush(record.line(), progress)
    }

    /// Reads a row and puts it into the batch, or among the findings.
    fn row(&mut self, record: &Record) {
        self.waiting += 1;
        match row::read(record, self.columns) {
            Err(refusals) => self.refused(record.line(), refusals),
            Ok(GoodRow { row, warnings }) => self.compare(row, warnings),
        }
    }

    /// Compares a good row with those before it.
    fn compare(&mut self, mut row: CrmRow, mut warnings: Vec<Refusal>) {
        match self.repeated.check(&mut row) {
            Err(refusals) => self.refused(row.line, refusals),
            Ok(checked) => {
                warnings.extend(checked.warnings.into_iter().map(|problem| (problem, None)));
                self.found(row.line, Severity::Warning, warnings);
                if row.customer.is_some() || row.customer_user.is_some() {
                    self.batch.push(row);
                    self.customers.push(checked.customer);
                }
            }
        }
    }

    fn refused(&mut self, line: u64, refusals: Vec<Refusal>) {
        for part in [Part::Customer, Part::CustomerUser] {
            let concerned = |(problem, _): &Refusal| problem.part.is_none_or(|of| of == part);
            if self.columns.mapping.brings(part) && refusals.iter().any(concerned) {
                self.report.counts(part).refused += 1;
            }
        }
        self.found(line, Severity::Refused, refusals);
    }

    fn found(&mut self, line: u64, outcome: Severity, refusals: Vec<Refusal>) {
        if refusals.is_empty() {
            return;
        }
        let found = |(problem, value)| FoundProblem::new(problem, value, self.columns);
        let problems = refusals.into_iter().map(found).collect();
        match outcome {
            Severity::Refused => self.report.rows_refused += 1,
            Severity::Warning => self.report.warnings += 1,
        }
        self.findings.push(Finding { line, outcome, problems });
    }

    /// Hands the batch over, and writes what was found in the order of the file.
    fn flush(&mut self, last_line: u64, progress: &mut dyn Progress) -> Result<(), ImportError> {
        self.waiting = 0;
        let result = self.hand_over();
        if result.is_ok() && last_line > 0 {
            *self.written_to_line = Some(last_line);
        }
        self.findings.sort_by_key(|finding| finding.line);
        let (findings, outputs) = (std::mem::take(&mut self.findings), &mut *self.outputs);
        if !findings.is_empty() {
            progress.aside(&mut || findings.iter().for_each(|finding| outputs.finding(finding)));
        }
        result
    }

    fn hand_over(&mut self) -> Result<(), ImportError> {
        let (rows, customers) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.customers));
        let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
        let (Some(&first), Some(&last)) = (lines.first(), lines.last()) else {
            return Ok(());
        };
        let failed = |error| ImportError::Sink { first, last, error };
        let outcomes = self.sink.upsert(rows).map_err(failed)?;
        if outcomes.len() != lines.len() {
            let said = format!("the store answered for {} rows of {}", outcomes.len(), lines.len());
            return Err(failed(SinkError(said)));
        }
        for ((line, customer), outcome) in lines.into_iter().zip(customers).zip(outcomes) {
            self.outcome(line, customer, outcome);
        }
        Ok(())
    }

    fn outcome(&mut self, line: u64, customer: Option<u32>, outcome: RowOutcome) {
        if let (Some(number), Some(PartOutcome::Refused(_))) = (customer, &outcome.customer) {
            self.repeated.forget(number);
        }
        let parts = [(Part::Customer, outcome.customer), (Part::CustomerUser, outcome.customer_user)];
        let mut refusals = Vec::new();
        for (part, outcome) in parts.into_iter().filter_map(|(part, outcome)| Some((part, outcome?))) {
            self.report.counts(part).count(&outcome);
            if let PartOutcome::Refused(problems) = outcome {
                refusals.extend(explained(part, problems));
            }
        }
        self.found(line, Severity::Refused, refusals);
        self.found(line, Severity::Warning, outcome.warnings.into_iter().map(|problem| (problem, None)).collect());
    }
}

/// A refusal has a reason, even if whoever refused gave none.
fn explained(part: Part, problems: Vec<Problem>) -> Vec<Refusal> {
    let unexplained = || vec![Problem::of_part(part, "refused", "was refused")];
    let problems = if problems.is_empty() { unexplained() } else { problems };
    problems.into_iter().map(|problem| (problem, None)).collect()
}
