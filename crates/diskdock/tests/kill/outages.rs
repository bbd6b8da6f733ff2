//! Two servers over one database, each call to either of them, while a server is killed, or the
//! database is stopped or silent: nothing acknowledged is lost, no call is without an answer for
//! long, all servers come back by themselves, and what the callers saw of each disk has an order.
//!
//! Runs where DISKDOCK_TEST_POSTGRES_CONTROL names a program that stops and starts the database, as
//! with tests/postgres/with. `ROUNDS=100 SEED=7` gives more rounds, or those of an earlier run.

use std::collections::HashMap;
use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use diskdock::ids::IdGenerator;
use serde_json::{Value, json};

use super::history::{Call, Event, ModelDisk, Phase, Reply, Text, has_order};
use super::server::{Server, TIMEOUT, call, http};
use super::{INSTANCE, SERIAL, state};

/// Rounds unless `ROUNDS` says otherwise.
const ROUNDS: u64 = 8;
/// Callers of each disk.
const CALLERS: usize = 2;
const DISKS: usize = 3;
/// How long a caller rests after an answer that leaves its call open.
const REST: Duration = Duration::from_millis(150);
/// How long callers go on after what happened in a round.
const AFTERWARDS: Duration = Duration::from_millis(600);

/// The key of the tag that callers set.
const TAG: &str = "number";

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// An event that disturbs a round.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    Kill(usize),
    /// The database is stopped without warning, for so long.
    Outage(Duration),
    /// The database answers nothing, for so long.
    Silence(Duration),
}

impl Disturbance {
    /// Each in its turn.
    fn of(round: u64, random: &IdGenerator) -> Disturbance {
        let number = random.random();
        match round % 4 {
            0 | 2 => Disturbance::Outage(Duration::from_millis(500 + number % 2_500)),
            1 => Disturbance::Silence(Duration::from_millis(7_000 + number % 2_000)),
            _ => Disturbance::Kill(usize::from(number.is_multiple_of(2))),
        }
    }
}

/// The servers, each with its directory and the file of its log.
struct Cluster {
    directories: [tempfile::TempDir; 2],
    servers: [Server; 2],
    addresses: [RwLock<String>; 2],
    control: PathBuf,
}

impl Cluster {
    fn start(control: PathBuf) -> Cluster {
        let directories = [0, 1].map(|_| tempfile::tempdir().unwrap());
        let servers = [0, 1].map(|number: usize| start(directories[number].path()));
        let addresses = [0, 1].map(|number: usize| RwLock::new(servers[number].address.clone()));
        Cluster { directories, servers, addresses, control }
    }

    fn address(&self, number: usize) -> String {
        self.addresses[number].read().unwrap().clone()
    }

    /// Stops or starts the database, lets it stand still or go on.
    fn database(&self, verb: &str) {
        let silent = || Stdio::null();
        let done = Command::new(&self.control).arg(verb).stdout(silent()).stderr(silent()).status();
        assert!(done.unwrap().success(), "the database cannot be made to {verb}");
    }

    /// The lines of the logs, of all lives of the servers.
    fn log(&self) -> Vec<String> {
        let of = |directory: &tempfile::TempDir| {
            std::fs::read_to_string(directory.path().join("log")).unwrap()
        };
        let text: String = self.directories.iter().map(of).collect();
        text.lines().map(str::to_owned).collect()
    }
}

fn start(directory: &Path) -> Server {
    let log = File::options().create(true).append(true).open(directory.join("log")).unwrap();
    Server::logging(directory, "warn", Stdio::from(log))
}

