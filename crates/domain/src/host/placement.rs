//! The rule that says which host gets a new instance: one in its zone that is up and has room for
//! it, and of these the one that is least full afterwards. Instances are spread by that.

use super::{Host, HostResources, HostState};

/// A full host, in millionths: fine enough to tell large hosts apart.
const FULL: u128 = 1_000_000;

/// A host that an instance may be placed on, as it is now.
#[derive(Clone, Debug)]
pub struct HostCandidate {
    /// The host.
    pub host: Host,
    /// How many milliseconds ago it was heard of; none if it never was.
    pub heard_ms_ago: Option<i64>,
    /// The share of the instances that are placed on it.
    pub used: HostResources,
}

impl HostCandidate {
    /// Whether it takes new instances at all.
    pub fn takes_new(&self) -> bool {
        match self.host.state(self.heard_ms_ago) {
            HostState::Up => true,
            HostState::Silent | HostState::Drained | HostState::Fencing | HostState::Fenced => {
                false
            }
        }
    }

    /// Whether there is room for that much more.
    pub fn has_room_for(&self, need: HostResources) -> bool {
        self.used.plus(need).fits_in(self.host.allowed())
    }

    /// How full it is with that much more, by what it has least of; in millionths.
    fn fullness_with(&self, need: HostResources) -> u128 {
        let (has, used) = (self.host.allowed(), self.used.plus(need));
        let share = |used: u64, has: u64| match has {
            0 => u128::from(used.min(1)) * FULL,
            has => u128::from(used) * FULL / u128::from(has),
        };
        let shares = [
            share(used.processors, has.processors),
            share(used.memory_mib, has.memory_mib),
            share(used.disk_slots, has.disk_slots),
        ];
        shares.into_iter().max().unwrap_or(FULL)
    }
}

/// The needs of a new instance.
#[derive(Clone, Copy, Debug)]
pub struct InstanceNeeds<'n> {
    /// Its zone.
    pub zone: &'n str,
    /// The share of a host that it takes.
    pub resources: HostResources,
    /// The image that it starts from.
    pub image: &'n str,
    /// The host with the snapshots that its disks are made from.
    pub bytes_on: Option<&'n str>,
}

/// Why no host gets an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHost {
    /// No host in the zone that takes new instances has room.
    Room,
    /// There would be room, but no such host has the image.
    Image,
    /// There would be room, but not on the host with the snapshots of its disks.
    Snapshot,
}

/// The host that gets an instance with these needs, by its place among the candidates. Of hosts
/// that are equally full the first by name.
pub fn place(candidates: &[HostCandidate], needs: &InstanceNeeds<'_>) -> Result<usize, NoHost> {
    let need = needs.resources;
    let fits = |candidate: &HostCandidate| {
        candidate.host.zone == needs.zone && candidate.takes_new() && candidate.has_room_for(need)
    };
    let all = candidates.iter().enumerate();
    let fitting: Vec<_> = all.filter(|(_, candidate)| fits(candidate)).collect();
    let has_bytes = |one: &HostCandidate| needs.bytes_on.is_none_or(|host| one.host.name == host);
    let near: Vec<_> = fitting.iter().copied().filter(|(_, one)| has_bytes(one)).collect();
    let able = near.iter().copied().filter(|(_, one)| one.host.has_image(needs.image));
    let best = able.min_by_key(|(_, one)| (one.fullness_with(need), one.host.name.clone()));
    best.map(|(place, _)| place).ok_or(match (fitting.is_empty(), near.is_empty()) {
        (true, _) => NoHost::Room,
        (false, true) => NoHost::Snapshot,
        (false, false) => NoHost::Image,
    })
}
