//! Preconditions: the rules that must hold before an action may have its effect.

use super::errors::ErrorCode;

/// One rule about the facts of a request.
pub struct Precondition<Facts> {
    /// The rule in words, without a full stop.
    pub sentence: &'static str,
    /// Whether it holds.
    pub holds: fn(&Facts) -> bool,
    /// The error when it does not hold.
    pub error: &'static ErrorCode,
}

// By hand, since facts need not be copied for their rules to be.
impl<Facts> Clone for Precondition<Facts> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Facts> Copy for Precondition<Facts> {}

/// The rules of both lists, in order. `N` is how many there are.
pub(crate) const fn joined<Facts, const N: usize>(
    one: &[Precondition<Facts>],
    other: &[Precondition<Facts>],
) -> [Precondition<Facts>; N] {
    assert!(one.len() + other.len() == N, "as many rules as both lists have");
    let mut joined = [one[0]; N];
    let mut at = 1;
    while at < N {
        joined[at] = if at < one.len() { one[at] } else { other[at - one.len()] };
        at += 1;
    }
    joined
}

/// States a rule.
pub(crate) const fn must<Facts>(
    sentence: &'static str,
    holds: fn(&Facts) -> bool,
    error: &'static ErrorCode,
) -> Precondition<Facts> {
    Precondition { sentence, holds, error }
}

/// The first rule that does not hold.
pub(crate) fn first_broken<'r, Facts>(
    rules: &'r [Precondition<Facts>],
    facts: &Facts,
) -> Option<&'r Precondition<Facts>> {
    rules.iter().find(|rule| !(rule.holds)(facts))
}
