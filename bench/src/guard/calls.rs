//! The calls that are counted, each made one after the other on one connection.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crate::bench::{Bench, one};
use crate::callgrind::{CountedServer, Counts};
use crate::load::{self, Work};
use crate::process::pause;
use crate::seed::{self, IMAGE, INSTANCE_TYPE, REGION, ZONE};
use crate::sign::{Stamp, Template};

/// Calls of a series: so many that what the server does beside them hardly counts.
const CALLS: usize = 40;
/// Series of a kind of call. Their median is the result: a checkpoint or a commit that two calls
/// share falls into few of them.
const SERIES: usize = 9;
/// All calls of one kind, with a series to warm up.
const CALLS_IN_ALL: usize = (1 + SERIES) * CALLS;
/// Disks for each instance.
const DISKS_EACH: usize = 8;
/// Time for the operations of a series to end before its instructions are counted.
const REST: Duration = Duration::from_millis(300);
/// A bound for a series, which ends when its calls are made.
const SERIES_DEADLINE: Duration = Duration::from_secs(120);

/// One kind of call.
struct Calls {
    name: &'static str,
    template: Template,
    /// The disk and the instance of each call.
    pairs: Vec<[String; 2]>,
}

/// Counts each kind of call.
pub(super) fn count(bench: &mut Bench) -> io::Result<BTreeMap<String, Counts>> {
    let (snapshot, pairs) = seed::fleet(CALLS_IN_ALL / DISKS_EACH, DISKS_EACH);
    let directory = bench.seeds.of("guard", snapshot)?;
    let mut server = CountedServer::start(&bench.server, &directory, &bench.scratch)?;
    let host = server.process.address.to_string();
    let mut stamp = Stamp::new();
    let first = || one(&host, "DescribeDisks", &[("RegionId", REGION)], &mut stamp);
    server.process.first_answer(first)?;
    let mut counted = BTreeMap::new();
    for calls in kinds(&host, &pairs) {
        eprintln!("{} ...", calls.name);
        counted.insert(calls.name.to_owned(), per_call(&mut server, &calls)?);
    }
    Ok(counted)
}

fn kinds(host: &str, pairs: &[(String, String)]) -> Vec<Calls> {
    let disks = || pairs.iter().map(|(disk, _)| [disk.clone(), String::new()]).collect();
    let both = || pairs.iter().map(|(disk, instance)| [disk.clone(), instance.clone()]).collect();
    let calls = |name, action, own: &[(&str, &str)], pairs: Vec<[String; 2]>| {
        let own: Vec<_> = own.iter().copied().chain([("RegionId", REGION)]).collect();
        Calls { name, template: Template::new(host, action, &own), pairs }
    };
    let moved = [("DiskId", "{}"), ("InstanceId", "{}")];
    let new_disk = [("ZoneId", ZONE), ("Size", "20"), ("DiskCategory", "cloud_efficiency")];
    let new_instance = [("ZoneId", ZONE), ("ImageId", IMAGE), ("InstanceType", INSTANCE_TYPE)];
    let page = [("PageSize", "100"), ("PageNumber", "1")];
    vec![
        calls("DescribeDisks by id", "DescribeDisks", &[("DiskIds", "[\"{}\"]")], disks()),
        calls("DescribeDisks, a page of 100", "DescribeDisks", &page, Vec::new()),
        calls("AttachDisk", "AttachDisk", &moved, both()),
        calls("DetachDisk", "DetachDisk", &moved, both()),
        calls("CreateDisk", "CreateDisk", &new_disk, Vec::new()),
        calls("RunInstances of 1", "RunInstances", &new_instance, Vec::new()),
    ]
}

/// The counts of one call.
fn per_call(server: &mut CountedServer, calls: &Calls) -> io::Result<Counts> {
    let mut counts = Vec::with_capacity(SERIES);
    for next in (0..CALLS_IN_ALL).step_by(CALLS) {
        server.restart()?;
        let stamp = Stamp::new();
        let mut work = Series { calls, stamp, next, end: next + CALLS, refused: None };
        load::run(server.process.address, 1, SERIES_DEADLINE, &mut work)?;
        if let Some(answer) = work.refused {
            return Err(io::Error::other(format!("{}: {answer}", calls.name)));
        }
        pause(REST);
        counts.push(server.take()? / CALLS);
    }
    let mut counts = counts.split_off(1);
    counts.sort_unstable();
    Ok(counts[counts.len() / 2])
}

/// Some calls of one kind.
struct Series<'c> {
    calls: &'c Calls,
    stamp: Stamp,
    next: usize,
    end: usize,
    /// An answer that is not as it should be.
    refused: Option<String>,
}

impl Work for Series<'_> {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        if self.next == self.end || self.refused.is_some() {
            return false;
        }
        self.stamp.refresh(now);
        let named = self.calls.pairs.get(self.next);
        let variables: Vec<&str> = named.into_iter().flatten().map(String::as_str).collect();
        self.calls.template.write(&mut self.stamp, &variables, out);
        self.next += 1;
        true
    }

    fn on_reply(&mut self, _: usize, status: u16, body: &[u8]) {
        if status != 200 {
            self.refused = Some(String::from_utf8_lossy(body).into_owned());
        }
    }
}
