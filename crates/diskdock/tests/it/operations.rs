//! Durable work under everything that can come between: crashes, steps taken twice, a store that
//! fails, deadlines, errors of the driver, a clock that is set, a lease that is lost.

mod bounds;
mod clock_steps;
mod discards;
mod disk_limits;
pub(crate) mod flaky;
mod starts;
mod stories;
mod transient_errors;

use std::sync::Arc;

use diskdock::actions::OPERATIONS;
use diskdock::hypervisor::{Hypervisor, Pace};
use diskdock::operations::Runner;

use crate::harness::{REGION, TestServer, ZONE};

/// The operation of a story, and its statuses.
#[derive(Clone, Copy, Debug)]
enum Work {
    Create,
    Attach,
    Detach,
    Resize,
}

impl Work {
    const ALL: [Work; 4] = [Work::Create, Work::Attach, Work::Detach, Work::Resize];

    fn kind(self) -> &'static str {
        match self {
            Work::Create => "disk.create",
            Work::Attach => "disk.attach",
            Work::Detach => "disk.detach",
            Work::Resize => "disk.resize",
        }
    }

    /// The transition, as rules call it.
    fn transition(self) -> &'static str {
        self.kind().trim_start_matches("disk.")
    }

    /// Status while it is under way, when it ended well, and when it was given up.
    fn statuses(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Work::Create => ("Creating", "Available", "gone"),
            Work::Attach => ("Attaching", "In_use", "Available"),
            Work::Detach => ("Detaching", "Available", "In_use"),
            Work::Resize => ("Available of 40", "Available of 40", "Available"),
        }
    }

    /// A server that has just accepted the work, and its disk.
    async fn begun(self, server: &TestServer) -> String {
        let instance = server.running_instance().await;
        let parameters = [
            ("RegionId", REGION),
            ("ZoneId", ZONE),
            ("Size", "20"),
            ("DiskCategory", "cloud_essd"),
        ];
        let disk = server.ok("CreateDisk", &parameters).await.text_at("DiskId");
        if let Work::Create = self {
            return disk;
        }
        server.pass(5_000).await;
        if let Work::Resize = self {
            server.ok("ResizeDisk", &[("DiskId", &disk), ("NewSize", "40")]).await;
            return disk;
        }
        server.ok("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
        if let Work::Detach = self {
            server.pass(10_000).await;
            assert_eq!(server.status_of(&disk).await, "In_use");
            server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
        }
        disk
    }
}

/// A server at the pace of the cloud.
async fn cloud() -> TestServer {
    TestServer::with(|plan| plan.pace = Pace::Cloud).await
}

/// The status, or `gone`; with the size in GiB if it is not the one that it was made with.
async fn status(server: &TestServer, disk: &str) -> String {
    let shown = server.describe(disk).await;
    let status = shown["Status"].as_str().unwrap_or("gone");
    match shown["Size"].as_u64() {
        Some(20) | None => status.to_owned(),
        Some(other) => format!("{status} of {other}"),
    }
}

/// Operations in the store.
fn open(server: &TestServer) -> usize {
    let store = &server.assembly.gateway.services.store;
    store.read_blocking(|tx| tx.operations()).unwrap().len()
}

/// Why operations were given up, latest first.
fn reasons(server: &TestServer) -> Vec<String> {
    let store = &server.assembly.gateway.services.store;
    let rows = store.read_blocking(|tx| tx.failed_operations()).unwrap();
    rows.into_iter().map(|row| row.last_event).collect()
}

/// A second runner over the same store, driver and clock, as a ghost of the first would be.
fn ghost(server: &TestServer) -> Arc<Runner> {
    let services = &server.assembly.gateway.services;
    let driver: Arc<dyn Hypervisor> =
        Arc::<diskdock::hypervisor::Simulated>::clone(server.simulated());
    let (store, clock) = (Arc::clone(&services.store), Arc::clone(&services.clock));
    Arc::new(Runner::new(store, driver, clock, OPERATIONS))
}
