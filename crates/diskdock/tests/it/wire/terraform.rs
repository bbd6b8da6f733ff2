//! Terraform's provider: a disk and its attachment, made, changed, planned again and destroyed,
//! with the types of fields that the provider does not do without.

use domain::ChargeType;
use serde_json::{Value, json};

use crate::harness::{REGION, Style, TestServer, ZONE};

/// The provider signs by 1.0 and puts the parameters of an action into a form.
const FORM: Style = Style { acs3: false, get: false, form: true, xml: false };

async fn ok(server: &TestServer, action: &str, parameters: &[(&str, &str)]) -> Value {
    let answer = server.call_in(FORM, action, parameters).await;
    assert_eq!(answer.status, 200, "{action} {parameters:?}: {}", answer.text);
    assert_eq!(answer.json.get("Code"), None, "{action}: a Code would be an error");
    answer.json
}

/// The refresh of a disk. The list has to be there, even if it is empty.
async fn read(server: &TestServer, disk: &str) -> Option<Value> {
    let ids = json!([disk]).to_string();
    let reply = ok(server, "DescribeDisks", &[("RegionId", REGION), ("DiskIds", &ids)]).await;
    reply["Disks"]["Disk"].as_array().unwrap().first().cloned()
}

/// The fields that the provider reads with a type assertion: any other type ends it.
fn check_types(disk: &Value) {
    for name in ["DeleteWithInstance", "DeleteAutoSnapshot", "EnableAutoSnapshot", "Encrypted"] {
        assert!(disk[name].is_boolean(), "{name}: {}", disk[name]);
    }
    for name in ["DiskChargeType", "DiskName", "Description", "InstanceId", "ZoneId", "Category"] {
        assert!(disk[name].is_string(), "{name}: {}", disk[name]);
    }
    assert!(disk["Size"].is_u64());
    assert!(disk["OperationLocks"]["OperationLock"].is_array());
    assert!(disk["MountInstances"].is_object());
    assert!(disk["Tags"]["Tag"].is_array());
}

/// The resource `alicloud_ecs_disk`.
async fn create_disk(server: &TestServer) -> String {
    let ask = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ClientToken", "TF-CreateDisk-1"),
        ("DiskCategory", "cloud_essd"),
        ("PerformanceLevel", "PL1"),
        ("Size", "40"),
        ("DiskName", "tf-disk"),
        ("Description", "made by a plan"),
        ("Encrypted", "false"),
    ];
    let disk = ok(server, "CreateDisk", &ask).await["DiskId"].as_str().unwrap().to_owned();
    server.finish_all().await;
    let state = read(server, &disk).await.unwrap();
    check_types(&state);
    assert_eq!(state["DeleteAutoSnapshot"], false, "else the second plan is not empty");
    disk
}

#[tokio::test]
async fn terraform_disk_is_changed_in_place() {
    let server = TestServer::new().await;
    let disk = create_disk(&server).await;
    let of_disk = ("DiskId", disk.as_str());
    let renamed = [of_disk, ("DiskName", "tf-other"), ("DeleteAutoSnapshot", "true")];
    ok(&server, "ModifyDiskAttribute", &renamed).await;
    ok(&server, "ResizeDisk", &[of_disk, ("NewSize", "500"), ("Type", "offline")]).await;
    server.finish_all().await;
    ok(&server, "ModifyDiskSpec", &[of_disk, ("PerformanceLevel", "PL2"), ("DryRun", "false")])
        .await;
    server.finish_all().await;
    let tagged = [
        ("RegionId", REGION),
        ("ResourceType", "disk"),
        ("ResourceId.1", disk.as_str()),
        ("Tag.1.Key", "made-by"),
        ("Tag.1.Value", "terraform"),
    ];
    ok(&server, "TagResources", &tagged).await;
    let group = [
        ("RegionId", REGION),
        ("ResourceType", "disk"),
        ("ResourceId", disk.as_str()),
        ("ResourceGroupId", "rg-acfm1"),
    ];
    ok(&server, "JoinResourceGroup", &group).await;
    let state = read(&server, &disk).await.unwrap();
    for (name, planned) in [
        ("DiskName", json!("tf-other")),
        ("DeleteAutoSnapshot", json!(true)),
        ("Size", json!(500)),
        ("PerformanceLevel", json!("PL2")),
        ("ResourceGroupId", json!("rg-acfm1")),
        ("Description", json!("made by a plan")),
    ] {
        assert_eq!(state[name], planned, "{name}");
    }
    ok(&server, "DeleteDisk", &[of_disk]).await;
    assert_eq!(read(&server, &disk).await, None);
}

