//! Resources of any kind, as what can have tags and be in a resource group.

use std::sync::Arc;

use domain::limits::TAGS_PER_RESOURCE;

use crate::actions::instance::machine_spec::may_forward;
use crate::actions::prelude::*;
use crate::store::{DynEntity, EntityType, KINDS};

/// Ids in a request, at most.
const IDS_AT_MOST: usize = 50;

/// Keys that begin so are the service's own.
const OF_THE_SERVICE: &str = "acs:";

choice!(
    /// Kinds of resource that can be tagged. Of those that are not here, no id is found.
    pub(crate) enum ResourceType {
        Instance = "instance",
        Disk = "disk",
        Snapshot = "snapshot",
        Image = "image",
        SecurityGroup = "securitygroup",
        Volume = "volume",
        NetworkInterface = "eni",
        DedicatedHost = "ddh",
        DedicatedHostCluster = "ddhcluster",
        KeyPair = "keypair",
        LaunchTemplate = "launchtemplate",
        ReservedInstance = "reservedinstance",
        SnapshotPolicy = "snapshotpolicy",
        ElasticityAssurance = "elasticityassurance",
        CapacityReservation = "capacityreservation",
        Command = "command",
        Invocation = "invocation",
        Activation = "activation",
        ManagedInstance = "managedinstance",
    }
);

impl ResourceType {
    /// The kind in the store; none if the store keeps no such thing.
    pub(super) fn stored(self) -> Option<&'static EntityType> {
        KINDS.iter().copied().find(|kind| word_of(kind) == self.as_str())
    }
}

/// The ResourceType of a kind that the store keeps.
pub(super) fn word_of(kind: &EntityType) -> String {
    kind.kind.name.replace(' ', "")
}

/// Refuses a region that is not there, if one is given.
pub(super) fn check_region(
    call: &Call<'_>,
    region: Option<&RegionId>,
) -> Result<(), &'static ErrorCode> {
    let is_there = |region: &RegionId| call.environment.inventory.region(&region.0).is_some();
    if region.is_none_or(is_there) { Ok(()) } else { Err(&REGION_NOT_FOUND) }
}

/// A resource of some kind.
pub(super) type FoundResource = Arc<dyn DynEntity>;

/// The caller's resource of this kind and id, in this region if one is given.
pub(super) fn find(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    kind: ResourceType,
    id: &str,
    region: Option<&RegionId>,
) -> Result<Option<FoundResource>, StoreError> {
    let Some(kind) = kind.stored() else { return Ok(None) };
    let is_there = |one: &FoundResource| region.is_none_or(|region| region.0 == one.region());
    let is_visible = |one: &FoundResource| *one.account() == call.caller.account && is_there(one);
    let can_be_tagged = |one: &FoundResource| one.with_tags(Vec::new()).is_some();
    Ok(tx.resource(kind, id)?.filter(is_visible).filter(can_be_tagged))
}

/// All of these, in the order of the request; the error if one is not there. Each is there once.
pub(super) fn find_all(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    kind: ResourceType,
    ids: &[Text<1, 128>],
    region: &RegionId,
) -> Result<Vec<FoundResource>, ActionError> {
    call.environment.inventory.region(&region.0).ok_or(&REGION_NOT_FOUND)?;
    if ids.len() > IDS_AT_MOST {
        return Err((&RESOURCE_IDS_EXCEEDED).into());
    }
    let mut found: Vec<FoundResource> = Vec::with_capacity(ids.len());
    for Text(id) in ids {
        let one = find(tx, call, kind, id, Some(region))?.ok_or(&RESOURCE_IDS_NOT_FOUND)?;
        if found.iter().all(|known| known.id() != one.id()) {
            found.push(one);
        }
    }
    Ok(found)
}

/// Tags that are to be set on resources, or taken off; the resources exist.
pub(crate) struct Tagging {
    pub(super) resources: Vec<FoundResource>,
    pub(super) tags: Vec<Tag>,
    /// Whether the tags forward only ports that this server gives.
    may_forward: bool,
}

impl Tagging {
    /// These tags, to be set on these resources.
    pub(super) fn new(call: &Call<'_>, resources: Vec<FoundResource>, tags: Vec<Tag>) -> Tagging {
        let may_forward = may_forward(call.environment, &tags);
        Tagging { resources, tags, may_forward }
    }

    /// The tags of a resource when the new ones are set.
    fn merged(&self, resource: &FoundResource) -> Vec<Tag> {
        let mut merged = resource.tags().to_vec();
        for tag in &self.tags {
            domain::tag::set(&mut merged, tag.clone());
        }
        merged
    }

    fn fits(&self) -> bool {
        self.resources.iter().all(|one| self.merged(one).len() <= TAGS_PER_RESOURCE)
    }

    fn may_have_forwards(&self) -> bool {
        let is_instance = |one: &FoundResource| one.resource_type().kind.name == "instance";
        !self.resources.iter().any(is_instance) || self.may_forward
    }

    /// Sets the tags on all of the resources.
    pub(super) fn set(self) -> Effect<()> {
        let changed: Vec<_> =
            self.resources.iter().filter_map(|one| one.with_tags(self.merged(one))).collect();
        save_all(changed)
    }
}

/// Saves resources of whatever kinds.
fn save_all(changed: impl IntoIterator<Item = FoundResource>) -> Effect<()> {
    let save = |effect: Effect<()>, one| effect.change(StoreChange::Save(one));
    changed.into_iter().fold(Effect::reply(()), save)
}

/// Takes tags off resources; the service's own stay.
pub(super) fn take_off(resources: &[FoundResource], is_meant: impl Fn(&Tag) -> bool) -> Effect<()> {
    let stays = |tag: &&Tag| tag.key.starts_with(OF_THE_SERVICE) || !is_meant(tag);
    let without =
        |one: &FoundResource| one.with_tags(one.tags().iter().filter(stays).cloned().collect());
    save_all(resources.iter().filter_map(without).collect::<Vec<_>>())
}

/// Checked before tags are set.
#[rustfmt::skip]
pub(super) const RULES: &[Precondition<Tagging>] = &[
    must("no resource has more than 20 tags afterwards",          Tagging::fits, &TAG_QUOTA),
    must("the tag diskdock:forward of an instance lists ports that this server gives, such as 2222:22", Tagging::may_have_forwards, &TAG_VALUE_MALFORMED),
];
