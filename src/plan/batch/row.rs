//! What a row says, and what it did.

use crate::directory::{
    BackEnd, BackEndPatch, Customer, CustomerPatch, CustomerUser, CustomerUserPatch, ExternalId, Group, GroupPatch,
    Kind, Number, PermissionName, PermissionSet, Reference, Roll, Service, ServicePatch, Settings, Thing, etag,
};
use crate::plan::bulk::Relation;
use crate::plan::settings::SettingsPatch;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the other system calls the thing, and by what it is found.
    pub external_id: Option<ExternalId>,
    /// What else it is called, there or elsewhere; it gets those that it has not.
    pub external_ids: Vec<ExternalId>,
    /// What it says of it.
    pub content: Content,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Of a customer.
    Customer(Box<CustomerPatch>),
    /// Of a customer user.
    CustomerUser(Box<CustomerUserPatch>),
    /// Of a group.
    Group(Box<GroupPatch>),
    /// Of a service.
    Service(Box<ServicePatch>),
    /// Of a link.
    Link(Link),
    /// Of a back end.
    BackEnd(Box<BackEndPatch>),
    /// Of a list of the settings: whether the thing is on it.
    Listed {
        /// The list.
        roll: Roll,
        /// The thing.
        thing: Reference,
        /// On it or not.
        listed: bool,
    },
    /// Of the settings.
    Settings(Box<SettingsPatch>),
}

/// What a link is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Which kind of link.
    pub relation: Relation,
    /// What it is between, in the order of the relation.
    pub ends: [Reference; 2],
    /// What it grants.
    pub grants: Grants,
}

/// What a link is to grant.
#[derive(Debug, Clone, PartialEq)]
pub enum Grants {
    /// Exactly these; none of them is no link.
    Permissions(Vec<PermissionName>),
    /// It is there, or it is not.
    Marked(bool),
}

impl Content {
    /// The kind of record that a row is about without saying whether it counts.
    pub fn leaves_validity_of(&self) -> Option<Kind> {
        let (kind, validity) = match self {
            Content::Customer(patch) => (Kind::Customer, patch.validity),
            Content::CustomerUser(patch) => (Kind::CustomerUser, patch.validity),
            Content::Group(patch) => (Kind::Group, patch.validity),
            Content::Service(patch) => (Kind::Service, patch.validity),
            Content::BackEnd(_) | Content::Link(_) | Content::Listed { .. } | Content::Settings(_) => return None,
        };
        validity.is_none().then_some(kind)
    }

    /// The kind of record that a row is about, and its natural key, if the row says it.
    pub(super) fn named(&self) -> Option<(Kind, Option<&str>)> {
        Some(match self {
            Content::Customer(patch) => (Kind::Customer, patch.customer_id.as_ref().map(|it| it.as_str())),
            Content::CustomerUser(patch) => (Kind::CustomerUser, patch.login.as_ref().map(|it| it.as_str())),
            Content::Group(patch) => (Kind::Group, patch.name.as_ref().map(|it| it.as_str())),
            Content::Service(patch) => (Kind::Service, patch.name.as_ref().map(|it| it.as_str())),
            Content::BackEnd(patch) => (Kind::BackEnd, patch.name.as_ref().map(|it| it.as_str())),
            Content::Link(_) | Content::Listed { .. } | Content::Settings(_) => return None,
        })
    }
}

/// What a row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// What it is about was not there.
    Created,
    /// It was there, and reads otherwise now.
    Updated,
    /// It was there and reads the same.
    Unchanged,
}

impl Effect {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Created => "created",
            Effect::Updated => "updated",
            Effect::Unchanged => "unchanged",
        }
    }
}

/// What a row did, and to what.
#[derive(Debug, Clone)]
pub struct Done {
    /// What it did.
    pub effect: Effect,
    /// To what.
    pub subject: Subject,
}

/// What a row was about, as it is now.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each is the record of its name")]
pub enum Subject {
    Customer(Box<Customer>),
    CustomerUser(Box<CustomerUser>),
    Group(Box<Group>),
    Service(Box<Service>),
    Link { relation: Relation, ends: (u32, u32), grants: PermissionSet },
    BackEnd(Box<BackEnd>),
    Listed { roll: Roll, thing: Thing },
    Settings(Box<Settings>),
}

impl Subject {
    /// The opaque id; of a link those of its ends, with a slash between them.
    pub fn id(&self) -> String {
        match self {
            Subject::Customer(it) => it.number.id(),
            Subject::CustomerUser(it) => it.number.id(),
            Subject::Group(it) => it.number.id(),
            Subject::Service(it) => it.number.id(),
            Subject::Link { relation, ends, .. } => {
                let [one, other] = relation.kinds();
                format!("{}/{}", one.id(ends.0), other.id(ends.1))
            }
            Subject::BackEnd(it) => it.number.id(),
            Subject::Listed { thing, .. } => thing.to_string(),
            Subject::Settings(_) => "settings".to_owned(),
        }
    }

    /// The number of a record that other systems have keys for.
    pub fn number(&self) -> Option<u32> {
        match self {
            Subject::Customer(it) => Some(it.number.0),
            Subject::CustomerUser(it) => Some(it.number.0),
            Subject::Group(it) => Some(it.number.0),
            Subject::Service(it) => Some(it.number.0),
            Subject::BackEnd(_) | Subject::Link { .. } | Subject::Listed { .. } | Subject::Settings(_) => None,
        }
    }

    /// The natural key, of what has one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Subject::Customer(it) => Some(it.fields.customer_id.as_str()),
            Subject::CustomerUser(it) => Some(it.fields.login.as_str()),
            Subject::Group(it) => Some(it.fields.name.as_str()),
            Subject::Service(it) => Some(it.fields.name.as_str()),
            Subject::BackEnd(it) => Some(it.fields.name.as_str()),
            Subject::Link { .. } | Subject::Listed { .. } | Subject::Settings(_) => None,
        }
    }

    /// The entity tag of a record.
    pub fn etag(&self) -> Option<String> {
        match self {
            Subject::Customer(it) => Some(etag(it)),
            Subject::CustomerUser(it) => Some(etag(it)),
            Subject::Group(it) => Some(etag(it)),
            Subject::Service(it) => Some(etag(it)),
            Subject::BackEnd(it) => Some(etag(it)),
            Subject::Settings(it) => Some(etag(it)),
            Subject::Link { .. } | Subject::Listed { .. } => None,
        }
    }
}
