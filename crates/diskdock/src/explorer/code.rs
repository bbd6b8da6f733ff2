//! Code for what is filled in: the panel on an action's page, the endpoint that keeps it up to
//! date, and the download.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::json;

use super::samples::{Ask, Language, NoSample, Sample, Target, sample};
use super::{Site, Values, key, missing};
use crate::actions::find;
use crate::catalog::Listed;
use crate::gateway::decode;

/// The region for what is asked without one.
const REGION: &str = "cn-hangzhou";
/// The name of a server whose own name cannot be read.
const ENDPOINT: &str = "127.0.0.1:5260";

/// Which code is wanted.
pub(crate) struct SampleChoice {
    language: Language,
    target: Target,
}

impl SampleChoice {
    /// Takes what is about the code out of a query; the rest are values of the form. Parameters
    /// of the API begin with a capital letter, those of pages do not.
    pub(crate) fn of(query: Values, headers: &HeaderMap, site: Site) -> (SampleChoice, Values) {
        let (values, own): (Values, Values) =
            query.into_iter().partition(|(name, _)| name.starts_with(|c: char| c.is_uppercase()));
        let asked = |wanted: &str| {
            let found = own.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let language = asked("language").and_then(Language::find).unwrap_or(Language::Python);
        let region = asked("region").filter(|region| is_region(region)).unwrap_or(REGION);
        let region = region.to_owned();
        let target = match asked("target") {
            Some("cloud") => Target::Cloud { region },
            _ => Target::ThisServer { endpoint: endpoint(headers), https: site.https, region },
        };
        (SampleChoice { language, target }, values)
    }

    fn is_cloud(&self) -> bool {
        matches!(self.target, Target::Cloud { .. })
    }
}

/// A region becomes part of a host name.
fn is_region(text: &str) -> bool {
    text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The address that the reader reached this server at.
fn endpoint(headers: &HeaderMap) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let fits = !host.is_empty() && host.len() <= 255 && host.chars().all(allowed);
    if fits { host.to_owned() } else { ENDPOINT.to_owned() }
}

fn made(
    listed: Listed,
    values: &[(String, String)],
    choice: &SampleChoice,
) -> Result<Sample, NoSample> {
    let values: Values = values.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
    sample(choice.language, &Ask { listed, values: &values, target: choice.target.clone() })
}

/// The panel, with the code for what the form begins with.
pub(super) fn panel(listed: Listed, values: &[(String, String)], choice: &SampleChoice) -> Markup {
    let made = made(listed, values, choice);
    html! {
        div.choice {
            span {
                label for="language" { "Language" } " "
                select id="language" name="language" form="form" {
                    @for language in Language::ALL {
                        option value=(language.slug()) selected[language == choice.language] {
                            (language.name())
                        }
                    }
                }
            }
            span {
                label for="target" { "Calls" } " "
                select id="target" name="target" form="form" {
                    option value="here" { "this server" }
                    option value="cloud" selected[choice.is_cloud()] { "Alibaba Cloud" }
                }
            }
            button type="submit" form="form" data-without-script { "Show the code" }
        }
        div.made { (shown(listed, values, choice, &made)) }
    }
}

fn shown(
    listed: Listed,
    values: &[(String, String)],
    choice: &SampleChoice,
    made: &Result<Sample, NoSample>,
) -> Markup {
    html! {
        @match made {
            Ok(sample) => {
                p.bar {
                    span.file { (sample.file_name) } " "
                    a download href=(download_href(listed, values, choice)) { "Download" }
                }
                pre.sample tabindex="0" aria-label="Code" { (sample.code) }
                h3 { "How to run it" }
                pre.how tabindex="0" aria-label="How to run it" { (sample.how_to_run) }
            }
            Err(NoSample { why }) => p.notice { (why) },
        }
    }
}

fn download_href(listed: Listed, values: &[(String, String)], choice: &SampleChoice) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let target = if choice.is_cloud() { "cloud" } else { "here" };
    query.append_pair("target", target).append_pair("region", choice.target.region());
    let given = values.iter().filter(|(_, value)| !value.is_empty());
    query.extend_pairs(given);
    let (action, language) = (key(listed), choice.language.slug());
    format!("/explorer/download/{action}/{language}?{}", query.finish())
}

/// The code for a form that is being filled in: which action and how in the query, the values as
/// a form in the body.
pub(crate) async fn answer(
    State(site): State<Site>,
    headers: HeaderMap,
    Query(query): Query<Values>,
    body: Bytes,
) -> Response {
    let name = query.iter().find(|(name, _)| name == "action").map_or("", |(_, value)| value);
    let Some(listed) = find(name) else {
        return problem(StatusCode::NOT_FOUND, &format!("there is no action {name:?}"));
    };
    let values = match decode::form(&body) {
        Ok(values) => values,
        Err(fault) => return problem(StatusCode::BAD_REQUEST, &fault.to_string()),
    };
    let (choice, _) = SampleChoice::of(query, &headers, site);
    let answer = match made(listed, &values, &choice) {
        Ok(Sample { file_name, code, how_to_run }) => {
            let download = download_href(listed, &values, &choice);
            json!({ "file_name": file_name, "code": code, "how_to_run": how_to_run,
                    "download": download })
        }
        Err(NoSample { why }) => json!({ "why": why }),
    };
    json_response(StatusCode::OK, &answer)
}

fn problem(status: StatusCode, error: &str) -> Response {
    json_response(status, &json!({ "error": error }))
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// The code as a file.
pub(crate) async fn download(
    State(site): State<Site>,
    headers: HeaderMap,
    Path((action, language)): Path<(String, String)>,
    Query(mut query): Query<Values>,
) -> Response {
    let (Some(listed), Some(_)) = (find(&action), Language::find(&language)) else {
        return missing(&format!("{action} in {language}"));
    };
    query.push(("language".to_owned(), language));
    let (choice, values) = SampleChoice::of(query, &headers, site);
    match made(listed, &values, &choice) {
        Ok(Sample { file_name, code, .. }) => {
            let disposition = format!("attachment; filename=\"{file_name}\"");
            let kind = "text/plain; charset=utf-8".to_owned();
            ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition)], code).into_response()
        }
        Err(NoSample { why }) => (StatusCode::NOT_FOUND, why).into_response(),
    }
}
