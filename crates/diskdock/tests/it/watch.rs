//! The stream of the console: its pictures, its access, and the latest calls in it.

use std::time::Duration;

use axum::body::Body;
use diskdock::admin::Access;
use diskdock::admin::watch::{Watch, router};
use diskdock::gateway::guard::Guard;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;

use crate::harness::{REGION, TOKEN, TestServer, ZONE};

/// How long a picture may take to come.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client that watches, with the picture that it has.
struct Viewer(Body, Value);

impl Viewer {
    /// The next picture; none when the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        let event = self.event().await?;
        match event.get("delta") {
            Some(delta) => apply(&mut self.1, delta),
            None => self.1 = event,
        }
        Some(self.1.clone())
    }

    /// The next event as it was sent.
    async fn event(&mut self) -> Option<Value> {
        loop {
            let frame = tokio::time::timeout(TIMEOUT, self.0.frame()).await.expect("in time")?;
            let bytes = frame.unwrap().into_data().unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            if let Some(data) = text.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The first picture from now on of which `holds` is true.
    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let picture = self.next().await.expect("the stream goes on");
            if holds(&picture) {
                return picture;
            }
        }
    }
}

/// Changes the lists of a picture as the delta says.
fn apply(picture: &mut Value, delta: &Value) {
    for (name, change) in delta.as_object().unwrap() {
        if let Some(all) = change.get("all") {
            picture[name] = all.clone();
            continue;
        }
        let rows = picture[name].as_array_mut().unwrap();
        let gone = change["gone"].as_array().unwrap();
        rows.retain(|row| !gone.contains(&row["id"]));
        for changed in change["changed"].as_array().unwrap() {
            *rows.iter_mut().find(|row| row["id"] == changed["id"]).unwrap() = changed.clone();
        }
        for added in change["added"].as_array().unwrap() {
            let place = usize::try_from(added[0].as_u64().unwrap()).unwrap();
            rows.insert(place, added[1].clone());
        }
    }
}

async fn ask(
    server: &TestServer,
    watch: &Watch,
    headers: &[(&str, &str)],
    loopback: bool,
) -> http::Response<Body> {
    let access =
        Access { token: TOKEN.to_owned(), open_on_loopback: loopback, guard: Guard::default() };
    let service = TowerToHyperService::new(router(&server.assembly, access, watch.clone()));
    let mut request =
        http::Request::builder().uri("/_diskdock/watch").header("host", "127.0.0.1:5260");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.call(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn watching(server: &TestServer, watch: &Watch) -> Viewer {
    let response = ask(server, watch, &[], true).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    Viewer(response.into_body(), Value::Null)
}

fn disk_of<'a>(picture: &'a Value, id: &str) -> Option<&'a Value> {
    let on = picture["instances"].as_array().unwrap().iter();
    let on = on.flat_map(|instance| instance["disks"].as_array().unwrap());
    on.chain(picture["free"].as_array().unwrap()).find(|disk| disk["id"] == id)
}

#[tokio::test]
async fn every_watcher_sees_every_change() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let instance = server.running_instance().await;
    let disk = server.disk_on(&instance).await;
    let (mut one, mut other) = (watching(&server, &watch).await, watching(&server, &watch).await);
    for viewer in [&mut one, &mut other] {
        let picture = viewer.next().await.unwrap();
        assert_eq!(disk_of(&picture, &disk).unwrap()["status"], "In_use");
    }
    server.ok("DetachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]).await;
    let is = |status: &'static str| {
        let disk = disk.clone();
        move |picture: &Value| disk_of(picture, &disk).unwrap()["status"] == status
    };
    let picture = one.until(is("Detaching")).await;
    let operation = &picture["operations"][0];
    assert_eq!(operation["kind"], "disk.detach");
    assert_eq!(operation["given_up"], false);
    assert_eq!(operation["can"], serde_json::json!(["finish", "refuse", "step"]));
    server.finish_all().await;
    for viewer in [&mut one, &mut other] {
        let picture = viewer.until(is("Available")).await;
        assert_eq!(picture["free"][0]["id"], disk.as_str());
    }
}

