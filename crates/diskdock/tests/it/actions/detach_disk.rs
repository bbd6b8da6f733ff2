//! DetachDisk: the disk leaves the guest, and only then is it Available.

use crate::harness::World;

#[tokio::test]
async fn a_disk_goes_from_in_use_through_detaching_to_available() {
    let world = World::new().await;
    let instance = world.running_instance().await;
    let disk = world.disk_on(&instance).await;

    let answer = world.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    assert_eq!(answer.json.as_object().unwrap().len(), 1, "only a RequestId: {}", answer.text);
    assert_eq!(world.status_of(&disk).await, "Detaching");

    world.pass(999).await;
    assert_eq!(world.status_of(&disk).await, "Detaching");
    world.pass(1).await;
    let after = world.describe(&disk).await;
    assert_eq!(after["Status"], "Available");
    assert_eq!(after["InstanceId"], "");
    assert_eq!(after["Device"], "");
    assert_eq!(after["DeleteWithInstance"], false);
    assert_eq!(after["Attachments"]["Attachment"].as_array().unwrap().len(), 0);
    assert_eq!(world.differences().await, []);
}
