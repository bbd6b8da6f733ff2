//! DetachDisk on a running virtual machine, beside the bare commands to QEMU on the same machine;
//! and the part of both that comes after the guest has let go, since guests take their time.
//!
//! QEMU reports a device gone twice: first the part that has the volume open, and some 50 ms later,
//! when it has freed memory, all of it. The bare commands wait for the second report, as libvirt
//! and others do; one row is beside commands that wait for the first one only.
//!
//! Needs QEMU and the guest that `tests/guest/build` makes.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use qmp::commands::{BlockdevAdd, BlockdevDel, DeviceAdd, DeviceDel};
use qmp::{Client, Event, Events, Notice};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::process::{Process, body, exchange, free_address, pause};
use crate::sign::{Key, Stamp, Template};
use crate::table::Row;

pub(crate) mod kinds;

/// The time that a detach may cost more than the bare commands, at the median, in milliseconds.
const AIM_MS: f64 = 10.0;
/// Rounds of one beside the other.
const ROUNDS: usize = 40;
/// How long anything may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a client asks whether the disk is Available.
const POLL: Duration = Duration::from_millis(1);
/// Time for a guest to take a new disk in, so that what is measured is its leaving.
const PAUSE_AFTER_ATTACH: Duration = Duration::from_millis(400);
/// A root port that nothing else takes.
const PORT: &str = "rp12";
/// A type that fits everywhere.
const TYPE: &str = "ecs.t5-lc2m1.nano";
/// Where the instance and its disks are.
const PLACE: [(&str, &str); 2] = [("RegionId", "cn-hangzhou"), ("ZoneId", "cn-hangzhou-i")];

/// From the call to Available, and from device_del to the end of blockdev-del.
pub(crate) fn detach(bench: &mut Bench) -> io::Result<()> {
    let data = bench.scratch.join("machines");
    import(&bench.server, &data)?;
    let host = Host::start(&bench.server, &data, &[])?;
    let (instance, ours, bare) = (host.launch()?, host.disk(&[])?, host.disk(&[])?);
    let pairs = host.measure(&instance, &ours, &bare, Report::Device, ROUNDS)?;
    bench.rows.push(compared("DetachDisk to Available, running guest", &pairs, |took| took.whole));
    let pairs = host.measure(&instance, &ours, &bare, Report::Backend, ROUNDS)?;
    host.release(&instance)?;
    let what = "the same, beside commands after QEMU's first report";
    bench.rows.push(compared(what, &pairs, |took| took.whole));
    bench.rows.push(compared("of that, after the guest has let go", &pairs, |took| took.after));
    Ok(())
}

/// A report of QEMU that something is gone.
#[derive(Clone, Copy)]
enum Report {
    /// The part of a device that has the volume open.
    Backend,
    /// All of the device.
    Device,
}

impl Report {
    /// Whether this event is the report of a device of this name, or of one that begins with it.
    fn is(self, event: &Event, name: &str) -> bool {
        match (self, event) {
            (Report::Device, Event::DeviceDeleted { device: Some(id), .. }) => id.starts_with(name),
            (Report::Backend, Event::DeviceDeleted { device: None, path }) => {
                let id = path.strip_prefix("/machine/peripheral/");
                id.is_some_and(|id| id.starts_with(name) && id.ends_with("/virtio-backend"))
            }
            _ => false,
        }
    }
}

/// How long a disk took to leave: all of it, and the part after the report that it waited for.
struct Took {
    whole: Duration,
    after: Duration,
}

/// The times of one round: of DetachDisk, and right beside it of the bare commands.
struct Pair {
    ours: Took,
    bare: Took,
}

/// The median of what DetachDisk took more in the same round, with the middle half of the rounds:
/// a guest takes longer in one minute than in the next.
fn compared(what: &str, pairs: &[Pair], part: fn(&Took) -> Duration) -> Row {
    let ms = |took: &Took| part(took).as_secs_f64() * 1e3;
    let more = sorted(pairs, |pair| ms(&pair.ours) - ms(&pair.bare));
    let of = |share: usize| more[more.len() * share / 4];
    let ours = middle(&sorted(pairs, |pair| ms(&pair.ours)));
    let bare = middle(&sorted(pairs, |pair| ms(&pair.bare)));
    let told = format!("{ours:.1} ms: {:.1} ms more ({:.1} to {:.1})", of(2), of(1), of(3));
    let row = Row::info(what, told).beside(format!("{bare:.1} ms"), ours / bare);
    row.aim("<= 10 ms more", of(2) <= AIM_MS)
}

fn sorted(pairs: &[Pair], value: impl Fn(&Pair) -> f64) -> Vec<f64> {
    let mut values: Vec<_> = pairs.iter().map(value).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

fn guest(file: &str) -> io::Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| workspace.join("target"), PathBuf::from);
    let path = target.join("guest").join(file);
    let missing = || io::Error::other("there is no guest to run: tests/guest/build makes one");
    fs::canonicalize(path).map_err(|_| missing())
}

