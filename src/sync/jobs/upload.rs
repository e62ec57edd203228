//! A chunk as it comes: unpacked, looked through, and packed as it is kept.
//!
//! A table that cannot be read as one is refused as a whole, here, so that it is never half in. What is
//! unpacked is never held whole, and never more than it may be.

use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::rows::{self, CSV, NDJSON, Rows};
use crate::store::{Chunk, ChunkHead};
use crate::sync::crm::encoding::EncodingError;
use crate::sync::crm::reader::ReadError;
use crate::sync::rows::RowKind;
use crate::turns::{Turn, offering};

/// A chunk as it comes.
pub struct Upload<'u> {
    /// The bytes.
    pub sent: &'u [u8],
    /// Whether they are compressed with gzip.
    pub is_packed: bool,
    /// Whether they are a table.
    pub is_table: bool,
    /// The kind of all rows, where they do not say it themselves.
    pub kind: Option<RowKind>,
    /// So much it may unpack to.
    pub most: u64,
}

/// What is in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// SHA-256 of what it unpacks to, in base64.
    pub digest: String,
    /// How many rows it has.
    pub rows: u64,
    /// How much it unpacks to.
    pub bytes: u64,
    /// The names of the columns, where it is a table.
    pub columns: Option<Vec<String>>,
    /// What it says, compressed with gzip.
    pub content: Vec<u8>,
}

/// Why a chunk is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It unpacks to too much.
    #[error("It unpacks to more than {0} bytes, which is the most (MAX_CHUNK_UNPACKED_BYTES); send it in parts.")]
    TooLarge(u64),
    /// It cannot be unpacked.
    #[error("It cannot be unpacked as gzip: {0}.")]
    NotPacked(String),
    /// It cannot be read as a table.
    #[error("It cannot be read as a table: {0}.")]
    NotTable(String),
    /// There is a column that no row can have.
    #[error(
        "The column {column:?} is none that a {kind} has; there are {known}. Name a column that is to be ignored with _ before it."
    )]
    UnknownColumn {
        /// Its name.
        column: String,
        /// Of which kind.
        kind: &'static str,
        /// Those that there are.
        known: String,
    },
    /// Nobody can say what the rows are about.
    #[error("A table needs a kind for all of its rows (?kind=customer_user), or a column called kind.")]
    NoKind,
}

/// Looks through a chunk.
pub fn inspect(upload: &Upload<'_>) -> Result<Inspected, UploadError> {
    let unpacked: Box<dyn Read + '_> =
        if upload.is_packed { Box::new(MultiGzDecoder::new(upload.sent)) } else { Box::new(upload.sent) };
    let mut metered =
        Metered { input: unpacked, hash: Sha256::new(), bytes: 0, most: upload.most, turn: Turn::begin() };
    let counted = count(&mut metered, upload);
    if metered.bytes > upload.most {
        return Err(UploadError::TooLarge(upload.most));
    }
    let (rows, columns) = counted?;
    let (digest, bytes) = (STANDARD.encode(metered.hash.finalize()), metered.bytes);
    let content = if upload.is_packed { Ok(upload.sent.to_vec()) } else { pack(upload.sent) };
    let content = content.map_err(|why| UploadError::NotPacked(why.to_string()))?;
    Ok(Inspected { digest, rows, bytes, columns, content })
}

/// Looks through a chunk of a job that may have rows of one kind `only`: its table is about that, where neither the
/// upload nor a column says what it is about. Gives the kind of all rows, too.
pub fn inspect_for(upload: &Upload<'_>, only: Option<RowKind>) -> Result<(Inspected, Option<RowKind>), UploadError> {
    let look = |kind| Ok((inspect(&Upload { kind, ..*upload })?, kind));
    match (look(upload.kind), only) {
        (Err(UploadError::NoKind), Some(_)) => look(only),
        (looked, _) => looked,
    }
}

impl Inspected {
    /// What was looked through, as a chunk of a job.
    pub fn into_chunk(self, job: String, number: u64, is_table: bool, kind: Option<RowKind>) -> Chunk {
        let Inspected { digest, rows, bytes, columns, content } = self;
        let header = columns.map(|columns| serde_json::json!(columns).to_string());
        let media = if is_table { CSV } else { NDJSON }.to_owned();
        let kind = kind.map(|kind| kind.as_str().to_owned());
        Chunk { head: ChunkHead { job, number, digest, media, kind, header, rows, bytes }, content }
    }
}

/// So many bytes are compressed in some tens of microseconds.
const PIECE: usize = 4 * 1024;

/// Bytes compressed with gzip.
pub(super) fn pack(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for piece in offering(plain.chunks(PIECE)) {
        packed.write_all(piece)?;
    }
    packed.finish()
}

type Counted = (u64, Option<Vec<String>>);

