//! Tags of disks, instances and snapshots, and resource groups of disks: steps of a run, and the
//! answers that are expected.

use super::model::{Expected, Model, WELL};
use super::steps::Simulation;
use crate::harness::REGION;

const NO_RESOURCE: Expected = &["InvalidResourceId.NotFound"];

/// The kind of a resource that is tagged, as requests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Disk,
    Instance,
    Snapshot,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Disk => "disk",
            Kind::Instance => "instance",
            Kind::Snapshot => "snapshot",
        }
    }
}

impl Model {
    fn owner(&self, kind: Kind, id: &str) -> Option<usize> {
        match kind {
            Kind::Disk => self.disks.get(id).map(|one| one.owner),
            Kind::Instance => self.instances.get(id).map(|one| one.owner),
            Kind::Snapshot => self.snapshots.get(id).map(|one| one.owner),
        }
    }

    /// The answer to a change of tags.
    fn tag(&self, caller: usize, kind: Kind, id: &str) -> Expected {
        if self.owner(kind, id) == Some(caller) { WELL } else { NO_RESOURCE }
    }

    fn set_tag(&mut self, kind: Kind, id: &str, tag: String) {
        match kind {
            Kind::Disk => self.disks.get_mut(id).unwrap().tag = tag,
            Kind::Instance => self.instances.get_mut(id).unwrap().traits.tag = tag,
            Kind::Snapshot => self.snapshots.get_mut(id).unwrap().tag = tag,
        }
    }

    /// The answer to JoinResourceGroup.
    fn join_group(&self, caller: usize, disk: &str, group: &str) -> Expected {
        match self.own_disk(caller, disk) {
            None => NO_RESOURCE,
            Some(disk) if disk.group == group => &["InvalidResourceGroup.Duplicate"],
            Some(_) => WELL,
        }
    }
}

impl Simulation {
    /// Changes a tag, or the resource group of a disk.
    pub(super) async fn label(&mut self) {
        let kind = [Kind::Disk, Kind::Disk, Kind::Instance, Kind::Snapshot][self.pick(4)];
        let id = match kind {
            Kind::Disk if self.pick(4) == 0 => {
                let (disk, group) = (self.some_disk(), format!("rg-{}", self.pick(2)));
                return self.join_group(&disk, &group).await;
            }
            Kind::Disk => self.some_disk(),
            Kind::Instance => self.some_instance(),
            Kind::Snapshot => self.some_snapshot(),
        };
        let caller = self.caller_for(self.model.owner(kind, &id));
        let value = format!("value-{}", self.pick(3));
        let (region, of_kind) = (("RegionId", REGION), ("ResourceType", kind.word()));
        let (one, first) = (("ResourceId", id.as_str()), ("ResourceId.1", id.as_str()));
        let (key, tagged) = (("Tag.1.Key", "team"), ("Tag.1.Value", value.as_str()));
        let (action, ask, tag) = match self.pick(4) {
            0 => ("TagResources", vec![region, of_kind, first, key, tagged], value.clone()),
            1 => {
                let key = ("TagKey.1", "team");
                ("UntagResources", vec![region, of_kind, first, key], String::new())
            }
            2 => ("AddTags", vec![of_kind, one, key, tagged], value.clone()),
            _ => ("RemoveTags", vec![of_kind, one, key], String::new()),
        };
        let expected = self.model.tag(caller, kind, &id);
        if self.call(caller, action, &ask, expected).await.is_some() {
            self.model.set_tag(kind, &id, tag);
            self.look_at_tag(caller, kind, &id).await;
        }
    }

    /// The list of tags agrees with what the resource itself shows.
    async fn look_at_tag(&mut self, caller: usize, kind: Kind, id: &str) {
        let tag = match kind {
            Kind::Disk => self.model.disks[id].tag.clone(),
            Kind::Instance => self.model.instances[id].traits.tag.clone(),
            Kind::Snapshot => self.model.snapshots[id].tag.clone(),
        };
        let ask = [("RegionId", REGION), ("ResourceType", kind.word()), ("ResourceId.1", id)];
        let listed = self.ask(caller, "ListTagResources", &ask).await.json;
        let listed = listed["TagResources"]["TagResource"].as_array().unwrap();
        let values: Vec<_> = listed.iter().map(|one| one["TagValue"].as_str().unwrap()).collect();
        let expected = Some(tag.as_str()).filter(|tag| !tag.is_empty());
        assert_eq!(values, expected.into_iter().collect::<Vec<_>>(), "{id}");
    }

    async fn join_group(&mut self, disk: &str, group: &str) {
        let caller = self.caller_for(self.model.disks.get(disk).map(|disk| disk.owner));
        let ask = [("ResourceType", "disk"), ("ResourceId", disk), ("ResourceGroupId", group)];
        let expected = self.model.join_group(caller, disk, group);
        if self.call(caller, "JoinResourceGroup", &ask, expected).await.is_some() {
            group.clone_into(&mut self.model.disks.get_mut(disk).unwrap().group);
        }
    }

    /// A disk joins the group that it is in by now: few steps of a run do that.
    pub(super) async fn join_group_twice(&mut self) {
        let disk = self.model.disks.keys().next().cloned().unwrap_or_else(|| "d-none".to_owned());
        for _ in 0..2 {
            self.join_group(&disk, "rg-0").await;
        }
    }
}
