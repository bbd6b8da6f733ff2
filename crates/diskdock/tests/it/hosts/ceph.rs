//! Hosts whose disks are in one pool of Ceph: every host has the bytes of every disk. Machines
//! are simulated here; those of QEMU are in `tests/machines/ceph`.

use diskdock::assembly::fence::{begin, complete, stand_in};
use diskdock::store::{StoreError, WriteTx};
use domain::host::{HostAdmission, HostPool, HostStorage};
use domain::{Disk, DiskId, Host};

use super::server;
use crate::harness::{REGION, TestServer, ZONE};
use crate::store_contract::hosts::host;

/// A host with its disks in the pool `disks` of this cluster.
pub(super) fn in_pool(name: &str, cluster: &str) -> Host {
    let pool = HostPool {
        cluster: cluster.to_owned(),
        name: "disks".to_owned(),
        user: format!("host-{name}"),
        key: format!("key of {name}"),
        addresses: vec![format!("10.77.0.{}", name.as_bytes()[0]).parse().unwrap()],
    };
    let boot_id = format!("boot of {name}");
    Host { boot_id, storage: HostStorage::Rbd, pool: Some(pool), ..host(name) }
}

impl TestServer {
    pub(super) fn of_store(&self, disk: &str) -> Disk {
        let id = DiskId::from(disk);
        let store = &self.assembly.gateway.services.store;
        store.read_blocking(|tx| tx.disk(&id)).unwrap().unwrap()
    }
}

#[tokio::test]
async fn disk_in_ceph_goes_from_host_to_host_but_not_while_one_has_it() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let b = server.host(in_pool("b", "c-1")).await;
    let ids = server.begin_run(&[("Amount", Some("2"))]).await;
    server.finish_with(&[&a, &b]).await;
    let disk = server.available_disk().await;
    let at = |instance: usize| [("InstanceId", ids[instance].as_str()), ("DiskId", &*disk)];
    for (instance, host) in [(0, "a"), (1, "b"), (0, "a")] {
        server.ok("AttachDisk", &at(instance)).await;
        let other = at(1 - instance);
        let refused = server.call("AttachDisk", &other).await;
        assert_eq!(refused.refusal(), (403, "IncorrectDiskStatus"), "{}", refused.text);
        server.finish_with(&[&a, &b]).await;
        assert_eq!(server.status_of(&disk).await, "In_use");
        let stored = server.of_store(&disk);
        assert!(!stored.unmade && stored.host == host, "{stored:?}");
        server.ok("DetachDisk", &at(instance)).await;
        server.finish_with(&[&a, &b]).await;
        assert_eq!(server.status_of(&disk).await, "Available");
    }
    // A snapshot of one host is there for the instances of the other.
    let snapshot = server.ok("CreateSnapshot", &[("DiskId", &disk)]).await.text_at("SnapshotId");
    server.finish_with(&[&a, &b]).await;
    let made = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("SnapshotId", snapshot.as_str()),
        ("DiskCategory", "cloud_essd"),
    ];
    let made = server.ok("CreateDisk", &made).await.text_at("DiskId");
    server.finish_with(&[&a, &b]).await;
    server.ok("AttachDisk", &[("InstanceId", &ids[1]), ("DiskId", &made)]).await;
    server.finish_with(&[&a, &b]).await;
    assert_eq!(server.of_store(&made).host, "b");
    server.control("POST", "/hosts/a/drain", "").await;
    let with_it = [("DataDisk.1.SnapshotId", Some(snapshot.as_str()))];
    let launched = server.begin_run(&with_it).await;
    server.finish_with(&[&a, &b]).await;
    assert_eq!(server.instance_status(&launched[0]).await, "Running");
}

#[tokio::test]
async fn servers_know_what_the_storage_of_their_hosts_can_do() {
    let server = server().await;
    let _a = server.host(in_pool("a", "c-1")).await;
    server.assembly.life.run_maintenance().await;
    let encrypted = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("Size", "20"),
        ("DiskCategory", "cloud_essd"),
        ("Encrypted", "true"),
    ];
    let refused = server.call("CreateDisk", &encrypted).await;
    let expected = (403, "InvalidParameter.EncryptedNotSupported");
    assert_eq!(refused.refusal(), expected, "{}", refused.text);
}

