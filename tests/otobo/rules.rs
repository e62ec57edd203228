//! What comes in, what a second run does, and where the answers differ from the desk's.

use customer_access::directory::{Customer, CustomerUser, Reference};
use customer_access::store;
use customer_access::sync::crm::report::Ending;
use customer_access::sync::otobo::settings::GivenSetting;

use crate::desk::{Desk, Here, all_in, differences, found, set, undecided};

fn customer_user(here: &Here, login: &str) -> CustomerUser {
    let reference = Reference::Key(login.to_owned());
    here.store.read::<_, store::StoreError>(|conn| store::find(conn, &reference)).unwrap().unwrap()
}

#[test]
fn everything_comes_in_with_the_desks_ids() {
    let (desk, here) = (Desk::small(), Here::new());
    let report = here.import(&desk.url(), &undecided());
    assert_eq!(report.result, Ending::Complete, "{}", report.text(None));
    let anna = customer_user(&here, "anna");
    assert_eq!((anna.external_ids[0].source.as_str(), anna.external_ids[0].id.as_str()), ("otobo", "1"));
    assert_eq!(anna.customer.unwrap().customer_id.as_str(), "acme");
    assert_eq!(customer_user(&here, "dora").fields.email, None);
    assert_eq!(found(&report), ["1 left out field_left_out"]);
    let reference = Reference::parse("external:otobo:acme").unwrap();
    let acme: Customer =
        here.store.read::<_, store::StoreError>(|conn| store::find(conn, &reference)).unwrap().unwrap();
    assert_eq!(acme.fields.url.unwrap().as_str(), "https://acme.example");
    assert_eq!(here.access("anna"), set(&["users ro", "users rw", "sales ro", "sales rw", "IT::VPN"]));
    assert_eq!(here.access("dora"), set(&["users ro", "users rw", "sales ro", "Desk"]));
}

#[test]
fn the_answers_differ_where_the_rules_do_and_nowhere_else() {
    let (desk, here) = (Desk::small(), Here::new());
    let report = here.import(&desk.url(), &undecided());
    assert_eq!(
        differences(&report),
        [
            "bob only_there group sales ro rw (customer_not_valid)",
            "carl only_there group users ro rw (customer_user_not_valid)",
            "carl only_there group sales ro (customer_user_not_valid)",
            "carl only_there service Desk (customer_user_not_valid)",
            "dora only_there service Old::Fax (ancestor_not_valid)",
            "dora only_here service Desk (defaults_not_suppressed)",
        ]
    );
    let differences = report.differences.unwrap();
    assert_eq!((differences.compared, differences.customer_users), (4, 3));
    // users, an always-group, twice for each of four; bob's and carl's customer is theirs, dora's an additional one; carl
    // is not valid.
    assert_eq!(differences.missing_in_lists_there, 8 + 1 + 1);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let (desk, here) = (Desk::small(), Here::new());
    customer_access::replica::install(&here.store).unwrap();
    let before = here.index().revision();
    let dry = here.dry_run(&desk.url(), &undecided());
    assert_eq!(here.index().revision(), before);
    let real = here.import(&desk.url(), &undecided());
    assert_eq!((&dry.counts, &dry.found, &dry.settings), (&real.counts, &real.found, &real.settings));
    assert_eq!(dry.differences, real.differences);
}

#[test]
fn a_second_run_brings_in_what_changed_and_nothing_else() {
    let (desk, here) = (Desk::small(), Here::new());
    here.import(&desk.url(), &undecided());
    let before = here.index().revision();
    let report = here.import(&desk.url(), &undecided());
    let written: u64 = report.counts.values().map(|it| it.created + it.updated + it.removed).sum();
    assert_eq!((written, here.index().revision()), (0, before), "{}", report.text(None));

    desk.sql(
        "UPDATE customer_user SET login = 'anne', first_name = 'Anne' WHERE id = 1;
         UPDATE group_customer_user SET user_id = 'anne', permission_key = 'ro' WHERE user_id = 'anna';
         UPDATE service_customer_user SET customer_user_login = 'anne' WHERE customer_user_login = 'anna';
         UPDATE customer_company SET valid_id = 1 WHERE customer_id = 'gone';
         DELETE FROM group_customer_user WHERE user_id = 'carl'",
    );
    let report = here.import(&desk.url(), &undecided());
    assert_eq!(report.counts["customer users"].updated, 1);
    assert_eq!(report.counts["customers"].updated, 1);
    assert_eq!(report.counts["customer user group links"].only_here, 2);
    assert!(here.access("anne").contains("sales rw"), "what is only here is kept");
    assert!(here.access("bob").contains("sales rw"));
    assert!(differences(&report).contains(&"anne only_here group sales rw (link_only_here)".to_owned()));

    let policy = customer_access::sync::otobo::Policy { remove_missing_links: true, ..undecided() };
    let report = here.import(&desk.url(), &policy);
    assert_eq!(report.counts["customer user group links"].removed, 2);
    assert_eq!(here.access("anne"), set(&["users ro", "users rw", "sales ro", "IT::VPN"]));
}

