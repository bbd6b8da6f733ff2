//! Networks and security groups: steps of a run, and the answers that are expected.

use super::model::{Doing, Expected, NO_INSTANCE, WELL};
use super::steps::{CALLERS, Simulation};
use crate::harness::{REGION, ZONE};

/// Networks at a time, at most.
const NETWORKS: usize = 3;
const NO_VPC: Expected = &["InvalidVpcId.NotFound"];
const NO_VSWITCH: Expected = &["InvalidVSwitchId.NotFound"];
const NO_GROUP: Expected = &["InvalidSecurityGroupId.NotFound"];
const NO_GROUP_TO_DELETE: Expected = &["InvalidSecurityGroup.NotFound"];

/// A VPC with its one vSwitch and its one security group, if they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub owner: usize,
    pub id: String,
    pub vswitch: Option<String>,
    pub group: Option<String>,
    /// Whether the group has its rule, for each way of traffic.
    pub rules: [bool; 2],
}

impl Simulation {
    /// Makes, changes or deletes parts of networks.
    pub(super) async fn change_networks(&mut self) {
        for _ in 0..4 {
            self.change_network().await;
        }
    }

    async fn change_network(&mut self) {
        // What is made here is made at once, for which a full host may have no room.
        if self.is_full {
            return;
        }
        if self.model.networks.len() < NETWORKS && self.pick(3) == 0 {
            let caller = self.pick(CALLERS);
            let ask = [("RegionId", REGION), ("CidrBlock", "10.1.0.0/16")];
            let wrong = self.pick(6) == 0;
            let ask = if wrong { [ask[0], ("CidrBlock", "127.0.0.0/8")] } else { ask };
            let expected: Expected = if wrong { &["InvalidParameter"] } else { WELL };
            let reply = self.call(caller, "Vpc.CreateVpc", &ask, expected).await;
            if let Some(reply) = reply {
                let id = reply["VpcId"].as_str().unwrap().to_owned();
                let rules = [false; 2];
                let network = Network { owner: caller, id, vswitch: None, group: None, rules };
                self.model.networks.push(network);
                self.server.drain().await;
            }
            return;
        }
        let nth = self.pick(self.model.networks.len().max(1));
        let network = self.model.networks.get(nth).cloned();
        let none = Network {
            owner: 0,
            id: "vpc-none".to_owned(),
            vswitch: None,
            group: None,
            rules: [false; 2],
        };
        let network = network.unwrap_or(none);
        let caller = self.caller_for(Some(network.owner));
        let is_own = caller == network.owner && self.model.networks.get(nth).is_some();
        let changed = match self.pick(8) {
            0..2 => self.change_vswitch(caller, is_own, &network).await,
            2..4 => self.change_group(caller, is_own, &network).await,
            4..7 => self.change_rules(caller, is_own, &network).await,
            _ => return self.delete_vpc(caller, is_own, nth, &network).await,
        };
        if let Some(changed) = changed {
            self.model.networks[nth] = changed;
        }
    }

    async fn delete_vpc(&mut self, caller: usize, is_own: bool, nth: usize, network: &Network) {
        let expected: Expected = match (&network.vswitch, &network.group) {
            _ if !is_own => NO_VPC,
            (Some(_), _) => &["DependencyViolation.VSwitch"],
            (None, Some(_)) => &["DependencyViolation.SecurityGroup"],
            (None, None) => WELL,
        };
        let ask = [("VpcId", network.id.as_str())];
        if self.call(caller, "Vpc.DeleteVpc", &ask, expected).await.is_some() {
            self.model.networks.remove(nth);
        }
    }

    async fn change_vswitch(
        &mut self,
        caller: usize,
        is_own: bool,
        network: &Network,
    ) -> Option<Network> {
        let mut changed = network.clone();
        if let Some(vswitch) = changed.vswitch.take() {
            let ask = [("VSwitchId", vswitch.as_str())];
            let expected = if is_own { WELL } else { NO_VSWITCH };
            self.call(caller, "Vpc.DeleteVSwitch", &ask, expected).await?;
            return Some(changed);
        }
        if self.pick(3) == 0 {
            let ask = [("VSwitchId", "vsw-none")];
            self.call(caller, "Vpc.DeleteVSwitch", &ask, NO_VSWITCH).await;
        }
        let ask = [("VpcId", network.id.as_str()), ("ZoneId", ZONE), ("CidrBlock", "10.1.2.0/24")];
        let expected = if is_own { WELL } else { NO_VPC };
        let reply = self.call(caller, "Vpc.CreateVSwitch", &ask, expected).await?;
        changed.vswitch = Some(reply["VSwitchId"].as_str().unwrap().to_owned());
        self.server.drain().await;
        Some(changed)
    }

