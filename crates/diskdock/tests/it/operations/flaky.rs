//! A driver and a store that fail when they are told to, around the real ones.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use diskdock::hypervisor::{
    AttachmentId, DiskLimit, DiskSpec, Disks, DriverFuture, MachineEvent, MachineSpec, Machines,
    ObservedState, Progress, Simulated, TransientError,
};
use diskdock::store::{Depth, Engine, ReadTx, StoreError, WriteJob, WriteTx};
use domain::{DiskId, InstanceId, SnapshotId, Uptime};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;

use crate::harness::broken_store::{Break, break_at};

/// Lets `after` writes through, fails the next `fails`, and then lets all through again.
#[derive(Default)]
pub(crate) struct Script {
    pub after: AtomicUsize,
    pub fails: AtomicUsize,
    /// The write at which the store breaks.
    pub breaks: Mutex<Option<Break>>,
    /// A store that broke, as it is if the write at which it did is there.
    pub written: Mutex<Option<tempfile::TempDir>>,
    /// Just before the next write, this instance is turned off and on again.
    pub restarts: Mutex<Option<InstanceId>>,
}

impl Script {
    fn strikes(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let (then, now) = (Ordering::SeqCst, Ordering::SeqCst);
        self.after.fetch_update(then, now, less).is_err()
            && self.fails.fetch_update(then, now, less).is_ok()
    }

    /// The directory of the store, if it breaks at this write.
    fn breaks(&self) -> Option<PathBuf> {
        let mut breaks = self.breaks.lock().unwrap();
        let at = breaks.as_mut()?;
        if let Some(less) = at.after.checked_sub(1) {
            at.after = less;
            return None;
        }
        breaks.take().map(|at| at.directory)
    }
}

/// An engine whose writes fail by a script.
pub(crate) struct Flaky<E> {
    pub engine: E,
    pub script: Arc<Script>,
}

struct Failing(Box<dyn WriteJob>);

impl WriteJob for Failing {
    /// Fails only after the work is done: the engine has something to undo.
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        self.0.run(tx)?;
        Err(StoreError::Engine("the disk is full".to_owned()))
    }

    fn done(self: Box<Self>, ended: Result<(), StoreError>) {
        self.0.done(ended);
    }

    fn leave(&mut self) {
        self.0.leave();
    }
}

struct Restarted(InstanceId, Box<dyn WriteJob>);

impl WriteJob for Restarted {
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        let mut instance = tx.instance(&self.0)?.expect("an instance");
        instance.started_at = instance.started_at.map(|started| started.plus_s(1));
        tx.save_instance(&instance)?;
        self.1.run(tx)
    }

    fn done(self: Box<Self>, ended: Result<(), StoreError>) {
        self.1.done(ended);
    }

    fn leave(&mut self) {
        self.1.leave();
    }
}

impl<E: Engine> Engine for Flaky<E> {
    fn read(&self, depth: Depth, work: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError> {
        self.engine.read(depth, work)
    }

    fn server(&self) -> &str {
        self.engine.server()
    }

    fn walks_at_a_time(&self) -> usize {
        self.engine.walks_at_a_time()
    }

    fn keys_changed(&self) -> Option<Arc<Notify>> {
        self.engine.keys_changed()
    }

    fn new_work(&self) -> Arc<Notify> {
        self.engine.new_work()
    }

    fn stopped(&self) -> Option<String> {
        self.engine.stopped()
    }

    fn note_age(&self) -> Result<(), StoreError> {
        self.engine.note_age()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.engine.close()
    }

    fn write<'a>(
        &'a self,
        job: Box<dyn WriteJob>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        if let Some(directory) = self.script.breaks() {
            return Box::pin(async move {
                let written = break_at(&self.engine, &directory, job).await;
                *self.script.written.lock().unwrap() = Some(written);
            });
        }
        let job: Box<dyn WriteJob> = match self.script.restarts.lock().unwrap().take() {
            Some(instance) => Box::new(Restarted(instance, job)),
            None => job,
        };
        let job = if self.script.strikes() { Box::new(Failing(job)) } else { job };
        self.engine.write(job)
    }

    fn gauges(&self) -> Vec<(&'static str, i64)> {
        self.engine.gauges()
    }
}

/// A driver that cannot be reached while it is told so, that panics once, or that is slow.
pub(crate) struct Shaky {
    pub driver: Simulated,
    pub out_of_reach: AtomicBool,
    pub panics: AtomicBool,
    pub slow: AtomicBool,
    /// Machines go on, and yet a start is never said to have ended.
    pub mute: AtomicBool,
    pub calls: AtomicUsize,
    pub discarded: Mutex<Vec<DiskId>>,
    /// The limits that it was told of.
    pub limits: Mutex<Vec<(InstanceId, DiskLimit)>>,
    pub discarded_snapshots: Mutex<Vec<SnapshotId>>,
}

impl Shaky {
    pub(crate) fn new(driver: Simulated) -> Shaky {
        Shaky {
            driver,
            out_of_reach: AtomicBool::default(),
            panics: AtomicBool::default(),
            slow: AtomicBool::default(),
            mute: AtomicBool::default(),
            calls: AtomicUsize::default(),
            discarded: Mutex::default(),
            limits: Mutex::default(),
            discarded_snapshots: Mutex::default(),
        }
    }

