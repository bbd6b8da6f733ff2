//! The contract of drivers. A second driver has to pass this unchanged: time passes only
//! through [`Bench::pass`], and nothing is known of a driver but its answers.

use std::pin::Pin;

use diskdock::hypervisor::{
    AttachmentId, DiskSpec, Hypervisor, MachineSpec, ObservedState, Progress,
};
use domain::{DiskId, InstanceId, Uptime};

/// Looks at one transition at most.
const LOOKS: usize = 1_000;

/// A driver, and the way time passes for it.
pub(crate) struct Bench<'b> {
    pub driver: &'b dyn Hypervisor,
    pub now: &'b dyn Fn() -> Uptime,
    pub pass: &'b dyn Fn(i64) -> Pass,
    /// The image that machines boot.
    pub image: &'b str,
}

/// Time that passes.
pub(crate) type Pass = Pin<Box<dyn Future<Output = ()>>>;

fn attachment(instance: &str, disk: &str, generation: u64) -> AttachmentId {
    AttachmentId { instance: instance.into(), disk: disk.into(), generation }
}

impl Bench<'_> {
    /// Asks until it is done; gives the number of looks that took.
    async fn until_done(&self, ask: impl AsyncFn(Uptime) -> Progress) -> usize {
        for looks in 1..=LOOKS {
            match ask((self.now)()).await {
                Progress::Done => return looks,
                Progress::RetryAfter { after_ms, .. } | Progress::Suspended { after_ms, .. } => {
                    assert!(after_ms > 0, "a wait takes time");
                    (self.pass)(after_ms).await;
                }
                Progress::Failed(reason) => panic!("refused: {reason}"),
            }
        }
        panic!("not done after {LOOKS} looks")
    }

    async fn start(&self, instance: &str) {
        let spec = self.spec(instance);
        self.until_done(async |now| self.driver.start(&spec, now).await.unwrap()).await;
    }

    fn spec(&self, instance: &str) -> MachineSpec {
        MachineSpec {
            instance: instance.into(),
            processors: 1,
            memory_mib: 256,
            disk_quantity: 4,
            image: self.image.to_owned(),
            system_disk: None,
            disk_order: Vec::new(),
            leaving: Vec::new(),
            host_name: instance.to_owned(),
            user_data: String::new(),
            public_key: String::new(),
            password_hash: String::new(),
            forwards: Vec::new(),
            private_ip: String::new(),
            mac: String::new(),
            limits: Vec::new(),
            shared: Vec::new(),
        }
    }

    async fn create(&self, disk: &str) {
        let spec = DiskSpec::empty(disk.into(), 1);
        self.until_done(async |now| self.driver.create(&spec, now).await.unwrap()).await;
    }

    /// Off, and forgotten.
    async fn release(&self, instance: &str) {
        let id = InstanceId::from(instance);
        self.until_done(async |now| self.driver.stop(&id, true, now).await.unwrap()).await;
        self.driver.remove_machine(&id).await.unwrap();
        assert_eq!(self.observe(instance).await, None);
    }

    async fn plug(&self, attachment: &AttachmentId) {
        self.until_done(async |now| self.driver.plug(attachment, false, now).await.unwrap()).await;
    }

    async fn plug_shared(&self, attachment: &AttachmentId) {
        self.until_done(async |now| self.driver.plug(attachment, true, now).await.unwrap()).await;
    }

    async fn unplug(&self, attachment: &AttachmentId) {
        self.until_done(async |now| self.driver.unplug(attachment, now).await.unwrap()).await;
    }

    async fn observe(&self, instance: &str) -> Option<ObservedState> {
        self.driver.reconcile_devices(&instance.into()).await.unwrap();
        self.driver.observe(&instance.into()).await.unwrap()
    }

    async fn disks(&self, instance: &str) -> Vec<(String, u64)> {
        let observed = self.observe(instance).await.unwrap_or_default();
        observed
            .disks
            .into_iter()
            .map(|(disk, generation)| (disk.to_string(), generation))
            .collect()
    }
}

/// The whole contract.
pub(crate) async fn contract(bench: &Bench<'_>) {
    create_resize_and_discard_of_a_disk(bench).await;
    start_stop_and_forget_of_a_machine(bench).await;
    disk_is_observed_from_plug_to_unplug(bench).await;
    repeated_calls_change_nothing(bench).await;
    calls_of_another_generation_change_nothing(bench).await;
    machines_do_not_disturb_each_other(bench).await;
    shared_disk_is_on_machines_until_each_has_let_go(bench).await;
    adopt_adds_unknown_state_and_keeps_known_state(bench).await;
    paused_machine_stands_still_until_it_is_resumed(bench).await;
}

