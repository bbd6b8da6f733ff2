//! The reads of a transaction.

use std::sync::Arc;

use domain::{AccountId, DiskId, InstanceId, OperationId, SnapshotId};
use imbl::OrdMap;
use smol_str::SmolStr;

use super::super::list::within;
use super::super::pages::{Matches, PageFill, best_term, of_ids};
use super::super::{
    AccessKey, Amounts, AttachedDisks, CallRecord, DynEntity, EntityType, Lease, ListPage,
    NonceRecords, OperationRow, Page, ReadTx, Scope, StoreError, StoredEntity, StoredNonce,
    TokenRecord,
};
use super::memory_tx::{MemoryTx, TablesOf};
use super::tables::{KeptResource, PlaceTable};

impl<T: TablesOf> ReadTx for MemoryTx<T> {
    fn resource(
        &self,
        of: &'static EntityType,
        id: &str,
    ) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
        Ok(self.find(of, id))
    }

    fn resources(
        &self,
        of: &'static EntityType,
        scope: &Scope<'_>,
        page: &Page,
        matches: &mut dyn FnMut(&dyn DynEntity) -> Result<bool, StoreError>,
    ) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
        if let Some(ids) = &scope.ids {
            return of_ids(self, of, ids, page, matches);
        }
        self.allow_lists()?;
        let place = self.tables().kind(of).place(scope.account, scope.region);
        let total = |place: &PlaceTable| u64::try_from(place.by_age.len()).unwrap_or(u64::MAX);
        let total = scope.is_whole_place.then(|| place.map_or(0, total));
        let mut fill = PageFill::new(page, total);
        if let Some(place) = place {
            self.fill(&mut fill, place, scope, matches)?;
        }
        Ok(fill.into_page())
    }

    fn resources_after(
        &self,
        of: &'static EntityType,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Arc<dyn DynEntity>>, StoreError> {
        self.allow_lists()?;
        let rows = keys_after(&self.tables().kind(of).rows, after, most);
        Ok(rows.map(|(_, resource)| Arc::clone(resource)).collect())
    }

    fn attached(&self, instance: &InstanceId) -> Result<AttachedDisks, StoreError> {
        let found = self.tables().attached.get(instance.as_str());
        Ok(found.map(|disks| AttachedDisks::clone(disks)).unwrap_or_default())
    }

    fn user_data(&self, id: &InstanceId) -> Result<Option<String>, StoreError> {
        Ok(self.tables().user_data.get(id.as_str()).map(|data| data.to_string()))
    }

    fn token(
        &self,
        account: &AccountId,
        action: &str,
        token: &str,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let key = (account.as_str().into(), action.into(), token.into());
        Ok(self.tables().tokens.get(&key).map(|found| TokenRecord::clone(found)))
    }

    fn operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.allow_lists()?;
        Ok(self.tables().operations.values().map(|row| OperationRow::clone(row)).collect())
    }

    fn operations_of(
        &self,
        server: &str,
        after: OperationId,
        most: u32,
    ) -> Result<Vec<OperationRow>, StoreError> {
        self.allow_lists()?;
        let later = self.tables().operations.range(after..).map(|(_, row)| row);
        let found = later.filter(|row| row.id > after && row.lease_owner == server);
        Ok(found.take(most as usize).map(|row| OperationRow::clone(row)).collect())
    }

    fn lease(&self, server: &str) -> Result<Option<Lease>, StoreError> {
        let found = self.tables().leases.get(server);
        Ok(found.map(|(renewals, uptime)| Lease {
            server: server.to_owned(),
            renewals: *renewals,
            uptime: *uptime,
        }))
    }

    fn other_leases(&self, server: &str) -> Result<Vec<Lease>, StoreError> {
        let others = self.tables().owners.keys().filter(|owner| *owner != server);
        let leases = others.map(|owner| {
            let (renewals, uptime) = self.tables().leases.get(owner).copied().unwrap_or_default();
            Lease { server: owner.to_string(), renewals, uptime }
        });
        Ok(leases.collect())
    }

    fn failed_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        self.allow_lists()?;
        Ok(self.tables().failed.values().rev().map(|row| OperationRow::clone(row)).collect())
    }

    fn discards(&self, host: &str, most: u32) -> Result<Vec<DiskId>, StoreError> {
        self.allow_lists()?;
        Ok(ids_on(&self.tables().discards, host, most))
    }

    fn snapshot_discards(&self, host: &str, most: u32) -> Result<Vec<SnapshotId>, StoreError> {
        self.allow_lists()?;
        Ok(ids_on(&self.tables().snapshot_discards, host, most))
    }

    fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        Ok(self.tables().access_keys.values().map(|key| AccessKey::clone(key)).collect())
    }

    fn amounts(&self, account: &AccountId) -> Result<Amounts, StoreError> {
        Ok(Amounts {
            disks: self.amount(domain::Disk::TYPE, account),
            instances: self.amount(domain::Instance::TYPE, account),
        })
    }

    fn nonces(&self) -> Result<NonceRecords, StoreError> {
        self.allow_lists()?;
        let nonces = self.tables().nonces.keys();
        let nonces = nonces.map(|&(timestamp_s, hash)| StoredNonce { timestamp_s, hash });
        let forgotten_until_s = self.tables().forgotten_until_s;
        Ok(NonceRecords { nonces: nonces.collect(), forgotten_until_s })
    }

    fn nonce_beyond(&self, most: usize) -> Result<Option<i64>, StoreError> {
        self.allow_lists()?;
        Ok(self.tables().nonces.keys().rev().nth(most).map(|(timestamp_s, _)| *timestamp_s))
    }

    fn calls(&self, most: usize) -> Result<Vec<CallRecord>, StoreError> {
        self.allow_lists()?;
        let latest = self.tables().calls.values().rev().take(most);
        Ok(latest.map(|call| CallRecord::clone(call)).collect())
    }

    fn all_user_data(&self) -> Result<Vec<(InstanceId, String)>, StoreError> {
        self.allow_lists()?;
        let all = self.tables().user_data.iter();
        Ok(all.map(|(id, data)| (id.as_str().into(), data.to_string())).collect())
    }
}

