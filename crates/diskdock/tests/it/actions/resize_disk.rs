//! ResizeDisk: the new size is there at once, the bytes follow, and a failed resize is compensated.

use diskdock::hypervisor::OperationTransitions;
use diskdock::operations::Selection;
use domain::{Activity, Category, DiskKind, InstanceStatus, LockReason, PerformanceLevel};

use crate::harness::{BEGINNING, Refused, TestServer};

/// A request for so many GiB.
fn to<'a>(disk: &'a str, size: &'a str) -> [(&'a str, &'a str); 2] {
    [("DiskId", disk), ("NewSize", size)]
}

/// A request for so many GiB that a running guest is to see.
fn online<'a>(disk: &'a str, size: &'a str) -> [(&'a str, &'a str); 3] {
    [("DiskId", disk), ("NewSize", size), ("Type", "online")]
}

async fn size_of(server: &TestServer, disk: &str) -> u64 {
    server.describe(disk).await["Size"].as_u64().unwrap()
}

/// Disks do not grow until the operator lets them.
fn hold(server: &TestServer) {
    server.rule(r#"{"transition":"resize","behaviour":{"do":"hold"}}"#);
}

/// Ends the held transition, well or not.
async fn finish_held(server: &TestServer, disk: &str, well: bool) {
    server.drain().await;
    let services = &server.assembly.gateway.services;
    let id = domain::DiskId::from(disk);
    let mut transitions = OperationTransitions::default();
    transitions.add(None, Some(&id), &[]);
    assert_eq!(server.simulated().finish_transitions(&transitions, well), 1);
    services.runner.wake(&Selection { disk: Some(id.clone()), instance: None });
    server.drain().await;
}

/// As the CSI driver does it: online if the disk is In_use, else offline; it then looks once.
#[tokio::test]
async fn resize_disk_shows_the_new_size_at_once() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let answer = server.ok("ResizeDisk", &to(&disk, "21")).await;
    assert_eq!(answer.text_at("OrderId"), "", "pay-as-you-go needs no order");
    assert_eq!(size_of(&server, &disk).await, 21);
    server.drain().await;
    server.ok("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    server.finish_all().await;
    hold(&server);
    server.ok("ResizeDisk", &online(&disk, "40")).await;
    let shown = server.describe(&disk).await;
    assert_eq!((&shown["Size"], &shown["Status"]), (&40.into(), &"In_use".into()));
    finish_held(&server, &disk, true).await;
    assert_eq!(size_of(&server, &disk).await, 40);
    assert_eq!(server.operations_of(&disk).await.len(), 0);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn resize_disk_that_fails_restores_the_size_and_its_reason() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    hold(&server);
    server.ok("ResizeDisk", &to(&disk, "40")).await;
    finish_held(&server, &disk, false).await;
    assert_eq!(size_of(&server, &disk).await, 20);
    let told = server.operations_of(&disk).await;
    assert_eq!(told[0]["kind"], "disk.resize");
    assert_eq!(
        (&told[0]["given_up"], &told[0]["last_event"]),
        (&true.into(), &"the guest refused".into())
    );
    server.ok("ResizeDisk", &to(&disk, "30")).await;
    finish_held(&server, &disk, true).await;
    assert_eq!(size_of(&server, &disk).await, 30, "it can be tried again, and with another size");
}

#[tokio::test]
async fn resizing_disk_can_be_neither_moved_nor_resized() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (free, used) = (server.available_disk().await, server.disk_on(&instance).await);
    hold(&server);
    for disk in [&free, &used] {
        server.ok("ResizeDisk", &to(disk, "40")).await;
    }
    let processing = "The previous order is still processing, please try again later.";
    for size in ["30", "40", "50"] {
        let refusal = (400, "LastOrderProcessing", processing);
        server.expect_refusal("ResizeDisk", &to(&free, size), refusal).await;
    }
    let conflict = "The operation conflicts with another one of the disk that is still processing.";
    let conflict = (403, "InvalidOperation.Conflict", conflict);
    let on = |disk| [("InstanceId", instance.as_str()), ("DiskId", disk)];
    server.expect_refusal("AttachDisk", &on(&free), conflict).await;
    server.expect_refusal("DetachDisk", &on(&used), conflict).await;
    server.expect_code("DeleteDisk", &[("DiskId", &free)], (403, "IncorrectDiskStatus")).await;
    for disk in [&free, &used] {
        finish_held(&server, disk, true).await;
        server.ok("ResizeDisk", &to(disk, "50")).await;
        finish_held(&server, disk, true).await;
    }
    server.ok("DetachDisk", &on(&used)).await;
    server.ok("AttachDisk", &on(&free)).await;
    server.finish_all().await;
    server.ok("DeleteDisk", &[("DiskId", &used)]).await;
    assert_eq!(
        (server.status_of(&free).await, size_of(&server, &free).await),
        ("In_use".into(), 50)
    );
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn resize_disk_completes_after_a_crash() {
    for well in [true, false] {
        let server = TestServer::new().await;
        let disk = server.available_disk().await;
        hold(&server);
        server.ok("ResizeDisk", &to(&disk, "40")).await;
        server.drain().await;
        let server = server.restart().await;
        assert_eq!(size_of(&server, &disk).await, 40);
        hold(&server);
        finish_held(&server, &disk, well).await;
        assert_eq!(size_of(&server, &disk).await, if well { 40 } else { 20 });
    }
}

#[tokio::test]
async fn resize_disk_completes_when_its_instance_is_released_meanwhile() {
    let server = TestServer::new().await;
    let instance = server.run_one(&[("DataDisk.1.Size", Some("20"))]).await;
    let goes = server.disks_of(&instance).await[1]["DiskId"].as_str().unwrap().to_owned();
    let stays = server.disk_on(&instance).await;
    hold(&server);
    for disk in [&goes, &stays] {
        server.ok("ResizeDisk", &online(disk, "40")).await;
    }
    server.ok("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]).await;
    server.finish_all().await;
    assert_eq!(server.status_of(&goes).await, "gone");
    for disk in [&goes, &stays] {
        finish_held(&server, disk, true).await;
    }
    assert_eq!(server.status_of(&goes).await, "gone");
    let shown = (server.status_of(&stays).await, size_of(&server, &stays).await);
    assert_eq!(shown, ("Available".into(), 40));
    assert_eq!(server.assembly.gateway.services.runner.in_flight(), 0);
}

#[tokio::test]
async fn resize_disk_repeats_by_token_and_returns_an_order() {
    let server = TestServer::new().await;
    let disk = server.disk_with(|disk| disk.charge_type = domain::ChargeType::PrePaid).await;
    let ask = [("DiskId", disk.as_str()), ("NewSize", "40"), ("ClientToken", "token-1")];
    let order = server.ok("ResizeDisk", &ask).await.text_at("OrderId");
    assert!(!order.is_empty());
    server.drain().await;
    assert_eq!(server.ok("ResizeDisk", &ask).await.text_at("OrderId"), order);
    let other = [ask[0], ("NewSize", "41"), ask[2]];
    server.expect_code("ResizeDisk", &other, (400, "IdempotentParameterMismatch")).await;
    assert_eq!(size_of(&server, &disk).await, 40);
}

#[tokio::test]
async fn resize_disk_refuses_missing_and_malformed_parameters() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let rows: [Refused<'_>; 7] = [
        (&[("NewSize", "40")], 400, "MissingParameter"),
        (&[("DiskId", &disk)], 400, "MissingParameter"),
        (&to(&disk, ""), 400, "InvalidParameter"),
        (&to(&disk, "many"), 400, "InvalidParameter"),
        (&to(&disk, "-1"), 400, "InvalidParameter"),
        (&to(&disk, "2147483648"), 400, "InvalidParameter"),
        (&[("DiskId", &disk), ("NewSize", "40"), ("Type", "Online")], 400, "InvalidParam.Type"),
    ];
    for (ask, status, code) in rows {
        server.expect_code("ResizeDisk", ask, (status, code)).await;
    }
    let nowhere = [("DiskId", disk.as_str()), ("NewSize", "40"), ("RegionId", "nowhere")];
    server.expect_code("ResizeDisk", &nowhere, (400, "InvalidRegionId.MalFormed")).await;
}

#[tokio::test]
async fn resize_disk_refuses_sizes_that_are_not_larger_or_beyond_the_category() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let message = "Specified new disk size is less than or equal the original disk size.";
    server.change_disk(&disk, |disk| disk.size_gib = 30).await;
    for size in ["20", "29", "30"] {
        server
            .expect_refusal("ResizeDisk", &to(&disk, size), (403, "InvalidDiskSize", message))
            .await;
    }
    let message = "Specified new disk size is beyond the permitted range.";
    let too_large = (403, "InvalidDiskSize.TooLarge", message);
    for (kind, category, largest) in [
        (DiskKind::Data, Category::CloudEssd, 65_536),
        (DiskKind::Data, Category::Cloud, 2_000),
        (DiskKind::Data, Category::ElasticEphemeralDiskStandard, 8_192),
        (DiskKind::System, Category::CloudEssd, 2_048),
        (DiskKind::System, Category::Cloud, 500),
    ] {
        let change = move |disk: &mut domain::Disk| {
            (disk.kind, disk.category, disk.size_gib) = (kind, category, 20);
        };
        server.change_disk(&disk, change).await;
        let beyond = (largest + 1).to_string();
        server.expect_refusal("ResizeDisk", &to(&disk, &beyond), too_large).await;
        server.ok("ResizeDisk", &to(&disk, &largest.to_string())).await;
        server.drain().await;
        assert_eq!(size_of(&server, &disk).await, largest);
    }
}

