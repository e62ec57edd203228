//! What answers of the index are made of, written out straight from the index: nothing is copied on the way but into the
//! reply itself. A member here says the same as the type of the same name in [`super::answers`] and [`super::views`],
//! which the document describes.

use std::cell::Cell;

use actix_web::HttpResponse;
use serde::{Serialize, Serializer};
use smallvec::SmallVec;

use super::answers::{self, AccessAnswer, GroupAnswer};
use super::reply::{self, IfNoneMatch, Stamp};
use super::state::{Api, At};
use super::views::Links;
use crate::access::{EffectiveGroup, GroupPermission, Index, Source};
use crate::directory::{CustomerNumber, CustomerUserNumber, Kind, Number, ServiceNumber, Thing, Validity, digest};
use crate::json::{WriteJson, object, write_list};

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

impl WriteJson for Id {
    fn write_json(&self, to: &mut Vec<u8>) {
        to.push(b'"');
        self.0.write_id(to);
        to.push(b'"');
    }
}

impl WriteJson for Stamp {
    fn write_json(&self, to: &mut Vec<u8>) {
        self.as_str().write_json(to);
    }
}

impl WriteJson for Validity {
    fn write_json(&self, to: &mut Vec<u8>) {
        self.as_str().write_json(to);
    }
}

/// The natural key of a thing, as it was written.
pub fn key<N: Number>(index: &Index, number: N) -> &str {
    index.key(Thing { kind: N::KIND, number: number.into() }).unwrap_or_default()
}

/// How this version of the program writes answers under a path: what is the same in all of them, made once.
#[derive(Debug)]
pub struct Wording {
    base_path: String,
    /// By kind: what stands before each id in the links of a thing, and after the last one.
    links: [Vec<String>; Kind::ALL.len()],
    /// What tells it from another version and another path.
    digest: String,
}

impl Wording {
    /// Under this path.
    pub fn under(base_path: &str) -> Self {
        let links = Kind::ALL.map(|kind| {
            let path = format!("{base_path}/v1/{}/id:", kind.collection());
            // A path of ours has no character that must be escaped, the one that is configured neither.
            let (mut texts, mut after) = (vec![format!(r#"{{"self":"{path}"#)], String::new());
            for (member, last) in Links::members(kind) {
                texts.push(format!(r#"{after}","{member}":"{path}"#));
                after = format!("/{last}");
            }
            texts.push(after + r#""}"#);
            texts
        });
        let digest = digest([env!("CARGO_PKG_VERSION"), base_path].join("\n").as_bytes());
        Self { base_path: base_path.to_owned(), links, digest }
    }
}

/// The links of a thing, as [`Links`] has them.
#[derive(Debug, Clone, Copy)]
pub struct LinksTo<'a> {
    /// How they are written.
    pub wording: &'a Wording,
    /// Which thing.
    pub thing: Thing,
}

impl Serialize for LinksTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, base_path) = (self.thing.kind, &self.wording.base_path);
        Links::of(kind, format!("{base_path}/v1/{}/id:{}", kind.collection(), self.thing)).serialize(serializer)
    }
}

impl WriteJson for LinksTo<'_> {
    fn write_json(&self, to: &mut Vec<u8>) {
        let Some((last, before_ids)) = self.wording.links[self.thing.kind as usize].split_last() else { return };
        for text in before_ids {
            to.extend_from_slice(text.as_bytes());
            self.thing.write_id(to);
        }
        to.extend_from_slice(last.as_bytes());
    }
}

/// A customer, by its names.
#[derive(Debug, Serialize)]
struct Customer<'i> {
    id: Id,
    customer_id: &'i str,
}

object!(Customer<'_> { id, customer_id });

impl<'i> Customer<'i> {
    fn of(index: &'i Index, customer: CustomerNumber) -> Self {
        Self { id: Id::of(customer), customer_id: key(index, customer) }
    }
}

/// A service, by its names.
#[derive(Debug, Serialize)]
pub struct Service<'i> {
    id: Id,
    name: &'i str,
}

object!(Service<'_> { id, name });

impl<'i> Service<'i> {
    /// From the index.
    pub fn of(index: &'i Index, service: ServiceNumber) -> Self {
        Self { id: Id::of(service), name: key(index, service) }
    }
}

/// What gives something.
#[derive(Serialize)]
struct Given<'i> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Customer<'i>>,
}

object!(Given<'_> { kind, customer });

/// Sources, as [`super::answers::SourceView`] has each.
struct Sources<'i>(&'i Index, &'i [Source]);

impl<'i> Sources<'i> {
    fn given(&self) -> impl Iterator<Item = Given<'i>> {
        let Sources(index, sources) = *self;
        let customer = |source: &Source| source.customer().map(|customer| Customer::of(index, customer));
        sources.iter().map(move |source| Given { kind: source.kind(), customer: customer(source) })
    }
}

