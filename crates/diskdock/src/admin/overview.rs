//! An overview of resources and operations: for the console.

use std::collections::BTreeSet;

use domain::{AccountId, Disk, Instance, Tag};
use serde_json::{Value, json};

use super::history::shown_call;
use super::marked::MachineStates;
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

/// Reads all that the console shows, within the bounds above; `can` are the controls of operations
/// that this server takes.
pub(super) async fn read(
    gateway: &Gateway,
    hypervisor: &dyn Hypervisor,
    can: &[&str],
) -> Result<Picture, StoreError> {
    let services = &gateway.services;
    let environment = services.environment.current();
    let machines = MachineStates::of(hypervisor);
    let read = move |tx: &dyn ReadTx| Ok((instances(tx, &machines)?, free(tx, &environment)?));
    let (instances, free) = services.store.read(read).await?;
    let every = |_: &OperationRow| true;
    let operations = Part::of(operations_of(services, every).await?, OPERATIONS);
    let with_controls = |mut operation: Value| {
        operation["can"] = json!(can);
        Row::from(operation)
    };
    let operations = Part {
        shown: operations.shown.into_iter().map(with_controls).collect(),
        is_cut: operations.is_cut,
    };
    let are_cut =
        [("instances", instances.is_cut), ("free", free.is_cut), ("operations", operations.is_cut)];
    Ok(Picture {
        cut: are_cut.into_iter().filter(|(_, is_cut)| *is_cut).map(|(name, _)| name).collect(),
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

fn instances(tx: &dyn ReadTx, machines: &MachineStates) -> Result<Part<Row>, StoreError> {
    let Part { shown: found, is_cut } =
        Part::of(tx.walk::<Instance>(None, INSTANCES + 1)?, INSTANCES as usize);
    let shown = found.iter().map(|instance| Ok(shown(tx, instance, machines)?.into()));
    Ok(Part { shown: shown.collect::<Result<_, StoreError>>()?, is_cut })
}

fn shown(
    tx: &dyn ReadTx,
    instance: &Instance,
    machines: &MachineStates,
) -> Result<Value, StoreError> {
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
        "paused": machines.paused(&instance.id),
        "lost": machines.is_lost(&instance.id),
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
    let accounts = accounts(tx)?;
    let (mut found, mut is_cut) = (Vec::new(), accounts.is_cut);
    for account in accounts.shown {
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

/// The default account, and others that have keys.
fn accounts(tx: &dyn ReadTx) -> Result<Part<AccountId>, StoreError> {
    let keys = tx.access_keys()?;
    let of_keys: BTreeSet<_> = keys.into_iter().map(|key| key.account).collect();
    let default = AccountId::from(DEFAULT_ACCOUNT);
    let others = of_keys.into_iter().filter(|account| account.as_str() != DEFAULT_ACCOUNT);
    Ok(Part::of([default].into_iter().chain(others).collect(), ACCOUNTS))
}
