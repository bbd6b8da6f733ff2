//! Order numbers: what a subscription is bought with. Nothing costs anything here.

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
