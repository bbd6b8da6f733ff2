//! Many simulated hosts that pull their work from one PostgreSQL: what they cost when nothing
//! happens, how fast work reaches them, and how much of it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diskdock::store::postgres::{Postgres, PostgresAddress};
use diskdock::store::{Store, WriteTx};

use crate::attach::Moving;
use crate::bench::{Bench, one, short};
use crate::database::Database;
use crate::process::{self, Process};
use crate::seed::{self, REGION, ZONE};
use crate::servers::{measure, start_with};
use crate::sign::Stamp;
use crate::table::Row;

/// Servers.
const SERVERS: usize = 2;
/// Connections, over all servers.
const CONNECTIONS: usize = 64;
/// How long hosts may take to come up.
const UP_WITHIN: Duration = Duration::from_secs(600);
/// How long the database is watched when nothing happens: several heartbeats and slow looks.
const IDLE: Duration = Duration::from_secs(30);
/// Queries in a second that a host is to take at most when nothing happens.
const IDLE_QUERIES: f64 = 1.0;
/// Single calls of which the wake-up is measured.
const WAKE_UPS: usize = 40;
/// A lost wake-up may cost this at most.
const WAKE_UP_WITHIN: Duration = Duration::from_secs(2);
/// Resources that one transaction saves.
const BATCH: usize = 2_000;

/// The size of a cluster.
#[derive(Clone, Copy)]
pub(crate) struct Cluster {
    pub hosts: usize,
    pub instances: usize,
    pub disks_each: usize,
}

/// The cost of hosts that wait, the time until one has its work, and work by all of them.
pub(crate) fn work(bench: &mut Bench) -> io::Result<()> {
    let size = bench.scale.cluster;
    let database = Database::create(bench, "hosts")?;
    let pairs = fill(&database, bench, size)?;
    let began = Instant::now();
    let hosts: io::Result<Vec<Host>> =
        (0..size.hosts).map(|at| Host::start(bench, &database, at)).collect();
    let hosts = hosts?;
    let servers: io::Result<Vec<Process>> =
        (0..SERVERS).map(|_| start_with(bench, &database, &["--hypervisor", "hosts"])).collect();
    let servers = servers?;
    wait_until_up(&database, size.hosts)?;
    let up_s = began.elapsed().as_secs_f64();
    let name = format!(
        "{} hosts, {} instances, {} disks",
        size.hosts,
        short(size.instances),
        short(size.instances * size.disks_each)
    );
    bench.rows.push(Row::info(
        format!("{name}: start, database"),
        format!(
            "{up_s:.0} s, {} MiB, {} connections",
            database.query("select pg_database_size(current_database()) / 1048576")?,
            database.query(
                "select count(*) from pg_stat_activity where backend_type = 'client backend'"
            )?,
        ),
    ));
    bench.rows.push(idle(&name, &database, size.hosts)?);
    bench.rows.push(wake_up(&name, &servers, &pairs)?);
    let mut work = Moving::new(&servers[0], pairs);
    let took = measure(bench, &database, &servers, CONNECTIONS, &mut work)?;
    let drained = Instant::now();
    wait_until_no_work(&database)?;
    bench.rows.push(
        Row::info(
            format!("{name}: attach+detach, {SERVERS} servers, {CONNECTIONS} conns"),
            format!(
                "{:.0}/s, {:.1} queries a call, all carried out {} ms later, {} refused",
                took.outcome.rate(),
                took.queries,
                drained.elapsed().as_millis(),
                took.outcome.refused
            ),
        )
        .rate(took.outcome.rate()),
    );
    drop(hosts);
    Ok(())
}

/// A `diskdock host`; killed when this is dropped.
struct Host(std::process::Child);

