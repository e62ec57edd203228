//! A directory in memory that stands behind the import: it keeps what it was given, by the rules
//! that [`Sink`] states, and records the batches.

use std::collections::HashMap;

use customer_access::directory::{
    CustomerFields, CustomerId, CustomerPatch, CustomerUserFields, CustomerUserPatch, ExternalId, Login, Patch,
    Reference,
};
use customer_access::sync::crm::{
    CrmRow, CustomerUpsert, CustomerUserField, CustomerUserUpsert, Field, Part, PartOutcome, Problem, RowOutcome, Sink,
    SinkError,
};

/// A thing: its fields, and what they are compared and found by.
#[derive(Debug)]
pub struct Things<F> {
    all: Vec<F>,
    keys: HashMap<String, usize>,
    external_ids: HashMap<ExternalId, usize>,
}

impl<F> Default for Things<F> {
    fn default() -> Self {
        Self { all: Vec::new(), keys: HashMap::new(), external_ids: HashMap::new() }
    }
}

impl<F: Clone + PartialEq> Things<F> {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn by_key(&self, key: &str) -> &F {
        &self.all[self.keys[&customer_access::directory::text::fold(key)]]
    }

    pub fn by_external_id(&self, id: &str) -> &F {
        let of = |external_id: &&ExternalId| external_id.id.as_str() == id;
        &self.all[self.external_ids[self.external_ids.keys().find(of).unwrap()]]
    }

    fn find(&self, reference: &Reference) -> Option<usize> {
        match reference {
            Reference::External(external_id) => self.external_ids.get(external_id).copied(),
            other => self.keys.get(&*other.folded_key()?).copied(),
        }
    }

    fn upsert(
        &mut self,
        key: Option<(String, F)>,
        external_id: Option<ExternalId>,
        apply: impl Fn(F) -> F,
    ) -> Option<PartOutcome> {
        let by_id = external_id.as_ref().and_then(|id| self.external_ids.get(id).copied());
        let by_key = key.as_ref().and_then(|(folded, _)| self.keys.get(folded).copied());
        let (number, mut outcome) = match (by_id.or(by_key), &key) {
            (Some(number), _) => (number, PartOutcome::Unchanged),
            (None, Some((_, new))) => {
                self.all.push(new.clone());
                (self.all.len() - 1, PartOutcome::Created)
            }
            (None, None) => return None,
        };
        let after = apply(self.all[number].clone());
        let is_new_id = external_id.is_some_and(|id| self.external_ids.insert(id, number).is_none());
        if outcome == PartOutcome::Unchanged && (after != self.all[number] || is_new_id) {
            outcome = PartOutcome::Updated;
        }
        self.all[number] = after;
        key.map(|(folded, _)| self.keys.insert(folded, number));
        Some(outcome)
    }
}

#[derive(Default)]
pub struct Directory {
    pub customers: Things<CustomerFields>,
    pub customer_users: Things<(CustomerUserFields, Option<usize>)>,
    pub batches: Vec<usize>,
    pub begun: bool,
    /// Fails instead of writing the batch of this number.
    pub fails_at: Option<usize>,
    /// Refuses these customers.
    pub refuses: Vec<String>,
}

impl Sink for Directory {
    fn begin(&mut self) -> Result<(), SinkError> {
        self.begun = true;
        Ok(())
    }

    fn upsert(&mut self, rows: Vec<CrmRow>) -> Result<Vec<RowOutcome>, SinkError> {
        assert!(self.begun);
        if self.fails_at == Some(self.batches.len()) {
            return Err(SinkError("the disk is full".into()));
        }
        self.batches.push(rows.len());
        Ok(rows.into_iter().map(|row| self.row(row)).collect())
    }
}

impl Directory {
    /// The `customer_id` of a customer user's primary customer.
    pub fn customer_of(&self, login: &str) -> Option<&str> {
        let number = self.customer_users.by_key(login).1?;
        Some(self.customers.all[number].customer_id.as_str())
    }

    fn row(&mut self, row: CrmRow) -> RowOutcome {
        let customer = row.customer.map(|customer| self.customer(customer));
        let customer_user = match customer {
            Some(PartOutcome::Refused(_)) => row.customer_user.map(|_| PartOutcome::Refused(Vec::new())),
            _ => row.customer_user.map(|customer_user| self.customer_user(customer_user)),
        };
        RowOutcome { customer, customer_user, warnings: Vec::new() }
    }

    fn customer(&mut self, CustomerUpsert { external_id, patch }: CustomerUpsert) -> PartOutcome {
        let key = patch.customer_id.clone();
        if key.as_ref().is_some_and(|key| self.refuses.iter().any(|refused| refused == key.as_str())) {
            return refused(Part::Customer, "is refused");
        }
        let new = key.map(|key: CustomerId| (key.folded(), CustomerFields::new(key)));
        let apply = |fields: CustomerFields| {
            let kept = patch.customer_id.clone().filter(|key| key.folded() == fields.customer_id.folded());
            let customer_id = kept.map_or(patch.customer_id.clone(), |_| Some(fields.customer_id.clone()));
            fields.patched(CustomerPatch { customer_id, ..patch.clone() })
        };
        let outcome = self.customers.upsert(new, external_id, apply);
        outcome.unwrap_or_else(|| refused(Part::Customer, "has no key"))
    }

    fn customer_user(&mut self, CustomerUserUpsert { external_id, patch }: CustomerUserUpsert) -> PartOutcome {
        let customer = match &patch.customer {
            Patch::Set(reference) => match self.customers.find(reference) {
                Some(number) => Some(Some(number)),
                None => {
                    let field = Field::CustomerUser(CustomerUserField::Customer);
                    let problem = Problem::of(field, "customer_not_found", format!("{reference} is unknown"));
                    return PartOutcome::Refused(vec![problem]);
                }
            },
            Patch::Clear => Some(None),
            Patch::Untouched => None,
        };
        let new = |login: Login| (login.folded(), (CustomerUserFields::new(login), None));
        let apply = |(fields, before): (CustomerUserFields, Option<usize>)| {
            let patch: CustomerUserPatch = patch.clone();
            (fields.patched(patch), customer.unwrap_or(before))
        };
        let outcome = self.customer_users.upsert(patch.login.clone().map(new), external_id, apply);
        outcome.unwrap_or_else(|| refused(Part::CustomerUser, "has no login"))
    }
}

fn refused(part: Part, reason: &str) -> PartOutcome {
    PartOutcome::Refused(vec![Problem::of_part(part, "refused", reason)])
}
