//! Times as the API writes and reads them: UTC, with seconds or without.

use domain::Moment;
use jiff::Timestamp;

use super::value::{Shape, Value};

/// The end that a pay-as-you-go resource shows.
pub(crate) const NEVER: &str = "2999-09-08T16:00Z";

/// `2026-01-02T03:04:05Z`
pub fn with_seconds(moment: Moment) -> String {
    let seconds = Timestamp::from_second(moment.seconds()).unwrap_or(Timestamp::MAX);
    seconds.to_string()
}

/// `2026-01-02T03:04Z`
pub(crate) fn without_seconds(moment: Moment) -> String {
    let mut text = with_seconds(moment);
    text.truncate("2026-01-02T03:04".len());
    text.push('Z');
    text
}

/// `2026-01-02 11:04:05`, in UTC+8
pub(crate) fn in_china(moment: Moment) -> String {
    let ahead = with_seconds(moment.plus_s(8 * 3_600));
    ahead.replace('T', " ").trim_end_matches('Z').to_owned()
}

/// The time with seconds, or nothing.
pub(crate) fn or_empty(moment: Option<Moment>) -> String {
    moment.map(with_seconds).unwrap_or_default()
}

/// A time in UTC, with seconds or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub Moment);

impl Value for Time {
    const SHAPE: Shape = Shape::Time;
    const EXAMPLE: &'static str = "2026-01-02T03:04:05Z";

    fn parse(text: &str) -> Option<Self> {
        let head = text.strip_suffix('Z')?;
        let full = match head.len() {
            16 => format!("{head}:00Z"),
            19 => text.to_owned(),
            _ => return None,
        };
        let second = full.parse::<Timestamp>().ok()?.as_second();
        Some(Time(Moment(second.checked_mul(1_000)?)))
    }
}