/// A call, and how much is known of it. One that was not sent has no effect, and is no event.
fn reply(address: &str, disk: &str, wanted: Call) -> Option<Reply> {
    TcpStream::connect(address).ok()?;
    let began = Instant::now();
    let number = match wanted {
        Call::Set(_, number) | Call::Resize(number) => number.to_string(),
        Call::Attach | Call::Detach | Call::Delete | Call::Look => String::new(),
    };
    let ids = format!("[\"{disk}\"]");
    let on = [("InstanceId", INSTANCE), ("DiskId", disk)];
    let tag = [
        ("ResourceType", "disk"),
        ("ResourceId.1", disk),
        ("Tag.1.Key", TAG),
        ("Tag.1.Value", number.as_str()),
    ];
    let (action, parameters): (_, &[(&str, &str)]) = match wanted {
        Call::Attach => ("AttachDisk", &on),
        Call::Detach => ("DetachDisk", &on),
        Call::Delete => ("DeleteDisk", &on[1..]),
        Call::Resize(_) => ("ResizeDisk", &[("DiskId", disk), ("NewSize", &number)]),
        Call::Set(Text::Name, _) => {
            ("ModifyDiskAttribute", &[("DiskId", disk), ("DiskName", &format!("n{number}"))])
        }
        Call::Set(Text::Tag, _) => ("TagResources", &tag),
        Call::Look => ("DescribeDisks", &[("DiskIds", &ids)]),
    };
    let answered = call(address, action, parameters);
    assert!(began.elapsed() < TIMEOUT, "{action} had no answer in {TIMEOUT:?}");
    let Some((status, answer)) = answered else { return Some(Reply::Unknown) };
    Some(match (status, wanted) {
        (200, Call::Look) => Reply::Seen(model(&answer)),
        (200, _) => Reply::Done,
        (503, _) => {
            assert_eq!(answer["Code"], "ServiceUnavailable", "{action}: {answer}");
            Reply::Unknown
        }
        _ => {
            assert!(status < 500, "{action}: {answer}");
            Reply::Refused
        }
    })
}

fn model(answer: &Value) -> ModelDisk {
    let disk = &answer["Disks"]["Disk"][0];
    if disk.is_null() {
        return ModelDisk { phase: Phase::Deleted, ..ModelDisk::FRESH };
    }
    let phase = match disk["Status"].as_str().unwrap() {
        "Available" => Phase::Available,
        "Attaching" => Phase::Attaching,
        "In_use" => Phase::InUse,
        "Detaching" => Phase::Detaching,
        other => panic!("a disk is {other}"),
    };
    let number = |text: &str| text.parse().unwrap_or(0);
    let name = disk["DiskName"].as_str().unwrap().trim_start_matches('n');
    let tag = disk["Tags"]["Tag"][0]["TagValue"].as_str().unwrap_or_default();
    let size = disk["Size"].as_u64().unwrap();
    ModelDisk { phase, texts: [number(name), number(tag)], size, resizing: false }
}

/// Calls one disk at both servers until it is told to stop.
fn caller(
    cluster: &Cluster,
    disk: &str,
    seed: u64,
    clock: Instant,
    stop: &AtomicBool,
) -> Vec<Event> {
    let random = IdGenerator::from_seed(seed);
    let mut events = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let wanted = match random.random() % 128 {
            0 => Call::Delete,
            1..44 => Call::Attach,
            44..88 => Call::Detach,
            // Not always larger than the size.
            88..96 => Call::Resize(15 + NUMBERS.fetch_add(1, Ordering::Relaxed) / 4),
            96..104 => Call::Set(Text::Name, NUMBERS.fetch_add(1, Ordering::Relaxed)),
            104..112 => Call::Set(Text::Tag, NUMBERS.fetch_add(1, Ordering::Relaxed)),
            _ => Call::Look,
        };
        let address = cluster.address(usize::from(random.random().is_multiple_of(2)));
        let began = clock.elapsed();
        let Some(reply) = reply(&address, disk, wanted) else {
            std::thread::sleep(REST);
            continue;
        };
        events.push(Event { call: wanted, reply, began, ended: clock.elapsed() });
        let rest = if matches!(reply, Reply::Unknown) { REST } else { Duration::from_millis(5) };
        std::thread::sleep(rest);
    }
    events
}