impl Host {
    fn start(bench: &Bench, database: &Database, at: usize) -> io::Result<Host> {
        let name = host_name(at);
        let directory = bench.scratch.join(&name);
        let mut command = Command::new(&bench.server);
        command.args(["host", "--store", &database.url(), "--name", &name, "--zone", ZONE]);
        command.args(["--pace", "1ms", "--log", "warn", "--data-dir"]).arg(&directory);
        command.args(["--processors", "100000", "--memory", "100000", "--disk-slots", "1000000"]);
        Ok(Host(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn host_name(at: usize) -> String {
    format!("host-{at}")
}

/// Fills the database past the API: the instances are spread over the hosts.
fn fill(database: &Database, bench: &Bench, size: Cluster) -> io::Result<Vec<(String, String)>> {
    eprintln!("making {} instances on {} hosts ...", short(size.instances), size.hosts);
    let failed = |fault: diskdock::store::StoreError| io::Error::other(fault.to_string());
    let directory = bench.scratch.join("fill");
    let store = open(&database.url(), &directory).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut pairs = Vec::new();
    let each = BATCH / (size.disks_each + 1);
    for first in (0..size.instances).step_by(each) {
        let count = each.min(size.instances - first);
        let of = |at: usize| host_name((first + at) % size.hosts);
        let (snapshot, own) = seed::placed(first, count, size.disks_each, of);
        pairs.extend(own);
        let work = move |tx: &mut dyn WriteTx| tx.load_export(&snapshot);
        runtime.block_on(store.write(work)).map_err(failed)?;
    }
    runtime.block_on(store.close());
    Ok(pairs)
}

fn open(url: &str, directory: &Path) -> Result<Store, String> {
    let address = PostgresAddress::new(url, None).map_err(|error| error.to_string())?;
    let engine = Postgres::open(address, directory, 1).map_err(|error| error.to_string())?;
    Ok(Store::new(engine))
}

fn wait_until_up(database: &Database, hosts: usize) -> io::Result<()> {
    let count = || database.query("select count(*) from heartbeats");
    until(UP_WITHIN, "the hosts did not come up", || Ok(count()?.parse() == Ok(hosts)))
}

fn wait_until_no_work(database: &Database) -> io::Result<()> {
    let count = || database.query("select count(*) from operations");
    until(UP_WITHIN, "work is left", || Ok(count()? == "0"))
}

fn until(
    within: Duration,
    otherwise: &str,
    mut holds: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let began = Instant::now();
    while !holds()? {
        if began.elapsed() > within {
            return Err(io::Error::other(otherwise));
        }
        process::pause(Duration::from_millis(20));
    }
    Ok(())
}

/// The queries of hosts that have nothing to do, those of the servers included.
fn idle(name: &str, database: &Database, hosts: usize) -> io::Result<Row> {
    process::pause(Duration::from_secs(5));
    let before = database.queries()?;
    process::pause(IDLE);
    let count = database.queries()? - before;
    // Counts stay far below 2^52.
    #[expect(clippy::cast_precision_loss)]
    let each = count / hosts as f64 / IDLE.as_secs_f64();
    let row = Row::info(format!("{name}: idle"), format!("{each:.2} queries/s for each host"));
    Ok(row.aim(format!("< {IDLE_QUERIES:.0}"), each < IDLE_QUERIES))
}

/// From the reply to AttachDisk until the disk is In_use, and back.
fn wake_up(name: &str, servers: &[Process], pairs: &[(String, String)]) -> io::Result<Row> {
    let mut stamp = Stamp::new();
    let mut took_ms: Vec<u128> = Vec::new();
    for at in 0..WAKE_UPS {
        let (disk, instance) = &pairs[at / 2 * 97 % pairs.len()];
        let (action, wanted) =
            if at % 2 == 0 { ("AttachDisk", "In_use") } else { ("DetachDisk", "Available") };
        let server = &servers[at % servers.len()];
        let host = server.address.to_string();
        let own = [("DiskId", disk.as_str()), ("InstanceId", instance), ("RegionId", REGION)];
        let call = one(&host, action, &own, &mut stamp);
        let (status, answer) = process::exchange(server.address, &call)?;
        if status != 200 {
            return Err(io::Error::other(String::from_utf8_lossy(&answer)));
        }
        let began = Instant::now();
        let ids = format!("[\"{disk}\"]");
        let wanted = format!("\"Status\":\"{wanted}\"");
        until(UP_WITHIN, "a disk has not got its new status", || {
            let own = [("DiskIds", ids.as_str()), ("RegionId", REGION)];
            let look = one(&host, "DescribeDisks", &own, &mut stamp);
            let (_, answer) = process::exchange(server.address, &look)?;
            Ok(String::from_utf8_lossy(&answer).contains(&wanted))
        })?;
        took_ms.push(began.elapsed().as_millis());
    }
    took_ms.sort_unstable();
    let (median, longest) = (took_ms[took_ms.len() / 2], took_ms[took_ms.len() - 1]);
    let row = Row::info(
        format!("{name}: from the reply to the new status"),
        format!("median {median} ms, longest {longest} ms, seen every 20 ms"),
    );
    let met = longest <= WAKE_UP_WITHIN.as_millis();
    Ok(row.aim(format!("<= {} ms", WAKE_UP_WITHIN.as_millis()), met))
}