#[tokio::test]
async fn host_keeps_the_addresses_of_its_boot() {
    let server = server().await;
    let at = |address: &str, boot: &str| {
        let mut host = Host { boot_id: boot.to_owned(), ..in_pool("a", "c-1") };
        let pool = host.pool.as_mut().unwrap();
        pool.addresses = vec![address.parse().unwrap()];
        host
    };
    for (address, boot, known) in [
        ("10.77.0.1", "one", &["10.77.0.1"][..]),
        ("10.77.0.2", "one", &["10.77.0.2", "10.77.0.1"]),
        ("10.77.0.3", "two", &["10.77.0.3"]),
    ] {
        let _a = server.host(at(address, boot)).await;
        let store = &server.assembly.gateway.services.store;
        let found = store.read_blocking(|tx| tx.host("a")).unwrap().unwrap();
        let addresses = found.host.pool.unwrap().addresses;
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, known, "a guest of this boot may work with Ceph from each");
    }
}

#[tokio::test]
async fn host_with_disks_elsewhere_than_the_others_is_refused() {
    let server = server().await;
    let _a = server.host(in_pool("a", "c-1")).await;
    let in_directory = server.refused_host(host("b")).await;
    assert!(in_directory.contains("the pool disks of the Ceph cluster c-1"), "{in_directory}");
    let other = server.refused_host(in_pool("b", "c-2")).await;
    assert!(other.contains("c-1"), "{other}");
    let unknown = server.refused_host(in_pool("b", "")).await;
    assert!(unknown.contains("Ceph does not answer"), "{unknown}");
    // It was here before, when Ceph answered.
    let _again = server.host(in_pool("a", "")).await;
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][0]["pool"]["cluster"], "c-1", "{hosts}");
}

/// Why a host cannot be fenced.
async fn unfenced(server: &TestServer, name: &str) -> String {
    match begin(&server.assembly.gateway.services.store, name, None).await {
        Err(refusal @ StoreError::Unfit { .. }) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A fence of this host was begun and cut off, so that it need not be silent for half a minute.
pub(super) async fn cut_off_fence(server: &TestServer, name: &'static str) {
    let begun = move |tx: &mut dyn WriteTx| {
        let mut found = tx.host(name)?.expect("the host");
        found.host.admission = HostAdmission::Fencing;
        tx.save_host(&found.host)
    };
    server.assembly.gateway.services.store.write(begun).await.unwrap();
}

#[tokio::test]
async fn disks_of_a_fenced_host_can_be_detached_and_its_instances_are_stopped() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let instance = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&a]).await;
    let b = server.host(in_pool("b", "c-1")).await;
    let (disk, late) = (server.available_disk().await, server.available_disk().await);
    let at = |disk: &str| [("InstanceId", instance.clone()), ("DiskId", disk.to_owned())];
    let call = async |action: &str, disk: &str| {
        let pairs = at(disk);
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        server.ok(action, &pairs).await;
    };
    call("AttachDisk", &disk).await;
    server.finish_with(&[&a]).await;
    call("DetachDisk", &disk).await;
    call("AttachDisk", &late).await;
    assert!(unfenced(&server, "a").await.contains("still heard of"));
    assert!(unfenced(&server, "z").await.contains("no host z"));
    cut_off_fence(&server, "a").await;
    let store = &server.assembly.gateway.services.store;
    let (first, again) =
        (begin(store, "a", None).await.unwrap(), begin(store, "a", None).await.unwrap());
    assert!(again.term.epoch > first.term.epoch && again.disks.len() == 3, "{again:?}");
    let lost = complete(store, &first.term).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)), "{lost:?}");
    server.finish_with(&[&a, &b]).await;
    assert_eq!(server.status_of(&disk).await, "Detaching", "what its process does is refused");
    assert!(server.refused_host(in_pool("a", "c-1")).await.contains("fenced"));
    complete(store, &again.term).await.unwrap();
    let hosts = server.control("GET", "/hosts", "").await;
    assert_eq!(hosts["hosts"][0]["state"], "fenced", "{hosts}");
    let stands_in = stand_in(store, again.term).await.unwrap();
    stands_in.tasks.recover().await.unwrap();
    for _ in 0..5 {
        stands_in.runner.drain().await;
        stands_in.tasks.run_maintenance().await;
    }
    assert_eq!(server.warned("is off, but the store had it Running"), 1);
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.status_of(&late).await, "Available", "nothing begins there");
    assert!(server.of_store(&late).unmade, "nobody has made it");
    assert_eq!(server.instance_status(&instance).await, "Stopped");
    let other = server.begin_run(&[]).await.remove(0);
    server.finish_with(&[&b]).await;
    server.ok("AttachDisk", &[("InstanceId", &other), ("DiskId", &disk)]).await;
    server.finish_with(&[&b]).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.of_store(&disk).host, "b");
}

