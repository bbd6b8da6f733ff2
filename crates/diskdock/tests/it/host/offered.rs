//! Imported images through the API: offered at once, and launched from.

use std::process::Command;

use super::{RunningServer, out};
use crate::harness::{ACCOUNT, REGION, TestServer};
use crate::storage::{put_image, raw_disk};

async fn ids(server: &TestServer, more: &[(&str, &str)]) -> Vec<String> {
    let parameters = [&[("RegionId", REGION), ("PageSize", "100")], more].concat();
    let answer = server.ok("DescribeImages", &parameters).await;
    let images = answer.json["Images"]["Image"].as_array().unwrap().clone();
    images.iter().map(|image| image["ImageId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn describe_images_lists_an_imported_image_as_own() {
    let server = TestServer::new().await;
    let before = ids(&server, &[]).await;
    assert!(ids(&server, &[("ImageOwnerAlias", "self")]).await.is_empty());
    put_image(&server.assembly.directory, "m-1", 3_000);
    assert_eq!(ids(&server, &[("ImageId", "m-1")]).await.len(), 0, "not refreshed yet");
    server.assembly.life.run_maintenance().await;
    let answer = server.ok("DescribeImages", &[("RegionId", REGION), ("ImageId", "m-1")]).await;
    let image = &answer.json["Images"]["Image"][0];
    assert_eq!(image["ImageOwnerAlias"], "self");
    assert_eq!(image["ImageOwnerId"], ACCOUNT.parse::<i64>().unwrap());
    assert_eq!((&image["ImageName"], &image["Size"]), (&"Debian 12".into(), &3.into()));
    assert_eq!(
        (&image["OSName"], &image["Status"]),
        (&"Debian  12 64 bit".into(), &"Available".into())
    );
    assert_eq!(image["CreationTime"], "2026-01-02T03:04:05Z");
    let own = [("ImageOwnerAlias", "self"), ("ImageOwnerId", ACCOUNT), ("ImageName", "Debian*")];
    for filter in own {
        assert_eq!(ids(&server, &[filter]).await, ["m-1"], "{filter:?}");
    }
    for filter in [("ImageOwnerAlias", "marketplace"), ("ImageOwnerId", "7")] {
        assert!(ids(&server, &[filter]).await.is_empty(), "{filter:?}");
    }
    assert_eq!(ids(&server, &[("ImageOwnerAlias", "system")]).await, before);
}

#[tokio::test]
async fn run_instances_uses_an_imported_image_until_it_is_deleted() {
    let server = TestServer::new().await;
    put_image(&server.assembly.directory, "m-1", 8);
    server.assembly.life.run_maintenance().await;
    let instance = server.run(&[("ImageId", Some("m-1"))]).await;
    assert_eq!(instance.len(), 1);
    let server = server.restart().await;
    assert_eq!(ids(&server, &[("ImageId", "m-1")]).await, ["m-1"], "it is there from the start");
    out(&server.assembly.directory, &["image", "delete", "m-1"]);
    server.assembly.life.run_maintenance().await;
    assert!(ids(&server, &[("ImageId", "m-1")]).await.is_empty());
}

#[tokio::test]
async fn serve_can_leave_out_images_without_bytes() {
    let server = TestServer::with(|plan| plan.only_imported_images = true).await;
    assert!(ids(&server, &[]).await.is_empty());
    put_image(&server.assembly.directory, "m-1", 8);
    server.assembly.life.run_maintenance().await;
    assert_eq!(ids(&server, &[]).await, ["m-1"]);
}

#[test]
fn running_server_lists_an_image_once_imported() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let _server = RunningServer::start(data.path(), &[]);
    let endpoint = std::fs::read_to_string(data.path().join("endpoint")).unwrap();
    let offered = || {
        let call = ["call", "DescribeImages", "--RegionId", REGION, "--ImageOwnerAlias", "self"];
        out(data.path(), &[&call[..], &["--endpoint", endpoint.trim()]].concat())
    };
    assert!(!offered().contains("m-debian"));
    let file = raw_disk(source.path(), 8 << 20, b"find me");
    out(data.path(), &["image", "import", file.to_str().unwrap(), "--name", "debian"]);
    assert!(offered().contains("m-debian"));
    out(data.path(), &["image", "delete", "m-debian"]);
    assert!(!offered().contains("m-debian"));
}

#[test]
fn serve_offers_only_the_regions_that_it_is_given() {
    let data = tempfile::tempdir().unwrap();
    let _server = RunningServer::start(data.path(), &["--regions", "cn-hangzhou,cn-beijing"]);
    let endpoint = std::fs::read_to_string(data.path().join("endpoint")).unwrap();
    let call = |action: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
        command.arg("call").args(action).args(["--endpoint", endpoint.trim()]);
        let done = command.output().unwrap();
        String::from_utf8([done.stdout, done.stderr].concat()).unwrap()
    };
    let told = call(&["DescribeRegions"]);
    let regions: Vec<&str> = told.split('"').filter(|word| REGIONS.contains(word)).collect();
    assert_eq!(regions, ["cn-beijing", "cn-hangzhou"], "{told}");
    let elsewhere = call(&["DescribeDisks", "--RegionId", "cn-shanghai"]);
    assert!(elsewhere.contains("InvalidRegion.NotFound"), "{elsewhere}");
    assert!(call(&["DescribeDisks", "--RegionId", "cn-beijing"]).contains("TotalCount"));
}

const REGIONS: [&str; 4] = ["cn-beijing", "cn-hangzhou", "cn-shanghai", "us-west-1"];

#[test]
fn serve_refuses_a_region_that_is_not_in_the_inventory() {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--regions", "cn-hangzhou,mars"]);
    let done = command.arg("--data-dir").arg(data.path()).output().unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && told.contains("regions.mars: is not there"), "{told}");
    assert!(told.contains("cn-hangzhou, "), "{told}");
}
