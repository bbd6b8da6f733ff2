//! An array in the text of one parameter.

use serde::de::DeserializeOwned;

/// The strings of a JSON array; none if the text is not one.
pub(crate) fn strings(text: &str) -> Option<Vec<String>> {
    elements(text)
}

/// The elements of a JSON array; none if the text is not one. Strings in single quotes count like
/// those in double quotes: the vendor's old Python SDK sends lists as Python writes them.
pub(crate) fn elements<T: DeserializeOwned>(text: &str) -> Option<Vec<T>> {
    let json = serde_json::from_str(text).ok();
    json.or_else(|| serde_json::from_str(&double_quoted(text)).ok())
}

/// The text with every string that stands in single quotes put into double quotes.
fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut open = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (open, character) {
            (None, '"' | '\'') => {
                open = Some(character);
                out.push('"');
            }
            (Some(quote), _) if character == quote => {
                open = None;
                out.push('"');
            }
            (Some('\''), '"') => out.push_str("\\\""),
            (Some(quote), '\\') => match characters.next() {
                Some('\'') if quote == '\'' => out.push('\''),
                escaped => out.extend(std::iter::once('\\').chain(escaped)),
            },
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{elements, strings};

    #[test]
    fn strings_are_read_in_either_kind_of_quotes() {
        for text in [r#"["d-1","d-2"]"#, "['d-1','d-2']", " [ 'd-1', 'd-2' ] ", r#"['d-1',"d-2"]"#]
        {
            assert_eq!(strings(text), Some(vec!["d-1".to_owned(), "d-2".to_owned()]), "{text}");
        }
        assert_eq!(strings("[]"), Some(Vec::new()));
        assert_eq!(
            strings(r#"['it\'s', 'a "b"', "it's"]"#).unwrap_or_default(),
            ["it's", "a \"b\"", "it's"]
        );
    }

    #[test]
    fn elements_are_structures_in_either_kind_of_quotes() {
        type Tags = Vec<std::collections::BTreeMap<String, String>>;
        let double: Option<Tags> = elements(r#"[{"TagKey":"team","TagValue":"a 'b'"}]"#);
        let single: Option<Tags> = elements(r#"[{'TagKey': 'team', 'TagValue': "a 'b'"}]"#);
        assert!(double.is_some());
        assert_eq!(single, double);
    }

    #[test]
    fn read_strings_refuses_text_that_is_no_array() {
        for text in [
            "",
            "d-1",
            "['d-1'",
            "['d-1]",
            "['d-1',]",
            "['a' 'b']",
            "[d-1]",
            "[1]",
            "'d-1'",
            "{'a':'b'}",
            "[['a']]",
            "['a']]",
            "[null]",
            r"['a\",
            "['a\u{1}']",
        ] {
            assert_eq!(strings(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn single_quotes_mean_what_double_quotes_mean(wanted: Vec<String>) {
            let json = |text: &String| serde_json::to_string(text).expect("text is JSON");
            let single = |text: &String| {
                let json = json(text);
                let inside = json[1..json.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
                format!("'{inside}'")
            };
            let quoted: Vec<_> = wanted.iter().map(single).collect();
            prop_assert_eq!(strings(&format!("[{}]", quoted.join(", "))), Some(wanted));
        }
    }
}
