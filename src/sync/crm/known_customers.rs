//! The customers that the rows so far have mentioned, and what they said about them.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::field::{CustomerField, Field};
use super::repeated::{Fingerprint, Map, of_external_id, of_key, short};
use super::sink::{CustomerUpsert, Problem};
use crate::directory::{CustomerPatch, Patch, Text};

/// The customers that were mentioned.
#[derive(Default)]
pub(super) struct Customers {
    known: Vec<Known>,
    keys: Map,
    external_ids: Map,
    hashes: RandomState,
}

/// A customer that was mentioned.
struct Known {
    line: u32,
    key: Option<Fingerprint>,
    external_id: Option<Fingerprint>,
    facts: [u32; 8],
    brought: bool,
}

/// How a row mentions a customer.
pub(super) enum Mentioned {
    /// As no row before it.
    First(u32),
    /// As rows before it, but with a key or an external id that they lack.
    WithNewKey(u32, Vec<Problem>),
    /// As rows before it.
    Again(Vec<Problem>),
    /// By the key of another one.
    AsAnother(Problem),
}

impl Customers {
    /// Compares what a row says about a customer with what rows before it said.
    pub(super) fn mention(&mut self, line: u32, customer: &CustomerUpsert) -> Mentioned {
        let said = Known {
            line,
            key: customer.patch.customer_id.as_ref().map(|key| of_key(&key.folded())),
            external_id: customer.external_id.as_ref().map(of_external_id),
            facts: self.facts(&customer.patch),
            brought: true,
        };
        let by_id = said.external_id.and_then(|id| self.external_ids.get(&id).copied());
        let by_key = said.key.and_then(|key| self.keys.get(&key).copied());
        match (by_id, by_key) {
            (None, None) => self.first(said),
            (None, Some(owner)) if said.external_id.is_some() && self.get(owner).external_id.is_some() => {
                Mentioned::AsAnother(self.two_of_one_key(owner))
            }
            (Some(number), Some(owner)) if number != owner && self.get(number).key.is_none() => {
                Mentioned::AsAnother(self.two_of_one_key(owner))
            }
            (Some(number), _) | (None, Some(number)) => self.again(number, said),
        }
    }

    /// The next row that mentions it brings it again.
    pub(super) fn forget(&mut self, number: u32) {
        if let Some(known) = self.known.get_mut(number as usize) {
            known.brought = false;
        }
    }

    fn get(&self, number: u32) -> &Known {
        &self.known[number as usize]
    }

    fn two_of_one_key(&self, owner: u32) -> Problem {
        let reason = format!(
            "stands in line {} with another external id; two companies must not become one customer, so map \
             customer.customer_id to a column that is different for each",
            self.get(owner).line
        );
        Problem::of(Field::Customer(CustomerField::CustomerId), "two_customers_of_one_key", reason)
    }

    fn first(&mut self, said: Known) -> Mentioned {
        let number = short(self.known.len() as u64);
        said.key.map(|key| self.keys.insert(key, number));
        said.external_id.map(|id| self.external_ids.insert(id, number));
        self.known.push(said);
        Mentioned::First(number)
    }

    fn again(&mut self, number: u32, said: Known) -> Mentioned {
        let known = &mut self.known[number as usize];
        let new_key = said.key.filter(|_| known.key.is_none());
        let new_id = said.external_id.filter(|_| known.external_id.is_none());
        new_key.map(|key| self.keys.insert(key, number));
        new_id.map(|id| self.external_ids.insert(id, number));
        let (key, external_id) = (known.key.or(new_key), known.external_id.or(new_id));
        if !known.brought {
            *known = Known { key, external_id, ..said };
            return Mentioned::First(number);
        }
        let warnings = contradictions(known, &said);
        (known.key, known.external_id) = (key, external_id);
        match (new_key, new_id) {
            (None, None) => Mentioned::Again(warnings),
            _ => Mentioned::WithNewKey(number, warnings),
        }
    }

    /// A number for what the row says about each field: 0 for nothing.
    fn facts(&self, patch: &CustomerPatch) -> [u32; 8] {
        let hash = |text: &str| (self.hashes.hash_one(text) as u32).max(2);
        let line = |patch: &Patch<Text>| fact(patch, |text| hash(text.as_str()));
        [
            line(&patch.name),
            line(&patch.street),
            line(&patch.zip),
            line(&patch.city),
            line(&patch.country),
            fact(&patch.url, |url| hash(url.as_str())),
            fact(&patch.comment, |comment| hash(comment.as_str())),
            patch.validity.map_or(0, |validity| hash(validity.as_str())),
        ]
    }
}

/// The fields that [`Customers::facts`] are about.
const FACTS: [CustomerField; 8] = [
    CustomerField::Name,
    CustomerField::Street,
    CustomerField::Zip,
    CustomerField::City,
    CustomerField::Country,
    CustomerField::Url,
    CustomerField::Comment,
    CustomerField::Validity,
];

fn fact<T>(patch: &Patch<T>, hash: impl Fn(&T) -> u32) -> u32 {
    match patch {
        Patch::Untouched => 0,
        Patch::Clear => 1,
        Patch::Set(value) => hash(value),
    }
}

fn contradictions(known: &Known, said: &Known) -> Vec<Problem> {
    let differs = |(known, said): (&u32, &u32)| *said != 0 && known != said;
    let facts = FACTS.into_iter().zip(known.facts.iter().zip(&said.facts).map(differs));
    let key = (CustomerField::CustomerId, known.key.is_some() && said.key.is_some() && known.key != said.key);
    let problem = |field| {
        let reason = format!("is not what line {} says about the same customer, and line {0} counts", known.line);
        Problem::of(Field::Customer(field), "contradicts_earlier_line", reason)
    };
    std::iter::once(key).chain(facts).filter(|(_, differs)| *differs).map(|(field, _)| problem(field)).collect()
}
