//! A client that waits for the end of an operation, and the largest page of the explorer.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::attach;
use crate::bench::{Bench, one};
use crate::process;
use crate::seed::REGION;
use crate::sign::Stamp;
use crate::table::Row;

/// Writes that are waited for.
const WRITES: usize = 50;
/// A client should know of a write within this time.
const TOLD_WITHIN: Duration = Duration::from_millis(5);
/// The action with the most parameters.
const LARGEST: &str = "/explorer/actions/RunInstances";
/// Bytes of its page at most, as they travel.
const PAGE_BYTES: usize = 100_000;

/// The time from the reply to a write until a client that waits for changes has heard of it.
pub(crate) fn of_changes(bench: &mut Bench) -> io::Result<()> {
    let (server, pairs) = attach::ephemeral_fleet(bench)?;
    let (address, host, mut stamp) = (server.address, server.address.to_string(), Stamp::new());
    let mut times = Vec::new();
    for (disk, _) in pairs.iter().cycle().take(WRITES) {
        let known = number(address, None)?;
        let waiting = std::thread::spawn(move || {
            number(address, Some(known)).map(|number| (number, Instant::now()))
        });
        // The client waits by then; one that did not would hear at once.
        process::pause(Duration::from_millis(2));
        let name = format!("disk-{}", times.len());
        let own = [("RegionId", REGION), ("DiskId", disk.as_str()), ("DiskName", name.as_str())];
        let write = one(&host, "ModifyDiskAttribute", &own, &mut stamp);
        let (status, _) = process::exchange(address, &write)?;
        let replied = Instant::now();
        let heard = waiting.join().map_err(|_| io::Error::other("the client panicked"))?;
        let (number, told) = heard?;
        if status != 200 || number == known {
            return Err(io::Error::other(format!("no write: status {status}, change {number}")));
        }
        times.push(told.saturating_duration_since(replied));
    }
    times.sort_unstable();
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    let ratio = median.as_secs_f64() / TOLD_WITHIN.as_secs_f64();
    bench.rows.push(
        Row::info(
            "told of a write, after its reply",
            format!("median {} us, longest {} us", median.as_micros(), longest.as_micros()),
        )
        .beside("5 ms", ratio)
        .aim("<= 5 ms", median <= TOLD_WITHIN),
    );
    Ok(())
}

/// The number of the change after this one, or of the last one.
fn number(address: SocketAddr, after: Option<u64>) -> io::Result<u64> {
    let after = after.map_or(String::new(), |number| format!("?after={number}"));
    let path = format!("/_diskdock/changes{after}");
    let (status, answer) = process::exchange(address, &get(address, &path, ""))?;
    let reply: serde_json::Value = serde_json::from_slice(process::body(&answer))?;
    let number = reply["number"].as_u64().filter(|_| status == 200);
    number.ok_or_else(|| io::Error::other(format!("{path}: {reply}")))
}

/// The size of the largest page.
pub(crate) fn of_page(bench: &mut Bench) -> io::Result<()> {
    let server = bench.start(None)?;
    let request = get(server.address, LARGEST, "Accept-Encoding: gzip\r\n");
    let began = Instant::now();
    let (status, answer) = process::exchange(server.address, &request)?;
    let took_ms = began.elapsed().as_secs_f64() * 1e3;
    if status != 200 {
        return Err(io::Error::other(format!("{LARGEST}: status {status}")));
    }
    let bytes = process::body(&answer).len();
    // Sizes of pages stay far below 2^52.
    #[expect(clippy::cast_precision_loss)]
    let ratio = bytes as f64 / PAGE_BYTES as f64;
    bench.rows.push(
        Row::info("explorer page of RunInstances", format!("{bytes} bytes, {took_ms:.1} ms"))
            .beside(format!("{PAGE_BYTES} bytes"), ratio)
            .aim("<= 100 kB", bytes <= PAGE_BYTES),
    );
    Ok(())
}

fn get(address: SocketAddr, path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n").into_bytes()
}
