//! Operations: durable work that the effect of an action starts.
//!
//! An operation is enqueued in the transaction of the effect, so neither can be without the
//! other. [`Operation::advance`] calls the hypervisor and cannot reach the store;
//! [`Operation::finish`] writes the store and cannot wait. Every operation has a timeout, after
//! which it is resolved and its reason kept.

mod background_tasks;
mod begin_due;
mod change_follower;
mod deadline;
mod discard_volumes;
mod disk_damages;
mod disk_limits;
mod expiry;
mod history;
mod host_questions;
mod host_tasks;
mod host_work;
mod jobs;
mod maintenance;
mod new_operation;
mod orphans;
mod reconcile;
mod restored;
mod run_job;
mod runner;
mod server_lease;
mod unknown_fields;
mod unresumable;

use std::future::Future;
use std::pin::Pin;

use domain::{DiskId, InstanceId, Moment, Phase, SnapshotId, Uptime};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::hypervisor::{AttachmentId, DiskLimit, Hypervisor, MachineSpec, Progress};
use crate::store::{Store, StoreError, WriteTx};

pub use crate::hypervisor::ConsoleOutput;
pub(crate) use crate::hypervisor::TransientError;
pub use background_tasks::BackgroundTasks;
pub use discard_volumes::discard_volumes;
pub(crate) use disk_damages::mark_disk;
pub(crate) use history::{EndedOperation, OperationEvent};
pub(crate) use host_questions::ask_for_console;
pub use host_tasks::HostTasks;
pub use jobs::{Selected, Selection, TimeLeft};
pub(crate) use maintenance::PeriodicTask;
pub use new_operation::NewOperation;
pub(crate) use orphans::orphans;
pub use reconcile::{Difference, MissingInHypervisor, find_differences, reconcile, reconcile_one};
pub use runner::{Admission, Runner};
pub(crate) use unresumable::unresumable;

/// How long an operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// Seconds after which it times out.
    pub give_up_after_s: i64,
}

impl Timeout {
    fn milliseconds(self) -> i64 {
        self.give_up_after_s.saturating_mul(1_000)
    }
}

/// The subject of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The instance concerned.
    pub instance: Option<InstanceId>,
    /// The disk concerned.
    pub disk: Option<DiskId>,
    /// The snapshot whose bytes it reads, where that says better than the disk where it is done.
    pub snapshot: Option<SnapshotId>,
}

impl Subject {
    /// A disk at an instance.
    pub(crate) fn of_attachment(attachment: &AttachmentId) -> Subject {
        let (instance, disk) = (attachment.instance.clone(), attachment.disk.clone());
        Subject { instance: Some(instance), disk: Some(disk), snapshot: None }
    }

    /// A disk by itself.
    pub(crate) fn of_disk(disk: &DiskId) -> Subject {
        Subject { disk: Some(disk.clone()), ..Subject::default() }
    }

    /// An instance.
    pub(crate) fn of_instance(instance: &InstanceId) -> Subject {
        Subject { instance: Some(instance.clone()), ..Subject::default() }
    }
}

/// The hypervisor and the clock, for a step of an operation.
pub struct StepContext<'a> {
    /// The hypervisor.
    pub hypervisor: &'a dyn Hypervisor,
    /// The present reading of the monotonic clock.
    pub now: Uptime,
    /// The store, to be read.
    pub(crate) store: &'a Store,
}

impl StepContext<'_> {
    /// Those of the disks that were leaving a machine that still are: it does not start before.
    pub(crate) async fn still_leaving(
        &self,
        spec: &MachineSpec,
    ) -> Result<Vec<(DiskId, u64)>, TransientError> {
        if spec.leaving.is_empty() {
            return Ok(Vec::new());
        }
        let instance = spec.instance.clone();
        let attached = self.store.read(move |tx| tx.attached(&instance)).await;
        let attached = attached.map_err(|error: StoreError| TransientError(error.to_string()))?;
        let is_leaving = |(disk, generation): &&(DiskId, u64)| {
            attached.iter().any(|at| {
                (&at.disk, at.generation) == (disk, *generation)
                    && matches!(at.phase, Phase::Detaching { .. })
            })
        };
        Ok(spec.leaving.iter().filter(is_leaving).cloned().collect())
    }

    /// Keeps the guests of these instances to these limits of disks that they have.
    pub(crate) async fn limit_disks(
        &self,
        on: &[InstanceId],
        limits: &[DiskLimit],
    ) -> Result<(), TransientError> {
        for instance in on {
            self.hypervisor.limit_disks(instance, limits).await?;
        }
        Ok(())
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The requested state is reached.
    Done,
    /// Failed or timed out, for this reason.
    Failed(String),
}