#[test]
fn links_to_what_did_not_come_from_the_desk_are_never_touched() {
    use customer_access::directory::{CustomerUserGroupLink, GroupFields, GroupName};
    use customer_access::plan::{groups, transfer};
    let (desk, here) = (Desk::small(), Here::new());
    here.import(&desk.url(), &undecided());
    let index = here.index();
    let customer_user = index.find_key("anna").unwrap();
    here.store
        .write(|conn, state| {
            let mut revision = state.revision;
            let own = GroupFields::new(GroupName::parse("our own").unwrap());
            let group =
                customer_access::replica::write_one(conn, &mut revision, "test", |plan| groups::create(plan, own))?;
            let permissions = customer_access::directory::PermissionSet::RW;
            let link = CustomerUserGroupLink { customer_user, group: group.value.number, permissions };
            let change = customer_access::directory::Change::CustomerUserGroupLinkSet(link);
            customer_access::replica::write_one(conn, &mut revision, "test", |plan| transfer::make_so(plan, &[change]))
        })
        .unwrap();
    let policy = customer_access::sync::otobo::Policy { remove_missing_links: true, ..undecided() };
    let report = here.import(&desk.url(), &policy);
    assert_eq!(report.counts["customer user group links"].removed, 0);
    assert!(here.access("anna").contains("our own rw"));
}

#[test]
fn a_setting_of_the_command_line_outweighs_the_desk() {
    let (desk, here) = (Desk::small(), Here::new());
    let settings = vec![GivenSetting::parse("CustomerGroupSupport=0").unwrap()];
    let policy = customer_access::sync::otobo::Policy { settings, ..undecided() };
    let report = here.import(&desk.url(), &policy);
    assert!(report.text(None).contains("CustomerGroupSupport = 0 (--setting)"), "{}", report.text(None));
    assert!(report.text(None).contains("CustomerGroupAlwaysGroups = users (sysconfig_default)"));
    assert!(here.access("bob").contains("sales rw"));
    assert!(!here.index().settings().group_support);
}

#[test]
fn a_context_that_is_off_keeps_its_links() {
    let (desk, here) = (Desk::small(), Here::new());
    here.import(&desk.url(), &undecided());
    let index = here.index();
    let (acme, sales) = (index.find_key("acme").unwrap(), index.find_key("sales").unwrap());
    let context = customer_access::directory::Context::OtherCustomers;
    assert!(!index.customer_group(acme, sales, context).is_empty() && !index.settings().other_customers);
}

#[test]
fn tables_of_another_version_are_found_or_said_to_be_absent() {
    let (desk, here) = (Desk::small(), Here::new());
    desk.sql(
        "ALTER TABLE groups_table RENAME TO permission_groups; DROP TABLE customer_user_customer;
         DROP TABLE group_customer; DROP TABLE sysconfig_modified",
    );
    let report = here.import(&desk.url(), &all_in());
    assert_eq!(report.absent_tables, ["customer_user_customer", "group_customer", "sysconfig_modified"]);
    assert_eq!(report.result, Ending::Complete);
    desk.sql("DROP TABLE customer_user");
    let report = here.import(&desk.url(), &all_in());
    assert!(report.error.unwrap().to_string().contains("no table customer_user"));
}

#[test]
fn a_back_end_without_group_support_gives_what_the_desk_does_not() {
    use customer_access::directory::{BackEndFields, BackEndName};
    use customer_access::plan::back_ends;
    let (desk, here) = (Desk::small(), Here::new());
    desk.sql("INSERT INTO group_customer_user VALUES ('ldap1', 2, 'ro', 1)");
    customer_access::replica::install(&here.store).unwrap();
    let ldap = BackEndFields { group_support: false, ..BackEndFields::new(BackEndName::parse("ldap").unwrap()) };
    here.store
        .write(|conn, state| {
            let mut revision = state.revision;
            customer_access::replica::write_one(conn, &mut revision, "test", |plan| back_ends::create(plan, ldap))
        })
        .unwrap();
    let dry = here.dry_run(&desk.url(), &all_in());
    let report = here.import(&desk.url(), &all_in());
    assert_eq!(dry.differences, report.differences);
    assert!(differences(&report).contains(&"ldap1 only_here group sales rw (group_support_off_here)".to_owned()));
}

#[test]
fn a_key_that_belongs_to_another_thing_here_is_refused() {
    let (desk, here) = (Desk::small(), Here::new());
    here.import(&desk.url(), &undecided());
    desk.sql("UPDATE customer_user SET id = 77 WHERE login = 'anna'");
    let report = here.import(&desk.url(), &undecided());
    assert_eq!((report.exit_code(), report.counts["customer users"].refused), (3, 1));
    let policy = customer_access::sync::otobo::Policy {
        on_existing: customer_access::plan::OnExisting::Refuse,
        source: customer_access::sync::otobo::policy::source("second").unwrap(),
        ..undecided()
    };
    let report = here.import(&desk.url(), &policy);
    assert_eq!((report.exit_code(), report.counts["customer users"].refused), (3, 4));
}
