//! The unplug policy of one machine: when a guest is asked to let go of a disk, when it is asked
//! again, when waiting ends, and which root port the next disk may take.
//!
//! Pure: what happened, what was observed and the time go in, a decision comes out; the driver
//! carries it out.
//!
//! A request (`device_del` under ACPI hot-plug) raises an event. A guest that hears an event queues
//! one eject for every port whose disk is to leave at that moment, whatever the event was raised
//! for: a first request, a repeated one, one for another disk, a disk that was plugged in. It works
//! the queue off in order, and an eject that is left over removes whatever is on its port by then.
//! Therefore a guest is asked again only for a reason, and a port for which more than one eject may
//! be queued takes no disk until those must have been worked off.
//!
//! Time is monotonic, in milliseconds from any beginning. Intervals count only time in which the
//! guest's processors run.

mod recorded;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::DiskId;

pub(super) use self::recorded::{PortCooldown, UnplugRequest};
use crate::hypervisor::AttachmentId;

/// How often an unplug under way is looked at, in milliseconds; events make it sooner.
const LOOK_MS: i64 = 1_000;
/// How often an unplug that waits for a paused machine is looked at; events make it sooner.
const LOOK_PAUSED_MS: i64 = 10_000;
/// The wait for a paused machine is recorded in steps of this length.
const RECORDED_MS: i64 = 60_000;
/// When a guest that heard the first request is asked again. The interval doubles each time.
const ASK_AGAIN_MS: i64 = 30_000;
/// The same where it is unknown whether the guest heard it.
const ASK_UNHEARD_MS: i64 = 1_000;
/// The longest interval between two requests.
const ASK_AGAIN_AT_MOST_MS: i64 = 240_000;
/// How long a paused machine may keep an unplug waiting, in milliseconds: time for an operator to
/// find out and to make room. Then the disk is In_use again, which it is.
pub(in crate::hypervisor) const PAUSED_AT_MOST_MS: i64 = 3_600_000;
/// The shortest cooldown of a port. Ejects that are left over are worked off right after the one
/// that took the disk, so the cooldown lasts as long as that one took, within these bounds.
const COOLDOWN_MIN_MS: i64 = 10_000;
/// The longest cooldown of a port, which a disk that has left unrequested causes as well.
const COOLDOWN_MAX_MS: i64 = 300_000;

/// Why an unplug that waited for a paused machine has ended.
pub(in crate::hypervisor) const PAUSED_TOO_LONG: &str = "the virtual machine was paused for an \
    hour; let it go on (`diskdock admin resume`) or stop it, then detach the disk again";

/// One observation of a disk that is to leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Observation {
    /// The guest can still reach it.
    pub present: bool,
    /// The guest listens to hot-plug events; none if unknown.
    pub hotplug_enabled: Option<bool>,
    /// Why the machine's processors stand still, if they do.
    pub paused: Option<String>,
}

/// The next step for a disk that is to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Ask the guest now, and look again.
    Ask,
    /// Look again after so many milliseconds.
    RetryAfter { after_ms: i64, because: String },
    /// As [`Decision::RetryAfter`], while nothing can happen in the machine.
    Suspended { after_ms: i64, because: String },
    /// Give up, for this reason.
    Fail(String),
    /// The guest has let go: close the volume.
    Release,
}

/// Where the next disk goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// To this root port.
    Free(u32),
    /// Nowhere yet: every free port may still be ejected once more.
    CoolingDown { after_ms: i64, because: String },
    /// Nowhere: there is no free port.
    Full,
}

/// A request under way.
#[derive(Clone, Debug, Default)]
struct Open {
    request: UnplugRequest,
    /// How often the guest was asked since the disk was last wanted off.
    round: u32,
    /// When the guest was first asked, and last, in its running time.
    first_ms: i64,
    last_ms: i64,
    /// The guest said that it will not let go.
    refused: bool,
}

/// The unplug policy of one machine.
#[derive(Clone, Debug)]
pub(super) struct UnplugPolicy {
    open: HashMap<AttachmentId, Open>,
    cooldowns: BTreeMap<u32, i64>,
    running: bool,
    ran_ms: i64,
    ticked_ms: Option<i64>,
}

