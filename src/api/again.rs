//! Answers that are asked for again: a portal asks what somebody has with every page that it shows them. What was written
//! of somebody at a revision is what would be written of them again until the next one, and serves for it.
//!
//! It is kept from the second time on: of whom nobody asks again, nothing is.

use std::sync::{Mutex, PoisonError};

use actix_web::web::Bytes;

use super::compression::Zipped;
use crate::directory::CustomerUserNumber;
use crate::replica::RevisionToken;

/// So many are kept at most.
const PLACES: usize = 2_048;

/// None is kept that is longer, in bytes; so all of them are 32 MiB at most. With each is kept what it is compressed, a
/// fraction of that.
const LONGEST: usize = 16 * 1024;

/// An answer as it was written.
#[derive(Clone)]
pub struct Written {
    /// All of it.
    pub json: Bytes,
    /// Where its compressed form is, if it is kept.
    pub zipped: Option<Zipped>,
}

impl From<Vec<u8>> for Written {
    /// One that is not kept.
    fn from(json: Vec<u8>) -> Self {
        Self { json: json.into(), zipped: None }
    }
}

/// What was asked about whom, each at the one place that their number has.
pub struct Again(Vec<Mutex<Last>>);

/// What was asked last at a place.
#[derive(Default)]
struct Last {
    of: Option<(RevisionToken, CustomerUserNumber)>,
    /// From the second time on.
    written: Option<Written>,
}

impl Default for Again {
    fn default() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(PLACES).collect())
    }
}

impl Again {
    /// The answer about somebody at a revision: as it is kept, or else as it is written now.
    pub fn written(
        &self,
        revision: RevisionToken,
        about: CustomerUserNumber,
        write: impl FnOnce() -> Vec<u8>,
    ) -> Written {
        let of = Some((revision, about));
        let last = || self.0[about.0 as usize % PLACES].lock().unwrap_or_else(PoisonError::into_inner);
        let is_again = {
            let mut last = last();
            match &last.written {
                Some(written) if last.of == of => return written.clone(),
                _ => std::mem::replace(&mut *last, Last { of, written: None }).of == of,
            }
        };
        let written = Written::from(write());
        if !is_again || written.json.len() > LONGEST {
            return written;
        }
        let kept = Written { json: Bytes::copy_from_slice(&written.json), zipped: Some(Zipped::default()) };
        *last() = Last { of, written: Some(kept.clone()) };
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Epoch;

    /// Asks about somebody at a revision so often; gives how often it was written.
    fn ask(again: &Again, revision: u64, about: u32, times: u32, length: usize) -> u32 {
        let revision = RevisionToken { epoch: Epoch(5), revision };
        let answer = format!("{about} at {}", revision.revision).repeat(length);
        let mut written = 0;
        for _ in 0..times {
            let write = || {
                written += 1;
                answer.clone().into_bytes()
            };
            assert_eq!(again.written(revision, CustomerUserNumber(about), write).json, answer);
        }
        written
    }

    #[test]
    fn it_is_written_twice_and_then_kept_until_the_next_revision() {
        let again = Again::default();
        assert_eq!(ask(&again, 1, 7, 5, 1), 2);
        assert_eq!(ask(&again, 1, 8, 1, 1), 1);
        assert_eq!(ask(&again, 1, 7, 5, 1), 0);
        assert_eq!(ask(&again, 2, 7, 5, 1), 2);
        assert_eq!(ask(&again, 1, 7, 1, 1), 1, "an older one takes the place of a later one, and is written anew");
    }

    #[test]
    fn only_what_is_kept_has_its_compressed_form_kept() {
        let (again, revision) = (Again::default(), RevisionToken { epoch: Epoch(5), revision: 1 });
        let ask = || again.written(revision, CustomerUserNumber(7), || b"{}".to_vec()).zipped.is_some();
        assert_eq!([ask(), ask(), ask()], [false, true, true]);
    }

    #[test]
    fn whoever_has_the_same_place_takes_it() {
        let (again, other) = (Again::default(), 7 + PLACES as u32);
        assert_eq!(ask(&again, 1, 7, 3, 1), 2);
        assert_eq!(ask(&again, 1, other, 3, 1), 2);
        assert_eq!(ask(&again, 1, 7, 3, 1), 2);
    }

    #[test]
    fn what_is_long_is_not_kept() {
        let again = Again::default();
        assert_eq!(ask(&again, 1, 7, 5, LONGEST), 5);
    }
}
