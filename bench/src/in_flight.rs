//! How long a write waits at most while very many operations are in flight.

use std::io;
use std::time::Instant;

use diskdock::actions::OPERATIONS;
use diskdock::clock::Clock;
use diskdock::ids::IdGenerator;
use diskdock::operations::NewOperation;
use diskdock::store::Export;
use domain::{Disk, Uptime};

use crate::bench::{Bench, short};
use crate::load::Work;
use crate::process::{self, Process};
use crate::seed;
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// The owner of the operations: not the caller, who may not have so many.
const OTHER: &str = "1000000000000009";
/// Disks of each instance that are Detaching.
const DISKS_EACH: usize = 10;

/// The longest of many writes, one after the other, over two renewals of the lease and two
/// comparisons of store and hypervisor.
pub(crate) fn writes(bench: &mut Bench) -> io::Result<()> {
    let many = bench.scale.in_flight;
    let (snapshot, free) = detaching(many)?;
    let server = bench.start(None)?;
    put(&server, "/pace", br#"{"pace":"1h"}"#)?;
    put(&server, "/state", &serde_json::to_vec(&snapshot)?)?;
    let mut work = Renaming::new(&server, &free);
    let measured = bench.measure_for(&server, 1, &mut work, bench.scale.in_flight_time)?;
    let outcome = &measured.outcome;
    let longest_ms = f64::from(outcome.percentile(100)) / 1_000.0;
    let what = format!("write beside {} operations in flight", short(many));
    let reply =
        format!("{}, longest {longest_ms:.1} ms, {} refused", measured.text(), outcome.refused);
    bench.rows.push(Row::info(what, reply));
    Ok(())
}

/// So many disks that are Detaching, and the id of one that is not.
fn detaching(many: usize) -> io::Result<(Export, String)> {
    let now = Clock::default().now();
    let ids = IdGenerator::from_seed(3);
    let (mut snapshot, pairs) = seed::fleet(many.div_ceil(DISKS_EACH) + 1, DISKS_EACH);
    let detach = OPERATIONS.iter().find(|kind| kind.name == "disk.detach");
    let detach = detach.ok_or_else(|| io::Error::other("there is no disk.detach"))?;
    let mut disks: Vec<Disk> = snapshot.remove();
    for (number, (disk, (id, instance))) in disks.iter_mut().zip(&pairs).take(many).enumerate() {
        let generation = detach_from(disk, instance, number)?;
        let attachment = serde_json::json!({
            "slot": { "disk": id, "instance": instance, "generation": generation },
        });
        let operation = (detach.restore)(&attachment.to_string()).map_err(io::Error::other)?;
        let new = NewOperation::new(
            ids.operation(now),
            &OTHER.into(),
            operation,
            now,
            Uptime(0),
            "local",
        );
        snapshot.operations.push(new.row);
    }
    let (free, _) = pairs.last().ok_or_else(|| io::Error::other("no disk"))?;
    Ok((snapshot.with(disks), free.clone()))
}

fn detach_from(disk: &mut Disk, instance: &str, number: usize) -> io::Result<u64> {
    let illegal = |_: domain::IllegalTransition| io::Error::other("the disk cannot be attached");
    let now = disk.created_at;
    let device = format!("/dev/xvd{}", char::from(b'b' + u8::try_from(number % 24).unwrap_or(0)));
    let generation = disk.begin_attach(instance.into(), device, now).map_err(illegal)?;
    disk.finish_attach(&instance.into(), generation).map_err(illegal)?;
    disk.begin_detach(&instance.into(), false).map_err(illegal)?;
    Ok(generation)
}

fn put(server: &Process, path: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "PUT /_diskdock{path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    let (status, answer) = process::exchange(server.address, &[head.as_bytes(), body].concat())?;
    if status == 200 {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&answer);
    Err(io::Error::other(format!("PUT {path}: {status} {text}")))
}

/// Gives one disk a name, again and again.
struct Renaming {
    rename: Template,
    stamp: Stamp,
}

impl Renaming {
    fn new(server: &Process, disk: &str) -> Renaming {
        let own = [("DiskId", disk), ("DiskName", "renamed")];
        let rename = Template::new(&server.address.to_string(), "ModifyDiskAttribute", &own);
        Renaming { rename, stamp: Stamp::new() }
    }
}

impl Work for Renaming {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        self.rename.write(&mut self.stamp, &[], out);
        true
    }

    fn on_reply(&mut self, _: usize, _: u16, _: &[u8]) {}
}
