//! How long `/_diskdock/health` waits while others walk over all disks.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bench::{Bench, short};
use crate::load::Work;
use crate::process::{self, Process};
use crate::seed::REGION;
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// Clients that each ask for the disks with a tag that none has, again and again.
const WALKERS: usize = 6;
/// Between two looks at the health.
const PAUSE: Duration = Duration::from_millis(10);

/// The median and the longest answer of the health control beside walks over all disks.
pub(crate) fn health(bench: &mut Bench) -> io::Result<()> {
    let disks = bench.scale.walked;
    let seed = bench.seeds.with(disks)?;
    let server = bench.start(Some(&seed.directory))?;
    let mut work = Walking::new(&server);
    let ended = AtomicBool::new(false);
    let (measured, times) = std::thread::scope(|scope| {
        let looks = scope.spawn(|| look(&server, &ended));
        let measured = bench.measure(&server, WALKERS, &mut work);
        ended.store(true, Ordering::Relaxed);
        let times = looks.join().unwrap_or_else(|_| Err(io::Error::other("the look panicked")));
        Ok::<_, io::Error>((measured?, times?))
    })?;
    let what = format!("health beside {WALKERS} walks over {} disks", short(disks));
    let [median, longest] = [times[times.len() / 2], times[times.len() - 1]].map(ms);
    let told = format!(
        "p50 {median:.1} longest {longest:.1} ms of {}; walks {}, {} refused",
        times.len(),
        measured.text(),
        measured.outcome.refused
    );
    bench.rows.push(Row::info(what, told));
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// How long each look at the health took, ascending.
fn look(server: &Process, ended: &AtomicBool) -> io::Result<Vec<Duration>> {
    let request = format!("GET /_diskdock/health HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut times = Vec::new();
    while times.is_empty() || !ended.load(Ordering::Relaxed) {
        let began = Instant::now();
        let (status, _) = process::exchange(server.address, request.as_bytes())?;
        if status != 200 {
            return Err(io::Error::other(format!("the health is answered with {status}")));
        }
        times.push(began.elapsed());
        process::pause(PAUSE);
    }
    times.sort_unstable();
    Ok(times)
}

/// Asks for the disks with a tag.
struct Walking {
    describe: Template,
    stamp: Stamp,
}

impl Walking {
    fn new(server: &Process) -> Walking {
        let own = [("RegionId", REGION), ("Tag.1.Key", "team"), ("Tag.1.Value", "storage")];
        let describe = Template::new(&server.address.to_string(), "DescribeDisks", &own);
        Walking { describe, stamp: Stamp::new() }
    }
}

impl Work for Walking {
    fn ask(&mut self, _: usize, now: Instant, out: &mut Vec<u8>) -> bool {
        self.stamp.refresh(now);
        self.describe.write(&mut self.stamp, &[], out);
        true
    }

    fn on_reply(&mut self, _: usize, _: u16, _: &[u8]) {}
}
