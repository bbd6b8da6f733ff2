//! Guests of every speed against the unplug policy: no left-over eject takes another disk.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const PORTS: u32 = 8;
/// How long a guest takes to work off an eject of a port from which there is nothing to take.
const LEFT_OVER_MS: i64 = 100;
const STEP_MS: i64 = 100;

/// An event from outside the machine.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Attach { eject_ms: i64 },
    Detach(prop::sample::Index),
    Cancel(prop::sample::Index),
    Pass { seconds: i64 },
    Listen(bool),
    Run(bool),
    Reset { told_first: bool },
    Restart,
}

fn happenings() -> impl Strategy<Value = Happening> {
    let eject_ms = prop_oneof![3 => Just(100), 1 => 1_000..90_000_i64];
    prop_oneof![
        4 => eject_ms.prop_map(|eject_ms| Happening::Attach { eject_ms }),
        4 => any::<prop::sample::Index>().prop_map(Happening::Detach),
        1 => any::<prop::sample::Index>().prop_map(Happening::Cancel),
        4 => (0..40_i64).prop_map(|seconds| Happening::Pass { seconds }),
        2 => any::<bool>().prop_map(Happening::Listen),
        2 => any::<bool>().prop_map(Happening::Run),
        1 => any::<bool>().prop_map(|told_first| Happening::Reset { told_first }),
        1 => Just(Happening::Restart),
    ]
}

struct Plugged {
    attachment: AttachmentId,
    eject_ms: i64,
    wanted: bool,
    /// QEMU was asked for it.
    is_down: bool,
    looked_at: i64,
}

/// A machine: QEMU, a guest with its queue of ejects, and the driver with the policy.
struct Machine {
    policy: UnplugPolicy,
    /// Whether the driver can tell that the guest listens.
    can_tell: bool,
    now: i64,
    ports: BTreeMap<u32, Plugged>,
    queue: VecDeque<u32>,
    /// The time left of the eject at the front of the queue.
    front_ms: i64,
    hotplug_enabled: bool,
    latched: bool,
    runs: bool,
    made: u32,
    asks: u32,
}

impl Machine {
    fn new(can_tell: bool) -> Machine {
        Machine {
            policy: UnplugPolicy::default(),
            can_tell,
            now: BEGINNING,
            ports: BTreeMap::new(),
            queue: VecDeque::new(),
            front_ms: 0,
            hotplug_enabled: true,
            latched: false,
            runs: true,
            made: 0,
            asks: 0,
        }
    }

    fn happens(&mut self, happening: Happening) {
        let port_of = |ports: &BTreeMap<u32, Plugged>, index: prop::sample::Index| {
            let ports: Vec<_> = ports.keys().copied().collect();
            (!ports.is_empty()).then(|| ports[index.index(ports.len())])
        };
        match happening {
            Happening::Attach { eject_ms } => self.attach(eject_ms),
            Happening::Detach(index) => {
                if let Some(port) = port_of(&self.ports, index) {
                    self.ports.get_mut(&port).unwrap().wanted = true;
                    self.poll(port);
                }
            }
            Happening::Cancel(index) => {
                let Some(port) = port_of(&self.ports, index) else { return };
                let plugged = self.ports.get_mut(&port).unwrap();
                plugged.wanted = false;
                self.policy.cancelled(&plugged.attachment.disk);
            }
            Happening::Pass { seconds } => self.pass(seconds * 1_000),
            Happening::Listen(hotplug_enabled) => {
                self.hotplug_enabled = hotplug_enabled;
                if hotplug_enabled && std::mem::take(&mut self.latched) {
                    self.event();
                }
            }
            Happening::Run(runs) => {
                self.runs = runs;
                self.policy.set_running(runs, self.now);
            }
            Happening::Reset { told_first } => self.reset(told_first),
            Happening::Restart => {
                let attachments = self.ports.values().map(|plugged| plugged.attachment.clone());
                let on_record: Vec<_> = attachments.collect();
                let mut requests = self.policy.requests();
                requests.retain(|(attachment, _)| on_record.contains(attachment));
                self.policy = UnplugPolicy::restored(requests, self.policy.cooldowns());
                self.policy.set_running(self.runs, self.now);
            }
        }
    }

    fn attach(&mut self, eject_ms: i64) {
        let free = (0..PORTS).filter(|port| !self.ports.contains_key(port)).collect();
        if let Port::Free(port) = self.policy.port(&free, self.now) {
            self.made += 1;
            let attachment = attachment(self.made);
            let looked_at = self.now;
            let plugged =
                Plugged { attachment, eject_ms, wanted: false, is_down: false, looked_at };
            assert!(self.ports.insert(port, plugged).is_none());
            self.event();
            self.policy.plugged();
        }
    }

