//! Two servers measured in turn in the same run, so that both meet the same machine.

use std::io;

use crate::Part;
use crate::bench::Bench;
use crate::table::Row;

/// The rates of one measurement, round by round.
struct Compared {
    what: String,
    ours: Vec<f64>,
    theirs: Vec<f64>,
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
    for round in 0..rounds {
        for part in parts {
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
    fn row(self) -> Row {
        let ratios = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs);
        let mut ratios: Vec<f64> = ratios.collect();
        let ratio = median(&mut ratios);
        let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
        let (mut ours, mut theirs) = (self.ours, self.theirs);
        let told = format!("{:.0}/s, ratios {least:.2} to {most:.2}", median(&mut ours));
        let row = Row::told(self.what, told);
        row.beside(format!("{:.0}/s", median(&mut theirs)), ratio)
            .aim(">= 1.00 of the other", ratio >= 1.0)
    }
}

/// The middle one, or the upper of the two; the numbers are sorted afterwards.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
