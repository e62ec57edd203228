//! Replies compressed with gzip, for whoever takes that.
//!
//! The entity tag stays the same: it names the representation, and is compared with what the database
//! has, however the bytes travelled.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{self, AcceptEncoding, Encoding, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use flate2::{Compression, write::GzEncoder};

/// A smaller body goes into one packet either way.
const WORTH_IT: u64 = 1024;

/// Up to so many bytes are compressed at once, in no more time than another thread takes to be woken for it.
const AT_ONCE: usize = 16 * 1024;

/// Where a reply that is given again has its compressed form, from the first time on that somebody takes it so. Such a
/// reply carries it, among its extensions.
#[derive(Clone, Default)]
pub struct Zipped(Arc<OnceLock<Bytes>>);

/// Compresses a reply if the request takes gzip and there is something to gain. What is streamed goes
/// out as it comes.
pub async fn compress(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let is_worth_it = matches!(response.body().size(), BodySize::Sized(bytes) if bytes >= WORTH_IT);
    if !is_worth_it || response.headers().contains_key(header::CONTENT_ENCODING) || !takes_gzip(request) {
        return response;
    }
    let again = response.extensions().get::<Zipped>().cloned();
    let (mut head, body) = response.into_parts();
    let plain = match body.try_into_bytes() {
        Ok(plain) => plain,
        Err(streamed) => return head.set_body(streamed),
    };
    match zipped(&plain, again).await {
        Ok(zipped) => {
            head.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            head.set_body(BoxBody::new(zipped))
        }
        // It is as true, only longer.
        Err(why) => {
            log::warn!("a reply could not be compressed, and went out as it was: {why}");
            head.set_body(BoxBody::new(plain))
        }
    }
}

async fn zipped(plain: &Bytes, again: Option<Zipped>) -> io::Result<Bytes> {
    let Some(Zipped(again)) = again else { return zip(plain).await };
    if let Some(zipped) = again.get() {
        return Ok(zipped.clone());
    }
    let zipped = zip(plain).await?;
    Ok(again.get_or_init(|| zipped).clone())
}

async fn zip(plain: &Bytes) -> io::Result<Bytes> {
    if plain.len() <= AT_ONCE {
        return gzip(plain);
    }
    // A page of a matrix takes milliseconds, in which this thread would answer nobody else.
    let plain = plain.clone();
    web::block(move || gzip(&plain)).await.map_err(io::Error::other)?
}

fn gzip(plain: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?.into())
}

/// Whether the request prefers gzip. Who takes neither gzip nor plain bytes gets plain ones: a reply
/// that cannot be read says more than none.
fn takes_gzip(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return false;
    }
    let offered = [Encoding::gzip(), Encoding::identity()];
    let asked = request.get_header::<AcceptEncoding>();
    asked.and_then(|asked| asked.negotiate(offered.iter())) == Some(Encoding::gzip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_is_given_again_is_compressed_once() {
        let (plain, other, again) = (Bytes::from(vec![b'a'; 3_000]), Bytes::from(vec![b'b'; 3_000]), Zipped::default());
        let first = zipped(&plain, Some(again.clone())).await.expect("gzip");
        assert_eq!(first, gzip(&plain).expect("gzip"));
        assert_eq!(zipped(&other, Some(again)).await.expect("gzip"), first, "nothing is compressed anew");
        assert_eq!(zipped(&other, None).await.expect("gzip"), gzip(&other).expect("gzip"));
        let long = Bytes::from(vec![b'c'; 2 * AT_ONCE]);
        assert_eq!(zipped(&long, None).await.expect("gzip"), gzip(&long).expect("gzip"));
    }
}
