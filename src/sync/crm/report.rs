//! What became of a file: every refused row as it is found, the counts at the end.

use serde::Serialize;

use super::field::{Field, Part};
use super::mapping::Columns;
use super::sink::{PartOutcome, Problem};

/// What was found about one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where in the file the row begins.
    pub line: u64,
    /// How bad it is.
    pub outcome: Severity,
    /// Everything that was found.
    pub problems: Vec<FoundProblem>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row, or a part of it, was not written.
    Refused,
    /// The row was written, and there is something to know about it.
    Warning,
}

/// Something found in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundProblem {
    /// Whether the customer or the customer user is concerned; absent: the whole row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The column that the field is mapped to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What stands there, in quotes, shortened and escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What a program reads.
    pub code: &'static str,
    /// What a person reads.
    pub reason: String,
}

impl FoundProblem {
    /// The problem, with the column that a person knows the field by.
    pub(super) fn new(problem: Problem, value: Option<String>, columns: &Columns<'_>) -> Self {
        let Problem { part, field, code, reason } = problem;
        let column = field.and_then(|field| columns.column(field)).map(str::to_owned);
        Self { part, field, column, value, code, reason }
    }
}

impl std::fmt::Display for FoundProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.column, self.field, self.part) {
            (Some(column), ..) => write!(f, "{}", super::cell::shown(column).trim_matches('"'))?,
            (None, Some(field), _) => write!(f, "{field}")?,
            (None, None, Some(Part::Customer)) => f.write_str("the customer")?,
            (None, None, Some(Part::CustomerUser)) => f.write_str("the customer user")?,
            (None, None, None) => f.write_str("the row")?,
        }
        if let Some(value) = &self.value {
            write!(f, " {value}")?;
        }
        write!(f, " {}", self.reason)
    }
}

/// How many customers, or customer users, came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// New ones.
    pub created: u64,
    /// Those that differed.
    pub updated: u64,
    /// Those that were so already.
    pub unchanged: u64,
    /// Those that were not written.
    pub refused: u64,
}

impl Counts {
    pub(super) fn count(&mut self, outcome: &PartOutcome) {
        match outcome {
            PartOutcome::Created => self.created += 1,
            PartOutcome::Updated => self.updated += 1,
            PartOutcome::Unchanged => self.unchanged += 1,
            PartOutcome::Refused(_) => self.refused += 1,
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [created, updated, unchanged, refused] =
            [self.created, self.updated, self.unchanged, self.refused].map(grouped);
        write!(f, "{created} created, {updated} updated, {unchanged} unchanged, {refused} refused")
    }
}

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every row is in.
    #[default]
    Complete,
    /// The whole file was read, and some rows were refused.
    SomeRefused,
    /// Nothing was written, or not everything was read.
    Failed,
}

/// Why an import failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The sentence.
    pub detail: String,
    /// Where in the file, if it is about a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The last line of what was written before; absent: nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_to_line: Option<u64>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.written_to_line {
            None => write!(f, "{}\nNothing was written.", self.detail),
            Some(line) => write!(
                f,
                "{}\nThe rows up to line {line} are in, but for those that were refused. Running the same import \
                 again leaves them as they are and goes on.",
                self.detail
            ),
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// The file's name.
    pub file: String,
    /// How it ended.
    pub result: Ending,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The rows that were read.
    pub rows: u64,
    /// Those of them that were refused, whole or in part.
    pub rows_refused: u64,
    /// How many warnings there are.
    pub warnings: u64,
    /// What became of the customers; each counts once, however many rows mention it.
    pub customers: Counts,
    /// What became of the customer users.
    pub customer_users: Counts,
}

impl Report {
    /// The report of an import that failed before it began.
    pub fn failed(file: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = Some(Failure { detail: detail.into(), line: None, written_to_line: None });
        Self { file: file.into(), result: Ending::Failed, error, ..Self::default() }
    }

    /// For a scheduler: 0 all rows are in, 1 nothing or not all was read, 3 some rows were refused.
    pub fn exit_code(&self) -> u8 {
        match self.result {
            Ending::Complete => 0,
            Ending::Failed => 1,
            Ending::SomeRefused => 3,
        }
    }

    pub(super) fn counts(&mut self, part: Part) -> &mut Counts {
        match part {
            Part::Customer => &mut self.customers,
            Part::CustomerUser => &mut self.customer_users,
        }
    }

    /// The counts, for people.
    pub(super) fn summary(&self) -> String {
        let Self { file, rows, rows_refused, warnings, customers, customer_users, .. } = self;
        let [rows, refused, warnings] = [*rows, *rows_refused, *warnings].map(grouped);
        format!(
            "{file}: {rows} rows, {refused} refused, {warnings} warnings\n  customers:      {customers}\n  \
             customer users: {customer_users}"
        )
    }
}

/// A number as a person reads it: `12,345`.
pub(in crate::sync) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap_or("")).collect();
    groups.join(",")
}
