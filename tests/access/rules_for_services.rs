//! Rules 1, 2, 5 and 8, where services are asked about.

use customer_access::access::{self, Basis};
use customer_access::directory::{ServiceNumber, Validity};

use super::desk::Desk;

const VALID: Validity = Validity::Valid;

/// Jane, and the services IT, IT::Network, IT::Network::VPN and HR; HR and IT::Network are defaults.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.customer_user("jane", "", VALID);
    for service in ["IT", "IT::Network", "IT::Network::VPN", "HR"] {
        desk.service(service, VALID);
    }
    desk.default_service("HR");
    desk.default_service("IT::Network");
    desk
}

fn services(desk: &Desk) -> (Basis, Vec<&str>, Vec<&str>) {
    let services = access::effective_services(&desk.index, desk.find("jane"));
    let names = |services: &[ServiceNumber]| services.iter().map(|service| desk.name(*service)).collect();
    (services.basis, names(&services.items), names(&services.suppressed_defaults))
}

#[test]
fn rule_1_a_service_counts_only_if_every_ancestor_does() {
    let mut desk = desk();
    desk.link_service("jane", "IT::Network::VPN");
    assert_eq!(desk.ask_service("jane", "IT::Network::VPN"), ["assigned_service"]);
    desk.service("IT", Validity::Invalid);
    assert_eq!(desk.ask_service("jane", "IT::Network::VPN"), ["!ancestor_not_valid"]);
    assert_eq!(services(&desk), (Basis::Default, vec!["HR"], vec![]));
    desk.service("IT", VALID);
    assert_eq!(services(&desk), (Basis::Assigned, vec!["IT::Network::VPN"], vec!["IT::Network", "HR"]));
}

#[test]
fn rule_1_a_moved_service_counts_by_its_new_ancestors() {
    let mut desk = desk();
    desk.link_service("jane", "IT::Network::VPN");
    desk.service("IT", Validity::Invalid);
    let (id, parent) = (desk.find("IT::Network"), Some(desk.find("HR")));
    let name = |name| customer_access::directory::ServiceName::parse(name).expect("a service's name");
    let change =
        |id, name, parent| customer_access::directory::Change::ServicePut { id, name, parent, validity: VALID };
    let vpn = desk.find("IT::Network::VPN");
    desk.apply(change(vpn, name("HR::Network::VPN"), Some(id)));
    desk.apply(change(id, name("HR::Network"), parent));
    assert_eq!(desk.ask_service("jane", "HR::Network::VPN"), ["assigned_service"]);
}

#[test]
fn rule_1_a_service_that_is_not_valid_says_so() {
    let mut desk = desk();
    desk.service("HR", Validity::InvalidTemporarily);
    assert_eq!(desk.ask_service("jane", "HR"), ["!service_not_valid"]);
    assert_eq!(desk.ask_service("", "HR"), ["!customer_user_unknown", "!service_not_valid"]);
}

#[test]
fn rule_2_a_customer_user_who_is_not_valid_has_no_services() {
    let mut desk = desk();
    desk.link_service("jane", "IT");
    desk.customer_user("jane", "", Validity::Invalid);
    assert_eq!(services(&desk), (Basis::None, vec![], vec![]));
    assert_eq!(desk.ask_service("jane", "HR"), ["!customer_user_not_valid"]);
}

#[test]
fn rule_2_an_unknown_customer_user_has_the_defaults_only_where_the_settings_say_so() {
    let mut desk = desk();
    assert_eq!(access::services_of_unknown(&desk.index), None);
    assert_eq!(desk.ask_service("", "HR"), ["!customer_user_unknown"]);
    desk.set(|settings| settings.default_services_for_unknown_customer_users = true);
    let defaults = vec![desk.find("IT::Network"), desk.find("HR")];
    assert_eq!(access::services_of_unknown(&desk.index), Some(defaults));
    assert_eq!(desk.ask_service("", "HR"), ["default_service"]);
    assert_eq!(desk.ask_service("", "IT"), ["!no_service_link"]);
}

#[test]
fn rule_5_without_services_of_their_own_they_have_the_defaults() {
    let desk = desk();
    assert_eq!(services(&desk), (Basis::Default, vec!["IT::Network", "HR"], vec![]));
    assert_eq!(desk.ask_service("jane", "HR"), ["default_service"]);
    assert_eq!(desk.ask_service("jane", "IT"), ["!no_service_link"]);
}

#[test]
fn rule_5_a_service_of_their_own_suppresses_the_defaults() {
    let mut desk = desk();
    desk.link_service("jane", "IT::Network");
    assert_eq!(services(&desk), (Basis::Assigned, vec!["IT::Network"], vec!["HR"]));
    assert_eq!(desk.ask_service("jane", "HR"), ["!suppressed_by_assigned_services"]);
    assert_eq!(desk.ask_service("jane", "IT"), ["!no_service_link"]);
}

#[test]
fn rule_7_who_has_a_service_is_paged_by_number() {
    let mut desk = desk();
    desk.link_service("jane", "IT");
    for login in ["ann", "bob", "cid"] {
        desk.customer_user(login, "", VALID);
    }
    desk.link_service("bob", "HR");
    desk.customer_user("cid", "", Validity::Invalid);
    let who = |service: &str, after, limit| access::who_has_service(&desk.index, desk.find(service), after, limit);
    let first = who("HR", None, 1);
    assert_eq!(
        first.items.iter().map(|item| (desk.name(item.customer_user), item.basis)).collect::<Vec<_>>(),
        [("ann", Basis::Default)]
    );
    let second = who("HR", first.next, 1);
    assert_eq!((desk.name(second.items[0].customer_user), second.items[0].basis), ("bob", Basis::Assigned));
    assert_eq!(second.next, None);
    assert_eq!(who("IT::Network::VPN", None, 9).items, []);
    assert_eq!(who("IT", None, 9).items.len(), 1);
}