impl Default for UnplugPolicy {
    fn default() -> UnplugPolicy {
        UnplugPolicy::restored([], [])
    }
}

impl UnplugPolicy {
    /// Continues from what was recorded. Every cooldown begins anew; whether a disk is still to be
    /// detached is for the operation to say: see [`UnplugPolicy::begin`].
    pub(crate) fn restored(
        requests: impl IntoIterator<Item = (AttachmentId, UnplugRequest)>,
        cooldowns: impl IntoIterator<Item = PortCooldown>,
    ) -> UnplugPolicy {
        let open = |(attachment, request): (AttachmentId, UnplugRequest)| {
            let request = UnplugRequest { wanted: false, ..request };
            // When it was first asked is unknown, so its port gets the longest cooldown.
            (attachment, Open { request, first_ms: -COOLDOWN_MAX_MS, ..Open::default() })
        };
        UnplugPolicy {
            open: requests.into_iter().map(open).collect(),
            cooldowns: cooldowns.into_iter().map(|port| (port.port, port.left_ms)).collect(),
            running: true,
            ran_ms: 0,
            ticked_ms: None,
        }
    }

    /// The disk is wanted off. True if the guest is to be asked before anything is looked up.
    pub(crate) fn begin(&mut self, attachment: &AttachmentId, now_ms: i64) -> bool {
        self.tick(now_ms, self.running);
        let running = self.running;
        let open = self.open.entry(attachment.clone()).or_default();
        if !open.request.wanted {
            open.request.wanted = true;
            // Wanted off anew: intervals begin anew. A request that a reset has ended is none.
            open.round = open.request.asked.min(1);
            if open.request.ejects == 0 {
                open.request.asked = 0;
            }
        }
        running && open.request.asked == 0 && !open.refused
    }

    /// The guest was asked.
    pub(crate) fn asked(&mut self, attachment: &AttachmentId, hotplug_enabled: Option<bool>) {
        let ran_ms = self.ran_ms;
        let open = self.open.entry(attachment.clone()).or_default();
        if open.request.asked == 0 {
            open.first_ms = ran_ms;
        }
        open.last_ms = ran_ms;
        open.request.asked = open.request.asked.saturating_add(1);
        open.request.heard = hotplug_enabled;
        open.round = open.round.saturating_add(1);
        self.event_raised();
    }

    /// A disk was plugged in, which raises an event too.
    pub(crate) fn plugged(&mut self) {
        self.event_raised();
    }

    fn event_raised(&mut self) {
        for open in self.open.values_mut().filter(|open| open.request.asked > 0) {
            open.request.ejects = open.request.ejects.saturating_add(1);
        }
    }

    /// The next step after an observation of the disk.
    pub(crate) fn observed(
        &mut self,
        attachment: &AttachmentId,
        seen: Observation,
        now_ms: i64,
    ) -> Decision {
        self.tick(now_ms, seen.paused.is_none());
        let ran_ms = self.ran_ms;
        let open = self.open.entry(attachment.clone()).or_default();
        if !seen.present {
            return Decision::Release;
        }
        if open.refused {
            // It has answered: there is nothing to wait for, and another request may follow.
            (open.refused, open.request.wanted, open.request.asked) = (false, false, 0);
            return Decision::Fail("the guest refused to let go of the disk".to_owned());
        }
        if let Some(because) = seen.paused {
            let left_ms = PAUSED_AT_MOST_MS - open.request.paused_ms;
            if left_ms <= 0 {
                return Decision::Fail(PAUSED_TOO_LONG.to_owned());
            }
            return Decision::Suspended { after_ms: left_ms.min(LOOK_PAUSED_MS), because };
        }
        match open.ask_in_ms(seen.hotplug_enabled, ran_ms) {
            0 => Decision::Ask,
            left_ms => Decision::RetryAfter {
                after_ms: left_ms.min(LOOK_MS),
                because: open.waits_for(seen.hotplug_enabled),
            },
        }
    }

