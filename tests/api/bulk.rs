//! Many links at once, in the steps of an administrator: some rows times some columns, or a whole column.

use crate::common::{Reply, TestApp, Value, at, each, json, query};

const CUSTOMER_GROUPS: &str = "/v1/customer-group-links:bulk";
const CUSTOMER_USER_GROUPS: &str = "/v1/customer-user-group-links:bulk";
const CUSTOMER_USER_SERVICES: &str = "/v1/customer-user-service-links:bulk";
const MEMBERSHIPS: &str = "/v1/customer-memberships:bulk";

fn keys(keys: &[&str]) -> Value {
    json!({ "keys": keys })
}

fn matching(q: &str) -> Value {
    json!({"filter": {"q": q}})
}

/// What a write did: made, changed, removed, left as they were.
#[track_caller]
fn counts(reply: &Reply) -> [u64; 4] {
    ["created", "changed", "removed", "unchanged"].map(|name| reply.json["counts"][name].as_u64().expect("a count"))
}

fn granted(app: &TestApp, customer: &str, group: &str) -> Value {
    let reply = app.get(&at(&["customers", customer, "groups", group]));
    reply.json["contexts"][0]["permissions"].clone()
}

fn with_customers(customers: &[&str]) -> TestApp {
    let app = TestApp::start();
    each(customers, |customer| app.customer(customer));
    app
}

