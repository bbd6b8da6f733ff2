//! The explorer's pages without a browser: all of them render, no link is dead, nothing that was
//! typed becomes markup.

mod crawler;
mod escaping;
mod signature;

use axum::body::Body;
use diskdock::explorer::{Site, router};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

/// A page as it was answered.
pub(crate) struct Page {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
}

/// Gets an address of the explorer.
pub(crate) async fn get(path: &str) -> Page {
    let request = http::Request::builder().uri(path).header("host", "127.0.0.1:5260");
    send(request.body(Body::empty()).unwrap()).await
}

/// Posts a form to the explorer.
pub(crate) async fn post(path: &str, form: &[(&str, &str)]) -> Page {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = http::Request::builder()
        .method("POST")
        .uri(path)
        .header("host", "127.0.0.1:5260")
        .header("content-type", "application/x-www-form-urlencoded");
    send(request.body(Body::from(body)).unwrap()).await
}

async fn send(request: http::Request<Body>) -> Page {
    let service = TowerToHyperService::new(router(Site { https: false }));
    let (parts, body) = service.call(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    // Projects of samples are archives.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Page { status: parts.status.as_u16(), headers: parts.headers, text }
}

/// `a b` as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
