//! JoinResourceGroup.

use crate::harness::{REGION, Refused, TestServer};

#[tokio::test]
async fn join_resource_group_moves_a_disk_and_an_instance() {
    let server = TestServer::new().await;
    let (disk, instance) = (server.available_disk().await, server.running_instance().await);
    for (kind, id) in [("disk", &disk), ("instance", &instance)] {
        let ask = [("ResourceType", kind), ("ResourceId", id), ("ResourceGroupId", "rg-web")];
        server.ok("JoinResourceGroup", &ask).await;
    }
    assert_eq!(server.describe(&disk).await["ResourceGroupId"], "rg-web");
    assert_eq!(server.show(&instance).await["ResourceGroupId"], "rg-web");
    let ask = [("RegionId", REGION), ("ResourceGroupId", "rg-web")];
    assert_eq!(server.list("DescribeDisks", &ask, ("Disks", "Disk", "DiskId")).await, [disk]);
}

#[tokio::test]
async fn refusals_of_join_resource_group() {
    let server = TestServer::new().await;
    let disk = server.disk_with(|disk| disk.resource_group = "rg-web".to_owned()).await;
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
        server.expect_code("JoinResourceGroup", ask, (*status, code)).await;
    }
}