/// Durable work of one kind. Saved as JSON between steps: fields may be added to it with a
/// default, never changed. Fields of a newer version are kept when it is saved again.
pub(crate) trait Operation: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `disk.detach` and the like.
    const KIND: &'static str;
    /// How long it may take.
    const TIMEOUT: Timeout;

    /// Its subject.
    fn subject(&self) -> Subject;

    /// The step it is at, in a word.
    fn phase(&self) -> &'static str;

    /// Disks whose bytes it still makes, besides the one that it is about.
    fn making(&self) -> Vec<DiskId> {
        Vec::new()
    }

    /// Takes one step. It is idempotent: after a crash, the steps since the last save are repeated.
    fn advance<'a>(
        &'a mut self,
        context: &'a StepContext<'a>,
    ) -> impl Future<Output = Result<Progress, TransientError>> + Send + 'a;

    /// Called when it was refused or timed out, for this reason. True if something has to be
    /// compensated first: then the operation continues with a new timeout, and ends as failed.
    fn compensate(&mut self, reason: &str) -> bool {
        let _ = reason;
        false
    }

    /// Writes down how it ended. Does nothing where the store has moved on meanwhile. May run
    /// again after a lost race.
    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError>;
}

/// An [`Operation`] as a trait object.
pub trait DynOperation: Send + Sync {
    /// `disk.detach` and the like.
    fn kind(&self) -> &'static str;
    /// How long it may take.
    fn timeout(&self) -> Timeout;
    /// Its subject.
    fn subject(&self) -> Subject;
    /// The step it is at, in a word.
    fn phase(&self) -> &'static str;
    /// Disks whose bytes it still makes, besides the one that it is about.
    fn making(&self) -> Vec<DiskId>;
    /// How far it has come, to be saved.
    fn state(&self) -> String;
    /// Takes one step.
    fn advance<'a>(
        &'a mut self,
        context: &'a StepContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Progress, TransientError>> + Send + 'a>>;
    /// Whether something has to be compensated before it ends; the operation then continues.
    fn compensate(&mut self, reason: &str) -> bool;
    /// Writes down how it ended.
    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError>;
}

impl<O: Operation> DynOperation for O {
    fn kind(&self) -> &'static str {
        O::KIND
    }

    fn timeout(&self) -> Timeout {
        O::TIMEOUT
    }

    fn subject(&self) -> Subject {
        Operation::subject(self)
    }

    fn phase(&self) -> &'static str {
        Operation::phase(self)
    }

    fn making(&self) -> Vec<DiskId> {
        Operation::making(self)
    }

    fn state(&self) -> String {
        serde_json::to_string(self).expect("operations are plain data")
    }

    fn advance<'a>(
        &'a mut self,
        context: &'a StepContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Progress, TransientError>> + Send + 'a>> {
        Box::pin(Operation::advance(self, context))
    }

    fn compensate(&mut self, reason: &str) -> bool {
        Operation::compensate(self, reason)
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        Operation::finish(self, outcome, tx, now)
    }
}

/// An operation as a trait object.
pub(crate) fn boxed(operation: impl Operation) -> Box<dyn DynOperation> {
    Box::new(operation)
}

/// A kind of operation, as the runner finds it by name after a restart.
#[derive(Clone, Copy)]
pub struct OperationKind {
    /// `disk.detach` and the like.
    pub name: &'static str,
    /// Makes it from what was saved.
    pub restore: fn(&str) -> Result<Box<dyn DynOperation>, String>,
}

/// The kind of an operation type.
pub(crate) const fn kind<O: Operation>() -> OperationKind {
    OperationKind { name: O::KIND, restore: restored::restore::<O> }
}
