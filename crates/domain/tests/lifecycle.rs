//! Every state that a disk can come into, and every transition out of each.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::{HashSet, VecDeque};

use domain::disk::Specification;
use domain::{
    Activity, Category, Disk, DiskKind, DiskStatus, IllegalTransition, InstanceId, Moment,
    PerformanceLevel, Phase,
};
use proptest::prelude::*;

/// An event of a disk's life. An offset says how far the event's generation is off.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Created,
    Attach(usize),
    Attached(usize, i64),
    AttachFailed(usize, i64),
    Detach(usize, bool),
    Detached(usize, i64),
    DetachFailed(usize, i64),
    LetGo(usize, i64),
    InstanceGone(usize),
    Resize(u32),
    Resized(u32),
    ResizeFailed(u32),
    Modify,
    Modified,
    ModifyFailed,
    ReInit,
    ReInited,
}

const NOW: Moment = Moment(1_767_323_045_000);
/// Sizes in GiB: the first, and the one that a resize can reach.
const SIZES: [u32; 2] = [20, 21];
/// Attachments in one walk: more show nothing new.
const GENERATIONS: u64 = 3;

fn instances() -> [InstanceId; 2] {
    ["i-one".into(), "i-two".into()]
}

fn events() -> Vec<Event> {
    let mut events = vec![Event::Created, Event::Modify, Event::Modified, Event::ModifyFailed];
    events.extend([Event::ReInit, Event::ReInited]);
    events.extend(SIZES.map(Event::Resize));
    events.extend(SIZES.map(Event::Resized));
    events.extend(SIZES.map(Event::ResizeFailed));
    for at in 0..2 {
        events.extend([Event::Attach(at), Event::InstanceGone(at)]);
        events.extend([true, false].map(|delete| Event::Detach(at, delete)));
        for off in [-1, 0, 1] {
            events.push(Event::Attached(at, off));
            events.push(Event::AttachFailed(at, off));
            events.push(Event::Detached(at, off));
            events.push(Event::DetachFailed(at, off));
            events.push(Event::LetGo(at, off));
        }
    }
    events
}

/// The target of a change of specification.
fn faster() -> Specification {
    let performance_level = Some(PerformanceLevel::Pl2);
    Specification { category: Category::CloudEssd, performance_level, provisioned_iops: None }
}

fn apply(disk: &mut Disk, event: Event) -> Result<(), IllegalTransition> {
    let on = instances();
    let present = |at: usize| disk.on(&on[at]).map_or(disk.generation, |at| at.generation);
    let generations = [present(0), present(1)];
    let generation = |at: usize, off: i64| generations[at].saturating_add_signed(off);
    match event {
        Event::Created => disk.created(),
        Event::Attach(at) => {
            disk.begin_attach(on[at].clone(), format!("/dev/xvd{at}"), NOW).map(drop)
        }
        Event::Attached(at, off) => disk.finish_attach(&on[at], generation(at, off)),
        Event::AttachFailed(at, off) => disk.fail_attach(&on[at], generation(at, off)),
        Event::Detach(at, delete) => disk.begin_detach(&on[at], delete).map(drop),
        Event::Detached(at, off) => disk.finish_detach(&on[at], generation(at, off), NOW),
        Event::DetachFailed(at, off) => disk.fail_detach(&on[at], generation(at, off)),
        Event::LetGo(at, off) => disk.detached_by_guest(&on[at], generation(at, off), NOW),
        Event::Resize(size) => disk.resize(size),
        Event::Resized(size) => disk.resized(size),
        Event::ResizeFailed(size) => disk.resize_failed(size),
        Event::Modify => disk.modify(),
        Event::Modified => disk.modified(&faster()),
        Event::ModifyFailed => disk.modify_failed(),
        Event::ReInit => disk.reinit(),
        Event::ReInited => disk.reinited(),
        Event::InstanceGone(at) => {
            disk.detached_by_instance_deletion(&on[at], NOW);
            Ok(())
        }
    }
}

fn is_stale(event: Event) -> bool {
    match event {
        Event::Attached(_, off)
        | Event::AttachFailed(_, off)
        | Event::Detached(_, off)
        | Event::DetachFailed(_, off)
        | Event::LetGo(_, off) => off != 0,
        Event::Created | Event::Attach(_) | Event::Detach(..) | Event::InstanceGone(_) => false,
        Event::Resize(_) | Event::Resized(_) | Event::ResizeFailed(_) => false,
        Event::Modify | Event::Modified | Event::ModifyFailed => false,
        Event::ReInit | Event::ReInited => false,
    }
}