impl Serialize for Sources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.given())
    }
}

impl WriteJson for Sources<'_> {
    fn write_json(&self, to: &mut Vec<u8>) {
        write_list(self.given(), to);
    }
}

#[derive(Serialize)]
struct Permission<'i> {
    permission: &'i str,
    all_customers: bool,
    sources: Sources<'i>,
}

object!(Permission<'_> { permission, all_customers, sources });

/// From where to where something is written.
#[derive(Debug, Clone, Copy)]
struct Place(usize, usize);

/// Permissions on a group, in the order of the settings, as [`super::answers::PermissionAnswer`] has each.
#[derive(Debug)]
pub struct Permissions<'i> {
    index: &'i Index,
    found: &'i [GroupPermission],
    /// Where the same is written already; once this is written, where it is.
    place: Cell<Option<Place>>,
}

impl<'i> Permissions<'i> {
    fn named(&self) -> impl Iterator<Item = Permission<'i>> {
        let Permissions { index, found, .. } = *self;
        found.iter().filter_map(move |found| {
            let permission = index.settings().permission_types.0.iter().find(|t| t.bit == found.bit)?.name.as_str();
            let sources = Sources(index, &found.sources);
            Some(Permission { permission, all_customers: found.all_customers, sources })
        })
    }
}

impl Serialize for Permissions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.named())
    }
}

impl WriteJson for Permissions<'_> {
    fn write_json(&self, to: &mut Vec<u8>) {
        let begin = to.len();
        match self.place.get() {
            Some(Place(begin, end)) => to.extend_from_within(begin..end),
            None => write_list(self.named(), to),
        }
        self.place.set(Some(Place(begin, to.len())));
    }
}

/// Groups with what somebody has on each, as [`GroupAnswer`] has each.
#[derive(Debug)]
pub struct Groups<'i> {
    /// How they are written.
    pub wording: &'i Wording,
    /// Where the names are.
    pub index: &'i Index,
    /// What was found.
    pub found: Vec<EffectiveGroup>,
}

impl Groups<'_> {
    /// A group; `place` is where the same permissions are written already.
    fn named<'a>(&'a self, found: &'a EffectiveGroup, place: Option<Place>) -> GroupAnswer<'a> {
        GroupAnswer {
            id: Id::of(found.group),
            name: key(self.index, found.group),
            permissions: Permissions { index: self.index, found: &found.permissions, place: Cell::new(place) },
            links: LinksTo { wording: self.wording, thing: found.group.into() },
        }
    }
}

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.found.iter().map(|found| self.named(found, None)))
    }
}

impl WriteJson for Groups<'_> {
    /// Most groups are given in the same few ways: what is written of the permissions on one serves for the others.
    fn write_json(&self, to: &mut Vec<u8>) {
        let mut ways: SmallVec<[(&[GroupPermission], Place); WAYS]> = SmallVec::new();
        to.push(b'[');
        for (place, found) in self.found.iter().enumerate() {
            if place > 0 {
                to.push(b',');
            }
            let same =
                ways.iter().find(|(permissions, _)| **permissions == *found.permissions).map(|(_, place)| *place);
            let group = self.named(found, same);
            group.write_json(to);
            if same.is_none() && ways.len() < WAYS {
                ways.extend(group.permissions.place.get().map(|place| (&*found.permissions, place)));
            }
        }
        to.push(b']');
    }
}

/// So many ways in which groups are given are kept in mind.
const WAYS: usize = 8;

/// Everything that somebody has, written out, and its tag.
pub struct Everything {
    json: Vec<u8>,
    etag: String,
}

impl Everything {
    /// Of a customer user.
    pub fn of_known(api: &Api, index: &Index, customer_user: CustomerUserNumber) -> Self {
        let (wording, revision) = (&api.state().wording, answers::stamp(api, index));
        Self::written(wording, &answers::of_known(wording, revision, index, customer_user), &customer_user.id())
    }

    /// Of somebody whom we do not know.
    pub fn of_unknown(api: &Api, index: &Index, defaults: &[ServiceNumber]) -> Self {
        let (wording, revision) = (&api.state().wording, answers::stamp(api, index));
        Self::written(wording, &answers::of_unknown(wording, revision, index, defaults), "unknown")
    }

    /// The answer names its revision, so every revision has another one; and within a revision it depends on nothing but
    /// who it is about and how answers are written. A tag of these is as strong as one of all the bytes.
    fn written(wording: &Wording, answer: &AccessAnswer<'_>, about: &str) -> Self {
        let mut json = Vec::with_capacity(8 * 1024);
        answer.write_json(&mut json);
        Self { json, etag: [&wording.digest, ".", answer.revision.as_str(), ".", about].concat() }
    }

