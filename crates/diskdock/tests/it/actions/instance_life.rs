//! Lives of instances at the pace of the real cloud, and what must hold at every moment of them.

use diskdock::hypervisor::Pace;

use crate::harness::{REGION, Style, TestServer};

#[tokio::test]
async fn instance_transitions_take_their_realistic_time() {
    let server = TestServer::with(|plan| plan.pace = Pace::Cloud).await;
    let instances = server.begin_run(&[("DataDisk.1.Size", Some("20"))]).await;
    let id = &instances[0];
    let ask = [("InstanceId", id.as_str())];
    let disks = server.disks_of(id).await;
    let data = disks[1]["DiskId"].as_str().unwrap();
    let shows = async |after_s: i64, instance: &str, disk: &str| {
        server.pass(after_s * 1_000).await;
        assert_eq!(server.instance_status(id).await, instance);
        assert_eq!(server.status_of(data).await, disk);
        check_that_free_disks_are_unreachable(&server, &instances).await;
    };
    shows(0, "Starting", "Creating").await;
    shows(5, "Starting", "Creating").await;
    shows(1, "Starting", "Creating").await;
    shows(30, "Running", "In_use").await;
    server.ok("DetachDisk", &[ask[0], ("DiskId", data)]).await;
    shows(0, "Running", "Detaching").await;
    server.ok("StopInstance", &ask).await;
    shows(19, "Stopping", "Detaching").await;
    shows(1, "Stopped", "Detaching").await;
    shows(40, "Stopped", "Available").await;
    server.ok("DeleteInstance", &ask).await;
    shows(1, "gone", "Available").await;
    assert_eq!(server.differences().await, []);
}

/// None of these machines, in the store or not, reaches a disk that is Available.
async fn check_that_free_disks_are_unreachable(server: &TestServer, instances: &[String]) {
    let ask = [("RegionId", REGION), ("Status", "Available"), ("PageSize", "100")];
    let free = server.list("DescribeDisks", &ask, ("Disks", "Disk", "DiskId")).await;
    for id in instances {
        let Some(observed) = server.observe(id).await else { continue };
        let reached: Vec<_> =
            observed.disks.iter().filter(|(disk, _)| free.contains(&disk.to_string())).collect();
        assert!(reached.is_empty(), "{id} reaches {reached:?}, which are Available");
    }
}

/// Whatever the requests and their order, and whenever the server dies: no disk is Available while
/// a guest can reach it, and in the end store and hypervisor agree.
#[tokio::test]
async fn no_order_of_requests_makes_a_reachable_disk_available() {
    for seed in 1..=6_u64 {
        let mut server = TestServer::with(|plan| plan.pace = Pace::Cloud).await;
        server.rule(r#"{"transition":"stop","times":1,"behaviour":{"do":"never"}}"#);
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let changes = [("Amount", Some("2")), ("DataDisk.1.Size", Some("20"))];
        let instances = server.begin_run(&changes).await;
        server.pass(40_000).await;
        let mut disks = vec![server.available_disk().await];
        for id in &instances {
            let on = server.disks_of(id).await;
            disks.extend(on.iter().map(|disk| disk["DiskId"].as_str().unwrap().to_owned()));
        }
        for _ in 0..120 {
            let instance = &instances[below(2) as usize];
            let disk = &disks[below(disks.len() as u64) as usize];
            let (action, more) = STEPS[below(STEPS.len() as u64) as usize];
            let ids = [("InstanceId", instance.as_str()), ("DiskId", disk.as_str())];
            let with_disk = if action.ends_with("Disk") { 2 } else { 1 };
            // Releases are rare, so that there is a life to look at.
            if action != "DeleteInstance" || below(8) == 0 {
                server.call(action, &[&ids[..with_disk], more].concat()).await;
            }
            check_that_free_disks_are_unreachable(&server, &instances).await;
            server.pass(below(25_000) as i64).await;
            check_that_free_disks_are_unreachable(&server, &instances).await;
            if below(20) == 0 {
                server = server.restart().await;
            }
        }
        for _ in 0..40 {
            server.finish_all().await;
        }
        check_that_free_disks_are_unreachable(&server, &instances).await;
        assert_eq!(server.differences().await, [], "seed {seed}");
    }
}

/// The actions of a step, with their parameters besides the ids.
const STEPS: &[(&str, &[(&str, &str)])] = &[
    ("AttachDisk", &[]),
    ("AttachDisk", &[("Bootable", "true"), ("Password", "Example-1234")]),
    ("DetachDisk", &[]),
    ("DetachDisk", &[("DeleteWithInstance", "false")]),
    ("StartInstance", &[]),
    ("StopInstance", &[]),
    ("StopInstance", &[("ForceStop", "true")]),
    ("RebootInstance", &[]),
    ("RebootInstance", &[("ForceStop", "true")]),
    ("DeleteInstance", &[("Force", "true")]),
    ("DeleteInstance", &[("Force", "true"), ("ForceStop", "false")]),
];

/// XML has the same lists under the same names.
#[tokio::test]
async fn run_instances_answers_in_xml() {
    let server = TestServer::new().await;
    let ask = crate::harness::launch(&[("InternetMaxBandwidthOut", Some("1"))]);
    let answer = server.call_in(Style::XML, "RunInstances", &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let id = answer.json["InstanceIdSets"]["InstanceIdSet"].as_str().unwrap().to_owned();
    server.finish_all().await;
    let ask = [("RegionId", REGION)];
    let told = server.call_in(Style::XML, "DescribeInstances", &ask).await;
    let shown = &told.json["Instances"]["Instance"];
    assert_eq!((&shown["InstanceId"], &shown["Status"]), (&(*id).into(), &"Running".into()));
    let address = shown["PublicIpAddress"]["IpAddress"].as_str().unwrap();
    assert_eq!(server.show(&id).await["PublicIpAddress"]["IpAddress"][0], address);
    let ask = [("RegionId", REGION), ("InstanceId.1", id.as_str())];
    let told = server.call_in(Style::XML, "StopInstances", &ask).await;
    let response = &told.json["InstanceResponses"]["InstanceResponse"];
    assert_eq!(
        (&response["Code"], &response["CurrentStatus"]),
        (&"200".into(), &"Stopping".into())
    );
}
