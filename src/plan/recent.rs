//! What the last revisions of this process changed: with it, what was read at one of them holds at a later one, and need
//! not be read again while everybody waits.

use std::collections::VecDeque;

use crate::directory::Edit;
use crate::turns::offering;

/// The most edits that are kept: those of some thousand rows.
const MOST: usize = 10_000;

/// A revision, and what tells it from another one of the same number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moment {
    /// Its number.
    pub revision: u64,
    /// Its identity; none if it is no longer in the log, so that nothing can be compared with it.
    pub identity: Option<String>,
}

/// The revisions up to the present, as far as they were made here, one upon the other.
#[derive(Debug, Default)]
pub struct Recent {
    /// What the first of them was made upon.
    first: Moment,
    revisions: VecDeque<(Moment, Vec<Edit>)>,
    edits: usize,
    /// Whether anybody may ask.
    is_wanted: bool,
}

impl Recent {
    /// A transaction begins upon this. If it is not what was left here, somebody else has written.
    pub fn begin(&mut self, upon: Moment, is_wanted: bool) {
        if !is_wanted || self.last() != &upon {
            *self = Self { first: upon, ..Self::default() };
        }
        self.is_wanted = is_wanted;
    }

    /// A revision was made upon the last one.
    pub fn add(&mut self, revision: Moment, edits: Vec<Edit>) {
        if !self.is_wanted {
            self.first = revision;
            return;
        }
        self.edits += edits.len();
        self.revisions.push_back((revision, edits));
        while self.edits > MOST
            && let Some((moment, edits)) = self.revisions.pop_front()
        {
            self.edits -= edits.len();
            self.first = moment;
            offering(edits).for_each(drop);
        }
    }

    /// What changed after a moment, in order; nothing if that is not known.
    pub fn since(&self, moment: &Moment) -> Option<impl Iterator<Item = &Edit>> {
        let skipped = usize::try_from(moment.revision.checked_sub(self.first.revision)?).ok()?;
        let reached = match skipped.checked_sub(1) {
            None => &self.first,
            Some(place) => &self.revisions.get(place)?.0,
        };
        let is_ours = moment.identity.is_some() && reached == moment;
        is_ours.then(|| self.revisions.iter().skip(skipped).flat_map(|(_, edits)| edits))
    }

    fn last(&self) -> &Moment {
        self.revisions.back().map_or(&self.first, |(moment, _)| moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{CustomerMembership, CustomerNumber, CustomerUserNumber};

    fn moment(revision: u64, history: &str) -> Moment {
        Moment { revision, identity: Some(format!("{history}{revision}")) }
    }

    /// As many edits as the revision's number says.
    fn edits(revision: u64) -> Vec<Edit> {
        let membership = |number| CustomerMembership {
            customer_user: CustomerUserNumber(number),
            customer: CustomerNumber(1),
            member: true,
        };
        (0..revision as u32).map(|number| Edit::CustomerMembership(membership(number))).collect()
    }

    fn kept(from: u64, to: u64) -> Recent {
        let mut recent = Recent::default();
        recent.begin(moment(from, "a"), true);
        (from + 1..=to).for_each(|revision| recent.add(moment(revision, "a"), edits(revision)));
        recent
    }

    fn since(recent: &Recent, moment: &Moment) -> Option<usize> {
        recent.since(moment).map(Iterator::count)
    }

    #[test]
    fn what_changed_since_is_known_of_each_kept_revision() {
        let recent = kept(3, 6);
        let known: Vec<_> = (2..=7).map(|revision| since(&recent, &moment(revision, "a"))).collect();
        assert_eq!(known, [None, Some(4 + 5 + 6), Some(5 + 6), Some(6), Some(0), None]);
    }

    #[test]
    fn another_history_is_another_one() {
        let recent = kept(3, 6);
        assert_eq!(since(&recent, &moment(5, "b")), None);
        assert_eq!(since(&recent, &Moment { revision: 5, identity: None }), None);
    }

    #[test]
    fn what_somebody_else_wrote_in_between_is_not_known() {
        let mut recent = kept(3, 6);
        recent.begin(moment(6, "a"), true);
        assert_eq!(since(&recent, &moment(4, "a")), Some(5 + 6));
        recent.begin(moment(7, "a"), true);
        assert_eq!(since(&recent, &moment(4, "a")), None);
        assert_eq!(since(&recent, &moment(7, "a")), Some(0));
    }

    #[test]
    fn no_more_is_kept_than_is_wanted() {
        let mut recent = kept(0, 3);
        recent.add(moment(4, "a"), edits(MOST as u64 - 2));
        assert_eq!(since(&recent, &moment(1, "a")), None);
        assert_eq!(since(&recent, &moment(3, "a")), Some(MOST - 2));
        recent.begin(moment(4, "a"), false);
        recent.add(moment(5, "a"), edits(5));
        assert_eq!(since(&recent, &moment(4, "a")), None);
        assert_eq!(since(&recent, &moment(5, "a")), Some(0));
    }
}
