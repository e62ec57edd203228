//! A desk of 30,000 customer users, half of them of an LDAP.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use customer_access::access::Index;
use customer_access::config::DatabaseUrl;
use customer_access::directory::{CustomerUserNumber, Kind};
use customer_access::store::Store;
use customer_access::sync::crm::report::Ending;
use customer_access::sync::otobo::Report;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::desk::{Desk, Here, access, all_in};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// What the desk's own rules give, by a statement that knows nothing of the program.
fn there(desk: &Desk) -> BTreeSet<String> {
    let lines: Vec<Line> =
        diesel::sql_query(include_str!("desk_rules.sql")).load(&mut desk.connection()).expect("the desk's rules");
    lines.into_iter().map(|line| line.line).collect()
}

fn here(index: &Index) -> BTreeSet<String> {
    let logins = index.all::<CustomerUserNumber>(None).map(|number| index.key(number).expect("a login"));
    logins.flat_map(|login| access(index, login).into_iter().map(move |held| format!("{login} {held}"))).collect()
}

/// One line for each permission and service of the reported differences.
fn reported(report: &Report, side: &str) -> BTreeSet<String> {
    let differences = report.differences.as_ref().expect("they were compared");
    let of_side = differences.items.iter().filter(|it| it.side == side);
    let lines = of_side.flat_map(|it| {
        let line = format!("{} {}", it.login, it.name);
        let permissions: Vec<String> = it.permissions.iter().map(|permission| format!("{line} {permission}")).collect();
        if it.kind == "service" { vec![line] } else { permissions }
    });
    lines.collect()
}

#[test]
fn access_is_the_desks_own_but_for_what_is_reported() {
    let desk = Desk::new();
    desk.sql(include_str!("large.sql"));
    let directory = Here::new();
    let dry = directory.dry_run(&desk.url(), &all_in());
    let report = directory.import(&desk.url(), &all_in());
    assert_eq!(report.result, Ending::Complete, "{}", report.text(Some(5)));
    assert_eq!((report.counts["customer users"].created, report.counts["customers"].created), (30_000, 820));
    assert_eq!(dry.differences, report.differences);

    let (there, here) = (there(&desk), here(&directory.index()));
    assert!(there.len() > 200_000, "{}", there.len());
    let only_there: BTreeSet<String> = there.difference(&here).cloned().collect();
    let only_here: BTreeSet<String> = here.difference(&there).cloned().collect();
    assert_eq!(only_there, reported(&report, "only_there"));
    assert_eq!(only_here, reported(&report, "only_here"));
    let differences = report.differences.expect("they were compared");
    let reasons: Vec<&str> = differences.reasons.keys().copied().collect();
    let expected = ["ancestor_not_valid", "customer_not_valid", "customer_user_not_valid", "defaults_not_suppressed"];
    assert_eq!(reasons, expected);

    let revision = directory.index().revision();
    directory.import(&desk.url(), &all_in());
    assert_eq!(directory.index().revision(), revision, "a second run writes nothing");
}

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    let desk = Desk::new();
    desk.sql(&include_str!("large.sql").replace("30000", "3000"));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&DatabaseUrl::default_in(folder.path()), 2).unwrap();
    let from = desk.url();
    let mut program = Command::new(env!("CARGO_BIN_EXE_customer-access"));
    program.args(["import", "otobo", "--from", &from, "--missing-customer-users", "create:ldap"]);
    program.args(["--missing-customers", "create", "--never-counted", "skip", "--quiet"]);
    program.env_clear().env("DATA_DIR", folder.path()).stdout(Stdio::null());
    let mut running = program.spawn().unwrap();
    let loaded = || customer_access::replica::snapshot(&store).unwrap().count(Kind::CustomerUser);
    while loaded() == 0 {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it could be killed");
    }
    running.kill().unwrap();
    running.wait().unwrap();
    let before = loaded();
    assert!((1..3_000).contains(&before), "{before}");

    let directory = Here::of(store);
    let report = directory.import(&from, &all_in());
    assert_eq!(report.result, Ending::Complete);
    assert_eq!(report.counts["customer users"].unchanged, before as u64);
    let (there, here) = (there(&desk), here(&directory.index()));
    assert_eq!(there.difference(&here).cloned().collect::<BTreeSet<_>>(), reported(&report, "only_there"));
    assert_eq!(here.difference(&there).cloned().collect::<BTreeSet<_>>(), reported(&report, "only_here"));
}
