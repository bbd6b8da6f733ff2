//! XML from the same tree that JSON is written from, so that the two cannot differ.

use serde_json::Value;

/// The first line of every XML body.
pub(crate) const XML_DECLARATION: &str = "<?xml version='1.0' encoding='UTF-8'?>";

/// The members of an object, each as an element; anything else as text.
pub(crate) fn members(tree: &Value, out: &mut String) {
    match tree {
        Value::Object(object) => object.iter().for_each(|(name, value)| element(name, value, out)),
        other => text(other, out),
    }
}

/// One element; a list is the element once for each entry.
pub(crate) fn element(name: &str, value: &Value, out: &mut String) {
    if let Value::Array(entries) = value {
        return entries.iter().for_each(|entry| element(name, entry, out));
    }
    out.push('<');
    out.push_str(name);
    out.push('>');
    members(value, out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn text(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::String(text) => escape(text, out),
        other => out.push_str(&other.to_string()),
    }
}

/// Escapes what XML reserves, and replaces characters that XML 1.0 cannot carry at all.
pub(crate) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}