fn import(server: &Path, data: &Path) -> io::Result<()> {
    let mut command = Command::new(server);
    command.args(["image", "import", "--name", "guest", "--append", "console=ttyS0 quiet"]);
    command.arg("--data-dir").arg(data).arg("--kernel").arg(guest("vmlinuz")?);
    command.arg("--initrd").arg(guest("initrd.gz")?);
    let output = command.output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(io::Error::other(told)) }
}

/// A server with real machines.
struct Host {
    server: Process,
    data: PathBuf,
    stamp: std::cell::RefCell<Stamp>,
}

impl Host {
    fn start(program: &Path, data: &Path, options: &[&str]) -> io::Result<Host> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command.args(["serve", "--hypervisor", "qemu", "--log", "warn", "--listen"]);
        command.arg(address.to_string()).arg("--data-dir").arg(data).args(options);
        let mut server = Process::start(command, address)?;
        let mut stamp = Stamp::new();
        server.first_answer(|| signed(data, address, "DescribeRegions", &[], &mut stamp))?;
        Ok(Host { server, data: data.to_owned(), stamp: stamp.into() })
    }

    fn call(&self, action: &str, own: &[(&str, &str)]) -> io::Result<Value> {
        let address = self.server.address;
        let request = signed(&self.data, address, action, own, &mut self.stamp.borrow_mut());
        let (status, answer) = exchange(address, &request)?;
        let answer: Value = serde_json::from_slice(body(&answer))?;
        let refused = || io::Error::other(format!("{action}: {answer}"));
        if status == 200 { Ok(answer) } else { Err(refused()) }
    }

    /// Asks until what an action answers at this place is this.
    fn until(&self, action: &str, own: &[(&str, &str)], at: &str, wanted: &str) -> io::Result<()> {
        let began = Instant::now();
        while began.elapsed() < TIMEOUT {
            if self.call(action, own)?.pointer(at).and_then(Value::as_str) == Some(wanted) {
                return Ok(());
            }
            pause(POLL);
        }
        Err(io::Error::other(format!("{action}: never {wanted}")))
    }

    fn until_disk_is(&self, disk: &str, status: &str) -> io::Result<()> {
        let ids = format!("[\"{disk}\"]");
        let own = [("RegionId", PLACE[0].1), ("DiskIds", ids.as_str())];
        self.until("DescribeDisks", &own, "/Disks/Disk/0/Status", status)
    }

    /// An instance whose guest is up.
    fn launch(&self) -> io::Result<String> {
        let own = [("ImageId", "m-guest"), ("InstanceType", TYPE)];
        let answer = self.call("RunInstances", &[&PLACE[..], &own].concat())?;
        let id = text(&answer, "/InstanceIdSets/InstanceIdSet/0")?;
        let began = Instant::now();
        while began.elapsed() < TIMEOUT {
            let own = [("RegionId", PLACE[0].1), ("InstanceId", id.as_str())];
            let answer = self.call("GetInstanceConsoleOutput", &[&own[..], &[]].concat())?;
            // "ready" in Base64, at each place that it can have in a group of three bytes.
            let console = text(&answer, "/ConsoleOutput")?;
            if ["cmVhZH", "JlYWR5", "yZWFke"].iter().any(|ready| console.contains(ready)) {
                return Ok(id);
            }
            pause(Duration::from_millis(50));
        }
        Err(io::Error::other("the guest does not come up"))
    }

    /// A disk that is made with these parameters besides.
    fn disk(&self, more: &[(&str, &str)]) -> io::Result<String> {
        let own = [("Size", "20"), ("DiskCategory", "cloud_essd")];
        let answer = self.call("CreateDisk", &[&PLACE[..], &own, more].concat())?;
        let id = text(&answer, "/DiskId")?;
        self.until_disk_is(&id, "Available")?;
        Ok(id)
    }

    /// Attaches a disk, and gives its guest time to take it in.
    fn attach(&self, instance: &str, disk: &str) -> io::Result<()> {
        self.call("AttachDisk", &[("InstanceId", instance), ("DiskId", disk)])?;
        self.until_disk_is(disk, "In_use")?;
        pause(PAUSE_AFTER_ATTACH);
        Ok(())
    }

    /// So many times, in turn: how long DetachDisk takes with the one disk, and the bare commands
    /// with the volume of the other.
    fn measure(
        &self,
        instance: &str,
        ours: &str,
        bare: &str,
        report: Report,
        rounds: usize,
    ) -> io::Result<Vec<Pair>> {
        let monitor = self.data.join("machines").join(instance).join("run/operator.sock");
        let volume = self.data.join("disks").join(format!("{bare}.raw"));
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build()?;
        let by_call = || {
            self.attach(instance, ours)?;
            let deleted = runtime.block_on(listen(&monitor, ours))?;
            self.detach(instance, ours, || runtime.block_on(deleted))
        };
        let by_commands = || runtime.block_on(unplug(&monitor, &volume, report));
        // Each goes first in every second round.
        let in_turn = |round: usize| {
            if round.is_multiple_of(2) {
                let ours = by_call()?;
                Ok(Pair { ours, bare: by_commands()? })
            } else {
                let bare = by_commands()?;
                Ok(Pair { ours: by_call()?, bare })
            }
        };
        (0..rounds).map(in_turn).collect()
    }

    /// How long it takes to get a disk off; `deleted` waits for QEMU's first report. The server is
    /// not asked before: the guest would have to share the processors with the questions, which it
    /// need not with the bare commands.
    fn detach(
        &self,
        instance: &str,
        disk: &str,
        deleted: impl FnOnce() -> io::Result<Instant>,
    ) -> io::Result<Took> {
        let began = Instant::now();
        self.call("DetachDisk", &[("InstanceId", instance), ("DiskId", disk)])?;
        let deleted = deleted()?;
        self.until_disk_is(disk, "Available")?;
        let ended = Instant::now();
        Ok(Took { whole: ended - began, after: ended - deleted })
    }

    fn release(&self, instance: &str) -> io::Result<()> {
        self.call("DeleteInstance", &[("InstanceId", instance), ("Force", "true")])?;
        let own = [("RegionId", PLACE[0].1)];
        let began = Instant::now();
        while began.elapsed() < TIMEOUT {
            if self.call("DescribeInstances", &own)?["TotalCount"] == 0 {
                return Ok(());
            }
            pause(Duration::from_millis(20));
        }
        Err(io::Error::other("the instance is not released"))
    }
}

