//! Numbers: what links go by. Each thing of the directory gets one when it is created, keeps it
//! through every rename, and nothing ever gets it again. Outside they are written as opaque ids:
//! a letter for the kind, then the number (`c12`).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Invalid;

/// What kinds of things the directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A company.
    Customer,
    /// A person of a customer.
    CustomerUser,
    /// A named set of resources.
    Group,
    /// An entry of the service catalogue.
    Service,
    /// The source a customer user comes from.
    BackEnd,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Kind; 5] = [Kind::Customer, Kind::CustomerUser, Kind::Group, Kind::Service, Kind::BackEnd];

    /// The word for programs: `customer_user`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Customer => "customer",
            Kind::CustomerUser => "customer_user",
            Kind::Group => "group",
            Kind::Service => "service",
            Kind::BackEnd => "back_end",
        }
    }

    /// The words for people: `customer user`.
    pub fn words(self) -> &'static str {
        match self {
            Kind::CustomerUser => "customer user",
            Kind::BackEnd => "back end",
            other => other.as_str(),
        }
    }

    /// The collection's name in a URL: `customer-users`.
    pub fn collection(self) -> &'static str {
        match self {
            Kind::Customer => "customers",
            Kind::CustomerUser => "customer-users",
            Kind::Group => "groups",
            Kind::Service => "services",
            Kind::BackEnd => "back-ends",
        }
    }

    /// The word for several of them in a body: `customer_users`.
    pub fn member(self) -> &'static str {
        match self {
            Kind::Customer => "customers",
            Kind::CustomerUser => "customer_users",
            Kind::Group => "groups",
            Kind::Service => "services",
            Kind::BackEnd => "back_ends",
        }
    }

    /// What a program reads where there is no such thing.
    pub fn not_found(self) -> &'static str {
        match self {
            Kind::Customer => "customer_not_found",
            Kind::CustomerUser => "customer_user_not_found",
            Kind::Group => "group_not_found",
            Kind::Service => "service_not_found",
            Kind::BackEnd => "back_end_not_found",
        }
    }

    /// What an opaque id begins with; the number follows.
    pub fn letter(self) -> char {
        match self {
            Kind::Customer => 'c',
            Kind::CustomerUser => 'u',
            Kind::Group => 'g',
            Kind::Service => 's',
            Kind::BackEnd => 'b',
        }
    }

    /// Writes the opaque id of a thing of this kind.
    pub fn id(self, number: u32) -> String {
        Thing { kind: self, number }.to_string()
    }

    /// Reads an opaque id back, if it is one of this kind.
    pub fn parse_id(self, id: &str) -> Option<u32> {
        let number = id.strip_prefix(self.letter())?.parse().ok()?;
        (self.id(number) == id).then_some(number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A thing of any kind, by its number; written as its opaque id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub number: u32,
}

impl Thing {
    /// Writes the opaque id behind what is there.
    pub fn write_id(self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.kind.letter().encode_utf8(&mut [0; 1]).as_bytes());
        to.extend_from_slice(itoa::Buffer::new().format(self.number).as_bytes());
    }
}

impl<N: Number> From<N> for Thing {
    fn from(number: N) -> Self {
        Self { kind: N::KIND, number: number.into() }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.letter(), self.number)
    }
}

impl Serialize for Thing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Thing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        let of_kind = |kind: Kind| kind.parse_id(&id).map(|number| Thing { kind, number });
        let refused = || serde::de::Error::custom(Invalid::new("not_an_id", "is not the id of anything"));
        Kind::ALL.into_iter().find_map(of_kind).ok_or_else(refused)
    }
}

/// A type of number, one for each kind, so that none is taken for another.
pub trait Number: Copy + Ord + Into<u32> + From<u32> {
    /// The kind of thing that has such numbers.
    const KIND: Kind;

    /// The opaque id.
    fn id(self) -> String {
        Self::KIND.id(self.into())
    }
}

macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl Number for $name {
            const KIND: Kind = $kind;
        }

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number)
            }
        }

        impl From<$name> for u32 {
            fn from(number: $name) -> u32 {
                number.0
            }
        }

        impl From<$name> for i64 {
            fn from(number: $name) -> i64 {
                i64::from(number.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.id())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let id = String::deserialize(deserializer)?;
                let refused = || Invalid::new("not_an_id", format!("is not the id of a {}", $kind));
                $kind.parse_id(&id).map(Self).ok_or_else(refused).map_err(serde::de::Error::custom)
            }
        }
    };
}

number_type!(
    /// The number of a customer.
    CustomerNumber, Kind::Customer
);
number_type!(
    /// The number of a customer user.
    CustomerUserNumber, Kind::CustomerUser
);
number_type!(
    /// The number of a group.
    GroupNumber, Kind::Group
);
number_type!(
    /// The number of a service.
    ServiceNumber, Kind::Service
);
number_type!(
    /// The number of a back end.
    BackEndNumber, Kind::BackEnd
);
