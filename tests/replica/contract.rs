//! What the store promises, the same on both databases.

use customer_access::directory::{
    Comment, Customer, CustomerId, CustomerNumber, CustomerPatch, CustomerUser, CustomerUserPatch, Email, Group,
    GroupFields, GroupName, Login, Patch, Reference, Service, ServiceFields, ServiceName, ServicePatch, Text, Url,
};
use customer_access::plan::{Plan, Powers, Precondition, Refusal, customer_users, customers, groups, services};
use customer_access::replica::Replica;
use customer_access::store::list::{ListQuery, SortKey};
use customer_access::store::pages::{page, total};
use customer_access::store::{StoreError, Words};

use super::database::{Kind, behind_the_back, on_both, same_as_anew};
use super::verbs::{customer, customer_user, find, key, new_customer, new_customer_user, revision, write};

const NONE: Precondition = Precondition::None;

fn text(text: &str) -> Patch<Text> {
    Patch::Set(Text::parse(text).expect("a text"))
}

fn all_fields(login: &str) -> CustomerUserPatch {
    let long: String = "ẞ𝄞\n'\"\\%_\t;--é".chars().cycle().take(4_000).collect();
    CustomerUserPatch {
        login: Some(Login::parse(login).expect("a login")),
        email: Patch::Set(Email::parse("Jane.O'Neill+tag@Ünïté.example").expect("an address")),
        title: text("Dr. \\ %s"),
        first_name: text("Ｊａｎｅ"),
        last_name: text(&"ß".repeat(200)),
        phone: text("+49 (0)30 1234"),
        mobile: text("’"),
        fax: text("$1"),
        street: text("?"),
        zip: text(":a"),
        city: text("東京"),
        country: text("🇩🇪"),
        comment: Patch::Set(Comment::parse(&long).expect("a comment")),
        ..CustomerUserPatch::default()
    }
}

fn what_is_written_is_what_is_read(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let create = |plan: &mut Plan| customer_users::create(plan, all_fields("Σίσυφος"), Powers::ALL);
    let written = write(&replica, create).expect("a customer user").value;
    assert_eq!(find::<CustomerUser>(&replica, &key("ΣΊΣΥΦΟΣ")), Some(written.clone()));
    assert_eq!(written.times.created_at.timestamp_subsec_nanos() % 1_000, 0, "microseconds");
    assert_eq!(database.replica().ask(|index| index.find_key("σίσυφος")), Some(written.number));
    let cleared = |plan: &mut Plan| {
        let patch = CustomerUserPatch { comment: Patch::Clear, email: Patch::Clear, ..CustomerUserPatch::default() };
        customer_users::patch(plan, &key("Σίσυφος"), patch, Powers::ALL, &NONE)
    };
    let cleared = write(&replica, cleared).expect("a patch").value;
    assert_eq!((cleared.fields.comment.as_ref(), cleared.fields.email.as_ref()), (None, None));
    assert_eq!(cleared.times.created_at, written.times.created_at);
    assert_eq!(find::<CustomerUser>(&replica, &Reference::to_number(written.number)), Some(cleared));
}

fn rename(replica: &Replica, from: &str, to: &str) -> Result<Customer, Refusal> {
    let (from, to) = (key(from), CustomerId::parse(to).expect("a key"));
    let patch = CustomerPatch {
        customer_id: Some(to),
        url: Patch::Set(Url::parse("https://acme.example/?a=b%20c").expect("a URL")),
        ..CustomerPatch::default()
    };
    write(replica, move |plan| customers::patch(plan, &from, patch, &NONE)).map(|written| written.value)
}

fn a_key_is_unique_whatever_its_case(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    let number = customer(&replica, "Straße").number;
    let taken = write(&replica, |plan| new_customer(plan, "STRASSE"));
    assert!(matches!(taken, Err(Refusal::KeyTaken { id, .. }) if id == number.to_string()));
    let renamed = rename(&replica, "strasse", "STRASSE").expect("another writing of its own key");
    assert_eq!((renamed.number, renamed.fields.customer_id.as_str()), (number, "STRASSE"));
    let shown = replica.ask(|index| index.key(index.find_key::<CustomerNumber>("straße")?).map(str::to_owned));
    assert_eq!(shown.as_deref(), Some("STRASSE"));
    rename(&replica, "STRASSE", "Gasse").expect("a rename");
    assert_ne!(customer(&replica, "straße").number, number, "the old key is free at once");
    assert!(matches!(rename(&replica, "gasse", "Strasse"), Err(Refusal::KeyTaken { .. })));
    same_as_anew(&replica, &database);
}

