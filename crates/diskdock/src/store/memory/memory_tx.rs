//! One transaction on the tables, and how a write is undone.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;
use imbl::OrdMap;
use smol_str::SmolStr;

use super::super::engine::DepthLimit;
use super::super::{Depth, EntityType, StoreError};
use super::tables::{KeptResource, Tables};

/// The tables of a transaction, which may change them or not.
pub(super) trait TablesOf {
    /// Whether it may change them.
    const WRITES: bool;
    fn get(&self) -> &Tables;
}

impl TablesOf for &Tables {
    const WRITES: bool = false;

    fn get(&self) -> &Tables {
        self
    }
}

impl TablesOf for &mut Tables {
    const WRITES: bool = true;

    fn get(&self) -> &Tables {
        self
    }
}

/// A step that undoes a change.
type Undo = Box<dyn FnOnce(&mut Tables)>;

/// One transaction on the tables.
pub(super) struct MemoryTx<T> {
    tables: T,
    limit: DepthLimit,
    /// The addresses of the resources that a write has read: those that it may save over.
    loaded: RefCell<HashSet<usize, RandomState>>,
    /// The steps that undo the write, if it may have to be undone.
    undo: Option<Vec<Undo>>,
}

impl<T: TablesOf> MemoryTx<T> {
    fn new(tables: T, depth: Depth, undo: Option<Vec<Undo>>) -> MemoryTx<T> {
        MemoryTx { tables, limit: DepthLimit::new(depth), loaded: RefCell::default(), undo }
    }

    pub(super) fn tables(&self) -> &Tables {
        self.tables.get()
    }

    /// See [`DepthLimit::exceeded`].
    pub(super) fn exceeded(&self) -> bool {
        self.limit.exceeded()
    }

    /// See [`DepthLimit::allow_lists`].
    pub(super) fn allow_lists(&self) -> Result<(), StoreError> {
        self.limit.allow_lists()
    }

    /// A resource, which a write may save over then.
    pub(super) fn find(&self, of: &EntityType, id: &str) -> Option<KeptResource> {
        let found = self.tables().kind(of).rows.get(id)?;
        self.allow_saving(found);
        Some(Arc::clone(found))
    }

    /// A write may save over this resource, which it has read.
    pub(super) fn allow_saving(&self, found: &KeptResource) {
        if T::WRITES {
            self.loaded.borrow_mut().insert(address(found));
        }
    }
}

impl<'t> MemoryTx<&'t Tables> {
    pub(super) fn reading(tables: &'t Tables, depth: Depth) -> MemoryTx<&'t Tables> {
        MemoryTx::new(tables, depth, None)
    }
}

impl<'t> MemoryTx<&'t mut Tables> {
    /// A write to tables that are thrown away if it fails.
    pub(super) fn writing(tables: &'t mut Tables) -> MemoryTx<&'t mut Tables> {
        MemoryTx::new(tables, Depth::Lists, None)
    }

    /// A write that can be undone.
    pub(super) fn undoable(tables: &'t mut Tables) -> MemoryTx<&'t mut Tables> {
        MemoryTx::new(tables, Depth::Lists, Some(Vec::new()))
    }

    /// Brings the tables back to what they were.
    pub(super) fn undo(self) {
        for step in self.undo.into_iter().flatten().rev() {
            step(self.tables);
        }
    }

    /// Saves a resource over one that this write has read, or where there is none.
    pub(super) fn save_over(&mut self, resource: KeptResource) -> Result<(), StoreError> {
        let (of, id) = (resource.resource_type(), SmolStr::new(resource.id()));
        let before = self.tables.kind(of).rows.get(&id);
        if let Some(before) = before
            && !self.loaded.get_mut().contains(&address(before))
        {
            return Err(there_already(of.kind.name, &id));
        }
        let saved = address(&resource);
        self.replace(of, id, Some(resource));
        self.loaded.get_mut().insert(saved);
        Ok(())
    }

    /// Replaces or removes a resource. Gives what was there before.
    pub(super) fn replace(
        &mut self,
        of: &'static EntityType,
        id: SmolStr,
        now: Option<KeptResource>,
    ) -> bool {
        let before = self.tables.replace(of, &id, now);
        let was_there = before.is_some();
        if let Some(before) = &before {
            // What has its place in memory later is another one.
            self.loaded.get_mut().remove(&address(before));
        }
        self.on_undo(move |tables| drop(tables.replace(of, &id, before)));
        was_there
    }

    /// A resource that was saved does not count as read: another save of it needs another read.
    pub(super) fn forget(&mut self, saved: &KeptResource) {
        self.loaded.get_mut().remove(&address(saved));
    }

    /// Puts a value into a table, or takes the one out that is there. Gives what was there before.
    pub(super) fn set<K, V>(
        &mut self,
        table: fn(&mut Tables) -> &mut OrdMap<K, V>,
        key: K,
        value: Option<V>,
    ) -> Option<V>
    where
        K: Ord + Clone + 'static,
        V: Clone + 'static,
    {
        let before = put(table(self.tables), key.clone(), value);
        let gives = before.clone();
        self.on_undo(move |tables| drop(put(table(tables), key, before)));
        gives
    }

    /// Changes much at once.
    pub(super) fn change_all(&mut self, change: impl FnOnce(&mut Tables)) {
        if self.undo.is_some() {
            let before = self.tables.clone();
            self.on_undo(move |tables| *tables = before);
        }
        change(self.tables);
    }

    fn on_undo(&mut self, step: impl FnOnce(&mut Tables) + 'static) {
        if let Some(undo) = &mut self.undo {
            undo.push(Box::new(step));
        }
    }
}

fn put<K: Ord + Clone, V: Clone>(table: &mut OrdMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => table.insert(key, value),
        None => table.remove(&key),
    }
}

/// The address of a resource: while it is in the tables, it is the only one there.
fn address(resource: &KeptResource) -> usize {
    Arc::as_ptr(resource).cast::<()>().addr()
}

/// The error of a new row that is not new.
pub(super) fn there_already(what: &str, id: impl std::fmt::Display) -> StoreError {
    StoreError::Engine(format!("{what} {id} is there already"))
}
