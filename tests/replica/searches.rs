//! Searching among many: what a page and all pages hold is what looking at every row finds, whatever was written before,
//! and whether or not the database has an index for it.

use customer_access::directory::text::search_form;
use customer_access::directory::{
    Customer, CustomerFields, CustomerId, CustomerUser, CustomerUserPatch, Login, Patch, Text,
};
use customer_access::plan::{Plan, Powers, Precondition, Refusal, customer_users, customers, links};
use customer_access::replica::Replica;
use customer_access::store::list::{ListQuery, SortKey};
use customer_access::store::{self, Record, StoreError, Words};

use super::database::{Kind, on_both};
use super::verbs::{key, write};

/// More than are looked at in their order, more than wait to be indexed, and more than are listed one by one.
const MANY: usize = 1_400;
/// From this one on they have one name, so that those who have it are many and not among the first.
const ALIKE: usize = 300;
const NAMES: [&str; 7] = ["Zoë Ångström", "O\"Brien", "100%", "under_score", "back\\slash", "Ærøskøbing", "Weiß"];

/// Nearly all are alike; what is looked for is where few are.
fn populate(replica: &Replica) {
    let make_customers = |plan: &mut Plan| -> Result<(), Refusal> {
        for number in 0..MANY / 10 {
            let name = if number == 77 { "Übergroß Works".to_owned() } else { format!("Works {number}") };
            let customer_id = CustomerId::parse(&format!("customer-{number}")).expect("a key");
            customers::create(plan, CustomerFields { name: Some(text(&name)), ..CustomerFields::new(customer_id) })?;
        }
        Ok(())
    };
    let make_customer_users = |plan: &mut Plan| -> Result<(), Refusal> {
        for number in 0..MANY {
            let name = if number % 180 == 7 { Some(NAMES[number / 180 % NAMES.len()]) } else { None };
            let name = name.or((number >= ALIKE).then_some("Müller")).map(text);
            let patch = CustomerUserPatch {
                login: Some(Login::parse(&format!("person.{number}@example")).expect("a login")),
                customer: Patch::Set(key(&format!("customer-{}", number % (MANY / 10)))),
                last_name: name.map_or(Patch::Untouched, Patch::Set),
                ..CustomerUserPatch::default()
            };
            customer_users::create(plan, patch, Powers::ALL)?;
        }
        Ok(())
    };
    write(replica, make_customers).expect("customers");
    write(replica, make_customer_users).expect("customer users");
    let add = |plan: &mut Plan| {
        links::set_membership(plan, &key("person.3@example"), &key("customer-77"), true, &Precondition::None)
    };
    write(replica, add).expect("an additional customer");
}

fn text(text: &str) -> Text {
    Text::parse(text).expect("a text")
}

fn rename(plan: &mut Plan, login: &str, last_name: &str) -> Result<CustomerUser, Refusal> {
    let patch = CustomerUserPatch { last_name: Patch::Set(text(last_name)), ..CustomerUserPatch::default() };
    customer_users::patch(plan, &key(login), patch, Powers::ALL, &Precondition::None)
}

/// What `q` looks at, of a kind of record.
trait Searched: Record {
    fn searched(&self, customers: &[Customer]) -> Vec<String>;
}

impl Searched for Customer {
    fn searched(&self, _: &[Customer]) -> Vec<String> {
        let name = self.fields.name.as_ref().map(Text::as_str).unwrap_or_default();
        [self.fields.customer_id.as_str(), name].map(|text| search_form(text).into_owned()).into()
    }
}

impl Searched for CustomerUser {
    fn searched(&self, customers: &[Customer]) -> Vec<String> {
        let name = self.fields.last_name.as_ref().map(Text::as_str).unwrap_or_default();
        let mut all: Vec<_> = [self.fields.login.as_str(), name].map(|text| search_form(text).into_owned()).into();
        let theirs = self.customer.iter().chain(&self.additional_customers);
        for of in theirs {
            let customer = customers.iter().find(|customer| customer.number == of.number).expect("a customer");
            all.extend(customer.searched(customers));
        }
        all
    }
}

