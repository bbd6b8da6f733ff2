//! An overview of resources and operations: for the console.

use std::collections::{BTreeSet, HashMap};

use domain::{AccountId, Disk, Instance, InstanceId, Tag};
use serde_json::{Value, json};

use super::history::shown_call;
use super::picture::{Picture, Row};
use super::view::operations_of;
use crate::catalog::Environment;
use crate::gateway::Gateway;
use crate::gateway::keys::DEFAULT_ACCOUNT;
use crate::hypervisor::Hypervisor;
use crate::store::{DiskFilter, EntityReads, OperationRow, Page, ReadTx, StoreError};

/// Instances that are looked at, at most.
const INSTANCES: u32 = 1_000;
/// Accounts whose free disks are looked at, at most.
const ACCOUNTS: usize = 20;
/// The latest free disks of an account in a region that are looked at, at most.
const DISKS: u32 = 1_000;
/// Free disks that are shown, at most.
const FREE: usize = 1_000;
/// Operations that are shown, at most.
const OPERATIONS: usize = 200;

/// Reads all that the console shows, within the bounds above.
pub(super) async fn read(
    gateway: &Gateway,
    hypervisor: &dyn Hypervisor,
) -> Result<Picture, StoreError> {
    let services = &gateway.services;
    let environment = services.environment.current();
    let paused: HashMap<_, _> = hypervisor.paused().into_iter().collect();
    let read = move |tx: &dyn ReadTx| Ok((instances(tx, &paused)?, free(tx, &environment)?));
    let (instances, free) = services.store.read(read).await?;
    let every = |_: &OperationRow| true;
    let operations = Part::of(operations_of(services, every).await?, OPERATIONS);
    let operations = Part {
        shown: operations.shown.into_iter().map(Row::from).collect(),
        is_cut: operations.is_cut,
    };
    Ok(Picture {
        is_truncated: instances.is_cut || free.is_cut || operations.is_cut,
        lists: vec![
            ("instances", instances.shown),
            ("free", free.shown),
            ("operations", operations.shown),
            ("calls", gateway.recent.latest(|call| shown_call(call).into())),
        ],
    })
}

/// As much as is shown.
struct Part<T> {
    shown: Vec<T>,
    /// There is more.
    is_cut: bool,
}

impl<T> Part<T> {
    fn of(mut all: Vec<T>, most: usize) -> Part<T> {
        let is_cut = all.len() > most;
        all.truncate(most);
        Part { shown: all, is_cut }
    }
}

/// Why instances stand still, of those that do.
type Paused = HashMap<InstanceId, String>;

fn instances(tx: &dyn ReadTx, paused: &Paused) -> Result<Part<Row>, StoreError> {
    let Part { shown: found, is_cut } =
        Part::of(tx.walk::<Instance>(None, INSTANCES + 1)?, INSTANCES as usize);
    let shown = found.iter().map(|instance| Ok(shown(tx, instance, paused)?.into()));
    Ok(Part { shown: shown.collect::<Result<_, StoreError>>()?, is_cut })
}

fn shown(tx: &dyn ReadTx, instance: &Instance, paused: &Paused) -> Result<Value, StoreError> {
    let mut disks = Vec::new();
    for at in tx.attached(&instance.id)? {
        if let Some(disk) = tx.disk(&at.disk)? {
            let mut value = disk_value(&disk);
            value["device"] = at.device.as_str().into();
            disks.push(value);
        }
    }
    Ok(json!({
        "id": instance.id,
        "name": instance.name,
        "type": instance.instance_type,
        "account": instance.account,
        "region": instance.region,
        "zone": instance.zone,
        "status": instance.status.as_str(),
        "releasing": instance.releasing,
        "paused": paused.get(&instance.id),
        "locks": instance.locks,
        "tags": tags(&instance.tags),
        "disks": disks,
    }))
}

fn disk_value(disk: &Disk) -> Value {
    json!({
        "id": disk.id,
        "name": disk.name,
        "size": disk.size_gib,
        "category": disk.category,
        "kind": disk.kind,
        "account": disk.account,
        "region": disk.region,
        "zone": disk.zone,
        "status": disk.status().as_str(),
        "portable": disk.portable,
        "multi_attach": disk.multi_attach,
        "was_attached": disk.attached_at.is_some(),
        "damage": disk.damage.as_deref().map(|damage| &damage.why),
        "tags": tags(&disk.tags),
    })
}

fn tags(tags: &[Tag]) -> Vec<String> {
    tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect()
}

/// Disks that are on no instance. The store selects them, so that none hides behind attached ones.
fn free(tx: &dyn ReadTx, environment: &Environment) -> Result<Part<Row>, StoreError> {
    let (mut found, mut is_cut) = (Vec::new(), false);
    for account in accounts(tx)? {
        for region in environment.inventory.regions() {
            let all = DiskFilter::all(account.clone(), &region.id);
            let free = DiskFilter { also: vec![|disk| disk.attachments.is_empty()], ..all };
            let page = tx.disks(&free, &Page::After { after: None, most: DISKS + 1 })?;
            let page = Part::of(page.entries, DISKS as usize);
            is_cut |= page.is_cut;
            found.extend(page.shown.iter().map(|disk| Row::from(disk_value(disk))));
        }
    }
    let part = Part::of(found, FREE);
    Ok(Part { is_cut: part.is_cut || is_cut, ..part })
}

fn accounts(tx: &dyn ReadTx) -> Result<BTreeSet<AccountId>, StoreError> {
    let keys = tx.access_keys()?;
    let of_keys = keys.into_iter().map(|key| key.account);
    Ok(of_keys.chain([DEFAULT_ACCOUNT.into()]).take(ACCOUNTS).collect())
}