async fn create_resize_and_discard_of_a_disk(bench: &Bench<'_>) {
    let disk = DiskId::from("d-bytes");
    for _ in 0..2 {
        bench.create("d-bytes").await;
    }
    let larger = DiskSpec::empty(disk.clone(), 2);
    for _ in 0..2 {
        let grow = async |now| bench.driver.resize(&larger, &[], now).await.unwrap();
        bench.until_done(grow).await;
    }
    for _ in 0..2 {
        bench.driver.discard(&disk).await.unwrap();
    }
}

async fn start_stop_and_forget_of_a_machine(bench: &Bench<'_>) {
    let id = InstanceId::from("i-turn");
    assert_eq!(bench.observe("i-turn").await, None, "nothing is known of it");
    bench.start("i-turn").await;
    assert!(bench.observe("i-turn").await.unwrap().running);
    let spec = bench.spec("i-turn");
    bench.until_done(async |now| bench.driver.reboot(&spec, now).await.unwrap()).await;
    assert!(bench.observe("i-turn").await.unwrap().running);
    for force in [false, true] {
        let stop = async |now| bench.driver.stop(&id, force, now).await.unwrap();
        bench.until_done(stop).await;
        assert!(!bench.observe("i-turn").await.unwrap().running);
        bench.until_done(stop).await;
        assert!(!bench.observe("i-turn").await.unwrap().running);
        bench.start("i-turn").await;
        assert!(bench.observe("i-turn").await.unwrap().running);
    }
    let off = async |now| bench.driver.stop(&id, true, now).await.unwrap();
    bench.until_done(off).await;
    for _ in 0..2 {
        bench.driver.remove_machine(&id).await.unwrap();
        assert_eq!(bench.observe("i-turn").await, None);
    }
}

async fn disk_is_observed_from_plug_to_unplug(bench: &Bench<'_>) {
    bench.start("i-disk").await;
    bench.create("d-one").await;
    let one = attachment("i-disk", "d-one", 1);
    assert_eq!(bench.disks("i-disk").await, []);
    bench.plug(&one).await;
    assert_eq!(bench.disks("i-disk").await, [("d-one".to_owned(), 1)]);
    let first = bench.driver.unplug(&one, (bench.now)()).await.unwrap();
    let there = !bench.disks("i-disk").await.is_empty();
    assert_eq!(first != Progress::Done, there, "done means that the guest cannot reach it");
    bench.unplug(&one).await;
    assert_eq!(bench.disks("i-disk").await, []);
    bench.release("i-disk").await;
}

async fn repeated_calls_change_nothing(bench: &Bench<'_>) {
    bench.start("i-twice").await;
    bench.create("d-two").await;
    let (one, two) = (attachment("i-twice", "d-one", 1), attachment("i-twice", "d-two", 1));
    for _ in 0..2 {
        bench.start("i-twice").await;
        bench.plug(&one).await;
        bench.plug(&two).await;
    }
    assert_eq!(bench.disks("i-twice").await.len(), 2, "twice is once");
    for _ in 0..2 {
        bench.unplug(&one).await;
        assert_eq!(bench.disks("i-twice").await, [("d-two".to_owned(), 1)]);
    }
    bench.unplug(&attachment("i-twice", "d-never-there", 7)).await;
    assert_eq!(bench.disks("i-twice").await, [("d-two".to_owned(), 1)]);
    bench.release("i-twice").await;
}

async fn calls_of_another_generation_change_nothing(bench: &Bench<'_>) {
    bench.start("i-again").await;
    let (old, new) = (attachment("i-again", "d-one", 1), attachment("i-again", "d-one", 2));
    // The first attach is given up half way; the second knows nothing of it.
    bench.driver.plug(&old, false, (bench.now)()).await.unwrap();
    bench.plug(&new).await;
    assert_eq!(bench.disks("i-again").await, [("d-one".to_owned(), 2)]);
    bench.unplug(&old).await;
    assert_eq!(bench.disks("i-again").await, [("d-one".to_owned(), 2)], "a late unplug");
    bench.plug(&old).await;
    assert_eq!(bench.disks("i-again").await, [("d-one".to_owned(), 2)], "a late plug");
    bench.unplug(&new).await;
    assert_eq!(bench.disks("i-again").await, []);
    bench.release("i-again").await;
}