/// Creates disks with ClientTokens: each call is repeated at the other server until it goes well.
/// Gives the names with the ids.
fn creator(cluster: &Cluster, round: u64, stop: &AtomicBool) -> HashMap<String, String> {
    let mut made = HashMap::new();
    while !stop.load(Ordering::Relaxed) {
        let name = format!("round-{round}-{}", made.len());
        let parameters = [
            ("ZoneId", "cn-hangzhou-i"),
            ("Size", "20"),
            ("DiskCategory", "cloud_essd"),
            ("DiskName", &name),
            ("ClientToken", &name),
        ];
        let began = Instant::now();
        for server in (0..2).cycle() {
            match call(&cluster.address(server), "CreateDisk", &parameters) {
                Some((200, answer)) => {
                    made.insert(name, answer["DiskId"].as_str().unwrap().to_owned());
                    break;
                }
                Some((503, _)) | None => std::thread::sleep(REST),
                Some((_, answer)) => panic!("CreateDisk: {answer}"),
            }
            assert!(began.elapsed() < TIMEOUT * 3, "{name} is never created");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    made
}

/// Waits until both servers say that a disk is at rest, and agree on it.
fn at_rest(cluster: &Cluster, disk: &str) -> ModelDisk {
    let began = Instant::now();
    loop {
        let looks = [0, 1].map(|server| reply(&cluster.address(server), disk, Call::Look));
        if let [Some(Reply::Seen(one)), Some(Reply::Seen(other))] = looks
            && one == other
            && matches!(one.phase, Phase::Available | Phase::InUse | Phase::Deleted)
        {
            return one;
        }
        assert!(began.elapsed() < TIMEOUT, "{disk} does not come to rest: {looks:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The events of a round, as its callers saw them.
struct Seen {
    disturbance: Disturbance,
    of_disks: HashMap<String, Vec<Vec<Event>>>,
    made: HashMap<String, String>,
}

/// Lets callers loose, disturbs them, and puts right what was disturbed.
fn round(cluster: &mut Cluster, disks: &[String], number: u64, random: &IdGenerator) -> Seen {
    let (stop, clock, disturbance) =
        (AtomicBool::new(false), Instant::now(), Disturbance::of(number, random));
    println!("round {number}: {disturbance:?}");
    let before = Duration::from_millis(100 + random.random() % 500);
    let killed = if let Disturbance::Kill(server) = disturbance { Some(server) } else { None };
    let process = killed.map(|server| cluster.servers[server].child.id());
    let shared: &Cluster = cluster;
    let (seen, restarted) = std::thread::scope(|scope| {
        let stop = &stop;
        let callers: Vec<_> = disks
            .iter()
            .flat_map(|disk| std::iter::repeat_n(disk, CALLERS))
            .map(|disk| {
                let seed = random.random();
                (disk, scope.spawn(move || caller(shared, disk, seed, clock, stop)))
            })
            .collect();
        let creates = scope.spawn(move || creator(shared, number, stop));
        std::thread::sleep(before);
        let restarted = match (disturbance, process) {
            (Disturbance::Kill(server), Some(process)) => {
                kill(process);
                std::thread::sleep(AFTERWARDS);
                let again = start_again(shared.directories[server].path());
                again.address.clone_into(&mut shared.addresses[server].write().unwrap());
                Some((server, again))
            }
            (Disturbance::Outage(lasts), _) => {
                shared.database("stop");
                std::thread::sleep(lasts);
                shared.database("start");
                None
            }
            (Disturbance::Silence(lasts), _) => {
                shared.database("freeze");
                std::thread::sleep(lasts);
                shared.database("thaw");
                None
            }
            (Disturbance::Kill(_), None) => None,
        };
        std::thread::sleep(AFTERWARDS);
        stop.store(true, Ordering::Relaxed);
        let mut of_disks: HashMap<String, Vec<_>> = HashMap::new();
        for (disk, caller) in callers {
            of_disks.entry(disk.clone()).or_default().push(caller.join().unwrap());
        }
        (Seen { disturbance, of_disks, made: creates.join().unwrap() }, restarted)
    });
    if let Some((server, again)) = restarted {
        cluster.servers[server] = again;
    }
    seen
}

fn kill(process: u32) {
    let killed = Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// The process that was killed holds the lock of the directory until it has gone.
fn start_again(directory: &Path) -> Server {
    std::thread::sleep(Duration::from_millis(50));
    start(directory)
}

/// Checks what a round has shown; gives the number of events.
fn check(cluster: &Cluster, known: &mut HashMap<String, ModelDisk>, seen: Seen) -> usize {
    let all = seen.of_disks.values().flatten().flatten();
    let left_open = all.filter(|event| matches!(event.reply, Reply::Unknown)).count();
    println!("  {left_open} calls of unknown outcome");
    assert!(left_open > 0 || matches!(seen.disturbance, Disturbance::Kill(_)), "no outage is seen");
    let mut events = 0;
    for (disk, mut callers) in seen.of_disks {
        let now = at_rest(cluster, &disk);
        let after = ModelDisk { resizing: true, ..now };
        let last = Duration::MAX;
        let look = Event { call: Call::Look, reply: Reply::Seen(now), began: last, ended: last };
        events += callers.iter().map(Vec::len).sum::<usize>();
        callers.push(vec![look]);
        let began = known.insert(disk.clone(), after).unwrap();
        assert!(has_order(began, &callers), "{disk} was {began:?}: {callers:#?}");
    }
    for (name, id) in seen.made {
        let (status, found) =
            call(&cluster.address(0), "DescribeDisks", &[("DiskName", &name)]).expect("an answer");
        assert_eq!((status, &found["TotalCount"]), (200, &json!(1)), "{name}: {found}");
        assert_eq!(found["Disks"]["Disk"][0]["DiskId"], id, "{found}");
    }
    events
}

/// Makes a disk for each that was deleted.
fn replace_deleted(cluster: &Cluster, known: &mut HashMap<String, ModelDisk>) {
    known.retain(|_, disk| disk.phase != Phase::Deleted);
    while known.len() < DISKS {
        let new = [("ZoneId", "cn-hangzhou-i"), ("Size", "20"), ("DiskCategory", "cloud_essd")];
        let (status, answer) = call(&cluster.address(0), "CreateDisk", &new).expect("an answer");
        assert_eq!(status, 200, "{answer}");
        let disk = answer["DiskId"].as_str().unwrap().to_owned();
        let fresh = at_rest(cluster, &disk);
        assert_eq!(fresh, ModelDisk::FRESH);
        known.insert(disk, fresh);
    }
}

/// The log of each server says once that the database is away and once that it is back, and nothing
/// else.
fn check_log(cluster: &Cluster, outages: usize) {
    let lines = cluster.log();
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    let (away, back) = (count("the database is away"), count("the database is back"));
    assert_eq!((away, back), (2 * outages, 2 * outages), "{lines:#?}");
    assert_eq!(away + back, lines.len(), "{lines:#?}");
}

#[test]
fn calls_to_two_servers_have_an_order_through_kills_and_outages() {
    let Ok(control) = std::env::var("DISKDOCK_TEST_POSTGRES_CONTROL") else { return };
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let number = |name, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let seed = number("SEED", u64::from(std::process::id()));
    println!("SEED={seed}");
    let random = IdGenerator::from_seed(seed);
    let disks: Vec<_> = (0..DISKS).map(|n| format!("d-bp1outageoutageoutag{n}")).collect();
    let mut cluster = Cluster::start(PathBuf::from(control));
    let body = state(&disks).to_string();
    let (status, reply) = http(&cluster.address(0), "PUT", "/_diskdock/state", &body).unwrap();
    assert_eq!(status, 200, "{reply}");
    let mut known: HashMap<_, _> = disks.into_iter().map(|disk| (disk, ModelDisk::FRESH)).collect();
    let (mut events, mut made, mut outages) = (0, 0, 0);
    for round_number in 0..number("ROUNDS", ROUNDS) {
        let disks: Vec<_> = known.keys().cloned().collect();
        let seen = round(&mut cluster, &disks, round_number, &random);
        made += seen.made.len();
        outages += usize::from(!matches!(seen.disturbance, Disturbance::Kill(_)));
        events += check(&cluster, &mut known, seen);
        replace_deleted(&cluster, &mut known);
    }
    check_log(&cluster, outages);
    println!("{events} calls of {DISKS} disks have an order; {made} disks were made once each");
}
