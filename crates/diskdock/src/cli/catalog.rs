//! `diskdock catalog`: lists the actions, for people or programs.

use clap::ValueEnum;

use super::nearest::did_you_mean;
use super::{Failure, output};
use crate::actions::{PRODUCTS, all, find};
use crate::catalog::document::{self, one_line};
use crate::catalog::{Listed, ParamSpec, Presence, Repeat, Spec};

/// List the actions and their parameters, for people or programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock catalog --output table               the actions
  diskdock catalog DetachDisk --output table    the parameters of one
  diskdock catalog | jq '.actions[].errors[].code'")]
pub(crate) struct CatalogArgs {
    /// Only this action
    pub action: Option<String>,
    /// The format of the output: json is complete, table has the most useful columns
    #[arg(long, value_enum, default_value = "json")]
    pub output: TextFormat,
}

/// A format of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// For programs
    Json,
    /// For people
    Table,
}

/// Prints the catalog.
pub(super) fn run(args: CatalogArgs) -> Result<(), Failure> {
    let Some(name) = args.action else {
        return match args.output {
            TextFormat::Json => output::print_json(&document::document(PRODUCTS)),
            TextFormat::Table => output::print(&actions_table()),
        };
    };
    let listed = find(&name).ok_or_else(|| unknown_action(&name))?;
    match args.output {
        TextFormat::Json => output::print_json(&document::action(listed, PRODUCTS)),
        TextFormat::Table => output::print(&parameters_table(listed.spec())),
    }
}

/// There is no action of this name.
pub(super) fn unknown_action(name: &str) -> Failure {
    let keys: Vec<String> = all().map(|listed| listed.key(PRODUCTS)).collect();
    let suggestion = did_you_mean(name, keys.iter().map(String::as_str));
    let hint = format!("{suggestion}\nSee all with `diskdock catalog --output table`.");
    Failure::usage(format!("diskdock has no action {name}"), hint.trim_start())
}

fn actions_table() -> String {
    let row = |listed: Listed| {
        let (product, spec) = (listed.product, listed.spec());
        vec![
            listed.key(PRODUCTS),
            format!("{} {}", product.code, product.version),
            listed.group.title.to_owned(),
            spec.summary.to_owned(),
        ]
    };
    let rows: Vec<_> = all().map(row).collect();
    output::table(&["Action", "Product", "Group", "Summary"], &rows)
}

fn parameters_table(spec: &Spec) -> String {
    let mut rows = Vec::new();
    push_rows("", spec.parameters, &mut rows);
    let table = output::table(&["Parameter", "Required", "Expected", "Meaning"], &rows);
    format!("{}: {}\n\n{table}", spec.name, spec.summary)
}

fn push_rows(prefix: &str, specs: &[ParamSpec], rows: &mut Vec<Vec<String>>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        let required = if spec.presence == Presence::Required { "yes" } else { "" };
        let inner = match spec.repeat {
            Repeat::Numbered => format!("{name}.N"),
            Repeat::Once | Repeat::JsonArray | Repeat::Commas | Repeat::Structure => name,
        };
        let meaning = one_line(spec.doc);
        rows.push(vec![inner.clone(), required.into(), spec.shape.in_words(), meaning]);
        push_rows(&format!("{inner}."), spec.children, rows);
    }
}
