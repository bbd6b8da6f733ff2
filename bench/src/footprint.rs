//! How fast the server starts, and how much memory it keeps.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::{Bench, one, short};
use crate::describe;
use crate::process::Process;
use crate::seed::REGION;
use crate::sign::Stamp;
use crate::table::Row;

/// The first answer is wanted within this time.
const FIRST_ANSWER: Duration = Duration::from_millis(10);
/// Resident memory when empty, in MiB.
const EMPTY_MIB: f64 = 15.0;
/// The memory of caches with many disks, in MiB: five connections of the store (see
/// docs/performance.md), and the nonces of the walk itself.
const CACHES_MIB: f64 = 32.0;

/// Time from the start of the process to its first answer, empty and with many disks.
pub(crate) fn start_up(bench: &mut Bench) -> io::Result<()> {
    let full = bench.scale.disks[2];
    let seed = bench.seeds.with(full)?;
    let empty = bench.scratch.join("empty");
    let cases: [(String, &Path); 2] =
        [("empty".to_owned(), &empty), (format!("{} disks", short(full)), &seed.directory)];
    for (name, directory) in cases {
        let mut times = Vec::new();
        for at in 0..bench.scale.starts {
            let directory = if name == "empty" { fresh(directory, at) } else { directory.into() };
            times.push(first_answer(bench, &directory)?);
        }
        times.sort_unstable();
        let median = times[times.len() / 2];
        let (ms, aim_ms) = (median.as_secs_f64() * 1e3, FIRST_ANSWER.as_secs_f64() * 1e3);
        bench.rows.push(
            Row::info(format!("start to first signed answer, {name}"), format!("{ms:.1} ms"))
                .beside(format!("{aim_ms:.0} ms"), ms / aim_ms)
                .aim(format!("<= {aim_ms:.0} ms"), median <= FIRST_ANSWER),
        );
    }
    Ok(())
}

fn fresh(parent: &Path, at: usize) -> PathBuf {
    parent.join(at.to_string())
}

fn first_answer(bench: &Bench, directory: &Path) -> io::Result<Duration> {
    let mut server = Process::server(&bench.server, Some(directory), &bench.scratch)?;
    let (host, mut stamp) = (server.address.to_string(), Stamp::new());
    let own = [("RegionId", REGION), ("PageSize", "1")];
    server.first_answer(|| one(&host, "DescribeDisks", &own, &mut stamp))
}

/// Resident memory: empty, and after a walk through all pages of many disks.
pub(crate) fn memory(bench: &mut Bench) -> io::Result<()> {
    let empty = bench.start(None)?.resident_mib()?;
    bench.rows.push(
        Row::info("resident memory, empty", format!("{empty:.1} MiB"))
            .beside(format!("{EMPTY_MIB:.0} MiB"), empty / EMPTY_MIB)
            .aim(format!("< {EMPTY_MIB:.0} MiB"), empty < EMPTY_MIB),
    );
    let [_, middle, large] = bench.scale.disks;
    for disks in [middle, large] {
        let seed = bench.seeds.with(disks)?;
        let server = bench.start(Some(&seed.directory))?;
        describe::walk_once(&server)?;
        let resident = server.resident_mib()?;
        let most = empty + CACHES_MIB;
        let what = format!("resident memory, {} disks, all described", short(disks));
        bench.rows.push(
            Row::info(what, format!("{resident:.1} MiB"))
                .beside(format!("empty {empty:.1} MiB"), resident / empty)
                .aim(format!("< {most:.0} MiB"), resident < most),
        );
    }
    Ok(())
}
