//! Preconditions: what must hold before an action may have its effect.

use super::errors::ErrorCode;

/// One rule about the facts of a request.
pub struct Precondition<Facts> {
    /// What must hold, in words that end in no full stop.
    pub sentence: &'static str,
    /// Whether it holds.
    pub holds: fn(&Facts) -> bool,
    /// The answer when it does not.
    pub error: &'static ErrorCode,
}

/// States a rule.
pub const fn must<Facts>(
    sentence: &'static str,
    holds: fn(&Facts) -> bool,
    error: &'static ErrorCode,
) -> Precondition<Facts> {
    Precondition { sentence, holds, error }
}

/// The error of the first rule that does not hold.
pub fn first_broken<Facts>(
    rules: &[Precondition<Facts>],
    facts: &Facts,
) -> Option<&'static ErrorCode> {
    rules.iter().find(|rule| !(rule.holds)(facts)).map(|rule| rule.error)
}
