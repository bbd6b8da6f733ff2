//! Kills the server without warning, again and again, under a stream of attach and detach calls:
//! what it acknowledged must be there when it comes back, and every disk must come to rest. So must
//! it be with two servers over one database, when one is killed or the database is stopped.
//!
//! `KILLS=1000 cargo test --test kill` kills it more often than the default. Its state is in
//! PostgreSQL if DISKDOCK_TEST_POSTGRES names a server.

#![expect(clippy::disallowed_methods, reason = "a process is killed at a random moment")]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod history;
mod outages;
mod server;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::Moment;
use serde_json::{Value, json};

use server::{Server, TIMEOUT, call, http, store};

/// Disks, which is also how many callers there are.
const DISKS: usize = 6;
/// How often the server is killed unless `KILLS` says otherwise.
const KILLS: u64 = 200;
const INSTANCE: &str = "i-bp1killkillkillkill0";

/// Stories that kill share a database, if there is one.
static SERIAL: Mutex<()> = Mutex::new(());

/// The state that the story begins with: one Running instance and a few Available disks.
fn state(disks: &[String]) -> Value {
    let disk = |id: &String| {
        let account = "1000000000000001".into();
        let category = domain::Category::CloudEssd;
        let mut disk = domain::Disk::new(id.as_str().into(), account, category, 20, Moment(1));
        disk.region = "cn-hangzhou".to_owned();
        disk.zone = "cn-hangzhou-i".to_owned();
        disk
    };
    let disks: Vec<_> = disks.iter().map(disk).collect();
    let instance = json!({
        "id": INSTANCE, "account": "1000000000000001", "region": "cn-hangzhou",
        "zone": "cn-hangzhou-i", "instance_type": "ecs.g6.large", "image": "image",
        "name": "web-1", "host_name": "web-1", "charge_type": "PostPaid", "status": "Running",
        "stopped_mode": "Not-applicable", "system_disk": null, "created_at": 1,
        "network": {"vswitch": "", "vpc": "", "security_groups": [], "private_ip": ""},
    });
    json!({ "format": 1, "disks": disks, "instances": [instance] })
}

fn status_of(address: &str, disk: &str) -> Option<String> {
    let ids = format!("[\"{disk}\"]");
    let (_, answer) = call(address, "DescribeDisks", &[("DiskIds", &ids)])?;
    Some(answer["Disks"]["Disk"][0]["Status"].as_str()?.to_owned())
}

/// The expected state of a disk: whether the last call that was acknowledged attached it, and
/// whether another was sent since, whose outcome is unknown.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    attached: bool,
    in_doubt: bool,
}

/// Attaches and detaches one disk until the server dies. Gives what is known, and the number of
/// calls that were acknowledged.
fn caller(address: &str, disk: &str, mut known: Known) -> (Known, u64) {
    let mut acknowledged = 0;
    loop {
        let action = if known.attached { "DetachDisk" } else { "AttachDisk" };
        known.in_doubt = true;
        let parameters = [("InstanceId", INSTANCE), ("DiskId", disk)];
        let Some((status, answer)) = call(address, action, &parameters) else {
            return (known, acknowledged);
        };
        known.in_doubt = false;
        if status == 200 {
            known.attached = !known.attached;
            acknowledged += 1;
        } else {
            let code = answer["Code"].as_str().unwrap_or_default();
            assert!(status < 500, "{action}: {answer}");
            let early = ["Incorrect", "Disk", "Invalid"].iter().any(|word| code.contains(word));
            assert!(early, "{action}: {answer}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn fits(known: Known, status: &str) -> bool {
    let on = ["Attaching", "In_use"].contains(&status);
    let off = ["Detaching", "Available"].contains(&status);
    if known.in_doubt { on || off } else { on == known.attached && off != known.attached }
}

/// Waits until a disk is at rest.
fn at_rest(address: &str, disk: &str) -> String {
    let began = Instant::now();
    loop {
        let status = status_of(address, disk).expect("an answer");
        if ["In_use", "Available"].contains(&status.as_str()) {
            return status;
        }
        assert!(began.elapsed() < TIMEOUT, "{disk} stays {status}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Lets callers loose on a server and kills it after a while.
fn round(mut server: Server, known: &mut HashMap<String, Known>, after: Duration) -> u64 {
    let address = server.address.clone();
    let ended: Vec<_> = std::thread::scope(|scope| {
        let loose = |(disk, known): (&String, &Known)| {
            let (address, disk, known) = (address.clone(), disk.clone(), *known);
            scope.spawn(move || (disk.clone(), caller(&address, &disk, known)))
        };
        let callers: Vec<_> = known.iter().map(loose).collect();
        std::thread::sleep(after);
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let mut acknowledged = 0;
    for (disk, (after, calls)) in ended {
        acknowledged += calls;
        known.insert(disk, after);
    }
    acknowledged
}

/// Checks that acknowledged calls have their effect, everything comes to rest, and nothing differs.
fn check(address: &str, known: &mut HashMap<String, Known>) {
    for (disk, known) in known.iter() {
        let status = status_of(address, disk).expect("an answer");
        assert!(fits(*known, &status), "{disk} is {status}, but {known:?}");
    }
    for (disk, known) in known.iter_mut() {
        let status = at_rest(address, disk);
        assert!(fits(*known, &status), "{disk} came to rest as {status}, but {known:?}");
        *known = Known { attached: status == "In_use", in_doubt: false };
    }
    let (_, found) = http(address, "GET", "/_diskdock/differences", "").expect("an answer");
    assert_eq!(found, json!({ "differences": [] }));
}

#[test]
fn acknowledged_calls_survive_a_kill_at_any_moment() {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let kills = std::env::var("KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let disks: Vec<_> = (0..DISKS).map(|n| format!("d-bp1killkillkillkill{n}")).collect();
    let mut known: HashMap<_, _> =
        disks.iter().map(|disk| (disk.clone(), Known::default())).collect();
    let mut server = Server::start(directory.path());
    let body = state(&disks).to_string();
    let (status, answer) = http(&server.address, "PUT", "/_diskdock/state", &body).unwrap();
    assert_eq!(status, 200, "{answer}");
    let (began, mut acknowledged) = (Instant::now(), 0);
    let random = diskdock::ids::IdGenerator::from_seed(kills);
    // A database is on another machine, or shares this one.
    let most_us = if store().is_empty() { 180_000 } else { 900_000 };
    for _ in 0..kills {
        let after = Duration::from_micros(20_000 + random.random() % most_us);
        acknowledged += round(server, &mut known, after);
        server = Server::start(directory.path());
        check(&server.address, &mut known);
    }
    let took = began.elapsed();
    println!("{kills} kills in {took:.1?}: {acknowledged} acknowledged calls, all of them there");
    assert!(acknowledged > kills, "the callers were too slow to show anything");
}
