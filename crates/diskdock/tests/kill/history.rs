//! Whether what several callers saw of one disk has an order that a simple model of a disk allows:
//! each call has its effect at one moment between its beginning and its answer; a call whose
//! outcome is unknown has it at any later moment, or never.

use std::collections::HashSet;
use std::time::Duration;

/// Points of the search at most: a bound for a history that no test writes.
const POINTS: usize = 5_000_000;

/// Where a disk is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Available,
    Attaching,
    InUse,
    Detaching,
    Deleted,
}

/// A text that a call sets whatever the disk is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Text {
    Name,
    Tag,
}

/// A disk as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModelDisk {
    pub(crate) phase: Phase,
    /// The numbers in its name and in its tag; 0 before they were set.
    pub(crate) texts: [u64; 2],
    /// Its size in GiB, from the moment at which a resize is accepted.
    pub(crate) size: u64,
    /// Whether a resize may still be under way, which nobody sees.
    pub(crate) resizing: bool,
}

impl ModelDisk {
    /// A disk of 20 GiB that nothing was done to yet.
    pub(crate) const FRESH: ModelDisk =
        ModelDisk { phase: Phase::Available, texts: [0; 2], size: 20, resizing: false };

    /// Whether it looks like the other one.
    fn looks_like(self, other: ModelDisk) -> bool {
        let visible = |disk: ModelDisk| (disk.phase, disk.texts, disk.size);
        let gone = |disk: ModelDisk| disk.phase == Phase::Deleted;
        visible(self) == visible(other) || (gone(self) && gone(other))
    }

    /// The disk after an accepted call; none if the model refuses it.
    fn after(mut self, call: Call) -> Option<ModelDisk> {
        let phase = self.phase;
        let is_still = !self.resizing;
        let fits = match call {
            Call::Attach => {
                self.phase = Phase::Attaching;
                is_still && phase == Phase::Available
            }
            Call::Detach => {
                self.phase = Phase::Detaching;
                is_still && phase == Phase::InUse
            }
            Call::Delete => {
                self.phase = Phase::Deleted;
                is_still && phase == Phase::Available
            }
            Call::Resize(size) => {
                let larger = size > self.size;
                (self.size, self.resizing) = (size, true);
                larger && is_still && matches!(phase, Phase::Available | Phase::InUse)
            }
            Call::Set(text, number) => {
                self.texts[text as usize] = number;
                phase != Phase::Deleted
            }
            Call::Look => true,
        };
        fits.then_some(self)
    }
}

/// A call of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Call {
    Attach,
    Detach,
    Delete,
    /// To so many GiB.
    Resize(u64),
    Set(Text, u64),
    Look,
}

/// The outcome of a call, as the caller knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    Done,
    Refused,
    /// There was no answer, or one that leaves it open.
    Unknown,
    Seen(ModelDisk),
}

/// A call with its reply, and when both were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) call: Call,
    pub(crate) reply: Reply,
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
}

/// A point of the search: what of each caller's events has happened, and the disk after that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Point {
    next: Vec<usize>,
    disk: ModelDisk,
    /// Calls of unknown outcome that may still have their effect, in order.
    open: Vec<Call>,
}

/// Whether there is an order of all events that leads from this disk through what was seen.
pub(crate) fn has_order(begins: ModelDisk, callers: &[Vec<Event>]) -> bool {
    let seen: HashSet<[u64; 2]> = callers
        .iter()
        .flatten()
        .filter_map(|event| match event.reply {
            Reply::Seen(disk) => Some(disk.texts),
            Reply::Done | Reply::Refused | Reply::Unknown => None,
        })
        .collect();
    let (next, open) = (vec![0; callers.len()], Vec::new());
    let first = Point { next, disk: begins, open };
    let (mut known, mut points) = (HashSet::from([first.clone()]), vec![first]);
    while let Some(point) = points.pop() {
        if point.next.iter().zip(callers).all(|(next, events)| *next == events.len()) {
            return true;
        }
        let mut steps = point.moves();
        steps.extend((0..callers.len()).filter_map(|caller| point.after(callers, caller, &seen)));
        points.extend(steps.into_iter().filter(|step| known.insert(step.clone())));
        assert!(known.len() < POINTS, "the history is too long to be checked");
    }
    false
}

impl Point {
    /// The points after what can happen by itself: the disk moves on, or a call of unknown outcome
    /// has its effect.
    fn moves(&self) -> Vec<Point> {
        let to = |disk| Point { disk, ..self.clone() };
        let mut moves = Vec::new();
        match self.disk.phase {
            Phase::Attaching => moves.push(to(ModelDisk { phase: Phase::InUse, ..self.disk })),
            Phase::Detaching => moves.push(to(ModelDisk { phase: Phase::Available, ..self.disk })),
            Phase::Available | Phase::InUse | Phase::Deleted => {}
        }
        if self.disk.resizing {
            moves.push(to(ModelDisk { resizing: false, ..self.disk }));
        }
        for (place, call) in self.open.iter().enumerate() {
            if let Some(disk) = self.disk.after(*call) {
                let mut moved = to(disk);
                moved.open.remove(place);
                moves.push(moved);
            }
        }
        moves
    }