fn service_names(replica: &Replica) -> Vec<String> {
    let query = ListQuery { sort: SortKey::Key, limit: 100, ..ListQuery::default() };
    let listed = replica.read(|conn| page::<Service>(conn, &replica.orders(), &query)).expect("a page").0;
    listed.into_iter().map(|(_, service)| service.fields.name.to_string()).collect()
}

fn move_service(replica: &Replica, from: &str, to: &str) -> Result<Service, Refusal> {
    let (from, name) = (key(from), Some(ServiceName::parse(to).expect("a name")));
    let patch = ServicePatch { name, ..ServicePatch::default() };
    write(replica, move |plan| services::patch(plan, &from, patch, &NONE)).map(|written| written.value)
}

fn services_are_renamed_and_moved_with_all_below_them(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    for name in ["IT", "it::VPN", "It::Vpn::Client", "HR"] {
        let fields = ServiceFields::new(ServiceName::parse(name).expect("a name"));
        write(&replica, |plan| services::create(plan, fields)).expect("a service");
    }
    move_service(&replica, "it", "iT").expect("another writing");
    assert_eq!(service_names(&replica), ["HR", "iT", "iT::VPN", "iT::VPN::Client"]);
    move_service(&replica, "IT::vpn", "hr::Tunnel").expect("a move");
    assert_eq!(service_names(&replica), ["HR", "HR::Tunnel", "HR::Tunnel::Client", "iT"]);
    assert!(matches!(move_service(&replica, "hr", "hr::tunnel::hr"), Err(Refusal::ServiceCycle(_))));
    assert!(matches!(move_service(&replica, "hr::tunnel", "it"), Err(Refusal::KeyTaken { .. })));
    same_as_anew(&replica, &database);
}

fn make_groups(replica: &Replica, names: &[&str]) {
    for name in names {
        let name = GroupName::parse(name).expect("a name");
        write(replica, |plan| groups::create(plan, GroupFields::new(name))).expect("a group");
    }
}

fn group_names(replica: &Replica, query: &ListQuery) -> Vec<(String, String)> {
    let listed = replica.read(|conn| page::<Group>(conn, &replica.orders(), query)).expect("a page").0;
    listed.into_iter().map(|(sorted_by, group)| (sorted_by, group.fields.name.into())).collect()
}

/// By the bytes of the folded keys, whatever the database's own order is; page by page.
fn lists_are_in_one_order(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    make_groups(&replica, &["Zoo", "ähre", "a-b", "a b", "ab", "A_c", "ÉTÉ", "éa", "1", "10", "2", "ζ", "ß", "sz"]);
    for descending in [false, true] {
        let mut query = ListQuery { sort: SortKey::Key, limit: 4, descending, ..ListQuery::default() };
        let mut listed = Vec::new();
        loop {
            let page = replica.read(|conn| page::<Group>(conn, &replica.orders(), &query)).expect("a page").0;
            let Some((key, last)) = page.last() else { break };
            query.after = Some((key.clone(), last.number.into()));
            listed.extend(page.into_iter().map(|(key, _)| key));
        }
        let mut expected = listed.clone();
        expected.sort();
        if descending {
            expected.reverse();
        }
        assert_eq!((listed.len(), &listed), (17, &expected));
    }
}

fn searches_find_the_same(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    make_groups(&replica, &["a_b", "axb", "50%", "500", r"back\slash", "Ünïté", "STRASSE 1", "straße 2", "o'neill"]);
    for (q, expected) in [
        ("a_b", vec!["a_b"]),
        ("A*B", vec!["a_b", "axb"]),
        ("50%", vec!["50%"]),
        (r"K\S", vec![r"back\slash"]),
        ("UNITE", vec!["Ünïté"]),
        ("straße", vec!["STRASSE 1", "straße 2"]),
        ("ss 2", vec!["straße 2"]),
        ("o'", vec!["o'neill"]),
        ("*b", vec!["a_b", "axb"]),
        ("5*", vec!["50%", "500"]),
        ("nothing", vec![]),
    ] {
        let words = Words::parse(q, 5).expect("words");
        let query = ListQuery { words, sort: SortKey::Key, limit: 100, ..ListQuery::default() };
        let mut found: Vec<_> = group_names(&replica, &query).into_iter().map(|(_, name)| name).collect();
        found.sort();
        assert_eq!(found, expected, "{q}");
        let counted = replica.read(|conn| total::<Group>(conn, &query)).expect("a count").0;
        assert_eq!(counted, expected.len() as u64);
    }
}

