//! Code for what is filled in: the panel on an action's page, the endpoint that keeps it up to
//! date, and the download.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::json;

use super::samples::{Ask, Language, NoSample, Sample, Target, project, sample};
use super::{Site, Values, key, missing};
use crate::actions::find;
use crate::catalog::Listed;
use crate::gateway::decode;

/// The region for what is asked without one.
const REGION: &str = "cn-hangzhou";
/// The folder in which the printed commands are typed.
const IN_THE_PROJECT: &str = "In the folder of the project, which has the program, what it needs \
                              with versions, and these commands.";
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
    sample(choice.language, &ask(listed, &given(values), choice))
}

/// The values that are filled in.
fn given(values: &[(String, String)]) -> Values {
    values.iter().filter(|(_, value)| !value.is_empty()).cloned().collect()
}

fn ask<'a>(listed: Listed, values: &'a [(String, String)], choice: &SampleChoice) -> Ask<'a> {
    Ask { listed, values, target: choice.target.clone() }
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
                    a download href=(href("download", listed, values, choice)) { "Download" } " "
                    a download href=(href("project", listed, values, choice)) { "Download the project" }
                }
                pre.sample tabindex="0" aria-label="Code" { (sample.code) }
                h3 { "How to run it" }
                p.hint { (IN_THE_PROJECT) }
                pre.how tabindex="0" aria-label="How to run it" { (sample.how_to_run) }
            }
            Err(NoSample { why }) => p.notice { (why) },
        }
    }
}

/// The address of the file, or of the project as a zip file.
fn href(what: &str, listed: Listed, values: &[(String, String)], choice: &SampleChoice) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let target = if choice.is_cloud() { "cloud" } else { "here" };
    query.append_pair("target", target).append_pair("region", choice.target.region());
    let given = values.iter().filter(|(_, value)| !value.is_empty());
    query.extend_pairs(given);
    let (action, language) = (key(listed), choice.language.slug());
    format!("/explorer/{what}/{action}/{language}?{}", query.finish())
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
            json!({ "file_name": file_name, "code": code, "how_to_run": how_to_run,
                    "download": href("download", listed, &values, &choice),
                    "project": href("project", listed, &values, &choice), "where": IN_THE_PROJECT })
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

/// The call and the language in the address of a download; the page that says what is missing
/// if there is none such.
fn asked(
    site: Site,
    headers: &HeaderMap,
    (action, language): (String, String),
    mut query: Values,
) -> Result<(Listed, SampleChoice, Values), Box<Response>> {
    let (Some(listed), Some(_)) = (find(&action), Language::find(&language)) else {
        return Err(Box::new(missing(&format!("{action} in {language}"))));
    };
    query.push(("language".to_owned(), language));
    let (choice, values) = SampleChoice::of(query, headers, site);
    Ok((listed, choice, values))
}

/// A file for the browser to keep.
fn attachment(file_name: &str, kind: &str, content: impl IntoResponse) -> Response {
    let disposition = format!("attachment; filename=\"{file_name}\"");
    let head = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)];
    (head, content).into_response()
}

/// The sample as a project, in a zip file.
pub(crate) async fn download_project(
    State(site): State<Site>,
    headers: HeaderMap,
    Path(path): Path<(String, String)>,
    Query(query): Query<Values>,
) -> Response {
    let (listed, choice, values) = match asked(site, &headers, path, query) {
        Ok(asked) => asked,
        Err(missing) => return *missing,
    };
    match project(choice.language, &ask(listed, &given(&values), &choice)) {
        Ok(made) => attachment(&format!("{}.zip", made.name), "application/zip", made.zip()),
        Err(NoSample { why }) => (StatusCode::NOT_FOUND, why).into_response(),
    }
}

/// The code as a file.
pub(crate) async fn download(
    State(site): State<Site>,
    headers: HeaderMap,
    Path(path): Path<(String, String)>,
    Query(query): Query<Values>,
) -> Response {
    let (listed, choice, values) = match asked(site, &headers, path, query) {
        Ok(asked) => asked,
        Err(missing) => return *missing,
    };
    match made(listed, &values, &choice) {
        Ok(Sample { file_name, code, .. }) => {
            attachment(&file_name, "text/plain; charset=utf-8", code)
        }
        Err(NoSample { why }) => (StatusCode::NOT_FOUND, why).into_response(),
    }
}
