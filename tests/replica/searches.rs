//! Searching among many: what a page and all pages hold is what looking at every row finds, whatever was written before,
//! and whether or not the database has an index for it.

use std::collections::HashSet;

use chrono::TimeDelta;
use customer_access::directory::text::{folded, search_form};
use customer_access::directory::{
    Customer, CustomerFields, CustomerId, CustomerUser, CustomerUserPatch, Email, GroupNumber, Login, Number, Patch,
    PermissionName, Text, Validity,
};
use customer_access::plan::{Plan, Powers, Precondition, Refusal, customer_users, customers, links};
use customer_access::replica::{self, Replica};
use customer_access::store::list::{ListQuery, SortKey};
use customer_access::store::{self, Conn, LinksOf, Record, State, StoreError, Words};

use super::database::{Database, Kind, on_both};
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
                validity: (number / 3).is_multiple_of(3).then_some(Validity::Invalid),
                email: Patch::Set(Email::parse(&format!("{}@mail.example", number % 10)).expect("an address")),
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
    let link = |plan: &mut Plan| -> Result<(), Refusal> {
        let ro = [PermissionName::parse("ro").expect("a name")];
        for number in (0..MANY).filter(is_linked) {
            let login = key(&format!("person.{number}@example"));
            links::set_customer_user_group(plan, &login, &key("users"), &ro, &Precondition::None)?;
        }
        Ok(())
    };
    write(replica, link).expect("links");
}

/// Most are linked to a group: more than are listed one by one.
fn is_linked(number: &usize) -> bool {
    !number.is_multiple_of(5)
}

fn text(text: &str) -> Text {
    Text::parse(text).expect("a text")
}

fn rename(plan: &mut Plan, login: &str, last_name: &str) -> Result<CustomerUser, Refusal> {
    let patch = CustomerUserPatch { last_name: Patch::Set(text(last_name)), ..CustomerUserPatch::default() };
    customer_users::patch(plan, &key(login), patch, Powers::ALL, &Precondition::None)
}

/// What `q` looks at, of a kind of record, and what its lists are sorted by.
trait Searched: Record {
    /// Every order that the lists have beside that of the numbers.
    const SORTS: &[SortKey];

    fn searched(&self, customers: &[Customer]) -> Vec<String>;

    fn validity(&self) -> Validity;

    fn sorted_by(&self, sort: SortKey) -> String;
}

impl Searched for Customer {
    const SORTS: &[SortKey] = &[SortKey::Key, SortKey::Name];

    fn sorted_by(&self, sort: SortKey) -> String {
        let name = self.fields.name.as_ref().map(Text::as_str).unwrap_or_default();
        match sort {
            SortKey::Key => folded(self.fields.customer_id.as_str()).into_owned(),
            SortKey::Name => search_form(name).into_owned(),
            _ => String::new(),
        }
    }

    fn validity(&self) -> Validity {
        self.fields.validity
    }

    fn searched(&self, _: &[Customer]) -> Vec<String> {
        let name = self.fields.name.as_ref().map(Text::as_str).unwrap_or_default();
        [self.fields.customer_id.as_str(), name].map(|text| search_form(text).into_owned()).into()
    }
}

impl Searched for CustomerUser {
    const SORTS: &[SortKey] = &[SortKey::Key, SortKey::LastName, SortKey::Email];

