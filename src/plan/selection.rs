//! Selections: which things of a kind a bulk write is about, named one by one or matched by a filter of
//! their list.

use std::collections::HashSet;

use super::{FieldError, Plan, Refusal};
use crate::directory::{Invalid, Kind, Reference, Validity};
use crate::store::list::ListQuery;
use crate::store::{self, Words};

/// Which things of a kind.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These.
    Keys(Vec<Reference>),
    /// All that match, however many; a filter of nothing matches everything.
    Filter(Filter),
}

/// What a list of the kind can be filtered by, with the same meaning.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The words of `q`.
    pub words: Words,
    /// Only what has this validity.
    pub validity: Option<Validity>,
    /// Only customer users of this customer, primary or additional.
    pub customer: Option<Reference>,
    /// Only customer users of this back end.
    pub back_end: Option<Reference>,
    /// Only customer users with exactly this address, without regard to case.
    pub email: Option<String>,
    /// Only customer users who are linked to this group, themselves.
    pub group: Option<Reference>,
}

impl Selection {
    /// The numbers of the things, each once. `pointer` is where the selection stands.
    pub fn numbers(&self, plan: &mut Plan, kind: Kind, pointer: &str) -> Result<Vec<u32>, Refusal> {
        match self {
            Selection::Keys(keys) => named(plan, kind, keys, &format!("{pointer}/keys")),
            Selection::Filter(filter) => {
                let query = filter.query(plan, &format!("{pointer}/filter"))?;
                Ok(store::pages::numbers(plan.conn, kind, &query)?)
            }
        }
    }
}

impl Filter {
    fn query(&self, plan: &mut Plan, pointer: &str) -> Result<ListQuery, Refusal> {
        let mut number = |kind: Kind, member: &str, named: &Option<Reference>| -> Result<Option<i64>, Refusal> {
            let Some(reference) = named else { return Ok(None) };
            let number = plan.known(kind, reference)?;
            let missing = || Refusal::names_nothing(&format!("{pointer}/{member}"), kind, reference);
            Ok(Some(number.ok_or_else(missing)?.into()))
        };
        Ok(ListQuery {
            customer: number(Kind::Customer, "customer", &self.customer)?,
            back_end: number(Kind::BackEnd, "back_end", &self.back_end)?,
            group: number(Kind::Group, "group", &self.group)?,
            words: self.words.clone(),
            validity: self.validity,
            email: self.email.clone(),
            ..ListQuery::default()
        })
    }
}

/// The numbers of named things; every name that is wrong is told at once.
fn named(plan: &mut Plan, kind: Kind, keys: &[Reference], pointer: &str) -> Result<Vec<u32>, Refusal> {
    let (mut numbers, mut seen, mut wrong) = (Vec::with_capacity(keys.len()), HashSet::new(), Vec::new());
    for (index, key) in keys.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        match plan.known(kind, key)? {
            Some(number) if seen.insert(number) => numbers.push(number),
            Some(_) => {
                let why = Invalid::new("duplicate", format!("names a {kind} that is named before; name each once"));
                wrong.push(FieldError::new(pointer, why));
            }
            None => wrong.push(FieldError::nothing_named(pointer, kind, key)),
        }
    }
    if wrong.is_empty() { Ok(numbers) } else { Err(Refusal::Invalid(wrong)) }
}
