//! Everything the index holds, written out in one order, to compare an index that followed changes
//! with one that was built from scratch. Both ends of every link are written.

use super::Index;
use super::shared::Entries;
use crate::directory::{Kind, Roll, Thing};

impl Index {
    /// The facts, a line each. For tests and checks: it costs what the directory is large.
    pub fn facts(&self) -> Vec<String> {
        let mut lines = vec![format!("settings {:?}", self.settings)];
        for roll in Roll::ALL {
            lines.push(format!("{} {:?}", roll.as_str(), self.rolls[roll as usize]));
        }
        entries(&mut lines, Kind::Customer, &self.customers);
        entries(&mut lines, Kind::CustomerUser, &self.customer_users);
        entries(&mut lines, Kind::Group, &self.groups);
        entries(&mut lines, Kind::Service, &self.services);
        entries(&mut lines, Kind::BackEnd, &self.back_ends);
        Kind::ALL.into_iter().for_each(|kind| self.names_of(&mut lines, kind));
        lines
    }

    /// Whether both hold the same facts, whatever their revisions.
    pub fn same_facts(&self, other: &Self) -> bool {
        self.facts() == other.facts()
    }

    fn names_of(&self, lines: &mut Vec<String>, kind: Kind) {
        for number in 0..self.names[kind as usize].end() {
            let thing = Thing { kind, number };
            let Some(key) = self.key(thing) else { continue };
            let found = self.names[kind as usize].find(&crate::directory::text::fold(key));
            lines.push(format!("{thing} is {key:?}, which finds {found:?}"));
            self.external_ids(thing).iter().for_each(|id| lines.push(format!("{thing} is {id:?}")));
        }
    }
}

fn entries<T: Default + PartialEq + std::fmt::Debug>(lines: &mut Vec<String>, kind: Kind, entries: &Entries<T>) {
    let nothing = T::default();
    let numbered = entries.iter().filter(|(_, entry)| **entry != nothing);
    lines.extend(numbered.map(|(number, entry)| format!("{} {entry:?}", kind.id(number))));
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("revision", &self.revision).finish_non_exhaustive()
    }
}
