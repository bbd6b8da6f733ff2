//! A text as a literal of each language: one place for each way of escaping.
//!
//! A literal stays on one line. Letters and pictures of any script are written as they are;
//! what a reader cannot see, or what an editor may change on the way (controls, combining marks,
//! signs that turn the direction of writing), is written by its number.

use std::fmt::Write;

/// Whether a character can stand as it is.
fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~') || (!letter.is_ascii() && letter.escape_debug().len() == 1)
}

/// A text between `quote` marks: `special` says what a character is written as, and the rest that
/// is not plain goes to `numbered`.
fn literal(
    text: &str,
    quote: char,
    special: fn(char) -> Option<&'static str>,
    numbered: fn(char, &mut String),
) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push(quote);
    for letter in text.chars() {
        match special(letter) {
            Some(written) => literal.push_str(written),
            None if is_plain(letter) => literal.push(letter),
            None => numbered(letter, &mut literal),
        }
    }
    literal.push(quote);
    literal
}

fn c_like(letter: char) -> Option<&'static str> {
    Some(match letter {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => return None,
    })
}

/// `\u0301`, and `\U0001F600` beyond the first 65536 characters: Python, Go, C# and HCL.
fn long_number(letter: char, out: &mut String) {
    let number = u32::from(letter);
    let written = if number > 0xffff {
        write!(out, "\\U{number:08X}")
    } else {
        write!(out, "\\u{number:04x}")
    };
    written.expect("a string takes everything");
}

/// `\u0301`, in two halves beyond the first 65536 characters: Java and JSON.
fn half_numbers(letter: char, out: &mut String) {
    for half in letter.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{half:04x}").expect("a string takes everything");
    }
}

/// `\u{301}`: TypeScript and PHP.
fn braced_number(letter: char, out: &mut String) {
    write!(out, "\\u{{{:x}}}", u32::from(letter)).expect("a string takes everything");
}

/// `\314\201`: the bytes of the character, whatever the locale of the shell.
fn bytes(letter: char, out: &mut String) {
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        write!(out, "\\{byte:03o}").expect("a string takes everything");
    }
}

/// Several literals, with commas between them.
pub(crate) fn list<T: AsRef<str>>(texts: &[T], quote: fn(&str) -> String) -> String {
    texts.iter().map(|text| quote(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// For Python.
pub(crate) fn python(text: &str) -> String {
    literal(text, '"', c_like, long_number)
}

/// For Go.
pub(crate) fn go(text: &str) -> String {
    literal(text, '"', c_like, long_number)
}

/// For C#.
pub(crate) fn csharp(text: &str) -> String {
    literal(text, '"', c_like, long_number)
}

/// The most characters of one literal of Java, whose constants end at 65535 bytes.
const JAVA_CONSTANT: usize = 10_000;

/// For Java. A number of ASCII is written in octal, because `\u000a` would end the line before the
/// literal is read.
pub(crate) fn java(text: &str) -> String {
    fn numbered(letter: char, out: &mut String) {
        if letter.is_ascii() { bytes(letter, out) } else { half_numbers(letter, out) }
    }
    let letters: Vec<char> = text.chars().collect();
    let parts = letters
        .chunks(JAVA_CONSTANT)
        .map(|part| literal(&part.iter().collect::<String>(), '"', c_like, numbered));
    let parts: Vec<String> = parts.collect();
    match parts.as_slice() {
        [] => "\"\"".to_owned(),
        [whole] => whole.clone(),
        // Joined when the program runs: joined with `+`, they would be one constant again.
        parts => format!("String.join(\"\", {})", parts.join(", ")),
    }
}

/// For TypeScript.
pub(crate) fn typescript(text: &str) -> String {
    fn special(letter: char) -> Option<&'static str> {
        match letter {
            '\'' => Some("\\'"),
            '"' => None,
            other => c_like(other),
        }
    }
    literal(text, '\'', special, braced_number)
}

/// For PHP: single quotes where everything is plain, else double quotes, in which `$` is special.
pub(crate) fn php(text: &str) -> String {
    fn single(letter: char) -> Option<&'static str> {
        match letter {
            '\'' => Some("\\'"),
            '\\' => Some("\\\\"),
            _ => None,
        }
    }
    fn double(letter: char) -> Option<&'static str> {
        if letter == '$' { Some("\\$") } else { c_like(letter) }
    }
    if text.chars().all(is_plain) {
        literal(text, '\'', single, braced_number)
    } else {
        literal(text, '"', double, braced_number)
    }
}

/// For bash: single quotes where everything is plain, else `$'…'`. A NUL cannot be said.
pub(crate) fn bash(text: &str) -> String {
    fn special(letter: char) -> Option<&'static str> {
        match letter {
            '\'' => Some("\\'"),
            '"' => None,
            other => c_like(other),
        }
    }
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "-_./:".contains(letter);
    if !text.is_empty() && text.chars().all(is_bare) {
        text.to_owned()
    } else if text.chars().all(is_plain) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        format!("${}", literal(text, '\'', special, bytes))
    }
}

/// For HCL, where `${` and `%{` begin a template.
pub(crate) fn hcl(text: &str) -> String {
    literal(text, '"', c_like, long_number).replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: &str = "a'b\"c\\d\n$(e)`f`${g}%{h}</script>é\u{301}\u{202e}磁😀\u{7f}";

    #[test]
    fn quote_escapes_for_every_language() {
        let common = "$(e)`f`${g}%{h}</script>é\\u0301\\u202e磁😀";
        let expected = format!("\"a'b\\\"c\\\\d\\n{common}");
        assert_eq!(python(AWKWARD), format!("{expected}\\u007f\""));
        assert_eq!(go(AWKWARD), python(AWKWARD));
        assert_eq!(csharp(AWKWARD), python(AWKWARD));
        assert_eq!(java(AWKWARD), format!("{expected}\\177\""));
        assert_eq!(hcl("${g}%{h}$$"), "\"$${g}%%{h}$$\"");
        assert_eq!(typescript("a'\"\u{301}\u{2028}"), "'a\\'\"\\u{301}\\u{2028}'");
    }

    #[test]
    fn quote_chooses_the_quotes_of_php_and_shell() {
        assert_eq!(php("a'$b\\"), "'a\\'$b\\\\'");
        assert_eq!(php("$a\n{$b}\"'"), "\"\\$a\\n{\\$b}\\\"'\"");
        assert_eq!(bash("d-1"), "d-1");
        assert_eq!(bash(""), "''");
        assert_eq!(bash("$(a)`b`'"), "'$(a)`b`'\\'''");
        assert_eq!(bash("a\n'\u{301}\\"), "$'a\\n\\'\\314\\201\\\\'");
    }

    #[test]
    fn quote_splits_a_long_text_in_java() {
        let long = java(&"x".repeat(25_000));
        assert!(long.starts_with("String.join(\"\", \"xxx") && long.matches("\", \"").count() == 3);
        assert_eq!(java(""), "\"\"");
    }
}