/// GiB that a disk had before the resize that is under way.
fn former_gib(disk: &Disk) -> Option<u32> {
    match disk.activity {
        Some(Activity::Resizing { from_gib }) => Some(from_gib),
        Some(Activity::Creating | Activity::Modifying | Activity::ReIniting) | None => None,
    }
}

fn check_state(disk: &Disk) {
    let phases: Vec<_> = disk.attachments.iter().map(|at| at.phase).collect();
    let moves = phases.iter().any(|phase| *phase != Phase::Attached);
    assert!(!(disk.is_reiniting() && moves), "set back on its way: {disk:?}");
    let leaving = |phase: &Phase| matches!(phase, Phase::Detaching { .. });
    let expected = match () {
        () if !disk.is_created() => DiskStatus::Creating,
        () if disk.is_reiniting() => DiskStatus::ReIniting,
        () if phases.is_empty() => DiskStatus::Available,
        () if phases.iter().any(leaving) => DiskStatus::Detaching,
        () if phases.contains(&Phase::Attaching) => DiskStatus::Attaching,
        () => DiskStatus::InUse,
    };
    assert_eq!(disk.status(), expected, "{disk:?}");
    assert!(disk.multi_attach || phases.len() <= 1, "{disk:?}");
    let on: HashSet<_> = disk.attachments.iter().map(|at| &at.instance).collect();
    assert_eq!(on.len(), phases.len(), "twice on one instance: {disk:?}");
    let generations: HashSet<_> = disk.attachments.iter().map(|at| at.generation).collect();
    assert_eq!(generations.len(), phases.len(), "{disk:?}");
    assert!(generations.iter().all(|generation| *generation <= disk.generation));
    assert!(former_gib(disk).is_none_or(|former| former < disk.size_gib), "{disk:?}");
}

fn check_reinit(before: &Disk, event: Event, after: &Disk) {
    assert_eq!(after.attachments, before.attachments);
    if event == Event::ReInit {
        let is_still = |at: &domain::disk::Attachment| at.phase == Phase::Attached;
        assert!(before.activity.is_none() && before.attachments.iter().all(is_still));
    } else {
        assert!(before.is_reiniting() && after.activity.is_none());
    }
}

fn check_step(before: &Disk, event: Event, after: &Disk, done: Result<(), IllegalTransition>) {
    assert!(after.generation >= before.generation, "{event:?}: {before:?}");
    if done.is_err() || is_stale(event) {
        assert_eq!(done, Err(IllegalTransition), "a stale {event:?} went through: {before:?}");
        assert_eq!(before, after, "an illegal {event:?} changed something");
        return;
    }
    if !matches!(event, Event::Resize(_) | Event::Resized(_) | Event::ResizeFailed(_)) {
        let sizes = |disk: &Disk| (disk.size_gib, former_gib(disk));
        assert_eq!(sizes(before), sizes(after), "{event:?} changed the size");
    }
    if !matches!(event, Event::Modify | Event::Modified | Event::ModifyFailed) {
        let spec = |disk: &Disk| (disk.specification(), disk.is_modifying());
        assert_eq!(spec(before), spec(after), "{event:?} changed the spec");
    }
    match event {
        Event::Modify => {
            assert!(before.activity.is_none() && after.is_modifying());
            assert_eq!(before.specification(), after.specification());
        }
        Event::Modified | Event::ModifyFailed => {
            assert!(before.is_modifying() && after.activity.is_none());
            let done = event == Event::Modified;
            let expected = if done { faster() } else { before.specification() };
            assert_eq!(after.specification(), expected);
        }
        Event::Attach(at) => {
            assert_eq!(after.generation, before.generation + 1);
            assert_eq!(after.on(&instances()[at]).unwrap().generation, after.generation);
        }
        Event::Detached(at, _) => {
            let phase = before.on(&instances()[at]).unwrap().phase;
            let Phase::Detaching { delete_with_instance } = phase else { panic!("{phase:?}") };
            assert_eq!(after.delete_with_instance, delete_with_instance);
            assert!(after.on(&instances()[at]).is_none());
            assert_eq!(after.detached_at, Some(NOW));
            let former = before.kind == DiskKind::System;
            assert_eq!(after.delete_protected, before.delete_protected || former);
            assert_eq!(after.kind, DiskKind::Data);
        }
        Event::Detach(..) | Event::DetachFailed(..) => {
            assert_eq!(after.delete_with_instance, before.delete_with_instance);
            assert_eq!(after.attachments.len(), before.attachments.len());
        }
        Event::LetGo(at, _) => {
            assert_eq!(before.on(&instances()[at]).unwrap().phase, Phase::Attached);
            assert_eq!(before.kind, DiskKind::Data, "a guest cannot let go of its system disk");
            assert!(after.on(&instances()[at]).is_none());
            assert_eq!((after.detached_at, after.delete_with_instance), (Some(NOW), false));
            assert_eq!(after.attachments.len(), before.attachments.len() - 1);
        }
        Event::InstanceGone(at) => assert!(after.on(&instances()[at]).is_none()),
        Event::Resize(size) => {
            assert!(!before.is_resizing() && size > before.size_gib);
            assert_eq!((after.size_gib, former_gib(after)), (size, Some(before.size_gib)));
        }
        Event::Resized(size) => {
            assert_eq!((before.size_gib, before.is_resizing()), (size, true));
            assert_eq!((after.size_gib, after.is_resizing()), (size, false));
        }
        Event::ResizeFailed(size) => {
            assert_eq!(before.size_gib, size);
            assert_eq!(Some(after.size_gib), former_gib(before));
            assert!(!after.is_resizing());
        }
        Event::ReInit | Event::ReInited => check_reinit(before, event, after),
        Event::Created | Event::Attached(..) | Event::AttachFailed(..) => {}
    }
}