    /// The guest refused to release the disk. Without a request there is nothing to refuse.
    pub(crate) fn refused(&mut self, attachment: &AttachmentId) {
        if let Some(open) = self.open.get_mut(attachment).filter(|open| open.request.asked > 0) {
            open.refused = true;
        }
    }

    /// The detach was given up. A guest that was asked may release the disk all the same.
    pub(crate) fn cancelled(&mut self, disk: &DiskId) {
        for (_, open) in self.open.iter_mut().filter(|(attachment, _)| attachment.disk == *disk) {
            (open.request.wanted, open.request.paused_ms, open.refused) = (false, 0, false);
        }
        self.open.retain(|_, open| !open.is_forgotten());
    }

    /// The guest can still reach the disk. If a reset did not take it, no earlier request will.
    pub(crate) fn note_present(&mut self, attachment: &AttachmentId) {
        let ended = |open: &Open| {
            let UnplugRequest { wanted, ejects, paused_ms, .. } = open.request;
            !wanted && ejects == 0 && paused_ms == 0
        };
        if self.open.get(attachment).is_some_and(ended) {
            self.open.remove(attachment);
        }
    }

    /// Whether the disk may leave because of a request: the guest was asked, or is to be.
    pub(crate) fn may_leave_by_request(&self, attachment: &AttachmentId) -> bool {
        self.open.get(attachment).is_some_and(|open| !open.is_forgotten())
    }

    /// The disk has left its port and nothing is open about it any more.
    pub(crate) fn left(&mut self, attachment: &AttachmentId, port: u32, now_ms: i64) {
        // Time that has passed until now is not part of the cooldown that begins.
        self.tick(now_ms, self.running);
        match self.open.remove(attachment) {
            Some(open) if open.request.ejects <= 1 => {}
            Some(open) => {
                let took_ms = self.ran_ms - open.first_ms;
                self.cool_down(port, took_ms.clamp(COOLDOWN_MIN_MS, COOLDOWN_MAX_MS));
            }
            // It was ejected unrequested, which may happen again.
            None => self.cool_down(port, COOLDOWN_MAX_MS),
        }
    }

    fn cool_down(&mut self, port: u32, for_ms: i64) {
        let left_ms = self.cooldowns.entry(port).or_default();
        *left_ms = for_ms.max(*left_ms);
    }

    /// The guest was reset: its queue is gone, and QEMU has taken every disk that it was asked for.
    pub(crate) fn reset(&mut self) {
        self.cooldowns.clear();
        for open in self.open.values_mut() {
            let wanted = open.request.wanted;
            // One whose detach was given up may be leaving with this reset.
            let asked = if wanted { 0 } else { open.request.asked };
            let request = UnplugRequest { wanted, asked, ejects: 0, heard: None, ..open.request };
            *open = Open { request, ..Open::default() };
        }
    }

    /// The guest has slept and woken up. The requests that it was told of are lost, but its queue
    /// is not: that is in its memory. It is asked again when it listens.
    pub(crate) fn woke_up(&mut self) {
        for open in self.open.values_mut().filter(|open| open.request.asked > 0) {
            open.request.heard = Some(false);
        }
    }

    /// The machine is off. Disks that are wanted off can be released now; those that were asked for
    /// in vain stay.
    pub(crate) fn powered_off(&mut self) {
        self.reset();
        self.open.retain(|_, open| open.request.wanted);
        (self.running, self.ticked_ms) = (true, None);
    }

    /// The machine's processors stand still, or go on. When they did is unknown: the time since the
    /// last look counts as a pause.
    pub(crate) fn set_running(&mut self, running: bool, now_ms: i64) {
        if running && !self.running {
            self.tick(now_ms, true);
        }
        self.running = running;
    }

    /// The disks that are wanted off.
    pub(crate) fn wanted(&self) -> Vec<AttachmentId> {
        let wanted = self.open.iter().filter(|(_, open)| open.request.wanted);
        wanted.map(|(attachment, _)| attachment.clone()).collect()
    }