/// Every precondition is violated one after the other, the last check first: each time the newest
/// violation is the answer.
#[tokio::test]
async fn resize_disk_answers_the_first_failed_precondition() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let expect_refusal = async |server: &TestServer, status: u16, code: &str| {
        server.expect_code("ResizeDisk", &online(&disk, "40"), (status, code)).await;
    };
    server.put_in(&instance, InstanceStatus::Stopped).await;
    expect_refusal(&server, 403, "InvalidInstanceStatus.NotRunning").await;
    server.change_disk(&disk, |d| d.multi_attach = true).await;
    expect_refusal(&server, 403, "InvalidOperation.MultiAttachDiskNotSupportResizeOnline").await;
    for status in [InstanceStatus::Pending, InstanceStatus::Starting, InstanceStatus::Stopping] {
        server.put_in(&instance, status).await;
        expect_refusal(&server, 403, "IncorrectInstanceStatus").await;
    }
    server.change_disk(&disk, |d| d.size_gib = 65_536).await;
    expect_refusal(&server, 403, "InvalidDiskSize").await;
    server.change_instance(&instance, |i| i.expires_at = Some(BEGINNING)).await;
    expect_refusal(&server, 403, "InstanceExpiredOrInArrears").await;
    server
        .change_instance(&instance, |i| {
            (i.expires_at, i.locks) = (None, vec![LockReason::Financial])
        })
        .await;
    expect_refusal(&server, 403, "InstanceExpiredOrInArrears").await;
    server.change_instance(&instance, |i| i.locks.push(LockReason::Security)).await;
    expect_refusal(&server, 403, "InstanceLockedForSecurity").await;
    server.change_disk(&disk, |d| d.locks = vec![LockReason::Financial]).await;
    expect_refusal(&server, 403, "DiskInArrears").await;
    server.change_disk(&disk, |d| d.delete_protected = true).await;
    expect_refusal(&server, 400, "InvalidDisk.DetachedSystemDisk").await;
    server.change_disk(&disk, |d| d.category = Category::LocalSsdPro).await;
    expect_refusal(&server, 403, "OperationDenied").await;
    server.change_disk(&disk, |d| d.activity = Some(Activity::Resizing { from_gib: 20 })).await;
    expect_refusal(&server, 400, "LastOrderProcessing").await;
    server.change_disk(&disk, |d| d.attachments[0].phase = domain::Phase::Attaching).await;
    expect_refusal(&server, 403, "IncorrectDiskStatus").await;
    server.become_another_account().await;
    expect_refusal(&server, 404, "InvalidDiskId.NotFound").await;
}

