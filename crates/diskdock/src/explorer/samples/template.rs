//! Templates: files in the languages themselves, with sections and slots.
//!
//! A section begins with a line `==== name`. A slot is `{{name}}`; one that is alone on its line
//! takes several lines, indented like itself, and with none the line goes. Slots are filled in one
//! pass, so that what is filled in is never read as a slot.

/// Values for the slots of a template, by name.
pub(crate) type Slots<'a> = &'a [(&'a str, String)];

/// A section of a template, filled.
///
/// A missing section or slot is a mistake of ours, which the tests of every language would find.
pub(crate) fn fill(template: &str, section: &str, slots: Slots<'_>) -> String {
    let mut filled = String::new();
    for line in lines_of(template, section) {
        let indent = &line[..line.len() - line.trim_start().len()];
        match alone(line.trim()) {
            Some(name) => {
                for inner in value(slots, name).lines() {
                    let indent = if inner.is_empty() { "" } else { indent };
                    filled.push_str(indent);
                    filled.push_str(inner);
                    filled.push('\n');
                }
            }
            None => {
                fill_line(line, slots, &mut filled);
                filled.push('\n');
            }
        }
    }
    filled
}

/// Sentences as comments, a line each, wrapped at about 96 characters.
pub(crate) fn comments(mark: &str, sentences: &[String]) -> String {
    let mut text = String::new();
    for sentence in sentences {
        let mut length = 0;
        for word in sentence.split(' ') {
            let fits = length > 0 && length + word.len() < 90;
            let before = if fits { " " } else { mark };
            if length > 0 && !fits {
                text.push('\n');
                length = 0;
            }
            text.push_str(before);
            text.push_str(word);
            length += before.len() + word.len();
        }
        text.push('\n');
    }
    text
}

fn lines_of<'t>(template: &'t str, section: &str) -> impl Iterator<Item = &'t str> {
    let heading = format!("==== {section}");
    let mut lines = template.lines();
    assert!(lines.any(|line| line == heading), "the template has a section {section}");
    lines.take_while(|line| !line.starts_with("==== "))
}

/// The name of a slot that is all there is.
fn alone(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!name.contains('}')).then_some(name)
}

fn fill_line(line: &str, slots: Slots<'_>, filled: &mut String) {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("a slot of a template is closed");
        filled.push_str(before);
        filled.push_str(value(slots, name));
        rest = after;
    }
    filled.push_str(rest);
}

fn value<'s>(slots: Slots<'s>, wanted: &str) -> &'s str {
    let found = slots.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("a value for {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_once_and_keep_their_indent() {
        let template = "==== one\na {{x}} b\n  {{many}}\n  {{none}}\nend\n==== two\nno\n";
        let slots = [("x", "{{many}}".to_owned()), ("many", "1\n\n2".into()), ("none", "".into())];
        assert_eq!(fill(template, "one", &slots), "a {{many}} b\n  1\n\n  2\nend\n");
    }
}
