//! The requests and waits of a sample, which are the same in all languages.

use super::tree::{Member, grow};
use super::waiting::{self, Waiting};
use super::{Ask, Language, NoSample, Target};
use crate::catalog::{ParamSpec, Presence, Product, Repeat, Spec};
use crate::gateway::decode::Pair;
use crate::service::COMMON;

/// The sample's content.
pub(crate) struct Plan<'a> {
    /// The product of the action.
    pub product: &'static Product,
    /// The action.
    pub spec: &'static Spec,
    /// The parameters to send, in the order of the form.
    pub pairs: Vec<Pair>,
    /// The same as the SDK's model has it, or why the model cannot carry it.
    pub fit: Result<Vec<Member>, Vec<String>>,
    /// Required parameters that were not filled in and have the catalog's example.
    pub examples: Vec<String>,
    /// The server to call.
    pub target: &'a Target,
    /// The region of the request.
    pub region: String,
    /// The status to wait for.
    pub waiting: Option<Waiting>,
}

impl<'a> Plan<'a> {
    /// The plan, or why there cannot be one.
    pub(crate) fn of(language: Language, ask: &'a Ask<'_>) -> Result<Plan<'a>, NoSample> {
        check_names(ask.values)?;
        let mut pairs = ask.values.to_vec();
        let mut examples = Vec::new();
        let spec = ask.listed.spec();
        for parameter in spec.parameters {
            complete(parameter, ask.target.region(), &mut pairs, &mut examples);
        }
        let region = pairs.iter().find(|(name, value)| name == "RegionId" && !value.is_empty());
        let region = region.map_or(ask.target.region(), |(_, value)| value);
        Ok(Plan {
            product: ask.listed.product,
            spec,
            fit: grow(language, spec, &pairs),
            region: region.to_owned(),
            waiting: waiting::of(spec, &pairs),
            target: &ask.target,
            examples,
            pairs,
        })
    }

    /// Notes about the call, a sentence each; for the top of the file.
    pub(crate) fn notes(&self) -> Vec<String> {
        let example = |name: &String| format!("{name} was not filled in; this is an example.");
        let mut notes: Vec<String> = self.examples.iter().map(example).collect();
        let dry = |(name, value): &Pair| name == "DryRun" && value.eq_ignore_ascii_case("true");
        if self.pairs.iter().any(dry) {
            notes.push(
                "A dry run that finds nothing wrong ends with the error DryRunOperation.".into(),
            );
        }
        notes
    }

    /// [`notes`](Plan::notes), and why the SDK's model is not used if it is not.
    pub(crate) fn notes_with_misfits(&self) -> Vec<String> {
        let mut notes = self.notes();
        if let Err(misfits) = &self.fit {
            let why = misfits.join(" and ");
            notes.push(format!("The call is made by wire names, because {why}."));
        }
        notes
    }

    /// `DetachDiskRequest`.
    pub(crate) fn request_class(&self) -> String {
        format!("{}Request", self.spec.name)
    }

    /// The host to call, with the port if it is not the usual one.
    pub(crate) fn endpoint(&self) -> String {
        self.target.endpoint(self.product)
    }

    /// The product's name in its SDKs: `ecs`.
    pub(crate) fn alias(&self) -> String {
        self.product.code.to_lowercase()
    }

    /// The product's version, and the names of its SDKs that come from code and version.
    pub(crate) fn product_slots(&self) -> Vec<(&'static str, String)> {
        let Product { code, version, go_sdk, .. } = self.product;
        let digits = version.replace('-', "");
        let alias = self.alias();
        vec![
            ("version", (*version).to_owned()),
            ("sdk", format!("{alias}{digits}")),
            ("Sdk", format!("{code}{digits}")),
            ("go module", format!("{alias}-{digits}/{go_sdk}")),
            ("alias", alias),
        ]
    }

    /// `HTTP` or `HTTPS`.
    pub(crate) fn protocol(&self) -> &'static str {
        if self.target.https() { "HTTPS" } else { "HTTP" }
    }

    /// Every pair on a line of its own.
    pub(crate) fn pair_lines(&self, line: impl Fn(&str, &str) -> String) -> String {
        let lines = self.pairs.iter().map(|(name, value)| line(name, value));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The pairs, sorted by name as signatures want them.
    pub(crate) fn sorted(&self) -> Vec<Pair> {
        let mut pairs = self.pairs.clone();
        pairs.sort();
        pairs
    }
}

fn check_names(values: &[Pair]) -> Result<(), NoSample> {
    for (at, (name, _)) in values.iter().enumerate() {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(NoSample::because(format!("{name:?} is not the name of a parameter.")));
        }
        if COMMON.contains(&name.as_str()) {
            return Err(NoSample::because(format!("The sample sets {name} itself. Leave it out.")));
        }
        if values[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(NoSample::because(format!("{name} is given twice. Give it once.")));
        }
    }
    Ok(())
}

/// Adds what is required and not there. The region is the one that is called.
fn complete(spec: &ParamSpec, region: &str, pairs: &mut Vec<Pair>, examples: &mut Vec<String>) {
    let numbered = format!("{}.", spec.name);
    let is_there = |(name, _): &Pair| name == spec.name || name.starts_with(&numbered);
    if spec.presence == Presence::Optional || pairs.iter().any(is_there) {
        return;
    }
    let (name, value) = match spec.repeat {
        Repeat::Once | Repeat::Commas | Repeat::Structure => {
            (spec.name.to_owned(), spec.example.to_owned())
        }
        Repeat::Numbered => (format!("{}.1", spec.name), spec.example.to_owned()),
        Repeat::JsonArray => (spec.name.to_owned(), format!("[\"{}\"]", spec.example)),
    };
    if name == "RegionId" {
        pairs.push((name, region.to_owned()));
    } else {
        examples.push(name.clone());
        pairs.push((name, value));
    }
}
