//! Rules and faults as they are written on the command line.

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use super::milliseconds;
use crate::catalog::errors;
use crate::cli::nearest::did_you_mean;
use crate::hypervisor::{Behaviour, Rule};
use domain::TransitionKind;

/// A rule for transitions.
#[derive(Debug, Args)]
pub(crate) struct RuleOrder {
    /// Only this transition; any if left out
    #[arg(long, value_parser = PossibleValuesParser::new(TransitionKind::WORDS))]
    transition: Option<String>,
    /// Only this disk
    #[arg(long)]
    disk: Option<String>,
    /// Only this instance
    #[arg(long)]
    instance: Option<String>,
    /// Only the next COUNT transitions; all if left out
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,
    /// hold (until finish or refuse), refuse, never (runs into the deadline), or take=<duration>
    #[arg(long = "do", value_name = "BEHAVIOUR", value_parser = behaviour)]
    behaviour: Behaviour,
}

impl RuleOrder {
    /// The JSON form that the server reads.
    pub(super) fn body(&self) -> Value {
        json!(Rule {
            transition: self.transition.as_deref().and_then(TransitionKind::from_word),
            disk: self.disk.clone(),
            instance: self.instance.clone(),
            times: self.times,
            behaviour: self.behaviour,
        })
    }
}

fn error_code(text: &str) -> Result<String, String> {
    if errors::all().any(|error| error.code == text) {
        return Ok(text.to_owned());
    }
    let suggestion = did_you_mean(text, errors::all().map(|error| error.code));
    Err(format!("there is no error code {text}. {suggestion}").trim_end().to_owned())
}

fn behaviour(text: &str) -> Result<Behaviour, String> {
    match text {
        "hold" => Ok(Behaviour::Hold),
        "refuse" => Ok(Behaviour::Refuse),
        "never" => Ok(Behaviour::Never),
        other => {
            let duration = other.strip_prefix("take=").ok_or_else(|| {
                format!("`{other}` is none of hold, refuse, never and take=<duration>")
            })?;
            milliseconds(duration).map(|milliseconds| Behaviour::Take { milliseconds })
        }
    }
}

/// A fault of the API.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct FaultOrder {
    /// Only calls of this action; any if left out
    #[arg(long)]
    action: Option<String>,
    /// Skip this many calls first
    #[arg(long, default_value_t = 0)]
    skip: u32,
    /// Apply to this many calls then; all if left out
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,
    /// Fail with this error code, without any effect
    #[arg(long, value_name = "CODE", group = "what", value_parser = error_code)]
    answer: Option<String>,
    /// Fail as if there were too many calls
    #[arg(long, group = "what")]
    throttle: bool,
    /// Carry out the call, and close the connection without a reply
    #[arg(long, group = "what")]
    drop_reply: bool,
    /// Delay the call, by a duration such as 2s
    #[arg(long, value_name = "DURATION", group = "what", value_parser = milliseconds)]
    slow: Option<i64>,
    /// Deliver the call twice
    #[arg(long, group = "what")]
    twice: bool,
}

impl FaultOrder {
    /// The JSON form that the server reads.
    pub(super) fn body(&self) -> Value {
        let fault = if let Some(code) = &self.answer {
            json!({ "do": "answer", "code": code })
        } else if let Some(milliseconds) = self.slow {
            json!({ "do": "slow", "milliseconds": milliseconds })
        } else if self.throttle {
            json!({ "do": "throttle" })
        } else if self.drop_reply {
            json!({ "do": "drop_reply" })
        } else {
            json!({ "do": "twice" })
        };
        let mut body = json!({ "skip": self.skip, "fault": fault });
        if let Some(action) = &self.action {
            body["action"] = action.as_str().into();
        }
        if let Some(times) = self.times {
            body["times"] = times.into();
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Rules {
        #[command(flatten)]
        order: RuleOrder,
    }

    #[derive(Parser)]
    struct Faults {
        #[command(flatten)]
        order: FaultOrder,
    }

    fn words(line: &str) -> impl Iterator<Item = &str> {
        line.split(' ')
    }

    #[test]
    fn rule_is_sent_in_the_form_of_the_server() {
        let line = "x --transition detach --disk d-1 --times 2 --do take=2s";
        let body = Rules::try_parse_from(words(line)).unwrap().order.body();
        let expected = json!({ "transition": "detach", "disk": "d-1", "times": 2,
            "behaviour": { "do": "take", "milliseconds": 2000 } });
        assert_eq!(body, expected);
        assert!(Rules::try_parse_from(words("x --do explode")).is_err());
        assert!(Rules::try_parse_from(words("x --do hold --times 0")).is_err());
    }

    #[test]
    fn fault_has_exactly_one_effect() {
        let body = |line: &str| Some(Faults::try_parse_from(words(line)).ok()?.order.body());
        let expected = json!({ "skip": 1, "action": "DetachDisk", "times": 3,
            "fault": { "do": "answer", "code": "IncorrectDiskStatus" } });
        let line = "x --action DetachDisk --times 3 --skip 1 --answer IncorrectDiskStatus";
        assert_eq!(body(line), Some(expected));
        let slow = json!({ "skip": 0, "fault": { "do": "slow", "milliseconds": 500 } });
        assert_eq!(body("x --slow 500ms"), Some(slow));
        let drop = json!({ "skip": 0, "fault": { "do": "drop_reply" } });
        assert_eq!(body("x --drop-reply"), Some(drop));
        assert_eq!(body("x --answer IncorectDiskStatus"), None);
        assert!(error_code("IncorectDiskStatus").unwrap_err().contains("IncorrectDiskStatus?"));
        assert_eq!(body("x --twice --throttle"), None);
        assert_eq!(body("x --action DetachDisk"), None);
    }
}
