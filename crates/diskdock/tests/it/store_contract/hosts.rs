//! Hosts: their records and heartbeats, what is placed on them, the work that waits for them, and
//! the writes of an earlier epoch.

use diskdock::store::{
    AttachedDisks, HostTerm, OperationRow, ReadTx, StoreError, WaitingQuestion, host_of_owner,
    owner_of_host,
};
use domain::host::{
    FenceRecord, Host, HostAdmission, HostHypervisor, HostResources, HostStorage, Overcommit,
};
use domain::{Instance, InstanceId, OperationId};

use super::entities::{disk, instance};
use super::operations::operation;
use super::{Fresh, Open};
use crate::harness::{BEGINNING, ZONE};

pub(crate) async fn contract(open: Open) {
    hosts_are_kept_and_heard_of(open).await;
    placed_follows_every_change_of_an_instance(open).await;
    questions_wait_for_their_host_and_answers_for_who_asked(open).await;
    work_is_taken_once_and_by_its_host(open).await;
    writes_of_an_earlier_epoch_are_refused(open).await;
    fences_are_remembered(open).await;
}

/// A host with room for many.
pub(crate) fn host(name: &str) -> Host {
    Host {
        name: name.to_owned(),
        zone: ZONE.to_owned(),
        boot_id: "boot-1".to_owned(),
        epoch: 1,
        server: "server-1".to_owned(),
        capacity: HostResources { processors: 64, memory_mib: 262_144, disk_slots: 1_000 },
        overcommit: Overcommit::default(),
        storage: HostStorage::Directory,
        pool: None,
        hypervisor: HostHypervisor::Simulated,
        images: Vec::new(),
        version: "1".to_owned(),
        admission: HostAdmission::Open,
        unknown: Default::default(),
    }
}

