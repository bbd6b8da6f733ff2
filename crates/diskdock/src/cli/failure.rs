//! The failure of a command: its reason, a remedy, and the exit code.

use std::fmt;

use serde_json::{Value, json};

/// The API or the server refused.
pub const REFUSED: u8 = 1;
/// The command line itself is wrong.
pub const USAGE: u8 = 2;
/// No server answers.
pub const UNREACHABLE: u8 = 3;

/// A command that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub message: String,
    /// The remedy; possibly empty.
    pub hint: String,
    /// The exit code.
    pub code: u8,
    /// The HTTP status, code, message and request id, if the API refused.
    pub refusal: Option<Box<Value>>,
    /// Whether it is shown as JSON.
    pub in_json: bool,
}

impl Failure {
    /// A failure with exit code 1.
    pub fn new(message: impl ToString, hint: &str) -> Failure {
        Failure {
            message: message.to_string(),
            hint: hint.to_owned(),
            code: REFUSED,
            refusal: None,
            in_json: false,
        }
    }

    /// The command line is wrong: exit code 2.
    pub fn usage(message: impl ToString, hint: &str) -> Failure {
        Failure { code: USAGE, ..Failure::new(message, hint) }
    }

    /// Whether the API refused with this code.
    pub(crate) fn is_refusal(&self, code: &str) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal["code"] == code)
    }

    /// No server answers: exit code 3.
    pub fn unreachable(message: impl ToString, hint: &str) -> Failure {
        Failure { code: UNREACHABLE, ..Failure::new(message, hint) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_json {
            let Failure { message, hint, code, refusal, .. } = self;
            let value =
                json!({ "error": message, "hint": hint, "exit_code": code, "refusal": refusal });
            return write!(out, "{value:#}");
        }
        write!(out, "diskdock: {}", self.message)?;
        self.hint.lines().try_for_each(|line| write!(out, "\n  {line}"))
    }
}

impl std::error::Error for Failure {}
