//! A file's bytes as UTF-8 text, piece by piece.
//!
//! A byte-order mark says what the bytes are; without one it is what the caller was told, else
//! UTF-16 if the beginning is full of NULs on one side, else UTF-8. What cannot be decoded stops
//! the reading and names its line: it is never replaced by a character that nobody wrote.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::lines::Lines;

/// How much is looked at to tell UTF-16 without a byte-order mark.
const SAMPLE: usize = 1024;
/// How much is decoded at once.
const RAW: usize = 16 * 1024;
/// Room for that much in UTF-8, whatever it was before.
const DECODED: usize = 4 * RAW;

/// Why the bytes cannot be read as text.
#[derive(Debug, thiserror::Error)]
pub enum EncodingError {
    /// The reading itself failed.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// These bytes mean nothing in the encoding.
    #[error(
        "line {line}: what stands at byte {byte} is not {encoding}; if the file is in another encoding, name it, \
             such as --encoding windows-1252"
    )]
    Malformed {
        /// The line.
        line: u64,
        /// The offset in the file, from 0.
        byte: u64,
        /// What was expected.
        encoding: &'static str,
    },
    /// A character that no text has.
    #[error(
        "line {line}: there is a NUL character, which no text has; the file may be damaged, or in an encoding \
             that --encoding must name (read as {encoding})"
    )]
    Nul {
        /// The line.
        line: u64,
        /// What the file was read as.
        encoding: &'static str,
    },
}

impl EncodingError {
    /// The line, if it is known.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Io(_) => None,
            Self::Malformed { line, .. } | Self::Nul { line, .. } => Some(*line),
        }
    }
}

/// Bytes read as UTF-8.
pub struct Utf8Stream<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    at: usize,
    decoded: u64,
    input_ended: bool,
    ended: bool,
    lines: Lines,
}

impl<R: Read> Utf8Stream<R> {
    /// Looks at the beginning to find the encoding. A byte-order mark outweighs what is `told`.
    pub fn new(mut input: R, told: Option<&'static Encoding>) -> Result<Self, EncodingError> {
        let mut raw = Vec::with_capacity(RAW);
        let size = input.by_ref().take(SAMPLE as u64).read_to_end(&mut raw)?;
        let marked = Encoding::for_bom(&raw);
        let (encoding, mark) = marked.unwrap_or_else(|| (told.unwrap_or_else(|| sniffed(&raw)), 0));
        Ok(Self {
            input,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw,
            at: mark,
            decoded: mark as u64,
            input_ended: size < SAMPLE,
            ended: false,
            lines: Lines::new(),
        })
    }

    /// How many of the file's bytes were decoded.
    pub fn bytes(&self) -> u64 {
        self.decoded
    }

    /// What the file is read as.
    pub fn encoding(&self) -> &'static str {
        self.decoder.encoding().name()
    }

    /// Replaces `text` with the next piece, which may be empty; `false` when there is none.
    pub fn read(&mut self, text: &mut Vec<u8>) -> Result<bool, EncodingError> {
        text.clear();
        if self.ended {
            return Ok(false);
        }
        if self.at == self.raw.len() {
            self.refill()?;
        }
        text.resize(DECODED, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw[self.at..], text, self.input_ended);
        text.truncate(written);
        self.at += read;
        self.decoded += read as u64;
        self.check(text)?;
        match result {
            DecoderResult::Malformed(length, after) => return Err(self.malformed(length, after)),
            DecoderResult::InputEmpty => self.ended = self.input_ended,
            DecoderResult::OutputFull => {}
        }
        Ok(true)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.raw.clear();
        self.at = 0;
        let size = self.input.by_ref().take(RAW as u64).read_to_end(&mut self.raw)?;
        self.input_ended = size < RAW;
        Ok(())
    }

    fn check(&mut self, text: &[u8]) -> Result<(), EncodingError> {
        let nul = text.iter().position(|byte| *byte == 0);
        self.lines.pass(&text[..nul.unwrap_or(text.len())]);
        match nul {
            Some(_) => Err(EncodingError::Nul { line: self.lines.line(), encoding: self.encoding() }),
            None => Ok(()),
        }
    }

    fn malformed(&self, length: u8, after: u8) -> EncodingError {
        let byte = self.decoded.saturating_sub(u64::from(length) + u64::from(after));
        EncodingError::Malformed { line: self.lines.line(), byte, encoding: self.encoding() }
    }
}

