//! DescribeDisks: by one id, and page by page.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::against::{Compared, Side, Turns};
use crate::bare;
use crate::bench::{Bench, Measured, one, short};
use crate::load::{self, Work};
use crate::process::{self, Process};
use crate::seed::REGION;
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// Connections for lookups by id.
const CONNECTIONS: usize = 8;
/// Disks on a page.
const PAGE: &str = "100";
/// Numbered pages that are asked for.
const NUMBERED: usize = 10;

/// Lookups by one id, beside a bare handler.
pub(crate) fn by_id(bench: &mut Bench) -> io::Result<()> {
    let mut smallest: Option<Measured> = None;
    for disks in bench.scale.disks {
        let seed = bench.seeds.with(disks)?;
        let server = bench.start(Some(&seed.directory))?;
        let recorded = recorded(&server, &seed.ids[0])?;
        let mut work = ById::new(&server, &seed.ids);
        let ours = bench.measure(&server, CONNECTIONS, &mut work)?;
        refused(&ours, "DescribeDisks");
        drop(server);
        let handler = bare::start(&recorded, &bench.scratch)?;
        let bare = bench.measure(&handler, CONNECTIONS, &mut ById::new(&handler, &seed.ids))?;
        let ratio = ours.outcome.rate() / bare.outcome.rate();
        let what = format!("describe by id, {} disks, {CONNECTIONS} conns", short(disks));
        bench.rows.push(
            Row::info(what, ours.text())
                .rate(ours.outcome.rate())
                .beside(format!("bare {}", bare.text()), ratio)
                .aim(">= 0.60 of bare", ratio >= 0.6),
        );
        if let Some(first) = &smallest {
            let row = growth("lookup by id", bench.scale.disks[0], disks, first, &ours);
            bench.rows.push(row);
        } else {
            smallest = Some(ours);
        }
    }
    Ok(())
}

/// The same lookups on two servers in turn.
pub(crate) fn by_id_in_turn(turns: &mut Turns<'_>) -> io::Result<Vec<Compared>> {
    let mut found = Vec::new();
    for disks in turns.both[0].scale.disks {
        let mut side = |at: usize| {
            let bench = &mut *turns.both[at];
            let seed = bench.seeds.with(disks)?;
            let server = bench.start(Some(&seed.directory))?;
            let work = ById::new(&server, &seed.ids);
            Ok::<_, io::Error>(Side { server, work })
        };
        let mut sides = [side(0)?, side(1)?];
        let what = format!("describe by id, {} disks, {CONNECTIONS} conns", short(disks));
        found.push(turns.measure(what, CONNECTIONS, &mut sides, |_| Ok(()))?);
    }
    Ok(found)
}

/// Page by page, by token through the whole list and by number through its beginning.
pub(crate) fn pages(bench: &mut Bench) -> io::Result<()> {
    let mut smallest: Option<[Measured; 2]> = None;
    for disks in bench.scale.disks {
        let seed = bench.seeds.with(disks)?;
        let server = bench.start(Some(&seed.directory))?;
        let walk = bench.measure(&server, 1, &mut Walk::new(&server, true))?;
        let numbered = bench.measure(&server, 1, &mut Numbered::new(&server))?;
        for (measured, how) in [(&walk, "by token"), (&numbered, "numbers 1-10")] {
            refused(measured, how);
            let what = format!("page of {PAGE} {how}, {} disks, 1 conn", short(disks));
            let row = Row::info(what, measured.text());
            bench.rows.push(row.rate(measured.outcome.rate()));
        }
        if let Some([by_token, by_number]) = &smallest {
            let from = bench.scale.disks[0];
            bench.rows.push(growth("page by token", from, disks, by_token, &walk));
            bench.rows.push(growth("page by number", from, disks, by_number, &numbered));
        } else {
            smallest = Some([walk, numbered]);
        }
    }
    Ok(())
}

/// Walks through all pages once.
pub(crate) fn walk_once(server: &Process) -> io::Result<()> {
    let mut work = Walk::new(server, false);
    load::run(server.address, 1, Duration::from_secs(3_600), &mut work).map(drop)
}

