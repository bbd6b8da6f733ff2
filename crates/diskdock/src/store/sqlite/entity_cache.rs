//! Resources that were read or written lately, decoded and within a bound, so that finding one by
//! its id costs neither SQL nor JSON.
//!
//! How it learns of changes: every commit of this server passes through [`EntityCache::publish`].
//! A commit from elsewhere (a restore, a tool) is noticed by the writer, which asks SQLite at the
//! beginning of each transaction whether the file was changed by another connection, and then
//! [drops](EntityCache::clear) everything. Writes do not rely on that: a resource is only saved
//! over the revision that the decision was made on.
//!
//! Two counters keep reads consistent. `generation` is odd while the cache follows a commit: a
//! read from here counts only if it was even and the same before and after. `commits` is odd while
//! a commit is under way: what a read found in SQL without a transaction counts, and is kept, only
//! if no commit came in between.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::InstanceId;

use super::super::{AttachedDisks, DynEntity, EntityType, StoreError};
use crate::fast_map::FastMap;

/// Resources of a kind that are kept at most are twice as many; some 1 KB each.
const RESOURCES: usize = 16_384;
/// Lists of an instance's disks that are kept at most are twice as many.
const ATTACHED: usize = 2_048;
/// Of the resources that reads find in SQL, one in so many is kept.
const ADMITTED: u64 = 8;
/// Entries that one commit changes at most before all that is kept is dropped instead.
const CHANGED: usize = 2_048;

/// A resource and its revision in the store.
pub(super) type Versioned = (Arc<dyn DynEntity>, i64);

/// The resources and attachments that are kept in memory.
#[derive(Default)]
pub(super) struct EntityCache {
    commits: AtomicU64,
    generation: AtomicU64,
    /// Reads that went to SQL.
    missed: AtomicU64,
    kept: Mutex<KeptEntries>,
}

#[derive(Default)]
struct KeptEntries {
    /// By the name of the kind.
    resources: FastMap<&'static str, Generations<Box<str>, Versioned>>,
    attached: Option<Generations<InstanceId, Arc<AttachedDisks>>>,
}

impl KeptEntries {
    fn of(&mut self, of: &EntityType) -> &mut Generations<Box<str>, Versioned> {
        self.resources.entry(of.kind.name).or_insert_with(|| Generations::new(RESOURCES))
    }

    fn attached(&mut self) -> &mut Generations<InstanceId, Arc<AttachedDisks>> {
        self.attached.get_or_insert_with(|| Generations::new(ATTACHED))
    }

    fn follow(&mut self, delta: CommitDelta) {
        if delta.everything {
            *self = KeptEntries::default();
            return;
        }
        for (name, changed) in delta.resources {
            let kept = self.resources.entry(name);
            kept.or_insert_with(|| Generations::new(RESOURCES)).follow(changed);
        }
        self.attached().follow(delta.attached);
    }
}

/// Keeps the entries used last: when the young ones are many, they become the old ones, and the
/// old ones that were not used meanwhile are dropped.
struct Generations<K, V> {
    young: FastMap<K, V>,
    old: FastMap<K, V>,
    most: usize,
}

impl<K: Eq + Hash, V: Clone> Generations<K, V> {
    fn new(most: usize) -> Generations<K, V> {
        Generations { young: FastMap::default(), old: FastMap::default(), most }
    }

    fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
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

    fn follow(&mut self, changed: FastMap<K, Option<V>>) {
        for (key, value) in changed {
            match value {
                Some(value) => self.put(key, value),
                None => {
                    self.young.remove(&key);
                    self.old.remove(&key);
                }
            }
        }
    }
}

impl EntityCache {
    fn lock(&self) -> MutexGuard<'_, KeptEntries> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resource, if it is kept.
    pub(super) fn resource(&self, of: &EntityType, id: &str) -> Option<Versioned> {
        self.lock().of(of).get(id)
    }

