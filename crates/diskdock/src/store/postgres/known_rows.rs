//! Rows that a transaction of writes has read, or locked or written, so that none is asked for
//! twice: they stay as they are until its commit, or were changed by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{Disk, DiskId, InstanceId};

use super::super::prefetch::{TokenName, token_name};
use super::super::{AttachedDisk, AttachedDisks, EntityType, HostTerm, StoredNonce, TokenRecord};
use super::postgres_tx::VersionedResource;

/// The disks of an instance, by id.
pub(super) type AttachedById = BTreeMap<DiskId, Arc<AttachedDisk>>;

/// Rows that a transaction of writes has read.
#[derive(Default)]
pub(super) struct KnownRows {
    /// By the name of the kind and the id; none of one that is not there.
    resources: HashMap<(&'static str, Box<str>), Option<VersionedResource>>,
    attached: HashMap<InstanceId, AttachedById>,
    tokens: HashMap<TokenName, Option<TokenRecord>>,
    /// Nonces that were saved ahead: whether they are new to who saves them.
    nonces: BTreeMap<StoredNonce, bool>,
    /// Epochs of hosts, which are held.
    epochs: HashMap<String, Option<i64>>,
}

impl KnownRows {
    /// A resource, if it was read; within that none if it is not there.
    pub(super) fn resource(&self, of: &EntityType, id: &str) -> Option<Option<VersionedResource>> {
        self.resources.get(&(of.kind.name, Box::from(id))).cloned()
    }

    pub(super) fn set_resource(
        &mut self,
        of: &EntityType,
        id: &str,
        found: Option<VersionedResource>,
    ) {
        self.resources.insert((of.kind.name, Box::from(id)), found);
    }

    pub(super) fn forget_resource(&mut self, of: &EntityType, id: &str) {
        self.resources.remove(&(of.kind.name, Box::from(id)));
    }

    pub(super) fn attached(&self, instance: &InstanceId) -> Option<AttachedDisks> {
        self.attached.get(instance).map(|disks| disks.values().cloned().collect())
    }

    pub(super) fn set_attached(&mut self, instance: InstanceId, disks: AttachedById) {
        self.attached.insert(instance, disks);
    }

    /// Brings the lists to what this transaction has made of a disk.
    pub(super) fn follow(&mut self, disk: &DiskId, now: Option<&Disk>) {
        for (instance, disks) in &mut self.attached {
            match now.and_then(|now| on_instance(now, instance)) {
                Some(found) => disks.insert(disk.clone(), found),
                None => disks.remove(disk),
            };
        }
    }

    pub(super) fn token(&self, key: &TokenName) -> Option<Option<TokenRecord>> {
        self.tokens.get(key).cloned()
    }

    pub(super) fn set_token(&mut self, key: TokenName, found: Option<TokenRecord>) {
        self.tokens.insert(key, found);
    }

    /// A token is saved, which others may look for as well.
    pub(super) fn saved_token(&mut self, record: &TokenRecord) {
        self.tokens.insert(token_name(record), Some(record.clone()));
    }

    pub(super) fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    /// A nonce was saved ahead, and was new or not.
    pub(super) fn set_nonce(&mut self, nonce: StoredNonce, is_new: bool) {
        self.nonces.insert(nonce, is_new);
    }

    /// Whether a nonce that was saved ahead is new: to the first who asks.
    pub(super) fn take_nonce(&mut self, nonce: &StoredNonce) -> Option<bool> {
        self.nonces.get_mut(nonce).map(std::mem::take)
    }

    /// Whether a host is in the epoch of this term, if that is known.
    pub(super) fn holds(&self, term: &HostTerm) -> Option<bool> {
        self.epochs.get(&term.host).map(|epoch| *epoch == Some(term.epoch))
    }

    pub(super) fn set_epoch(&mut self, host: String, epoch: Option<i64>) {
        self.epochs.insert(host, epoch);
    }

    pub(super) fn forget_epoch(&mut self, host: &str) {
        self.epochs.remove(host);
    }
}

/// The attachment of a disk to an instance.
pub(super) fn on_instance(disk: &Disk, instance: &InstanceId) -> Option<Arc<AttachedDisk>> {
    disk.on(instance).map(|at| {
        Arc::new(AttachedDisk {
            disk: disk.id.clone(),
            device: at.device.clone(),
            phase: at.phase,
            generation: at.generation,
        })
    })
}
