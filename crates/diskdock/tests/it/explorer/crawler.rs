//! Follows every link from the first page on, like a browser without script.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use diskdock::actions::{PRODUCTS, all};
use diskdock::catalog::errors;

use super::{Page, get};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The values of an attribute, with entities undone.
fn attributes<'a>(text: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let opening = format!(" {name}=\"");
    let parts: Vec<&str> = text.split(opening.as_str()).skip(1).collect();
    parts.into_iter().map(|rest| {
        let value = rest.split('"').next().unwrap_or_default();
        value
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
    })
}

fn links(page: &Page) -> BTreeSet<String> {
    let all = ["href", "src", "action", "data-index"];
    let all = all.into_iter().flat_map(|name| attributes(&page.text, name));
    all.filter(|link| !link.starts_with("data:")).collect()
}

/// Every page that can be reached, by its path, and the links that lead to each.
async fn crawl() -> (BTreeMap<String, Page>, Vec<(String, String)>) {
    let mut pages = BTreeMap::new();
    let mut anchors = Vec::new();
    let mut next = VecDeque::from(["/explorer".to_owned()]);
    while let Some(path) = next.pop_front() {
        if pages.contains_key(&path) {
            continue;
        }
        let page = get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        let is_html = page.headers["content-type"] == "text/html; charset=utf-8";
        for link in if is_html { links(&page) } else { BTreeSet::new() } {
            let (to, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let to = if to.is_empty() { path.as_str() } else { to };
            assert!(to.starts_with("/explorer"), "{path} leads away to {link}");
            if !anchor.is_empty() {
                anchors.push((to.to_owned(), anchor.to_owned()));
            }
            next.push_back(to.to_owned());
        }
        pages.insert(path, page);
    }
    (pages, anchors)
}

#[tokio::test]
async fn every_page_renders_and_no_link_is_dead() {
    let (pages, anchors) = crawl().await;
    for entry in all() {
        let path = format!("/explorer/actions/{}", entry.key(PRODUCTS));
        assert!(pages.contains_key(&path), "{path} cannot be reached");
    }
    for error in errors::all() {
        let path = format!("/explorer/errors/{}", error.code);
        assert!(pages.contains_key(&path), "{path} cannot be reached");
    }
    assert!(anchors.len() > 1_000, "only {} anchors", anchors.len());
    for (path, anchor) in anchors {
        let there = attributes(&pages[&path].text, "id").any(|id| id == anchor);
        assert!(there, "nothing is at {path}#{anchor}");
    }
}

#[tokio::test]
async fn every_page_keeps_the_rules_for_browsers() {
    let (pages, _) = crawl().await;
    for (path, page) in &pages {
        assert_eq!(page.headers["content-security-policy"], POLICY, "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(page.headers["referrer-policy"], "same-origin", "{path}");
        let forever = path.starts_with("/explorer/assets/");
        let cached = page.headers["cache-control"] == "public, max-age=31536000, immutable";
        assert_eq!(cached, forever, "{path}");
        if page.headers["content-type"] == "text/html; charset=utf-8" {
            let styled = page.text.contains(" style=\"") || page.text.contains("<style");
            assert!(!styled, "{path} has a style of its own");
            for inline in ["<script>", " onclick=", " onload=", " onerror=", " onsubmit="] {
                assert!(!page.text.contains(inline), "{path}: {inline}");
            }
        }
    }
}

#[tokio::test]
async fn ids_are_unique_on_every_page() {
    let (pages, _) = crawl().await;
    for (path, page) in pages.iter().filter(|(path, _)| !path.contains("/assets/")) {
        let mut seen = BTreeSet::new();
        for id in attributes(&page.text, "id") {
            assert!(seen.insert(id.clone()), "{path} has {id} twice");
        }
    }
}

#[tokio::test]
async fn search_page_finds_actions_without_script() {
    let found = get("/explorer?q=portable").await.text;
    assert!(found.contains("href=\"/explorer/errors/DiskNotPortable\""));
    let found = get("/explorer?q=detachdisk").await.text;
    assert!(found.contains("href=\"/explorer/actions/DetachDisk\""));
}

#[tokio::test]
async fn unknown_page_answers_404_and_suggests_similar_names() {
    let page = get("/explorer/actions/Detach").await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("href=\"/explorer/actions/DetachDisk\""));
    assert_eq!(get("/explorer/errors/NoSuchCode").await.status, 404);
    assert_eq!(get("/explorer/assets/0123456789abcdef/explorer.css").await.status, 404);
    assert_eq!(get("/explorer/download/DetachDisk/cobol").await.status, 404);
}

#[tokio::test]
async fn longest_page_stays_below_its_size_limit_when_compressed() {
    // What the browser loads for the first look at an action, compressed as browsers ask for it.
    let (pages, _) = crawl().await;
    let page = &pages["/explorer/actions/RunInstances"];
    let assets = links(page).into_iter().filter(|link| link.contains("/assets/"));
    let mut total = gzip(&page.text);
    for asset in assets {
        total += gzip(&pages[&asset].text);
    }
    assert!(total < 100 * 1024, "{total} bytes");
}

fn gzip(text: &str) -> usize {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap().len()
}