#[tokio::test]
async fn calls_are_refused_until_the_server_knows_its_machines() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let before = server.export_json();
    let server = server.reopen_after(0);
    let watch = Watch::default();
    assert_eq!(ask(&server, &watch, &[], true).await.status(), 503);
    for control in ["/differences", "/operations", "/calls", "/disks/damaged", "/state"] {
        let (status, reply) = server.try_control("GET", control, "").await;
        assert_eq!(status, 503, "{control}");
        assert!(reply["error"].as_str().unwrap().contains("starting"), "{control}: {reply}");
    }
    let kill = format!("/instances/{instance}/kill");
    assert_eq!(server.try_control("POST", &kill, "").await.0, 503);
    for action in ["DescribeInstances", "DescribeDisks"] {
        let answer = server.call(action, &[("RegionId", REGION)]).await;
        assert_eq!((answer.status, answer.code()), (503, "ServiceUnavailable"), "{action}");
    }
    assert_eq!(server.export_json(), before, "nothing was written");
    server.assembly.life.recover().await.unwrap();
    assert_eq!(ask(&server, &watch, &[], true).await.status(), 200);
    assert_eq!(server.differences().await, []);
}

#[tokio::test]
async fn watcher_sees_why_an_instance_is_paused() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let instance = server.running_instance().await;
    let mut viewer = watching(&server, &watch).await;
    assert!(viewer.next().await.unwrap()["instances"][0]["paused"].is_null());
    server.control("POST", &format!("/instances/{instance}/pause"), "").await;
    let is_paused = |picture: &Value| !picture["instances"][0]["paused"].is_null();
    let picture = viewer.until(is_paused).await;
    let why = picture["instances"][0]["paused"].as_str().unwrap();
    assert!(why.contains("paused by an operator"), "{why}");
    server.control("POST", &format!("/instances/{instance}/resume"), "").await;
    viewer.until(|picture: &Value| !is_paused(picture)).await;
}

#[tokio::test]
async fn watcher_gets_of_later_changes_only_the_rows_that_differ() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let instance = server.running_instance().await;
    let disk = server.available_disk().await;
    let mut viewer = watching(&server, &watch).await;
    let whole = viewer.event().await.unwrap();
    assert_eq!(whole["instances"][0]["id"], instance.as_str());
    server.ok("DeleteDisk", &[("DiskId", &disk)]).await;
    let event = viewer.event().await.unwrap();
    assert!(event["instances"].is_null(), "{event}");
    let delta = &event["delta"];
    assert_eq!(delta["free"]["gone"], serde_json::json!([disk]));
    assert_eq!(delta["calls"]["added"][0][1]["action"], "DeleteDisk");
    assert!(delta["instances"].is_null(), "{event}");
}

#[tokio::test]
async fn new_watcher_gets_the_whole_state_at_once() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let disk = server.available_disk().await;
    let mut one = watching(&server, &watch).await;
    one.next().await.unwrap();
    let mut later = watching(&server, &watch).await;
    assert!(disk_of(&later.next().await.unwrap(), &disk).is_some());
}

#[tokio::test]
async fn free_disks_are_shown_however_many_newer_ones_are_attached() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    let request = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ImageId", crate::harness::IMAGE),
        ("InstanceType", "ecs.g6.large"),
        ("Amount", "100"),
    ];
    for _ in 0..3 {
        server.ok("RunInstances", &request).await;
    }
    server.finish_all().await;
    let picture = watching(&server, &Watch::default()).await.next().await.unwrap();
    assert_eq!(picture["instances"].as_array().unwrap().len(), 300);
    assert_eq!(picture["free"][0]["id"], disk.as_str());
    assert_eq!(picture["truncated"], false);
}

