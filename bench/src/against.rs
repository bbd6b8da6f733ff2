//! Two servers measured in turn in the same run, so that both meet the same machine.
//!
//! Where both can run at the same time, they are asked in turn for a short while each: the speed of
//! a shared machine changes within seconds, and what changes it then meets both.

use std::io;
use std::time::Duration;

use crate::bench::Bench;
use crate::load::{self, Work};
use crate::process::Process;
use crate::table::Row;
use crate::{Part, attach, describe};

/// The time for which one of two running servers is asked, before it is the other's turn.
const TURN: Duration = Duration::from_millis(250);

/// The rates of one measurement, round by round.
pub(crate) struct Compared {
    what: String,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Two benchmarks whose servers run at the same time.
pub(crate) struct Turns<'b> {
    /// The server to measure, and the other.
    pub both: [&'b mut Bench; 2],
    rounds: u32,
}

/// A running server, and the calls that are made to it.
pub(crate) struct Side<W> {
    pub server: Process,
    pub work: W,
}

impl Turns<'_> {
    /// Asks both in turn over so many connections, `rounds` times as long as one measurement takes.
    /// After each turn, `wait_until_idle` waits for what the server has still to do.
    pub(crate) fn measure<W: Work>(
        &self,
        what: String,
        connections: usize,
        sides: &mut [Side<W>; 2],
        wait_until_idle: impl Fn(&Process) -> io::Result<()>,
    ) -> io::Result<Compared> {
        let all = self.both[0].scale.time * self.rounds;
        let turn = TURN.min(self.both[0].scale.time);
        let mut left = all.as_micros().div_ceil(turn.as_micros());
        let mut rates = [Vec::new(), Vec::new()];
        let mut first = 0;
        for side in sides.iter_mut() {
            load::run(side.server.address, connections, turn, &mut side.work)?;
            wait_until_idle(&side.server)?;
        }
        while left > 0 {
            for at in [first, 1 - first] {
                let Side { server, work } = &mut sides[at];
                rates[at].push(load::run(server.address, connections, turn, work)?.rate());
                wait_until_idle(server)?;
            }
            (left, first) = (left - 1, 1 - first);
        }
        let [ours, theirs] = rates;
        Ok(Compared { what, ours, theirs })
    }
}

/// Runs the parts on both servers, `rounds` times, and compares the rates of each round. The server
/// that begins changes from round to round.
pub(crate) fn compare(
    mut ours: Bench,
    mut theirs: Bench,
    parts: &[Part],
    rounds: u32,
) -> io::Result<Vec<Row>> {
    let mut found: Vec<Compared> = Vec::new();
    let mut turns = Turns { both: [&mut ours, &mut theirs], rounds };
    let mut others = Vec::new();
    for part in parts {
        match part {
            Part::Id => found.extend(describe::by_id_in_turn(&mut turns)?),
            Part::Ephemeral => found.extend(attach::ephemeral_in_turn(&mut turns)?),
            Part::Durable => found.extend(attach::durable_in_turn(&mut turns)?),
            other => others.push(*other),
        }
    }
    for round in 0..rounds {
        for part in &others {
            eprintln!("round {} of {rounds} ...", round + 1);
            let (mine, other) = if round % 2 == 0 {
                let mine = rates(&mut ours, *part)?;
                (mine, rates(&mut theirs, *part)?)
            } else {
                let other = rates(&mut theirs, *part)?;
                (rates(&mut ours, *part)?, other)
            };
            for ((what, mine), (_, other)) in mine.into_iter().zip(other) {
                match found.iter_mut().find(|known| known.what == what) {
                    Some(known) => {
                        known.ours.push(mine);
                        known.theirs.push(other);
                    }
                    None => {
                        found.push(Compared { what, ours: vec![mine], theirs: vec![other] });
                    }
                }
            }
        }
    }
    Ok(found.into_iter().map(Compared::row).collect())
}

/// Runs a part; the rates of those of its lines that have one.
fn rates(bench: &mut Bench, part: Part) -> io::Result<Vec<(String, f64)>> {
    part.run(bench)?;
    let rows = bench.rows.drain(..);
    Ok(rows.filter_map(|row| Some((row.what, row.rate?))).collect())
}

impl Compared {
    /// The rates of both in each round.
    pub(crate) fn new(what: String, ours: Vec<f64>, theirs: Vec<f64>) -> Compared {
        Compared { what, ours, theirs }
    }

    pub(crate) fn row(self) -> Row {
        let ratios = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs);
        let mut ratios: Vec<f64> = ratios.collect();
        let ratio = median(&mut ratios);
        let (least, most) = (ratios[ratios.len() / 4], ratios[ratios.len() * 3 / 4]);
        let (mut ours, mut theirs) = (self.ours, self.theirs);
        let told = format!("{:.0}/s, middle half {least:.2} to {most:.2}", median(&mut ours));
        let row = Row::info(self.what, told);
        row.beside(format!("{:.0}/s", median(&mut theirs)), ratio)
            .aim(">= 1.00 of the other", ratio >= 1.0)
    }
}

/// The middle one, or the upper of the two; the numbers are sorted afterwards.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
