//! The failure of a command: its reason, a remedy, and the exit code.

use std::ffi::OsString;
use std::fmt;

use serde::Serialize;
use serde_json::json;

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
    /// The answer of the server, if it refused.
    pub refusal: Option<Box<ServerRefusal>>,
    /// Whether it is shown as JSON.
    pub in_json: bool,
}

/// The answer of a server that refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The code of the error; controls have none.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// The id of the request; controls have none.
    pub request_id: Option<String>,
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

    /// The server refused: exit code 1.
    pub(crate) fn refused(refusal: ServerRefusal, hint: &str) -> Failure {
        let ServerRefusal { status, code, message, .. } = &refusal;
        let message = match code {
            Some(code) => format!("{status} {code}: {message}"),
            None => format!("{status}: {message}"),
        };
        Failure { refusal: Some(Box::new(refusal)), ..Failure::new(message, hint) }
    }

    /// Whether the API refused with this code.
    pub(crate) fn is_refusal(&self, code: &str) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.code.as_deref() == Some(code))
    }

    /// No server answers: exit code 3.
    pub fn unreachable(message: impl ToString, hint: &str) -> Failure {
        Failure { code: UNREACHABLE, ..Failure::new(message, hint) }
    }

    /// The remedy, and the id of the request if there is one.
    pub(crate) fn advice(&self) -> String {
        let id = self.refusal.as_ref().and_then(|refusal| refusal.request_id.as_deref());
        let id = id.map(|id| format!("RequestId {id}"));
        let lines = Some(self.hint.as_str()).filter(|hint| !hint.is_empty());
        lines.into_iter().chain(id.as_deref()).collect::<Vec<_>>().join("\n")
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
        self.advice().lines().try_for_each(|line| write!(out, "\n  {line}"))
    }
}

impl std::error::Error for Failure {}

/// Whether a command line asks for JSON, also one that cannot be read. The command that `exec` runs
/// has options of its own.
pub(super) fn asks_for_json(arguments: &[OsString]) -> bool {
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    if words.first().is_some_and(|command| command == "exec") {
        return false;
    }
    let own = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let own = &words[..own];
    own.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
        || own.iter().any(|word| matches!(word.as_ref(), "--output=json" | "--json"))
}

/// A command line that the parser refused. Where it asks for help, or not for JSON, the parser
/// prints what there is to say and ends the process.
pub(super) fn wrong_usage(error: &clap::Error, in_json: bool) -> Failure {
    if !in_json || !error.use_stderr() {
        error.exit();
    }
    let text = error.render().to_string();
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let in_one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let hint = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    Failure::usage(in_one_line.trim_start_matches("error: "), &hint.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn asks_for_json_reads_the_own_options_only() {
        for line in ["diskdock admin --output json x", "d key --output=json", "d world --json"] {
            assert!(asks_for_json(&words(line)), "{line}");
        }
        for line in ["diskdock", "diskdock key --output table", "diskdock exec x --output json"] {
            assert!(!asks_for_json(&words(line)), "{line}");
        }
        assert!(!asks_for_json(&words("diskdock serve -- --output json")));
    }

    #[test]
    fn display_has_the_answer_of_the_server_in_both_forms() {
        let refusal = ServerRefusal {
            status: 405,
            code: None,
            message: "no.".to_owned(),
            request_id: Some("R-1".to_owned()),
        };
        let failure = Failure::refused(refusal, "Do it.");
        assert_eq!(failure.to_string(), "diskdock: 405: no.\n  Do it.\n  RequestId R-1");
        let text = Failure { in_json: true, ..failure }.to_string();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["refusal"]["status"], 405);
        assert_eq!(value["refusal"]["code"], Value::Null);
        assert_eq!((&value["hint"], &value["exit_code"]), (&"Do it.".into(), &1.into()));
    }

    #[test]
    fn wrong_usage_keeps_what_the_parser_says() {
        let command = clap::Command::new("x").arg(clap::Arg::new("FILE").required(true));
        let error = command.try_get_matches_from(["x"]).unwrap_err();
        let failure = wrong_usage(&error, true);
        assert_eq!(failure.code, USAGE);
        assert!(failure.message.starts_with("the following required arguments"), "{failure}");
        assert!(
            failure.message.ends_with("<FILE>") && failure.hint.contains("Usage:"),
            "{failure}"
        );
    }
}
