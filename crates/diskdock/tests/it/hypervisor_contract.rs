//! The simulated driver keeps the contract.

use std::cell::Cell;

use diskdock::hypervisor::{Pace, Simulated};

use crate::contract::{Bench, Pass, contract};

#[tokio::test]
async fn simulated_driver_fulfils_the_contract() {
    for pace in [Pace::Exactly(0), Pace::Fast, Pace::Cloud] {
        let (driver, now) = (Simulated::new(pace), Cell::new(domain::Uptime(0)));
        let pass = |milliseconds| -> Pass {
            now.set(now.get().plus_ms(milliseconds));
            Box::pin(std::future::ready(()))
        };
        let (now, image) = (|| now.get(), "m-1");
        contract(&Bench { driver: &driver, now: &now, pass: &pass, image }).await;
    }
}
