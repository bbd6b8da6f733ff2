//! Changes of instances that move nothing: steps of a run, and the answers that are expected.

use super::model::{Expected, Model, NO_INSTANCE, WELL};
use super::steps::Simulation;
use crate::harness::REGION;

impl Model {
    /// The answer to ModifyInstanceAttribute, which gives a name.
    fn rename_instance(&self, caller: usize, instance: &str) -> Expected {
        if self.own_instance(caller, instance).is_some() { WELL } else { NO_INSTANCE }
    }

    /// The answer to ModifyInstanceSpec, which gives another bandwidth.
    fn change_bandwidth(&self, caller: usize, instance: &str) -> Expected {
        match self.own_instance(caller, instance) {
            None => NO_INSTANCE,
            Some(found) if found.has_stable_status() => WELL,
            Some(_) => &["", "InvalidStatus.ValueNotSupported"],
        }
    }

    /// The answer to ModifyInstanceSpec, which gives another type.
    fn change_type(&self, caller: usize, instance: &str) -> Expected {
        match self.own_instance(caller, instance) {
            None => NO_INSTANCE,
            Some(found) if found.status != "Stopped" => &["InvalidInstanceStatus.NotStopped"],
            Some(found) if found.has_stable_status() => WELL,
            Some(_) => &["", "InvalidStatus.ValueNotSupported", "InvalidInstanceStatus.NotStopped"],
        }
    }

    /// The answer to ModifyInstanceChargeType with the method that instances have: pay-as-you-go.
    fn change_charge_type(&self, caller: usize, instance: &str) -> Expected {
        match self.own_instance(caller, instance) {
            None => NO_INSTANCE,
            Some(_) => {
                &["InvalidStatus.ValueNotSupported", "InvalidInstanceChargeType.ValueNotSupported"]
            }
        }
    }
}

impl Simulation {
    /// Changes the name of an instance, its bandwidth or how it is paid for.
    pub(super) async fn change_instance(&mut self) {
        let instance = self.some_instance();
        let caller = self.caller_for(self.model.instances.get(&instance).map(|one| one.owner));
        match self.pick(4) {
            0 => return self.change_bandwidth(caller, &instance).await,
            2 => return self.change_type().await,
            1 => {
                let expected = self.model.change_charge_type(caller, &instance);
                let ids = format!("[\"{instance}\"]");
                let kind = ("InstanceChargeType", "PostPaid");
                let ask = [("RegionId", REGION), ("InstanceIds", ids.as_str()), kind];
                self.call(caller, "ModifyInstanceChargeType", &ask, expected).await;
                return;
            }
            _ => {}
        }
        let expected = self.model.rename_instance(caller, &instance);
        let (id, name) = (("InstanceId", instance.as_str()), format!("name-{}", self.pick(100)));
        let ask = [id, ("InstanceName", &name)];
        if self.call(caller, "ModifyInstanceAttribute", &ask, expected).await.is_some() {
            let shown = self.ask(caller, "DescribeInstanceAttribute", &[id]).await;
            assert_eq!(shown.text_at("InstanceName"), name);
            self.model.instances.get_mut(&instance).unwrap().traits.name = name;
        }
    }

    async fn change_bandwidth(&mut self, caller: usize, instance: &str) {
        let expected = self.model.change_bandwidth(caller, instance);
        let bandwidth = self.pick(100);
        let (id, most) = (("InstanceId", instance), bandwidth.to_string());
        let ask = [id, ("InternetMaxBandwidthOut", most.as_str())];
        if self.call(caller, "ModifyInstanceSpec", &ask, expected).await.is_some() {
            let shown = self.ask(caller, "DescribeInstanceAttribute", &[id]).await;
            assert_eq!(shown.json["InternetMaxBandwidthOut"].to_string(), most);
            let traits = &mut self.model.instances.get_mut(instance).unwrap().traits;
            traits.bandwidth = bandwidth as u64;
        }
    }

    /// Another type, of an instance that is off if there is one.
    async fn change_type(&mut self) {
        let instance = self.some_instance_that_is_off();
        let caller = self.caller_for(self.model.instances.get(&instance).map(|one| one.owner));
        let kind = ["ecs.g6.large", "ecs.g6.xlarge"][self.pick(2)];
        let expected = self.model.change_type(caller, &instance);
        let ask = [("InstanceId", instance.as_str()), ("InstanceType", kind)];
        if self.call(caller, "ModifyInstanceSpec", &ask, expected).await.is_some() {
            let traits = &mut self.model.instances.get_mut(&instance).unwrap().traits;
            kind.clone_into(&mut traits.kind);
        }
    }
}
