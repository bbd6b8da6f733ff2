//! Words of a command as a shell would split them, without expanding anything.

/// The words; an error if a quote is not closed.
pub(crate) fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (_, '\\') => escaped(quote.is_some(), rest.next(), &mut word),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("A quote in the command is not closed.".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// The effect of a backslash: it joins lines, and takes a character's meaning away. Inside double
/// quotes it does so to a few characters only.
fn escaped(quoted: bool, next: Option<char>, word: &mut Option<String>) {
    match next {
        Some('\n') => {}
        Some(c) if quoted && !"\"\\$`".contains(c) => {
            word.get_or_insert_default().extend(['\\', c])
        }
        Some(c) => word.get_or_insert_default().push(c),
        None => word.get_or_insert_default().push('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_a_shell_does() {
        let text = "curl  'a b'\"c \\\" \\n\" d\\ e \\\n -H ''";
        assert_eq!(words(text).unwrap(), ["curl", "a bc \" \\n", "d e", "-H", ""]);
        assert!(words("curl 'a").is_err());
    }
}
