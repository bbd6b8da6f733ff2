//! The client and a real QEMU, without a guest: nothing boots, so it takes moments.
//!
//! These tests need `qemu-system-x86_64`; where it cannot be had, `DISKDOCK_WITHOUT_QEMU=1` skips
//! them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use qmp::commands::{
    BlockResize, BlockdevAdd, BlockdevDel, Cont, DeviceAdd, DeviceDel, Done, QomList,
    QueryNodeStats, QueryStatus, QueryVersion, Quit, RunState, Stop, SystemReset,
};
use qmp::{Client, ConnectError, Error, ErrorClass, Event, Events, Notice};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

const PROGRAM: &str = "qemu-system-x86_64";
/// Long, because the machine that runs the tests may be busy.
const DEADLINE: Duration = Duration::from_secs(60);
const NO_MACHINE: &[&str] = &["-machine", "none"];
/// A machine that stands still, with a port to plug into.
const STANDING: &[&str] =
    &["-machine", "q35", "-accel", "tcg", "-S", "-device", "pcie-root-port,id=rp1,chassis=1"];

/// A process that ends with the test.
struct Qemu {
    process: Child,
    directory: TempDir,
    socket: PathBuf,
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Qemu {
    /// None if the tests are to do without.
    fn start(machine: &[&str]) -> Option<Qemu> {
        Qemu::start_below(machine, "")
    }

    /// Its socket lies in a folder below the test's own. QEMU is given a relative path, because
    /// it can bind no long one.
    fn start_below(machine: &[&str], below: &str) -> Option<Qemu> {
        if std::env::var_os("DISKDOCK_WITHOUT_QEMU").is_some() {
            eprintln!("skipped: DISKDOCK_WITHOUT_QEMU is set");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join(below);
        std::fs::create_dir_all(&folder).unwrap();
        let process = Command::new(PROGRAM)
            .current_dir(&folder)
            .args(["-nodefaults", "-display", "none", "-qmp", "unix:qmp.sock,server=on,wait=on"])
            .args(machine)
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need QEMU: apt-get install qemu-system-x86");
        let mut qemu = Qemu { process, directory, socket: folder.join("qmp.sock") };
        // It says so once it listens.
        let mut said = String::new();
        let stderr = qemu.process.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut said).unwrap();
        assert!(said.contains("waiting for connection"), "QEMU said: {said}");
        Some(qemu)
    }

    async fn connect(&self) -> Client {
        Client::connect(&self.socket, DEADLINE).await.unwrap()
    }

    fn file(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::File::create(&path).unwrap().set_len(bytes).unwrap();
        path
    }
}

/// The next event that is asked for.
async fn next(events: &mut Events, wanted: impl Fn(&Event) -> bool) {
    let found = async {
        loop {
            match events.next().await {
                Notice::Event(event) if wanted(&event) => return,
                Notice::Event(_) => {}
                other => panic!("{other:?} while an event was awaited"),
            }
        }
    };
    timeout(DEADLINE, found).await.expect("the event does not come");
}

async fn devices(client: &Client) -> Vec<String> {
    let path = "/machine/peripheral".to_owned();
    let list = client.execute(QomList { path }).await.unwrap();
    list.into_iter().filter(|child| child.kind.starts_with("child<")).map(|it| it.name).collect()
}

async fn nodes(client: &Client) -> Vec<String> {
    let list = client.execute(QueryNodeStats { query_nodes: true }).await.unwrap();
    list.into_iter().filter_map(|node| node.node_name).collect()
}

fn class(refused: Result<Done, Error>) -> ErrorClass {
    match refused {
        Err(Error::Refused { class, .. }) => class,
        other => panic!("{other:?} is no refusal"),
    }
}

#[tokio::test]
async fn query_version_reports_qemu() {
    let Some(qemu) = Qemu::start(NO_MACHINE) else { return };
    let client = qemu.connect().await;
    let version = client.execute(QueryVersion {}).await.unwrap();
    assert_eq!(version.qemu, client.version());
    let status = client.execute(QueryStatus {}).await.unwrap();
    assert_eq!((status.running, status.status), (true, RunState::Running));
    assert!(nodes(&client).await.is_empty());
}

#[tokio::test]
async fn error_replies_have_a_class() {
    let Some(qemu) = Qemu::start(STANDING) else { return };
    let client = qemu.connect().await;
    let unknown = client.execute(DeviceDel { id: "nobody".to_owned() }).await;
    assert_eq!(class(unknown), ErrorClass::DeviceNotFound);
    let unknown = client.execute(BlockdevDel { node_name: "nobody".to_owned() }).await;
    assert_eq!(class(unknown), ErrorClass::GenericError);
    // Words that JSON has to escape arrive, and the connection stays in step.
    let odd = client.execute(DeviceDel { id: "\0\"\n\u{1f4be}\u{7f}".to_owned() }).await;
    assert_eq!(class(odd), ErrorClass::DeviceNotFound);
    assert_eq!(devices(&client).await, ["rp1"]);
}

#[derive(serde::Serialize)]
struct NoSuchCommand {}

impl qmp::Command for NoSuchCommand {
    const NAME: &'static str = "no-such-command";
    const DEADLINE: Duration = DEADLINE;
    type Reply = Done;
}

#[tokio::test]
async fn custom_command_can_be_sent() {
    let Some(qemu) = Qemu::start(NO_MACHINE) else { return };
    let client = qemu.connect().await;
    assert_eq!(class(client.execute(NoSuchCommand {}).await), ErrorClass::CommandNotFound);
}

#[tokio::test]
async fn device_add_and_device_del_of_a_disk() {
    let Some(qemu) = Qemu::start(STANDING) else { return };
    let client = qemu.connect().await;
    let mut events = client.events();
    let file = qemu.file("disk.raw", 1 << 20);
    let file = json!({"driver": "file", "filename": file});
    let node = json!({"driver": "raw", "node-name": "n1", "file": file});
    client.execute(BlockdevAdd(node)).await.unwrap();
    let device = json!({
        "driver": "virtio-blk-pci", "id": "d1", "drive": "n1", "bus": "rp1", "addr": "0x0",
    });
    client.execute(DeviceAdd(device.clone())).await.unwrap();
    assert_eq!(class(client.execute(DeviceAdd(device)).await), ErrorClass::GenericError);
    assert_eq!(devices(&client).await, ["rp1", "d1"]);
    assert!(nodes(&client).await.contains(&"n1".to_owned()));

    let delete = || DeviceDel { id: "d1".to_owned() };
    let close = || BlockdevDel { node_name: "n1".to_owned() };
    client.execute(delete()).await.unwrap();
    // No guest lets go of it: it is there, its block node in use, and asking again is refused.
    assert_eq!(devices(&client).await, ["rp1", "d1"]);
    assert_eq!(class(client.execute(delete()).await), ErrorClass::GenericError);
    assert_eq!(class(client.execute(close()).await), ErrorClass::GenericError);

    client.execute(SystemReset {}).await.unwrap();
    let is_gone = |event: &Event| {
        let Event::DeviceDeleted { device: Some(device), path } = event else { return false };
        device == "d1" && path == "/machine/peripheral/d1"
    };
    next(&mut events, |event| matches!(event, Event::Reset { guest: false })).await;
    next(&mut events, is_gone).await;
    assert_eq!(devices(&client).await, ["rp1"]);
    client.execute(close()).await.unwrap();
    assert!(nodes(&client).await.is_empty());
}

#[tokio::test]
async fn block_resize_grows_a_block_node() {
    let Some(qemu) = Qemu::start(NO_MACHINE) else { return };
    let client = qemu.connect().await;
    let path = qemu.file("disk.raw", 1 << 20);
    let node = json!({"driver": "file", "node-name": "n1", "filename": path});
    client.execute(BlockdevAdd(node)).await.unwrap();
    client.execute(BlockResize { node_name: "n1".to_owned(), size: 3 << 20 }).await.unwrap();
    assert_eq!(path.metadata().unwrap().len(), 3 << 20);
}

#[tokio::test]
async fn states_are_reported() {
    let Some(qemu) = Qemu::start(NO_MACHINE) else { return };
    let client = qemu.connect().await;
    let mut events = client.events();
    client.execute(Stop {}).await.unwrap();
    next(&mut events, |event| *event == Event::Stop).await;
    let status = client.execute(QueryStatus {}).await.unwrap();
    assert_eq!((status.running, status.status), (false, RunState::Paused));
    client.execute(Cont {}).await.unwrap();
    next(&mut events, |event| *event == Event::Resume).await;

    client.execute(Quit {}).await.unwrap();
    let reason = "host-qmp-quit".to_owned();
    next(&mut events, |event| *event == Event::Shutdown { guest: false, reason: reason.clone() })
        .await;
    timeout(DEADLINE, client.closed()).await.unwrap();
    assert_eq!(client.execute(Stop {}).await, Err(Error::Closed));
}

#[tokio::test]
async fn killed_qemu_is_reported_as_closed() {
    let Some(mut qemu) = Qemu::start(NO_MACHINE) else { return };
    let client = qemu.connect().await;
    let mut events = client.events();
    qemu.process.kill().unwrap();
    timeout(DEADLINE, client.closed()).await.unwrap();
    assert_eq!(events.next().await, Notice::Closed);
    assert_eq!(client.execute(QueryStatus {}).await, Err(Error::Closed));
    let again = Client::connect(&qemu.socket, DEADLINE).await;
    assert!(matches!(again, Err(ConnectError::Unreachable(_))), "{again:?}");
}

#[tokio::test]
async fn second_client_is_served_after_the_first_disconnects() {
    let Some(qemu) = Qemu::start(STANDING) else { return };
    for _ in 0..20 {
        let client = qemu.connect().await;
        let mut events = client.events();
        assert_eq!(devices(&client).await, ["rp1"]);
        drop(client);
        assert_eq!(events.next().await, Notice::Closed);
    }
}

#[tokio::test]
async fn connect_waits_for_the_monitor() {
    let Some(qemu) = Qemu::start(NO_MACHINE) else { return };
    let first = qemu.connect().await;
    let briefly = Duration::from_millis(100);
    let refused = Client::connect(&qemu.socket, briefly).await;
    assert!(matches!(refused, Err(ConnectError::TimedOut(_))), "{refused:?}");

    // More than QEMU lets wait: the system turns the last ones away, and they come again.
    let one_of_many = |socket: PathBuf| async move {
        let client = Client::connect(&socket, DEADLINE).await?;
        client.execute(QueryStatus {}).await.map_err(ConnectError::Negotiation)
    };
    let mut many = tokio::task::JoinSet::new();
    for _ in 0..8 {
        many.spawn(one_of_many(qemu.socket.clone()));
    }
    assert!(timeout(briefly, many.join_next()).await.is_err(), "two were served at once");
    drop(first);
    while let Some(served) = many.join_next().await {
        assert!(served.unwrap().unwrap().running);
    }
}

#[tokio::test]
async fn connect_accepts_a_long_socket_path() {
    let below = format!("{0}/{0}", "long".repeat(30));
    let Some(qemu) = Qemu::start_below(NO_MACHINE, &below) else { return };
    assert!(qemu.socket.as_os_str().len() > 200);
    let client = qemu.connect().await;
    assert!(client.execute(QueryStatus {}).await.unwrap().running);
    let nobody = qemu.socket.with_file_name("nobody.sock");
    let unreachable = Client::connect(&nobody, DEADLINE).await;
    assert!(matches!(unreachable, Err(ConnectError::Unreachable(_))), "{unreachable:?}");
}

#[tokio::test]
async fn connect_to_a_missing_socket_is_unreachable() {
    let unreachable = Client::connect(Path::new("/nowhere/qmp.sock"), DEADLINE).await;
    assert!(matches!(unreachable, Err(ConnectError::Unreachable(_))), "{unreachable:?}");
}
