//! The log of a connection, for support.
//!
//! Lines are kept as they are, but for three things: very long ones are cut, secrets are left out
//! of commands, and characters that would control a terminal are escaped.

use serde::Serialize;
use serde_json::Value;

/// Bytes of a record at most, the words about its cut not counted.
pub const LONGEST_RECORD: usize = 1_024;

/// Arguments whose values are secret, wherever they stand in a command: those of QEMU's `secret`
/// objects and of its commands for passwords.
const SECRET_ARGUMENTS: &[&str] = &["data", "key", "passphrase", "password", "secret"];
/// The text in their place.
const LEFT_OUT: &str = "(left out)";

/// The subject of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A command to QEMU.
    Sent,
    /// QEMU's greeting, a reply or an event.
    Received,
    /// A command that had no reply in time, or the end of the connection.
    Failed,
}

/// Records the lines of a connection. Called on the threads that send and read, so it must not
/// wait; errors of writing are its own.
pub trait Log: Send + Sync {
    /// Takes down a line, without its end.
    fn record(&self, direction: Direction, line: &str);
}

/// A line of the peer, of which every byte may be anything.
pub(crate) fn readable(line: &[u8]) -> String {
    let line = line.trim_ascii();
    let kept = &line[..line.len().min(LONGEST_RECORD)];
    let mut text = String::with_capacity(kept.len());
    for letter in String::from_utf8_lossy(kept).chars() {
        match letter.is_control() {
            true => text.extend(letter.escape_default()),
            false => text.push(letter),
        }
    }
    if kept.len() < line.len() {
        text.push_str(&format!(" (cut, {} bytes)", line.len()));
    }
    text
}

/// A command, without what is secret in it.
pub(crate) fn without_secrets(request: &impl Serialize) -> String {
    let Ok(mut request) = serde_json::to_value(request) else { return LEFT_OUT.to_owned() };
    leave_out_secrets(&mut request);
    readable(request.to_string().as_bytes())
}

fn leave_out_secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if SECRET_ARGUMENTS.contains(&name.as_str()) {
                    *value = LEFT_OUT.into();
                } else {
                    leave_out_secrets(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(leave_out_secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_secrets_leaves_them_out_at_any_depth() {
        let added = json!({"execute": "object-add", "arguments": {
            "qom-type": "secret", "id": "luks0", "data": "hunter2",
            "deeper": [{"password": {"of": "hunter2"}, "key-secret": "luks0"}],
        }});
        let text = without_secrets(&added);
        assert!(!text.contains("hunter2"), "{text}");
        for kept in ["object-add", "\"key-secret\":\"luks0\"", "\"data\":\"(left out)\""] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
    }

    #[test]
    fn readable_cuts_long_lines_and_escapes_control_characters() {
        assert_eq!(readable(b"{\"a\": 1}\r\n"), "{\"a\": 1}");
        assert_eq!(readable(b"\x1b[2Jx\xff\ny"), "\\u{1b}[2Jx\u{fffd}\\ny");
        let long = "x".repeat(LONGEST_RECORD + 1);
        let kept = "x".repeat(LONGEST_RECORD);
        assert_eq!(readable(long.as_bytes()), format!("{kept} (cut, 1025 bytes)"));
    }
}
