//! What the tests write and read, in a line each.

use customer_access::directory::{
    Comment, Customer, CustomerFields, CustomerId, CustomerPatch, CustomerUser, CustomerUserPatch, Login, Patch,
    Reference, Validity,
};
use customer_access::plan::{Plan, Powers, Precondition, Refusal, customer_users, customers};
use customer_access::replica::{NotCurrent, Replica, RevisionToken, Written};
use customer_access::store::{self, Record, StoreError};

pub fn key(key: &str) -> Reference {
    Reference::Key(key.to_owned())
}

/// Writes on behalf of the tests.
pub fn write<T: Send + 'static>(
    replica: &Replica,
    plan: impl FnOnce(&mut Plan) -> Result<T, Refusal> + Send + 'static,
) -> Result<Written<T>, Refusal> {
    replica.write_blocking("tests".to_owned(), plan)
}

pub fn new_customer(plan: &mut Plan, customer_id: &str) -> Result<Customer, Refusal> {
    customers::create(plan, CustomerFields::new(CustomerId::parse(customer_id).expect("a key")))
}

pub fn new_customer_user(plan: &mut Plan, login: &str, customer: Option<&str>) -> Result<CustomerUser, Refusal> {
    let patch = CustomerUserPatch {
        login: Some(Login::parse(login).expect("a login")),
        customer: customer.map_or(Patch::Untouched, |customer| Patch::Set(key(customer))),
        ..CustomerUserPatch::default()
    };
    customer_users::create(plan, patch, Powers::ALL)
}

pub fn set_comment(plan: &mut Plan, customer: &str, comment: &str) -> Result<Customer, Refusal> {
    let comment = Patch::Set(Comment::parse(comment).expect("a comment"));
    let patch = CustomerPatch { comment, ..CustomerPatch::default() };
    customers::patch(plan, &key(customer), patch, &Precondition::None)
}

pub fn set_validity(plan: &mut Plan, customer: &str, validity: Validity) -> Result<Customer, Refusal> {
    let patch = CustomerPatch { validity: Some(validity), ..CustomerPatch::default() };
    customers::patch(plan, &key(customer), patch, &Precondition::None)
}

/// The customer of this key, created.
#[track_caller]
pub fn customer(replica: &Replica, customer_id: &str) -> Customer {
    let id = customer_id.to_owned();
    write(replica, move |plan| new_customer(plan, &id)).expect("a customer").value
}

/// The customer user of this login, created.
#[track_caller]
pub fn customer_user(replica: &Replica, login: &str) -> CustomerUser {
    let login = login.to_owned();
    write(replica, move |plan| new_customer_user(plan, &login, None)).expect("a customer user").value
}

/// What the database holds.
#[track_caller]
pub fn find<R: Record>(replica: &Replica, reference: &Reference) -> Option<R> {
    replica.read(|conn| store::find::<R>(conn, reference).map_err(|why: StoreError| why)).expect("a read").0
}

/// The revision of the database.
#[track_caller]
pub fn revision(replica: &Replica) -> u64 {
    replica.read(|_| Ok::<_, StoreError>(())).expect("a state").1.revision
}

/// Waits as a request with `At-Least-Revision` does.
pub fn at_least(replica: &Replica, token: &RevisionToken) -> Result<(), NotCurrent> {
    let waited = replica.at_least(token, std::time::Duration::from_secs(20));
    actix_web::rt::System::new().block_on(waited)
}
