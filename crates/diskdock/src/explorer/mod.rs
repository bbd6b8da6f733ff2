//! The API explorer: pages at `/explorer` made from the catalog.
//!
//! Reading works without script. The browser makes calls against the API like every client;
//! nothing here reaches the store.

mod action;
mod assets;
mod checker;
mod code;
mod console;
mod controls;
mod errors;
mod follow;
mod form;
mod gzip;
mod index;
mod layout;
mod metadata;
mod next;
mod page;
mod picture;
mod reply;
mod request;
mod resource;
pub mod samples;
mod search;
mod states;
mod text;
mod verbs;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use maud::Markup;

use crate::actions::{PRODUCTS, find};
use crate::catalog::Listed;

/// The only server that a page may load from and send to: this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Values of a query in the order in which they were given.
type Values = Vec<(String, String)>;

/// Properties of the server that pages depend on.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Whether it is reached over TLS.
    pub https: bool,
}

/// The explorer's pages.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/explorer", get(start))
        .route("/explorer/", get(|| async { Redirect::permanent("/explorer") }))
        .route("/explorer/actions/{name}", get(action_page))
        .route("/explorer/errors", get(|| async { shown(&errors::list()) }))
        .route("/explorer/errors/{code}", get(error_page))
        .route("/explorer/states", get(|| async { shown(&states::page()) }))
        .route("/explorer/console", get(|| async { shown(&console::page()) }))
        .route("/explorer/resources/{noun}/{id}", get(resource_page))
        .route("/explorer/controls", get(|| async { shown(&controls::page()) }))
        .route(
            "/explorer/signature",
            get(|| async { shown(&checker::page()) }).post(checker::filled),
        )
        .route("/explorer/api/signature", post(checker::answer))
        .route("/explorer/api/sample", post(code::answer))
        .route("/explorer/download/{action}/{language}", get(code::download))
        .route("/explorer/project/{action}/{language}", get(code::download_project))
        .route("/explorer/assets/{version}/{file}", get(asset))
        .route("/explorer/{*path}", get(|Path(path): Path<String>| async move { missing(&path) }))
        .merge(metadata::router())
        .layer(axum::middleware::from_fn(gzip::compress))
        .layer(axum::middleware::map_response(guarded))
        .with_state(site)
}

/// Puts the rules for browsers on an answer.
async fn guarded(mut response: Response) -> Response {
    let rules: [(HeaderName, &'static str); 3] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in rules {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}

fn shown(page: &Markup) -> Response {
    Html(page.0.clone()).into_response()
}

async fn start(Query(values): Query<Values>) -> Response {
    let asked = values.iter().find(|(name, _)| name == "q").map_or("", |(_, value)| value);
    shown(&index::page(asked))
}

async fn action_page(
    State(site): State<Site>,
    headers: HeaderMap,
    Path(name): Path<String>,
    Query(query): Query<Values>,
) -> Response {
    let (choice, values) = code::SampleChoice::of(query, &headers, site);
    match find(&name) {
        Some(listed) => shown(&action::page(listed, &values, &choice)),
        None => missing(&name),
    }
}

async fn error_page(Path(code): Path<String>) -> Response {
    errors::page(&code).map_or_else(|| missing(&code), |page| shown(&page))
}

async fn resource_page(
    Path((noun, id)): Path<(String, String)>,
    Query(query): Query<Values>,
) -> Response {
    let region = query.iter().find(|(name, _)| name == "region").map(|(_, value)| value.as_str());
    match resource::find(&noun) {
        Some(kind) => shown(&resource::page(kind, &id, region)),
        None => missing(&noun),
    }
}

async fn asset(Path((version, file)): Path<(String, String)>) -> Response {
    let Some((kind, text)) = assets::find(&version, &file) else { return missing(&file) };
    let forever = "public, max-age=31536000, immutable";
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, forever)], text).into_response()
}

fn missing(what: &str) -> Response {
    (StatusCode::NOT_FOUND, shown(&index::missing(what))).into_response()
}

/// The name of an action in addresses.
fn key(listed: Listed) -> String {
    listed.key(PRODUCTS)
}
