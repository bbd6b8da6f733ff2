//! The catalog for programs: as OpenAPI, and in the form of the vendor's metadata.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::Site;
use crate::actions::PRODUCTS;
use crate::catalog::openapi::openapi;
use crate::catalog::{Listed, Product, metadata};

/// The paths of the vendor's metadata are those that it has at `api.aliyun.com`.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/openapi.json", get(|| async { sent(&openapi(PRODUCTS)) }))
        .route("/meta/v1/products.json", get(|| async { sent(&metadata::products(PRODUCTS)) }))
        .route("/meta/v1/products/{code}/versions/{version}/api-docs.json", get(product))
        .route("/meta/v1/products/{code}/versions/{version}/apis/{name}/api.json", get(action))
}

fn sent(document: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

fn unknown() -> Response {
    let hint = "See /meta/v1/products.json for the products, and api-docs.json for the actions.";
    let body = json!({ "error": "no such product, version or action", "hint": hint });
    (StatusCode::NOT_FOUND, sent(&body)).into_response()
}

fn find(code: &str, version: &str) -> Option<&'static Product> {
    let is_it =
        |one: &&&'static Product| one.code.eq_ignore_ascii_case(code) && one.version == version;
    PRODUCTS.iter().find(is_it).copied()
}

async fn product(Path((code, version)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let address = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let found = find(&code, &version);
    found.map_or_else(unknown, |found| sent(&metadata::product(found, address)))
}

async fn action(Path((code, version, name)): Path<(String, String, String)>) -> Response {
    let named = |listed: &Listed| listed.spec().name == name;
    let found = find(&code, &version).and_then(|product| product.listed().find(named));
    found.map_or_else(unknown, |listed| sent(&metadata::action(listed)))
}
