//! Hosts: their states, their names, and which of them gets an instance.

use super::placement::{HostCandidate, InstanceNeeds, NoHost, place};
use super::*;

const ZONE: &str = "cn-hangzhou-i";
const NEED: HostResources = HostResources { processors: 2, memory_mib: 8_192, disk_slots: 17 };

fn host(name: &str) -> Host {
    Host {
        name: name.to_owned(),
        zone: ZONE.to_owned(),
        boot_id: String::new(),
        epoch: 1,
        server: String::new(),
        capacity: HostResources { processors: 8, memory_mib: 65_536, disk_slots: 170 },
        overcommit: Overcommit::default(),
        storage: HostStorage::Directory,
        pool: None,
        hypervisor: HostHypervisor::Simulated,
        images: Vec::new(),
        version: String::new(),
        admission: HostAdmission::Open,
        unknown: UnknownFields::default(),
    }
}

fn candidate(name: &str, instances: u64) -> HostCandidate {
    HostCandidate { host: host(name), heard_ms_ago: Some(0), used: NEED.times(instances) }
}

fn needs() -> InstanceNeeds<'static> {
    InstanceNeeds { zone: ZONE, resources: NEED, image: "m-guest", bytes_on: None }
}

fn chosen(candidates: &[HostCandidate]) -> Option<&str> {
    place(candidates, &needs()).ok().map(|at| candidates[at].host.name.as_str())
}

#[test]
fn state_follows_the_heartbeat_and_the_word_of_an_operator() {
    let state = |admission, ago| Host { admission, ..host("a") }.state(ago);
    assert_eq!(state(HostAdmission::Open, Some(SILENT_AFTER_MS)), HostState::Up);
    assert_eq!(state(HostAdmission::Open, Some(SILENT_AFTER_MS + 1)), HostState::Silent);
    assert_eq!(state(HostAdmission::Open, None), HostState::Silent);
    assert_eq!(state(HostAdmission::Drained, Some(0)), HostState::Drained);
    assert_eq!(state(HostAdmission::Drained, None), HostState::Silent, "that is worse");
    assert_eq!(state(HostAdmission::Fenced, Some(0)), HostState::Fenced);
    assert_eq!(state(HostAdmission::Fenced, None), HostState::Fenced);
}

#[test]
fn place_spreads_instances_over_hosts() {
    let mut hosts = vec![candidate("b", 0), candidate("a", 0), candidate("c", 1)];
    let mut order = Vec::new();
    while let Ok(at) = place(&hosts, &needs()) {
        hosts[at].used = hosts[at].used.plus(NEED);
        order.push(hosts[at].host.name.clone());
    }
    assert_eq!(order.concat(), "ababcabcabc");
}

#[test]
fn place_leaves_out_hosts_that_take_nothing_new() {
    let mut drained = candidate("a", 0);
    drained.host.admission = HostAdmission::Drained;
    let mut fenced = candidate("b", 0);
    fenced.host.admission = HostAdmission::Fenced;
    let mut silent = candidate("c", 0);
    silent.heard_ms_ago = Some(SILENT_AFTER_MS + 1);
    let mut elsewhere = candidate("d", 0);
    elsewhere.host.zone = "cn-hangzhou-b".to_owned();
    let mut hosts = vec![drained, fenced, silent, elsewhere];
    assert_eq!(chosen(&hosts), None);
    hosts.push(candidate("e", 3));
    assert_eq!(chosen(&hosts), Some("e"), "though it is the fullest");
}

#[test]
fn place_wants_room_for_everything() {
    let full = |change: fn(&mut HostResources)| {
        let mut one = candidate("a", 0);
        change(&mut one.host.capacity);
        chosen(&[one]).is_none()
    };
    assert!(!full(|_| ()));
    assert!(full(|has| has.processors = 1));
    assert!(full(|has| has.memory_mib = 8_191));
    assert!(full(|has| has.disk_slots = 16));
    assert!(!full(|has| has.disk_slots = 17), "to the last one");
}

#[test]
fn place_gives_more_than_there_is_where_that_is_allowed() {
    let mut one = candidate("a", 4);
    assert_eq!(chosen(std::slice::from_ref(&one)), None, "8 processors, 2 each");
    one.host.overcommit.processors_percent = 250;
    let mut placed = 4;
    while chosen(std::slice::from_ref(&one)).is_some() {
        one.used = one.used.plus(NEED);
        placed += 1;
    }
    assert_eq!(placed, 8, "20 processors are allowed, and memory for 8");
    one.host.overcommit.memory_percent = 200;
    assert_eq!(chosen(&[one]), Some("a"));
}

#[test]
fn place_wants_the_image_and_the_snapshots_and_says_which_is_missing() {
    let machines = |name, image: Option<&str>| {
        let mut one = candidate(name, 0);
        one.host.hypervisor = HostHypervisor::Qemu;
        one.host.images.extend(image.map(|id| Image { id: id.to_owned(), ..Image::default() }));
        one
    };
    let hosts = [machines("a", None), machines("b", Some("m-guest")), machines("c", Some("m-2"))];
    assert_eq!(chosen(&hosts), Some("b"));
    assert_eq!(place(&hosts[..1], &needs()), Err(NoHost::Image));
    assert_eq!(chosen(&[candidate("d", 0)]), Some("d"), "simulated instances start from any");
    let with = |host| InstanceNeeds { bytes_on: Some(host), ..needs() };
    assert_eq!(place(&hosts, &with("b")), Ok(1));
    assert_eq!(place(&hosts, &with("a")), Err(NoHost::Image), "a snapshot is not enough");
    assert_eq!(place(&hosts, &with("z")), Err(NoHost::Snapshot));
    assert_eq!(place(&[candidate("z", 4)], &with("z")), Err(NoHost::Room));
}

#[test]
fn is_host_name_takes_names_of_computers() {
    for name in ["a", "host-a", "10", &"a".repeat(63)] {
        assert!(is_host_name(name), "{name}");
    }
    for wrong in ["", "-a", "a-", "Host", "a.b", "a/b", "a b", &"a".repeat(64)] {
        assert!(!is_host_name(wrong), "{wrong}");
    }
}

#[test]
fn host_of_another_version_is_read() {
    let mut kept = serde_json::to_value(host("a")).unwrap();
    assert_eq!(kept.get("hypervisor"), None, "an older version reads it too");
    let image = Image { id: "m-1".to_owned(), ..Image::default() };
    let mut newer = serde_json::to_value(&image).unwrap();
    newer["colour"] = "blue".into();
    kept["hypervisor"] = "qemu".into();
    kept["images"] = serde_json::json!([image, newer]);
    let read: Host = serde_json::from_value(kept).unwrap();
    assert_eq!((read.hypervisor, read.images), (HostHypervisor::Qemu, vec![image]));
}
