//! Worlds: how long it takes to make a fresh one, and one that begins as a copy of many disks.

use std::io;
use std::time::{Duration, Instant};

use crate::attach;
use crate::bench::{Bench, short};
use crate::process::{self, Process};
use crate::seed;
use crate::table::Row;

/// Worlds of each kind, one after the other; each is deleted before the next.
const WORLDS: usize = 100;
/// Instances of the world that is copied, with their disks.
const INSTANCES: usize = 1_250;
const DISKS_EACH: usize = 8;
/// The time in which a fresh world is wanted.
const FRESH_WITHIN: Duration = Duration::from_millis(1);
/// The time in which a copy of 10,000 disks is wanted.
const FORK_WITHIN: Duration = Duration::from_millis(50);

/// The times of fresh worlds and of forks, from the request to the reply, after which they serve.
pub(crate) fn making(bench: &mut Bench) -> io::Result<()> {
    let server = bench.start(None)?;
    let fresh = series(&server, "{\"name\": \"w\"}")?;
    let (snapshot, disks) = seed::fleet(INSTANCES, DISKS_EACH);
    attach::import(&server, serde_json::to_value(&snapshot)?)?;
    let forks = series(&server, "{\"name\": \"w\", \"from\": \"main\"}")?;
    bench.rows.push(row("a fresh world".to_owned(), &fresh, FRESH_WITHIN));
    let what = format!("a fork of {} disks", short(disks.len()));
    bench.rows.push(row(what, &forks, FORK_WITHIN));
    Ok(())
}

/// How long each world took to be made, ascending.
fn series(server: &Process, order: &str) -> io::Result<Vec<Duration>> {
    let host = server.address;
    let length = order.len();
    let make = format!(
        "POST /_diskdock/worlds HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{order}"
    );
    let delete = format!("DELETE /_diskdock/worlds/w HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut times = Vec::new();
    for _ in 0..WORLDS {
        let began = Instant::now();
        expect_200(process::exchange(host, make.as_bytes())?)?;
        times.push(began.elapsed());
        expect_200(process::exchange(host, delete.as_bytes())?)?;
    }
    times.sort_unstable();
    Ok(times)
}

fn expect_200((status, answer): (u16, Vec<u8>)) -> io::Result<()> {
    if status == 200 {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()))
}

fn row(what: String, times: &[Duration], within: Duration) -> Row {
    let [median, late, longest] =
        [times[times.len() / 2], times[times.len() * 95 / 100], times[times.len() - 1]];
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let told = format!("p50 {:.2} p95 {:.2} longest {:.2} ms", ms(median), ms(late), ms(longest));
    Row::info(what, told)
        .beside(format!("{} ms", within.as_millis()), ms(median) / ms(within))
        .aim(format!("<= {} ms", within.as_millis()), median <= within)
}