fn growth(what: &str, from: usize, to: usize, first: &Measured, last: &Measured) -> Row {
    let (before, after) = (first.outcome.percentile(50), last.outcome.percentile(50));
    let ratio = f64::from(after) / f64::from(before.max(1));
    let what = format!("{what}: {} beside {} disks", short(to), short(from));
    Row::info(what, format!("p50 {after} us"))
        .beside(format!("p50 {before} us"), ratio)
        .aim("<= 1.50", ratio <= 1.5)
}

fn refused(measured: &Measured, what: &str) {
    assert_eq!(measured.outcome.refused, 0, "{what}: every request is valid");
}

/// The answer about one disk, head and body.
fn recorded(server: &Process, id: &str) -> io::Result<Vec<u8>> {
    let ids = format!("[\"{id}\"]");
    let own = [("RegionId", REGION), ("DiskIds", ids.as_str())];
    let host = server.address.to_string();
    let request = one(&host, "DescribeDisks", &own, &mut Stamp::new());
    let (_, answer) = process::exchange(server.address, &request)?;
    assert!(memmem::find(&answer, id.as_bytes()).is_some(), "the disk is in the answer");
    Ok(answer)
}

/// Asks for one disk after the other.
struct ById {
    template: Template,
    stamp: Stamp,
    ids: Arc<Vec<String>>,
    next: usize,
}

impl ById {
    fn new(server: &Process, ids: &Arc<Vec<String>>) -> ById {
        let own = [("RegionId", REGION), ("DiskIds", "[\"{}\"]")];
        let template = Template::new(&server.address.to_string(), "DescribeDisks", &own);
        ById { template, stamp: Stamp::new(), ids: Arc::clone(ids), next: 0 }
    }
}

impl Work for ById {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        // A step that shares no factor with the number of ids visits them all in no order.
        self.next = (self.next + 7_919) % self.ids.len();
        self.template.write(&mut self.stamp, &[&self.ids[self.next]], out);
        true
    }

    fn on_reply(&mut self, _: usize, _: u16, _: &[u8]) {}
}

/// Walks through the list by NextToken.
struct Walk {
    first: Template,
    further: Template,
    stamp: Stamp,
    token: String,
    for_ever: bool,
    ended: bool,
}

impl Walk {
    fn new(server: &Process, for_ever: bool) -> Walk {
        let host = server.address.to_string();
        let own = [("RegionId", REGION), ("MaxResults", PAGE), ("NextToken", "{}")];
        let first = Template::new(&host, "DescribeDisks", &own[..2]);
        let further = Template::new(&host, "DescribeDisks", &own);
        let (stamp, token) = (Stamp::new(), String::new());
        Walk { first, further, stamp, token, for_ever, ended: false }
    }
}

impl Work for Walk {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        if self.token.is_empty() {
            self.first.write(&mut self.stamp, &[], out);
        } else {
            self.further.write(&mut self.stamp, &[&self.token], out);
        }
        self.for_ever || !self.ended
    }

    fn on_reply(&mut self, _: usize, _: u16, body: &[u8]) {
        const NAME: &[u8] = b"\"NextToken\":\"";
        let token = memmem::find(body, NAME)
            .and_then(|at| body[at + NAME.len()..].split(|byte| *byte == b'"').next());
        self.token = String::from_utf8_lossy(token.unwrap_or_default()).into_owned();
        self.ended = self.token.is_empty();
    }
}

/// Asks for the first pages by number, over and over.
struct Numbered {
    template: Template,
    stamp: Stamp,
    last: usize,
}

impl Numbered {
    fn new(server: &Process) -> Numbered {
        let own = [("RegionId", REGION), ("PageSize", PAGE), ("PageNumber", "{}")];
        let template = Template::new(&server.address.to_string(), "DescribeDisks", &own);
        Numbered { template, stamp: Stamp::new(), last: 0 }
    }
}

impl Work for Numbered {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        self.last = self.last % NUMBERED + 1;
        self.template.write(&mut self.stamp, &[&self.last.to_string()], out);
        true
    }

    fn on_reply(&mut self, _: usize, _: u16, _: &[u8]) {}
}
