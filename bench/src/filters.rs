//! DescribeDisks with filters among very many disks, beside a page without one.

use std::io;
use std::time::{Duration, Instant};

use crate::bench::{Bench, short};
use crate::load::{self, LoadResult, Work};
use crate::process::Process;
use crate::seed::{REGION, ZONE};
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// Calls with each filter: a walk over a million disks takes seconds.
const CALLS: usize = 5;
/// A bound for a series, which ends when its calls are made.
const SERIES_DEADLINE: Duration = Duration::from_secs(300);

/// A filter that every disk passes, and one that none does, of each kind.
const FILTERS: &[(&str, &[(&str, &str)])] = &[
    ("zone", &[("ZoneId", ZONE)]),
    ("status, all", &[("Status", "Available")]),
    ("status, none", &[("Status", "In_use")]),
    ("type, all", &[("DiskType", "data")]),
    ("type, none", &[("DiskType", "system")]),
    ("name prefix, some", &[("DiskName", "disk-7*")]),
    ("name prefix, none", &[("DiskName", "other-*")]),
    ("tag, none", &[("Tag.1.Key", "team"), ("Tag.1.Value", "storage")]),
];

/// The time of a page by each filter.
pub(crate) fn pages(bench: &mut Bench) -> io::Result<()> {
    let disks = bench.scale.disks[2];
    let seed = bench.seeds.with(disks)?;
    let server = bench.start(Some(&seed.directory))?;
    // The first calls fill the caches of the pages.
    series(&server, &[])?;
    let bare_us = series(&server, &[])?.percentile(50);
    for (name, own) in FILTERS {
        let result = series(&server, own)?;
        let us = result.percentile(50);
        let ratio = f64::from(us) / f64::from(bare_us.max(1));
        bench.rows.push(
            Row::info(
                format!("disks by {name}, {} disks, 1 conn", short(disks)),
                format!("p50 {us} us, {} refused", result.refused),
            )
            .beside(format!("no filter: p50 {bare_us} us"), ratio)
            .aim("<= 2.00", ratio <= 2.0),
        );
    }
    Ok(())
}

fn series(server: &Process, own: &[(&str, &str)]) -> io::Result<LoadResult> {
    let own: Vec<_> = own.iter().copied().chain([("RegionId", REGION)]).collect();
    let template = Template::new(&server.address.to_string(), "DescribeDisks", &own);
    let mut work = Asking { template, stamp: Stamp::new(), left: CALLS };
    load::run(server.address, 1, SERIES_DEADLINE, &mut work)
}

/// Asks for one page, so many times.
struct Asking {
    template: Template,
    stamp: Stamp,
    left: usize,
}

impl Work for Asking {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.stamp.refresh(now);
        self.template.write(&mut self.stamp, &[], out);
        true
    }

    fn on_reply(&mut self, _: usize, _: u16, _: &[u8]) {}
}