    /// The reply, for whoever has some of these tags.
    pub fn reply(At { value: Everything { json, etag }, revision }: At<Self>, known: &IfNoneMatch) -> HttpResponse {
        reply::written(At { value: json, revision }, &etag, known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Change, Settings};
    use actix_web::http::header::HeaderValue;
    use serde_json::json;

    /// Somebody of three customers, one of whom does not count; somebody who does not; and somebody without anything. Names
    /// have what JSON must escape.
    fn index() -> Index {
        let changes = json!([
            {"change": "back_end_put", "id": "b1", "name": "default", "group_support": true},
            {"change": "group_put", "id": "g1", "name": "say \"users\"", "validity": "valid"},
            {"change": "group_put", "id": "g20", "name": "C:\\users", "validity": "valid"},
            {"change": "group_put", "id": "g300", "name": "Gäste", "validity": "valid"},
            {"change": "service_put", "id": "s1", "name": "IT", "validity": "valid"},
            {"change": "service_put", "id": "s2", "name": "IT::\"VPN\"", "parent": "s1", "validity": "valid"},
            {"change": "customer_put", "id": "c1", "customer_id": "\"acme\"", "validity": "valid"},
            {"change": "customer_put", "id": "c2", "customer_id": "béta", "validity": "invalid"},
            {"change": "customer_put", "id": "c3", "customer_id": "gamma", "validity": "valid"},
            {"change": "customer_user_put", "id": "u1", "login": "\\jane", "customer": "c1", "back_end": "b1", "validity": "valid"},
            {"change": "customer_user_put", "id": "u2", "login": "joe", "back_end": "b1", "validity": "invalid_temporarily"},
            {"change": "customer_user_put", "id": "u3", "login": "jim", "back_end": "b1", "validity": "valid"},
            {"change": "customer_membership_set", "customer_user": "u1", "customer": "c2", "member": true},
            {"change": "customer_membership_set", "customer_user": "u1", "customer": "c3", "member": true},
            {"change": "customer_user_group_link_set", "customer_user": "u1", "group": "g1", "permissions": 3},
            {"change": "customer_group_link_set", "customer": "c1", "group": "g1", "context": "same_customer", "permissions": 1},
            {"change": "customer_group_link_set", "customer": "c3", "group": "g20", "context": "same_customer", "permissions": 2},
            {"change": "customer_group_link_set", "customer": "c3", "group": "g20", "context": "other_customers", "permissions": 1},
            {"change": "roll_set", "roll": "customer_always_groups", "id": "g300", "listed": true},
            {"change": "roll_set", "roll": "default_services", "id": "s1", "listed": true},
            {"change": "customer_user_service_link_set", "customer_user": "u1", "service": "s2", "linked": true},
        ]);
        let mut index = Index::default();
        for change in serde_json::from_value::<Vec<Change>>(changes).expect("changes") {
            index.apply(&change);
        }
        let settings = Settings { other_customers: true, ..index.settings().clone() };
        index.apply(&Change::SettingsPut { settings: Box::new(settings) });
        index
    }

    fn is_written_as_it_is(value: &(impl Serialize + WriteJson)) -> String {
        let mut written = Vec::new();
        value.write_json(&mut written);
        let written = String::from_utf8(written).unwrap_or_default();
        assert_eq!(written, serde_json::to_string(value).unwrap_or_default());
        written
    }

    #[test]
    fn everything_is_written_as_it_is() {
        let (index, stamp) = (index(), Stamp(HeaderValue::from_static("5f0c1d9e6a574b0e-42")));
        let wording = Wording::under("/desk");
        let of = |number| answers::of_known(&wording, stamp.clone(), &index, CustomerUserNumber(number));
        let [jane, joe, jim] = [1, 2, 3].map(|number| is_written_as_it_is(&of(number)));
        for part in
            [r#""name":"say \"users\"""#, r#"C:\\users"#, "customer_always_group", r#""all_customers":true"#, "béta"]
        {
            assert!(jane.contains(part), "{part} is in {jane}");
        }
        assert!(joe.contains("customer_user_not_valid") && jim.contains(r#""basis":"default","items":[{"#));
        let unknown = is_written_as_it_is(&answers::of_unknown(&wording, stamp, &index, &[ServiceNumber(1)]));
        assert!(unknown.contains(r#""known":false,"reasons":[]"#));
    }

    #[test]
    fn links_are_written_as_they_are() {
        for kind in Kind::ALL {
            is_written_as_it_is(&LinksTo { wording: &Wording::under("/desk"), thing: Thing { kind, number: 7 } });
        }
    }
}