    /// The requests that the guest was told of or that wait for it, to be recorded; their waits in
    /// whole minutes, so that the record does not change at every look.
    pub(crate) fn requests(&self) -> Vec<(AttachmentId, UnplugRequest)> {
        let recorded = self.open.iter().map(|(attachment, open)| {
            let paused_ms = open.request.paused_ms - open.request.paused_ms % RECORDED_MS;
            (attachment.clone(), UnplugRequest { paused_ms, ..open.request })
        });
        recorded.filter(|(_, request)| request.asked > 0 || request.paused_ms > 0).collect()
    }

    /// The ports in cooldown, to be recorded.
    pub(crate) fn cooldowns(&self) -> Vec<PortCooldown> {
        self.cooldowns.iter().map(|(&port, &left_ms)| PortCooldown { port, left_ms }).collect()
    }

    /// The port for the next disk, of those that the machine has and that are not taken.
    pub(crate) fn port(&mut self, free: &BTreeSet<u32>, now_ms: i64) -> Port {
        self.tick(now_ms, self.running);
        if let Some(port) = self.port_without_cooldown(free) {
            return Port::Free(port);
        }
        let Some(left_ms) = free.iter().filter_map(|port| self.cooldowns.get(port)).min() else {
            return Port::Full;
        };
        let because = "the machine's free root ports are in cooldown: its guest was slow to release a disk, and may \
                       still eject whatever is there";
        Port::CoolingDown { after_ms: (*left_ms).clamp(1, LOOK_MS), because: because.to_owned() }
    }

    /// A free port that is not in cooldown, as of the last query.
    pub(crate) fn port_without_cooldown(&self, free: &BTreeSet<u32>) -> Option<u32> {
        free.iter().find(|port| !self.cooldowns.contains_key(*port)).copied()
    }

    /// Time has passed. A cooldown goes on only while the guest runs and its queue moves: while no
    /// eject that has not come to its end may be in front of those that are left over.
    fn tick(&mut self, now_ms: i64, running: bool) {
        let since = self.ticked_ms.replace(now_ms).map_or(0, |last| (now_ms - last).max(0));
        let was_running = std::mem::replace(&mut self.running, running);
        if !was_running {
            // While this process stood still as well, nobody was there to let the machine go on.
            let waited_ms = since.min(2 * LOOK_PAUSED_MS);
            for Open { request, .. } in self.open.values_mut() {
                request.paused_ms = request.paused_ms.saturating_add(waited_ms);
            }
            return;
        }
        self.ran_ms = self.ran_ms.saturating_add(since);
        if self.open.values().all(|open| open.request.ejects == 0) {
            self.cooldowns.retain(|_, left_ms| {
                *left_ms -= since;
                *left_ms > 0
            });
        }
    }
}

impl Open {
    /// No detach is under way, and the guest was not asked either.
    fn is_forgotten(&self) -> bool {
        !self.request.wanted && self.request.asked == 0 && self.request.ejects == 0
    }

    /// Milliseconds until the guest is to be asked again.
    fn ask_in_ms(&self, hotplug_enabled: Option<bool>, ran_ms: i64) -> i64 {
        let UnplugRequest { asked, heard, .. } = self.request;
        // It was not up yet, or did not listen, and does now.
        if asked == 0 || (heard == Some(false) && hotplug_enabled == Some(true)) {
            return 0;
        }
        let first = if heard.is_none() { ASK_UNHEARD_MS } else { ASK_AGAIN_MS };
        let doubled = self.round.saturating_sub(1).min(20);
        let interval = first.saturating_mul(1 << doubled).min(ASK_AGAIN_AT_MOST_MS);
        (interval - (ran_ms - self.last_ms)).max(0)
    }

    fn waits_for(&self, hotplug_enabled: Option<bool>) -> String {
        let times = match self.request.asked {
            1 => "once".to_owned(),
            asked => format!("{asked} times"),
        };
        let asked = format!("the guest was asked {times} to let go of the disk");
        match hotplug_enabled {
            Some(false) => format!("{asked}; its system does not listen to hot-plug events"),
            Some(true) | None => asked,
        }
    }
}

#[cfg(test)]
mod tests;
