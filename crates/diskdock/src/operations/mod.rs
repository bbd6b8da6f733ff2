//! Durable work: what an action's effect leaves to be carried out.
//!
//! An operation is enqueued in the transaction of the effect, so neither can be without the
//! other. [`Operation::advance`] talks to the world and cannot reach the books;
//! [`Operation::finish`] writes the books and cannot wait. Every operation has a deadline after
//! which it is resolved, never forgotten.

mod jobs;
mod progressing;
mod reconcile;
mod runner;
mod sweep;

use std::future::Future;
use std::pin::Pin;

use domain::{DiskId, InstanceId, Moment};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::hypervisor::{Hypervisor, Look, Slot};
use crate::store::{Books, Stored};

pub use crate::hypervisor::Trouble;
pub use progressing::Progressing;
pub use reconcile::{Difference, Strangers, reconcile, reconcile_one};
pub use runner::{Board, IN_FLIGHT, Runner, SERVER};
pub use sweep::sweep;

/// How long an operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Seconds after which it is given up.
    pub give_up_after_s: i64,
}

/// What an operation is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The instance concerned.
    pub instance: Option<InstanceId>,
    /// The disk concerned.
    pub disk: Option<DiskId>,
}

impl Subject {
    /// A disk at an instance.
    pub fn of_slot(slot: &Slot) -> Subject {
        Subject { instance: Some(slot.instance.clone()), disk: Some(slot.disk.clone()) }
    }

    /// An instance.
    pub fn of_instance(instance: &InstanceId) -> Subject {
        Subject { instance: Some(instance.clone()), disk: None }
    }
}

/// The outside world, as far as operations can reach it.
pub struct Hands<'a> {
    /// Where instances run.
    pub hypervisor: &'a dyn Hypervisor,
    /// The present moment.
    pub now: Moment,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The next step can be taken at once.
    Next,
    /// Look again in so many milliseconds; for this reason.
    Wait {
        /// Milliseconds.
        again_in_ms: i64,
        /// Why, in words.
        because: String,
        /// The time does not count towards the deadline, because nothing can happen meanwhile.
        clock_stands: bool,
    },
    /// The world is as it should be.
    Done,
    /// It will never be; for this reason.
    Refused(String),
}

impl From<Look> for Progress {
    fn from(look: Look) -> Progress {
        match look {
            Look::Settled => Progress::Done,
            Look::Again { after_ms, because } => {
                Progress::Wait { again_in_ms: after_ms, because, clock_stands: false }
            }
            Look::Paused { after_ms, because } => {
                Progress::Wait { again_in_ms: after_ms, because, clock_stands: true }
            }
            Look::Refused(reason) => Progress::Refused(reason),
        }
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The world is as it should be.
    Done,
    /// It is not, and that is final; for this reason.
    GaveUp(String),
}

/// Durable work of one kind. Saved as JSON between steps: fields may be added to it with a
/// default, never changed.
pub trait Operation: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `disk.detach` and the like.
    const KIND: &'static str;
    /// How long it may take.
    const PATIENCE: Patience;

    /// What it is about.
    fn subject(&self) -> Subject;

    /// The step it is at, in a word.
    fn phase(&self) -> &'static str;

    /// Takes one step. Bears repeating: after a crash, steps since the last save are taken again.
    fn advance<'a>(
        &'a mut self,
        hands: &'a Hands<'a>,
    ) -> impl Future<Output = Result<Progress, Trouble>> + Send + 'a;

    /// It was refused, or its time is up; for this reason. True if something has to be taken back
    /// in the world first: then it goes on with its time anew, and ends in giving up.
    fn take_back(&mut self, reason: &str) -> bool {
        let _ = reason;
        false
    }

    /// Writes down how it ended. Does nothing where the books have moved on meanwhile. May run
    /// again after a lost race.
    fn finish(&self, ending: &Ending, books: &mut dyn Books, now: Moment) -> Stored<()>;
}

/// The dynamic face of an [`Operation`].
pub trait Running: Send + Sync {
    /// `disk.detach` and the like.
    fn kind(&self) -> &'static str;
    /// How long it may take.
    fn patience(&self) -> Patience;
    /// What it is about.
    fn subject(&self) -> Subject;
    /// The step it is at, in a word.
    fn phase(&self) -> &'static str;
    /// How far it has come, to be saved.
    fn state(&self) -> String;
    /// Takes one step.
    fn advance<'a>(
        &'a mut self,
        hands: &'a Hands<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Progress, Trouble>> + Send + 'a>>;
    /// Whether something has to be taken back before it can be given up; it then goes on.
    fn take_back(&mut self, reason: &str) -> bool;
    /// Writes down how it ended.
    fn finish(&self, ending: &Ending, books: &mut dyn Books, now: Moment) -> Stored<()>;
}

impl<O: Operation> Running for O {
    fn kind(&self) -> &'static str {
        O::KIND
    }

    fn patience(&self) -> Patience {
        O::PATIENCE
    }

    fn subject(&self) -> Subject {
        Operation::subject(self)
    }

    fn phase(&self) -> &'static str {
        Operation::phase(self)
    }

    fn state(&self) -> String {
        serde_json::to_string(self).expect("operations are plain data")
    }

    fn advance<'a>(
        &'a mut self,
        hands: &'a Hands<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Progress, Trouble>> + Send + 'a>> {
        Box::pin(Operation::advance(self, hands))
    }

    fn take_back(&mut self, reason: &str) -> bool {
        Operation::take_back(self, reason)
    }

    fn finish(&self, ending: &Ending, books: &mut dyn Books, now: Moment) -> Stored<()> {
        Operation::finish(self, ending, books, now)
    }
}

/// An operation behind its dynamic face.
pub fn boxed(operation: impl Operation) -> Box<dyn Running> {
    Box::new(operation)
}

/// A kind of operation, as the runner finds it by name after a restart.
#[derive(Clone, Copy)]
pub struct Kind {
    /// `disk.detach` and the like.
    pub name: &'static str,
    /// Makes it from what was saved.
    pub restore: fn(&str) -> Result<Box<dyn Running>, String>,
}

/// The kind of an operation type.
pub const fn kind<O: Operation>() -> Kind {
    Kind { name: O::KIND, restore: restore::<O> }
}

fn restore<O: Operation>(state: &str) -> Result<Box<dyn Running>, String> {
    let restored: O = serde_json::from_str(state).map_err(|error| error.to_string())?;
    Ok(Box::new(restored))
}
