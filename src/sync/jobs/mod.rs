//! Import jobs: whole exports of another system, uploaded in chunks, and written step by step.
//!
//! The way of a row:
//!
//! 1. [`upload`] looks through its chunk as it comes; what is no table, or unpacks to too much, is refused as a whole;
//! 2. when all chunks are there, [`worker`] claims the job, and [`prepare`] looks through all rows for what stands
//!    there twice and for what was sent;
//! 3. `reader`, on a thread of its own, reads the rows rank by rank: what others name comes before them;
//! 4. `slice` makes some hundred of them one plan, and [`run`] writes it as one step, with the results and the new
//!    position in the same transaction;
//! 5. in full mode, `full` deactivates what was not sent, or stops and asks.
//!
//! A dry run (`dry_run`) makes the same plans upon one state of the directory, and keeps only what they say.
//!
//! A row that is wrong fails alone and says why; none is ever dropped. What a job does, it does under the powers of
//! who created it. This module holds no rule of access: whose access changes, `access` says.

mod background;
mod cells;
mod dry_run;
mod full;
mod in_order;
mod members;
pub mod options;
mod outcome;
pub mod prepare;
mod reader;
mod repeats;
pub mod results;
pub mod rows;
pub mod run;
mod slice;
mod tally;
pub mod upload;
pub mod worker;

pub use full::AbsentThing;
pub use members::kinds;
pub use outcome::{RowError, RowResult};
pub use slice::is_field;
pub use tally::Tally;