/// One write of more changes than are read from the log at a time, and than a statement takes values.
fn a_large_write_is_one_revision(kind: Kind) {
    const MANY: usize = 2_500;
    let database = kind.database();
    let (replica, other) = (database.replica(), database.replica());
    customer(&replica, "acme");
    customer_user(&replica, "joe");
    let before = revision(&replica);
    let many = |plan: &mut Plan| -> Result<usize, Refusal> {
        let create = |n| new_customer_user(plan, &format!("user{n}"), Some("acme"));
        Ok((0..MANY).map(create).collect::<Result<Vec<_>, _>>()?.len())
    };
    assert_eq!(write(&replica, many).map(|written| written.revision).ok(), Some(before + 1));
    let refused = write(&replica, |plan| customers::delete(plan, &key("acme"), false, &NONE));
    assert!(matches!(refused, Err(Refusal::InUse { counts, .. }) if counts == [("customer_users", MANY as u64)]));
    let deleted = write(&replica, |plan| customers::delete(plan, &key("acme"), true, &NONE)).expect("by force");
    assert_eq!(deleted.revision, before + 2);
    assert_eq!(find::<CustomerUser>(&replica, &key("user7")).and_then(|it| it.customer), None);
    same_as_anew(&replica, &database);
    same_as_anew(&other, &database);
}

/// More things at once than SQLite takes values in a statement.
fn more_children_than_a_statement_takes_values(kind: Kind) {
    const MANY: u64 = 33_000;
    let database = kind.database();
    let replica = database.replica();
    let fields = ServiceFields::new(ServiceName::parse("a").expect("a name"));
    write(&replica, |plan| services::create(plan, fields)).expect("a service");
    let children = format!(
        "INSERT INTO services (id, parent_id, name, name_folded, name_search, validity, created_at, updated_at)
        WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {MANY})
        SELECT i, 1, 'a::' || i, 'a::' || i, 'a::' || i, 'valid', '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM n"
    );
    behind_the_back(&database, &children);
    let refused = write(&replica, |plan| services::delete(plan, &key("a"), true, &NONE));
    assert!(matches!(&refused, Err(Refusal::InUse { counts, .. }) if *counts == [("children", MANY)]), "{refused:?}");
}

fn times_are_read_as_they_were_written(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    customer(&replica, "acme");
    for written in
        ["2026-01-01 00:00:00", "2026-01-01 00:00:00.1", "1999-12-31 23:59:59.999999", "2026-06-01 12:00:00.000001"]
    {
        behind_the_back(&database, &format!("UPDATE customers SET created_at = '{written}'"));
        let read = find::<Customer>(&replica, &key("acme")).expect("a customer").times.created_at;
        let expected = chrono::NaiveDateTime::parse_from_str(written, "%F %T%.f").expect("a time");
        assert_eq!(read.naive_utc(), expected);
    }
}

fn nothing_is_read_of_a_write_that_is_not_committed(kind: Kind) {
    let database = kind.database();
    let store = database.store();
    let replica = super::database::replica_on(store.clone());
    let reader = store.clone();
    let seen = write(&replica, move |plan| {
        let customer = new_customer(plan, "acme")?;
        let seen = reader.read(|conn| customer_access::store::by_number::<Customer>(conn, customer.number))?;
        Ok::<_, Refusal>(seen)
    });
    assert_eq!(seen.expect("a write").value, None);
    assert!(find::<Customer>(&replica, &key("acme")).is_some());
    let state = store.read(|conn| {
        let before = customer_access::store::state(conn)?;
        customer(&replica, "beta");
        Ok::<_, StoreError>((before, customer_access::store::state(conn)?))
    });
    let (before, after) = state.expect("a read");
    assert_eq!(before, after, "a read sees one state, whoever writes meanwhile");
}

on_both!(
    what_is_written_is_what_is_read,
    a_key_is_unique_whatever_its_case,
    services_are_renamed_and_moved_with_all_below_them,
    lists_are_in_one_order,
    searches_find_the_same,
    a_large_write_is_one_revision,
    more_children_than_a_statement_takes_values,
    times_are_read_as_they_were_written,
    nothing_is_read_of_a_write_that_is_not_committed,
);
