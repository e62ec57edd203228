//! The replies to writes that came with an idempotency key, kept in the transaction of the write.

use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;

use super::schema::kept_replies as table;
use super::{Conn, StoreError, on};

/// How long a reply is kept.
const KEPT_FOR: Duration = Duration::hours(24);

/// Which write a reply is of: whose, under which key, and what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteKey {
    /// Who wrote.
    pub actor: String,
    /// The key, which the writer made.
    pub idempotency_key: String,
    /// Of everything that the request said.
    pub request_digest: String,
}

/// A reply as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReply {
    /// Its status.
    pub status: u16,
    /// Its headers, as a JSON object.
    pub headers: String,
    /// Its body.
    pub body: String,
}

/// The reply that is kept under the key, with the digest of the request that it answered.
pub fn find(conn: &mut Conn, key: &WriteKey, now: DateTime<Utc>) -> Result<Option<(String, KeptReply)>, StoreError> {
    let found: Option<(String, i32, String, String)> = on!(conn, |c| table::table
        .find((&key.actor, &key.idempotency_key))
        .filter(table::kept_at.gt((now - KEPT_FOR).naive_utc()))
        .select((table::request_digest, table::status, table::headers, table::body))
        .get_result(c)
        .optional()?);
    found
        .map(|(digest, status, headers, body)| Ok((digest, KeptReply { status: to_status(status)?, headers, body })))
        .transpose()
}

fn to_status(stored: i32) -> Result<u16, StoreError> {
    u16::try_from(stored).map_err(|_| StoreError::Corrupt(format!("the status {stored}")))
}

/// Forgets the replies that are too old.
pub fn forget_old(conn: &mut Conn, now: DateTime<Utc>) -> Result<(), StoreError> {
    let too_old = table::kept_at.le((now - KEPT_FOR).naive_utc());
    on!(conn, |c| diesel::delete(table::table.filter(too_old)).execute(c)?);
    Ok(())
}

/// Keeps a reply, and forgets those that are too old.
pub(super) fn keep(conn: &mut Conn, key: &WriteKey, reply: &KeptReply, now: DateTime<Utc>) -> Result<(), StoreError> {
    forget_old(conn, now)?;
    let row = (
        table::actor.eq(&key.actor),
        table::idempotency_key.eq(&key.idempotency_key),
        table::request_digest.eq(&key.request_digest),
        table::status.eq(i32::from(reply.status)),
        table::headers.eq(&reply.headers),
        table::body.eq(&reply.body),
        table::kept_at.eq(now.naive_utc()),
    );
    on!(conn, |c| diesel::insert_into(table::table).values(row).execute(c)?);
    Ok(())
}
