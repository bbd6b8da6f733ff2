//! A PostgreSQL database that is made for a measurement, and what its server counts.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bench::Bench;

/// A database, which is dropped with this.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new database on the server of this benchmark.
    pub(crate) fn create(bench: &Bench, name: &str) -> io::Result<Database> {
        let server = bench.postgres.clone().ok_or_else(|| {
            let usage = "name a PostgreSQL server with --postgres, as docs/scale.md shows";
            io::Error::other(usage)
        })?;
        let name = format!("diskdock_bench_{name}_{}", std::process::id());
        psql(&format!("{server}/postgres"), &format!("create database {name} encoding 'UTF8'"))?;
        let database = Database { server, name };
        database.query("create extension if not exists pg_stat_statements")?;
        Ok(database)
    }

    /// The address, for diskdock and the programs of PostgreSQL.
    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// The first value of an answer.
    pub(crate) fn query(&self, sql: &str) -> io::Result<String> {
        psql(&self.url(), sql)
    }

    /// The queries that this database has carried out. The begin and the end of a transaction, its
    /// lock and the note that it is committed do not count.
    pub(crate) fn queries(&self) -> io::Result<f64> {
        let counted = self.query(
            "select coalesce(sum(calls), 0) from pg_stat_statements \
             where dbid = (select oid from pg_database where datname = current_database()) \
             and query !~ '^(BEGIN|COMMIT|ROLLBACK|SELECT pg_advisory_|WITH held)'",
        )?;
        counted.parse().map_err(io::Error::other)
    }

    /// Commits of one small row, by PostgreSQL's own benchmark.
    pub(crate) fn commits(&self, clients: usize, time: Duration) -> io::Result<Commits> {
        self.query(
            "create table if not exists pgbench_rows (id bigserial primary key, text text)",
        )?;
        let script = std::env::temp_dir().join(format!("{}.sql", self.name));
        std::fs::write(&script, "insert into pgbench_rows (text) values ('a row');\n")?;
        let clients = clients.to_string();
        let seconds = time.as_secs().max(1).to_string();
        let mut command = Command::new("pgbench");
        command.args(["--no-vacuum", "--client", &clients, "--time", &seconds, "--file"]);
        let output = command.arg(&script).arg(self.url()).stdin(Stdio::null()).output();
        std::fs::remove_file(&script)?;
        let text = succeeded("pgbench", &output?)?;
        let number = |before: &str| {
            let rest = text.split(before).nth(1).and_then(|rest| rest.split_whitespace().next());
            rest.and_then(|number| number.parse::<f64>().ok())
        };
        match (number("tps = "), number("latency average = ")) {
            (Some(rate), Some(average_ms)) => Ok(Commits { rate, average_us: average_ms * 1e3 }),
            _ => Err(io::Error::other(format!("pgbench printed no rate: {text}"))),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        if let Err(error) = psql(&format!("{}/postgres", self.server), &sql) {
            eprintln!("cannot drop {}: {error}", self.name);
        }
    }
}

/// The result of pgbench.
pub(crate) struct Commits {
    /// Commits in a second.
    pub rate: f64,
    /// The average time of one, in microseconds.
    pub average_us: f64,
}

fn psql(address: &str, sql: &str) -> io::Result<String> {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", sql, address]);
    let text = succeeded("psql", &command.stdin(Stdio::null()).output()?)?;
    Ok(text.trim().to_owned())
}

fn succeeded(program: &str, output: &std::process::Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
