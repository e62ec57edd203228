//! What a file said before: a login and an external id stand in it once, and a customer that many
//! rows mention is written once.
//!
//! Of what was said only fingerprints are kept, 96 bits of SHA-256: two different keys with the same
//! one are not to be expected in any file. A customer is the same by external id, else by folded
//! key. What later rows say otherwise about it is reported, and what was said first counts; but
//! two external ids under one `customer_id` are two companies, and the later one is refused rather
//! than that its people see the other's things.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

use super::cell::shown;
use super::field::{CustomerUserField, Field};
use super::known_customers::{Customers, Mentioned};
use super::row::Refusal;
use super::sink::{CrmRow, CustomerUpsert, CustomerUserUpsert, Problem};
use crate::directory::{CustomerPatch, ExternalId};

/// What is kept of a key.
pub(super) type Fingerprint = [u8; 12];
/// What stands under each key.
pub(super) type Map = HashMap<Fingerprint, u32, RandomState>;

/// What the rows so far have said.
#[derive(Default)]
pub(super) struct Repeated {
    /// The line of each.
    logins: Map,
    external_ids: Map,
    customers: Customers,
}

/// A row that may be written.
pub(super) struct Checked {
    /// Which customer it brings.
    pub(super) customer: Option<u32>,
    /// Where it contradicts an earlier row.
    pub(super) warnings: Vec<Problem>,
}

impl Repeated {
    /// Compares a row with those before it, and takes its customer out if it brings nothing new.
    pub(super) fn check(&mut self, row: &mut CrmRow) -> Result<Checked, Vec<Refusal>> {
        let line = short(row.line);
        let problems = row.customer_user.as_ref().map(|user| self.customer_user(line, user)).unwrap_or_default();
        if !problems.is_empty() {
            return Err(problems);
        }
        let Some(customer) = row.customer.take() else {
            return Ok(Checked { customer: None, warnings: Vec::new() });
        };
        match self.customers.mention(line, &customer) {
            Mentioned::First(number) => {
                row.customer = Some(customer);
                Ok(Checked { customer: Some(number), warnings: Vec::new() })
            }
            Mentioned::WithNewKey(number, warnings) => {
                let patch = CustomerPatch { customer_id: customer.patch.customer_id, ..CustomerPatch::default() };
                row.customer = Some(CustomerUpsert { patch, ..customer });
                Ok(Checked { customer: Some(number), warnings })
            }
            Mentioned::Again(warnings) => Ok(Checked { customer: None, warnings }),
            Mentioned::AsAnother(problem) => {
                Err(vec![(problem, customer.patch.customer_id.map(|key| shown(key.as_str())))])
            }
        }
    }

    /// The customer that a row brought was refused: the next row that mentions it brings it again.
    pub(super) fn forget(&mut self, customer: u32) {
        self.customers.forget(customer);
    }

    fn customer_user(&mut self, line: u32, customer_user: &CustomerUserUpsert) -> Vec<Refusal> {
        let login = customer_user.patch.login.as_ref().and_then(|login| {
            let earlier = earlier_line(&mut self.logins, of_key(&login.folded()), line)?;
            Some(repeated(CustomerUserField::Login, login.as_str(), earlier))
        });
        let external_id = customer_user.external_id.as_ref().and_then(|external_id| {
            let earlier = earlier_line(&mut self.external_ids, of_external_id(external_id), line)?;
            Some(repeated(CustomerUserField::ExternalId, external_id.id.as_str(), earlier))
        });
        login.into_iter().chain(external_id).collect()
    }
}

/// The line that had the key, or this one if none had.
fn earlier_line(lines: &mut Map, key: Fingerprint, line: u32) -> Option<u32> {
    match lines.entry(key) {
        Entry::Occupied(earlier) => Some(*earlier.get()),
        Entry::Vacant(entry) => {
            entry.insert(line);
            None
        }
    }
}

fn repeated(field: CustomerUserField, value: &str, earlier: u32) -> Refusal {
    let reason = format!("stands in line {earlier} already; a file brings each customer user once");
    (Problem::of(Field::CustomerUser(field), "repeated_in_file", reason), Some(shown(value)))
}

/// Of a natural key.
pub(super) fn of_key(folded: &str) -> Fingerprint {
    fingerprint(&[folded])
}

/// Of an external id.
pub(super) fn of_external_id(external_id: &ExternalId) -> Fingerprint {
    fingerprint(&[external_id.source.as_str(), "\0", external_id.id.as_str()])
}

fn fingerprint(parts: &[&str]) -> Fingerprint {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(&digest.finalize()[..12]);
    fingerprint
}

