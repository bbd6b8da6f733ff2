//! Takes escape sequences and control characters out of what a guest has written, so that nothing
//! is left that a terminal would obey.

use std::mem;

/// Where a sequence is that has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// None has.
    #[default]
    Text,
    /// `ESC` was read.
    Escape,
    /// `ESC` and an intermediate character such as `(`: one more character belongs to it.
    Intermediate,
    /// `ESC [`: ends with a letter or one of ``@[\]^_`{|}~``.
    Control,
    /// `ESC ]` and the like: ends with `BEL` or `ESC \`.
    String,
    /// `ESC` within such a string.
    StringEscape,
}

/// Text of which one piece comes after the other. A sequence, or a character of several bytes, may
/// lie across the pieces.
#[derive(Debug, Default)]
pub(crate) struct AnsiStripper {
    state: Mode,
    /// The beginning of a character.
    rest: Vec<u8>,
}

impl AnsiStripper {
    /// The plain text of a whole.
    pub(crate) fn strip(bytes: &[u8]) -> String {
        let mut stripper = AnsiStripper::default();
        let mut text = stripper.push(bytes);
        if !stripper.rest.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        text
    }

    /// The plain text of the next piece: lines and tabs stay, and what is no UTF-8 is replaced.
    pub(crate) fn push(&mut self, piece: &[u8]) -> String {
        let mut bytes = mem::take(&mut self.rest);
        bytes.extend_from_slice(piece);
        let mut text = String::with_capacity(bytes.len());
        let mut left = bytes.as_slice();
        while !left.is_empty() {
            let (valid, after) = match str::from_utf8(left) {
                Ok(all) => (all, &[][..]),
                Err(broken) => {
                    let (valid, after) = left.split_at(broken.valid_up_to());
                    (str::from_utf8(valid).expect("it was just found valid"), after)
                }
            };
            valid.chars().for_each(|character| self.take(character, &mut text));
            left = match str::from_utf8(after).map_err(|broken| broken.error_len()) {
                Ok(_) => &[],
                Err(Some(bad)) => {
                    self.take(char::REPLACEMENT_CHARACTER, &mut text);
                    &after[bad..]
                }
                Err(None) => {
                    self.rest = after.to_vec();
                    &[]
                }
            };
        }
        text
    }

    fn take(&mut self, character: char, text: &mut String) {
        // Even within a sequence that is never ended, a line is: what follows is not lost.
        if character == '\n' {
            self.state = Mode::Text;
        }
        self.state = match (self.state, character) {
            (Mode::String, '\x1b') => Mode::StringEscape,
            (Mode::String, '\x07' | '\u{9c}') => Mode::Text,
            (Mode::String, _) => Mode::String,
            (Mode::StringEscape, '\\') => Mode::Text,
            (_, '\x1b') => Mode::Escape,
            (_, '\u{9b}') => Mode::Control,
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => Mode::String,
            (Mode::Escape | Mode::StringEscape, '[') => Mode::Control,
            (Mode::Escape | Mode::StringEscape, ']' | 'P' | 'X' | '^' | '_') => Mode::String,
            (Mode::Escape | Mode::StringEscape | Mode::Intermediate, ' '..='/') => {
                Mode::Intermediate
            }
            (Mode::Control, ' '..='?') => Mode::Control,
            // A control character within a sequence is obeyed in passing; it ends nothing.
            (state, character) if character.is_control() => {
                if matches!(character, '\n' | '\t') {
                    text.push(character);
                }
                state
            }
            (Mode::Text, character) => {
                text.push(character);
                Mode::Text
            }
            (Mode::Escape | Mode::StringEscape | Mode::Intermediate | Mode::Control, _) => {
                Mode::Text
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strip_leaves_plain_text_unchanged() {
        for text in ["", "login: \n\tA line, and another one.\n", "Grüße, 世界 🖴", "a[31mb]0;c"]
        {
            assert_eq!(AnsiStripper::strip(text.as_bytes()), text);
        }
    }

    #[test]
    fn strip_removes_sequences_and_control_characters() {
        for (written, left) in [
            ("\x1b[1;31mred\x1b[0m\r\n", "red\n"),
            ("\x1b[2J\x1b[H\x1b[?25lcleared", "cleared"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]52;c;c3RvbGVu\x1b\\text", "text"),
            ("\x1bP1$r0m\x1b\\text", "text"),
            ("\x1b(B\x1b)0\x1b#8\x1b%Gtext", "text"),
            ("\x1bc\x1b7\x1bMtext", "text"),
            ("\u{9b}31mred\u{9d}title\u{9c}text", "redtext"),
            ("\x1b\x1b[31mred\x1b[3\x1b[4mtext", "redtext"),
            ("bell\x07 back\x08 null\0 delete\x7f", "bell back null delete"),
            ("\x1b[31\tmtab", "\ttab"),
            ("\x1b]an end that never comes\nand the next line", "\nand the next line"),
            ("at the end\x1b[3", "at the end"),
        ] {
            assert_eq!(AnsiStripper::strip(written.as_bytes()), left, "{written:?}");
        }
    }

    #[test]
    fn strip_replaces_invalid_utf_8() {
        assert_eq!(AnsiStripper::strip(b"a\xffb\xe4\xb8"), "a\u{fffd}b\u{fffd}");
        assert_eq!(AnsiStripper::strip(b"a\x9b31mb"), "a\u{fffd}31mb", "a bare 9B is no character");
    }

    proptest! {
        #[test]
        fn strip_leaves_no_control_characters(bytes in any::<Vec<u8>>()) {
            let plain = AnsiStripper::strip(&bytes);
            prop_assert!(plain.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')));
        }

        #[test]
        fn strip_in_pieces_equals_strip_of_the_whole(
            pieces in prop::collection::vec("[a世\x1b\\[\\]\\\\;0-9m\x07\n\u{9b}]{0,6}", 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let whole = pieces.concat().into_bytes();
            let (head, tail) = whole.split_at(cut.index(whole.len() + 1));
            let mut stripper = AnsiStripper::default();
            let text = stripper.push(head) + &stripper.push(tail);
            prop_assert_eq!(text, AnsiStripper::strip(&whole));
        }
    }
}
