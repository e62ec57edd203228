//! What cannot be loaded as it stands: said one by one, and decided by a flag.

use customer_access::sync::crm::report::Ending;
use customer_access::sync::otobo::Policy;
use customer_access::sync::otobo::policy::{Missing, NeverCounted, OtherCase, SameKeys, UnknownPermissions};

use crate::desk::{Desk, Here, all_in, differences, found, set, undecided};

/// Nothing is written while it is undecided, and the report names the flag.
#[track_caller]
fn is_undecided(desk: &Desk, what: &str, flag: &str) {
    let here = Here::new();
    let report = here.import(&desk.url(), &undecided());
    assert_eq!((report.result, report.exit_code()), (Ending::Failed, 1));
    assert_eq!(here.index().revision(), 0);
    let text = report.text(None);
    assert!(text.contains(&format!("undecided {what}; decide with {flag}")), "{text}");
    assert_eq!(here.dry_run(&desk.url(), &undecided()).exit_code(), 1);
}

#[track_caller]
fn loaded(desk: &Desk, policy: &Policy) -> (Here, customer_access::sync::otobo::Report) {
    let here = Here::new();
    let report = here.import(&desk.url(), policy);
    assert_eq!(report.result, Ending::Complete, "{}", report.text(None));
    (here, report)
}

#[test]
fn customer_users_of_an_ldap_have_links_and_no_row() {
    let desk = Desk::small();
    desk.sql("INSERT INTO group_customer_user VALUES ('ldap1', 2, 'ro', 1); INSERT INTO customer_user_customer VALUES ('ldap2', 'acme')");
    is_undecided(&desk, "missing_customer_user", "--missing-customer-users");

    let (here, report) = loaded(&desk, &all_in());
    assert_eq!(here.access("ldap1"), set(&["users ro", "users rw", "sales ro", "Desk"]));
    assert_eq!(here.access("ldap2"), here.access("ldap1"));
    assert_eq!(report.counts["back ends"].created, 1);
    assert!(!differences(&report).iter().any(|line| line.starts_with("ldap")));

    // Later they have a row: the same customer users, in the back end that they came by.
    desk.sql("INSERT INTO customer_user (id, login, email, customer_id, first_name, last_name, valid_id) VALUES (9, 'ldap1', 'l@x.example', 'acme', 'L', 'Dap', 1)");
    let report = here.import(&desk.url(), &all_in());
    assert_eq!((report.counts["customer users"].created, report.counts["customer users"].updated), (0, 1));
    assert_eq!(here.import(&desk.url(), &all_in()).counts["customer users"].updated, 0);

    let (_, report) = loaded(
        &Desk::small_with("INSERT INTO group_customer_user VALUES ('ldap1', 2, 'ro', 1)"),
        &Policy { missing_customer_users: Missing::Skip, ..undecided() },
    );
    assert!(differences(&report).contains(&"ldap1 only_there group sales ro (customer_user_left_out)".to_owned()));
}

#[test]
fn a_customer_id_need_not_have_a_company() {
    let desk = Desk::small_with(
        "UPDATE customer_user SET customer_id = 'nowhere' WHERE id = 4; INSERT INTO group_customer VALUES ('nowhere', 2, 'rw', 1, 'Ticket::CustomerID::Same')",
    );
    is_undecided(&desk, "missing_customer", "--missing-customers");
    let (here, _) = loaded(&desk, &all_in());
    assert!(here.access("dora").contains("sales rw"));
    let (here, report) = loaded(&desk, &Policy { missing_customers: Missing::Skip, ..undecided() });
    assert!(!here.access("dora").contains("sales rw"));
    assert!(differences(&report).contains(&"dora only_there group sales rw (customer_left_out)".to_owned()));
}

#[test]
fn two_rows_whose_keys_differ_only_in_case() {
    let desk = Desk::small_with(
        "INSERT INTO customer_user (id, login, email, customer_id, first_name, last_name, valid_id) VALUES (8, 'ANNA', 'a2@x.example', '', 'Anna', 'Two', 1); INSERT INTO group_customer_user VALUES ('ANNA', 2, 'rw', 1)",
    );
    is_undecided(&desk, "same_key", "--same-keys");
    let (_, report) = loaded(&desk, &Policy { same_keys: SameKeys::First, ..undecided() });
    assert_eq!(report.counts["customer users"].created, 4);
    assert!(differences(&report).iter().any(|line| line.starts_with("ANNA only_there") && line.contains("left_out")));
    let (here, report) = loaded(&desk, &Policy { same_keys: SameKeys::Skip, ..undecided() });
    assert_eq!(report.counts["customer users"].created, 3);
    assert!(here.index().find_key::<customer_access::directory::CustomerUserNumber>("anna").is_none());
}

