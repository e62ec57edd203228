//! Selections of things in a body: named one by one, or matched by a filter. Which of the members must
//! be there depends on the others, so that they are read in a second step, which names everything wrong
//! at once.

use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::config::Limits;
use crate::directory::{Invalid, Kind, PermissionName, Reference, Validity};
use crate::plan::FieldError;
use crate::plan::bulk::{Act, Bulk, Relation};
use crate::plan::selection::{Filter, Selection};
use crate::store::Words;

/// Customers, groups or services: exactly one of `keys` and `filter`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Selection)]
pub struct SelectionBody {
    /// These, each once, by natural key, `id:…`, `external:…` or `key:…`. At most `MAX_BATCH` (1,000).
    pub keys: Option<Vec<Reference>>,
    /// All that match, however many and whatever page was shown. An empty filter matches everything.
    pub filter: Option<SelectionFilter>,
}

/// What to match among customers, groups or services; as in their lists.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionFilter {
    /// Words, all of which must be found, as in the list of the kind.
    #[schema(example = "acme*")]
    pub q: Option<String>,
    /// Only what has this validity.
    pub validity: Option<Validity>,
}

/// Customer users: exactly one of `keys` and `filter`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerUserSelection)]
pub struct CustomerUserSelectionBody {
    /// These, each once, by login, `id:…`, `external:…` or `key:…`. At most `MAX_BATCH` (1,000).
    #[schema(example = json!(["jane"]))]
    pub keys: Option<Vec<Reference>>,
    /// All that match, however many and whatever page was shown. An empty filter matches everybody.
    pub filter: Option<CustomerUserFilter>,
}

/// What to match among customer users; as in their list.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerUserFilter {
    /// Words, all of which must be found, as in the list of customer users.
    #[schema(example = "jane*")]
    pub q: Option<String>,
    /// Only who has this validity.
    pub validity: Option<Validity>,
    /// Only the customer users of this customer, primary or additional.
    pub customer: Option<Reference>,
    /// Only the customer users of this back end.
    #[schema(example = "default")]
    pub back_end: Option<Reference>,
    /// Only those with exactly this e-mail address, ignoring case.
    #[schema(example = "jane@acme.example")]
    pub email: Option<String>,
    /// Only those who are linked to this group themselves.
    #[schema(example = "support")]
    pub group: Option<Reference>,
}

/// A selection as it stands in a body, of whatever kind.
pub struct Written {
    keys: Option<Vec<Reference>>,
    filter: Option<(Option<String>, Filter)>,
}

impl From<SelectionBody> for Written {
    fn from(SelectionBody { keys, filter }: SelectionBody) -> Self {
        let filter = filter.map(|SelectionFilter { q, validity }| (q, Filter { validity, ..Filter::default() }));
        Self { keys, filter }
    }
}

impl From<CustomerUserSelectionBody> for Written {
    fn from(CustomerUserSelectionBody { keys, filter }: CustomerUserSelectionBody) -> Self {
        let read = |filter: CustomerUserFilter| {
            let CustomerUserFilter { q, validity, customer, back_end, email, group } = filter;
            (q, Filter { words: Words::default(), validity, customer, back_end, email, group })
        };
        Self { keys, filter: filter.map(read) }
    }
}

/// What is to become of permissions, as it stands in a body.
pub struct WrittenAct {
    pub grant: Option<Vec<PermissionName>>,
    pub revoke: Option<Vec<PermissionName>>,
    pub set: Option<Vec<PermissionName>>,
}

/// Reads a body's members against each other.
pub struct Reading<'l> {
    limits: &'l Limits,
    errors: Vec<FieldError>,
}

impl<'l> Reading<'l> {
    /// Nothing is read yet.
    pub fn new(limits: &'l Limits) -> Self {
        Self { limits, errors: Vec::new() }
    }

    fn refuse(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(pointer, Invalid::new(code, detail)));
    }

    /// The one act of three.
    pub fn act(&mut self, WrittenAct { grant, revoke, set }: WrittenAct) -> Act {
        let empty = [("grant", &grant), ("revoke", &revoke)];
        for (name, _) in empty.into_iter().filter(|(_, types)| types.as_ref().is_some_and(Vec::is_empty)) {
            self.refuse(format!("/{name}"), "empty", "must name at least one permission type");
        }
        let acts = [("grant", grant.map(Act::Grant)), ("revoke", revoke.map(Act::Revoke)), ("set", set.map(Act::Set))];
        let mut given = acts.into_iter().filter_map(|(name, act)| Some((name, act?)));
        let first = given.next();
        for (name, _) in given {
            self.refuse(
                format!("/{name}"),
                "forbidden_value",
                "must be left out: only one of grant, revoke and set is done",
            );
        }
        first.map(|(_, act)| act).unwrap_or_else(|| {
            self.refuse("", "required", "needs one of grant, revoke and set");
            Act::Set(Vec::new())
        })
    }

    /// The whole: two selections, what is to become of their pairs, and what was expected.
    pub fn bulk(
        mut self,
        relation: Relation,
        sides: [Written; 2],
        act: Act,
        expected_matches: Option<u64>,
    ) -> Result<Bulk, Problem> {
        if expected_matches.is_some() && sides.iter().filter(|side| side.filter.is_some()).count() != 1 {
            let detail = "needs exactly one of the two selections to be a filter, whose matches it counts";
            self.refuse("/expected_matches", "forbidden_value", detail);
        }
        let (kinds, [first, second]) = (relation.kinds(), sides);
        let sides = [self.selection(kinds[0], first), self.selection(kinds[1], second)];
        if self.errors.is_empty() {
            return Ok(Bulk { relation, sides, act, expected_matches, max_cells: self.limits.max_cells });
        }
        Err(Problem::of_input(self.errors))
    }

    fn selection(&mut self, kind: Kind, Written { keys, filter }: Written) -> Selection {
        let (pointer, most) = (format!("/{}", kind.member()), self.limits.max_batch);
        match (keys, filter) {
            (None, None) => self.refuse(pointer, "required", "needs keys or filter"),
            (Some(_), Some(_)) => {
                let detail = "must be left out where there are keys: a selection has one of the two";
                self.refuse(format!("{pointer}/filter"), "forbidden_value", detail);
            }
            (Some(keys), None) if keys.len() > most => {
                let detail = format!(
                    "has {} keys; at most {most} (MAX_BATCH) go in one call: make several, or use a filter",
                    keys.len()
                );
                self.refuse(format!("{pointer}/keys"), "too_many", detail);
            }
            (Some(keys), None) => return Selection::Keys(keys),
            (None, Some((q, filter))) => {
                if filter.email.as_ref().is_some_and(|email| email.contains('\0')) {
                    let detail = "has the character U+0000, which no address has";
                    self.refuse(format!("{pointer}/filter/email"), "not_text", detail);
                }
                return Selection::Filter(Filter { words: self.words(&pointer, q), ..filter });
            }
        }
        Selection::Keys(Vec::new())
    }

    fn words(&mut self, pointer: &str, q: Option<String>) -> Words {
        Words::parse(q.as_deref().unwrap_or(""), self.limits.max_wildcards).unwrap_or_else(|why| {
            self.errors.push(FieldError::new(format!("{pointer}/filter/q"), why));
            Words::default()
        })
    }
}
