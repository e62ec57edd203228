//! What differs between two states of a record, as JSON: of a change, the audit keeps that and no more.
//!
//! Members are compared as they are, and only those that differ are written: to write both states and to compare what was
//! written takes several times as long, and most of a large write's edits are changes of one or two members.

use serde::Serialize;

use crate::directory::{
    BackEnd, BackEndFields, Customer, CustomerFields, CustomerUser, CustomerUserFields, Group, GroupFields, Service,
    ServiceFields, Settings, Times,
};

/// What has members that are compared one by one.
pub(super) trait Members: PartialEq {
    /// Adds those that differ.
    fn compare(&self, after: &Self, differences: &mut Differences) -> serde_json::Result<()>;
}

/// The members that differ, as they were and as they are; what one state has not stands in the other alone.
pub(super) fn between<T: Members>(before: &T, after: &T) -> serde_json::Result<(String, String)> {
    let mut differences = Differences::default();
    before.compare(after, &mut differences)?;
    Ok((differences.before.0 + "}", differences.after.0 + "}"))
}

/// What differs so far.
#[derive(Default)]
pub(super) struct Differences {
    before: Object,
    after: Object,
}

impl Differences {
    /// A member that is written whatever it is.
    fn always<T: PartialEq + Serialize>(&mut self, name: &str, before: &T, after: &T) -> serde_json::Result<()> {
        if before != after {
            self.before.add(name, before)?;
            self.after.add(name, after)?;
        }
        Ok(())
    }

    /// A member that is written if it is there.
    fn if_there<T: PartialEq + Serialize>(
        &mut self,
        name: &str,
        before: &Option<T>,
        after: &Option<T>,
    ) -> serde_json::Result<()> {
        if before != after {
            before.iter().try_for_each(|before| self.before.add(name, before))?;
            after.iter().try_for_each(|after| self.after.add(name, after))?;
        }
        Ok(())
    }

    /// A member that has members.
    fn by_member<T: Members>(&mut self, name: &str, before: &T, after: &T) -> serde_json::Result<()> {
        if before != after {
            let (before, after) = between(before, after)?;
            self.before.name(name).push_str(&before);
            self.after.name(name).push_str(&after);
        }
        Ok(())
    }

    /// What has its members written as if they were those of the record.
    fn flattened<T: Members>(&mut self, _: &str, before: &T, after: &T) -> serde_json::Result<()> {
        before.compare(after, self)
    }
}

/// An object that has yet to end.
struct Object(String);

impl Default for Object {
    fn default() -> Self {
        Self("{".to_owned())
    }
}

impl Object {
    fn add(&mut self, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
        let value = serde_json::to_string(value)?;
        self.name(name).push_str(&value);
        Ok(())
    }

    fn name(&mut self, name: &str) -> &mut String {
        let separator = if self.0.len() > 1 { "," } else { "" };
        self.0.extend([separator, "\"", name, "\":"]);
        &mut self.0
    }
}

/// How each member of a type is compared. A member that is left out does not compile.
macro_rules! members {
    ($($type:ident { $($how:ident: $($name:ident),+;)+ })+) => {
        $(impl Members for $type {
            fn compare(&self, after: &Self, differences: &mut Differences) -> serde_json::Result<()> {
                let $type { $($($name),+),+ } = self;
                $($(differences.$how(stringify!($name), $name, &after.$name)?;)+)+
                Ok(())
            }
        })+
    };
}