#[tokio::test]
async fn resize_disk_online_needs_a_running_instance() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let not_running = (403, "InvalidInstanceStatus.NotRunning");
    server.expect_code("ResizeDisk", &online(&disk, "40"), not_running).await;
    let offline = [("DiskId", disk.as_str()), ("NewSize", "40"), ("Type", "offline")];
    server.ok("ResizeDisk", &offline).await;
    let (instance, system) = server.stopped_with_system_disk().await;
    server.expect_code("ResizeDisk", &online(&system, "40"), not_running).await;
    server.ok("ResizeDisk", &to(&system, "40")).await;
    server.drain().await;
    server.ok("StartInstance", &[("InstanceId", &instance)]).await;
    server.finish_all().await;
    assert_eq!(server.instance_status(&instance).await, "Running");
    server.ok("ResizeDisk", &online(&system, "50")).await;
    assert_eq!(size_of(&server, &system).await, 50);
}

#[tokio::test]
async fn resize_disk_refuses_a_size_below_the_smallest_of_the_category() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let message = "The specified parameter \"NewSize\" is not valid.";
    for (kind, category, level, smallest) in [
        (DiskKind::Data, Category::CloudEssd, Some(PerformanceLevel::Pl1), 20),
        (DiskKind::Data, Category::CloudEssd, Some(PerformanceLevel::Pl2), 461),
        (DiskKind::Data, Category::Cloud, None, 5),
        (DiskKind::System, Category::Cloud, None, 20),
    ] {
        let change = move |disk: &mut domain::Disk| {
            (disk.kind, disk.category, disk.performance_level) = (kind, category, level);
        };
        server.change_disk(&disk, change).await;
        let below = (smallest - 1).to_string();
        server
            .expect_refusal("ResizeDisk", &to(&disk, &below), (400, "InvalidParameter", message))
            .await;
        server.change_disk(&disk, move |disk| disk.size_gib = smallest).await;
        let answer = server.call("ResizeDisk", &to(&disk, &smallest.to_string())).await;
        assert_eq!(answer.refusal(), (403, "InvalidDiskSize"), "{category:?}");
    }
}
