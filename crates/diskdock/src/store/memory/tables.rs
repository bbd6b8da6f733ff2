//! The tables, and what follows every change of a resource: where it is listed, what it is found
//! by, which disks an instance has, what is placed on hosts.

use std::sync::Arc;
use std::time::Instant;

use domain::host::FenceRecord;
use domain::{Host, Moment, OperationId, Uptime};
use imbl::OrdMap;
use smol_str::SmolStr;

use super::super::engine_rows::{TermChange, attachments, disk_in, follow_terms, loads};
use super::super::{
    AccessKey, AttachedDisk, AttachedDisks, CallRecord, DynEntity, EntityType, KINDS, OperationRow,
    TokenRecord,
};

/// A resource, shared with whoever reads it.
pub(super) type KeptResource = Arc<dyn DynEntity>;
/// The place of a resource in lists: when it was created, and its id.
pub(super) type ListPlace = (Moment, SmolStr);
/// A term, its value, and the place of the resource that is found by it.
pub(super) type TermKey = (SmolStr, SmolStr, ListPlace);
/// The account, the action and the ClientToken.
pub(super) type TokenKey = (SmolStr, SmolStr, SmolStr);

/// The whole state. A clone shares all of it until one of the two changes.
#[derive(Clone)]
pub(super) struct Tables {
    kinds: [KindTable; KINDS.len()],
    pub(super) attached: OrdMap<SmolStr, Arc<AttachedDisks>>,
    pub(super) user_data: OrdMap<SmolStr, Arc<str>>,
    pub(super) tokens: OrdMap<TokenKey, Arc<TokenRecord>>,
    pub(super) tokens_by_age: OrdMap<(Moment, TokenKey), ()>,
    pub(super) operations: OrdMap<OperationId, Arc<OperationRow>>,
    pub(super) failed: OrdMap<OperationId, Arc<OperationRow>>,
    /// How many operations there are under each lease.
    pub(super) owners: OrdMap<SmolStr, u64>,
    /// Renewals, and the uptime of the last one.
    pub(super) leases: OrdMap<SmolStr, (i64, Uptime)>,
    /// The host that has the bytes, or empty.
    pub(super) discards: OrdMap<SmolStr, SmolStr>,
    pub(super) snapshot_discards: OrdMap<SmolStr, SmolStr>,
    pub(super) access_keys: OrdMap<SmolStr, Arc<AccessKey>>,
    /// By second and hash.
    pub(super) nonces: OrdMap<(i64, u64), ()>,
    pub(super) forgotten_until_s: Option<i64>,
    pub(super) calls: OrdMap<i64, Arc<CallRecord>>,
    pub(super) hosts: OrdMap<SmolStr, Arc<Host>>,
    pub(super) heartbeats: OrdMap<SmolStr, Instant>,
    /// By host and boot.
    pub(super) fences: OrdMap<(SmolStr, SmolStr), Arc<FenceRecord>>,
    /// By host and instance.
    pub(super) placements: OrdMap<(SmolStr, SmolStr), ()>,
    /// By host and instance type.
    pub(super) host_loads: OrdMap<(SmolStr, SmolStr), u64>,
    /// By host and operation.
    pub(super) host_work: OrdMap<(SmolStr, OperationId), ()>,
    /// By number.
    pub(super) host_questions: OrdMap<i64, Arc<AskedQuestion>>,
}

/// A question that a host was asked.
#[derive(Clone)]
pub(super) struct AskedQuestion {
    pub(super) host: SmolStr,
    pub(super) asked_at: Instant,
    pub(super) question: String,
    pub(super) answer: Option<String>,
}

/// The resources of one kind.
#[derive(Clone, Default)]
pub(super) struct KindTable {
    pub(super) rows: OrdMap<SmolStr, KeptResource>,
    /// By account and region.
    pub(super) places: OrdMap<(SmolStr, SmolStr), PlaceTable>,
}

