//! Any input stays text, wherever it comes back.

use super::{Page, encoded, get, post};

const AWKWARD: &[&str] = &[
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "a\nb\r\nc\td",
    "back\\slash $(touch /tmp/x) `id` ${HOME}",
    "&lt;b&gt; &amp; &#x3c;i&#x3e;",
    "中文 é 😀 \u{202e}right to left \u{0}",
    "<!-- ]]> %s {{7*7}}",
];

/// Nothing of `text` may stand on the page as markup.
fn assert_stays_text(page: &Page, text: &str, path: &str) {
    assert!(page.status < 500, "{path}: {}", page.status);
    if page.headers["content-type"] != "text/html; charset=utf-8" {
        return;
    }
    for markup in ["<script>alert", "<img src=x", "<b>", "<i>", "<!--", " onmouseover='"] {
        let inside = page.text.contains(markup);
        assert!(!inside || markup.starts_with(' '), "{path}: {markup} of {text:?} is markup");
    }
    // The only quotes that an attribute ends with are those of the page.
    assert!(!page.text.contains("\"><img"), "{path}");
}

#[tokio::test]
async fn form_values_are_escaped() {
    for text in AWKWARD {
        let value = encoded(text);
        for path in [
            format!("/explorer/actions/DetachDisk?DiskId={value}&DeleteWithInstance={value}"),
            format!("/explorer/actions/RunInstances?Tag.7.Key={value}&DataDisk.2.Size={value}"),
            format!("/explorer/actions/DetachDisk?language={value}&target={value}&region={value}"),
            format!("/explorer/actions/DescribeDisks?{value}={value}&Tag.{value}.Key=x"),
            format!("/explorer?q={value}"),
            format!("/explorer/actions/{}", value.replace('+', "%20")),
            format!("/explorer/errors/{}", value.replace('+', "%20")),
            format!("/explorer/{}", value.replace('+', "%20")),
        ] {
            assert_stays_text(&get(&path).await, text, &path);
        }
    }
}

#[tokio::test]
async fn form_is_filled_with_the_values_of_its_url() {
    let path = "/explorer/actions/CreateDisk?Tag.2.Key=a%26b%22%3C&Tag.2.Value=2&Size=20";
    let page = get(path).await.text;
    assert!(page.contains("name=\"Tag.2.Key\" id=\"in-Tag.2.Key\" value=\"a&amp;b&quot;&lt;\""));
    assert!(page.contains("name=\"Tag.1.Key\""), "and the first entry is there as well");
}

#[tokio::test]
async fn pasted_requests_are_escaped() {
    for text in AWKWARD {
        let forms = [
            [("request", *text), ("mine", *text)],
            [("request", &*format!("GET /?Signature={}", encoded(text))), ("mine", text)],
        ];
        for form in forms {
            let page = post("/explorer/signature", &form).await;
            assert_stays_text(&page, text, "/explorer/signature");
            assert_eq!(post("/explorer/api/signature", &form).await.status, 200);
        }
    }
}

#[tokio::test]
async fn very_long_form_values_are_answered() {
    // As long as an address can be at all.
    let long = "x<".repeat(15_000);
    let page = get(&format!("/explorer/actions/DetachDisk?DiskId={}", encoded(&long))).await;
    assert_eq!(page.status, 200);
    assert_eq!(get(&format!("/explorer?q={}", encoded(&long))).await.status, 200);
    let sample = "/explorer/api/sample?action=DetachDisk&language=java";
    assert_eq!(post(sample, &[("DiskId", &long)]).await.status, 200);
}

#[tokio::test]
async fn number_of_list_entries_in_a_page_is_bounded() {
    let query: String = (1..=2_000).map(|n| format!("Tag.{n}.Key=k&")).collect();
    let page = get(&format!("/explorer/actions/CreateDisk?{query}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.matches("<fieldset>").count() <= 110);
}

#[tokio::test]
async fn host_header_cannot_inject_text_into_a_sample() {
    use axum::body::Body;
    let request = http::Request::builder()
        .uri("/explorer/download/DetachDisk/curl")
        .header("host", "evil\"; rm -rf /; \"")
        .body(Body::empty())
        .unwrap();
    let page = super::send(request).await;
    assert!(!page.text.contains("rm -rf") && page.text.contains("127.0.0.1:5260"));
}