#[tokio::test]
async fn watcher_is_told_which_lists_are_not_whole() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    // The free disks of so many accounts are not looked at; those of the default one always are.
    for number in 0..25 {
        let order = serde_json::json!({ "account": format!("0-{number}") });
        server.control("POST", "/keys", &order.to_string()).await;
    }
    let picture = watching(&server, &Watch::default()).await.next().await.unwrap();
    assert_eq!(picture["truncated"], true);
    assert_eq!(picture["cut"], serde_json::json!(["free"]));
    assert_eq!(picture["free"][0]["id"], disk.as_str());
}

#[tokio::test]
async fn watch_stream_ends_when_the_server_stops() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let mut viewer = watching(&server, &watch).await;
    viewer.next().await.unwrap();
    watch.close();
    assert_eq!(viewer.next().await, None);
    assert_eq!(ask(&server, &watch, &[], true).await.status(), 503);
}

#[tokio::test]
async fn watch_requires_access_to_the_controls() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(ask(&server, &watch, &foreign, true).await.status(), 403);
    assert_eq!(ask(&server, &watch, &[("sec-fetch-site", "cross-site")], true).await.status(), 403);
    assert_eq!(ask(&server, &watch, &[], false).await.status(), 403);
    assert_eq!(ask(&server, &watch, &[("x-diskdock-token", "guess")], false).await.status(), 403);
    assert_eq!(ask(&server, &watch, &[("x-diskdock-token", TOKEN)], false).await.status(), 200);
    let own = [("origin", "http://127.0.0.1:5260"), ("sec-fetch-site", "same-origin")];
    assert_eq!(ask(&server, &watch, &own, true).await.status(), 200);
}

#[tokio::test]
async fn watch_refuses_more_than_a_hundred_clients() {
    let server = TestServer::new().await;
    let watch = Watch::default();
    let mut viewers = Vec::new();
    for _ in 0..100 {
        viewers.push(watching(&server, &watch).await);
    }
    assert_eq!(ask(&server, &watch, &[], true).await.status(), 503);
    let picture = viewers[99].next().await.unwrap();
    assert_eq!(picture["truncated"], false);
}

#[tokio::test]
async fn recent_calls_link_to_their_form_without_passwords() {
    let server = TestServer::new().await;
    let mut asked = vec![
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ImageId", crate::harness::IMAGE),
        ("InstanceType", "ecs.g6.large"),
        ("Password", "Example-1234"),
        ("Tag.1.Key", "a & b"),
    ];
    server.ok("RunInstances", &asked).await;
    let refused = server.call("DetachDisk", &[("InstanceId", "i-1"), ("DiskId", "d-1")]).await;
    assert_eq!(refused.status, 404);
    let mut viewer = watching(&server, &Watch::default()).await;
    let picture = viewer.next().await.unwrap();
    let calls = picture["calls"].as_array().unwrap();
    assert_eq!((&calls[0]["action"], &calls[0]["status"]), (&"DetachDisk".into(), &404.into()));
    assert_eq!(calls[0]["key"], "testid");
    assert_eq!(calls[1]["action"], "RunInstances");
    asked.retain(|(name, _)| *name != "Password");
    asked.sort_unstable();
    assert_eq!(calls[1]["parameters"], serde_json::to_value(&asked).unwrap());
}

#[tokio::test]
async fn recent_calls_keep_writes_when_reads_are_many() {
    let server = TestServer::new().await;
    let disk = server.available_disk().await;
    for _ in 0..300 {
        server.ok("DescribeDisks", &[("RegionId", REGION)]).await;
    }
    let recent = &server.assembly.gateway.recent;
    let actions = recent.latest(|call| call.action);
    assert_eq!(actions.len(), 51);
    assert_eq!(actions.last(), Some(&"CreateDisk"));
    let long = "x".repeat(20_000);
    server.call("ModifyDiskAttribute", &[("DiskId", &disk), ("Description", &long)]).await;
    let kept = recent.latest(|call| (call.action, call.parameters().len()));
    assert_eq!(kept[0], ("ModifyDiskAttribute", 0), "what is too long is not kept");
}
