//! What answers of the index are made of, written out straight from the index: nothing is copied on the way but into the
//! reply itself. A member here says the same as the type of the same name in [`super::answers`] and [`super::views`],
//! which the document describes.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::answers::{self, AccessAnswer};
use super::problem::Problem;
use super::reply::{self, IfNoneMatch};
use super::state::{Api, At};
use super::views::{Links, MEMBERS};
use crate::access::{self, GroupPermission, Index, Source};
use crate::directory::{CustomerNumber, CustomerUserNumber, Number, PermissionName, ServiceNumber, Thing, digest};

/// An opaque id.
#[derive(Debug, Clone, Copy)]
pub struct Id(Thing);

impl Id {
    /// The id of a thing.
    pub fn of(thing: impl Into<Thing>) -> Self {
        Self(thing.into())
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The natural key of a thing, as it was written.
pub fn key<N: Number>(index: &Index, number: N) -> &str {
    index.key(Thing { kind: N::KIND, number: number.into() }).unwrap_or_default()
}

/// The links of a thing, as [`Links`] has them.
#[derive(Debug, Clone, Copy)]
pub struct LinksTo<'a> {
    /// Under which path the service is published.
    pub base_path: &'a str,
    /// Which thing.
    pub thing: Thing,
}

impl Serialize for LinksTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.thing.kind;
        let mut path = String::with_capacity(self.base_path.len() + 64);
        let _ = write!(path, "{}/v1/{}/id:{}", self.base_path, kind.collection(), self.thing);
        let own = path.len();
        let mut links = serializer.serialize_struct("Links", MEMBERS.len() + 1)?;
        links.serialize_field("self", &path)?;
        for (member, last) in Links::members(kind) {
            path.truncate(own);
            path.push('/');
            path.push_str(last);
            links.serialize_field(member, &path)?;
        }
        links.end()
    }
}

/// A customer, by its names.
#[derive(Debug, serde::Serialize)]
struct Customer<'i> {
    id: Id,
    customer_id: &'i str,
}

impl<'i> Customer<'i> {
    fn of(index: &'i Index, customer: CustomerNumber) -> Self {
        Self { id: Id::of(customer), customer_id: key(index, customer) }
    }
}

/// A service, by its names.
#[derive(Debug, serde::Serialize)]
pub struct Service<'i> {
    id: Id,
    name: &'i str,
}

impl<'i> Service<'i> {
    /// From the index.
    pub fn of(index: &'i Index, service: ServiceNumber) -> Self {
        Self { id: Id::of(service), name: key(index, service) }
    }
}

/// What gives something.
#[derive(serde::Serialize)]
struct Given<'i> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Customer<'i>>,
}

/// Sources, as [`super::answers::SourceView`] has each.
struct Sources<'i>(&'i Index, &'i [Source]);

impl Serialize for Sources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let customer = |source: &Source| source.customer().map(|customer| Customer::of(self.0, customer));
        serializer.collect_seq(self.1.iter().map(|source| Given { kind: source.kind(), customer: customer(source) }))
    }
}

#[derive(serde::Serialize)]
struct Permission<'i> {
    permission: &'i PermissionName,
    all_customers: bool,
    sources: Sources<'i>,
}

/// Permissions on a group, in the order of the settings, as [`super::answers::PermissionAnswer`] has each.
#[derive(Debug)]
pub struct Permissions<'i> {
    /// Where the names are.
    pub index: &'i Index,
    /// What was found.
    pub found: Vec<GroupPermission>,
}

impl Serialize for Permissions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let types = &self.index.settings().permission_types.0;
        serializer.collect_seq(self.found.iter().filter_map(|found| {
            let permission = &types.iter().find(|t| t.bit == found.bit)?.name;
            let sources = Sources(self.index, &found.sources);
            Some(Permission { permission, all_customers: found.all_customers, sources })
        }))
    }
}

/// Everything that somebody has, written out, and its tag.
pub struct Everything {
    json: Vec<u8>,
    etag: String,
}

impl Everything {
    /// Of a customer user.
    pub fn of_known(api: &Api, index: &Index, customer_user: CustomerUserNumber) -> Result<Self, Problem> {
        let found = access::effective(index, customer_user);
        Self::written(api, &answers::of_known(api, index, customer_user, found), &customer_user.id())
    }

    /// Of somebody whom we do not know.
    pub fn of_unknown(api: &Api, index: &Index, defaults: &[ServiceNumber]) -> Result<Self, Problem> {
        Self::written(api, &answers::of_unknown(api, index, defaults), "unknown")
    }

    /// The answer names its revision, so every revision has another one; and within a revision it depends on nothing but
    /// who it is about, this version of the program and the path under which it is published. A tag of these is as
    /// strong as one of all the bytes.
    fn written(api: &Api, answer: &AccessAnswer<'_>, about: &str) -> Result<Self, Problem> {
        let mut json = Vec::with_capacity(8 * 1024);
        serde_json::to_writer(&mut json, answer).map_err(Problem::internal)?;
        let (version, base_path) = (env!("CARGO_PKG_VERSION"), &api.state().config.base_path);
        let shown = [answer.revision.as_str(), about, version, base_path].join("\n");
        Ok(Self { json, etag: digest(shown.as_bytes()) })
    }

    /// The reply, for whoever has some of these tags.
    pub fn reply(At { value: Everything { json, etag }, revision }: At<Self>, known: &IfNoneMatch) -> HttpResponse {
        reply::written(At { value: json, revision }, &etag, known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Kind;

    #[test]
    fn links_are_written_as_they_are() {
        for kind in Kind::ALL {
            let thing = Thing { kind, number: 7 };
            let written = serde_json::to_string(&LinksTo { base_path: "/desk", thing });
            let path = format!("/desk/v1/{}/id:{thing}", kind.collection());
            assert_eq!(written.ok(), serde_json::to_string(&Links::of(kind, path)).ok());
        }
    }
}
