//! What the index keeps and finds, beside the rules.

use customer_access::access::Index;
use customer_access::directory::{
    BackEndNumber, Change, Context, CustomerId, CustomerNumber, CustomerUserNumber, ExternalId, ExternalKey,
    GroupNumber, Kind, Login, Reference, ServiceName, ServiceNumber, Source, Thing, Validity,
};

use super::desk::Desk;

const VALID: Validity = Validity::Valid;

fn reference(written: &str) -> Reference {
    Reference::parse(written).expect("a reference")
}

fn put_customer(number: u32, key: &str) -> Change {
    let customer_id = CustomerId::parse(key).expect("an id");
    Change::CustomerPut { id: CustomerNumber(number), customer_id, validity: VALID }
}

fn customer(index: &Index, written: &str) -> Option<u32> {
    index.resolve::<CustomerNumber>(&reference(written)).map(u32::from)
}

fn external(thing: impl Into<Thing>, id: &str, present: bool) -> Change {
    let source = Source::parse("crm").expect("a source");
    let external_id = ExternalId { source, id: ExternalKey::parse(id).expect("a key") };
    Change::ExternalIdSet { id: thing.into(), external_id, present }
}

#[test]
fn a_thing_is_found_by_id_key_and_external_id() {
    let mut index = Index::default();
    index.apply(&put_customer(7, "Straße"));
    index.apply(&external(CustomerNumber(7), "A1", true));
    for written in ["id:c7", "strasse", "STRAẞE", "key:straße", "external:crm:A1"] {
        assert_eq!(customer(&index, written), Some(7), "{written}");
    }
    for written in ["id:c8", "id:u7", "id:c07", "c7", "external:crm:a1", "external:erp:A1"] {
        assert_eq!(customer(&index, written), None, "{written}");
    }
    assert_eq!(index.resolve::<GroupNumber>(&reference("external:crm:A1")), None);
    assert_eq!(index.key(CustomerNumber(7)), Some("Straße"));
    assert_eq!(index.external_ids(CustomerNumber(7)), [("crm", "A1")]);
}

#[test]
fn a_rename_frees_the_old_key_at_once() {
    let mut index = Index::default();
    index.apply(&put_customer(1, "x"));
    index.apply(&put_customer(1, "y"));
    assert_eq!((customer(&index, "x"), customer(&index, "y")), (None, Some(1)));
    index.apply(&put_customer(1, "Y"));
    assert_eq!(index.key(CustomerNumber(1)), Some("Y"));
    index.apply(&put_customer(2, "x"));
    assert_eq!((customer(&index, "x"), customer(&index, "y")), (Some(2), Some(1)));
}

#[test]
fn renames_that_hand_a_key_on_may_come_in_any_order() {
    for order in [[1, 2, 3], [3, 2, 1], [2, 1, 3], [2, 3, 1]] {
        let mut index = Index::default();
        [(1, "a"), (2, "b"), (3, "c")].into_iter().for_each(|(it, key)| index.apply(&put_customer(it, key)));
        for number in order {
            index.apply(&put_customer(number, ["", "b", "c", "a"][number as usize]));
        }
        assert_eq!(["a", "b", "c"].map(|key| customer(&index, key)), [Some(3), Some(1), Some(2)]);
        assert_eq!(index.count(Kind::Customer), 3);
    }
}

#[test]
fn an_external_id_can_move_in_any_order() {
    let (give, take) = (external(CustomerNumber(2), "A", true), external(CustomerNumber(1), "A", false));
    for order in [[&give, &take], [&take, &give]] {
        let mut index = Index::default();
        [put_customer(1, "x"), put_customer(2, "y"), external(CustomerNumber(1), "A", true)]
            .iter()
            .for_each(|change| index.apply(change));
        order.into_iter().for_each(|change| index.apply(change));
        assert_eq!(customer(&index, "external:crm:A"), Some(2));
    }
}

/// Jane of acme and beta, linked to everything.
fn linked() -> Desk {
    let mut desk = Desk::new();
    desk.customer("acme", VALID);
    desk.customer("beta", VALID);
    desk.customer_user("jane", "acme", VALID);
    desk.additional_customer("jane", "beta", true);
    desk.group("support", VALID);
    desk.service("IT", VALID);
    desk.link_customer("acme", "support", Context::SameCustomer, &["ro"]);
    desk.link_customer("acme", "support", Context::OtherCustomers, &["note"]);
    desk.link_customer_user("jane", "support", &["ro", "rw"]);
    desk.link_service("jane", "IT");
    desk
}

