//! The reference as Markdown: a page for each action and a list of all of them.

use super::document::one_line;
use super::errors::{self, ErrorCode};
use super::params::{ParamSpec, Presence, Repeat};
use super::product::{Listed, Product};
use super::reply::{ReplyField, ReplyShape};
use super::spec::Spec;

/// The file name of the list.
pub(crate) const INDEX_FILE: &str = "README.md";

/// The file name of an action's page.
pub(crate) fn file_name(listed: Listed, products: &[&'static Product]) -> String {
    format!("{}.md", listed.key(products))
}

/// The page of one action.
pub(crate) fn page(listed: Listed) -> String {
    let (spec, group_title) = (listed.spec(), listed.group.title);
    let mut out = format!("# {}\n\n{}\n", spec.name, spec.summary);
    let kind = match (spec.mutates, spec.is_asynchronous()) {
        (false, _) => "Read-only.",
        (true, false) => "A synchronous write.",
        (true, true) => "An asynchronous write: the reply accepts it, and it completes later.",
    };
    put(&mut out, &format!("\nOne of [{group_title}]({INDEX_FILE}). {kind}\n"));
    if !spec.details.is_empty() {
        put(&mut out, &format!("\n{}\n", spec.details));
    }
    if !spec.caution.is_empty() {
        put(&mut out, &format!("\n**Before it is sent:** {}\n", spec.caution));
    }
    put(&mut out, &format!("\n```text\n{}\n```\n", sample(listed)));
    parameters(spec, &mut out);
    reply(spec, &mut out);
    preconditions(spec, &mut out);
    own_errors(spec, &mut out);
    out
}

/// The list of all actions, group by group, and the errors that any of them can answer.
pub(crate) fn index(products: &[&'static Product]) -> String {
    let mut out = "# Actions\n\nEvery action of this server, with what it takes, answers and \
                   refuses. These pages are made from the code: `cargo run -- docs`.\n\nWords of a \
                   closed set are read as they are written here; where any case will do, the \
                   parameter says so. An array is JSON; its strings may stand in single quotes.\n"
        .to_owned();
    for product in products {
        put(&mut out, &format!("\n## {} {}\n", product.code, product.version));
        for group in product.groups {
            put(&mut out, &format!("\n### {}\n\n", group.title));
            for listed in product.in_group(group) {
                let (spec, file) = (listed.spec(), file_name(listed, products));
                put(&mut out, &format!("- [{}]({file}): {}\n", spec.name, spec.summary));
            }
        }
    }
    put(&mut out, "\n## Errors of any action\n\n");
    error_table(errors::common(), &mut out);
    out
}

/// Adds text to a page.
fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

/// The parameters of an example: all that are required; the first one if none is.
pub(crate) fn example_pairs(spec: &Spec) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    required_examples(spec.parameters, "", &mut pairs);
    if pairs.is_empty() {
        let first = spec.parameters.iter().find(|one| one.honoured && one.children.is_empty());
        pairs.extend(first.map(|one| example_pair(one, "")));
    }
    pairs
}

/// One request on a line.
fn sample(listed: Listed) -> String {
    let spec = listed.spec();
    let pairs = example_pairs(spec);
    let mut line = format!("GET /?Action={}&Version={}", spec.name, listed.product.version);
    for (name, value) in pairs {
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        put(&mut line, &format!("&{name}={value}"));
    }
    line
}

fn required_examples(specs: &[ParamSpec], prefix: &str, out: &mut Vec<(String, String)>) {
    for spec in specs.iter().filter(|spec| spec.presence == Presence::Required) {
        out.push(example_pair(spec, prefix));
    }
}

fn example_pair(spec: &ParamSpec, prefix: &str) -> (String, String) {
    let name = format!("{prefix}{}", spec.name);
    match spec.repeat {
        Repeat::Once | Repeat::Commas | Repeat::Structure => (name, spec.example.to_owned()),
        Repeat::Numbered => (format!("{name}.1"), spec.example.to_owned()),
        Repeat::JsonArray => (name, format!("[\"{}\"]", spec.example)),
    }
}

fn parameters(spec: &Spec, out: &mut String) {
    put(out, "\n## Parameters\n\n");
    if spec.parameters.is_empty() {
        return put(out, "None.\n");
    }
    put(
        out,
        "| Name | Type | Required | Meaning | Limits | Example |\n|---|---|---|---|---|---|\n",
    );
    parameter_rows(spec.parameters, "", true, 0, out);
}

fn parameter_rows(
    specs: &[ParamSpec],
    prefix: &str,
    honoured: bool,
    depth: usize,
    out: &mut String,
) {
    for spec in specs {
        let (name, honoured) = (format!("{prefix}{}", spec.name), honoured && spec.honoured);
        let (shown, inside) = match spec.repeat {
            Repeat::Once | Repeat::JsonArray | Repeat::Commas => (name.clone(), name),
            Repeat::Numbered => (format!("{name}.N"), format!("{name}.N")),
            Repeat::Structure => (name.clone(), name),
        };
        let cells = [
            format!("{}`{shown}`", "&emsp;".repeat(depth)),
            parameter_type(spec),
            if spec.presence == Presence::Required { "yes" } else { "no" }.to_owned(),
            meaning(spec, honoured),
            limits(spec),
            example(spec),
        ];
        row(&cells, out);
        parameter_rows(spec.children, &format!("{inside}."), honoured, depth + 1, out);
    }
}

fn parameter_type(spec: &ParamSpec) -> String {
    let one = spec.shape.type_name();
    match spec.repeat {
        Repeat::Once | Repeat::Structure => one.to_owned(),
        Repeat::Numbered => format!("{one}, numbered from 1"),
        Repeat::JsonArray => format!("JSON array of {one}"),
        Repeat::Commas => format!("{one}, several with commas"),
    }
}

fn meaning(spec: &ParamSpec, honoured: bool) -> String {
    let text = one_line(spec.doc);
    if honoured { text } else { format!("{text} **Has no effect.**") }
}

fn limits(spec: &ParamSpec) -> String {
    if spec.children.is_empty() { spec.shape.in_words() } else { String::new() }
}

fn example(spec: &ParamSpec) -> String {
    match spec.repeat {
        _ if spec.example.is_empty() => String::new(),
        Repeat::JsonArray => format!("`[\"{}\"]`", spec.example),
        Repeat::Once | Repeat::Numbered | Repeat::Commas | Repeat::Structure => {
            format!("`{}`", spec.example)
        }
    }
}

fn reply(spec: &Spec, out: &mut String) {
    put(out, "\n## Reply\n\n- `RequestId` (string): The request's id; name it in reports.\n");
    if let ReplyShape::Object(fields) = spec.reply {
        reply_fields(fields, 0, out);
    }
}

fn reply_fields(fields: &[ReplyField], depth: usize, out: &mut String) {
    for field in fields {
        let (kind, inside) = reply_type(&field.shape);
        let indent = "  ".repeat(depth);
        let line = format!("{indent}- `{}` ({kind}): {}\n", field.name, one_line(field.doc));
        put(out, &line);
        reply_fields(inside, depth + 1, out);
    }
}

/// The type in words, and the fields inside it.
pub(crate) fn reply_type(shape: &ReplyShape) -> (String, &'static [ReplyField]) {
    match shape {
        ReplyShape::Text => ("string".to_owned(), &[]),
        ReplyShape::Integer => ("integer".to_owned(), &[]),
        ReplyShape::Number => ("number".to_owned(), &[]),
        ReplyShape::Boolean => ("boolean".to_owned(), &[]),
        ReplyShape::Object(fields) => ("object".to_owned(), fields),
        ReplyShape::List(of) => {
            let (one, inside) = reply_type(of);
            (format!("list of {one}"), inside)
        }
    }
}

fn preconditions(spec: &Spec, out: &mut String) {
    let rules = (spec.preconditions)();
    if rules.is_empty() {
        return;
    }
    put(
        out,
        "\n## Preconditions\n\nChecked in this order; the first that does not hold is the \
         answer.\n\n",
    );
    for (number, (sentence, error)) in (1..).zip(rules) {
        put(out, &format!("{number}. {}: `{}`\n", capital(sentence), error.code));
    }
}

fn own_errors(spec: &Spec, out: &mut String) {
    put(out, "\n## Errors\n\n");
    let token = spec.takes("ClientToken").then_some(spec.token_mismatch);
    error_table(spec.errors().into_iter().chain(token), out);
    put(out, &format!("\nAnd [those of any action]({INDEX_FILE}#errors-of-any-action).\n"));
}

fn error_table(errors: impl IntoIterator<Item = &'static ErrorCode>, out: &mut String) {
    put(out, "| Status | Code | Message | Remedy |\n|---|---|---|---|\n");
    for error in errors {
        let cells = [
            error.status.to_string(),
            format!("`{}`", error.code),
            error.message.replace("{}", "…"),
            error.remedy.to_owned(),
        ];
        row(&cells, out);
    }
}

fn row(cells: &[String], out: &mut String) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    put(out, &format!("| {} |\n", cells.join(" | ")));
}

fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
