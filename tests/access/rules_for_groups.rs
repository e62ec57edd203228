//! Rules 1 to 4 and 8, where groups are asked about.

use customer_access::access;
use customer_access::directory::{Change, Context, CustomerUserNumber, GroupNumber, Roll, Validity};

use super::desk::Desk;

const VALID: Validity = Validity::Valid;

/// Jane of acme, beside her beta; the group support.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.customer("acme", VALID);
    desk.customer("beta", VALID);
    desk.customer_user("jane", "acme", VALID);
    desk.additional_customer("jane", "beta", true);
    desk.group("support", VALID);
    desk
}

#[test]
fn rule_1_a_group_that_is_not_valid_gives_nothing_until_it_is_valid_again() {
    let mut desk = desk();
    desk.link_customer_user("jane", "support", &["ro"]);
    for validity in [Validity::Invalid, Validity::InvalidTemporarily] {
        desk.group("support", validity);
        assert_eq!(desk.ask("jane", "support", "ro"), ["!group_not_valid"]);
    }
    desk.group("support", VALID);
    assert_eq!(desk.ask("jane", "support", "ro"), ["customer_user_link"]);
}

#[test]
fn rule_1_a_customer_that_is_not_valid_gives_nothing() {
    let mut desk = desk();
    desk.link_customer("beta", "support", Context::SameCustomer, &["ro"]);
    desk.customer("beta", Validity::Invalid);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!customer_not_valid"]);
    desk.customer("beta", VALID);
    assert_eq!(desk.ask("jane", "support", "ro"), ["customer_link beta"]);
}

#[test]
fn rule_1_an_always_group_that_is_not_valid_gives_nothing() {
    let mut desk = desk();
    desk.always_group(Roll::CustomerUserAlwaysGroups, "support");
    desk.group("support", Validity::Invalid);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!group_not_valid"]);
}

#[test]
fn rule_2_a_customer_user_who_is_not_valid_has_nothing() {
    let mut desk = desk();
    desk.set(|settings| settings.group_support = false);
    desk.customer_user("jane", "acme", Validity::InvalidTemporarily);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!customer_user_not_valid"]);
    let effective = access::effective(&desk.index, desk.find("jane"));
    assert!(effective.groups.is_empty());
    assert_eq!(effective.reasons, [access::Reason::CustomerUserNotValid]);
}

#[test]
fn rule_3_rw_gives_every_type_and_another_gives_itself() {
    let mut desk = desk();
    desk.link_customer_user("jane", "support", &["note"]);
    assert_eq!(desk.ask("jane", "support", "note"), ["customer_user_link"]);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!link_lacks_permission"]);
    assert_eq!(desk.ask("jane", "support", "rw"), ["!link_lacks_permission"]);
    desk.link_customer_user("jane", "support", &["rw"]);
    for permission in ["ro", "note", "rw"] {
        assert_eq!(desk.ask("jane", "support", permission), ["customer_user_link"]);
    }
}

#[test]
fn rule_3_a_type_that_is_no_longer_configured_is_given_by_nothing() {
    let mut desk = desk();
    desk.link_customer_user("jane", "support", &["note"]);
    let note = desk.bit("note");
    desk.permission_types(&["ro", "rw"]);
    let (jane, support): (CustomerUserNumber, GroupNumber) = (desk.find("jane"), desk.find("support"));
    let decision = access::check_group(&desk.index, jane, support, note, None);
    assert_eq!(decision.reasons, [access::Reason::PermissionNotConfigured]);
    assert!(access::effective(&desk.index, jane).groups.is_empty());
    assert!(access::who_has_permission(&desk.index, support, None, None, 10).items.is_empty());
}

#[test]
fn rule_4_every_source_is_named() {
    let mut desk = desk();
    assert_eq!(desk.ask("jane", "support", "ro"), ["!no_link"]);
    desk.link_customer_user("jane", "support", &["ro"]);
    desk.link_customer("acme", "support", Context::SameCustomer, &["rw"]);
    desk.link_customer("beta", "support", Context::SameCustomer, &["ro"]);
    desk.always_group(Roll::CustomerUserAlwaysGroups, "support");
    desk.always_group(Roll::CustomerAlwaysGroups, "support");
    let always = ["customer_user_always_group", "customer_always_group"];
    assert_eq!(desk.ask("jane", "support", "note")[..], ["customer_link acme", always[0], always[1]]);
    let all = ["customer_user_link", "customer_link acme", "customer_link beta", always[0], always[1]];
    assert_eq!(desk.ask("jane", "support", "ro"), all);
}

#[test]
fn rule_4_a_customer_counts_once_though_it_is_primary_and_additional() {
    let mut desk = desk();
    desk.link_customer("acme", "support", Context::SameCustomer, &["ro"]);
    desk.additional_customer("jane", "acme", true);
    assert_eq!(desk.ask("jane", "support", "ro"), ["customer_link acme"]);
    desk.customer_user("jane", "", VALID);
    assert_eq!(desk.ask("jane", "support", "ro"), ["customer_link acme"]);
    desk.additional_customer("jane", "acme", false);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!no_link"]);
}

