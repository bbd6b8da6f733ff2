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
}

/// A disk as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModelDisk {
    pub(crate) phase: Phase,
    /// The number in its name; 0 before it was renamed.
    pub(crate) name: u64,
}

/// A call of a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Attach,
    Detach,
    Rename(u64),
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
    /// Calls of unknown outcome that may still have their effect.
    attaches: usize,
    detaches: usize,
    renames: Vec<u64>,
}

/// Whether there is an order of all events that leads from this disk through what was seen.
pub(crate) fn has_order(begins: ModelDisk, callers: &[Vec<Event>]) -> bool {
    let seen: HashSet<u64> = callers
        .iter()
        .flatten()
        .filter_map(|event| match event.reply {
            Reply::Seen(disk) => Some(disk.name),
            Reply::Done | Reply::Refused | Reply::Unknown => None,
        })
        .collect();
    let (next, renames) = (vec![0; callers.len()], Vec::new());
    let first = Point { next, disk: begins, attaches: 0, detaches: 0, renames };
    let (mut known, mut open) = (HashSet::from([first.clone()]), vec![first]);
    while let Some(point) = open.pop() {
        if point.next.iter().zip(callers).all(|(next, events)| *next == events.len()) {
            return true;
        }
        let mut steps = point.moves();
        steps.extend((0..callers.len()).filter_map(|caller| point.after(callers, caller, &seen)));
        open.extend(steps.into_iter().filter(|step| known.insert(step.clone())));
        assert!(known.len() < POINTS, "the history is too long to be checked");
    }
    false
}

impl Point {
    /// The points after what can happen by itself: the disk moves on, or a call of unknown outcome
    /// has its effect.
    fn moves(&self) -> Vec<Point> {
        let to = |phase| Point { disk: ModelDisk { phase, ..self.disk }, ..self.clone() };
        let mut moves = match self.disk.phase {
            Phase::Attaching => vec![to(Phase::InUse)],
            Phase::Detaching => vec![to(Phase::Available)],
            Phase::Available if self.attaches > 0 => {
                vec![Point { attaches: self.attaches - 1, ..to(Phase::Attaching) }]
            }
            Phase::InUse if self.detaches > 0 => {
                vec![Point { detaches: self.detaches - 1, ..to(Phase::Detaching) }]
            }
            Phase::Available | Phase::InUse => Vec::new(),
        };
        for (place, name) in self.renames.iter().enumerate() {
            let mut renamed = self.clone();
            renamed.renames.remove(place);
            renamed.disk.name = *name;
            moves.push(renamed);
        }
        moves
    }

    /// The point after the next event of a caller, if that can come next. Effects that nobody saw
    /// may as well have been none.
    fn after(&self, callers: &[Vec<Event>], caller: usize, seen: &HashSet<u64>) -> Option<Point> {
        let upcoming = |caller: usize| callers[caller].get(self.next[caller]);
        let event = upcoming(caller)?;
        if (0..callers.len()).filter_map(upcoming).any(|other| other.ended < event.began) {
            return None;
        }
        let mut point = self.clone();
        point.next[caller] += 1;
        let phase = &mut point.disk.phase;
        let fits = match (event.call, event.reply) {
            (Call::Attach, Reply::Done) => {
                std::mem::replace(phase, Phase::Attaching) == Phase::Available
            }
            (Call::Detach, Reply::Done) => {
                std::mem::replace(phase, Phase::Detaching) == Phase::InUse
            }
            (Call::Attach, Reply::Refused) => *phase != Phase::Available,
            (Call::Detach, Reply::Refused) => *phase != Phase::InUse,
            (Call::Rename(name), Reply::Done) => {
                point.disk.name = name;
                true
            }
            (Call::Attach, Reply::Unknown) => {
                point.attaches += 1;
                true
            }
            (Call::Detach, Reply::Unknown) => {
                point.detaches += 1;
                true
            }
            (Call::Rename(name), Reply::Unknown) => {
                point.renames.extend(Some(name).filter(|name| seen.contains(name)));
                point.renames.sort_unstable();
                true
            }
            (Call::Look, Reply::Unknown) => true,
            (Call::Look, Reply::Seen(disk)) => disk == self.disk,
            (Call::Rename(_), Reply::Refused)
            | (Call::Look, Reply::Done | Reply::Refused)
            | (Call::Attach | Call::Detach | Call::Rename(_), Reply::Seen(_)) => false,
        };
        fits.then_some(point)
    }
}

const FRESH: ModelDisk = ModelDisk { phase: Phase::Available, name: 0 };

fn event(call: Call, reply: Reply, began_ms: u64, ended_ms: u64) -> Event {
    let (began, ended) = (Duration::from_millis(began_ms), Duration::from_millis(ended_ms));
    Event { call, reply, began, ended }
}

fn seen(phase: Phase, name: u64, at_ms: u64) -> Event {
    event(Call::Look, Reply::Seen(ModelDisk { phase, name }), at_ms, at_ms + 1)
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
        event(Call::Rename(7), Reply::Unknown, 16, 18),
        event(Call::Rename(8), Reply::Unknown, 19, 21),
    ];
    assert!(has_order(FRESH, &[one, other]));
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
            event(Call::Rename(1), Reply::Done, 0, 10),
            event(Call::Rename(2), Reply::Done, 20, 30),
            seen(Phase::Available, 1, 40),
        ]],
        // A detach that nobody asked for.
        vec![vec![event(Call::Attach, Reply::Done, 0, 10), seen(Phase::Detaching, 0, 20)]],
    ];
    for history in histories {
        assert!(!has_order(FRESH, &history), "{history:?}");
    }
}
