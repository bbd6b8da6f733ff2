//! Hosts that are fenced without an operator: seen silent for long, and only while the store
//! answered.

use std::pin::Pin;
use std::sync::Arc;

use diskdock::assembly::fence::{LostHost, SilenceSeen, SilenceWatch, begin, prove};
use diskdock::store::{Depth, Engine, ReadTx, Store, StoreError, WriteJob};
use domain::Uptime;
use domain::host::HostAdmission;
use tokio::sync::Notify;

use super::ceph::in_pool;
use super::{instance_and_disk, server};
use crate::harness::{TestHost, TestServer};

/// A database that does not answer.
struct Away;

impl Engine for Away {
    fn read(&self, _: Depth, _: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError> {
        Err(StoreError::Unavailable)
    }

    fn write<'a>(
        &'a self,
        job: Box<dyn WriteJob>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        job.done(Err(StoreError::Unavailable));
        Box::pin(std::future::ready(()))
    }

    fn server(&self) -> &str {
        "away"
    }

    fn walks_at_a_time(&self) -> usize {
        1
    }

    fn keys_changed(&self) -> Option<Arc<Notify>> {
        None
    }

    fn stopped(&self) -> Option<String> {
        Some("it is away".to_owned())
    }

    fn note_age(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn gauges(&self) -> Vec<(&'static str, i64)> {
        Vec::new()
    }
}

/// A process that looks at the hosts every five seconds.
struct Watching<'s> {
    server: &'s TestServer,
    watch: SilenceWatch,
    now_ms: i64,
}

impl Watching<'_> {
    fn of(server: &TestServer) -> Watching<'_> {
        Watching { server, watch: SilenceWatch::new(60_000), now_ms: 0 }
    }

    /// Looks for so long, or until a host is lost. The other one is heard of all the time.
    async fn pass(&mut self, seconds: i64, other: &TestHost) -> Option<LostHost> {
        for _ in 0..seconds / 5 {
            self.now_ms += 5_000;
            other.assembly.runner.renew_lease().await.unwrap();
            match self.watch.look(self.server.store(), Uptime(self.now_ms)).await.unwrap() {
                SilenceSeen::Nothing => {}
                SilenceSeen::Lost(lost) => return Some(lost),
                other => panic!("{other:?}"),
            }
        }
        None
    }
}

#[tokio::test]
async fn disks_of_a_host_that_was_silent_for_all_of_the_time_are_free_without_an_operator() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    let (instance, disk) = instance_and_disk(&server, &a).await;
    let slot = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
    server.ok("AttachDisk", &slot).await;
    server.finish_with(&[&a]).await;
    let b = server.host(in_pool("b", "c-1")).await;
    let mut watching = Watching::of(&server);
    server.ok("DetachDisk", &slot).await;
    server.silence("a").await;
    assert_eq!(watching.pass(60, &b).await, None);
    a.assembly.runner.renew_lease().await.unwrap();
    assert_eq!(watching.pass(60, &b).await, None, "it was heard of");
    server.silence("a").await;
    let lost = watching.pass(60, &b).await.expect("a lost host");
    assert_eq!((&*lost.name, server.status_of(&disk).await.as_str()), ("a", "Detaching"));
    // What was seen has to be so still when the fence begins.
    server.control("POST", "/hosts/a/drain", "").await;
    let refused = async || match begin(server.store(), "a", Some(&lost)).await {
        Err(StoreError::Unfit { found, .. }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused().await, "a has changed since it was seen silent");
    server.control("POST", "/hosts/a/undrain", "").await;
    a.assembly.runner.renew_lease().await.unwrap();
    assert_eq!(refused().await, "a is still heard of");
    server.silence("a").await;
    let fencing = begin(server.store(), "a", Some(&lost)).await.unwrap();
    watching.watch.begun(&fencing.term);
    watching.watch.begin_anew();
    assert_eq!(watching.pass(30, &b).await, None);
    prove(server.store(), &fencing.term).await.unwrap();
    assert_eq!(watching.pass(30, &b).await, None, "somebody goes on with the fence");
    // That process fails now, and tries again soon.
    let again = watching.pass(5, &b).await.expect("a fence that is to be repeated");
    assert_eq!(again.admission, HostAdmission::Fencing);
    let _stands_in = server.fenced("a").await;
    assert_eq!(server.warned("is off, but the store had it Running"), 1);
    assert_eq!(server.status_of(&disk).await, "Available");
}

#[tokio::test]
async fn database_that_was_away_makes_no_host_silent() {
    let server = server().await;
    let a = server.host(in_pool("a", "c-1")).await;
    instance_and_disk(&server, &a).await;
    let b = server.host(in_pool("b", "c-1")).await;
    let mut watching = Watching::of(&server);
    server.silence("a").await;
    assert_eq!(watching.pass(60, &b).await, None);
    let away = Store::new(Away);
    let looked = watching.watch.look(&away, Uptime(watching.now_ms)).await;
    assert!(matches!(looked, Err(StoreError::Unavailable)), "{looked:?}");
    assert_eq!(watching.pass(60, &b).await, None, "nobody could be heard of meanwhile");
    assert!(watching.pass(5, &b).await.is_some());
}
