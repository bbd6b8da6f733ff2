//! Disks that several instances have: attached to and detached from one after the other, and what
//! real machines do not do with one meanwhile.

use diskdock::catalog::Environment;
use diskdock::catalog::times::with_seconds;
use serde_json::json;

use crate::harness::TestServer;

/// A snapshot that waits for the operator.
const HELD: &str = r#"{"transition":"snapshot","behaviour":{"do":"hold"}}"#;

impl TestServer {
    /// From now on, what real machines cannot do is refused.
    fn cannot_snapshot_shared_disks(&self) {
        let environments = &self.assembly.gateway.services.environment;
        let current = Environment::clone(&environments.current());
        environments.replace(Environment { can_snapshot_shared_disks: false, ..current });
    }

    /// A Running instance that takes multi-attach disks.
    async fn sharing_instance(&self) -> String {
        self.plant_instance(|i| i.instance_type = "ecs.g8i.large".to_owned()).await
    }

    async fn attach(&self, disk: &str, instance: &str) {
        self.ok("AttachDisk", &[("InstanceId", instance), ("DiskId", disk)]).await;
        self.finish_all().await;
    }

    /// The instances that DescribeDisks shows for a disk.
    async fn attached_to(&self, disk: &str) -> Vec<String> {
        let shown = self.describe(disk).await;
        let all = shown["Attachments"]["Attachment"].as_array().cloned().unwrap_or_default();
        let mut on: Vec<_> =
            all.iter().filter_map(|at| Some(at["InstanceId"].as_str()?.to_owned())).collect();
        on.sort_unstable();
        on
    }
}

/// A disk on two Running instances, which come in the order of their ids.
async fn shared(server: &TestServer) -> (String, [String; 2]) {
    let mut on = [server.sharing_instance().await, server.sharing_instance().await];
    on.sort_unstable();
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    for instance in &on {
        server.attach(&disk, instance).await;
    }
    assert_eq!(server.attached_to(&disk).await, on);
    (disk, on)
}

#[tokio::test]
async fn multi_attach_disk_is_available_only_when_every_instance_has_let_go_of_it() {
    let server = TestServer::new().await;
    let (disk, [one, two]) = shared(&server).await;
    let hold = r#"{"transition":"detach","behaviour":{"do":"hold"}}"#;
    server.control("POST", "/rules", hold).await;
    for instance in [&one, &two] {
        server.ok("DetachDisk", &[("InstanceId", instance), ("DiskId", &disk)]).await;
        server.drain().await;
    }
    assert_eq!(server.status_of(&disk).await, "Detaching");
    let finish = |instance: &str| json!({ "disk": disk, "instance": instance }).to_string();
    server.control("POST", "/transitions/finish", &finish(&one)).await;
    server.drain().await;
    assert_eq!(server.attached_to(&disk).await, [two.as_str()]);
    assert_eq!(server.status_of(&disk).await, "Detaching", "one guest can still reach it");
    let ask = [("DiskId", disk.as_str())];
    server.expect_code("DeleteDisk", &ask, (403, "IncorrectDiskStatus")).await;
    server.control("POST", "/transitions/finish", &finish(&two)).await;
    server.drain().await;
    assert_eq!(server.status_of(&disk).await, "Available");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn multi_attach_disk_stays_with_the_other_instance_when_one_is_released() {
    let server = TestServer::new().await;
    let (disk, [one, two]) = shared(&server).await;
    server.ok("DeleteInstance", &[("InstanceId", &one), ("Force", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.attached_to(&disk).await, [two.as_str()]);
    assert_eq!(server.status_of(&disk).await, "In_use");
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn create_snapshot_of_a_disk_on_several_real_machines_is_refused() {
    let server = TestServer::new().await;
    let (disk, [one, _]) = shared(&server).await;
    let ask = [("DiskId", disk.as_str())];
    server.ok("CreateSnapshot", &ask).await;
    server.finish_all().await;
    server.cannot_snapshot_shared_disks();
    let expected = "The current volume status does not support this operation.";
    server.expect_refusal("CreateSnapshot", &ask, (403, "IncorrectVolumeStatus", expected)).await;
    server.ok("DetachDisk", &[("InstanceId", &one), ("DiskId", &disk)]).await;
    server.finish_all().await;
    server.snapshot_of(&disk).await;
}

#[tokio::test]
async fn attach_disk_to_another_real_machine_waits_for_the_snapshot_of_the_disk() {
    let server = TestServer::new().await;
    server.cannot_snapshot_shared_disks();
    let [one, two] = [server.sharing_instance().await, server.sharing_instance().await];
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    server.attach(&disk, &one).await;
    server.control("POST", "/rules", HELD).await;
    server.ok("CreateSnapshot", &[("DiskId", &disk)]).await;
    server.drain().await;
    let ask = [("InstanceId", two.as_str()), ("DiskId", &disk)];
    let expected = "The operation conflicts with another one of the disk that is still processing.";
    server.expect_refusal("AttachDisk", &ask, (403, "InvalidOperation.Conflict", expected)).await;
    assert_eq!(server.attached_to(&disk).await, [one.as_str()]);
    server.control("POST", "/transitions/finish", &json!({ "disk": disk }).to_string()).await;
    server.drain().await;
    server.attach(&disk, &two).await;
    assert_eq!(server.status_of(&disk).await, "In_use");
}

#[tokio::test]
async fn describe_disk_monitor_data_begins_with_the_first_instance_of_a_shared_disk() {
    let server = TestServer::new().await;
    let [one, two] = [server.sharing_instance().await, server.sharing_instance().await];
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    let begin = server.assembly.gateway.services.clock.now();
    server.attach(&disk, &one).await;
    server.pass(600_000).await;
    server.attach(&disk, &two).await;
    server.pass(60_000).await;
    let (start, end) = (with_seconds(begin), with_seconds(begin.plus_s(1_200)));
    let ask = [("DiskId", disk.as_str()), ("StartTime", &start), ("EndTime", &end)];
    let reply = server.ok("DescribeDiskMonitorData", &ask).await.json;
    assert!(reply["TotalCount"].as_u64().unwrap() >= 10, "{reply}");
}