fn all<R: Record>(replica: &Replica) -> Vec<R> {
    let query = ListQuery { limit: i64::MAX, sort: SortKey::Key, ..ListQuery::default() };
    let read = replica.read(|conn| {
        let numbers = store::pages::numbers(conn, <R::Number as customer_access::directory::Number>::KIND, &query)?;
        let mut all = Vec::new();
        for some in numbers.chunks(500) {
            all.extend(R::load(conn, &some.iter().map(|number| i64::from(*number)).collect::<Vec<_>>())?);
        }
        Ok::<_, StoreError>(all)
    });
    read.expect("all").0
}

/// Holds pages of different lengths, in either order, and the total against what looking at each row finds.
fn agrees<R: Searched>(replica: &Replica, records: &[R], customers: &[Customer], words: &str) {
    let wanted: Vec<String> = search_form(words).split_whitespace().map(str::to_owned).collect();
    let matches = |record: &&R| {
        let searched = record.searched(customers);
        wanted.iter().all(|word| searched.iter().any(|text| text.contains(word)))
    };
    let mut expected: Vec<u32> = records.iter().filter(matches).map(|it| it.number().into()).collect();
    expected.sort_unstable();
    let limits = if expected.len() < 20 { [(2, false), (100, true)] } else { [(100, false), (1_000, true)] };
    for (limit, descending) in limits {
        let words = Words::parse(words, 5).expect("words");
        let query = ListQuery { words, limit, descending, ..ListQuery::default() };
        assert_eq!(pages::<R>(replica, query.clone()), expected, "{:?}, {limit} at a time", query.words);
        let total = replica.read(|conn| store::pages::total::<R>(conn, &query)).expect("a total").0;
        assert_eq!(total, expected.len() as u64, "{:?}", query.words);
    }
}

/// All that a search finds, page by page.
fn pages<R: Record>(replica: &Replica, mut query: ListQuery) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    loop {
        let page = replica.read(|conn| store::pages::page::<R>(conn, &query)).expect("a page").0;
        found.extend(page.iter().map(|(_, record)| -> u32 { record.number().into() }));
        let Some((_, last)) = page.last() else { break };
        query.after = Some((String::new(), i64::from(last.number().into())));
    }
    found.sort_unstable();
    found
}

fn every_word_agrees(replica: &Replica) {
    let (customers, customer_users) = (all::<Customer>(replica), all::<CustomerUser>(replica));
    for words in [
        "person.1007",
        "zoe",
        "ANGSTROM",
        "o\"brien",
        "0%",
        "k\\s",
        "æro",
        "weiss",
        "works 77",
        "ubergross",
        "zq",
        "customer-77 person",
        "muller",
        "muller works",
        "example",
        "nothing has this",
        // Too short for the index, at the end of all that is searched too; and of some there is nothing.
        "oe",
        "th",
        "ss",
        "st",
        "qx",
        "\\",
        "\"b oe",
        "%",
        "æ",
        "ü",
    ] {
        agrees(replica, &customer_users, &customers, words);
        agrees(replica, &customers, &customers, words);
    }
}

fn a_search_finds_what_looking_at_every_row_finds(kind: Kind) {
    let database = kind.database();
    let replica = database.replica();
    populate(&replica);
    every_word_agrees(&replica);
    // Some changes that wait to be indexed, and then enough of them that they are.
    for round in 0..2 {
        let change = move |plan: &mut Plan| -> Result<(), Refusal> {
            let left_alone = |number: &usize| ![367, 1_007, 1_008].contains(number);
            for number in (round..MANY).step_by(if round == 0 { 200 } else { 2 }).filter(left_alone) {
                rename(plan, &format!("person.{number}@example"), if number % 400 == 0 { "Zoë" } else { "Werkstatt" })?;
            }
            let login = Some(Login::parse(&format!("Ubergross {round}")).expect("a login"));
            let patch = CustomerUserPatch { login, ..CustomerUserPatch::default() };
            let renamed = format!("person.{}@example", 1_007 + round);
            customer_users::patch(plan, &key(&renamed), patch, Powers::ALL, &Precondition::None)?;
            let gone = key(&format!("person.{}@example", 367 + round));
            customer_users::delete(plan, &gone, true, Powers::ALL, &Precondition::None).map(|_| ())
        };
        write(&replica, change).expect("changes");
        every_word_agrees(&replica);
    }
}

on_both!(a_search_finds_what_looking_at_every_row_finds);