async fn hosts_are_kept_and_heard_of(open: Open) {
    let mut fresh = Fresh::new(open);
    assert_eq!(fresh.read(|tx| tx.hosts()), []);
    fresh.write(|tx| tx.save_host(&host("b"))).await;
    fresh.write(|tx| tx.save_host(&host("a"))).await;
    fresh
        .write(|tx| {
            let found = tx.host("b")?.expect("the host");
            tx.save_host(&Host { admission: HostAdmission::Drained, ..found.host })
        })
        .await;
    fresh.write(|tx| tx.heard_of_host("a")).await;
    fresh = fresh.reopened(open);
    let found = fresh.read(|tx| tx.hosts());
    let names: Vec<_> = found.iter().map(|one| &*one.host.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!((&found[0].host, found[1].host.admission), (&host("a"), HostAdmission::Drained));
    assert!(found[0].heard_ms_ago.is_some_and(|ago| (0..60_000).contains(&ago)), "{found:?}");
    assert_eq!(found[1].heard_ms_ago, None);
    assert_eq!(fresh.read(|tx| tx.host("b")), Some(found[1].clone()));
    fresh.write(|tx| tx.remove_host("a")).await;
    fresh.write(|tx| tx.remove_host("a")).await;
    assert_eq!(fresh.read(|tx| tx.host("a")), None);
    fresh.write(|tx| tx.save_host(&host("a"))).await;
    assert_eq!(fresh.read(|tx| tx.host("a")).unwrap().heard_ms_ago, None, "it is another one");
}

async fn fences_are_remembered(open: Open) {
    let mut fresh = Fresh::new(open);
    assert_eq!(fresh.read(|tx| tx.fences()), []);
    let fence = |boot: &str, epoch: i64| {
        FenceRecord::of(&Host { boot_id: boot.to_owned(), epoch, ..host("a") })
    };
    for (boot, epoch) in [("two", 7), ("one", 3), ("one", 4)] {
        fresh.write(move |tx| tx.save_host(&host("a"))).await;
        fresh.write(move |tx| tx.save_fence(&fence(boot, epoch))).await;
    }
    fresh.write(|tx| tx.remove_host("a")).await;
    fresh.write(|tx| tx.wipe()).await;
    fresh = fresh.reopened(open);
    assert_eq!(fresh.read(|tx| tx.fences()), [fence("one", 4), fence("two", 7)]);
}

async fn placed_follows_every_change_of_an_instance(open: Open) {
    let fresh = Fresh::new(open);
    fresh.write(|tx| tx.save_host(&host("a"))).await;
    let on = |name: &str, host: &str| Instance { host: host.to_owned(), ..instance(name) };
    let placed = |name: &str| {
        let name = name.to_owned();
        fresh.read(move |tx| {
            let record = tx.host(&name)?;
            Ok((record.map(|one| one.placed), tx.instances_on(&name, None, 10)?))
        })
    };
    let ids = |names: &[&str]| names.iter().map(|one| InstanceId::from(*one)).collect::<Vec<_>>();
    fresh.write(move |tx| tx.save_instance(&on("one", "a"))).await;
    fresh.write(move |tx| tx.save_instance(&on("two", "a"))).await;
    fresh.write(move |tx| tx.save_instance(&on("three", ""))).await;
    let of = |amount| Some(vec![("ecs.g6.large".to_owned(), amount)]);
    assert_eq!(placed("a"), (of(2), ids(&["i-one", "i-two"])));
    let after = fresh.read(|tx| tx.instances_on("a", Some(&"i-one".into()), 10));
    assert_eq!(after, ids(&["i-two"]));
    disks_come_with_their_instances(&fresh).await;
    // Other changes of an instance change nothing here.
    fresh
        .write(|tx| {
            let mut instance = tx.instance(&"i-one".into())?.expect("the instance");
            instance.name = "renamed".to_owned();
            tx.save_instance(&instance)
        })
        .await;
    assert_eq!(placed("a").0, of(2));
    fresh
        .write(|tx| {
            let mut instance = tx.instance(&"i-one".into())?.expect("the instance");
            instance.instance_type = "ecs.g6.xlarge".to_owned();
            tx.save_instance(&instance)
        })
        .await;
    let both = ["ecs.g6.large", "ecs.g6.xlarge"].map(|of| (of.to_owned(), 1)).to_vec();
    assert_eq!(placed("a").0, Some(both));
    fresh.write(|tx| tx.remove_instance(&"i-one".into())).await;
    assert_eq!(placed("a"), (of(1), ids(&["i-two"])));
    fresh.write(|tx| tx.wipe()).await;
    assert_eq!(placed("a"), (Some(vec![]), vec![]), "hosts outlive what is on them");
}

async fn disks_come_with_their_instances(fresh: &Fresh) {
    for (name, of) in [("1", "i-two"), ("2", "i-two"), ("3", "i-three")] {
        let mut disk = disk(name);
        disk.begin_attach(of.into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
        fresh.write(move |tx| tx.save_disk(&disk)).await;
    }
    let page = |host: Option<&'static str>, after: Option<&str>, most| {
        let after = after.map(InstanceId::from);
        let read = move |tx: &dyn ReadTx| tx.instances_with_disks(host, after.as_ref(), most);
        let found = fresh.read(read);
        let line = |(instance, disks): (Instance, AttachedDisks)| {
            let disks: Vec<_> = disks.iter().map(|at| at.disk.to_string()).collect();
            format!("{}: {}", instance.id, disks.join(" "))
        };
        found.into_iter().map(line).collect::<Vec<_>>()
    };
    let on_a = Some("a");
    assert_eq!(page(on_a, None, 10), ["i-one: ", "i-two: d-1 d-2"]);
    assert_eq!(page(on_a, None, 1), ["i-one: "]);
    assert_eq!(page(on_a, Some("i-one"), 1), ["i-two: d-1 d-2"]);
    assert!(page(on_a, Some("i-two"), 10).is_empty());
    assert_eq!(page(None, None, 10), ["i-one: ", "i-three: d-3", "i-two: d-1 d-2"]);
    assert_eq!(page(None, Some("i-one"), 1), ["i-three: d-3"]);
    for id in ["d-1", "d-2", "d-3"] {
        fresh.write(move |tx| tx.remove_disk(&id.into())).await;
    }
}

async fn questions_wait_for_their_host_and_answers_for_who_asked(open: Open) {
    let mut fresh = Fresh::new(open);
    let first = fresh.write(|tx| tx.ask_host("a", "one")).await.unwrap();
    let second = fresh.write(|tx| tx.ask_host("a", "two")).await.unwrap();
    fresh = fresh.reopened(open);
    assert!(fresh.read(|tx| tx.has_work("a")) && !fresh.read(|tx| tx.has_work("b")));
    let waiting = |fresh: &Fresh| {
        let found = fresh.read(|tx| tx.questions("a"));
        found.into_iter().map(|one| (one.number, one.question)).collect::<Vec<_>>()
    };
    assert_eq!(waiting(&fresh), [(first, "one".to_owned()), (second, "two".to_owned())]);
    assert_eq!(fresh.read(|tx| tx.answer(first)), None);
    let of = |number, question: &str| WaitingQuestion { number, question: question.to_owned() };
    fresh.write(move |tx| tx.answer_question(&of(first, "one"), "yes")).await;
    assert_eq!(fresh.read(|tx| tx.answer(first)).as_deref(), Some("yes"));
    assert_eq!(waiting(&fresh), [(second, "two".to_owned())]);
    for number in [first, second] {
        fresh.write(move |tx| tx.forget_question(number)).await;
    }
    // Who has gone is answered nothing, and neither is who has come since.
    fresh.write(move |tx| tx.answer_question(&of(second, "two"), "late")).await;
    assert_eq!(fresh.read(|tx| tx.answer(second)), None);
    assert!(!fresh.read(|tx| tx.has_work("a")));
    let third = fresh.write(|tx| tx.ask_host("a", "three")).await.unwrap();
    fresh.write(move |tx| tx.answer_question(&of(third, "two"), "late")).await;
    assert_eq!(fresh.read(|tx| tx.answer(third)), None);
    fresh.write(move |tx| tx.forget_question(third)).await;
    let mut asked = 0;
    while fresh.write(|tx| tx.ask_host("a", "again")).await.is_some() {
        asked += 1;
    }
    assert_eq!(asked, 32, "no more wait for one host");
    assert!(fresh.write(|tx| tx.ask_host("b", "one")).await.is_some());
}

async fn work_is_taken_once_and_by_its_host(open: Open) {
    let mut fresh = Fresh::new(open);
    let owner = owner_of_host("a");
    assert_eq!((host_of_owner(&owner), host_of_owner("server-1")), (Some("a"), None));
    let of = move |number| operation(number, &owner_of_host("a"));
    for number in [3, 1, 2] {
        fresh
            .write(move |tx| {
                tx.begin_operation(&of(number))?;
                tx.queue_work("a", OperationId(number))
            })
            .await;
    }
    fresh = fresh.reopened(open);
    assert!(fresh.read(|tx| tx.has_work("a")) && !fresh.read(|tx| tx.has_work("b")));
    let numbers = |rows: Vec<OperationRow>| rows.iter().map(|row| row.id.0).collect::<Vec<_>>();
    assert!(fresh.write(|tx| tx.take_work("b", 10)).await.is_empty());
    assert_eq!(numbers(fresh.write(|tx| tx.take_work("a", 2)).await), [1, 2]);
    assert_eq!(numbers(fresh.write(|tx| tx.take_work("a", 2)).await), [3]);
    assert!(fresh.write(|tx| tx.take_work("a", 2)).await.is_empty());
    assert!(!fresh.read(|tx| tx.has_work("a")));
    let known = fresh.read(|tx| tx.operations_of(&owner_of_host("a"), OperationId(0), 10));
    assert_eq!(numbers(known), [1, 2, 3], "a host that starts again finds what it has taken");
}

async fn writes_of_an_earlier_epoch_are_refused(open: Open) {
    let fresh = Fresh::new(open);
    let term = |epoch| HostTerm { host: "a".to_owned(), epoch };
    let early = fresh.store.in_term(term(1));
    let lost = |refused: Result<(), StoreError>| match refused {
        Err(StoreError::LeaseLost) => {}
        other => panic!("{other:?}"),
    };
    lost(early.write(|tx| tx.heard_of_host("a")).await);
    fresh.write(|tx| tx.save_host(&host("a"))).await;
    early.write(|tx| tx.heard_of_host("a")).await.unwrap();
    fresh.write(|tx| tx.save_host(&Host { epoch: 2, ..host("a") })).await;
    lost(early.write(|tx| tx.save_instance(&instance("one"))).await);
    assert_eq!(fresh.read(|tx| tx.instance(&"i-one".into())), None);
    let late = fresh.store.in_term(term(2));
    late.write(|tx| tx.save_instance(&instance("one"))).await.unwrap();
    assert!(late.read_blocking(|tx| tx.instance(&"i-one".into())).unwrap().is_some());
}
