//! The whole state of the real program, out and in again: it takes less memory than the state.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::RunningServer;
use super::backup::stopped_with;

/// Disks of the state, and the bytes of each at least: 40 MB.
const DISKS: usize = 5_000;
const BYTES: usize = 8_000;
/// KiB that a server may take for it at most. Held as a whole, it takes 75 MB and more.
const MOST_KIB: u64 = 34 * 1024;
/// For the whole of a request, in a debug build.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A connection to the server of this directory.
fn connection(data: &Path) -> TcpStream {
    let endpoint = fs::read_to_string(data.join("endpoint")).unwrap();
    let stream = TcpStream::connect(endpoint.trim().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// The status of the answer that begins here, whose head is read.
fn status(answer: &mut impl BufRead) -> u16 {
    let mut lines = answer.lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    lines.for_each(drop);
    status
}

/// Imports this file. Gives the status of the answer.
fn import(data: &Path, file: &Path) -> u16 {
    let mut stream = connection(data);
    let length = fs::metadata(file).unwrap().len();
    let head = "PUT /_diskdock/state HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {length}\r\n\r\n").unwrap();
    io::copy(&mut File::open(file).unwrap(), &mut stream).unwrap();
    status(&mut BufReader::new(stream))
}

/// Writes an export to this file.
fn export(data: &Path, file: &Path) {
    let mut stream = connection(data);
    let head = "GET /_diskdock/state HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = BufReader::new(stream);
    assert_eq!(status(&mut answer), 200);
    io::copy(&mut answer, &mut File::create(file).unwrap()).unwrap();
}

/// An export with so many disks like this one; the last one may be there twice.
fn write_large(file: &Path, disk: &Value, is_twice: bool) {
    let mut disk = disk.clone();
    disk["description"] = "x".repeat(BYTES).into();
    let mut out = BufWriter::new(File::create(file).unwrap());
    write!(out, "{{\"format\":1,\"disks\":[").unwrap();
    for number in (0..DISKS).chain(is_twice.then_some(DISKS - 1)) {
        disk["id"] = format!("d-{number:06}").into();
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}{disk}").unwrap();
    }
    write!(out, "]}}").unwrap();
    out.flush().unwrap();
}

/// KiB of memory that a process has had at most.
fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn state_that_is_imported_and_exported_is_not_held_in_memory() {
    let (data, files) = (stopped_with("one").await, tempfile::tempdir().unwrap());
    let path = |name: &str| files.path().join(name);
    let server = RunningServer::start(data.path(), &[]);
    export(data.path(), &path("small"));
    let small: Value = serde_json::from_reader(File::open(path("small")).unwrap()).unwrap();
    assert_eq!(small["disks"].as_array().unwrap().len(), 1);
    write_large(&path("large"), &small["disks"][0], false);
    write_large(&path("twice"), &small["disks"][0], true);
    // What every transfer takes, however small it is, counts before.
    assert_eq!(import(data.path(), &path("small")), 200);
    let before = peak_kib(server.child.id());

    assert_eq!(import(data.path(), &path("twice")), 400);
    export(data.path(), &path("unchanged"));
    assert!(fs::read(path("unchanged")).unwrap() == fs::read(path("small")).unwrap());
    assert_eq!(import(data.path(), &path("large")), 200);
    let imported = peak_kib(server.child.id()) - before;
    assert!(imported < MOST_KIB, "an import took {imported} KiB");
    export(data.path(), &path("again"));
    let exported = peak_kib(server.child.id()) - before;
    assert!(exported < MOST_KIB, "an export took {exported} KiB");
    let mut text = String::new();
    File::open(path("again")).unwrap().read_to_string(&mut text).unwrap();
    assert!(text.len() > DISKS * BYTES);
    let again: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(again["disks"].as_array().unwrap().len(), DISKS);
    assert_eq!(fs::read_dir(data.path()).unwrap().filter(is_part).count(), 0);
}

fn is_part(entry: &io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().file_name() == "state.part"
}
