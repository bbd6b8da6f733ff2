//! AttachDisk and DetachDisk accepted by one, two and three servers over one PostgreSQL, beside the
//! same with SQLite and beside PostgreSQL's own rate of commits.

use std::io;
use std::process::Command;
use std::time::Instant;

use crate::attach::{self, Moving};
use crate::bench::{Bench, one};
use crate::database::{Commits, Database};
use crate::load::{self, LoadResult};
use crate::process::Process;
use crate::seed::{self, REGION};
use crate::sign::Stamp;
use crate::table::Row;

/// Servers at most.
const SERVERS: usize = 3;
/// Connections, over all servers.
const CONNECTIONS: usize = 32;
/// Disks for each instance.
const DISKS_EACH: usize = 8;
/// A call on one connection is wanted within so many commits of PostgreSQL.
const CALL_BESIDE_COMMIT: f64 = 1.5;

/// Accepted calls a second and the time of one, with the queries that each took.
pub(crate) fn accepted(bench: &mut Bench) -> io::Result<()> {
    with_sqlite(bench)?;
    let database = Database::create(bench, "servers")?;
    let [alone, together] = [1, CONNECTIONS].map(|clients| (clients, bench.scale.time));
    let (alone, together) =
        (database.commits(alone.0, alone.1)?, database.commits(together.0, together.1)?);
    let mut servers = vec![start(bench, &database)?];
    let (snapshot, pairs) = seed::fleet(bench.scale.instances, DISKS_EACH);
    attach::import(&servers[0], serde_json::to_value(&snapshot)?)?;
    let mut work = Moving::new(&servers[0], pairs);
    for count in 1..=SERVERS {
        if count > servers.len() {
            servers.push(start(bench, &database)?);
        }
        let took = measure(bench, &database, &servers, CONNECTIONS, &mut work)?;
        bench.rows.push(together_row(count, &took, &together));
    }
    let took = measure(bench, &database, &servers[..2], 2, &mut work)?;
    bench.rows.push(alone_row(&took, &alone));
    Ok(())
}

/// The result of a load on several servers.
pub(crate) struct Took {
    pub outcome: LoadResult,
    /// Queries that the database carried out for each accepted call, its operation included.
    pub queries: f64,
}

/// Loads servers over one database, the connections shared out among them.
pub(crate) fn measure(
    bench: &Bench,
    database: &Database,
    servers: &[Process],
    connections: usize,
    work: &mut Moving,
) -> io::Result<Took> {
    work.share_out(connections);
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    load::run_at_all(&addresses, connections, bench.scale.time / 5, work)?;
    servers.iter().try_for_each(|server| attach::wait_until_idle(server).map(drop))?;
    let before = database.queries()?;
    let outcome = load::run_at_all(&addresses, connections, bench.scale.time, work)?;
    servers.iter().try_for_each(|server| attach::wait_until_idle(server).map(drop))?;
    let queries = (database.queries()? - before) / outcome.rate() / outcome.took.as_secs_f64();
    Ok(Took { outcome, queries })
}

/// Starts a server over the database.
fn start(bench: &Bench, database: &Database) -> io::Result<Process> {
    start_with(bench, database, &[])
}

/// The same with these options besides.
pub(crate) fn start_with(
    bench: &Bench,
    database: &Database,
    options: &[&str],
) -> io::Result<Process> {
    let directory = bench.scratch.join(format!("server-{:?}", Instant::now()));
    std::fs::create_dir_all(&directory)?;
    let mut server = Process::server_with(
        Command::new(&bench.server),
        Some(&directory),
        &bench.scratch,
        &[&["--store", &database.url(), "--key", &seed::key()], options].concat(),
    )?;
    let (mut stamp, host) = (Stamp::new(), server.address.to_string());
    server.first_answer(|| one(&host, "DescribeDisks", &[("RegionId", REGION)], &mut stamp))?;
    Ok(server)
}

fn with_sqlite(bench: &mut Bench) -> io::Result<()> {
    let (server, pairs) = attach::durable_fleet(bench)?;
    let mut work = Moving::new(&server, pairs);
    work.share_out(CONNECTIONS);
    let measured = bench.measure(&server, CONNECTIONS, &mut work)?;
    let what = format!("attach+detach, SQLite, 1 server, {CONNECTIONS} conns");
    bench.rows.push(Row::info(what, measured.text()).rate(measured.outcome.rate()));
    Ok(())
}

fn text(took: &Took) -> String {
    let outcome = &took.outcome;
    let [p50, p99] = [50, 99].map(|percent| outcome.percentile(percent));
    format!(
        "{:.0}/s, p50 {p50} p99 {p99} us, {:.1} queries a call, {} refused",
        outcome.rate(),
        took.queries,
        outcome.refused
    )
}

fn together_row(count: usize, took: &Took, commits: &Commits) -> Row {
    let servers = if count == 1 { "server" } else { "servers" };
    let what = format!("attach+detach, PostgreSQL, {count} {servers}, {CONNECTIONS} conns");
    let beside = format!("pgbench: {:.0} commits/s", commits.rate);
    let rate = took.outcome.rate();
    Row::info(what, text(took)).rate(rate).beside(beside, rate / commits.rate)
}

fn alone_row(took: &Took, commits: &Commits) -> Row {
    let ratio = f64::from(took.outcome.percentile(50)) / commits.average_us;
    let beside = format!("pgbench: {:.0} us a commit", commits.average_us);
    Row::info("attach+detach, PostgreSQL, 2 servers, 1 conn each", text(took))
        .rate(took.outcome.rate())
        .beside(beside, ratio)
        .aim(format!("<= {CALL_BESIDE_COMMIT:.2}"), ratio <= CALL_BESIDE_COMMIT)
}