    /// The point after the next event of a caller, if that can come next.
    fn after(
        &self,
        callers: &[Vec<Event>],
        caller: usize,
        seen: &HashSet<[u64; 2]>,
    ) -> Option<Point> {
        let upcoming = |caller: usize| callers[caller].get(self.next[caller]);
        let event = upcoming(caller)?;
        if (0..callers.len()).filter_map(upcoming).any(|other| other.ended < event.began) {
            return None;
        }
        let mut point = self.clone();
        point.next[caller] += 1;
        match (event.reply, event.call) {
            (Reply::Done, call) => point.disk = self.disk.after(call)?,
            (Reply::Refused, call) => {
                if self.disk.after(call).is_some() {
                    return None;
                }
            }
            (Reply::Seen(disk), Call::Look) if self.disk.looks_like(disk) => {}
            (Reply::Seen(_), _) => return None,
            (Reply::Unknown, Call::Look) => {}
            // A text that nobody saw may as well not have been set.
            (Reply::Unknown, Call::Set(text, number))
                if !seen.iter().any(|texts| texts[text as usize] == number) => {}
            (Reply::Unknown, call) => {
                point.open.push(call);
                point.open.sort_unstable();
            }
        }
        Some(point)
    }
}

fn event(call: Call, reply: Reply, began_ms: u64, ended_ms: u64) -> Event {
    let (began, ended) = (Duration::from_millis(began_ms), Duration::from_millis(ended_ms));
    Event { call, reply, began, ended }
}

/// A look at a disk with this number in its name.
fn seen(phase: Phase, name: u64, at_ms: u64) -> Event {
    let disk = ModelDisk { phase, texts: [name, 0], ..ModelDisk::FRESH };
    event(Call::Look, Reply::Seen(disk), at_ms, at_ms + 1)
}

fn seen_size(size: u64, at_ms: u64) -> Event {
    let disk = ModelDisk { size, ..ModelDisk::FRESH };
    event(Call::Look, Reply::Seen(disk), at_ms, at_ms + 1)
}

const fn rename(number: u64) -> Call {
    Call::Set(Text::Name, number)
}

#[test]
fn has_order_accepts_calls_side_by_side_and_effects_of_unknown_calls() {
    let one = vec![
        event(Call::Attach, Reply::Done, 0, 10),
        event(Call::Detach, Reply::Unknown, 20, 30),
        seen(Phase::InUse, 7, 40),
        seen(Phase::Available, 7, 60),
    ];
    let other = vec![
        event(Call::Attach, Reply::Refused, 5, 15),
        event(rename(7), Reply::Unknown, 16, 18),
        event(rename(8), Reply::Unknown, 19, 21),
    ];
    assert!(has_order(ModelDisk::FRESH, &[one, other]));
    // A resize that nobody saw, which is under way, keeps others out; so does its size.
    let resized = vec![
        event(Call::Resize(40), Reply::Unknown, 0, 10),
        event(Call::Attach, Reply::Refused, 20, 30),
        event(Call::Resize(30), Reply::Refused, 40, 50),
        event(Call::Delete, Reply::Unknown, 60, 70),
        event(rename(1), Reply::Refused, 80, 90),
        seen(Phase::Deleted, 0, 100),
    ];
    assert!(has_order(ModelDisk::FRESH, &[resized]));
}

#[test]
fn has_order_rejects_lost_calls_stale_reads_and_two_winners() {
    let histories = [
        // An acknowledged attach that was undone.
        vec![vec![event(Call::Attach, Reply::Done, 0, 10), seen(Phase::Available, 0, 20)]],
        // Two attaches of one disk.
        vec![
            vec![event(Call::Attach, Reply::Done, 0, 10)],
            vec![event(Call::Attach, Reply::Done, 0, 10)],
        ],
        // Another caller's attach was answered before, and is not seen.
        vec![vec![event(Call::Attach, Reply::Done, 0, 10)], vec![seen(Phase::Available, 0, 20)]],
        // Refused although nobody else had called.
        vec![vec![event(Call::Attach, Reply::Refused, 0, 10)]],
        // A name comes back.
        vec![vec![
            event(rename(1), Reply::Done, 0, 10),
            event(rename(2), Reply::Done, 20, 30),
            seen(Phase::Available, 1, 40),
        ]],
        // A detach that nobody asked for.
        vec![vec![event(Call::Attach, Reply::Done, 0, 10), seen(Phase::Detaching, 0, 20)]],
        // A resize that was undone.
        vec![vec![event(Call::Resize(40), Reply::Done, 0, 10), seen_size(20, 20)]],
        // A disk that comes back, and one that is deleted while it is attached.
        vec![vec![event(Call::Delete, Reply::Done, 0, 10), seen(Phase::Available, 0, 20)]],
        vec![vec![
            event(Call::Attach, Reply::Done, 0, 10),
            event(Call::Delete, Reply::Done, 20, 30),
        ]],
    ];
    for history in histories {
        assert!(!has_order(ModelDisk::FRESH, &history), "{history:?}");
    }
}