members! {
    Customer { always: number, external_ids; by_member: fields; flattened: times; }
    CustomerFields { always: customer_id, validity; if_there: name, street, zip, city, country, url, comment; }
    CustomerUser {
        always: number, customer, additional_customers, back_end, external_ids;
        by_member: fields;
        flattened: times;
    }
    CustomerUserFields {
        always: login, validity;
        if_there: email, title, first_name, last_name, phone, mobile, fax, street, zip, city, country, comment;
    }
    Group { always: number, external_ids; by_member: fields; flattened: times; }
    GroupFields { always: name, validity; if_there: comment; }
    Service { always: number, parent, external_ids; by_member: fields; flattened: times; }
    ServiceFields { always: name, validity; if_there: comment; }
    BackEnd { always: number; by_member: fields; flattened: times; }
    BackEndFields { always: name, group_support, read_only; if_there: comment; }
    Settings {
        always: group_support, permission_types, other_customers, same_customer_text, other_customers_text,
            default_services_for_unknown_customer_users, company_access;
    }
    Times { always: created_at, updated_at; }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::directory::ExternalId;
    use crate::directory::customer_user::{BackEndOfUser, CustomerOfUser};

    fn fields(login: &str, of: Value) -> CustomerUserFields {
        let mut members = json!({"login": login});
        members.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
        serde_json::from_value(members).unwrap()
    }

    fn differences<T: Members>(before: &T, after: &T) -> (Value, Value) {
        let (before, after) = between(before, after).unwrap();
        (serde_json::from_str(&before).unwrap(), serde_json::from_str(&after).unwrap())
    }

    #[test]
    fn only_what_differs_is_told() {
        let before = fields("jane", json!({"title": "Dr. \"x\"", "phone": "1", "city": "Berlin"}));
        let after = fields("jane", json!({"title": "Prof.", "fax": "2", "city": "Berlin"}));
        let (old, new) = differences(&before, &after);
        assert_eq!(old, json!({"title": "Dr. \"x\"", "phone": "1"}));
        assert_eq!(new, json!({"title": "Prof.", "fax": "2"}));
        assert_eq!(differences(&before, &before), (json!({}), json!({})));
    }

    /// The members of two states as they are written as a whole, without those that are the same.
    fn without_the_same(before: &Value, after: &Value) -> (Value, Value) {
        let rest = |of: &Value, other: &Value| {
            let differs = |(name, value): &(&String, &Value)| other.get(*name) != Some(*value);
            let members = of.as_object().unwrap().iter().filter(differs);
            Value::from(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
        };
        (rest(before, after), rest(after, before))
    }

    /// Whatever a type writes, under whatever name, is compared.
    fn each_member_counts<T: Members + Serialize>(before: &T, after: &T) {
        let (was, is) = (serde_json::to_value(before).unwrap(), serde_json::to_value(after).unwrap());
        assert!(was.as_object().unwrap().iter().all(|(name, value)| is.get(name) != Some(value)), "{was} {is}");
        let (mut was, mut is) = without_the_same(&was, &is);
        if let (Some(fields), Some(other)) = (was.get_mut("fields"), is.get_mut("fields")) {
            (*fields, *other) = without_the_same(fields, other);
        }
        assert_eq!(differences(before, after), (was, is));
    }

    fn texts(text: &str, names: &[&str]) -> Value {
        names.iter().map(|name| ((*name).to_owned(), json!(text))).collect::<Map<_, _>>().into()
    }

    fn validity(is: bool) -> Value {
        json!(if is { "valid" } else { "invalid" })
    }

    fn external(id: &str) -> Vec<ExternalId> {
        vec![serde_json::from_value(json!({"source": "crm", "id": id})).unwrap()]
    }

    fn times(number: u32) -> Times {
        let at = |second| chrono::DateTime::from_timestamp(i64::from(number) * 3_600 + second, 0).unwrap();
        Times { created_at: at(1), updated_at: at(2) }
    }

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    /// Two states that differ in all, and a third one of which only that is known which has to be.
    fn each_member_counts_of<T: Members + Serialize>(state: impl Fn(&str, u32, bool) -> T) {
        each_member_counts(&state("one", 1, true), &state("other", 2, true));
        each_member_counts(&state("one", 1, true), &state("other", 2, false));
        each_member_counts(&state("other", 2, false), &state("one", 1, true));
    }

    #[test]
    fn each_member_of_a_customer_user_counts() {
        each_member_counts_of(|text, number, is_known| {
            let names =
                ["title", "first_name", "last_name", "phone", "mobile", "fax", "street", "zip", "city", "country"];
            let mut of = texts(text, if is_known { &names } else { &[] });
            if is_known {
                (of["comment"], of["email"]) = (json!(text), json!(format!("{text}@example.com")));
            }
            of["validity"] = validity(number == 1);
            let customer = CustomerOfUser { number: number.into(), customer_id: read(json!(text)) };
            CustomerUser {
                number: number.into(),
                fields: fields(text, of),
                additional_customers: vec![customer.clone()],
                customer: is_known.then_some(customer),
                back_end: BackEndOfUser { number: number.into(), name: read(json!(text)), read_only: number == 1 },
                external_ids: external(text),
                times: times(number),
            }
        });
    }

    #[test]
    fn each_member_of_a_customer_counts() {
        each_member_counts_of(|text, number, is_known| {
            let names = ["name", "street", "zip", "city", "country", "comment"];
            let mut of = texts(text, if is_known { &names } else { &[] });
            if is_known {
                of["url"] = json!(format!("https://{text}.example"));
            }
            (of["customer_id"], of["validity"]) = (json!(text), validity(number == 1));
            Customer { number: number.into(), fields: read(of), external_ids: external(text), times: times(number) }
        });
    }

    #[test]
    fn each_member_of_groups_services_and_back_ends_counts() {
        let named = |text: &str, number: u32, is_known: bool| {
            let mut of = texts(text, if is_known { &["name", "comment"] } else { &["name"] });
            of["validity"] = validity(number == 1);
            of
        };
        each_member_counts_of(|text, number, is_known| {
            let fields = read(named(text, number, is_known));
            Group { number: number.into(), fields, external_ids: external(text), times: times(number) }
        });
        each_member_counts_of(|text, number, is_known| {
            let (fields, parent) = (read(named(text, number, is_known)), (number == 1).then(|| 7.into()));
            Service { number: number.into(), parent, fields, external_ids: external(text), times: times(number) }
        });
        each_member_counts_of(|text, number, is_known| {
            let mut of = texts(text, if is_known { &["name", "comment"] } else { &["name"] });
            (of["group_support"], of["read_only"]) = (json!(number == 1), json!(number == 1));
            BackEnd { number: number.into(), fields: read(of), times: times(number) }
        });
    }

    #[test]
    fn each_setting_counts() {
        each_member_counts_of(|text, number, _| -> Settings {
            let is = number == 1;
            read(json!({
                "group_support": is,
                "permission_types": [{"name": "rw", "bit": 0, "label": text}],
                "other_customers": is,
                "same_customer_text": {"label": text},
                "other_customers_text": {"label": text},
                "default_services_for_unknown_customer_users": is,
                "company_access": is,
            }))
        });
    }
}
