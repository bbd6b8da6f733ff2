//! The values of a form as a tree, typed as the SDKs' models have them.

use super::Language;
use super::model::{Kind, kind};
use crate::catalog::{ParamSpec, Repeat, SdkParam, Spec, TypedSdk};
use crate::gateway::decode::Pair;

/// A value in a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// One value; its text is written in the only way that the type has.
    Leaf(Kind, String),
    /// Several values, `Name.1`, `Name.2`, ….
    Leaves(Kind, Vec<String>),
    /// A structure, `Name.Member`.
    Group(Vec<Member>),
    /// Several structures, `Name.1.Member`, ….
    Groups(Vec<Vec<Member>>),
}

/// A named value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// The name on the wire, without the prefix of the group that holds it.
    pub name: &'static str,
    /// The value.
    pub node: Node,
}

/// Grows the tree; what does not fit the model is told instead.
pub(crate) struct Tree<'a> {
    sdk: Option<TypedSdk>,
    differences: &'static [SdkParam],
    pairs: &'a [Pair],
    taken: Vec<bool>,
    misfits: Vec<String>,
}

/// The tree of these pairs, or a sentence for each pair that cannot be said in the model.
pub(crate) fn grow(
    language: Language,
    spec: &Spec,
    pairs: &[Pair],
) -> Result<Vec<Member>, Vec<String>> {
    let taken = vec![false; pairs.len()];
    let mut tree =
        Tree { sdk: language.sdk(), differences: spec.sdk, pairs, taken, misfits: Vec::new() };
    let members = tree.members(spec.parameters, "", "");
    let unknown = pairs.iter().zip(&tree.taken).filter(|(_, taken)| !**taken);
    tree.misfits.extend(unknown.map(|((name, _), _)| format!("the SDK has no {name}")));
    if tree.misfits.is_empty() { Ok(members) } else { Err(tree.misfits) }
}

impl Tree<'_> {
    /// The members below `prefix`; `path` is the prefix without numbers.
    fn members(&mut self, specs: &'static [ParamSpec], prefix: &str, path: &str) -> Vec<Member> {
        let mut members = Vec::new();
        for spec in specs {
            let (full, path) = (format!("{prefix}{}", spec.name), format!("{path}{}", spec.name));
            if let Some(node) = self.node(spec, &full, &path) {
                members.push(Member { name: spec.name, node });
            }
        }
        members
    }

    fn node(&mut self, spec: &'static ParamSpec, full: &str, path: &str) -> Option<Node> {
        let inner = format!("{path}.");
        match spec.repeat {
            Repeat::Once | Repeat::JsonArray | Repeat::Commas => {
                let value = self.take(full)?;
                self.leaf(spec, full, path, &value).map(|kind| Node::Leaf(kind, value))
            }
            Repeat::Structure => {
                let members = self.members(spec.children, &format!("{full}."), &inner);
                (!members.is_empty()).then_some(Node::Group(members))
            }
            Repeat::Numbered if spec.children.is_empty() => self.leaves(spec, full, path),
            Repeat::Numbered => {
                let groups: Vec<_> = (1..)
                    .map(|number| format!("{full}.{number}."))
                    .take_while(|prefix| self.has_any(prefix))
                    .collect();
                let groups: Vec<_> = groups
                    .iter()
                    .map(|prefix| self.members(spec.children, prefix, &inner))
                    .collect();
                (!groups.is_empty()).then_some(Node::Groups(groups))
            }
        }
    }

    fn leaves(&mut self, spec: &ParamSpec, full: &str, path: &str) -> Option<Node> {
        let mut values = Vec::new();
        let mut known = None;
        loop {
            let name = format!("{full}.{}", values.len() + 1);
            let Some(value) = self.take(&name) else { break };
            known = self.leaf(spec, &name, path, &value);
            values.push(value);
        }
        known.map(|kind| Node::Leaves(kind, values))
    }

    fn has_any(&self, prefix: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name.starts_with(prefix))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(known, _)| known == name)?;
        self.taken[at] = true;
        Some(self.pairs[at].1.clone())
    }

    /// The type of a value, if the model can carry exactly this text.
    fn leaf(&mut self, spec: &ParamSpec, full: &str, path: &str, value: &str) -> Option<Kind> {
        let Some(kind) = kind(self.sdk, self.differences, path, spec) else {
            self.misfits.push(format!("the SDK has no {full}"));
            return None;
        };
        if !carries(kind, value) {
            let wanted = match kind {
                Kind::Boolean => "true or false",
                Kind::Text | Kind::Integer | Kind::Long | Kind::Float => "a plain number",
            };
            self.misfits.push(format!("the SDK takes only {wanted} for {full}"));
        }
        Some(kind)
    }
}