/// Walks everything that can be reached; gives how many states that is and their statuses.
fn walk(start: Disk) -> (usize, HashSet<DiskStatus>) {
    let key = |disk: &Disk| format!("{disk:?}");
    let mut seen = HashSet::from([key(&start)]);
    let mut statuses = HashSet::new();
    let mut open = VecDeque::from([start]);
    while let Some(disk) = open.pop_front() {
        check_state(&disk);
        statuses.insert(disk.status());
        for event in events() {
            let mut after = disk.clone();
            let done = apply(&mut after, event);
            check_step(&disk, event, &after, done);
            if after.generation <= GENERATIONS && seen.insert(key(&after)) {
                open.push_back(after);
            }
        }
    }
    (seen.len(), statuses)
}

#[test]
fn every_reachable_state_of_a_disk_keeps_the_invariants() {
    for multi_attach in [false, true] {
        for kind in [DiskKind::Data, DiskKind::System] {
            let mut disk =
                Disk::new("d-one".into(), "1".into(), Category::CloudEssd, SIZES[0], NOW);
            (disk.multi_attach, disk.kind) = (multi_attach, kind);
            disk.activity = Some(Activity::Creating);
            let (states, statuses) = walk(disk);
            assert!(states > 20, "only {states} states were reached");
            assert_eq!(statuses.len(), 6, "every status is reached: {statuses:?}");
        }
    }
}

#[test]
fn every_category_has_sizes_that_make_sense() {
    for word in Category::WORDS {
        let category = Category::from_word(word).unwrap();
        for level in [None, Some(domain::PerformanceLevel::Pl3)] {
            let (smallest, largest) = category.data_sizes(level);
            assert!(0 < smallest && smallest < largest, "{word}");
            let system = category.system_sizes(level);
            assert!(system.is_none_or(|(from, to)| 0 < from && from < to), "{word}");
            assert!(system.is_none() || !category.is_local(), "{word}");
        }
    }
}

proptest! {
    #[test]
    fn performance_never_falls_with_size(from in 1u32..60_000, more in 0u32..5_000) {
        for word in Category::WORDS {
            let category = Category::from_word(word).unwrap();
            let small = domain::performance::of(category, None, from);
            let large = domain::performance::of(category, None, from + more);
            prop_assert!(small.iops <= large.iops && small.throughput <= large.throughput);
        }
    }

    #[test]
    fn moments_never_overflow(at in any::<i64>(), by in any::<i64>()) {
        let moment = Moment(at);
        let _ = (moment.plus_s(by), moment.since_ms(Moment(by)));
        prop_assert!(by < 0 || moment.plus_ms(by) >= moment);
    }
}