#[test]
fn rule_4_a_link_in_the_context_other_customers_never_gives_the_group() {
    let mut desk = desk();
    desk.set(|settings| settings.other_customers = true);
    desk.link_customer("acme", "support", Context::OtherCustomers, &["rw"]);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!no_link"]);
}

#[test]
fn rule_4_an_always_group_of_customers_needs_a_valid_customer() {
    let mut desk = desk();
    desk.always_group(Roll::CustomerAlwaysGroups, "support");
    desk.customer_user("joe", "", VALID);
    assert_eq!(desk.ask("joe", "support", "ro"), ["!no_link", "!no_customer"]);
    desk.additional_customer("joe", "beta", true);
    assert_eq!(desk.ask("joe", "support", "rw"), ["customer_always_group"]);
    desk.customer("beta", Validity::Invalid);
    assert_eq!(desk.ask("joe", "support", "rw"), ["!no_link", "!customer_not_valid"]);
}

#[test]
fn rule_4_with_group_support_off_that_is_the_only_source() {
    let mut desk = desk();
    desk.link_customer_user("jane", "support", &["ro"]);
    desk.always_group(Roll::CustomerUserAlwaysGroups, "support");
    desk.set(|settings| settings.group_support = false);
    assert_eq!(desk.ask("jane", "support", "rw"), ["group_support_off"]);
    assert_eq!(desk.ask("jane", "support", "ro"), ["group_support_off"]);
}

#[test]
fn rule_4_group_support_is_off_for_the_back_end_alone() {
    let mut desk = desk();
    desk.back_end("crm", false);
    desk.customer_user_from("joe", "", "crm", VALID);
    assert_eq!(desk.ask("joe", "support", "rw"), ["group_support_off"]);
    assert_eq!(desk.ask("jane", "support", "rw"), ["!no_link"]);
    desk.customer_user("joe", "", VALID);
    assert_eq!(desk.ask("joe", "support", "rw"), ["!no_link"]);
}

#[test]
fn rule_7_who_has_a_permission_is_paged_by_number() {
    let mut desk = desk();
    desk.back_end("crm", false);
    desk.customer_user_from("kim", "", "crm", VALID);
    desk.link_customer("beta", "support", Context::SameCustomer, &["ro"]);
    for login in ["ann", "bob", "cid"] {
        desk.customer_user(login, "", VALID);
        desk.link_customer_user(login, "support", &["note"]);
    }
    let who = |bit, after, limit| access::who_has_permission(&desk.index, desk.find("support"), bit, after, limit);
    let names = |page: &access::Page<access::GroupHolder>| -> Vec<_> {
        page.items.iter().map(|holder| desk.name(holder.customer_user).to_owned()).collect()
    };
    let first = who(None, None, 3);
    assert_eq!(names(&first), ["jane", "kim", "ann"]);
    let second = who(None, first.next, 3);
    assert_eq!((names(&second), second.next), (vec!["bob".to_owned(), "cid".to_owned()], None));
    assert_eq!(names(&who(Some(desk.bit("ro")), None, 9)), ["jane", "kim"]);
    assert_eq!(who(None, None, 5).next, None, "a page that is full and the last announces no other");
}

#[test]
fn rule_8_what_does_not_exist_has_and_gives_nothing() {
    let mut desk = desk();
    desk.set(|settings| settings.group_support = false);
    let (jane, support): (CustomerUserNumber, GroupNumber) = (desk.find("jane"), desk.find("support"));
    assert!(access::may(&desk.index, jane, support, 0, None));
    assert!(!access::may(&desk.index, jane, GroupNumber(99), 0, None));
    assert!(!access::may(&desk.index, CustomerUserNumber(99), support, 0, None));
}

#[test]
fn rule_8_group_support_holds_where_the_back_end_is_not_there() {
    let mut desk = desk();
    desk.customer_user_from("joe", "", "nowhere", VALID);
    assert_eq!(desk.ask("joe", "support", "ro"), ["!no_link"]);
}

#[test]
fn rule_8_every_link_that_does_not_do_is_a_reason() {
    let mut desk = desk();
    desk.link_customer("acme", "support", Context::SameCustomer, &["note"]);
    desk.link_customer("beta", "support", Context::SameCustomer, &["ro"]);
    desk.customer("beta", Validity::Invalid);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!link_lacks_permission", "!customer_not_valid"]);
}

#[test]
fn a_removed_group_takes_its_links_and_rolls_with_it() {
    let mut desk = desk();
    desk.link_customer_user("jane", "support", &["ro"]);
    desk.always_group(Roll::CustomerUserAlwaysGroups, "support");
    let (id, name) = (desk.find("support"), customer_access::directory::GroupName::parse("support").expect("a name"));
    desk.apply(Change::GroupRemoved { id, name });
    desk.group("support", VALID);
    assert_eq!(desk.ask("jane", "support", "ro"), ["!no_link"]);
}
