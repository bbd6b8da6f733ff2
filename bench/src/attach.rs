//! AttachDisk and DetachDisk: how many are accepted, in memory and durably.

use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::against::{Compared, Side, Turns};
use crate::bench::{Bench, Measured};
use crate::load::{SharedOut, Work};
use crate::process::{self, Process};
use crate::seed;
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// Disks for each instance.
const DISKS_EACH: usize = 8;
/// Time that transitions have to end after a measurement.
const IDLE_WITHIN: Duration = Duration::from_secs(10);

/// Calls a second over so many connections, with an aim for one of them.
struct Series {
    name: &'static str,
    connections: &'static [usize],
    aim: (usize, f64),
}

const EPHEMERAL: Series =
    Series { name: "ephemeral", connections: &[1, 8, 32, 64], aim: (8, 36_000.0) };
const DURABLE: Series = Series { name: "durable", connections: &[1, 8, 64], aim: (64, 25_000.0) };

/// A server with a fleet in it, and the disks with the instances that they go to and fro.
type Fleet = (Process, Vec<(String, String)>);

/// Accepted calls a second with `--ephemeral`.
pub(crate) fn ephemeral(bench: &mut Bench) -> io::Result<()> {
    let (server, pairs) = ephemeral_fleet(bench)?;
    run(bench, &server, pairs, &EPHEMERAL)
}

/// The same on two servers in turn.
pub(crate) fn ephemeral_in_turn(turns: &mut Turns<'_>) -> io::Result<Vec<Compared>> {
    in_turn(turns, ephemeral_fleet, &EPHEMERAL)
}

/// Accepted calls a second that survive a power cut.
pub(crate) fn durable(bench: &mut Bench) -> io::Result<()> {
    let (server, pairs) = durable_fleet(bench)?;
    run(bench, &server, pairs, &DURABLE)
}

/// The same on two servers in turn.
pub(crate) fn durable_in_turn(turns: &mut Turns<'_>) -> io::Result<Vec<Compared>> {
    in_turn(turns, durable_fleet, &DURABLE)
}

pub(crate) fn ephemeral_fleet(bench: &mut Bench) -> io::Result<Fleet> {
    let (snapshot, pairs) = seed::fleet(bench.scale.instances, DISKS_EACH);
    let server = bench.start(None)?;
    import(&server, serde_json::to_value(&snapshot)?)?;
    Ok((server, pairs))
}

pub(crate) fn durable_fleet(bench: &mut Bench) -> io::Result<Fleet> {
    let (snapshot, pairs) = seed::fleet(bench.scale.instances, DISKS_EACH);
    let directory = bench.seeds.of("fleet", snapshot)?;
    Ok((bench.start(Some(&directory))?, pairs))
}

fn in_turn(
    turns: &mut Turns<'_>,
    fleet: fn(&mut Bench) -> io::Result<Fleet>,
    series: &Series,
) -> io::Result<Vec<Compared>> {
    let mut side = |at: usize| {
        let (server, pairs) = fleet(turns.both[at])?;
        let work = Moving::new(&server, pairs);
        Ok::<_, io::Error>(Side { server, work })
    };
    let mut sides = [side(0)?, side(1)?];
    let mut found = Vec::new();
    for &connections in series.connections {
        sides.iter_mut().for_each(|side| side.work.share_out(connections));
        let what = format!("attach+detach, {}, {connections} conns", series.name);
        let idle = |server: &Process| wait_until_idle(server).map(drop);
        found.push(turns.measure(what, connections, &mut sides, idle)?);
    }
    Ok(found)
}

