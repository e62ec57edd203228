//! Whatever people and other systems do in between, in whatever order, here or in another process.

use customer_access::directory::{Kind as Of, Roll};
use customer_access::plan::OnExisting;
use customer_access::plan::batch::Row;
use serde_json::{Value, json};

use super::{read_ahead, row, write_ahead};
use crate::acts::{Act, ThingAct, Way};
use crate::database::{Kind, on_both, same_as_anew};
use crate::properties::{act, for_sequences};

/// How many acts are done between the reading and the plans.
const BETWEEN: usize = 4;
/// How many rows are read together.
const TOGETHER: usize = 8;

/// The row by which another system would say the same, if there is one.
fn row_of(act: &Act) -> Option<Row> {
    let value = match act {
        Act::Thing(act) => return Some(row_of_thing(act)),
        Act::CustomerGroup(customer, group, context, of) => {
            json!({"kind": "customer_group_link", "customer": customer.to_string(), "group": group.to_string(),
                   "context": context.as_str(), "permissions": of})
        }
        Act::CustomerUserGroup(person, group, of) => {
            json!({"kind": "customer_user_group_link", "customer_user": person.to_string(),
                   "group": group.to_string(), "permissions": of})
        }
        Act::CustomerUserService(person, service, linked) => {
            json!({"kind": "customer_user_service_link", "customer_user": person.to_string(),
                   "service": service.to_string(), "linked": linked})
        }
        Act::Membership(person, customer, member) => {
            json!({"kind": "customer_membership", "customer_user": person.to_string(),
                   "customer": customer.to_string(), "member": member})
        }
        Act::Roll(Roll::DefaultServices, service, listed) => {
            json!({"kind": "default_service", "service": service.to_string(), "listed": listed})
        }
        Act::Roll(_, group, listed) => {
            json!({"kind": "customer_always_group", "group": group.to_string(), "listed": listed})
        }
        Act::Grants(..) | Act::Marks(..) | Act::Rolls(..) | Act::Settings(_) => return None,
    };
    Some(row(value))
}

fn row_of_thing(act: &ThingAct) -> Row {
    let (key, kind) = match act.kind {
        Of::Customer => ("customer_id", "customer"),
        Of::CustomerUser => ("login", "customer_user"),
        Of::Group => ("name", "group"),
        Of::Service => ("name", "service"),
        Of::BackEnd => ("name", "back_end"),
    };
    let mut value = json!({"kind": kind, key: act.key, "comment": act.comment});
    if let (Of::CustomerUser, Some(customer)) = (act.kind, &act.customer) {
        value["customer"] = Value::String(customer.to_string());
    }
    let (external_id, more) = match &act.way {
        Way::Upsert(external_id, _) => (external_id.clone(), None),
        Way::Give(more) | Way::Take(more) => (None, Some(more.clone())),
        _ => (None, None),
    };
    Row { external_id, external_ids: more.into_iter().collect(), ..row(value) }
}

/// Two lots of rows are read, then all this is done, here or elsewhere; then they are written, one after the other.
fn what_was_read_ahead_changes_nothing(kind: Kind) {
    for_sequences(kind, |database, acts| {
        let (replica, other) = (database.sleeper(), database.sleeper());
        let reading = replica.reading_ahead();
        for (turn, between) in acts.chunks(BETWEEN).enumerate() {
            let how = if turn % 3 == 0 { OnExisting::Refuse } else { OnExisting::Adopt };
            let rows: Vec<Row> = acts.iter().cycle().skip(turn * 11).filter_map(row_of).take(2 * TOGETHER).collect();
            let lots: Vec<_> = rows.chunks(TOGETHER).map(|rows| (rows, read_ahead(&reading, rows))).collect();
            for it in between {
                let _ = act(if turn % 5 == 4 { &other } else { &replica }, it);
            }
            for (rows, ahead) in lots {
                write_ahead(&replica, rows, ahead, how, &format!("{between:?}"));
            }
        }
        same_as_anew(&replica, database);
    });
}

on_both!(what_was_read_ahead_changes_nothing);
