//! The arrival of an instance on another host: its machine is made known there, and started if it
//! is to be on.

use super::build::Build;
use super::power_facts::PowerFacts;
use super::start_instance::{RULES, Starting};
use crate::actions::prelude::*;
use crate::catalog::first_broken;
use crate::operations::{DynOperation, boxed};

/// The instance as it is to be saved, what is to be done for it on its new host, and the rule that
/// keeps it from being started, if it is to be.
pub(crate) type Arrival = (Instance, Box<dyn DynOperation>, Option<&'static str>);

/// Has a Stopped instance arrive on the host that it has now; started, if it `starts` and may be.
pub(crate) fn arrive(facts: PowerFacts, starts: bool) -> Arrival {
    let broken = first_broken(RULES, &facts).map(|rule| rule.sentence);
    if starts && broken.is_none() {
        let (instance, starting) = Starting::of_stopped(facts);
        return (instance, boxed(starting), None);
    }
    let disks = facts.attached.iter().map(|at| (at.disk.clone(), at.generation)).collect();
    let build = Build::of_existing(facts.spec, disks, facts.unmade);
    (facts.instance, boxed(Arriving { build }), broken.filter(|_| starts))
}

/// Makes the machine of a Stopped instance known to its new host. One that could not be made known
/// is when the instance starts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arriving {
    build: Build,
}

impl Operation for Arriving {
    const KIND: &'static str = "instance.arrive";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_instance(self.build.instance())
    }

    fn phase(&self) -> &'static str {
        self.build.phase()
    }

    fn making(&self) -> Vec<DiskId> {
        self.build.making()
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        self.build.advance(context).await
    }

    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        self.build.finish(outcome, tx)
    }
}