/// The resources of one kind, account and region.
#[derive(Clone, Default)]
pub(super) struct PlaceTable {
    pub(super) by_age: OrdMap<ListPlace, KeptResource>,
    pub(super) terms: OrdMap<TermKey, ()>,
}

impl Default for Tables {
    fn default() -> Tables {
        Tables {
            kinds: std::array::from_fn(|_| KindTable::default()),
            attached: OrdMap::new(),
            user_data: OrdMap::new(),
            tokens: OrdMap::new(),
            tokens_by_age: OrdMap::new(),
            operations: OrdMap::new(),
            failed: OrdMap::new(),
            owners: OrdMap::new(),
            leases: OrdMap::new(),
            discards: OrdMap::new(),
            snapshot_discards: OrdMap::new(),
            access_keys: OrdMap::new(),
            nonces: OrdMap::new(),
            forgotten_until_s: None,
            calls: OrdMap::new(),
            hosts: OrdMap::new(),
            heartbeats: OrdMap::new(),
            fences: OrdMap::new(),
            placements: OrdMap::new(),
            host_loads: OrdMap::new(),
            host_work: OrdMap::new(),
            host_questions: OrdMap::new(),
        }
    }
}

impl Tables {
    /// The state without what a reset of the server forgets: keys, nonces, leases and hosts stay.
    pub(super) fn wiped(&self) -> Tables {
        let kept = self.clone();
        Tables {
            leases: kept.leases,
            access_keys: kept.access_keys,
            nonces: kept.nonces,
            forgotten_until_s: kept.forgotten_until_s,
            hosts: kept.hosts,
            heartbeats: kept.heartbeats,
            fences: kept.fences,
            ..Tables::default()
        }
    }

    pub(super) fn kind(&self, of: &EntityType) -> &KindTable {
        &self.kinds[number_of(of)]
    }

    /// Puts a resource in the place of the one with its id, or takes that away, and lets all that
    /// depends on it follow. Gives what was there before.
    pub(super) fn replace(
        &mut self,
        of: &'static EntityType,
        id: &SmolStr,
        now: Option<KeptResource>,
    ) -> Option<KeptResource> {
        let before = self.kinds[number_of(of)].replace(id, now.clone());
        self.follow_attachments(before.as_deref(), now.as_deref());
        self.follow_placement(before.as_deref(), now.as_deref());
        before
    }

    fn follow_attachments(&mut self, before: Option<&dyn DynEntity>, now: Option<&dyn DynEntity>) {
        let (before, now) = (before.and_then(disk_in), now.and_then(disk_in));
        let Some(id) = now.or(before).map(|disk| &disk.id) else { return };
        let (was, is) = (attachments(before), attachments(now));
        if was == is {
            return;
        }
        for gone in was.iter().filter(|at| is.iter().all(|now| now.instance != at.instance)) {
            self.update_attached(gone.instance.as_str(), |disks| {
                disks.retain(|on| on.disk != *id);
            });
        }
        for at in is.iter().filter(|at| !was.contains(at)) {
            let attached = AttachedDisk {
                disk: id.clone(),
                device: at.device.clone(),
                phase: at.phase,
                generation: at.generation,
            };
            self.update_attached(at.instance.as_str(), |disks| {
                disks.retain(|on| on.disk != *id);
                disks.push(Arc::new(attached));
            });
        }
    }

    fn update_attached(&mut self, instance: &str, update: impl FnOnce(&mut AttachedDisks)) {
        let disks = self.attached.entry(instance.into()).or_default();
        update(Arc::make_mut(disks));
        if disks.is_empty() {
            self.attached.remove(instance);
        }
    }

