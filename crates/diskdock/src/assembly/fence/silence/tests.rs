//! Hosts that are silent, back, drained, or too many, and a watch that could not see them.

use domain::UnknownFields;
use domain::host::{HostHypervisor, HostResources, Overcommit};

use super::*;

const AFTER_MS: i64 = 300_000;

/// Hosts as a store would have them, and the watch of them.
struct Story {
    watch: SilenceWatch,
    hosts: Vec<HostRecord>,
    renewals: HashMap<String, i64>,
    now_ms: i64,
}

fn in_ceph(name: &str) -> HostRecord {
    let host = Host {
        name: name.to_owned(),
        zone: "z".to_owned(),
        boot_id: String::new(),
        epoch: 1,
        server: name.to_owned(),
        capacity: HostResources { processors: 1, memory_mib: 1, disk_slots: 1 },
        overcommit: Overcommit::default(),
        storage: HostStorage::Rbd,
        pool: None,
        hypervisor: HostHypervisor::Simulated,
        images: Vec::new(),
        version: String::new(),
        admission: HostAdmission::Open,
        unknown: UnknownFields::default(),
    };
    HostRecord { host, heard_ms_ago: None, placed: vec![("ecs.g6.large".to_owned(), 1)] }
}

impl Story {
    fn of(names: &[&str]) -> Story {
        let hosts = names.iter().map(|name| in_ceph(name)).collect();
        let (watch, renewals) = (SilenceWatch::new(AFTER_MS), HashMap::new());
        Story { watch, hosts, renewals, now_ms: 1_000_000_000 }
    }

    fn host(&mut self, at: usize) -> &mut Host {
        &mut self.hosts[at].host
    }

    /// A look every five seconds, for so long or until there is something to tell. Only `heard`
    /// hosts renew their leases.
    fn pass(&mut self, seconds: i64, heard: &[&str]) -> SilenceSeen {
        for _ in 0..seconds / 5 {
            self.now_ms += 5_000;
            for name in heard {
                *self.renewals.entry((*name).to_owned()).or_default() += 1;
            }
            for one in &mut self.hosts {
                let is_heard = heard.contains(&&*one.host.name);
                // The database may have a clock that was just set.
                one.heard_ms_ago = Some(if is_heard { 0 } else { 10 * AFTER_MS });
            }
            let lease = |(name, renewals): (&String, &i64)| Lease {
                server: owner_of_host(name),
                renewals: *renewals,
                uptime: Uptime(0),
            };
            let leases: Vec<_> = self.renewals.iter().map(lease).collect();
            let seen = self.watch.see(&self.hosts, &leases, Uptime(self.now_ms));
            if seen != SilenceSeen::Nothing {
                return seen;
            }
        }
        SilenceSeen::Nothing
    }
}

fn lost(name: &str) -> SilenceSeen {
    SilenceSeen::Lost(LostHost::of(&in_ceph(name).host))
}

#[test]
fn host_is_lost_only_after_it_was_watched_for_all_of_the_time() {
    let mut story = Story::of(&["a", "b"]);
    // The first look begins the time, whatever the database says.
    assert_eq!(story.pass(300, &["b"]), SilenceSeen::Nothing);
    assert_eq!(story.pass(5, &["b"]), lost("a"));
    assert_eq!(story.pass(5, &["a", "b"]), SilenceSeen::Nothing, "it is back");
    assert_eq!(story.pass(295, &["b"]), SilenceSeen::Nothing);
    assert_eq!(story.pass(5, &["b"]), lost("a"));
}

#[test]
fn time_begins_anew_when_nothing_could_be_seen() {
    let mut story = Story::of(&["a", "b"]);
    story.pass(300, &["b"]);
    story.watch.begin_anew();
    assert_eq!(story.pass(300, &["b"]), SilenceSeen::Nothing, "the database was away");
    story.now_ms += LOOKS_APART_MS;
    assert_eq!(story.pass(300, &["b"]), SilenceSeen::Nothing, "this process stood still");
    assert_eq!(story.pass(5, &["b"]), lost("a"));
}

#[test]
fn hosts_are_left_alone_that_nothing_is_to_be_taken_from() {
    let mut story = Story::of(&["a", "b", "c", "d", "e", "f"]);
    story.host(0).admission = HostAdmission::Drained;
    story.host(1).storage = HostStorage::Directory;
    story.hosts[2].placed.clear();
    assert_eq!(story.pass(3_600, &["d", "e", "f"]), SilenceSeen::Nothing);
    // An operator who is done with it has it watched from then on.
    story.host(0).admission = HostAdmission::Open;
    assert_eq!(story.pass(300, &["d", "e", "f"]), SilenceSeen::Nothing);
    assert_eq!(story.pass(5, &["d", "e", "f"]), lost("a"));
}

#[test]
fn nothing_is_fenced_while_more_hosts_are_silent_than_heard_of() {
    let mut story = Story::of(&["a", "b", "c"]);
    let too_many = SilenceSeen::TooMany { silent: 2, heard: 1 };
    assert_eq!(story.pass(305, &["c"]), too_many);
    assert_eq!(story.pass(5, &["b", "c"]), lost("a"));
    assert_eq!(Story::of(&["a"]).pass(305, &[]), SilenceSeen::TooMany { silent: 1, heard: 0 });
}

#[test]
fn database_has_to_say_as_well_that_the_host_is_silent() {
    let mut story = Story::of(&["a", "b"]);
    story.pass(300, &["b"]);
    story.now_ms += 5_000;
    for (ago, seen) in [(0, false), (AFTER_MS - 1, false), (AFTER_MS, true)] {
        story.hosts[0].heard_ms_ago = Some(ago);
        let found = story.watch.see(&story.hosts, &[], Uptime(story.now_ms));
        assert_eq!(found != SilenceSeen::Nothing, seen, "{ago}");
    }
}

#[test]
fn fence_is_repeated_that_nobody_goes_on_with() {
    for admission in [HostAdmission::Fencing, HostAdmission::Fenced] {
        let mut story = Story::of(&["a", "b"]);
        story.host(0).admission = admission;
        assert_eq!(story.pass(300, &["a", "b"]), SilenceSeen::Nothing, "somebody stands in");
        assert_eq!(story.pass(295, &["b"]), SilenceSeen::Nothing);
        assert_ne!(story.pass(5, &["b"]), SilenceSeen::Nothing);
        // Its own one soon, an operator's only after all of the time.
        story.host(0).epoch = 2;
        story.watch.begin_anew();
        story.watch.begun(&HostTerm { host: "a".to_owned(), epoch: 2 });
        assert_eq!(story.pass(30, &["b"]), SilenceSeen::Nothing);
        assert_ne!(story.pass(5, &["b"]), SilenceSeen::Nothing);
        story.host(0).epoch = 3;
        assert_eq!(story.pass(300, &["b"]), SilenceSeen::Nothing);
        assert_ne!(story.pass(5, &["b"]), SilenceSeen::Nothing);
    }
}
