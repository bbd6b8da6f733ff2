//! The common part of ReInitDisk and ResetDisk: a disk gets another content, while no guest runs
//! with it.

use domain::SnapshotId;

use crate::actions::instance::start_instance::Starting;
use crate::actions::login::NewLogin;
use crate::actions::prelude::*;
use crate::hypervisor::{DiskContent, DiskSpec};

/// Whether the category of a disk allows another content.
pub(super) fn takes_content(disk: &Disk) -> bool {
    !disk.category.is_local() && !disk.category.is_elastic_ephemeral()
}

/// Whether this instance is neither expired nor in arrears.
pub(super) fn is_in_good_standing(instance: &Instance, now: Moment) -> bool {
    let expired = instance.expires_at.is_some_and(|end| end <= now);
    !expired && !instance.is_locked_for(LockReason::Financial)
}

/// The content that a disk had when it was made.
pub(super) fn first_content(disk: &Disk) -> DiskContent {
    match (disk.source_snapshot.as_str(), disk.image.as_str()) {
        ("", "") => DiskContent::Empty,
        ("", image) => DiskContent::Image(image.to_owned()),
        (snapshot, _) => DiskContent::Snapshot(SnapshotId::from(snapshot)),
    }
}

/// Gives a disk another content; then it is what it was before. Starts its instance afterwards if
/// that was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettingBack {
    disk: DiskSpec,
    content: DiskContent,
    /// The disk has its content.
    is_done: bool,
    /// Why it came to nothing: what is left of it at the driver has to be cancelled.
    #[serde(default, rename = "calling_off", skip_serializing_if = "Option::is_none")]
    cancelling: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starting: Option<Starting>,
    /// The instance that gets a login together with the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<(InstanceId, NewLogin)>,
}

impl SettingBack {
    /// Gives this disk this content, and then starts its instance, if that is wanted.
    pub(super) fn new(
        disk: &Disk,
        content: DiskContent,
        starting: Option<Starting>,
    ) -> SettingBack {
        let disk = DiskSpec::of(disk);
        SettingBack { disk, content, is_done: false, cancelling: None, starting, login: None }
    }

    /// The same with a login that this instance gets together with the content.
    pub(super) fn with_login(self, instance: InstanceId, login: NewLogin) -> SettingBack {
        SettingBack { login: (!login.is_none()).then_some((instance, login)), ..self }
    }
}

impl Operation for SettingBack {
    const KIND: &'static str = "disk.reinit";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    /// No instance unless it is started: what is cancelled at the end is the content of the disk,
    /// and nothing else on one.
    fn subject(&self) -> Subject {
        match &self.starting {
            Some(starting) => starting.subject(),
            None => Subject::of_disk(&self.disk.disk),
        }
    }

    fn phase(&self) -> &'static str {
        match &self.starting {
            Some(starting) if self.is_done => Operation::phase(starting),
            Some(_) | None => "set back",
        }
    }

    fn making(&self) -> Vec<DiskId> {
        if self.is_done { Vec::new() } else { vec![self.disk.disk.clone()] }
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        if let Some(reason) = &self.cancelling {
            context.hypervisor.cancel(None, Some(&self.disk.disk)).await?;
            return Ok(Progress::Failed(reason.clone()));
        }
        if !self.is_done {
            let progress =
                context.hypervisor.reinit(&self.disk, &self.content, context.now).await?;
            if progress != Progress::Done {
                return Ok(progress);
            }
            self.is_done = true;
        }
        match &mut self.starting {
            Some(starting) => Operation::advance(starting, context).await,
            None => Ok(Progress::Done),
        }
    }

    fn compensate(&mut self, reason: &str) -> bool {
        match &mut self.starting {
            Some(starting) if self.is_done => Operation::compensate(starting, reason),
            Some(_) | None => {
                let first = self.cancelling.is_none() && !self.is_done;
                self.cancelling.get_or_insert_with(|| reason.to_owned());
                first
            }
        }
    }

    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        if let Some(mut disk) = tx.disk(&self.disk.disk)?
            && disk.reinited().is_ok()
        {
            tx.save_disk(&disk)?;
        }
        if let Some((instance, login)) = self.login.as_ref().filter(|_| self.is_done) {
            login.give_stored(tx, instance)?;
        }
        match &self.starting {
            Some(starting) => Operation::finish(starting, outcome, tx, now),
            None => Ok(()),
        }
    }
}