#[test]
fn both_ends_of_a_link_know_it() {
    let desk = linked();
    let index = &desk.index;
    let (jane, acme, beta) = (desk.find("jane"), desk.find::<CustomerNumber>("acme"), desk.find("beta"));
    let (support, it) = (desk.find::<GroupNumber>("support"), desk.find::<ServiceNumber>("IT"));
    assert_eq!(index.customer_users_of_group(support, None).collect::<Vec<_>>(), [jane]);
    assert_eq!(index.customer_users_of_service(it, None).collect::<Vec<_>>(), [jane]);
    assert_eq!(index.customer_users_of_customer(beta, None).collect::<Vec<_>>(), [jane]);
    assert_eq!(index.customer_users_of_back_end(BackEndNumber(1), None).count(), 1);
    assert_eq!(index.customers_of_group(support, None).collect::<Vec<_>>(), [acme]);
    assert_eq!(index.customers_of(jane).collect::<Vec<_>>(), [acme, beta]);
    assert!(index.is_member(jane, acme) && index.is_additional_customer(jane, beta));
    assert!(!index.is_additional_customer(jane, acme));
    assert_eq!(index.customer_user_group(jane, support), desk.bits(&["rw"]), "rw is held alone");
    assert_eq!(index.customer_group(acme, support, Context::OtherCustomers), desk.bits(&["note"]));
    assert_eq!(index.linked(support, Kind::CustomerUser), 1);
}

#[test]
fn a_link_set_to_nothing_is_gone_at_both_ends() {
    let mut desk = linked();
    desk.link_customer_user("jane", "support", &[]);
    desk.link_customer("acme", "support", Context::OtherCustomers, &[]);
    let support = desk.find::<GroupNumber>("support");
    assert_eq!(desk.index.linked(support, Kind::CustomerUser), 0);
    assert_eq!(desk.index.linked(support, Kind::Customer), 1, "the other context's link stays");
    desk.link_customer("acme", "support", Context::SameCustomer, &[]);
    assert_eq!(desk.index.linked(support, Kind::Customer), 0);
}

#[test]
fn a_removal_takes_everything_attached() {
    let mut desk = linked();
    let jane: CustomerUserNumber = desk.find("jane");
    desk.apply(external(jane, "J", true));
    let removed = Change::CustomerUserRemoved { id: jane, login: Login::parse("jane").expect("a login") };
    desk.apply(removed.clone());
    desk.apply(removed);
    let index = &desk.index;
    assert_eq!(index.resolve::<CustomerUserNumber>(&reference("external:crm:J")), None);
    assert!(!index.exists(jane) && index.validity(jane).is_none());
    assert_eq!(index.linked(desk.find::<GroupNumber>("support"), Kind::CustomerUser), 0);
    assert_eq!(index.linked(desk.find::<ServiceNumber>("IT"), Kind::CustomerUser), 0);
    assert_eq!(index.linked(desk.find::<CustomerNumber>("beta"), Kind::CustomerUser), 0);
    assert_eq!(index.linked(BackEndNumber(1), Kind::CustomerUser), 0);
}

#[test]
fn a_removed_customer_is_nobodys_any_more() {
    let mut desk = linked();
    let (acme, jane) = (desk.find("acme"), desk.find("jane"));
    desk.apply(Change::CustomerRemoved { id: acme, customer_id: CustomerId::parse("acme").expect("an id") });
    assert_eq!(desk.index.customers_of(jane).collect::<Vec<_>>(), [desk.find("beta")]);
    assert_eq!(desk.index.linked(desk.find::<GroupNumber>("support"), Kind::Customer), 0);
}

#[test]
fn the_deepest_tree_counts_and_a_cycle_does_not() {
    let mut desk = Desk::new();
    let mut name = "a".to_owned();
    desk.service(&name, VALID);
    while name.len() + 3 <= 200 {
        name.push_str("::a");
        desk.service(&name, VALID);
    }
    assert!(desk.index.counts(desk.find(&name)));
    let (root, leaf) = (desk.find("a"), desk.find(&name));
    let root_name = ServiceName::parse("a").expect("a name");
    desk.apply(Change::ServicePut { id: root, name: root_name, parent: Some(leaf), validity: VALID });
    assert!(!desk.index.counts(leaf));
}

#[test]
fn things_of_a_kind_come_in_the_order_of_their_numbers() {
    let mut index = Index::default();
    [5, 2, 9].iter().for_each(|number| index.apply(&put_customer(*number, &format!("k{number}"))));
    index.set_revision(12);
    let all = |after: Option<u32>| index.all(after.map(CustomerNumber)).map(u32::from).collect::<Vec<_>>();
    assert_eq!((all(None), all(Some(2)), all(Some(9))), (vec![2, 5, 9], vec![5, 9], vec![]));
    assert_eq!((index.count(Kind::Customer), index.revision()), (3, 12));
}
