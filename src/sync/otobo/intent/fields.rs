//! The fields of a row, as patches. A field that is no good here is left out and said; a key that is
//! no good leaves the row out.

use super::{Making, Wanted};
use crate::directory::{
    Comment, CustomerId, CustomerPatch, CustomerUserPatch, Email, ExternalId, ExternalKey, GroupName, GroupPatch,
    Invalid, Login, Patch, ServiceName, ServicePatch, Text, Url,
};
use crate::sync::otobo::facts::{CompanyRow, CustomerUserRow, NamedRow};
use crate::sync::otobo::report::Outcome;

/// An address of two lines is an address.
fn one_line(text: &str) -> Result<Text, Invalid> {
    let lines: Vec<&str> = text.split(char::is_control).map(str::trim).filter(|line| !line.is_empty()).collect();
    Text::parse(&lines.join(" "))
}

/// Which row of which table a field is of.
type Place<'p> = (&'static str, &'p str);

impl Making<'_> {
    /// A field that may be cleared.
    fn field<T>(
        &mut self,
        (table, row): Place<'_>,
        column: &str,
        value: Option<&String>,
        parse: fn(&str) -> Result<T, Invalid>,
    ) -> Patch<T> {
        match value.map(|text| parse(text)) {
            None => Patch::Clear,
            Some(Ok(value)) => Patch::Set(value),
            Some(Err(why)) => {
                let row = (table, format!("{row:?} {column}"));
                self.found(Outcome::LeftOut, "field_left_out", row, why.detail, None);
                Patch::Clear
            }
        }
    }

    /// What a thing is to be here, unless its key is no good.
    pub(super) fn wanted<K: std::fmt::Display, P>(
        &mut self,
        table: &'static str,
        (key, id): (Result<K, Invalid>, String),
        row: &str,
        patch: impl FnOnce(&mut Self, K) -> P,
    ) -> Option<Wanted<P>> {
        let id = ExternalKey::parse(&id);
        match (key, id) {
            (Ok(key), Ok(id)) => {
                let external_id = ExternalId { source: self.policy.source.clone(), id };
                Some(Wanted { key: key.to_string(), external_id, patch: patch(self, key) })
            }
            (Err(why), _) | (_, Err(why)) => {
                self.found(Outcome::Refused, "key_refused", (table, format!("{row:?}")), why.detail, None);
                None
            }
        }
    }

    pub(super) fn group(&mut self, table: &'static str, row: &NamedRow) -> Option<Wanted<GroupPatch>> {
        let validity = self.facts.validity(row.valid_id);
        self.wanted(table, (GroupName::parse(&row.name), row.id.to_string()), &row.name, |making, name| GroupPatch {
            name: Some(name),
            comment: making.field((table, &row.name), "comments", row.comments.as_ref(), Comment::parse),
            validity: Some(validity),
        })
    }

    pub(super) fn service(&mut self, table: &'static str, row: &NamedRow) -> Option<Wanted<ServicePatch>> {
        let validity = self.facts.validity(row.valid_id);
        self.wanted(table, (ServiceName::parse(&row.name), row.id.to_string()), &row.name, |making, name| {
            ServicePatch {
                name: Some(name),
                comment: making.field((table, &row.name), "comments", row.comments.as_ref(), Comment::parse),
                validity: Some(validity),
            }
        })
    }

    pub(super) fn customer(&mut self, row: &CompanyRow) -> Option<Wanted<CustomerPatch>> {
        let validity = self.facts.validity(row.valid_id);
        let (table, key) = ("customer_company", row.customer_id.as_str());
        self.wanted(table, (CustomerId::parse(key), key.to_owned()), key, |making, customer_id| {
            let mut text = |column, value| making.field((table, key), column, value, one_line);
            let (name, street) = (text("name", row.name.as_ref()), text("street", row.street.as_ref()));
            let (zip, city) = (text("zip", row.zip.as_ref()), text("city", row.city.as_ref()));
            let country = text("country", row.country.as_ref());
            CustomerPatch {
                customer_id: Some(customer_id),
                name,
                street,
                zip,
                city,
                country,
                url: making.field((table, key), "url", row.url.as_ref(), Url::parse),
                comment: making.field((table, key), "comments", row.comments.as_ref(), Comment::parse),
                validity: Some(validity),
            }
        })
    }

    pub(super) fn customer_user(&mut self, row: &CustomerUserRow) -> Option<Wanted<CustomerUserPatch>> {
        let validity = self.facts.validity(row.valid_id);
        let (table, login) = ("customer_user", row.login.as_str());
        self.wanted(table, (Login::parse(login), row.id.clone()), login, |making, parsed| {
            let mut text = |column, value| making.field((table, login), column, value, one_line);
            let (title, phone) = (text("title", row.title.as_ref()), text("phone", row.phone.as_ref()));
            let first_name = text("first_name", row.first_name.as_ref());
            let last_name = text("last_name", row.last_name.as_ref());
            let (mobile, fax) = (text("mobile", row.mobile.as_ref()), text("fax", row.fax.as_ref()));
            let (street, zip) = (text("street", row.street.as_ref()), text("zip", row.zip.as_ref()));
            let (city, country) = (text("city", row.city.as_ref()), text("country", row.country.as_ref()));
            CustomerUserPatch {
                login: Some(parsed),
                email: making.field((table, login), "email", row.email.as_ref(), Email::parse),
                comment: making.field((table, login), "comments", row.comments.as_ref(), Comment::parse),
                title,
                first_name,
                last_name,
                phone,
                mobile,
                fax,
                street,
                zip,
                city,
                country,
                validity: Some(validity),
                ..CustomerUserPatch::default()
            }
        })
    }
}
