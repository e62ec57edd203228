//! What a write amounts to.
//!
//! An [`Edit`] is one thing before and after: enough to write the row, the audit and the change.
//! A [`Change`] is what the index and the integrators follow: numbers, keys and access facts,
//! never a person's other data. Applying a change twice is applying it once.

use serde::{Deserialize, Serialize};

use super::link::{CustomerGroupLink, CustomerMembership, CustomerUserGroupLink, CustomerUserServiceLink, Roll};
use super::number::{BackEndNumber, CustomerNumber, CustomerUserNumber, GroupNumber, ServiceNumber, Thing};
use super::reference::ExternalId;
use super::{
    BackEnd, BackEndFields, BackEndName, Customer, CustomerId, CustomerUser, Group, GroupName, Login, PermissionSet,
    Service, ServiceName, Settings, Validity,
};

/// One thing before and after a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta<T> {
    /// It did not exist.
    Created(T),
    /// It existed, and reads otherwise now.
    Changed {
        /// What it was.
        before: T,
        /// What it is now.
        after: T,
    },
    /// It exists no longer.
    Removed(T),
}

impl<T> Delta<T> {
    /// What it was.
    pub fn before(&self) -> Option<&T> {
        match self {
            Delta::Created(_) => None,
            Delta::Changed { before, .. } | Delta::Removed(before) => Some(before),
        }
    }

    /// What it is.
    pub fn after(&self) -> Option<&T> {
        match self {
            Delta::Created(after) | Delta::Changed { after, .. } => Some(after),
            Delta::Removed(_) => None,
        }
    }

    /// What it is, or else what it was.
    pub fn either(&self) -> &T {
        match self {
            Delta::Created(one) | Delta::Changed { after: one, .. } | Delta::Removed(one) => one,
        }
    }

    /// Whether it is there before and after, and this of it is the same.
    pub fn keeps<K: PartialEq + ?Sized>(&self, of: impl Fn(&T) -> &K) -> bool {
        matches!(self, Delta::Changed { before, after } if of(before) == of(after))
    }

    /// `put` with what it is, or `removed` with what it was.
    fn change(&self, put: impl Fn(&T) -> Change, removed: impl Fn(&T) -> Change) -> Change {
        match self {
            Delta::Created(after) | Delta::Changed { after, .. } => put(after),
            Delta::Removed(before) => removed(before),
        }
    }
}

/// One edit of the directory: what the row, the audit and the change are made from. It is small, because
/// one write may make a million edits of links: what is large is boxed.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A customer.
    Customer(Box<Delta<Customer>>),
    /// A customer user; the additional customers are memberships, not part of this.
    CustomerUser(Box<Delta<CustomerUser>>),
    /// A group.
    Group(Box<Delta<Group>>),
    /// A service.
    Service(Box<Delta<Service>>),
    /// A back end.
    BackEnd(Box<Delta<BackEnd>>),
    /// An external id given to a thing, or taken from it.
    ExternalId {
        /// The thing.
        thing: Thing,
        /// What the other system calls it.
        external_id: Box<ExternalId>,
        /// Given or taken.
        present: bool,
    },
    /// What a customer ↔ group link granted, and the link as it is now.
    CustomerGroupLink {
        /// What it granted.
        before: PermissionSet,
        /// What it grants.
        link: CustomerGroupLink,
    },
    /// What a customer user ↔ group link granted, and the link as it is now.
    CustomerUserGroupLink {
        /// What it granted.
        before: PermissionSet,
        /// What it grants.
        link: CustomerUserGroupLink,
    },
    /// A customer user ↔ service link made or removed.
    CustomerUserServiceLink(CustomerUserServiceLink),
    /// An additional customer added or removed.
    CustomerMembership(CustomerMembership),
    /// A group or service put on a list of the settings, or taken from it.
    Roll {
        /// The list.
        roll: Roll,
        /// The group or service.
        thing: Thing,
        /// On it or not.
        listed: bool,
    },
    /// The settings.
    Settings(Box<Delta<Settings>>),
}

