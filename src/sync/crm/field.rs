//! The fields that a column can be mapped to, under the names that the API gives them.

/// What of the directory a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The company.
    Customer,
    /// The person.
    CustomerUser,
}

macro_rules! field_type {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is the API's field of its name")]
        pub enum $name { $($variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The field of this name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|field| field.as_str() == name)
            }
        }
    };
}

field_type!(
    /// A field of a customer.
    CustomerField {
        CustomerId = "customer_id", ExternalId = "external_id", Name = "name", Street = "street", Zip = "zip",
        City = "city", Country = "country", Url = "url", Comment = "comment", Validity = "validity",
    }
);
field_type!(
    /// A field of a customer user. `customer` is the `customer_id` of a customer that exists.
    CustomerUserField {
        Login = "login", ExternalId = "external_id", Email = "email", Title = "title", FirstName = "first_name",
        LastName = "last_name", Phone = "phone", Mobile = "mobile", Fax = "fax", Street = "street", Zip = "zip",
        City = "city", Country = "country", Comment = "comment", Customer = "customer", BackEnd = "back_end",
        Validity = "validity",
    }
);

/// A field of either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Of a customer.
    Customer(CustomerField),
    /// Of a customer user.
    CustomerUser(CustomerUserField),
}

impl Field {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Field> {
        let of_customer = CustomerField::ALL.iter().copied().map(Field::Customer);
        CustomerUserField::ALL.iter().copied().map(Field::CustomerUser).chain(of_customer)
    }

    /// What it belongs to.
    pub fn part(self) -> Part {
        match self {
            Field::Customer(_) => Part::Customer,
            Field::CustomerUser(_) => Part::CustomerUser,
        }
    }

    /// Reads `customer.name`, `customer_user.login`, or `login` for short; what is wrong with it
    /// otherwise.
    pub fn parse(written: &str) -> Result<Self, String> {
        let name = written.trim();
        Field::all().find(|field| field.to_string() == name || field.short() == Some(name)).ok_or_else(|| unknown(name))
    }

    fn short(self) -> Option<&'static str> {
        match self {
            Field::Customer(_) => None,
            Field::CustomerUser(field) => Some(field.as_str()),
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Field::Customer(field) => write!(f, "customer.{}", field.as_str()),
            Field::CustomerUser(field) => write!(f, "customer_user.{}", field.as_str()),
        }
    }
}

impl serde::Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<String> = Field::all().map(|field| field.to_string()).collect();
    let short: Vec<&str> = Field::all().filter_map(Field::short).collect();
    let meant = nearest(name, names.iter().map(String::as_str).chain(short));
    let meant = meant.map(|meant| format!("; {meant:?} may be meant")).unwrap_or_default();
    format!("there is no field {name:?}{meant}. The fields are: {} (customer_user. may be left out)", names.join(", "))
}

/// The candidate that a typing error away from `written`, if there is one: no more than a third of
/// its letters differ.
pub(super) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace([' ', '-', '_'], "");
    let wanted = plain(written);
    let near = |candidate: &'a str| (distance(&wanted, &plain(candidate)), candidate);
    let best = candidates.into_iter().map(near).min_by_key(|(distance, _)| *distance)?;
    (best.0 * 3 <= wanted.chars().count()).then_some(best.1)
}

/// How many letters must be inserted, left out or replaced to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 0..b.len() {
            let replaced = diagonal + usize::from(letter != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_full_and_short() {
        assert_eq!(Field::parse("login"), Ok(Field::CustomerUser(CustomerUserField::Login)));
        assert_eq!(Field::parse(" customer_user.city "), Ok(Field::CustomerUser(CustomerUserField::City)));
        assert_eq!(Field::parse("customer.city"), Ok(Field::Customer(CustomerField::City)));
        assert_eq!(Field::parse("customer"), Ok(Field::CustomerUser(CustomerUserField::Customer)));
    }

    #[test]
    fn an_unknown_field_gets_the_list_and_a_suggestion() {
        for (written, meant) in [
            ("logn", "\"login\""),
            ("customer.external-id", "\"customer.external_id\""),
            ("FirstName", "\"first_name\""),
            ("customer.nme", "\"customer.name\""),
        ] {
            let reason = Field::parse(written).unwrap_err();
            assert!(reason.contains(&format!("{meant} may be meant")), "{reason}");
            assert!(reason.contains("customer_user.login, customer_user.external_id"), "{reason}");
        }
        assert!(!Field::parse("subscription").unwrap_err().contains("may be meant"));
    }
}
