//! What answers of the index are made of, written out straight from the index: nothing is copied on the way but into the
//! reply itself. A member here says the same as the type of the same name in [`super::answers`] and [`super::views`],
//! which the document describes. `Serialize` says what is to be written, [`WriteJson`] writes it; the tests hold the one
//! against the other.

use std::cell::Cell;

use actix_web::HttpResponse;
use serde::{Serialize, Serializer};
use smallvec::SmallVec;

use super::again::Written;
use super::answers::{self, AccessAnswer, GroupAnswer};
use super::reply::{self, IfNoneMatch, Stamp};
use super::state::{Api, At};
use super::wording::{LinksTo, Wording};
use crate::access::{EffectiveGroup, GroupPermission, GroupPermissions, Index};
use crate::directory::{CustomerNumber, CustomerUserNumber, Number, ServiceNumber, Thing, Validity};
use crate::json::{WriteJson, object, write_each, write_list};

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

/// What gives a permission, as [`super::answers::SourceView`] has each.
struct Sources<'i>(&'i Index, GroupPermission<'i>);

impl<'i> Sources<'i> {
    fn named(&self) -> impl Iterator<Item = Given<'i>> {
        let Sources(index, permission) = *self;
        permission.sources().map(move |source| Given {
            kind: source.kind(),
            customer: source.customer().map(|customer| Customer::of(index, customer)),
        })
    }
}

impl Serialize for Sources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.named())
    }
}

impl WriteJson for Sources<'_> {
    fn write_json(&self, to: &mut Vec<u8>) {
        write_list(self.named(), to);
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
struct Span(usize, usize);

/// Permissions on a group, in the order of the settings, as [`super::answers::PermissionAnswer`] has each.
#[derive(Debug)]
pub struct Permissions<'i> {
    index: &'i Index,
    found: &'i GroupPermissions,
    /// Where the same is written already, for another group; once this is written, where it is.
    span: Cell<Option<Span>>,
}

impl<'i> Permissions<'i> {
    fn named(&self) -> impl Iterator<Item = Permission<'i>> {
        let Permissions { index, found, .. } = *self;
        found.each(index.settings()).map(move |found| Permission {
            permission: found.permission_type.name.as_str(),
            all_customers: found.reaches_all_customers(),
            sources: Sources(index, found),
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
        match self.span.get() {
            Some(Span(begin, end)) => to.extend_from_within(begin..end),
            None => write_list(self.named(), to),
        }
        self.span.set(Some(Span(begin, to.len())));
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
    /// A group; `same` is where the same permissions are written already.
    fn named<'a>(&'a self, found: &'a EffectiveGroup, same: Option<Span>) -> GroupAnswer<'a> {
        GroupAnswer {
            id: Id::of(found.group),
            name: key(self.index, found.group),
            permissions: Permissions { index: self.index, found: &found.permissions, span: Cell::new(same) },
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
        let mut ways: SmallVec<[(&GroupPermissions, Span); WAYS]> = SmallVec::new();
        write_each(&self.found, to, |found, to| {
            let same = ways.iter().find(|(permissions, _)| **permissions == found.permissions).map(|(_, span)| *span);
            let group = self.named(found, same);
            group.write_json(to);
            if same.is_none() && ways.len() < WAYS {
                ways.extend(group.permissions.span.get().map(|span| (&found.permissions, span)));
            }
        });
    }
}

/// So many ways in which groups are given are kept in mind.
const WAYS: usize = 8;

/// Everything that somebody has, and its tag.
pub struct Everything {
    /// Unless the caller has it.
    written: Option<Written>,
    etag: String,
}

impl Everything {
    /// Of a customer user, for whoever has some tags.
    pub fn of_known(api: &Api, index: &Index, customer_user: CustomerUserNumber, known: &IfNoneMatch) -> Self {
        let state = api.state();
        let revision = state.replica.token(index.revision());
        let stamp = reply::stamp(&revision);
        Self::unless_known(&state.wording, &stamp, &customer_user.id(), known, || {
            state.again.written(revision, customer_user, || {
                write_out(&answers::of_known(&state.wording, stamp.clone(), index, customer_user))
            })
        })
    }

    /// Of somebody whom we do not know.
    pub fn of_unknown(api: &Api, index: &Index, defaults: &[ServiceNumber], known: &IfNoneMatch) -> Self {
        let (wording, stamp) = (&api.state().wording, answers::stamp(api, index));
        Self::unless_known(wording, &stamp, "unknown", known, || {
            write_out(&answers::of_unknown(wording, stamp.clone(), index, defaults)).into()
        })
    }

    /// The answer names its revision, so every revision has another one; and within a revision it depends on nothing but
    /// who it is about and how answers are written. A tag of these is as strong as one of all the bytes, and told before
    /// any of them is written.
    fn unless_known(
        wording: &Wording,
        stamp: &Stamp,
        about: &str,
        known: &IfNoneMatch,
        write: impl FnOnce() -> Written,
    ) -> Self {
        let etag = [&wording.digest, ".", stamp.as_str(), ".", about].concat();
        Self { written: (!known.has(&etag)).then(write), etag }
    }

    /// The reply.
    pub fn reply(At { value: Everything { written, etag }, revision }: At<Self>) -> HttpResponse {
        reply::written(At { value: written, revision }, &etag)
    }
}

fn write_out(answer: &AccessAnswer<'_>) -> Vec<u8> {
    let mut json = Vec::with_capacity(8 * 1024);
    answer.write_json(&mut json);
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{
        Change, CustomerUserGroupLink, GroupName, GroupNumber, PermissionName, PermissionSet, PermissionType, Settings,
    };
    use actix_web::http::header::HeaderValue;
    use serde_json::json;

    /// Somebody of three customers, one of whom does not count; somebody who does not; somebody without anything but what
    /// all have; and somebody who has groups in more ways than are kept in mind, and in each way two. Names have what JSON
    /// must escape.
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
            {"change": "customer_user_put", "id": "u4", "login": "jo", "back_end": "b1", "validity": "valid"},
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
        let mut settings = Settings { other_customers: true, ..index.settings().clone() };
        settings.permission_types.0.extend((2..5).map(|bit| {
            let name = PermissionName::parse(&format!("type{bit}")).expect("a name");
            PermissionType { name, bit, label: None, description: None }
        }));
        index.apply(&Change::SettingsPut { settings: Box::new(settings) });
        for group in (1_000..).map(GroupNumber).take(3 * WAYS) {
            let name = GroupName::parse(&format!("group {group}")).expect("a name");
            index.apply(&Change::GroupPut { id: group, name, validity: Validity::Valid });
            let (customer_user, permissions) = (CustomerUserNumber(4), PermissionSet(2 + 2 * (group.0 % 12) as u16));
            index.apply(&Change::CustomerUserGroupLinkSet(CustomerUserGroupLink { customer_user, group, permissions }));
        }
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
        let [jane, joe, jim, jo] = [1, 2, 3, 4].map(|number| is_written_as_it_is(&of(number)));
        for part in
            [r#""name":"say \"users\"""#, r#"C:\\users"#, "customer_always_group", r#""all_customers":true"#, "béta"]
        {
            assert!(jane.contains(part), "{part} is in {jane}");
        }
        assert!(joe.contains("customer_user_not_valid") && jim.contains(r#""basis":"default","items":[{"#));
        assert_eq!(jo.matches(r#""permission":"type4""#).count(), 10);
        let unknown = is_written_as_it_is(&answers::of_unknown(&wording, stamp, &index, &[ServiceNumber(1)]));
        assert!(unknown.contains(r#""known":false,"reasons":[]"#));
    }
}