/// Whether a value of this type is sent as exactly this text.
fn carries(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Text => true,
        Kind::Integer => text.parse::<i32>().is_ok_and(|number| number.to_string() == text),
        Kind::Long => text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
        Kind::Boolean => matches!(text, "true" | "false"),
        Kind::Float => is_short_fraction(text),
    }
}

/// Fractions that all SDKs write alike: languages differ in `5` and `5.0`, and a float of 32 bits
/// shows its error when it is taken for one of 64. Halves and quarters are exact.
fn is_short_fraction(text: &str) -> bool {
    let Ok(number) = text.parse::<f32>() else { return false };
    let exact = [0.25, 0.5, 0.75].contains(&number.fract());
    exact && number < 10_000.0 && number.to_string() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(action: &str, pairs: &[(&str, &str)]) -> Result<Vec<Member>, Vec<String>> {
        let spec = crate::actions::find(action).unwrap().spec();
        let pairs: Vec<Pair> =
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        grow(Language::Go, spec, &pairs)
    }

    fn text(name: &'static str, value: &str) -> Member {
        Member { name, node: Node::Leaf(Kind::Text, value.to_owned()) }
    }

    #[test]
    fn tree_turns_wire_names_into_groups_and_lists() {
        let disk = [("DataDisk.1.Size", "40"), ("DataDisk.2.Category", "x"), ("Tag.1.Key", "k")];
        let size = Member { name: "Size", node: Node::Leaf(Kind::Integer, "40".to_owned()) };
        let groups = Node::Groups(vec![vec![size], vec![text("Category", "x")]]);
        let tags = Node::Groups(vec![vec![text("Key", "k")]]);
        let expected =
            vec![Member { name: "Tag", node: tags }, Member { name: "DataDisk", node: groups }];
        assert_eq!(grown("RunInstances", &disk), Ok(expected));
        let many = grown("StopInstances", &[("InstanceId.1", "i-1"), ("InstanceId.2", "i-2")]);
        let ids = Node::Leaves(Kind::Text, vec!["i-1".to_owned(), "i-2".to_owned()]);
        assert_eq!(many, Ok(vec![Member { name: "InstanceId", node: ids }]));
    }

    #[test]
    fn tree_reports_values_that_an_sdk_would_change() {
        let misfit = |action, name, value| grown(action, &[(name, value)]).unwrap_err().join("");
        assert!(misfit("CreateDisk", "Size", "040").contains("a plain number for Size"));
        assert!(misfit("CreateDisk", "Size", "4000000000").contains("Size"));
        assert!(misfit("CreateDisk", "Encrypted", "True").contains("true or false"));
        assert!(misfit("CreateDisk", "Tag.2.Key", "gap").contains("no Tag.2.Key"));
        assert!(misfit("CreateDisk", "Tag.1.key", "old").contains("no Tag.1.key"));
        assert!(misfit("CreateDisk", "Colour", "red").contains("no Colour"));
        assert!(misfit("RunInstances", "SpotPriceLimit", "5").contains("SpotPriceLimit"));
        assert!(grown("RunInstances", &[("SpotPriceLimit", "0.5")]).is_ok());
    }
}
