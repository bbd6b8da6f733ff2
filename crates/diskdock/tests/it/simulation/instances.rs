//! Instances that are made, turned on and off, and released.

use super::model::{Doing, Expected, Instance, Traits, WELL};
use super::steps::{CALLERS, Simulation};
use crate::harness::{REGION, launch};

/// Instances at a time, at most.
const INSTANCES: usize = 4;

impl Simulation {
    pub(super) async fn make_instances(&mut self) {
        if self.model.instances.len() >= INSTANCES {
            return;
        }
        let without = self.callers_without_instance().next();
        let caller = without.unwrap_or_else(|| self.pick(CALLERS));
        let action = ["RunInstances", "CreateInstance"][self.pick(2)];
        let wrong = self.pick(4) == 0;
        let kind = if wrong { "ecs.none" } else { "ecs.g6.large" };
        let ask = launch(&[("InstanceType", Some(kind)), ("SystemDisk.DiskName", Some("root"))]);
        let expected: Expected =
            if wrong { &["InvalidInstanceType.ValueNotSupported"] } else { WELL };
        let Some(reply) = self.call(caller, action, &ask, expected).await else { return };
        let made =
            reply["InstanceId"].as_str().or(reply["InstanceIdSets"]["InstanceIdSet"][0].as_str());
        let id = made.unwrap().to_owned();
        let (name, kind, tag) = (id.clone(), kind.to_owned(), String::new());
        let traits = Traits { name, kind, tag, bandwidth: 0 };
        let status = "Pending".to_owned();
        let instance = Instance { owner: caller, status, doing: Doing::Creating, traits };
        self.model.instances.insert(id, instance);
    }

    pub(super) async fn power(&mut self) {
        let (one, many, from, to, doing) = [
            ("StartInstance", "StartInstances", "Stopped", "Starting", Doing::Starting),
            ("StopInstance", "StopInstances", "Running", "Stopping", Doing::Stopping),
            ("RebootInstance", "RebootInstances", "Running", "Starting", Doing::Rebooting),
        ][self.pick(3)];
        let ((caller, instance), expected) = self.fitting(|| {
            let instance = self.some_instance();
            let owner = self.model.instances.get(&instance).map(|one| one.owner);
            let caller = self.caller_for(owner);
            let expected = self.model.power(caller, &instance, from);
            ((caller, instance), expected)
        });
        let forced = [("ForceStop", "true")];
        let forced = if from == "Running" && self.pick(2) == 0 { &forced[..] } else { &[] };
        if self.call_on(caller, [one, many], &instance, forced, expected).await {
            let moved = self.model.instances.get_mut(&instance).unwrap();
            (moved.status, moved.doing) = (to.to_owned(), doing);
        }
    }

    pub(super) async fn release(&mut self) {
        let instance = self.some_instance();
        let caller = self.caller_for(self.model.instances.get(&instance).map(|one| one.owner));
        let expected = self.model.release(caller, &instance);
        let names = ["DeleteInstance", "DeleteInstances"];
        if self.call_on(caller, names, &instance, &[("Force", "true")], expected).await {
            self.model.instances.get_mut(&instance).unwrap().doing = Doing::Deleting;
        }
    }

    /// Calls the action on one instance, or the one on a list of them.
    async fn call_on(
        &mut self,
        caller: usize,
        [one, many]: [&'static str; 2],
        instance: &str,
        more: &[(&str, &str)],
        expected: Expected,
    ) -> bool {
        if self.pick(2) == 0 {
            let ask = [&[("InstanceId", instance)], more].concat();
            return self.call(caller, one, &ask, expected).await.is_some();
        }
        let ask = [&[("RegionId", REGION), ("InstanceId.1", instance)], more].concat();
        self.call(caller, many, &ask, expected).await.is_some()
    }
}
