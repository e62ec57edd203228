//! What a source has sent is remembered with the thing that it is about, from the write on that brings both.

use customer_access::directory::{Edit, ExternalId, ExternalKey, Kind as Of, Source, Thing};
use customer_access::plan::{Plan, Refusal, imports};
use customer_access::replica::Replica;
use customer_access::store::imports::ImportWrite;
use customer_access::store::{self, MergedRow};

use super::database::{Kind, on_both};
use super::verbs::{new_customer_user, write};

const MANY: u8 = 3;

fn source() -> Source {
    Source::parse("crm").expect("a source")
}

fn external_id(number: u8) -> ExternalId {
    ExternalId { source: source(), id: ExternalKey::parse(&number.to_string()).expect("an external id") }
}

fn set(plan: &mut Plan, thing: Thing, number: u8, present: bool) {
    plan.edit(Edit::ExternalId { thing, external_id: Box::new(external_id(number)), present });
}

/// Creates customer users that a source has sent, each with its external id.
fn bring(plan: &mut Plan) -> Result<Vec<Thing>, Refusal> {
    let (mut things, mut rows) = (Vec::new(), Vec::new());
    for number in 1..=MANY {
        let customer_user = new_customer_user(plan, &format!("u{number}"), None)?;
        let thing = Thing { kind: Of::CustomerUser, number: customer_user.number.0 };
        set(plan, thing, number, true);
        rows.push(MergedRow { external_id: external_id(number).id, number: thing.number, digest: [number; 16] });
        things.push(thing);
    }
    imports::also(plan, ImportWrite::Merged(Of::CustomerUser, source(), rows));
    Ok(things)
}

/// Which of them are known by the digest of their rows.
fn known(replica: &Replica, digest: impl Fn(u8) -> u8) -> Vec<Option<u32>> {
    let ids: Vec<String> = (1..=MANY).map(|number| number.to_string()).collect();
    let rows: Vec<_> = ids.iter().zip(1..).map(|(id, number)| (id.as_str(), [digest(number); 16])).collect();
    let known = replica.read(|conn| store::unchanged(conn, Of::CustomerUser, &source(), &rows));
    known.expect("an answer").0
}

fn new_things_are_remembered_with_their_external_ids(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let things = write(&replica, bring).expect("customer users").value;
    let numbers: Vec<_> = things.iter().map(|thing| Some(thing.number)).collect();
    assert_eq!(known(&replica, |number| number), numbers);
    assert_eq!(known(&replica, |number| number + 1), vec![None; things.len()]);
}

fn so_is_what_is_given_taken_and_given_in_one_write(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let brought = write(&replica, |plan| {
        let things = bring(plan)?;
        set(plan, things[1], 2, false);
        set(plan, things[1], 2, true);
        Ok(things)
    });
    let numbers: Vec<_> = brought.expect("customer users").value.iter().map(|thing| Some(thing.number)).collect();
    assert_eq!(known(&replica, |number| number), numbers);
}

on_both!(new_things_are_remembered_with_their_external_ids, so_is_what_is_given_taken_and_given_in_one_write);