/// Imports a state. An older server names a field that it does not know; the state goes without it.
pub(crate) fn import(server: &Process, mut state: Value) -> io::Result<()> {
    loop {
        let body = serde_json::to_vec(&state)?;
        let head = format!(
            "PUT /_diskdock/state HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        let (status, answer) =
            process::exchange(server.address, &[head.as_bytes(), &body].concat())?;
        let reply = String::from_utf8_lossy(&answer).into_owned();
        if status == 200 {
            return Ok(());
        }
        let unknown = reply.split("unknown field `").nth(1).and_then(|rest| rest.split('`').next());
        let dropped = unknown.map_or(0, |field| drop_field(&mut state, field));
        if dropped == 0 {
            return Err(io::Error::other(format!("the state is not imported: {reply}")));
        }
    }
}

/// Takes the outermost fields of a name out of the objects within; how many there were. A list of
/// the whole state may be called as a field of its resources that the older server does know.
fn drop_field(value: &mut Value, field: &str) -> usize {
    match value {
        Value::Object(fields) => match fields.remove(field) {
            Some(_) => 1,
            None => fields.values_mut().map(|value| drop_field(value, field)).sum(),
        },
        Value::Array(items) => items.iter_mut().map(|value| drop_field(value, field)).sum(),
        _ => 0,
    }
}

fn run(
    bench: &mut Bench,
    server: &Process,
    pairs: Vec<(String, String)>,
    series: &Series,
) -> io::Result<()> {
    let mut work = Moving::new(server, pairs);
    for &connections in series.connections {
        work.share_out(connections);
        let measured = bench.measure(server, connections, &mut work)?;
        let idle = wait_until_idle(server)?;
        let what = format!("attach+detach, {}, {connections} conns", series.name);
        bench.rows.push(row(what, &measured, idle, series, connections));
    }
    Ok(())
}

fn row(
    what: String,
    measured: &Measured,
    idle: Option<Duration>,
    series: &Series,
    connections: usize,
) -> Row {
    let idle =
        idle.map_or("NOT idle".to_owned(), |time| format!("idle after {} ms", time.as_millis()));
    let refused = measured.outcome.refused;
    let told = Row::info(what, format!("{}, {refused} refused", measured.text()))
        .rate(measured.outcome.rate());
    let (at, aim) = series.aim;
    if at != connections {
        return Row { beside: idle, ..told };
    }
    let ratio = measured.outcome.rate() / aim;
    told.beside(idle, ratio).aim(format!(">= {aim:.0}/s"), ratio >= 1.0)
}

/// Waits until nothing is in flight any more; none if that does not happen.
pub(crate) fn wait_until_idle(server: &Process) -> io::Result<Option<Duration>> {
    let began = Instant::now();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    while began.elapsed() < IDLE_WITHIN {
        let (_, answer) = process::exchange(server.address, request.as_bytes())?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        if !text.contains("diskdock_operations_in_flight{") {
            return Ok(Some(began.elapsed()));
        }
        process::pause(Duration::from_millis(5));
    }
    Ok(None)
}

/// Each connection attaches all disks that are its own, then detaches them, and so on.
pub(crate) struct Moving {
    attach: Template,
    detach: Template,
    stamp: Stamp,
    disks: Vec<Moved>,
    turns: SharedOut,
}

struct Moved {
    disk: String,
    instance: String,
    attached: bool,
}

impl Moving {
    /// The calls for these disks and their instances.
    pub(crate) fn new(server: &Process, pairs: Vec<(String, String)>) -> Moving {
        let host = server.address.to_string();
        let own = [("DiskId", "{}"), ("InstanceId", "{}"), ("RegionId", seed::REGION)];
        let moved = |(disk, instance)| Moved { disk, instance, attached: false };
        Moving {
            attach: Template::new(&host, "AttachDisk", &own),
            detach: Template::new(&host, "DetachDisk", &own),
            stamp: Stamp::new(),
            turns: SharedOut::new(pairs.len(), 1),
            disks: pairs.into_iter().map(moved).collect(),
        }
    }

    /// Gives each connection every so-manieth disk.
    pub(crate) fn share_out(&mut self, connections: usize) {
        self.turns = SharedOut::new(self.disks.len(), connections);
    }
}

impl Work for Moving {
    fn ask(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        let Moved { disk, instance, attached } = &self.disks[self.turns.next(connection)];
        let template = if *attached { &self.detach } else { &self.attach };
        template.write(&mut self.stamp, &[disk, instance], out);
        true
    }

    /// A refused call is made again when its disk's turn comes round.
    fn on_reply(&mut self, connection: usize, status: u16, _: &[u8]) {
        let moved = &mut self.disks[self.turns.last(connection)];
        moved.attached ^= status == 200;
    }
}