/// What the index and the integrators need to know of an [`Edit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each field is the fact of its name; the variants say what happened")]
pub enum Change {
    /// The customer is now so.
    CustomerPut { id: CustomerNumber, customer_id: CustomerId, validity: Validity },
    /// The customer is gone, and every link and external id of it before it.
    CustomerRemoved { id: CustomerNumber, customer_id: CustomerId },
    /// The customer user is now so.
    CustomerUserPut {
        id: CustomerUserNumber,
        login: Login,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        customer: Option<CustomerNumber>,
        back_end: BackEndNumber,
        validity: Validity,
    },
    /// The customer user is gone.
    CustomerUserRemoved { id: CustomerUserNumber, login: Login },
    /// The group is now so.
    GroupPut { id: GroupNumber, name: GroupName, validity: Validity },
    /// The group is gone.
    GroupRemoved { id: GroupNumber, name: GroupName },
    /// The service is now so.
    ServicePut {
        id: ServiceNumber,
        name: ServiceName,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        parent: Option<ServiceNumber>,
        validity: Validity,
    },
    /// The service is gone.
    ServiceRemoved { id: ServiceNumber, name: ServiceName },
    /// The back end is now so.
    BackEndPut { id: BackEndNumber, name: BackEndName, group_support: bool },
    /// The back end is gone.
    BackEndRemoved { id: BackEndNumber, name: BackEndName },
    /// Whether the thing has this external id now.
    ExternalIdSet { id: Thing, external_id: ExternalId, present: bool },
    /// What a customer ↔ group link grants now.
    CustomerGroupLinkSet(CustomerGroupLink),
    /// What a customer user ↔ group link grants now.
    CustomerUserGroupLinkSet(CustomerUserGroupLink),
    /// Whether a customer user is linked to a service now.
    CustomerUserServiceLinkSet(CustomerUserServiceLink),
    /// Whether a customer user has an additional customer now.
    CustomerMembershipSet(CustomerMembership),
    /// Whether a group or service stands on a list of the settings now.
    RollSet { roll: Roll, id: Thing, listed: bool },
    /// The settings are now so.
    SettingsPut { settings: Box<Settings> },
}

impl Change {
    /// The word for each kind of change, as it stands in the log.
    pub const KINDS: [&str; 17] = [
        "customer_put",
        "customer_removed",
        "customer_user_put",
        "customer_user_removed",
        "group_put",
        "group_removed",
        "service_put",
        "service_removed",
        "back_end_put",
        "back_end_removed",
        "external_id_set",
        "customer_group_link_set",
        "customer_user_group_link_set",
        "customer_user_service_link_set",
        "customer_membership_set",
        "roll_set",
        "settings_put",
    ];
}

impl Edit {
    /// The change that the index and the integrators follow.
    pub fn change(&self) -> Change {
        match self {
            Edit::Customer(delta) => delta.change(Customer::put, Customer::removed),
            Edit::CustomerUser(delta) => delta.change(CustomerUser::put, CustomerUser::removed),
            Edit::Group(delta) => delta.change(Group::put, Group::removed),
            Edit::Service(delta) => delta.change(Service::put, Service::removed),
            Edit::BackEnd(delta) => delta.change(BackEnd::put, BackEnd::removed),
            Edit::ExternalId { thing, external_id, present } => {
                Change::ExternalIdSet { id: *thing, external_id: (**external_id).clone(), present: *present }
            }
            Edit::CustomerGroupLink { link, .. } => Change::CustomerGroupLinkSet(*link),
            Edit::CustomerUserGroupLink { link, .. } => Change::CustomerUserGroupLinkSet(*link),
            Edit::CustomerUserServiceLink(link) => Change::CustomerUserServiceLinkSet(*link),
            Edit::CustomerMembership(membership) => Change::CustomerMembershipSet(*membership),
            Edit::Roll { roll, thing, listed } => Change::RollSet { roll: *roll, id: *thing, listed: *listed },
            Edit::Settings(delta) => delta.change(Settings::put, Settings::put),
        }
    }
}

impl Customer {
    fn put(&self) -> Change {
        Change::CustomerPut {
            id: self.number,
            customer_id: self.fields.customer_id.clone(),
            validity: self.fields.validity,
        }
    }

    fn removed(&self) -> Change {
        Change::CustomerRemoved { id: self.number, customer_id: self.fields.customer_id.clone() }
    }
}

impl CustomerUser {
    fn put(&self) -> Change {
        Change::CustomerUserPut {
            id: self.number,
            login: self.fields.login.clone(),
            customer: self.customer.as_ref().map(|customer| customer.number),
            back_end: self.back_end.number,
            validity: self.fields.validity,
        }
    }

    fn removed(&self) -> Change {
        Change::CustomerUserRemoved { id: self.number, login: self.fields.login.clone() }
    }
}

impl Group {
    fn put(&self) -> Change {
        Change::GroupPut { id: self.number, name: self.fields.name.clone(), validity: self.fields.validity }
    }

    fn removed(&self) -> Change {
        Change::GroupRemoved { id: self.number, name: self.fields.name.clone() }
    }
}

impl Service {
    fn put(&self) -> Change {
        Change::ServicePut {
            id: self.number,
            name: self.fields.name.clone(),
            parent: self.parent,
            validity: self.fields.validity,
        }
    }

    fn removed(&self) -> Change {
        Change::ServiceRemoved { id: self.number, name: self.fields.name.clone() }
    }
}

impl BackEnd {
    fn put(&self) -> Change {
        let BackEndFields { name, group_support, .. } = &self.fields;
        Change::BackEndPut { id: self.number, name: name.clone(), group_support: *group_support }
    }

    fn removed(&self) -> Change {
        Change::BackEndRemoved { id: self.number, name: self.fields.name.clone() }
    }
}

impl Settings {
    fn put(&self) -> Change {
        Change::SettingsPut { settings: Box::new(self.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_small() {
        assert_eq!(size_of::<Edit>(), 24);
    }
}
