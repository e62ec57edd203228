//! `customer-access export`: everything, as rows that `import job` takes back.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::database;
use crate::config::Config;
use crate::store::Store;
use crate::sync::export::{ExportError, Exported, export};

/// Where it goes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The new file [default: standard output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Arguments {
    /// Writes everything, all of it at one revision.
    #[expect(clippy::print_stderr, reason = "standard output may be the export itself")]
    pub(super) fn run(&self, config: &Config) -> Result<(), ExportError> {
        let store = database::open_existing(config, config.database_pool_size)?;
        let Exported { rows, revision } = match &self.to {
            Some(path) => to_file(&store, path)?,
            None => written(&store, std::io::stdout().lock())?,
        };
        eprintln!("exported {rows} rows at revision {revision}");
        Ok(())
    }
}

/// Half an export is none: where it fails, no file is left.
fn to_file(store: &Store, path: &Path) -> Result<Exported, ExportError> {
    let file = File::create_new(path)?;
    let exported = written(store, &file).and_then(|exported| Ok(file.sync_all().map(|()| exported)?));
    exported.inspect_err(|_| drop(std::fs::remove_file(path)))
}

fn written(store: &Store, out: impl Write) -> Result<Exported, ExportError> {
    let mut out = BufWriter::new(out);
    let exported = export(store, &mut out)?;
    out.flush()?;
    Ok(exported)
}