    fn sorted_by(&self, sort: SortKey) -> String {
        let name = self.fields.last_name.as_ref().map(Text::as_str).unwrap_or_default();
        match sort {
            SortKey::Key => folded(self.fields.login.as_str()).into_owned(),
            SortKey::LastName => search_form(name).into_owned(),
            SortKey::Email => {
                self.fields.email.as_ref().map(|it| search_form(it.as_str()).into_owned()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    fn validity(&self) -> Validity {
        self.fields.validity
    }

    fn searched(&self, customers: &[Customer]) -> Vec<String> {
        let name = self.fields.last_name.as_ref().map(Text::as_str).unwrap_or_default();
        let email = self.fields.email.as_ref().map(Email::as_str).unwrap_or_default();
        let mut all: Vec<_> = [self.fields.login.as_str(), email, name].map(|it| search_form(it).into_owned()).into();
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
        let numbers = store::pages::numbers(conn, R::Number::KIND, &query)?;
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
    let expected: Vec<&R> = records.iter().filter(matches).collect();
    let limits = if expected.len() < 20 { [(2, false), (100, true)] } else { [(100, false), (1_000, true)] };
    // By number in either direction, and in every other order in one of them.
    let others = R::SORTS.iter().copied().zip(limits.iter().cycle().skip(1).copied());
    for (sort, (limit, descending)) in limits.map(|limit| (SortKey::Id, limit)).into_iter().chain(others) {
        let words = Words::parse(words, 5).expect("words");
        // Where a filter leaves few, more of them are looked at.
        let validity = (sort == SortKey::LastName).then_some(Validity::Invalid);
        let query = ListQuery { words, validity, limit, descending, sort, ..ListQuery::default() };
        let fits = |it: &&&R| validity.is_none_or(|validity| it.validity() == validity);
        let sorted = |it: &&R| (it.sorted_by(sort), it.number().into());
        let mut expected: Vec<_> = expected.iter().filter(fits).map(sorted).collect();
        expected.sort_unstable();
        if descending {
            expected.reverse();
        }
        assert_eq!(pages::<R>(replica, query.clone()), expected, "{:?}, {limit} at a time by {sort:?}", query.words);
        if [SortKey::LastName, SortKey::Email].contains(&sort) {
            linked_ones_agree::<R>(replica, &query, &expected);
        }
        if sort == SortKey::Id {
            let total = replica.read(|conn| store::pages::total::<R>(conn, &query)).expect("a total").0;
            assert_eq!(total, expected.len() as u64, "{:?}", query.words);
        }
    }
}

/// The same among those who are linked to a group, and among the others.
fn linked_ones_agree<R: Record>(replica: &Replica, query: &ListQuery, expected: &[(String, u32)]) {
    let (users, linked): (_, HashSet<u32>) = replica.ask(|index| {
        let users = index.find_key::<GroupNumber>("users").expect("a group");
        (users, index.customer_users_of_group(users, None).map(u32::from).collect())
    });
    for wanted in [true, false] {
        let query = ListQuery { linked: Some((LinksOf::Group(users), wanted)), ..query.clone() };
        let expected: Vec<_> =
            expected.iter().filter(|(_, number)| linked.contains(number) == wanted).cloned().collect();
        assert_eq!(pages::<R>(replica, query.clone()), expected, "{query:?}");
    }
}

/// All that a search finds, page by page: what each is sorted by, and its number.
fn pages<R: Record>(replica: &Replica, mut query: ListQuery) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = Vec::new();
    let orders = replica.orders();
    loop {
        let page = replica.read(|conn| store::pages::page::<R>(conn, &orders, &query)).expect("a page").0;
        found.extend(page.iter().map(|(sorted_by, record)| (sorted_by.clone(), record.number().into())));
        let Some((sorted_by, last)) = page.last() else { break };
        query.after = Some((sorted_by.clone(), i64::from(last.number().into())));
    }
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
        "",
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
    // Some changes that wait to be indexed, and then enough of them that they are: by this process, by another one, more
    // of them than are followed, and where the log has them no longer.
    let another = database.replica();
    for (round, writer) in [&replica, &replica, &another, &replica, &replica].into_iter().enumerate() {
        let name = ["Zoë", "Ungemüllert", "Bela Müller", "Ceta Müller", "Abel Müller"][round];
        let change = move |plan: &mut Plan| -> Result<(), Refusal> {
            let left_alone = |number: &usize| !(367..372).contains(number) && !(1_007..1_012).contains(number);
            for number in (round..MANY).step_by(if round == 0 { 200 } else { 3 }).filter(left_alone) {
                rename(plan, &format!("person.{number}@example"), name)?;
            }
            let login = Some(Login::parse(&format!("Ubergross {round}")).expect("a login"));
            let patch = CustomerUserPatch { login, ..CustomerUserPatch::default() };
            let renamed = format!("person.{}@example", 1_007 + round);
            customer_users::patch(plan, &key(&renamed), patch, Powers::ALL, &Precondition::None)?;
            let gone = key(&format!("person.{}@example", 367 + round));
            customer_users::delete(plan, &gone, true, Powers::ALL, &Precondition::None).map(|_| ())
        };
        write(writer, change).expect("changes");
        if round == 4 {
            cut_log(&database);
        }
        every_word_agrees(&replica);
    }
}

/// Leaves no change in the log, but the revisions that they were part of: so it stands between two steps of a cut.
fn cut_log(database: &Database) {
    let store = database.store();
    let changes = || store.read(|conn| store::page_of_changes(conn, (0, 0), i64::MAX as u64, 1)).expect("a page").len();
    while changes() > 0 {
        let cut =
            |conn: &mut Conn, state: State| store::cut_log(conn, replica::now() + TimeDelta::days(1), state.revision);
        store.write(cut).expect("a step");
    }
}

on_both!(a_search_finds_what_looking_at_every_row_finds);
