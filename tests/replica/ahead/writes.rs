//! What is written between the reading and the plan.

use customer_access::directory::{Customer, CustomerUser, ExternalId, Group, Service, Source};
use customer_access::plan::{
    Plan, Powers, Precondition, Refusal, customer_users, customers, give_external_id, groups, services,
    take_external_id,
};
use serde_json::{Value, json};

use super::{crm, merge, rows};
use crate::verbs::{key, new_customer};

const NONE: &Precondition = &Precondition::None;

/// A write that is made in between.
pub type Between = fn(&mut Plan) -> Result<(), Refusal>;

/// Merges rows.
fn say(plan: &mut Plan, values: Value) -> Result<(), Refusal> {
    merge(plan, rows(values))
}

/// After these, what was read serves, brought up to date.
pub const ORDINARY: [(&str, Between); 23] = [
    ("nothing is written", |_| Ok(())),
    ("a customer is changed", |plan| say(plan, json!([{"kind": "customer", "customer_id": "acme", "city": "Bonn"}]))),
    ("a customer comes with the key that a row brings", |plan| new_customer(plan, "gamma").map(drop)),
    ("a customer comes with the key that a row names", |plan| new_customer(plan, "late").map(drop)),
    ("a customer comes with a number that a row names, and with another external id", |plan| {
        say(plan, json!([{"kind": "customer", "external_id": "another", "customer_id": "gamma"}]))
    }),
    ("a customer user is changed", |plan| {
        say(plan, json!([{"kind": "customer_user", "login": "jane", "city": "Bonn", "customer": "beta"}]))
    }),
    ("a customer user is renamed", |plan| {
        say(plan, json!([{"kind": "customer_user", "external_id": "1", "login": "janet"}]))
    }),
    ("a customer user gets another writing of the login", |plan| {
        let patch = serde_json::from_value(json!({"login": "Joe"})).expect("a patch");
        customer_users::patch(plan, &key("joe"), patch, Powers::ALL, NONE).map(drop)
    }),
    ("a customer user is removed", |plan| customer_users::delete(plan, &key("jane"), true, Powers::ALL, NONE)),
    ("a customer user is removed and comes again", |plan| {
        customer_users::delete(plan, &key("jane"), true, Powers::ALL, NONE)?;
        say(plan, json!([{"kind": "customer_user", "login": "Jane"}]))
    }),
    ("a customer user comes with the login that a row brings", |plan| {
        say(plan, json!([{"kind": "customer_user", "login": "NEW"}]))
    }),
    ("a customer user comes with the external id that a row brings", |plan| {
        say(plan, json!([{"kind": "customer_user", "external_id": "9", "login": "other", "customer": "acme"}]))
    }),
    ("two customer users swap their logins", |plan| {
        for (id, login) in [("1", "x"), ("2", "jane"), ("1", "joe")] {
            say(plan, json!([{"kind": "customer_user", "external_id": id, "login": login}]))?;
        }
        Ok(())
    }),
    ("external ids are given", |plan| {
        give_external_id::<Customer>(plan, &key("plain"), crm("taken"), NONE)?;
        let (seven, erp) = (crm("7").id, Source::parse("erp").expect("a source"));
        give_external_id::<CustomerUser>(plan, &key("joe"), ExternalId { source: erp, id: seven }, NONE).map(drop)
    }),
    ("external ids are taken", |plan| {
        take_external_id::<Customer>(plan, &key("acme"), &crm("acme"), NONE)?;
        take_external_id::<Service>(plan, &key("a::b"), &crm("b"), NONE)?;
        take_external_id::<Group>(plan, &key("sales"), &crm("sales"), NONE)?;
        take_external_id::<CustomerUser>(plan, &key("jane"), &crm("1"), NONE)
    }),
    ("external ids are moved to others", |plan| {
        take_external_id::<Customer>(plan, &key("beta"), &crm("beta"), NONE)?;
        give_external_id::<Customer>(plan, &key("plain"), crm("beta"), NONE)?;
        take_external_id::<CustomerUser>(plan, &key("jane"), &crm("1"), NONE)?;
        give_external_id::<CustomerUser>(plan, &key("ann"), crm("1"), NONE).map(drop)
    }),
    ("a membership is added and one goes", |plan| {
        say(
            plan,
            json!([
                {"kind": "customer_membership", "customer_user": "jane", "customer": "plain", "member": true},
                {"kind": "customer_membership", "customer_user": "jane", "customer": "beta", "member": false},
                {"kind": "customer_membership", "customer_user": "max", "customer": "plain", "member": true},
                {"kind": "customer_user", "login": "max", "city": "Bonn"},
            ]),
        )
    }),
    ("links of each kind are set", |plan| {
        say(
            plan,
            json!([
                {"kind": "customer_group_link", "customer": "acme", "group": "sales", "permissions": ["rw"]},
                {"kind": "customer_group_link", "customer": "beta", "group": "sales", "context": "other_customers",
                 "permissions": ["rw"]},
                {"kind": "customer_user_group_link", "customer_user": "joe", "group": "support", "permissions": []},
                {"kind": "customer_user_service_link", "customer_user": "jane", "service": "a::b", "linked": false},
                {"kind": "customer_user_service_link", "customer_user": "max", "service": "z", "linked": true},
            ]),
        )
    }),
    ("a group is renamed, and its name given to another", |plan| {
        say(plan, json!([{"kind": "group", "external_id": "sales", "name": "old"}, {"kind": "group", "name": "sales"}]))
    }),
    ("a group is removed", |plan| groups::delete(plan, &key("support"), true, NONE)),
    ("a service is moved with its subtree", |plan| {
        say(plan, json!([{"kind": "service", "external_id": "b", "name": "z::b"}]))
    }),
    ("a service is removed, and comes again elsewhere", |plan| {
        services::delete(plan, &key("a::b::c"), true, NONE)?;
        say(plan, json!([{"kind": "service", "name": "z::c"}, {"kind": "service", "external_id": "c", "name": "y"}]))
    }),
    ("things are put on lists", |plan| {
        say(
            plan,
            json!([
                {"kind": "default_service", "service": "a::b", "listed": true},
                {"kind": "customer_always_group", "group": "sales", "listed": true},
            ]),
        )
    }),
];