    fn follow_placement(&mut self, before: Option<&dyn DynEntity>, now: Option<&dyn DynEntity>) {
        let Some((was, is)) = loads(before, now) else { return };
        if let Some(was) = was {
            if was.has_left(is) {
                self.placements.remove(&(was.host.into(), was.instance.into()));
            }
            let key = (SmolStr::new(was.host), SmolStr::new(was.instance_type));
            let left = self.host_loads.remove(&key).unwrap_or(0).saturating_sub(1);
            if left > 0 {
                self.host_loads.insert(key, left);
            }
        }
        if let Some(is) = is {
            self.placements.insert((is.host.into(), is.instance.into()), ());
            let key = (SmolStr::new(is.host), SmolStr::new(is.instance_type));
            *self.host_loads.entry(key).or_insert(0) += 1;
        }
    }
}

impl KindTable {
    pub(super) fn place(&self, account: &str, region: &str) -> Option<&PlaceTable> {
        self.places.get(&(SmolStr::new(account), SmolStr::new(region)))
    }

    fn replace(&mut self, id: &SmolStr, now: Option<KeptResource>) -> Option<KeptResource> {
        let before = match &now {
            Some(now) => self.rows.insert(id.clone(), Arc::clone(now)),
            None => self.rows.remove(id),
        };
        // Neither account nor region nor time of creation of a resource ever change.
        let Some(either) = now.as_deref().or(before.as_deref()) else { return before };
        let key = (SmolStr::new(either.account().as_str()), SmolStr::new(either.region()));
        let age = (either.created_at(), id.clone());
        let place = self.places.entry(key.clone()).or_default();
        place.follow_terms(before.as_deref(), now.as_deref(), &age);
        match now {
            Some(now) => drop(place.by_age.insert(age, now)),
            None => drop(place.by_age.remove(&age)),
        }
        if place.by_age.is_empty() {
            self.places.remove(&key);
        }
        before
    }
}

impl PlaceTable {
    fn follow_terms(
        &mut self,
        before: Option<&dyn DynEntity>,
        now: Option<&dyn DynEntity>,
        age: &ListPlace,
    ) {
        let followed = follow_terms(before, now, |change, _, term, value| {
            let key = (SmolStr::new(term), SmolStr::new(value), age.clone());
            match change {
                TermChange::Remove => drop(self.terms.remove(&key)),
                TermChange::Add => drop(self.terms.insert(key, ())),
            }
            Ok(())
        });
        debug_assert!(followed.is_ok(), "nothing here can fail");
    }

    /// The resources that are found by this term with this value, from the newest on that comes
    /// after this place in the list.
    pub(super) fn found_by(
        &self,
        (term, value): (&str, &str),
        after: Option<ListPlace>,
    ) -> impl Iterator<Item = &KeptResource> {
        let key = |place| (SmolStr::new(term), SmolStr::new(value), place);
        let range = key(OLDEST)..key(after.unwrap_or(NEWEST));
        let found = self.terms.range(range).rev();
        found.filter_map(|((.., place), ())| self.by_age.get(place))
    }

    /// The same with any value. All of them are sorted first.
    pub(super) fn found_by_any(
        &self,
        term: &str,
        after: Option<ListPlace>,
    ) -> impl Iterator<Item = &KeptResource> {
        let from = (SmolStr::new(term), SmolStr::default(), OLDEST);
        let found = self.terms.range(from..).map(|(key, ())| key);
        let found = found.take_while(|(of, ..)| of == term).map(|(.., place)| place);
        let found = found.filter(|place| after.as_ref().is_none_or(|after| *place < after));
        let mut places: Vec<_> = found.collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.into_iter().filter_map(|place| self.by_age.get(place))
    }
}

/// The beginning of every list.
const OLDEST: ListPlace = (Moment(i64::MIN), SmolStr::new_static(""));
/// The end of every list: no resource was made then.
const NEWEST: ListPlace = (Moment(i64::MAX), SmolStr::new_static(""));

/// The number of a kind. The two that nearly every call is about come first.
fn number_of(of: &EntityType) -> usize {
    let found = KINDS.iter().position(|kind| kind.kind.name == of.kind.name);
    found.expect("KINDS has every kind of resource")
}
