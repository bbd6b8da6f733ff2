//! Hosts over the store of a test server: their processes, without being processes.

use diskdock::assembly::host::{HostAssembly, HostMachines};
use diskdock::clock::Clock;
use diskdock::hypervisor::Pace;
use diskdock::store::postgres::Postgres;
use diskdock::store::{Store, StoreError};
use domain::Host;

use super::postgres::{address_for, next_number, share};
use super::{BEGINNING, TestServer};

/// The process of a host, with a clock that stands still until a story moves it.
pub(crate) struct TestHost {
    pub assembly: HostAssembly,
    host: Host,
    /// A connection of its own to the database, where there is one.
    own: Option<Store>,
    directory: Option<tempfile::TempDir>,
}

impl TestServer {
    /// A host that works.
    pub(crate) async fn host(&self, host: Host) -> TestHost {
        let (own, directory) = self.own_store();
        let of = own.as_ref().unwrap_or(&self.assembly.gateway.services.store);
        let assembly = register(of, &host).await.unwrap();
        assembly.tasks.recover().await.unwrap();
        TestHost { assembly, host, own, directory }
    }

    /// Why a host cannot work.
    pub(crate) async fn refused_host(&self, host: Host) -> String {
        let store = &self.assembly.gateway.services.store;
        match register(store, &host).await {
            Err(refusal @ StoreError::Unfit { .. }) => refusal.to_string(),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it registered"),
        }
    }

    fn own_store(&self) -> (Option<Store>, Option<tempfile::TempDir>) {
        let directory = tempfile::tempdir().unwrap();
        if address_for(self.directory.path()).is_none() {
            return (None, None);
        }
        share(self.directory.path(), directory.path());
        let address = address_for(directory.path()).unwrap();
        let place = directory.path();
        let engine = Postgres::open_for_host(address, place, next_number(), &|| Ok(())).unwrap();
        (Some(Store::new(engine)), Some(directory))
    }

    /// Lets everything that is under way here and on these hosts come to its end.
    pub(crate) async fn finish_with(&self, hosts: &[&TestHost]) {
        for _ in 0..10 {
            self.pass(1_000).await;
            for host in hosts {
                host.pass(1_000).await;
            }
        }
    }
}

async fn register(store: &Store, host: &Host) -> Result<HostAssembly, StoreError> {
    let machines = HostMachines::Simulated(Pace::Exactly(1_000));
    HostAssembly::register(store, host.clone(), Clock::held_at(BEGINNING), machines).await
}

impl TestHost {
    /// Takes what waits for it, and carries out what is due in so many milliseconds.
    pub(crate) async fn pass(&self, milliseconds: i64) {
        self.take_work().await;
        self.assembly.clock.advance_ms(milliseconds);
        self.assembly.runner.drain().await;
    }

    /// Takes what waits for it, and begins with it.
    pub(crate) async fn take_work(&self) {
        match self.assembly.runner.take_work().await {
            Ok(_) | Err(StoreError::LeaseLost) => {}
            Err(other) => panic!("{other}"),
        }
        self.assembly.runner.drain().await;
    }

    /// Another process of the same host begins. This one is the zombie.
    pub(crate) async fn again(self) -> (TestHost, HostAssembly) {
        let TestHost { assembly: zombie, host, own, directory } = self;
        let store = own.as_ref().unwrap_or(&zombie.store);
        let assembly = register(&store.without_term(), &host).await.unwrap();
        assembly.tasks.recover().await.unwrap();
        (TestHost { assembly, host, own, directory }, zombie)
    }
}