    /// Lets a call through, if it is in reach. A driver that is not in reach does nothing.
    fn pass<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce() -> DriverFuture<'a, T>,
    ) -> DriverFuture<'a, T> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.swap(false, Ordering::SeqCst), "on purpose");
        if self.out_of_reach.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(Err(TransientError("out of reach".to_owned()))));
        }
        let answer = call();
        if !self.slow.load(Ordering::SeqCst) {
            return answer;
        }
        Box::pin(async move {
            while self.slow.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
            answer.await
        })
    }
}

impl Machines for Shaky {
    fn start<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        if !self.mute.load(Ordering::SeqCst) {
            return self.pass(|| self.driver.start(spec, now));
        }
        self.pass(|| {
            Box::pin(async move {
                self.driver.start(spec, now).await?;
                Ok(Progress::RetryAfter {
                    after_ms: 60_000,
                    because: "the guest says nothing".to_owned(),
                })
            })
        })
    }
    fn stop<'a>(
        &'a self,
        instance: &'a InstanceId,
        force: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.stop(instance, force, now))
    }
    fn reboot<'a>(&'a self, spec: &'a MachineSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.reboot(spec, now))
    }
    fn plug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        shared: bool,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.plug(attachment, shared, now))
    }
    fn unplug<'a>(
        &'a self,
        attachment: &'a AttachmentId,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.unplug(attachment, now))
    }
    fn remove_machine<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, ()> {
        self.pass(|| self.driver.remove_machine(instance))
    }
    fn observe<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Option<ObservedState>> {
        self.pass(|| self.driver.observe(instance))
    }
    fn cancel<'a>(
        &'a self,
        instance: Option<&'a InstanceId>,
        disk: Option<&'a DiskId>,
    ) -> DriverFuture<'a, ()> {
        self.driver.cancel(instance, disk)
    }
    fn adopt<'a>(
        &'a self,
        instance: &'a InstanceId,
        expected: ObservedState,
    ) -> DriverFuture<'a, ()> {
        self.pass(|| self.driver.adopt(instance, expected))
    }
    fn pause<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.pause(instance))
    }
    fn resume<'a>(&'a self, instance: &'a InstanceId) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.resume(instance))
    }
    fn limits_disks(&self) -> bool {
        true
    }
    fn limit_disks<'a>(
        &'a self,
        instance: &'a InstanceId,
        limits: &'a [DiskLimit],
    ) -> DriverFuture<'a, ()> {
        let told = limits.iter().map(|limit| (instance.clone(), limit.clone()));
        self.limits.lock().unwrap().extend(told);
        Box::pin(std::future::ready(Ok(())))
    }
    fn paused(&self) -> Vec<(InstanceId, String)> {
        self.driver.paused()
    }
    fn running(&self) -> DriverFuture<'_, Vec<InstanceId>> {
        self.pass(|| self.driver.running())
    }
    fn changes(&self) -> Receiver<MachineEvent> {
        self.driver.changes()
    }
}

impl Disks for Shaky {
    fn create<'a>(&'a self, spec: &'a DiskSpec, now: Uptime) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.create(spec, now))
    }
    fn resize<'a>(
        &'a self,
        spec: &'a DiskSpec,
        on: &'a [InstanceId],
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.resize(spec, on, now))
    }
    fn modify<'a>(&'a self, disk: &'a DiskId, now: Uptime) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.modify(disk, now))
    }

    fn has_free_space(&self) -> bool {
        self.driver.has_free_space()
    }
    fn take_snapshot<'a>(
        &'a self,
        snapshot: &'a SnapshotId,
        disk: &'a DiskId,
        now: Uptime,
    ) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.take_snapshot(snapshot, disk, now))
    }

    fn snapshot_percent(&self, snapshot: &SnapshotId) -> Option<u8> {
        self.driver.snapshot_percent(snapshot)
    }
    fn discard_snapshot<'a>(&'a self, snapshot: &'a SnapshotId) -> DriverFuture<'a, ()> {
        self.pass(|| {
            self.discarded_snapshots.lock().unwrap().push(snapshot.clone());
            self.driver.discard_snapshot(snapshot)
        })
    }
    fn stored_snapshots(&self) -> DriverFuture<'_, Vec<SnapshotId>> {
        self.pass(|| self.driver.stored_snapshots())
    }
    fn discard<'a>(&'a self, disk: &'a DiskId) -> DriverFuture<'a, ()> {
        self.pass(|| {
            self.discarded.lock().unwrap().push(disk.clone());
            self.driver.discard(disk)
        })
    }
    fn stored(&self) -> DriverFuture<'_, Vec<DiskId>> {
        self.pass(|| self.driver.stored())
    }
    fn damaged(&self) -> DriverFuture<'_, Vec<(DiskId, String)>> {
        self.pass(|| self.driver.damaged())
    }
    fn accept<'a>(&'a self, disk: &'a DiskId, on: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.accept(disk, on))
    }
    fn restore<'a>(&'a self, disk: &'a DiskId, on: &'a [InstanceId]) -> DriverFuture<'a, Progress> {
        self.pass(|| self.driver.restore(disk, on))
    }
}
