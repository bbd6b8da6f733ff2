//! A database for each test, in the PostgreSQL server that DISKDOCK_TEST_POSTGRES names, such as
//! `postgres://postgres@127.0.0.1:5433`. Without it, tests keep their state in SQLite.
//! `tests/postgres/with` starts a server and sets it.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use diskdock::assembly::AssemblyOptions;
use diskdock::ids::IdGenerator;
use diskdock::store::postgres::{Postgres, PostgresAddress};
use tokio_postgres::NoTls;

use super::TestServer;

/// The file in a test's directory with the name of its database.
const NAME: &str = "test-database";

impl TestServer {
    /// One of several servers over a database; none if tests run with SQLite.
    pub(crate) async fn of_several() -> Option<TestServer> {
        server()?;
        let shares = |plan: &mut AssemblyOptions| {
            plan.postgres = address_for(&plan.directory);
        };
        Some(TestServer::with(shares).await)
    }

    /// Another server over the database of this one.
    pub(crate) async fn beside(&self) -> TestServer {
        self.beside_with(false).await
    }

    /// The same, whose machines run on hosts; none if tests run with SQLite.
    pub(crate) async fn beside_on_hosts(&self) -> Option<TestServer> {
        server()?;
        Some(self.beside_with(true).await)
    }

    async fn beside_with(&self, on_hosts: bool) -> TestServer {
        const OTHER_IDS: u64 = 1_000;
        let server = TestServer::with(|plan| {
            plan.on_hosts = on_hosts;
            share(self.directory.path(), &plan.directory);
            plan.postgres = address_for(&plan.directory);
            plan.ids = IdGenerator::from_seed(OTHER_IDS);
        })
        .await;
        server.signer.skip_nonces(OTHER_IDS);
        server
    }
}

/// A database that is dropped with this.
pub(crate) struct TestDatabase(String);

impl TestDatabase {
    /// A new database for the server of this directory; none if tests run with SQLite.
    pub(crate) fn of(directory: &Path) -> Option<TestDatabase> {
        let name = new_name(&server()?);
        std::fs::write(directory.join(NAME), &name).unwrap();
        Some(TestDatabase(name))
    }

    /// Where it is.
    pub(crate) fn address(&self) -> PostgresAddress {
        address(&self.0)
    }
}

impl TestDatabase {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// The user of the server of the tests.
    pub(crate) fn user(&self) -> String {
        let server = server().unwrap();
        let user = server.trim_start_matches("postgres://").split('@').next();
        user.unwrap_or_default().to_owned()
    }

    /// Runs a statement in it.
    pub(crate) fn run(&self, server: &str, sql: &str) {
        run_in(server, &self.0, sql);
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        run(&server().unwrap(), &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.0));
    }
}

/// The database of this directory, if it has one.
pub(crate) fn address_for(directory: &Path) -> Option<PostgresAddress> {
    let name = std::fs::read_to_string(directory.join(NAME)).ok()?;
    Some(address(&name))
}

/// Has the server of one directory use the database of another.
pub(crate) fn share(of: &Path, with: &Path) {
    std::fs::copy(of.join(NAME), with.join(NAME)).unwrap();
}

/// A number that no other server of these tests is named after.
pub(crate) fn next_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The server of the tests, if there is one.
pub(crate) fn server() -> Option<String> {
    std::env::var("DISKDOCK_TEST_POSTGRES").ok().filter(|server| !server.is_empty())
}

fn address(name: &str) -> PostgresAddress {
    PostgresAddress::new(&format!("{}/{name}", server().unwrap()), None).unwrap()
}

/// A database with all tables, copied from a template that the first test of a process makes.
fn new_name(server: &str) -> String {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let template = format!("template_{}", std::process::id());
        run(server, &format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)"));
        run(server, &format!("CREATE DATABASE {template}"));
        let directory = tempfile::tempdir().unwrap();
        drop(Postgres::open(address(&template), directory.path(), 0).unwrap());
        // What is still connected would keep it from being copied.
        run(
            server,
            &format!(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                 WHERE datname = '{template}'"
            ),
        );
        template
    });
    let number = next_number();
    let name = format!("test_{}_{number}", std::process::id());
    run(server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
    name
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Runs a statement on a thread of its own, since tests run in runtimes.
fn run(server: &str, sql: &str) {
    run_in(server, "postgres", sql);
}

fn run_in(server: &str, name: &str, sql: &str) {
    std::thread::scope(|scope| {
        let ran = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let address = format!("{server}/{name}");
                let (client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            });
        });
        ran.join().unwrap();
    });
}