/// A directory of this many customers, each with a customer user, from a file.
fn imported(many: usize) -> TestApp {
    let app = TestApp::start();
    let file = app.data_dir().join("contacts.csv").to_string_lossy().into_owned();
    let lines: String = (0..many).map(|number| format!("user{number:05},c{number:05},{number}\n")).collect();
    std::fs::write(&file, format!("Login,Company,Id\n{lines}")).expect("a file");
    let arguments = [
        ["import", "crm"],
        ["--file", &file],
        ["--source", "crm"],
        ["--map", "login=Login"],
        ["--map", "external_id=Id"],
        ["--map", "customer.customer_id=Company"],
    ];
    let output = app.run(&arguments.concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    app
}

#[test]
fn several_customers_get_several_groups_in_one_write() {
    let app = with_customers(&["acme", "beta", "gamma"]);
    app.customer_user_of("jane", "acme");
    app.link_customer("acme", "users", &["rw"]);
    let before = app.link_customer("gamma", "users", &["ro"]);
    // 1. Mark two customers and two groups, choose "read only", save.
    let body = json!({"customers": keys(&["acme", "beta"]), "groups": keys(&["users", "stats"]), "grant": ["ro"]});
    let saved = app.post(CUSTOMER_GROUPS, body.clone()).expect(200);
    // 2. What was there and gives it already is left.
    assert_eq!(counts(&saved), [3, 0, 0, 1]);
    assert_eq!(saved.json["matches"], json!({"customers": 2, "groups": 2}));
    assert_eq!((granted(&app, "acme", "users"), granted(&app, "beta", "stats")), (json!(["rw"]), json!(["ro"])));
    // 3. It counts at once.
    assert!(app.allows("jane", "stats", "ro") && !app.allows("jane", "stats", "rw"));
    assert_ne!(saved.revision(), before.revision());
    // 4. The same again changes nothing, and takes no revision.
    let again = app.post(CUSTOMER_GROUPS, body).expect(200);
    assert_eq!((counts(&again), again.revision()), ([0, 0, 0, 4], saved.revision()));
}

#[test]
fn a_column_reaches_every_row_that_the_filter_matches_whatever_page_was_shown() {
    const MANY: u64 = 1_600;
    let app = imported(MANY as usize);
    app.customer("acme");
    app.customer_user_of("jane", "acme");
    // 1. The screen of a group shows a page of customers that begin with c0, and says how many there are.
    let shown = query("/v1/groups/users/customer-matrix", &[("q", "c0*"), ("limit", "100"), ("total", "true")]);
    let shown = app.get(&shown).expect(200).has("/total", MANY);
    assert_eq!(shown.items().len(), 100);
    // 2. Check the box in the header of "read only": all of them, if they are still so many.
    let column = |expected: u64| json!({"customers": matching("c0*"), "groups": keys(&["users"]), "grant": ["ro"], "expected_matches": expected});
    let refused = app.post(CUSTOMER_GROUPS, column(MANY - 1)).expect(409).problem("matches_changed");
    refused.names("1600").names("1599");
    let saved = app.post(CUSTOMER_GROUPS, column(MANY)).expect(200).has("/matches/customers", MANY);
    assert_eq!(counts(&saved), [MANY, 0, 0, 0]);
    // 3. The last row has it as the first one does; whom the filter did not match has not.
    assert!(["user00000", "user00101", "user01599"].iter().all(|login| app.allows(login, "users", "ro")));
    assert!(!app.allows("jane", "users", "ro"));
    // 4. All rows at all, by an empty filter, and away with it.
    let all = json!({"customers": {"filter": {}}, "groups": keys(&["users"]), "revoke": ["ro"]});
    assert_eq!(counts(&app.post(CUSTOMER_GROUPS, all).expect(200)), [0, 0, MANY, 1]);
    assert!(!app.allows("user01599", "users", "ro"));
}

#[test]
fn after_a_revocation_no_link_gives_the_type_and_rw_becomes_every_other() {
    let app = with_customers(&["acme", "beta", "gamma"]);
    app.set_settings(json!({"permission_types": [{"name": "ro"}, {"name": "note"}, {"name": "rw"}]}));
    app.link_customer("acme", "users", &["rw"]);
    app.link_customer("beta", "users", &["ro"]);
    let body = |act: &str, types: Value| json!({"customers": {"filter": {}}, "groups": keys(&["users"]), act: types});
    let saved = app.post(CUSTOMER_GROUPS, body("revoke", json!(["ro"]))).expect(200);
    assert_eq!(counts(&saved), [0, 1, 1, 1]);
    assert_eq!(granted(&app, "acme", "users"), json!(["note"]));
    app.get("/v1/customers/beta/groups/users").expect(404).problem("link_not_found");
    // To take "read and write" alone from a link that holds it leaves the rest of what it gave.
    app.post(CUSTOMER_GROUPS, body("set", json!(["rw", "ro"]))).expect(200).has("/counts/created", 2);
    app.post(CUSTOMER_GROUPS, body("revoke", json!(["rw"]))).expect(200).has("/counts/changed", 3);
    assert_eq!(granted(&app, "gamma", "users"), json!(["ro", "note"]));
    app.post(CUSTOMER_GROUPS, body("set", json!(["rw"]))).expect(200);
    app.post(CUSTOMER_GROUPS, body("revoke", json!(["rw", "note"]))).expect(200);
    assert_eq!(granted(&app, "gamma", "users"), json!(["ro"]));
}

#[test]
fn set_replaces_what_a_link_grants_and_nothing_removes_it() {
    let app = with_customers(&["acme", "beta"]);
    app.link_customer("acme", "users", &["rw"]);
    let set = |types: Value| {
        let body = json!({"customers": keys(&["acme", "beta"]), "groups": keys(&["users"]), "set": types});
        counts(&app.post(CUSTOMER_GROUPS, body).expect(200))
    };
    assert_eq!(set(json!(["ro"])), [1, 1, 0, 0]);
    assert_eq!(set(json!([])), [0, 0, 2, 0]);
}

#[test]
fn customer_users_are_chosen_as_in_their_list() {
    let app = with_customers(&["acme", "beta"]);
    each(&["jane", "john"], |login| app.customer_user_of(login, "acme"));
    app.customer_user_of("bill", "beta");
    app.add_customer("bill", "acme");
    app.patch("/v1/customer-users/john", json!({"email": "John@acme.example"})).expect(200);
    let grant = |filter: Value| {
        let body = json!({"customer_users": {"filter": filter}, "groups": keys(&["stats"]), "grant": ["ro"]});
        app.post(CUSTOMER_USER_GROUPS, body).expect(200).json["matches"]["customer_users"].clone()
    };
    assert_eq!(grant(json!({"email": "john@ACME.example"})), 1);
    assert!(app.allows("john", "stats", "ro") && !app.allows("jane", "stats", "ro"));
    assert_eq!(grant(json!({"customer": "acme", "validity": "valid", "back_end": "default"})), 3);
    assert_eq!(grant(json!({"group": "stats"})), 3);
    assert_eq!(grant(json!({"q": "j", "group": "users"})), 0);
    for (filter, pointer) in [
        (json!({"customer": "nobody"}), "/customer_users/filter/customer"),
        (json!({"group": "id:g99"}), "/customer_users/filter/group"),
        (json!({"back_end": "nowhere"}), "/customer_users/filter/back_end"),
        (json!({"q": "*a*a*a*a*a*"}), "/customer_users/filter/q"),
        (json!({"city": "Berlin"}), "/customer_users/filter/city"),
    ] {
        let body = json!({"customer_users": {"filter": filter}, "groups": keys(&["stats"]), "grant": ["ro"]});
        app.post(CUSTOMER_USER_GROUPS, body).refused().pointers(&[pointer]);
    }
}

#[test]
fn both_sides_can_be_filters() {
    let app = with_customers(&["acme", "beta"]);
    each(&["support", "support emea", "sales"], |group| app.group(group));
    let body = json!({"customers": {"filter": {}}, "groups": matching("support*"), "set": ["rw"]});
    let saved = app.post(CUSTOMER_GROUPS, body.clone()).expect(200).has("/counts/created", 4);
    assert_eq!(saved.json["matches"], json!({"customers": 2, "groups": 2}));
    assert_eq!(granted(&app, "beta", "support emea"), json!(["rw"]));
    // What is expected is a number of one filter: of two it would not be clear which.
    let mut unclear = body;
    unclear["expected_matches"] = json!(2);
    app.post(CUSTOMER_GROUPS, unclear).refused().pointers(&["/expected_matches"]);
}

#[test]
fn services_and_additional_customers_are_marked_or_not() {
    let app = with_customers(&["acme", "beta"]);
    app.services(&["IT", "IT::VPN", "HR"]);
    each(&["jane", "john"], |login| app.customer_user_of(login, "acme"));
    let of_services = |granted| {
        let everybody = json!({"filter": {"customer": "acme"}});
        let body = json!({"customer_users": everybody, "services": matching("IT*"), "granted": granted});
        app.post(CUSTOMER_USER_SERVICES, body).expect(200)
    };
    let saved = of_services(true);
    assert_eq!((counts(&saved), &saved.json["matches"]), ([4, 0, 0, 0], &json!({"customer_users": 2, "services": 2})));
    assert!(app.serves("john", "IT::VPN") && !app.serves("john", "HR"));
    assert_eq!(counts(&of_services(false)), [0, 0, 4, 0]);
    let members = |granted| {
        let (jane, both) = (keys(&["jane"]), keys(&["acme", "beta"]));
        app.post(MEMBERSHIPS, json!({"customer_users": jane, "customers": both, "granted": granted})).expect(200)
    };
    let saved = members(true).has("/matches/customer_users", 1).has("/matches/customers", 2);
    assert_eq!(counts(&saved), [2, 0, 0, 0]);
    let jane = || app.get("/v1/customer-users/jane").expect(200);
    jane().has("/customer", "acme").has("/additional_customers", json!(["acme", "beta"]));
    assert_eq!(counts(&members(false)), [0, 0, 2, 0]);
    // The primary customer is a field of the customer user, and is not touched.
    jane().has("/customer", "acme").has("/additional_customers", json!([]));
}

#[test]
fn every_form_of_a_reference_names_a_row() {
    let app = with_customers(&["acme", "beta", "id:gamma"]);
    let id = app.get("/v1/customers/acme").id();
    app.admin().put_empty("/v1/customers/beta/external-ids/crm/1").expect(201);
    let customers = keys(&[&format!("id:{id}"), "external:crm:1", "key:id:gamma"]);
    let body = json!({"customers": customers, "groups": keys(&["USERS"]), "grant": ["ro"]});
    app.post(CUSTOMER_GROUPS, body).expect(200).has("/counts/created", 3);
}

#[test]
fn one_wrong_name_and_nothing_is_written() {
    let app = with_customers(&["acme", "beta"]);
    let before = app.get("/v1/settings").revision();
    let refused = |customers: Value, groups: Value, types: Value, pointers: &[&str]| {
        let body = json!({"customers": customers, "groups": groups, "grant": types});
        app.post(CUSTOMER_GROUPS, body).refused().pointers(pointers);
    };
    let (acme, users) = (keys(&["acme"]), keys(&["users"]));
    let wrong = keys(&["acme", "nobody", "id:c99", "Acme"]);
    refused(wrong, users.clone(), json!(["ro"]), &["/customers/keys/1", "/customers/keys/2", "/customers/keys/3"]);
    refused(acme.clone(), keys(&["users", "nowhere"]), json!(["ro"]), &["/groups/keys/1"]);
    refused(acme.clone(), users.clone(), json!(["ro", "fly"]), &["/grant/1"]);
    refused(acme, users, json!([]), &["/grant"]);
    app.get("/v1/customers/acme/groups/users").expect(404);
    assert_eq!(app.get("/v1/settings").revision(), before);
}

#[test]
fn a_body_that_says_too_little_or_too_much_is_refused_with_pointers() {
    let app = with_customers(&["acme"]);
    let (acme, users) = (|| keys(&["acme"]), || keys(&["users"]));
    let both = json!({"keys": ["acme"], "filter": {}});
    for (body, pointers) in [
        (json!({"customers": {}, "groups": users(), "grant": ["ro"]}), vec!["/customers"]),
        (json!({"customers": both, "groups": {}, "grant": ["ro"]}), vec!["/customers/filter", "/groups"]),
        (json!({"customers": acme(), "groups": users()}), vec![""]),
        (json!({"customers": acme(), "groups": users(), "grant": ["ro"], "set": []}), vec!["/set"]),
        (json!({"customers": acme(), "grant": ["ro"]}), vec!["/groups"]),
        (
            json!({"customers": acme(), "groups": users(), "grant": ["ro"], "expected_matches": 1}),
            vec!["/expected_matches"],
        ),
        (json!({"customers": acme(), "groups": users(), "grant": ["ro"], "context": "all"}), vec!["/context"]),
    ] {
        app.post(CUSTOMER_GROUPS, body).refused().pointers(&pointers);
    }
    let of_users = json!({"customer_users": keys(&[]), "groups": users(), "context": "same_customer", "grant": ["ro"]});
    app.post(CUSTOMER_USER_GROUPS, of_users).refused().pointers(&["/context"]);
}

#[test]
fn a_context_that_is_off_takes_no_new_grants_and_lets_go_of_old_ones() {
    let app = with_customers(&["acme", "beta"]);
    app.set_other_customers(true);
    let body = |act: &str, types: Value| {
        let customers = keys(&["acme", "beta"]);
        json!({"customers": customers, "groups": keys(&["users"]), "context": "other_customers", act: types})
    };
    app.post(CUSTOMER_GROUPS, body("grant", json!(["rw"]))).expect(200).has("/counts/created", 2);
    app.delete("/v1/customers/beta/groups/users").expect(204);
    let before = app.set_other_customers(false).revision();
    app.post(CUSTOMER_GROUPS, body("grant", json!(["ro"]))).expect(409).problem("context_off");
    assert_eq!(app.get("/v1/settings").revision(), before);
    assert_eq!(counts(&app.post(CUSTOMER_GROUPS, body("revoke", json!(["rw"]))).expect(200)), [0, 1, 0, 1]);
    assert_eq!(counts(&app.post(CUSTOMER_GROUPS, body("set", json!([]))).expect(200)), [0, 0, 1, 1]);
}

#[test]
fn a_call_has_bounds_that_it_names() {
    let app = TestApp::start_with(&[("MAX_BATCH", "2"), ("MAX_CELLS", "5")]);
    each(&["acme", "beta"], |customer| app.customer(customer));
    let write = |customers: Value, groups: Value| {
        app.post(CUSTOMER_GROUPS, json!({"customers": customers, "groups": groups, "grant": ["ro"]}))
    };
    write(keys(&["a", "b", "c"]), keys(&["users"])).refused().pointers(&["/customers/keys"]).names("MAX_BATCH");
    let everything = || json!({"filter": {}});
    write(everything(), everything()).refused().pointers(&[""]).names("MAX_CELLS").names("6");
    write(everything(), keys(&["users", "stats"])).expect(200).has("/counts/created", 4);
    write(keys(&[]), everything()).expect(200).has("/matches/customers", 0);
}