async fn machines_do_not_disturb_each_other(bench: &Bench<'_>) {
    bench.start("i-left").await;
    bench.start("i-right").await;
    bench.create("d-left").await;
    bench.create("d-right").await;
    let (left, right) = (attachment("i-left", "d-left", 1), attachment("i-right", "d-right", 2));
    bench.plug(&left).await;
    bench.plug(&right).await;
    let other = bench.observe("i-right").await;
    bench.unplug(&left).await;
    bench.release("i-left").await;
    assert_eq!(bench.observe("i-right").await, other);
    bench.unplug(&right).await;
    bench.release("i-right").await;
}

async fn shared_disk_is_on_machines_until_each_has_let_go(bench: &Bench<'_>) {
    bench.start("i-one").await;
    bench.start("i-two").await;
    bench.create("d-shared").await;
    let (one, two) = (attachment("i-one", "d-shared", 1), attachment("i-two", "d-shared", 2));
    bench.plug_shared(&one).await;
    bench.plug_shared(&two).await;
    let larger = DiskSpec::empty("d-shared".into(), 2);
    let on = ["i-two".into(), "i-one".into()];
    let grow = async |now| bench.driver.resize(&larger, &on, now).await.unwrap();
    bench.until_done(grow).await;
    bench.unplug(&one).await;
    assert_eq!(bench.disks("i-one").await, []);
    assert_eq!(bench.disks("i-two").await, [("d-shared".to_owned(), 2)]);
    bench.plug_shared(&AttachmentId { generation: 3, ..one.clone() }).await;
    bench.release("i-two").await;
    assert_eq!(bench.disks("i-one").await, [("d-shared".to_owned(), 3)]);
    bench.unplug(&AttachmentId { generation: 3, ..one }).await;
    bench.release("i-one").await;
    bench.driver.discard(&"d-shared".into()).await.unwrap();
}

async fn adopt_adds_unknown_state_and_keeps_known_state(bench: &Bench<'_>) {
    let id = InstanceId::from("i-found");
    let found = ObservedState { disks: vec![("d-one".into(), 3)], ..ObservedState::default() };
    bench.driver.adopt(&id, found.clone()).await.unwrap();
    assert_eq!(bench.observe("i-found").await, Some(found.clone()));
    let late = ObservedState { running: true, ..ObservedState::default() };
    bench.driver.adopt(&id, late).await.unwrap();
    assert_eq!(bench.observe("i-found").await, Some(found), "what is known is known better");
    bench.unplug(&attachment("i-found", "d-one", 3)).await;
    assert_eq!(bench.disks("i-found").await, []);
    bench.release("i-found").await;
}

async fn paused_machine_stands_still_until_it_is_resumed(bench: &Bench<'_>) {
    let id = InstanceId::from("i-still");
    let is_refused = |progress| matches!(progress, Progress::Failed(reason) if !reason.is_empty());
    let pause = async || bench.driver.pause(&id).await.unwrap();
    let resume = async || bench.driver.resume(&id).await.unwrap();
    let paused = || bench.driver.paused().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert!(is_refused(pause().await) && is_refused(resume().await), "it is off");
    bench.start("i-still").await;
    bench.create("d-still").await;
    let disk = attachment("i-still", "d-still", 1);
    bench.plug(&disk).await;
    assert!(is_refused(resume().await), "it runs");

    assert_eq!(pause().await, Progress::Done);
    assert!(is_refused(pause().await), "it is paused already");
    let observed = bench.observe("i-still").await.unwrap();
    assert!(observed.running && !observed.problems.is_empty(), "on, and reported: {observed:?}");
    assert_eq!(paused(), std::slice::from_ref(&id));
    for _ in 0..3 {
        let waits = bench.driver.unplug(&disk, (bench.now)()).await.unwrap();
        let Progress::Suspended { after_ms, .. } = waits else { panic!("{waits:?}") };
        (bench.pass)(after_ms).await;
        assert_eq!(bench.disks("i-still").await.len(), 1, "a guest that stands still has it");
    }

    assert_eq!(resume().await, Progress::Done);
    assert!(is_refused(resume().await), "it runs again");
    assert_eq!(bench.observe("i-still").await.unwrap().problems, [""; 0]);
    assert_eq!(paused(), []);
    bench.unplug(&disk).await;
    assert_eq!(bench.disks("i-still").await, []);

    assert_eq!(pause().await, Progress::Done);
    let off = async |now| bench.driver.stop(&id, true, now).await.unwrap();
    bench.until_done(off).await;
    bench.observe("i-still").await;
    assert_eq!(paused(), [], "off is not paused");
    assert!(is_refused(resume().await));
    bench.release("i-still").await;
}
