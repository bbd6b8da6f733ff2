//! Real processes over one database: two servers and two hosts, one of which is killed in the
//! middle of a detach. Runs where DISKDOCK_TEST_POSTGRES names a PostgreSQL server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::postgres::{TestDatabase, server};

/// How long anything may take, on a busy machine.
const WITHIN: Duration = Duration::from_secs(60);

/// A process that is killed with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command, and waits for its first line.
fn start(store: &str, arguments: &[&str]) -> (Process, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().env("DISKDOCK_STORE", store).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Process(process), line)
}

/// A server, and where it is.
fn serve(store: &str, directory: &Path) -> (Process, String) {
    let directory = directory.to_str().unwrap();
    let of_hosts = ["--hypervisor", "hosts", "--data-dir", directory];
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--child"];
    arguments.extend(of_hosts);
    let (process, line) = start(store, &arguments);
    let said: Value = serde_json::from_str(&line).unwrap();
    (process, said["endpoint"].as_str().unwrap().to_owned())
}

/// A host, whose transitions take a second.
fn host(store: &str, name: &str, directory: &Path) -> Process {
    let directory = directory.to_str().unwrap();
    let mut arguments = vec!["host", "--name", name, "--zone", "cn-hangzhou-i", "--pace", "1s"];
    arguments.extend(["--processors", "8", "--memory", "64", "--data-dir", directory]);
    let (process, line) = start(store, &arguments);
    assert_eq!(line, format!("host {name} works\n"));
    process
}

/// Calls an action at an endpoint with the command line.
fn call(endpoint: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().env("DISKDOCK_ENDPOINT", endpoint).arg("call").args(arguments);
    let output = command.arg("--RegionId").arg("cn-hangzhou").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn status(endpoint: &str, action: &str, ids: &str, lists: (&str, &str)) -> String {
    let described = call(endpoint, &[action, ids]);
    described[lists.0][lists.1][0]["Status"].as_str().unwrap_or("gone").to_owned()
}

/// Looks until the resource has this status. Each look is a process that calls.
fn until(wanted: &str, status: impl Fn() -> String) {
    let began = Instant::now();
    loop {
        let found = status();
        if found == wanted {
            return;
        }
        assert!(began.elapsed() < WITHIN, "it is {found}, and not {wanted}");
    }
}

#[test]
fn detach_settles_when_the_process_of_its_host_is_killed() {
    let Some(postgres) = server() else { return };
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir(at("database")).unwrap();
    let database = TestDatabase::of(&at("database")).unwrap();
    let store = format!("{postgres}/{}", database.name());
    let (_one, first) = serve(&store, &at("one"));
    let (_other, second) = serve(&store, &at("other"));
    let mut hosts = vec![host(&store, "a", &at("a"))];
    let image = "ubuntu_22_04_x64_20G_alibase_20240926.vhd";
    let launch = ["RunInstances", "--ImageId", image, "--InstanceType", "ecs.g6.large"];
    let mut launch = launch.to_vec();
    launch.extend(["--ZoneId", "cn-hangzhou-i"]);
    let made = call(&first, &launch);
    let instance = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned();
    // A second host is there, and touches nothing of the first.
    hosts.push(host(&store, "b", &at("b")));
    let ids = format!("--InstanceIds=[\"{instance}\"]");
    let of_instance = || status(&second, "DescribeInstances", &ids, ("Instances", "Instance"));
    until("Running", of_instance);
    let new = ["CreateDisk", "--ZoneId", "cn-hangzhou-i", "--Size", "20"];
    let mut new = new.to_vec();
    new.extend(["--DiskCategory", "cloud_essd"]);
    let disk = call(&second, &new)["DiskId"].as_str().unwrap().to_owned();
    let ids = format!("--DiskIds=[\"{disk}\"]");
    let of_disk = |endpoint: &str| status(endpoint, "DescribeDisks", &ids, ("Disks", "Disk"));
    let slot = ["--InstanceId", instance.as_str(), "--DiskId", disk.as_str()];
    let slot = |action| [&[action], &slot[..]].concat();
    call(&first, &slot("AttachDisk"));
    until("In_use", || of_disk(&second));
    for round in 0..3_u32 {
        call(&second, &slot("DetachDisk"));
        // Later and later in the second that it takes.
        (0..3 * round).for_each(|_| drop(of_disk(&first)));
        drop(hosts.remove(0));
        hosts.insert(0, host(&store, "a", &at("a")));
        until("Available", || of_disk(&first));
        call(&first, &slot("AttachDisk"));
        until("In_use", || of_disk(&second));
    }
    until("Running", of_instance);
}
