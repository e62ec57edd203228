//! Rules 6 and 8, where things are asked about.

use customer_access::access::{self, Owner};
use customer_access::directory::{Context, Roll, Validity};

use super::desk::Desk;

const VALID: Validity = Validity::Valid;

/// Jane of acme, who may read support; Joe and beta have the other things.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.customer("acme", VALID);
    desk.customer("beta", VALID);
    desk.customer_user("jane", "acme", VALID);
    desk.customer_user("joe", "beta", VALID);
    desk.group("support", VALID);
    desk.link_customer_user("jane", "support", &["ro"]);
    desk.set(|settings| settings.other_customers = true);
    desk
}

fn ask(desk: &Desk, permission: &str, customer: &str, customer_user: &str) -> Vec<String> {
    desk.ask_thing("jane", "support", permission, Some(desk.owner(customer, customer_user)))
}

#[test]
fn rule_6_a_thing_needs_the_permission_on_its_group() {
    let desk = desk();
    assert_eq!(ask(&desk, "ro", "beta", "jane"), ["customer_user_link", "own_thing"]);
    assert_eq!(ask(&desk, "note", "beta", "jane"), ["!link_lacks_permission"]);
}

#[test]
fn rule_6_things_of_a_valid_customer_are_reached_while_company_access_is_on() {
    let mut desk = desk();
    assert_eq!(ask(&desk, "ro", "acme", "joe"), ["customer_user_link", "customer_of_the_thing acme"]);
    desk.set(|settings| settings.company_access = false);
    assert_eq!(ask(&desk, "ro", "acme", "joe"), ["!company_access_off"]);
    assert_eq!(ask(&desk, "ro", "acme", "jane"), ["customer_user_link", "own_thing"]);
    desk.set(|settings| settings.company_access = true);
    desk.customer("acme", Validity::Invalid);
    assert_eq!(ask(&desk, "ro", "acme", "joe"), ["!customer_not_valid"]);
}

#[test]
fn rule_6_things_of_others_are_reached_through_the_other_context() {
    let mut desk = desk();
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["!not_a_customer_of_the_thing"]);
    desk.link_customer("acme", "support", Context::OtherCustomers, &["ro"]);
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["customer_user_link", "other_customers acme"]);
    assert_eq!(ask(&desk, "ro", "", ""), ["customer_user_link", "other_customers acme"]);
    desk.set(|settings| settings.other_customers = false);
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["!not_a_customer_of_the_thing", "!context_off"]);
}

#[test]
fn rule_6_the_other_context_needs_the_permission_the_customer_and_company_access() {
    let mut desk = desk();
    desk.link_customer_user("jane", "support", &["rw"]);
    desk.link_customer("acme", "support", Context::OtherCustomers, &["note"]);
    assert_eq!(ask(&desk, "note", "beta", "joe"), ["customer_user_link", "other_customers acme"]);
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["!link_lacks_permission", "!not_a_customer_of_the_thing"]);
    desk.set(|settings| settings.company_access = false);
    assert_eq!(ask(&desk, "note", "beta", "joe"), ["!not_a_customer_of_the_thing", "!company_access_off"]);
    desk.set(|settings| settings.company_access = true);
    desk.customer("acme", Validity::Invalid);
    assert_eq!(ask(&desk, "note", "beta", "joe"), ["!customer_not_valid", "!not_a_customer_of_the_thing"]);
}

#[test]
fn rule_6_the_other_context_reaches_nothing_with_group_support_off() {
    let mut desk = desk();
    desk.link_customer("acme", "support", Context::OtherCustomers, &["ro"]);
    desk.set(|settings| settings.group_support = false);
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["!not_a_customer_of_the_thing"]);
    assert_eq!(ask(&desk, "ro", "acme", "joe"), ["group_support_off", "customer_of_the_thing acme"]);
}

#[test]
fn rule_6_an_owner_who_is_not_known_matches_nobody() {
    let desk = desk();
    assert_eq!(desk.owner("nobody", "nobody"), Owner::default());
    assert_eq!(ask(&desk, "ro", "nobody", "nobody"), ["!not_a_customer_of_the_thing"]);
}

#[test]
fn rule_6_the_filter_says_what_is_reached_in_each_group() {
    let mut desk = desk();
    desk.additional_customer("jane", "beta", true);
    desk.group("sales", VALID);
    desk.group("users", VALID);
    desk.always_group(Roll::CustomerUserAlwaysGroups, "sales");
    desk.link_customer("beta", "sales", Context::OtherCustomers, &["note"]);
    let filter = |desk: &Desk, permission| {
        let filter = access::thing_filter(&desk.index, desk.find("jane"), desk.bit(permission));
        assert!(filter.reasons.is_empty());
        let words = |things: &access::ThingsOfGroup| {
            format!("{} {:?} {}", desk.name(things.group), desk.customer_names(&things.customers), things.all)
        };
        filter.groups.iter().map(words).collect::<Vec<_>>()
    };
    assert_eq!(filter(&desk, "ro"), [r#"support ["acme", "beta"] false"#, r#"sales ["acme", "beta"] false"#]);
    assert_eq!(filter(&desk, "note"), [r#"sales ["acme", "beta"] true"#]);
    desk.customer("beta", Validity::Invalid);
    assert_eq!(filter(&desk, "note"), [r#"sales ["acme"] false"#]);
    desk.set(|settings| settings.company_access = false);
    assert_eq!(filter(&desk, "note"), ["sales [] false"]);
}

#[test]
fn rule_8_a_thing_is_denied_for_the_group_and_for_the_thing() {
    let mut desk = desk();
    assert_eq!(ask(&desk, "note", "beta", "joe"), ["!link_lacks_permission", "!not_a_customer_of_the_thing"]);
    desk.group("support", Validity::Invalid);
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["!group_not_valid"]);
    desk.customer_user("jane", "acme", Validity::Invalid);
    assert_eq!(ask(&desk, "ro", "beta", "joe"), ["!customer_user_not_valid", "!group_not_valid"]);
    let filter = access::thing_filter(&desk.index, desk.find("jane"), desk.bit("ro"));
    assert_eq!((filter.groups.len(), filter.reasons), (0, vec![access::Reason::CustomerUserNotValid]));
}