    async fn change_group(
        &mut self,
        caller: usize,
        is_own: bool,
        network: &Network,
    ) -> Option<Network> {
        let mut changed = network.clone();
        let Some(group) = network.group.as_deref() else {
            let none = [("RegionId", REGION), ("SecurityGroupId", "sg-none")];
            if self.pick(3) == 0 {
                self.call(caller, "DeleteSecurityGroup", &none, NO_GROUP_TO_DELETE).await;
                let ask = [none[0], none[1], ("SecurityGroupName", "renamed")];
                self.call(caller, "ModifySecurityGroupAttribute", &ask, NO_GROUP).await;
            }
            // A VPC of another account is only a word.
            let owner = if is_own { caller } else { network.owner };
            let kind = if self.pick(4) == 0 { "large" } else { "normal" };
            let expected: Expected =
                if kind == "large" { &["InvalidParams.GroupType"] } else { WELL };
            let place = [("RegionId", REGION), ("VpcId", network.id.as_str())];
            let ask = [place[0], place[1], ("SecurityGroupType", kind)];
            if self.model.networks.iter().all(|known| known.id != network.id) {
                return None;
            }
            let reply = self.call(owner, "CreateSecurityGroup", &ask, expected).await?;
            changed.group = Some(reply["SecurityGroupId"].as_str().unwrap().to_owned());
            return Some(changed);
        };
        let target = [("RegionId", REGION), ("SecurityGroupId", group)];
        match self.pick(4) {
            0..2 => {
                let expected = if is_own { WELL } else { NO_GROUP };
                let ask = [target[0], target[1], ("SecurityGroupName", "renamed")];
                self.call(caller, "ModifySecurityGroupAttribute", &ask, expected).await;
                None
            }
            2 => {
                self.change_members(caller, is_own, group).await;
                None
            }
            _ => {
                let expected = if is_own { WELL } else { NO_GROUP_TO_DELETE };
                self.call(caller, "DeleteSecurityGroup", &target, expected).await?;
                (changed.group, changed.rules) = (None, [false; 2]);
                Some(changed)
            }
        }
    }

    /// Instances lie in the VPC that is invented for them, so that none fits the group.
    async fn change_members(&mut self, caller: usize, is_own: bool, group: &str) {
        let instance = self.some_instance();
        let known = self.model.own_instance(caller, &instance);
        let (known, moves) = (known.is_some(), known.is_some_and(|one| one.doing != Doing::Rest));
        let joins = self.pick(2) == 0;
        let expected: Expected = match (known, joins) {
            (false, _) => NO_INSTANCE,
            // It may have been released since the last look.
            (true, _) if moves => &[
                "InvalidInstanceId.NotFound",
                "InvalidSecurityGroupId.NotFound",
                "InvalidInstanceId.Mismatch",
                "InstanceNotInSecurityGroup",
                "IncorrectInstanceStatus",
            ],
            (true, _) if !is_own => NO_GROUP,
            (true, true) => &["InvalidInstanceId.Mismatch", "IncorrectInstanceStatus"],
            (true, false) => &["InstanceNotInSecurityGroup", "IncorrectInstanceStatus"],
        };
        let action = if joins { "JoinSecurityGroup" } else { "LeaveSecurityGroup" };
        let ask = [("InstanceId", instance.as_str()), ("SecurityGroupId", group)];
        self.call(caller, action, &ask, expected).await;
    }

    async fn change_rules(
        &mut self,
        caller: usize,
        is_own: bool,
        network: &Network,
    ) -> Option<Network> {
        let group = network.group.as_deref().unwrap_or("sg-none");
        let is_own = is_own && network.group.is_some();
        let way = self.pick(2);
        let end = ["SourceCidrIp", "DestCidrIp"][way];
        let adds = self.pick(2) == 0;
        let action = match (way, adds) {
            (0, true) => "AuthorizeSecurityGroup",
            (0, false) => "RevokeSecurityGroup",
            (_, true) => "AuthorizeSecurityGroupEgress",
            (_, false) => "RevokeSecurityGroupEgress",
        };
        let expected = if is_own { WELL } else { NO_GROUP };
        let ask = [
            ("RegionId", REGION),
            ("SecurityGroupId", group),
            ("IpProtocol", "tcp"),
            ("PortRange", "22/22"),
            (end, "10.0.0.0/8"),
        ];
        self.call(caller, action, &ask, expected).await?;
        let mut changed = network.clone();
        changed.rules[way] = adds;
        let shown = self.ask(caller, "DescribeSecurityGroupAttribute", &ask[..2]).await.json;
        let shown = shown["Permissions"]["Permission"].as_array().unwrap();
        let count = changed.rules.iter().filter(|there| **there).count();
        assert_eq!(shown.len(), count, "{shown:?}");
        Some(changed)
    }

    /// Networks are there as long as nobody deletes them, whatever happens to the server.
    pub(super) async fn look_at_networks(&mut self) {
        for caller in 0..CALLERS {
            let ask = [("RegionId", REGION), ("PageSize", "50")];
            let reply = self.ask(caller, "Vpc.DescribeVpcs", &ask).await.json;
            let list = reply["Vpcs"]["Vpc"].as_array().unwrap();
            let mut seen: Vec<_> =
                list.iter().map(|vpc| vpc["VpcId"].as_str().unwrap().to_owned()).collect();
            let own = self.model.networks.iter().filter(|network| network.owner == caller);
            let mut known: Vec<_> = own.map(|network| network.id.clone()).collect();
            seen.sort();
            known.sort();
            assert_eq!(seen, known);
        }
    }
}
