//! RunInstances: a call that makes a hundred beside calls that make one.

use std::io;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::load::{self, LoadResult, Work};
use crate::process::Process;
use crate::seed::{IMAGE, INSTANCE_TYPE, REGION, ZONE};
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// Instances of the larger call.
const MANY: &str = "100";
/// Calls of each kind, one after the other.
const CALLS: usize = 40;
/// A bound for a series, which ends when its calls are made.
const SERIES_DEADLINE: Duration = Duration::from_secs(60);

/// The time of a call that makes a hundred instances beside that of one that makes one.
pub(crate) fn instances(bench: &mut Bench) -> io::Result<()> {
    let server = bench.start(None)?;
    let one = series(&server, "1")?;
    let many = series(&server, MANY)?;
    let (one_us, many_us) = (one.percentile(50), many.percentile(50));
    let ratio = f64::from(many_us) / f64::from(one_us.max(1));
    let refused = one.refused + many.refused;
    bench.rows.push(
        Row::info(
            format!("RunInstances of {MANY}, 1 conn"),
            format!("p50 {many_us} p99 {} us, {refused} refused", many.percentile(99)),
        )
        .beside(format!("of 1: p50 {one_us} us"), ratio)
        .aim("<= 3.00", ratio <= 3.0),
    );
    Ok(())
}

fn series(server: &Process, amount: &str) -> io::Result<LoadResult> {
    let own = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ImageId", IMAGE),
        ("InstanceType", INSTANCE_TYPE),
        ("Amount", amount),
    ];
    let template = Template::new(&server.address.to_string(), "RunInstances", &own);
    let mut work = Launching { template, stamp: Stamp::new(), left: CALLS };
    load::run(server.address, 1, SERIES_DEADLINE, &mut work)
}

/// Makes instances, so many times.
struct Launching {
    template: Template,
    stamp: Stamp,
    left: usize,
}

impl Work for Launching {
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