/// A line number in half the room; beyond four billion it is the last that fits.
pub(super) fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{CustomerId, CustomerUserPatch, ExternalKey, Login, Patch, Source, Text};

    fn id(id: &str) -> Option<ExternalId> {
        let id = ExternalKey::parse(id).ok()?;
        Some(ExternalId { source: Source::parse("crm").unwrap(), id })
    }

    fn customer(line: u64, key: &str, external_id: &str, city: &str) -> CrmRow {
        let city = Text::parse(city).map_or(Patch::Untouched, Patch::Set);
        let patch = CustomerPatch { customer_id: CustomerId::parse(key).ok(), city, ..Default::default() };
        CrmRow { line, customer: Some(CustomerUpsert { external_id: id(external_id), patch }), customer_user: None }
    }

    fn customer_user(line: u64, login: &str, external_id: &str) -> CrmRow {
        let patch = CustomerUserPatch { login: Login::parse(login).ok(), ..Default::default() };
        let user = CustomerUserUpsert { external_id: id(external_id), patch };
        CrmRow { line, customer: None, customer_user: Some(user) }
    }

    /// `brought`, `again`, or the codes and fields of warnings and problems.
    fn check(repeated: &mut Repeated, mut row: CrmRow) -> String {
        let say = |problems: Vec<Problem>| {
            let said =
                problems.iter().map(|p| format!("{} {}", p.field.unwrap(), p.reason.split_once(" line ").unwrap().1));
            said.map(|said| said.chars().take(34).collect::<String>()).collect::<Vec<_>>().join("; ")
        };
        match repeated.check(&mut row) {
            Err(refusals) => format!("refused {}", say(refusals.into_iter().map(|(problem, _)| problem).collect())),
            Ok(checked) if row.customer.is_some() => format!("brought {}", say(checked.warnings)),
            Ok(checked) => format!("again {}", say(checked.warnings)),
        }
    }

    #[test]
    fn a_login_and_an_external_id_stand_once() {
        let mut repeated = Repeated::default();
        assert!(repeated.check(&mut customer_user(2, "Jane", "1")).is_ok());
        let problems = repeated.check(&mut customer_user(3, "JANE", "1")).err().unwrap();
        assert_eq!(
            problems.iter().map(|(p, _)| p.field.unwrap().to_string()).collect::<Vec<_>>(),
            ["customer_user.login", "customer_user.external_id"]
        );
        assert!(problems[0].0.reason.contains("line 2"));
        assert!(repeated.check(&mut customer_user(4, "joe", "a")).is_ok());
        assert!(repeated.check(&mut customer_user(5, "jim", "A")).is_ok(), "external ids differ by case");
    }

    #[test]
    fn a_customer_is_brought_once_whatever_its_case() {
        let mut repeated = Repeated::default();
        assert_eq!(check(&mut repeated, customer(2, "Straße", "", "Bonn")), "brought ");
        assert_eq!(check(&mut repeated, customer(3, "STRASSE", "", "Bonn")), "again ");
        assert_eq!(check(&mut repeated, customer(4, "straße", "", "")), "again ");
    }

    #[test]
    fn what_later_rows_say_otherwise_is_reported() {
        let mut repeated = Repeated::default();
        check(&mut repeated, customer(2, "acme", "1", "Bonn"));
        assert!(check(&mut repeated, customer(3, "acme", "1", "Köln")).starts_with("again customer.city 2 says"));
        assert!(
            check(&mut repeated, customer(4, "Acme Inc", "1", "")).starts_with("again customer.customer_id 2 says")
        );
    }

    #[test]
    fn two_external_ids_are_two_customers() {
        let mut repeated = Repeated::default();
        check(&mut repeated, customer(2, "acme", "1", ""));
        assert!(check(&mut repeated, customer(3, "ACME", "2", "")).starts_with("refused customer.customer_id 2 with"));
        assert_eq!(check(&mut repeated, customer(4, "beta", "2", "")), "brought ");
        assert_eq!(check(&mut repeated, customer(5, "acme", "", "")), "again ");
    }

    #[test]
    fn an_external_id_or_a_key_may_come_later() {
        let mut repeated = Repeated::default();
        check(&mut repeated, customer(2, "acme", "", ""));
        assert_eq!(check(&mut repeated, customer(3, "acme", "1", "")), "brought ");
        assert_eq!(check(&mut repeated, customer(4, "acme", "1", "")), "again ");
        check(&mut repeated, customer(5, "", "2", ""));
        assert!(check(&mut repeated, customer(6, "acme", "2", "")).starts_with("refused"));
        assert_eq!(check(&mut repeated, customer(7, "beta", "2", "")), "brought ");
    }

    #[test]
    fn a_refused_customer_is_brought_again() {
        let mut repeated = Repeated::default();
        let checked = repeated.check(&mut customer(2, "acme", "", "")).ok().unwrap();
        repeated.forget(checked.customer.unwrap());
        assert_eq!(check(&mut repeated, customer(3, "acme", "", "Bonn")), "brought ");
        assert_eq!(check(&mut repeated, customer(4, "acme", "", "Bonn")), "again ");
    }
}