impl<T: TablesOf> MemoryTx<T> {
    /// Walks what is in the scope from its newest entry on, until the page has ended.
    fn fill(
        &self,
        fill: &mut PageFill<'_>,
        place: &PlaceTable,
        scope: &Scope<'_>,
        matches: Matches<'_>,
    ) -> Result<(), StoreError> {
        let after = fill.after().map(|after| (after.created_at, SmolStr::new(&*after.id)));
        match (best_term(scope), after) {
            (Some((term, Some(value))), after) => {
                self.take_all(fill, place.found_by((&term, value), after), scope, matches)
            }
            (Some((term, None)), after) => {
                self.take_all(fill, place.found_by_any(&term, after), scope, matches)
            }
            (None, Some(after)) => {
                let found = place.by_age.range(..after).rev().map(|(_, resource)| resource);
                self.take_all(fill, found, scope, matches)
            }
            (None, None) => {
                let skip = usize::try_from(fill.offset()).unwrap_or(usize::MAX);
                self.take_all(fill, place.by_age.values().rev().skip(skip), scope, matches)
            }
        }
    }

    fn take_all<'f>(
        &self,
        fill: &mut PageFill<'_>,
        found: impl Iterator<Item = &'f KeptResource>,
        scope: &Scope<'_>,
        matches: Matches<'_>,
    ) -> Result<(), StoreError> {
        for resource in found {
            if !fill.takes_another() {
                break;
            }
            if !within(resource.created_at(), scope.created) || !matches(resource.as_ref())? {
                continue;
            }
            self.allow_saving(resource);
            if !fill.take(Arc::clone(resource)) {
                break;
            }
        }
        Ok(())
    }

    /// How many resources of a kind an account has, in all regions.
    fn amount(&self, of: &EntityType, account: &AccountId) -> u64 {
        let places = &self.tables().kind(of).places;
        let from = (SmolStr::new(account.as_str()), SmolStr::default());
        let own = places.range(from..).take_while(|((of, _), _)| of == account.as_str());
        own.map(|(_, place)| u64::try_from(place.by_age.len()).unwrap_or(u64::MAX)).sum()
    }
}

/// Up to `most` rows whose keys come after this one.
fn keys_after<'t, V: Clone>(
    rows: &'t OrdMap<SmolStr, V>,
    after: Option<&str>,
    most: u32,
) -> impl Iterator<Item = (&'t SmolStr, &'t V)> {
    let after = SmolStr::new(after.unwrap_or_default());
    let found = rows.range(after.clone()..).skip_while(move |(id, _)| **id == after);
    found.take(most as usize)
}

/// Up to `most` ids of what is to be discarded on this host.
fn ids_on<I: for<'i> From<&'i str>>(
    discards: &OrdMap<SmolStr, SmolStr>,
    host: &str,
    most: u32,
) -> Vec<I> {
    let on_host = discards.iter().filter(|(_, at)| *at == host);
    on_host.take(most as usize).map(|(id, _)| I::from(id.as_str())).collect()
}