fn count(input: &mut Metered<'_>, upload: &Upload<'_>) -> Result<Counted, UploadError> {
    let refused = |why: ReadError| match why {
        ReadError::Encoding(EncodingError::Io(why)) => UploadError::NotPacked(why.to_string()),
        why => UploadError::NotTable(why.to_string()),
    };
    if !upload.is_table {
        return count_lines(input).map(|rows| (rows, None)).map_err(|why| UploadError::NotPacked(why.to_string()));
    }
    let mut table = Rows::open(&mut *input, true, upload.kind).map_err(refused)?;
    let columns = table.columns().unwrap_or_default().to_vec();
    know(&columns, upload.kind)?;
    let mut rows = 0;
    while table.next_row().map_err(refused)?.is_some() {
        rows += 1;
    }
    Ok((rows, Some(columns)))
}

/// Lines that are not blank; what is in them is for whoever writes them.
fn count_lines(input: &mut impl Read) -> io::Result<u64> {
    let (mut piece, mut rows, mut is_blank) = ([0; 64 * 1024], 0, true);
    loop {
        let read = input.read(&mut piece)?;
        if read == 0 {
            return Ok(rows + u64::from(!is_blank));
        }
        for byte in &piece[..read] {
            if *byte == b'\n' {
                rows += u64::from(!is_blank);
                is_blank = true;
            } else if !byte.is_ascii_whitespace() {
                is_blank = false;
            }
        }
    }
}

/// Refuses columns that no row can have.
fn know(columns: &[String], kind: Option<RowKind>) -> Result<(), UploadError> {
    let members: Vec<String> = columns.iter().filter_map(|column| rows::member(column)).collect();
    let kinds = match kind {
        Some(kind) => vec![kind],
        None if members.iter().any(|member| member == "kind") => RowKind::ALL.to_vec(),
        None => return Err(UploadError::NoKind),
    };
    let known: Vec<&str> = kinds.iter().copied().flat_map(rows::names).collect();
    match members.into_iter().find(|member| !known.contains(&member.as_str())) {
        None => Ok(()),
        Some(column) => {
            let kind = kind.map_or("row of any kind", RowKind::as_str);
            let mut known = known;
            known.sort_unstable();
            known.dedup();
            Err(UploadError::UnknownColumn { column, kind, known: known.join(", ") })
        }
    }
}

/// What is read through it is digested and counted, and is not more than it may be.
struct Metered<'u> {
    input: Box<dyn Read + 'u>,
    hash: Sha256,
    bytes: u64,
    most: u64,
    turn: Turn,
}

impl Read for Metered<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.turn.offer();
        let read = self.input.read(into)?;
        self.hash.update(&into[..read]);
        self.bytes += read as u64;
        if self.bytes > self.most {
            return Err(io::Error::other("it is too large"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(sent: &[u8], is_packed: bool, is_table: bool, kind: Option<RowKind>) -> Result<Inspected, UploadError> {
        inspect(&Upload { sent, is_packed, is_table, kind, most: 1_000 })
    }

    #[test]
    fn packed_or_not_it_is_the_same() {
        let text = b"{}\n \n{}";
        let packed = pack(text).unwrap();
        let (one, other) = (upload(text, false, false, None).unwrap(), upload(&packed, true, false, None).unwrap());
        assert_eq!((one.rows, one.bytes, &one.digest), (2, 7, &other.digest));
        assert_eq!((other.rows, other.bytes), (2, 7));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = pack(&vec![b'x'; 1 << 20]).unwrap();
        assert!(matches!(upload(&bomb, true, false, None), Err(UploadError::TooLarge(1_000))));
        assert!(matches!(upload(&bomb, true, true, Some(RowKind::Group)), Err(UploadError::TooLarge(1_000))));
        assert!(matches!(upload(b"plain", true, false, None), Err(UploadError::NotPacked(_))));
    }

    #[test]
    fn a_table_is_known_by_its_columns() {
        let kind = Some(RowKind::CustomerUser);
        assert_eq!(upload(b"login,_x\na,b\n", false, true, kind).unwrap().rows, 1);
        assert!(matches!(upload(b"login,colour\n", false, true, kind), Err(UploadError::UnknownColumn { .. })));
        assert!(matches!(upload(b"login\na\n", false, true, None), Err(UploadError::NoKind)));
        let only = |kind| {
            inspect_for(&Upload { sent: b"login\na\n", is_packed: false, is_table: true, kind: None, most: 99 }, kind)
        };
        assert_eq!(only(kind).unwrap().1, kind);
        assert!(matches!(only(None), Err(UploadError::NoKind)));
        assert!(matches!(only(Some(RowKind::Group)), Err(UploadError::UnknownColumn { .. })));
        assert_eq!(upload(b"kind,login,name\ncustomer_user,a,\n", false, true, None).unwrap().rows, 1);
        assert!(matches!(upload(b"login\n\"a\n", false, true, kind), Err(UploadError::NotTable(_))));
        assert!(matches!(upload(b"", false, true, kind), Err(UploadError::NotTable(_))));
    }
}