/// A request that is signed with the key that the server has left in its data directory.
fn signed(
    data: &Path,
    address: SocketAddr,
    action: &str,
    own: &[(&str, &str)],
    stamp: &mut Stamp,
) -> Vec<u8> {
    let key = key(data).unwrap_or_else(Key::development);
    let mut request = Vec::new();
    stamp.refresh(Instant::now());
    Template::signed_by(&key, &address.to_string(), action, own).write(stamp, &[], &mut request);
    request
}

/// The key in a data directory, once the server has made it.
fn key(data: &Path) -> Option<Key> {
    let text = fs::read_to_string(data.join("access-key")).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let mut value = |name| Some(lines.find(|(found, _)| *found == name)?.1.to_owned());
    let id = value("ALIBABA_CLOUD_ACCESS_KEY_ID")?;
    Some(Key { id, secret: value("ALIBABA_CLOUD_ACCESS_KEY_SECRET")? })
}

fn text(answer: &Value, at: &str) -> io::Result<String> {
    let found = answer.pointer(at).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| io::Error::other(format!("nothing at {at} in {answer}")))
}

/// Waits, from now on, for QEMU's first report of the device of this disk; says when that was.
async fn listen(
    monitor: &Path,
    device: &str,
) -> io::Result<impl Future<Output = io::Result<Instant>> + use<>> {
    let client = Client::connect(monitor, TIMEOUT).await.map_err(io::Error::other)?;
    let (device, events) = (device.to_owned(), client.events());
    let deleted = tokio::spawn(async move {
        let deleted = until_reported(events, &device, Report::Backend).await;
        drop(client);
        deleted
    });
    Ok(async { deleted.await.map_err(io::Error::other)? })
}

/// When the device of this name, or of one that begins with it, was reported gone.
async fn until_reported(mut events: Events, name: &str, report: Report) -> io::Result<Instant> {
    let reported = async {
        loop {
            match events.next().await {
                Notice::Event(event) if report.is(&event, name) => return Ok(Instant::now()),
                Notice::Closed => return Err(io::Error::other("QEMU has ended")),
                Notice::Event(_) | Notice::Missed(_) => {}
            }
        }
    };
    tokio::time::timeout(TIMEOUT, reported).await.map_err(io::Error::other)?
}

/// Plugs a disk in, and says how long the bare commands take to get it off again.
async fn unplug(monitor: &Path, volume: &Path, report: Report) -> io::Result<Took> {
    let qemu = |error: qmp::Error| io::Error::other(error);
    let client = Client::connect(monitor, TIMEOUT).await.map_err(io::Error::other)?;
    let file = json!({ "driver": "file", "filename": volume, "locking": "on" });
    let node = json!({ "driver": "raw", "node-name": "bare", "file": file });
    client.execute(BlockdevAdd(node)).await.map_err(qemu)?;
    let device = json!({
        "driver": "virtio-blk-pci", "id": "bare", "drive": "bare", "bus": PORT, "addr": "0.0",
    });
    client.execute(DeviceAdd(device)).await.map_err(qemu)?;
    tokio::time::sleep(PAUSE_AFTER_ATTACH).await;
    let events = client.events();
    let began = Instant::now();
    client.execute(DeviceDel { id: "bare".to_owned() }).await.map_err(qemu)?;
    let deleted = until_reported(events, "bare", report).await?;
    client.execute(BlockdevDel { node_name: "bare".to_owned() }).await.map_err(qemu)?;
    let ended = Instant::now();
    Ok(Took { whole: ended - began, after: ended - deleted })
}
