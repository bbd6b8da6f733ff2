//! The signature checker: tells what the server would sign of a pasted request. The secret stays
//! in the browser: the page computes the signature from the texts that are given here.

mod alone;
mod mistakes;
mod paste;
mod shell;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::page::{Section, page as whole};
use crate::gateway::decode;
use crate::gateway::signature::{Claims, Mismatch, Received, Scheme, claims, explain, intent};

/// The pasted texts.
const PASTED: &str = "POST http://127.0.0.1:5260/?DiskId=d-…\nx-acs-action: DetachDisk\n\
                      authorization: ACS3-HMAC-SHA256 Credential=…";

/// A request's signature, and the text that it has to cover.
struct Claimed {
    scheme: Scheme,
    access_key_id: String,
    timestamp_s: i64,
    given: String,
    signed: Mismatch,
}

/// Reads a pasted request and tells what the server signs; an error says what is wrong with it.
fn tell(request: &str) -> Result<Claimed, String> {
    let pasted = paste::read(request)?;
    let received = pasted.received();
    let claims = claims(&received).map_err(|fault| fault.to_string())?;
    claimed_signature(&received, &claims)
}

fn claimed_signature(received: &Received<'_>, claims: &Claims<'_>) -> Result<Claimed, String> {
    let unsigned = "There is no signature in it: neither an Authorization header that begins with \
                    ACS3-HMAC-SHA256 nor a parameter Signature.";
    let (signed, given) = explain(received, claims).ok_or(unsigned)?;
    Ok(Claimed {
        scheme: intent(received).scheme,
        access_key_id: claims.access_key_id.unwrap_or_default().to_owned(),
        timestamp_s: claims.timestamp_s.unwrap_or_default(),
        given: given.to_owned(),
        signed,
    })
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// The answer for the page's script.
pub(crate) async fn answer(body: Bytes) -> Response {
    let reply = match decode::form(&body) {
        Ok(form) => as_json(field(&form, "request"), field(&form, "mine")),
        Err(fault) => json!({ "error": fault.to_string() }),
    };
    ([(CONTENT_TYPE, "application/json")], reply.to_string()).into_response()
}

fn as_json(request: &str, mine: &str) -> Value {
    if request.trim().is_empty() && !mine.trim().is_empty() {
        return match alone::check(mine) {
            Ok(checked) => json!({
                "scheme": checked.scheme,
                "string_to_sign": checked.string_to_sign,
                "difference": checked.difference,
                "alone": true,
            }),
            Err(error) => json!({ "error": error }),
        };
    }
    let found = match tell(request) {
        Ok(found) => found,
        Err(error) => return json!({ "error": error }),
    };
    let (string_to_sign, canonical_request) = texts(&found.signed);
    let mistakes: Vec<Value> = mistakes::usual(&found.signed)
        .iter()
        .map(|one| json!({ "sentence": one.sentence, "string_to_sign": one.string_to_sign }))
        .collect();
    let difference = if mine.is_empty() { None } else { mistakes::difference(mine, &found.signed) };
    json!({
        "scheme": if found.scheme == Scheme::Rpc { "rpc" } else { "acs3" },
        "access_key_id": found.access_key_id,
        "timestamp_s": found.timestamp_s,
        "given": found.given,
        "string_to_sign": string_to_sign,
        "canonical_request": canonical_request,
        "mistakes": mistakes,
        "difference": difference,
    })
}

fn texts(signed: &Mismatch) -> (&str, Option<&str>) {
    match signed {
        Mismatch::Rpc { string_to_sign } => (string_to_sign, None),
        Mismatch::Acs3 { string_to_sign, canonical_request } => {
            (string_to_sign, Some(canonical_request))
        }
        Mismatch::Unsigned => ("", None),
    }
}

/// The page, empty.
pub(crate) fn page() -> Markup {
    shown("", "", &html! {})
}

/// The page with the findings about a request that was sent without script.
pub(crate) async fn filled(body: Bytes) -> Response {
    let form = match decode::form(&body) {
        Ok(form) => form,
        Err(fault) => vec![("error".to_owned(), fault.to_string())],
    };
    let (request, mine) = (field(&form, "request"), field(&form, "mine"));
    super::shown(&shown(request, mine, &findings(request, mine)))
}

fn findings(request: &str, mine: &str) -> Markup {
    if request.trim().is_empty() && !mine.trim().is_empty() {
        return findings_alone(mine);
    }
    let found = match tell(request) {
        Ok(found) => found,
        Err(error) => return html! { p.verdict.bad { (error) } },
    };
    let (string_to_sign, canonical_request) = texts(&found.signed);
    let difference = if mine.is_empty() { None } else { mistakes::difference(mine, &found.signed) };
    html! {
        @if let Some(difference) = difference {
            p.verdict.bad { (difference) }
        }
        @if let Some(canonical) = canonical_request {
            h3 { "Canonical request" } pre tabindex="0" { (canonical) }
        }
        h3 { "String to sign" } pre tabindex="0" { (string_to_sign) }
        h3 { "Signature in the request" } pre tabindex="0" { (found.given) }
    }
}

fn findings_alone(mine: &str) -> Markup {
    match alone::check(mine) {
        Ok(alone::Checked { difference: Some(difference), .. }) => {
            html! { p.verdict.bad { (difference) } }
        }
        Ok(_) => html! { p.verdict.good { (alone::WELL_MADE) } },
        Err(error) => html! { p.verdict.bad { (error) } },
    }
}

fn shown(request: &str, mine: &str, found: &Markup) -> Markup {
    let body = html! {
        h1 { "Signature checker" }
        p.lead { "Paste a refused request to see the server's string to sign. Both schemes are "
            "supported: ACS3-HMAC-SHA256 and version 1.0." }
        form.checker method="post" action="/explorer/signature" {
            label for="request" { "The request" }
            textarea id="request" name="request" rows="9" spellcheck="false"
                aria-describedby="request-hint"
                placeholder=(PASTED) { (request) }
            p.hint id="request-hint" { "As HTTP, as a URL with headers below it, or as a curl command." }
            label for="mine" { "Your own string to sign or canonical request, if you have it; it can also stand alone" }
            textarea id="mine" name="mine" rows="3" spellcheck="false" { (mine) }
            div data-script-only hidden {
                label for="secret" { "AccessKey secret" }
                input id="secret" type="password" autocomplete="off" aria-describedby="secret-hint";
                p.hint id="secret-hint" { "It is used in this page and sent nowhere." }
            }
            p.send { button.primary { "Check" } }
        }
        div.findings aria-live="polite" { (found) }
    };
    whole("Signature checker", Section::Signature, &["checker.js"], &body)
}
