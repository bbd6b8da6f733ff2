//! An answer, as a story looks at it.

use serde_json::{Map, Value};

/// Status, headers and body of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
    /// The body as a tree, be it JSON or XML. In a tree that was XML every leaf is text and a
    /// list of one is not a list.
    pub json: Value,
}

impl Answer {
    pub(crate) fn new(parts: &http::response::Parts, body: &[u8]) -> Answer {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let kind = parts.headers["content-type"].to_str().unwrap();
        let json = match kind {
            "application/json;charset=utf-8" => serde_json::from_str(&text).unwrap(),
            "text/xml;charset=utf-8" => tree_of_xml(&text),
            other => panic!("unexpected content type {other}"),
        };
        Answer { status: parts.status.as_u16(), headers: parts.headers.clone(), text, json }
    }

    /// The error code; empty if it went well.
    pub(crate) fn code(&self) -> &str {
        self.json["Code"].as_str().unwrap_or_default()
    }

    /// The error message.
    pub(crate) fn message(&self) -> &str {
        self.json["Message"].as_str().unwrap_or_default()
    }

    /// Status and code in one, for comparison.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.code())
    }

    /// The text of a field at the top.
    pub(crate) fn text_at(&self, name: &str) -> String {
        self.json[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.text)).to_owned()
    }

    /// The parameters that had no effect, as the answer lists them.
    pub(crate) fn ignored(&self) -> &str {
        self.headers.get("x-diskdock-ignored").map_or("", |value| value.to_str().unwrap())
    }
}

/// The tree of an XML body without its root, read by a parser that is not ours.
fn tree_of_xml(text: &str) -> Value {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut stack: Vec<(String, Map<String, Value>, String)> =
        vec![(String::new(), Map::new(), String::new())];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                stack.push((name, Map::new(), String::new()));
            }
            Event::Text(part) => {
                stack.last_mut().unwrap().2.push_str(&part);
            }
            Event::GeneralRef(entity) => {
                let name: &str = &entity;
                let character = entity.resolve_char_ref().unwrap().map(String::from);
                let known = quick_xml::escape::resolve_predefined_entity(name);
                let resolved = character.or(known.map(str::to_owned)).unwrap();
                stack.last_mut().unwrap().2.push_str(&resolved);
            }
            Event::End(_) => {
                let (name, members, text) = stack.pop().unwrap();
                let value = if members.is_empty() { text.into() } else { Value::Object(members) };
                add(&mut stack.last_mut().unwrap().1, name, value);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let (_, mut root, _) = stack.pop().unwrap();
    let (_, tree) = std::mem::take(&mut root).into_iter().next().unwrap();
    tree
}

fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => drop(members.insert(name, value)),
        Some(Value::Array(entries)) => entries.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}