    fn event(&mut self) {
        if !self.hotplug_enabled {
            self.latched = true;
            return;
        }
        let down = self.ports.iter().filter(|(_, plugged)| plugged.is_down);
        self.queue.extend(down.map(|(port, _)| *port));
    }

    fn ask(&mut self, port: u32) {
        self.asks += 1;
        let plugged = self.ports.get_mut(&port).unwrap();
        plugged.is_down = true;
        let attachment = plugged.attachment.clone();
        self.event();
        self.policy.asked(&attachment, self.can_tell.then_some(self.hotplug_enabled));
    }

    fn poll(&mut self, port: u32) {
        let attachment = self.ports[&port].attachment.clone();
        if self.policy.begin(&attachment, self.now) {
            self.ask(port);
        }
        let paused = (!self.runs).then(|| "paused".to_owned());
        let hotplug_enabled = self.can_tell.then_some(self.hotplug_enabled);
        let seen = Observation { present: true, hotplug_enabled, paused };
        let decision = self.policy.observed(&attachment, seen, self.now);
        let plugged = self.ports.get_mut(&port).unwrap();
        plugged.looked_at = self.now;
        match decision {
            Decision::Ask => self.ask(port),
            Decision::Fail(_) => {
                plugged.wanted = false;
                self.policy.cancelled(&attachment.disk);
            }
            Decision::RetryAfter { .. } | Decision::Suspended { .. } => {}
            Decision::Release => panic!("it is there"),
        }
    }

    fn pass(&mut self, milliseconds: i64) {
        for _ in 0..milliseconds / STEP_MS {
            self.now += STEP_MS;
            if self.runs {
                self.work();
            }
            let due = |plugged: &Plugged| self.now - plugged.looked_at >= LOOK_MS;
            let wanted = self.ports.iter().filter(|(_, plugged)| plugged.wanted && due(plugged));
            for port in wanted.map(|(port, _)| *port).collect::<Vec<_>>() {
                self.poll(port);
            }
        }
    }

    /// The guest works on its queue for one step.
    fn work(&mut self) {
        let Some(port) = self.queue.front().copied() else { return };
        if self.front_ms <= 0 {
            let takes = self.ports.get(&port).map(|plugged| plugged.eject_ms);
            self.front_ms = takes.unwrap_or(LEFT_OVER_MS);
        }
        self.front_ms -= STEP_MS;
        if self.front_ms <= 0 {
            self.queue.pop_front();
            if let Some(gone) = self.ports.remove(&port) {
                assert!(gone.is_down, "{:?} was ejected unrequested", gone.attachment);
                self.policy.left(&gone.attachment, port, self.now);
            }
        }
    }

    fn reset(&mut self, told_first: bool) {
        (self.queue, self.front_ms, self.latched) = (VecDeque::new(), 0, false);
        if told_first {
            self.policy.reset();
        }
        let down: Vec<_> =
            self.ports.iter().filter(|(_, p)| p.is_down).map(|(port, _)| *port).collect();
        for port in down {
            let gone = self.ports.remove(&port).unwrap();
            self.policy.left(&gone.attachment, port, self.now);
        }
        if !told_first {
            self.policy.reset();
        }
    }
}

/// Cases that are tried; `./test --long` tries more.
fn cases() -> u32 {
    if std::env::var_os("DISKDOCK_TEST_LONG").is_some() { 20_000 } else { 512 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// Whatever happens, no disk is ejected unrequested, a guest is not asked without end, and
    /// once it runs and listens, every disk that is wanted off has left.
    #[test]
    fn no_left_over_eject_takes_another_disk(
        can_tell in any::<bool>(),
        happenings in prop::collection::vec(happenings(), 1..60),
    ) {
        let mut machine = Machine::new(can_tell);
        for happening in &happenings {
            let (asks, changes) = (machine.asks, machine.ports.len() as u32);
            machine.happens(*happening);
            if let Happening::Pass { seconds } = happening {
                // Per disk: when it begins to listen, and after 30 s; or after 1 s, 2 s, 4 s...
                let most = changes * if *seconds < 30 { 6 } else { 7 };
                prop_assert!(machine.asks - asks <= most, "{} requests", machine.asks - asks);
            }
        }
        machine.happens(Happening::Run(true));
        machine.happens(Happening::Listen(true));
        machine.pass(1_500_000);
        let stays = machine.ports.values().find(|plugged| plugged.wanted);
        prop_assert!(stays.is_none(), "{:?} is still there", stays.map(|plugged| &plugged.attachment));
    }
}