#[tokio::test]
async fn host_whose_writes_cannot_be_refused_alone_is_not_fenced() {
    let server = server().await;
    let _a = server.host(in_pool("a", "c-1")).await;
    let mut same_key = in_pool("b", "c-1");
    same_key.pool.as_mut().unwrap().user = "host-a".to_owned();
    let _b = server.host(same_key).await;
    cut_off_fence(&server, "a").await;
    let refusal = unfenced(&server, "a").await;
    assert!(refusal.contains("b has the same key"), "{refusal}");
    let mut same_address = in_pool("b", "c-1");
    same_address.pool.as_mut().unwrap().addresses = in_pool("a", "").pool.unwrap().addresses;
    let _b = server.host(same_address).await;
    let refusal = unfenced(&server, "a").await;
    assert!(refusal.contains("the same address, 10.77.0.97"), "{refusal}");
    let directories = super::server().await;
    let _c = directories.host(host("c")).await;
    assert!(unfenced(&directories, "c").await.contains("in a directory"));
}

#[tokio::test]
async fn host_is_taken_in_after_a_fence_only_with_a_new_boot_and_a_new_key() {
    let server = server().await;
    let _lost = server.host(in_pool("a", "c-1")).await;
    let comes = |name: &str, boot: &str, key: &str| {
        let mut host = Host { boot_id: boot.to_owned(), ..in_pool(name, "c-1") };
        host.pool.as_mut().unwrap().key = key.to_owned();
        host
    };
    let b = server.host(comes("b", "boot of a", "key of b")).await;
    cut_off_fence(&server, "a").await;
    let store = &server.assembly.gateway.services.store;
    let fencing = begin(store, "a", None).await.unwrap();
    let still = server.refused_host(comes("a", "boot-2", "new")).await;
    assert!(still.contains("a is fenced") && still.contains("hosts remove a"), "{still}");
    complete(store, &fencing.term).await.unwrap();
    store.write(|tx| tx.remove_host("a")).await.unwrap();
    // Under any name: it is the same computer, or the same key.
    for (name, boot, key, why) in [
        ("a", "boot of a", "new", "was not started again since"),
        ("c", "boot of a", "new", "this computer was fenced as a"),
        ("c", "boot-2", "key of a", "its key of Ceph is that with which a was fenced"),
        ("a", "", "new", "cannot be told whether"),
    ] {
        let refused = server.refused_host(comes(name, boot, key)).await;
        assert!(refused.contains(why), "{name} {boot} {key}: {refused}");
    }
    // Another host of the same computer was there before, and goes on.
    let (_b, _) = b.again().await;
    let _c = server.host(comes("c", "boot-3", "key of c")).await;
    let _a = server.host(comes("a", "boot-2", "new")).await;
    let hosts = server.control("GET", "/hosts", "").await;
    let states: Vec<_> = (0..3).map(|at| hosts["hosts"][at]["state"].clone()).collect();
    assert_eq!(states, ["up"; 3]);
}