    /// The disks of an instance, if they are kept.
    pub(super) fn attached(&self, id: &InstanceId) -> Option<Arc<AttachedDisks>> {
        self.lock().attached().get(id)
    }

    /// The generation that a read from here belongs to, unless it changes just now.
    pub(crate) fn generation(&self) -> Option<u64> {
        Some(self.generation.load(Ordering::Acquire)).filter(|number| number % 2 == 0)
    }

    /// The number of commits that a read in SQL begins after, unless one is under way.
    pub(crate) fn commits(&self) -> Option<u64> {
        Some(self.commits.load(Ordering::Acquire)).filter(|number| number % 2 == 0)
    }

    /// Commits through `commit`, and follows what it has changed if that went well.
    pub(crate) fn publish(
        &self,
        delta: CommitDelta,
        commit: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::AcqRel);
        let committed = commit();
        if committed.is_ok() {
            self.generation.fetch_add(1, Ordering::AcqRel);
            self.lock().follow(delta);
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        self.commits.fetch_add(1, Ordering::AcqRel);
        committed
    }

    /// Drops everything, after another program has changed the store.
    pub(crate) fn clear(&self) {
        let mut everything = CommitDelta::default();
        everything.touch_everything();
        // Nothing is committed here, so nothing can fail.
        let _ = self.publish(everything, || Ok(()));
    }

    /// Keeps one in so many of the resources that reads find in SQL, so that what is read often
    /// is soon kept and a walk over all of a kind drives out nothing.
    pub(crate) fn admit(&self, found: &Versioned, commits: u64) {
        if !self.missed.fetch_add(1, Ordering::Relaxed).is_multiple_of(ADMITTED) {
            return;
        }
        let mut kept = self.lock();
        if self.commits() == Some(commits) {
            let resource = &found.0;
            kept.of(resource.resource_type()).put(resource.id().into(), found.clone());
        }
    }
}

/// The changes of one commit. An entry that is not known any more is `None`.
#[derive(Default)]
pub(super) struct CommitDelta {
    resources: FastMap<&'static str, FastMap<Box<str>, Option<Versioned>>>,
    attached: FastMap<InstanceId, Option<Arc<AttachedDisks>>>,
    entries: usize,
    /// So much that nothing is known any more.
    everything: bool,
}

/// Lookups of the writing transaction without SQL. `None`: ask SQL.
impl CommitDelta {
    pub(super) fn resource(
        &self,
        cache: &EntityCache,
        of: &EntityType,
        id: &str,
    ) -> Option<Versioned> {
        match self.resources.get(of.kind.name).and_then(|changed| changed.get(id)) {
            Some(known) => known.clone(),
            None if self.everything => None,
            None => cache.resource(of, id),
        }
    }

    pub(super) fn attached(
        &self,
        cache: &EntityCache,
        id: &InstanceId,
    ) -> Option<Arc<AttachedDisks>> {
        match self.attached.get(id) {
            Some(known) => known.clone(),
            None if self.everything => None,
            None => cache.attached(id),
        }
    }

    pub(super) fn set_resource(&mut self, of: &EntityType, id: &str, now: Option<Versioned>) {
        self.resources.entry(of.kind.name).or_default().insert(id.into(), now);
        self.count();
    }

    pub(super) fn set_attached(&mut self, id: &InstanceId, now: Option<Arc<AttachedDisks>>) {
        self.attached.insert(id.clone(), now);
        self.count();
    }

    /// So much is changed that nothing is known any more.
    pub(crate) fn touch_everything(&mut self) {
        *self = CommitDelta { everything: true, ..CommitDelta::default() };
    }

    /// Whether few enough entries changed to remember those as well that were only read.
    pub(crate) fn may_remember_reads(&self) -> bool {
        !self.everything && self.entries < CHANGED / 2
    }

    fn count(&mut self) {
        self.entries += 1;
        if self.entries > CHANGED || self.everything {
            self.touch_everything();
        }
    }
}
