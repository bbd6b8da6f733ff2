//! What was read or written lately, decoded and within a bound, so that finding an entity by its
//! id costs neither SQL nor JSON. One process has the store to itself, so what is kept is what is
//! committed.
//!
//! A version counts the commits: it is odd while one is under way. Whoever reads from here looks
//! at the version before and after; if it was even and is the same, all that was read belongs
//! together. Else the read is done again in SQL, which gives a consistent view by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Disk, DiskId, Instance, InstanceId};

use super::super::StoreError;
use super::super::records::AttachedDisk;

/// Disks that are kept at most are twice as many; some 1 KB each.
const DISKS: usize = 8_192;
/// Instances that are kept at most are twice as many; some 2 KB each with their list of disks.
const INSTANCES: usize = 2_048;
/// Of the entities that reads find in SQL, one in so many is kept.
const ADMITTED: u64 = 8;
/// Entities that one commit touches at most before all that is kept is dropped instead.
const TOUCHED: usize = 2_048;

/// An entity and its revision in the store.
pub(super) type Versioned<T> = (Arc<T>, i64);

/// All that is kept.
pub(super) struct EntityCache {
    version: AtomicU64,
    /// Reads that went to SQL.
    missed: AtomicU64,
    shelves: Mutex<Shelves>,
}

struct Shelves {
    disks: Generations<DiskId, Versioned<Disk>>,
    instances: Generations<InstanceId, Versioned<Instance>>,
    attached: Generations<InstanceId, Arc<Vec<AttachedDisk>>>,
}

/// Keeps the entries used last: when the young ones are many, they become the old ones, and the
/// old ones that were not used meanwhile are dropped.
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    most: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Generations<K, V> {
    fn new(most: usize) -> Generations<K, V> {
        Generations { young: HashMap::new(), old: HashMap::new(), most }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.most {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    fn follow(&mut self, delta: HashMap<K, Option<V>>) {
        for (key, value) in delta {
            match value {
                Some(value) => self.put(key, value),
                None => self.remove(&key),
            }
        }
    }
}

impl Default for Shelves {
    fn default() -> Shelves {
        Shelves {
            disks: Generations::new(DISKS),
            instances: Generations::new(INSTANCES),
            attached: Generations::new(INSTANCES),
        }
    }
}

/// What the writes of one commit have touched. What is not known any more is `None`.
#[derive(Default)]
pub(super) struct CommitDelta {
    disks: HashMap<DiskId, Option<Versioned<Disk>>>,
    instances: HashMap<InstanceId, Option<Versioned<Instance>>>,
    attached: HashMap<InstanceId, Option<Arc<Vec<AttachedDisk>>>>,
    /// So much that nothing is known any more.
    everything: bool,
}

impl Default for EntityCache {
    fn default() -> EntityCache {
        EntityCache {
            version: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            shelves: Mutex::default(),
        }
    }
}

impl EntityCache {
    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk, if it is kept.
    pub fn disk(&self, id: &DiskId) -> Option<Versioned<Disk>> {
        self.lock().disks.get(id)
    }

    /// The instance, if it is kept.
    pub fn instance(&self, id: &InstanceId) -> Option<Versioned<Instance>> {
        self.lock().instances.get(id)
    }

    /// The disks of an instance, if they are kept.
    pub fn attached(&self, id: &InstanceId) -> Option<Arc<Vec<AttachedDisk>>> {
        self.lock().attached.get(id)
    }

    /// The version, unless a commit is under way.
    pub fn version(&self) -> Option<u64> {
        Some(self.version.load(Ordering::Acquire)).filter(|version| version % 2 == 0)
    }

    /// Commits through `commit`, and follows what it has touched if that went well.
    pub fn publish(
        &self,
        delta: CommitDelta,
        commit: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.version.fetch_add(1, Ordering::AcqRel);
        let committed = commit();
        if committed.is_ok() {
            self.lock().follow(delta);
        }
        self.version.fetch_add(1, Ordering::AcqRel);
        committed
    }

    /// Whether what a read found in SQL is to be kept: one in so many is, so that what is read
    /// often is soon kept and a walk over all disks drives out nothing.
    pub fn admits(&self) -> bool {
        self.missed.fetch_add(1, Ordering::Relaxed).is_multiple_of(ADMITTED)
    }

    /// Keeps a disk that was read in SQL at this version.
    pub fn keep_disk(&self, disk: Versioned<Disk>, version: u64) {
        let mut shelves = self.lock();
        if self.version() == Some(version) {
            shelves.disks.put(disk.0.id.clone(), disk);
        }
    }

    /// Keeps an instance that was read in SQL at this version.
    pub fn keep_instance(&self, instance: Versioned<Instance>, version: u64) {
        let mut shelves = self.lock();
        if self.version() == Some(version) {
            shelves.instances.put(instance.0.id.clone(), instance);
        }
    }
}

impl Shelves {
    fn follow(&mut self, delta: CommitDelta) {
        if delta.everything {
            *self = Shelves::default();
            return;
        }
        self.disks.follow(delta.disks);
        self.instances.follow(delta.instances);
        self.attached.follow(delta.attached);
    }
}

/// What the writing transaction knows without asking SQL. `None`: ask.
impl CommitDelta {
    pub fn disk(&self, kept: &EntityCache, id: &DiskId) -> Option<Versioned<Disk>> {
        match self.disks.get(id) {
            Some(known) => known.clone(),
            None if self.everything => None,
            None => kept.disk(id),
        }
    }

    pub fn instance(&self, kept: &EntityCache, id: &InstanceId) -> Option<Versioned<Instance>> {
        match self.instances.get(id) {
            Some(known) => known.clone(),
            None if self.everything => None,
            None => kept.instance(id),
        }
    }

    pub fn attached(&self, kept: &EntityCache, id: &InstanceId) -> Option<Arc<Vec<AttachedDisk>>> {
        match self.attached.get(id) {
            Some(known) => known.clone(),
            None if self.everything => None,
            None => kept.attached(id),
        }
    }

    pub fn set_disk(&mut self, id: &DiskId, disk: Option<Versioned<Disk>>) {
        self.disks.insert(id.clone(), disk);
        self.check();
    }

    pub fn set_instance(&mut self, id: &InstanceId, instance: Option<Versioned<Instance>>) {
        self.instances.insert(id.clone(), instance);
        self.check();
    }

    pub fn set_attached(&mut self, id: &InstanceId, attached: Option<Arc<Vec<AttachedDisk>>>) {
        self.attached.insert(id.clone(), attached);
        self.check();
    }

    /// So much is touched that nothing is known any more.
    pub fn touch_everything(&mut self) {
        *self = CommitDelta { everything: true, ..CommitDelta::default() };
    }

    fn check(&mut self) {
        let many = self.disks.len() + self.instances.len() + self.attached.len() > TOUCHED;
        if many || self.everything {
            self.touch_everything();
        }
    }
}
