//! Reads and writes side by side, as a test suite or a console makes them.

use std::collections::VecDeque;
use std::io;
use std::time::Instant;

use memchr::memmem;

use crate::bench::{Bench, short};
use crate::load::Work;
use crate::process::Process;
use crate::seed::{self, REGION, ZONE};
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// Connections.
const CONNECTIONS: usize = 64;
/// Disks of each instance that are attached and detached.
const MOVED_EACH: usize = 8;
/// Disks that a connection has made before it deletes one: by then the first has been created.
const MADE_FIRST: usize = 16;
/// The 99th percentile is wanted within so many medians.
const P99_BESIDE_P50: f64 = 5.0;

/// Four reads for each write; of the writes, as many of each kind. Durable.
pub(crate) fn load(bench: &mut Bench) -> io::Result<()> {
    let (instances, disks) = (bench.scale.instances, bench.scale.disks[1]);
    let (snapshot, pairs) = seed::fleet(instances, disks.div_ceil(instances));
    let directory = bench.seeds.of("mixed", snapshot)?;
    let server = bench.start(Some(&directory))?;
    let mut work = Mixed::new(&server, pairs, instances * MOVED_EACH);
    let measured = bench.measure(&server, CONNECTIONS, &mut work)?;
    let outcome = &measured.outcome;
    let [p50, p99] = [50, 99].map(|percent| f64::from(outcome.percentile(percent)));
    let longest_ms = f64::from(outcome.percentile(100)) / 1_000.0;
    let ratio = p99 / p50.max(1.0);
    bench.rows.push(
        Row::info(
            format!("mixed load, durable, {} disks, {CONNECTIONS} conns", short(disks)),
            format!("{}, longest {longest_ms:.0} ms, {} refused", measured.text(), outcome.refused),
        )
        .rate(outcome.rate())
        .beside("p99 beside p50", ratio)
        .aim(format!("<= {P99_BESIDE_P50:.2}"), ratio <= P99_BESIDE_P50),
    );
    Ok(())
}

/// The kind of a call, in the order in which a connection makes them between its reads.
#[derive(Clone, Copy)]
enum Kind {
    Read,
    Move,
    Create,
    Delete,
}

/// A round of a connection: eight of ten calls read, and as many disks come as go.
const ROUND: [Kind; 20] = {
    let mut round = [Kind::Read; 20];
    round[4] = Kind::Move;
    round[9] = Kind::Create;
    round[14] = Kind::Move;
    round[19] = Kind::Delete;
    round
};

struct Mixed {
    describe: Template,
    attach: Template,
    detach: Template,
    create: Template,
    delete: Template,
    stamp: Stamp,
    pairs: Vec<(String, String)>,
    /// How many of the pairs are moved; the first ones.
    moved: usize,
    attached: Vec<bool>,
    next_read: usize,
    clients: Vec<Client>,
}

#[derive(Default)]
struct Client {
    calls: usize,
    kind: Option<Kind>,
    moves: usize,
    made: VecDeque<String>,
}

impl Mixed {
    fn new(server: &Process, pairs: Vec<(String, String)>, moved: usize) -> Mixed {
        let host = server.address.to_string();
        let template = |action: &str, own: &[(&str, &str)]| Template::new(&host, action, own);
        let both = [("DiskId", "{}"), ("InstanceId", "{}"), ("RegionId", REGION)];
        let new = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("Size", "20"),
            ("DiskCategory", "cloud_efficiency"),
        ];
        let moved = moved.min(pairs.len());
        Mixed {
            describe: template("DescribeDisks", &[("RegionId", REGION), ("DiskIds", "[\"{}\"]")]),
            attach: template("AttachDisk", &both),
            detach: template("DetachDisk", &both),
            create: template("CreateDisk", &new),
            delete: template("DeleteDisk", &[("DiskId", "{}"), ("RegionId", REGION)]),
            stamp: Stamp::new(),
            attached: vec![false; moved],
            pairs,
            moved,
            next_read: 0,
            clients: (0..CONNECTIONS).map(|_| Client::default()).collect(),
        }
    }

    /// The disk that a connection moves now: every so-manieth, one after the other.
    fn moving(&self, connection: usize) -> usize {
        let own = self.moved / CONNECTIONS;
        connection + self.clients[connection].moves % own.max(1) * CONNECTIONS
    }
}

impl Work for Mixed {
    fn ask(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        let client = &mut self.clients[connection];
        // Each begins elsewhere in its round.
        let at = (client.calls + connection) % ROUND.len();
        client.calls += 1;
        let kind = match ROUND[at] {
            Kind::Delete if client.made.len() <= MADE_FIRST => Kind::Read,
            kind => kind,
        };
        client.kind = Some(kind);
        match kind {
            Kind::Read => {
                self.next_read = (self.next_read + 7_919) % self.pairs.len();
                let (disk, _) = &self.pairs[self.next_read];
                self.describe.write(&mut self.stamp, &[disk], out);
            }
            Kind::Move => {
                let at = self.moving(connection);
                let (disk, instance) = &self.pairs[at];
                let template = if self.attached[at] { &self.detach } else { &self.attach };
                template.write(&mut self.stamp, &[disk, instance], out);
            }
            Kind::Create => self.create.write(&mut self.stamp, &[], out),
            Kind::Delete => {
                let disk = client.made.front().cloned().unwrap_or_default();
                self.delete.write(&mut self.stamp, &[&disk], out);
            }
        }
        true
    }

    fn on_reply(&mut self, connection: usize, status: u16, body: &[u8]) {
        let kind = self.clients[connection].kind.take();
        match kind {
            Some(Kind::Move) => {
                let at = self.moving(connection);
                self.attached[at] ^= status == 200;
                self.clients[connection].moves += 1;
            }
            Some(Kind::Create) => self.clients[connection].made.extend(disk_id(body)),
            Some(Kind::Delete) => {
                self.clients[connection].made.pop_front();
            }
            Some(Kind::Read) | None => {}
        }
    }
}

/// The id in the reply of CreateDisk.
fn disk_id(body: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"DiskId\":\"";
    let at = memmem::find(body, NAME)? + NAME.len();
    let id = body[at..].split(|byte| *byte == b'"').next()?;
    Some(String::from_utf8_lossy(id).into_owned())
}
