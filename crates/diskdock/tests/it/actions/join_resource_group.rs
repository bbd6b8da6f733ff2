//! JoinResourceGroup.

use crate::harness::{REGION, Refused, TestServer};

#[tokio::test]
async fn join_resource_group_moves_a_disk_and_an_instance() {
    let world = TestServer::new().await;
    let (disk, instance) = (world.available_disk().await, world.running_instance().await);
    for (kind, id) in [("disk", &disk), ("instance", &instance)] {
        let ask = [("ResourceType", kind), ("ResourceId", id), ("ResourceGroupId", "rg-web")];
        world.ok("JoinResourceGroup", &ask).await;
    }
    assert_eq!(world.describe(&disk).await["ResourceGroupId"], "rg-web");
    assert_eq!(world.show(&instance).await["ResourceGroupId"], "rg-web");
    let ask = [("RegionId", REGION), ("ResourceGroupId", "rg-web")];
    assert_eq!(world.list("DescribeDisks", &ask, ("Disks", "Disk", "DiskId")).await, [disk]);
}

#[tokio::test]
async fn refusals_of_join_resource_group() {
    let world = TestServer::new().await;
    let disk = world.disk_with(|disk| disk.resource_group = "rg-web".to_owned()).await;
    let (kind, id) = (("ResourceType", "disk"), ("ResourceId", disk.as_str()));
    let group = ("ResourceGroupId", "rg-db");
    let cases: &[Refused<'_>] = &[
        (&[kind, group], 403, "MissingParameter"),
        (&[id, group], 404, "InvalidResourceType.NotFound"),
        (&[("ResourceType", "cat"), id, group], 404, "InvalidResourceType.NotFound"),
        (&[kind, id], 404, "InvalidResourceGroup.NotFound"),
        (&[kind, id, ("ResourceGroupId", "web")], 404, "InvalidResourceGroup.NotFound"),
        (&[kind, ("ResourceId", "d-none"), group], 404, "InvalidResourceId.NotFound"),
        (&[kind, id, group, ("RegionId", "cn-beijing")], 404, "InvalidResourceId.NotFound"),
        (&[kind, id, group, ("RegionId", "mars")], 404, "InvalidRegionId.NotFound"),
        (&[kind, id, ("ResourceGroupId", "rg-web")], 403, "InvalidResourceGroup.Duplicate"),
    ];
    for (ask, status, code) in cases {
        world.turns_down("JoinResourceGroup", ask, (*status, code)).await;
    }
}