/// UTF-16 if a tenth of the 16-bit units have a NUL on one side, and hardly any on the other: the
/// separators and line breaks of a table do, in whatever script its cells are.
fn sniffed(beginning: &[u8]) -> &'static Encoding {
    let units = beginning.len() / 2;
    let nuls = |side: usize| beginning.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (nuls(0), nuls(1));
    let enough = |nuls: usize, others: usize| nuls > 1 && nuls * 10 >= units && nuls >= 4 * others;
    if enough(second, first) {
        UTF_16LE
    } else if enough(first, second) {
        UTF_16BE
    } else {
        UTF_8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], told: Option<&'static Encoding>) -> Result<String, EncodingError> {
        let mut stream = Utf8Stream::new(bytes, told)?;
        let (mut all, mut piece) = (Vec::new(), Vec::new());
        while stream.read(&mut piece)? {
            all.extend_from_slice(&piece);
        }
        Ok(String::from_utf8(all).unwrap())
    }

    fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn marks_decide() {
        assert_eq!(read(b"\xef\xbb\xbfa,b", None).unwrap(), "a,b");
        assert_eq!(read(&utf_16("\u{feff}ä,€", u16::to_le_bytes), None).unwrap(), "ä,€");
        assert_eq!(read(&utf_16("\u{feff}ä,€", u16::to_be_bytes), None).unwrap(), "ä,€");
        assert_eq!(read(b"\xef\xbb\xbf\xc3\xa4", Some(encoding_rs::WINDOWS_1252)).unwrap(), "ä");
    }

    #[test]
    fn utf_16_without_a_mark_is_told_by_its_nuls() {
        for text in ["Name,City\nMüller,Köln\n", "Имя,Город\nИванов,Москва\n", "名前,会社,メール\n山田,東京,x@y.jp\n"]
        {
            assert_eq!(read(&utf_16(text, u16::to_le_bytes), None).unwrap(), text);
            assert_eq!(read(&utf_16(text, u16::to_be_bytes), None).unwrap(), text);
        }
    }

    #[test]
    fn long_texts_keep_characters_whole_across_pieces() {
        let text = "x".to_owned() + &"€🎈".repeat(20_000);
        assert_eq!(read(text.as_bytes(), None).unwrap(), text);
        assert_eq!(read(&utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes), None).unwrap(), text);
    }

    #[test]
    fn what_cannot_be_decoded_names_its_line_and_byte() {
        let error = read(b"a\r\nb\xe9,c\n", None).unwrap_err();
        assert!(matches!(error, EncodingError::Malformed { line: 2, byte: 4, encoding: "UTF-8" }), "{error}");
        assert_eq!(read(b"b\xe9,c", Some(encoding_rs::WINDOWS_1252)).unwrap(), "bé,c");
    }

    #[test]
    fn a_cut_off_or_unpaired_end_is_an_error() {
        assert!(matches!(read(b"a\n\xc3", None), Err(EncodingError::Malformed { line: 2, byte: 2, .. })));
        assert!(read(b"\xff\xfea\0\n\0\x3d\xd8", None).is_err());
        assert!(read(b"\xff\xfea\0\n\0\x3d\xd8b\0", None).is_err());
        assert!(read(b"\xff\xfea\0b", None).is_err());
    }

    #[test]
    fn nul_is_no_text() {
        assert!(matches!(read(b"a,b\nc,\0d,eeeeeeeeee\n", None), Err(EncodingError::Nul { line: 2, .. })));
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(read(b"", None).unwrap(), "");
        assert_eq!(read(b"\xef\xbb\xbf", None).unwrap(), "");
    }
}
