//! Replies compressed with gzip, for whoever takes that.
//!
//! The entity tag stays the same: it names the representation, and is compared with what the database
//! has, however the bytes travelled.

use std::io::Write;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, AcceptEncoding, Encoding, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, web};
use flate2::{Compression, write::GzEncoder};

use super::problem::Problem;

/// A smaller body goes into one packet either way.
const WORTH_IT: u64 = 1024;

/// Compresses a reply if the request takes gzip and there is something to gain. What is streamed goes
/// out as it comes.
pub async fn compress(response: ServiceResponse<BoxBody>) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_worth_it = matches!(response.response().body().size(), BodySize::Sized(bytes) if bytes >= WORTH_IT);
    if !is_worth_it || response.headers().contains_key(header::CONTENT_ENCODING) || !takes_gzip(response.request()) {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let plain = match body.try_into_bytes() {
        Ok(plain) => plain,
        Err(streamed) => return Ok(ServiceResponse::new(request, head.set_body(streamed))),
    };
    // A page of a matrix takes milliseconds, in which this thread would answer nobody else.
    let zipped = web::block(move || gzip(&plain)).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    head.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(zipped))))
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish()
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
