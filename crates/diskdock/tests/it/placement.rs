//! Which host gets an instance, and which host a disk belongs to, in calls of the API. The hosts
//! are records: no process works for them.

use diskdock::store::{HostRecord, WriteTx};
use domain::host::{Host, HostAdmission, HostResources};

use crate::harness::{TestServer, launch};
use crate::store_contract::hosts::host;

const NO_STOCK: (u16, &str) = (403, "OperationDenied.NoStock");
const ELSEWHERE: (u16, &str) = (403, "IncorrectDiskStatus");

/// Room for so many instances of ecs.g6.large, which has 2 processors.
fn room_for(name: &str, instances: u64) -> Host {
    let processors = 2 * instances;
    Host { capacity: HostResources { processors, ..host(name).capacity }, ..host(name) }
}

async fn with_hosts(hosts: Vec<Host>) -> TestServer {
    let server = TestServer::with(|plan| plan.on_hosts = true).await;
    for one in hosts {
        server.save_host(one).await;
    }
    server
}

impl TestServer {
    /// A host that was just heard of.
    async fn save_host(&self, host: Host) {
        let save = move |tx: &mut dyn WriteTx| {
            tx.save_host(&host)?;
            tx.heard_of_host(&host.name)
        };
        self.assembly.gateway.services.store.write(save).await.unwrap();
    }

    fn hosts(&self) -> Vec<HostRecord> {
        self.assembly.gateway.services.store.read_blocking(|tx| tx.hosts()).unwrap()
    }

    /// How many instances each host has.
    fn spread(&self) -> Vec<u64> {
        let hosts = self.hosts();
        hosts.iter().map(|one| one.placed.iter().map(|(_, many)| many).sum()).collect()
    }

    fn host_of(&self, instance: &str) -> String {
        let id = instance.into();
        let read = self.assembly.gateway.services.store.read_blocking(|tx| tx.instance(&id));
        read.unwrap().unwrap().host
    }
}

#[tokio::test]
async fn run_instances_spreads_over_hosts_and_is_refused_when_none_has_room() {
    let server = with_hosts(vec![room_for("a", 3), room_for("b", 3)]).await;
    server.begin_run(&[("Amount", Some("4"))]).await;
    assert_eq!(server.spread(), [2, 2]);
    server.expect_code("RunInstances", &launch(&[("Amount", Some("3"))]), NO_STOCK).await;
    let dry = [("Amount", Some("3")), ("DryRun", Some("true"))];
    server.expect_code("RunInstances", &launch(&dry), NO_STOCK).await;
    let fits = [("Amount", Some("2")), ("DryRun", Some("true"))];
    server.expect_code("RunInstances", &launch(&fits), (400, "DryRunOperation")).await;
    server.begin_run(&[("Amount", Some("2"))]).await;
    assert_eq!(server.spread(), [3, 3]);
    server.expect_code("CreateInstance", &launch(&[]), NO_STOCK).await;
    let other_zone = launch(&[("ZoneId", Some("cn-hangzhou-h"))]);
    server.expect_code("RunInstances", &other_zone, NO_STOCK).await;
}

#[tokio::test]
async fn hosts_that_are_drained_or_silent_get_nothing_new() {
    let drained = Host { admission: HostAdmission::Drained, ..room_for("a", 9) };
    let server = with_hosts(vec![drained, room_for("b", 1)]).await;
    let silent = room_for("c", 9);
    let save = move |tx: &mut dyn WriteTx| tx.save_host(&silent);
    server.assembly.gateway.services.store.write(save).await.unwrap();
    let one = server.begin_run(&[]).await.remove(0);
    assert_eq!(server.host_of(&one), "b");
    server.expect_code("RunInstances", &launch(&[]), NO_STOCK).await;
}

#[tokio::test]
async fn operation_of_an_instance_waits_for_its_host() {
    let server = with_hosts(vec![room_for("a", 2)]).await;
    let one = server.begin_run(&[]).await.remove(0);
    server.finish_all().await;
    assert_eq!(server.instance_status(&one).await, "Starting", "no process works for its host");
    let store = &server.assembly.gateway.services.store;
    assert!(store.read_blocking(|tx| tx.has_work("a")).unwrap());
}

#[tokio::test]
async fn disk_belongs_to_the_host_of_its_first_instance() {
    let server = with_hosts(vec![room_for("a", 1), room_for("b", 1)]).await;
    let ids = server.begin_run(&[("Amount", Some("2"))]).await;
    for id in &ids {
        server.change_instance(id, |one| one.started(crate::harness::BEGINNING).unwrap()).await;
    }
    let disk = server.available_disk().await;
    let slot = |at: usize| [("InstanceId", ids[at].as_str()), ("DiskId", disk.as_str())];
    server.ok("AttachDisk", &slot(0)).await;
    server
        .change_disk(&disk, |disk| {
            let at = disk.attachments[0].clone();
            disk.finish_attach(&at.instance, at.generation).unwrap();
            let generation = disk.begin_detach(&at.instance, false).unwrap();
            disk.finish_detach(&at.instance, generation, crate::harness::BEGINNING).unwrap();
        })
        .await;
    assert_eq!(server.status_of(&disk).await, "Available");
    server.expect_code("AttachDisk", &slot(1), ELSEWHERE).await;
    let refusal = server.call("AttachDisk", &slot(1)).await;
    assert!(refusal.message().contains(&server.host_of(&ids[0])), "{}", refusal.text);
    server.ok("AttachDisk", &slot(0)).await;
}

#[tokio::test]
async fn larger_type_wants_room_on_the_host_of_the_instance() {
    let server = with_hosts(vec![room_for("a", 2)]).await;
    let id = server.begin_run(&[]).await.remove(0);
    server.change_instance(&id, |one| one.stopped().unwrap()).await;
    let to = |of| [("InstanceId", id.as_str()), ("InstanceType", of)];
    server.expect_code("ModifyInstanceSpec", &to("ecs.g6.2xlarge"), NO_STOCK).await;
    server.ok("ModifyInstanceSpec", &to("ecs.g6.xlarge")).await;
    assert_eq!(server.hosts()[0].placed, [("ecs.g6.xlarge".to_owned(), 1)]);
    server.expect_code("RunInstances", &launch(&[]), NO_STOCK).await;
}

#[tokio::test]
async fn server_without_hosts_places_nothing() {
    let server = TestServer::new().await;
    server.save_host(room_for("a", 1)).await;
    let ids = server.run(&[("Amount", Some("2"))]).await;
    assert_eq!((server.host_of(&ids[0]), server.spread()), (String::new(), vec![0]));
}
