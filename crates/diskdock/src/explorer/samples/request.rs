//! A request as an expression of a typed language: the tree of values in the language's words.

use super::model::Kind;
use super::tree::{Member, Node};

/// The class of a structure.
#[derive(Clone, Copy)]
pub(crate) struct Class<'a> {
    /// The program's name for the SDK's package, `ecs`.
    pub package: &'a str,
    /// The class of the whole request, `RunInstancesRequest`.
    pub root: &'a str,
    /// The class itself, `RunInstancesRequestDataDisk`.
    pub name: &'a str,
}

/// How a language writes structures, lists and values. Texts may have several lines.
pub(crate) trait Words {
    /// One step of indentation.
    const INDENT: &'static str = "    ";

    /// The text between a structure's opening and its members, if there are any.
    const BEFORE_MEMBERS: &'static str = "\n";

    /// The opening of a structure.
    fn open(class: Class<'_>) -> String;
    /// One member on lines of its own; `last` in the structure or not.
    fn member(name: &str, value: &str, last: bool) -> String;
    /// The closing of a structure; a line of its own, unless it is empty.
    const CLOSE: &'static str = "";
    /// A value.
    fn leaf(kind: Kind, text: &str) -> String;
    /// A list of values.
    fn leaves(kind: Kind, values: &[String]) -> String;
    /// The opening of a list of structures.
    fn open_list(class: Class<'_>) -> String;
    /// The text after a structure in a list; `last` or not.
    fn separator(last: bool) -> &'static str;
    /// The closing of a list of structures.
    const CLOSE_LIST: &'static str;
}

/// The request of this class.
pub(crate) fn request<W: Words>(package: &str, root: &str, members: &[Member]) -> String {
    structure::<W>(Class { package, root, name: root }, members)
}

fn structure<W: Words>(class: Class<'_>, members: &[Member]) -> String {
    let lines = members.iter().enumerate().map(|(at, member)| {
        let inner = format!("{}{}", class.name, member.name);
        let value = node::<W>(Class { name: &inner, ..class }, &member.node);
        W::member(member.name, &value, at + 1 == members.len())
    });
    let lines: Vec<String> = lines.collect();
    let mut text = W::open(class);
    if !lines.is_empty() {
        text.push_str(W::BEFORE_MEMBERS);
        text.push_str(&indented::<W>(&lines.join("\n")));
        text.push_str(if W::CLOSE.is_empty() { "" } else { "\n" });
    }
    text + W::CLOSE
}

fn node<W: Words>(class: Class<'_>, node: &Node) -> String {
    match node {
        Node::Leaf(kind, text) => W::leaf(*kind, text),
        Node::Leaves(kind, texts) => {
            let values: Vec<String> = texts.iter().map(|text| W::leaf(*kind, text)).collect();
            W::leaves(*kind, &values)
        }
        Node::Group(members) => structure::<W>(class, members),
        Node::Groups(groups) => {
            let items = groups.iter().enumerate().map(|(at, group)| {
                structure::<W>(class, group) + W::separator(at + 1 == groups.len())
            });
            let items = indented::<W>(&items.collect::<Vec<_>>().join("\n"));
            format!("{}\n{items}\n{}", W::open_list(class), W::CLOSE_LIST)
        }
    }
}

/// Literals stay on one line, so that no text of the form is touched.
fn indented<W: Words>(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{}{line}", W::INDENT));
    lines.collect::<Vec<_>>().join("\n")
}