/// After these, it is read anew.
pub const FAR_REACHING: [(&str, Between); 10] = [
    ("a customer is renamed", |plan| {
        say(plan, json!([{"kind": "customer", "external_id": "acme", "customer_id": "acme2"}]))
    }),
    ("a customer gets another writing of the key", |plan| {
        let patch = serde_json::from_value(json!({"customer_id": "ACME"})).expect("a patch");
        customers::patch(plan, &key("acme"), patch, NONE).map(drop)
    }),
    ("two customers swap their keys", |plan| {
        for (id, customer) in [("acme", "x"), ("beta", "acme"), ("acme", "beta")] {
            say(plan, json!([{"kind": "customer", "external_id": id, "customer_id": customer}]))?;
        }
        Ok(())
    }),
    ("a customer is removed", |plan| customers::delete(plan, &key("beta"), true, NONE)),
    ("a customer that nobody belongs to is removed", |plan| customers::delete(plan, &key("plain"), false, NONE)),
    ("a customer is removed and comes again", |plan| {
        customers::delete(plan, &key("acme"), true, NONE)?;
        new_customer(plan, "acme").map(drop)
    }),
    ("a back end is made read-only", |plan| {
        say(plan, json!([{"kind": "back_end", "name": "ldap", "read_only": true}]))
    }),
    ("a back end comes", |plan| say(plan, json!([{"kind": "back_end", "name": "another"}]))),
    ("a context is switched off", |plan| {
        say(plan, json!([{"kind": "settings", "contexts": {"other_customers": {"enabled": false}}}]))
    }),
    ("group support is switched off", |plan| say(plan, json!([{"kind": "settings", "group_support": false}]))),
];