/// The resource `alicloud_ecs_disk_attachment`, which asks for no release with every attach.
#[tokio::test]
async fn terraform_attachment_is_read_planned_again_and_destroyed() {
    let server = TestServer::new().await;
    let (instance, disk) = (server.run_one(&[]).await, create_disk(&server).await);
    let both = [("DiskId", disk.as_str()), ("InstanceId", instance.as_str())];
    let attach = [&both[..], &[("DeleteWithInstance", "false")]].concat();
    ok(&server, "AttachDisk", &attach).await;
    server.finish_all().await;
    let state = read(&server, &disk).await.unwrap();
    check_types(&state);
    assert_eq!((&state["Status"], &state["InstanceId"]), (&json!("In_use"), &json!(instance)));
    assert_eq!(state["DeleteWithInstance"], false);
    server.pass(60_000).await;
    assert_eq!(read(&server, &disk).await.unwrap(), state, "the second plan is empty");
    ok(&server, "DetachDisk", &attach).await;
    server.finish_all().await;
    let state = read(&server, &disk).await.unwrap();
    check_types(&state);
    assert_eq!((&state["Status"], &state["InstanceId"]), (&json!("Available"), &json!("")));
    // These end a destroy well: there is nothing left to detach.
    let late = server.call_in(FORM, "DetachDisk", &both).await;
    assert_eq!(late.refusal(), (404, "InvalidDisk.AlreadyDetached"));
    ok(&server, "DeleteDisk", &[both[0]]).await;
    let gone = server.call_in(FORM, "DetachDisk", &both).await;
    assert_eq!(gone.refusal(), (404, "InvalidDiskId.NotFound"));
}

/// The provider sends DeleteWithInstance=false with every AttachDisk and DetachDisk: it asks for
/// nothing that a multi-attach disk does not have.
#[tokio::test]
async fn terraform_attachment_of_a_multi_attach_disk_is_made_and_destroyed() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.instance_type = "ecs.g8i.large".to_owned()).await;
    let disk = server.disk_with(|disk| disk.multi_attach = true).await;
    let ask = [
        ("DiskId", disk.as_str()),
        ("InstanceId", instance.as_str()),
        ("DeleteWithInstance", "false"),
    ];
    for (action, status) in [("AttachDisk", "In_use"), ("DetachDisk", "Available")] {
        ok(&server, action, &ask).await;
        server.finish_all().await;
        assert_eq!(read(&server, &disk).await.unwrap()["Status"], status);
    }
}

/// A disk of a subscription goes with its instance. The provider sees DeleteWithInstance=true where
/// nothing was planned, asks for false, and leaves the disk to its instance in a destroy only while
/// it reads true.
#[tokio::test]
async fn terraform_disk_of_a_subscription_is_applied_and_left_to_its_instance() {
    let server = TestServer::new().await;
    let instance = server.plant_instance(|i| i.charge_type = ChargeType::PrePaid).await;
    let ask = [
        ("RegionId", REGION),
        ("InstanceId", instance.as_str()),
        ("DiskCategory", "cloud_essd"),
        ("Size", "40"),
        ("ClientToken", "TF-CreateDisk-2"),
    ];
    let disk = ok(&server, "CreateDisk", &ask).await["DiskId"].as_str().unwrap().to_owned();
    server.finish_all().await;
    let state = read(&server, &disk).await.unwrap();
    assert_eq!((&state["DiskChargeType"], &state["Portable"]), (&json!("PrePaid"), &json!(false)));
    ok(&server, "ModifyDiskAttribute", &[("DiskId", &disk), ("DeleteWithInstance", "false")]).await;
    let again = read(&server, &disk).await.unwrap();
    assert_eq!(again, state, "it still goes with its instance");
    assert_eq!(again["DeleteWithInstance"], true);
}
