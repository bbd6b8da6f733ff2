//! The common part of all benchmarks.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::hosts::Cluster;
use crate::load::{self, LoadResult, Work};
use crate::process::{self, Process};
use crate::seed::{REGION, Seeds};
use crate::sign::{Stamp, Template};
use crate::table::Row;

/// How large and how long everything is.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// Length of one measurement.
    pub time: Duration,
    /// Small, middle and large number of disks.
    pub disks: [usize; 3],
    /// Instances for attach and detach.
    pub instances: usize,
    /// Starts of which the median is taken.
    pub starts: usize,
    /// Disks that are walked over.
    pub walked: usize,
    /// Operations in flight beside which writes are measured.
    pub in_flight: usize,
    /// For how long.
    pub in_flight_time: Duration,
    /// The hosts that pull their work.
    pub cluster: Cluster,
}

/// One run of the benchmark.
pub(crate) struct Bench {
    /// How large and how long everything is.
    pub scale: Scale,
    /// The server under test.
    pub server: PathBuf,
    /// Where data directories and recorded answers lie; removed at the end.
    pub scratch: PathBuf,
    /// The address of a PostgreSQL server in which databases can be made.
    pub postgres: Option<String>,
    /// The program of another emulator.
    pub peer: Option<PathBuf>,
    /// The store made so far.
    pub seeds: Seeds,
    /// The lines so far.
    pub rows: Vec<Row>,
}

impl Bench {
    /// Starts the server on a data directory and waits for its first answer.
    pub(crate) fn start(&self, data: Option<&std::path::Path>) -> io::Result<Process> {
        let mut server = Process::server(&self.server, data, &self.scratch)?;
        let mut stamp = Stamp::new();
        let host = server.address.to_string();
        server.first_answer(|| one(&host, "DescribeDisks", &[("RegionId", REGION)], &mut stamp))?;
        Ok(server)
    }

    /// A short run to warm up, then the measurement, with the processor time of each side.
    pub(crate) fn measure(
        &self,
        server: &Process,
        connections: usize,
        work: &mut impl Work,
    ) -> io::Result<Measured> {
        self.measure_for(server, connections, work, self.scale.time)
    }

    /// The same, for so long.
    pub(crate) fn measure_for(
        &self,
        server: &Process,
        connections: usize,
        work: &mut impl Work,
        time: Duration,
    ) -> io::Result<Measured> {
        let warm_up = (self.scale.time / 5).min(Duration::from_millis(300));
        load::run(server.address, connections, warm_up, work)?;
        let (before, own_before) =
            (server.processor_seconds()?, process::processor_seconds("self")?);
        let outcome = load::run(server.address, connections, time, work)?;
        let used = server.processor_seconds()? - before;
        let own = process::processor_seconds("self")? - own_before;
        let each_us = |seconds: f64| seconds * 1e6 / (outcome.rate() * outcome.took.as_secs_f64());
        Ok(Measured { server_us: each_us(used), own_us: each_us(own), outcome })
    }
}

/// The result of a measurement.
pub(crate) struct Measured {
    /// Answers and times.
    pub outcome: LoadResult,
    /// Processor time of the server for each answer, in microseconds.
    pub server_us: f64,
    /// Processor time of the load generator for each answer, in microseconds.
    pub own_us: f64,
}

impl Measured {
    /// In words.
    pub(crate) fn text(&self) -> String {
        format!(
            "{:.0}/s, p50 {} p99 {} us, cpu {:.1}+{:.1} us",
            self.outcome.rate(),
            self.outcome.percentile(50),
            self.outcome.percentile(99),
            self.server_us,
            self.own_us,
        )
    }
}

/// A single signed request.
pub(crate) fn one(host: &str, action: &str, own: &[(&str, &str)], stamp: &mut Stamp) -> Vec<u8> {
    let mut request = Vec::new();
    stamp.refresh(Instant::now());
    Template::new(host, action, own).write(stamp, &[], &mut request);
    request
}

/// `1k`, `100k`, `1M`.
pub(crate) fn short(number: usize) -> String {
    match number {
        n if n >= 1_000_000 && n % 1_000_000 == 0 => format!("{}M", n / 1_000_000),
        n if n >= 1_000 && n % 1_000 == 0 => format!("{}k", n / 1_000),
        n => n.to_string(),
    }
}
