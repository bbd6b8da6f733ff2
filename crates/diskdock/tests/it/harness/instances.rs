//! Instances that are launched over HTTP, and how they look from outside and from inside.

use diskdock::hypervisor::{Machines, ObservedState};
use domain::{InstanceId, InstanceStatus};
use serde_json::Value;

use super::{REGION, Style, TestServer, ZONE};

/// Parameters to leave out or to put in.
pub(crate) type Changes<'a> = &'a [(&'a str, Option<&'a str>)];

/// Parameters of a request.
pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A request with the status and the code that it is refused with.
pub(crate) type Refused<'a> = (Pairs<'a>, u16, &'a str);

/// The image of the stories.
pub(crate) const IMAGE: &str = "ubuntu_22_04_x64_20G_alibase_20240926.vhd";

/// A launch that goes well, with some parameters left out or replaced.
pub(crate) fn launch<'a>(changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("InstanceType", "ecs.g6.large"),
        ("ImageId", IMAGE),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.extend(value.map(|value| (*name, value)));
    }
    pairs
}

impl TestServer {
    /// Starts the making of instances; gives their ids.
    pub(crate) async fn begin_run(&self, changes: Changes<'_>) -> Vec<String> {
        let answer = self.ok("RunInstances", &launch(changes)).await;
        let ids = answer.json["InstanceIdSets"]["InstanceIdSet"].as_array().unwrap();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Instances that are Running.
    pub(crate) async fn run(&self, changes: Changes<'_>) -> Vec<String> {
        let ids = self.begin_run(changes).await;
        self.finish_all().await;
        for id in &ids {
            assert_eq!(self.instance_status(id).await, "Running");
        }
        ids
    }

    /// One instance that is Running.
    pub(crate) async fn run_one(&self, changes: Changes<'_>) -> String {
        self.run(changes).await.remove(0)
    }

    /// One instance with a system disk that is Stopped.
    pub(crate) async fn stopped_instance(&self) -> String {
        let id = self.run_one(&[]).await;
        self.ok("StopInstance", &[("InstanceId", &id)]).await;
        self.finish_all().await;
        assert_eq!(self.instance_status(&id).await, "Stopped");
        id
    }

    /// An instance as DescribeInstances shows it.
    pub(crate) async fn show(&self, instance: &str) -> Value {
        let ids = format!("[\"{instance}\"]");
        let ask = [("RegionId", REGION), ("InstanceIds", ids.as_str())];
        self.ok("DescribeInstances", &ask).await.json["Instances"]["Instance"][0].clone()
    }

    /// The Status that DescribeInstances shows of an instance.
    pub(crate) async fn instance_status(&self, instance: &str) -> String {
        self.show(instance).await["Status"].as_str().unwrap_or("gone").to_owned()
    }

    /// The instance is to be in this status, whatever the hypervisor says.
    pub(crate) async fn put_in(&self, instance: &str, status: InstanceStatus) {
        self.change_instance(instance, move |one| one.status = status).await;
    }

    /// The disks that DescribeDisks finds on an instance, in the order of their devices.
    pub(crate) async fn disks_of(&self, instance: &str) -> Vec<Value> {
        let ask = [("RegionId", REGION), ("InstanceId", instance), ("PageSize", "100")];
        let answer = self.ok("DescribeDisks", &ask).await;
        let mut disks = answer.json["Disks"]["Disk"].as_array().unwrap().clone();
        disks.sort_by_key(|disk| disk["Device"].as_str().unwrap().to_owned());
        disks
    }

    /// An instance as the hypervisor knows it.
    pub(crate) async fn observe(&self, instance: &str) -> Option<ObservedState> {
        self.simulated().observe(&InstanceId::from(instance)).await.unwrap()
    }

    /// Whether the machine of an instance is on.
    pub(crate) async fn is_on(&self, instance: &str) -> bool {
        self.observe(instance).await.is_some_and(|observed| observed.running)
    }

    /// The request is refused with this status and code in JSON and in XML; nothing changes.
    pub(crate) async fn expect_code(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        (status, code): (u16, &str),
    ) {
        let before = self.export_json();
        for style in [Style::default(), Style { get: false, ..Style::XML }] {
            let answer = self.call_in(style, action, parameters).await;
            assert_eq!(answer.refusal(), (status, code), "{action} {parameters:?} {}", answer.text);
            assert!(!answer.message().is_empty());
        }
        assert_eq!(
            self.export_json(),
            before,
            "{action} {parameters:?} was refused and had an effect"
        );
    }

    /// A list in the answer of a query, as the texts of one field.
    pub(crate) async fn list(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
        (outer, inner, field): (&str, &str, &str),
    ) -> Vec<String> {
        let answer = self.ok(action, parameters).await;
        let entries = answer.json[outer][inner].as_array().unwrap();
        entries.iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
    }
}
