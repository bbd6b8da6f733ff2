//! Compresses what browsers take compressed: the longest form is 150 KB of mostly the same words,
//! and the index of the search 250 KB.

use std::io::Write;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

/// The shortest body that is compressed, in bytes.
const WORTHWHILE: usize = 1_024;
/// The longest page, in bytes; pages come from the catalog and from bounded requests.
const LONGEST: usize = 4 * 1024 * 1024;

/// Compresses an answer for those who said that they take it.
pub(crate) async fn compress(request: Request, next: Next) -> Response {
    let wanted = takes_gzip(request.headers());
    let (mut parts, body) = next.run(request).await.into_parts();
    parts.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let Ok(plain) = to_bytes(body, LONGEST).await else {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    if !wanted || plain.len() < WORTHWHILE {
        return Response::from_parts(parts, Body::from(plain));
    }
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(gzip(&plain)))
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    said.is_some_and(|said| {
        let gzip = said.split(',').map(str::trim).find(|one| one.starts_with("gzip"));
        gzip.is_some_and(|gzip| !gzip.ends_with("q=0"))
    })
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::default());
    encoder.write_all(plain).expect("memory takes what is written");
    encoder.finish().expect("memory takes what is written")
}
