//! What all answers under a path have in common, made once, and the links of things that are made of it.

use serde::{Serialize, Serializer};

use super::views::Links;
use crate::directory::{Kind, Thing, digest};
use crate::json::WriteJson;

/// The path of a thing, by its id, of a service under this path.
pub fn path_to(base_path: &str, thing: Thing) -> String {
    format!("{base_path}/v1/{}/id:{thing}", thing.kind.collection())
}

/// How this version of the program writes answers under a path.
#[derive(Debug)]
pub struct Wording {
    base_path: String,
    /// By kind: what stands before each number in the links of a thing, and after the last one.
    links: [Vec<String>; Kind::ALL.len()],
    /// What tells it from another version and another path.
    pub digest: String,
}

impl Wording {
    /// Under this path.
    pub fn under(base_path: &str) -> Self {
        let links = Kind::ALL.map(|kind| {
            let path = format!("{base_path}/v1/{}/id:{}", kind.collection(), kind.letter());
            // A path of ours has no character that must be escaped, the one that is configured neither.
            let (mut texts, mut after) = (vec![format!(r#"{{"self":"{path}"#)], String::new());
            for (member, last) in Links::members(kind) {
                texts.push(format!(r#"{after}","{member}":"{path}"#));
                after = format!("/{last}");
            }
            texts.push(after + r#""}"#);
            texts
        });
        let digest = digest([env!("CARGO_PKG_VERSION"), base_path].join("\n").as_bytes());
        Self { base_path: base_path.to_owned(), links, digest }
    }
}

/// The links of a thing, as [`Links`] has them.
#[derive(Debug, Clone, Copy)]
pub struct LinksTo<'a> {
    /// How they are written.
    pub wording: &'a Wording,
    /// Which thing.
    pub thing: Thing,
}

impl Serialize for LinksTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Links::of(self.thing.kind, path_to(&self.wording.base_path, self.thing)).serialize(serializer)
    }
}

impl WriteJson for LinksTo<'_> {
    fn write_json(&self, to: &mut Vec<u8>) {
        let Some((last, before_numbers)) = self.wording.links[self.thing.kind as usize].split_last() else { return };
        let mut digits = itoa::Buffer::new();
        let number = digits.format(self.thing.number);
        for text in before_numbers {
            to.extend_from_slice(text.as_bytes());
            to.extend_from_slice(number.as_bytes());
        }
        to.extend_from_slice(last.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_written_as_they_are() {
        let wording = Wording::under("/desk");
        let numbers = [7, 70_000];
        for thing in Kind::ALL.into_iter().flat_map(|kind| numbers.map(|number| Thing { kind, number })) {
            let (links, mut written) = (LinksTo { wording: &wording, thing }, Vec::new());
            links.write_json(&mut written);
            assert_eq!(String::from_utf8(written).ok(), serde_json::to_string(&links).ok());
        }
    }
}
