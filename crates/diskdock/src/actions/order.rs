//! Order numbers: what a subscription is bought with. Nothing costs anything here.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::prelude::*;

/// The number of a new order.
pub(super) fn number(call: &Call<'_>) -> String {
    format!("2{:014}", call.environment.ids.random() % 100_000_000_000_000)
}

/// The number of the order for something that is paid for so; pay-as-you-go has none.
pub(super) fn number_for(call: &Call<'_>, charge_type: ChargeType) -> String {
    match charge_type {
        ChargeType::PrePaid => number(call),
        ChargeType::PostPaid => String::new(),
    }
}

/// The end of a subscription of this length that begins now.
pub(super) fn end_of_period(now: Moment, length: Span) -> Option<Moment> {
    let begin = Timestamp::from_second(now.seconds()).ok()?.to_zoned(TimeZone::UTC);
    let end = begin.checked_add(length).ok()?;
    Some(Moment(end.timestamp().as_millisecond()))
}

/// Whether a subscription of so many months is sold (documentation of RunInstances).
pub(super) fn sells_months(months: i64) -> bool {
    (1..=9).contains(&months) || [12, 24, 36, 48, 60].contains(&months)
}
