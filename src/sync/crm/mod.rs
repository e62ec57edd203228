//! A CRM's CSV export, read as customers and customer users.
//!
//! The way of a row:
//!
//! 1. `encoding` turns the file's bytes into UTF-8, or says on which line that cannot be done;
//! 2. `reader` cuts the text into records, each with the line where it begins;
//! 3. `header` finds the columns that the [`mapping`] names;
//! 4. `row` reads one record as a [`CrmRow`], or lists everything that is wrong with it;
//! 5. `repeated` compares it with the rows before it: a login stands in a file once, and a customer
//!    that many rows mention is written once;
//! 6. [`run`](mod@run) hands the rows to a [`Sink`] in batches, counts, and reports.
//!
//! The file is read twice. The first time, nothing is written: an encoding that is wrong, a quote
//! that is never closed or a column that is missing stops the import before it began, so that a
//! broken file is never half in. The second time, the rows are written, and a row that is refused
//! leaves the others alone.
//!
//! **Memory** does not grow with the file, but for the comparison of the rows: at most 40 bytes for
//! each login and each external id (60 for the moment in which a table grows), and about 200 for each
//! different customer. A million contacts with both, of a hundred thousand companies, take about
//! 100 MB. A record is shorter than [`reader::MAX_RECORD`] bytes.

mod cell;
mod directory;
mod draft;
pub mod encoding;
pub mod field;
pub mod header;
mod known_customers;
mod lines;
pub mod mapping;
pub mod mapping_file;
pub mod output;
pub mod progress;
pub mod reader;
pub mod record;
mod repeated;
pub mod report;
mod row;
pub mod run;
pub mod sink;
pub mod specification;

pub(super) use cell::{trimmed, unbroken};
pub use directory::Directory;
pub use field::{CustomerField, CustomerUserField, Field, Part};
pub use mapping::{Mapping, MappingError};
pub use report::Report;
pub use run::{Import, run};
pub use sink::{CrmRow, CustomerUpsert, CustomerUserUpsert, PartOutcome, Problem, RowOutcome, Sink, SinkError};
pub use specification::Specification;