#[test]
fn links_that_name_a_key_in_another_case() {
    let desk = Desk::small_with("INSERT INTO group_customer_user VALUES ('BOB', 2, 'rw', 1)");
    is_undecided(&desk, "key_in_other_case", "--other-case");
    let (here, report) = loaded(&desk, &Policy { other_case: OtherCase::Count, ..undecided() });
    assert!(here.access("bob").contains("sales rw"));
    // The desk gives it too, by way of a customer who is not valid.
    assert!(!differences(&report).iter().any(|line| line.starts_with("bob ")));
    let desk = Desk::small_with("INSERT INTO group_customer_user VALUES ('Dora', 2, 'rw', 1)");
    let (_, report) = loaded(&desk, &Policy { other_case: OtherCase::Count, ..undecided() });
    assert!(differences(&report).contains(&"dora only_here group sales rw (key_in_other_case)".to_owned()));
    let (here, _) = loaded(&desk, &Policy { other_case: OtherCase::Skip, ..undecided() });
    assert!(!here.access("dora").contains("sales rw"));
}

#[test]
fn permission_types_that_are_not_configured() {
    let desk = Desk::small_with("INSERT INTO group_customer_user VALUES ('dora', 2, 'note', 1)");
    is_undecided(&desk, "permission_type_unknown", "--unknown-permissions");
    let (here, _) = loaded(&desk, &all_in());
    assert!(here.access("dora").contains("sales note"));
    let types: Vec<String> = here.index().settings().permission_types.0.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(types, ["ro", "note", "rw"]);
    let (here, _) = loaded(&desk, &Policy { unknown_permissions: UnknownPermissions::Skip, ..undecided() });
    assert!(!here.access("dora").contains("sales note"));
}

#[test]
fn rows_that_never_counted() {
    let rows = "INSERT INTO group_customer_user VALUES ('dora', 2, 'rw', 0), ('dora', 99, 'rw', 1), ('', 2, 'rw', 1);
                INSERT INTO group_customer VALUES ('acme', 2, 'rw', 1, 'Ticket::Unheard::Of');
                INSERT INTO service_customer_user VALUES ('dora', 99);
                UPDATE sysconfig_default SET effective_value = '--- [users, nobody]' WHERE id = 2";
    let desk = Desk::small_with(rows);
    is_undecided(&desk, "never_counted", "--never-counted");
    let (_, report) = loaded(&desk, &Policy { never_counted: NeverCounted::Skip, ..undecided() });
    assert_eq!(found(&report), ["1 left out field_left_out", "6 left out never_counted"]);
    let (_, plain) = loaded(&Desk::small(), &undecided());
    assert_eq!(differences(&report), differences(&plain));
}

#[test]
fn a_setting_that_nobody_says_must_be_given() {
    let desk = Desk::small_with("DELETE FROM sysconfig_default WHERE name = 'System::Customer::Permission'");
    is_undecided(&desk, "setting_unknown", "--setting");
}

#[test]
fn rows_that_cannot_be_here_are_refused_and_the_others_come_in() {
    let here = Here::new();
    let desk = Desk::small_with("INSERT INTO service VALUES (7, 'Lost::Child', 1, NULL), (8, '..', 1, NULL)");
    let report = here.import(&desk.url(), &undecided());
    assert_eq!((report.result, report.exit_code()), (Ending::SomeRefused, 3));
    assert_eq!(report.counts["services"].created, 5);
}

impl Desk {
    fn small_with(statements: &str) -> Self {
        let desk = Self::small();
        desk.sql(statements);
        desk
    }
}

#[test]
fn more_permission_types_than_there_can_be_stop_the_import() {
    let names: Vec<String> = (0..40).map(|number| format!("type{number}")).collect();
    let types = format!("UPDATE sysconfig_default SET effective_value = '--- [{}]' WHERE id = 6", names.join(", "));
    let links = "INSERT INTO group_customer_user VALUES ('dora', 2, 'type39', 1)";
    let here = Here::new();
    let report = here.import(&Desk::small_with(&format!("{types}; {links}")).url(), &all_in());
    assert_eq!((report.exit_code(), here.index().revision()), (1, 0));
    assert!(report.error.unwrap().to_string().contains("at most 16"));
}

#[test]
fn a_desk_that_lists_a_permission_type_twice() {
    let desk = Desk::small_with("UPDATE sysconfig_default SET effective_value = '--- [ro, rw, note, ro]' WHERE id = 6");
    let (here, _) = loaded(&desk, &undecided());
    let types: Vec<String> = here.index().settings().permission_types.0.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(types, ["ro", "note", "rw"]);
}
