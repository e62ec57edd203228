//! Pages of lists with `q`, and of matrices, over HTTP on SQLite, at `BENCH_CUSTOMER_USERS`.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod directory;
mod rows;
mod service;

use directory::customer_users;
use rows::Target::{self, AtMost, None as NoTarget};
use service::client::Client;
use service::{Service, fill};

/// Pages of lists: what is looked for, and where. Words that few rows have, that many have, that none has; of names that
/// some thousand have; of the customer; short ones; several.
const LISTS: &[(&str, &str)] = &[
    ("a rare word", "/v1/customer-users?q=anna.bobager"),
    ("one login", "/v1/customer-users?q=.777777"),
    ("a frequent word", "/v1/customer-users?q=example"),
    ("a first name", "/v1/customer-users?q=gerda"),
    ("a last name", "/v1/customer-users?q=zuzuger"),
    ("a word that nothing has", "/v1/customer-users?q=xylophone"),
    ("two frequent characters", "/v1/customer-users?q=an"),
    ("two characters that nothing has", "/v1/customer-users?q=qx"),
    ("two words", "/v1/customer-users?q=olga+bobomann"),
    ("the customer's key", "/v1/customer-users?q=customer-54321"),
    ("by e-mail", "/v1/customer-users?q=gerda&sort=email"),
    ("by last name, backwards", "/v1/customer-users?q=anna&sort=-last_name"),
    ("by id", "/v1/customer-users?q=xylophone&sort=id"),
    ("with a beginning", "/v1/customer-users?q=paul.wuwu*"),
    ("customers, a rare word", "/v1/customers?q=works+54321"),
    ("customers, a frequent word", "/v1/customers?q=works"),
    ("customers, a word that nothing has", "/v1/customers?q=xylophone"),
    ("groups", "/v1/groups?q=group+77"),
    ("services", "/v1/services?q=service+777"),
];

/// What has no target: counting looks at all that match.
const BESIDE: &[(&str, &str)] = &[
    ("a rare word, with the total", "/v1/customer-users?q=anna.bobager&total=true"),
    ("a first name, with the total", "/v1/customer-users?q=gerda&total=true"),
];

const MATRICES: &[(&str, &str)] = &[
    ("customer user by group", "/v1/customer-users/id:u4711/group-matrix"),
    ("group by customer user", "/v1/groups/id:g77/customer-user-matrix"),
    ("group by customer user, granted", "/v1/groups/id:g77/customer-user-matrix?granted=any"),
    ("group by customer user, with q", "/v1/groups/id:g77/customer-user-matrix?q=gerda"),
    ("customer user by service", "/v1/customer-users/id:u4711/service-matrix"),
    ("customer by group", "/v1/customers/id:c4711/group-matrix"),
    ("group by customer", "/v1/groups/id:g77/customer-matrix"),
];

fn measure(client: &mut Client, of: &str, pages: &[(&str, &str)], target: Target) {
    for (what, path) in pages {
        let times = (0..9).map(|_| client.time("GET", path, "").as_secs_f64() * 1e3);
        rows::report(&format!("{of}: {what}"), times.fold(f64::INFINITY, f64::min), "ms", target);
    }
}

fn main() {
    let url = fill::sqlite(customer_users());
    let service = Service::start(&url);
    let mut client = service.client();
    // It reads the order of all rows into memory.
    let first = client.time("GET", "/v1/customer-users?q=gerda", "").as_secs_f64() * 1e3;
    rows::report("a list page with q: a first name, for the first time since the start", first, "ms", NoTarget);
    measure(&mut client, "a list page with q", LISTS, AtMost(10.0));
    measure(&mut client, "a list page with q", BESIDE, NoTarget);
    measure(&mut client, "a matrix page of 100", MATRICES, AtMost(20.0));
    let off = r#"{"group_support": false}"#;
    let took = client.time("PATCH", "/v1/back-ends/ldap?dry_run=true", off).as_secs_f64();
    rows::report("dry run that touches a tenth of the customer users", took, "s", AtMost(2.0));
}
