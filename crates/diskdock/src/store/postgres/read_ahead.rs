//! The first round trip of a transaction of writes: its begin, and the rows that they are going to
//! look at, locked as if each write had read them itself.
//!
//! Locks are taken in one order whoever begins: instances before other resources, and those of a
//! kind by their ids, so that transactions which read ahead wait for each other, but not in a ring.

use std::collections::{BTreeMap, BTreeSet};

use domain::entity::Entity;
use domain::{Disk, Instance, InstanceId};
use tokio_postgres::Row;

use super::super::engine_rows::disk_in;
use super::super::prefetch::{Prefetch, TokenName};
use super::super::{EntityType, KINDS, StoreError, StoredEntity, StoredNonce};
use super::command::SqlCommand;
use super::known_rows::{AttachedById, on_instance};
use super::postgres_tx::PostgresTx;
use super::value::{SqlValue, values};
use super::{hosts, nonces, reads};

/// The rows that a command reads ahead.
enum AheadRows<'p> {
    /// None.
    Begin,
    Epoch(&'p str),
    Nonces(&'p BTreeSet<StoredNonce>),
    Token(&'p TokenName),
    Resources(&'static EntityType, BTreeSet<&'p str>),
    Attached(BTreeSet<&'p str>),
}

/// Begins a transaction, and reads ahead.
pub(super) fn begin(
    tx: &PostgresTx<'_>,
    beginning: Vec<SqlCommand>,
    ahead: &Prefetch,
) -> Result<(), StoreError> {
    let mut asked: Vec<_> = beginning.iter().map(|_| AheadRows::Begin).collect();
    let mut commands = beginning;
    let mut ask = |rows, command| {
        asked.push(rows);
        commands.push(command);
    };
    for term in &ahead.terms {
        ask(AheadRows::Epoch(&term.host), hosts::epoch(&term.host));
    }
    if !ahead.nonces.is_empty() {
        ask(AheadRows::Nonces(&ahead.nonces), nonces::insert(&ahead.nonces));
    }
    for key in &ahead.tokens {
        ask(AheadRows::Token(key), SqlCommand::new(reads::TOKEN, &reads::token_values(key)));
    }
    let of_kind = |of: &EntityType| -> BTreeSet<&str> {
        let named = ahead.resources.iter().filter(|(kind, _)| kind.kind == of.kind);
        named.map(|(_, id)| id.as_str()).collect()
    };
    let instances = of_kind(Instance::TYPE);
    let rest = KINDS.iter().copied().filter(|of| of.kind != Instance::KIND);
    for of in std::iter::once(Instance::TYPE).chain(rest) {
        let ids = of_kind(of);
        if !ids.is_empty() {
            let command = locked(of, &ids, tx.locking());
            ask(AheadRows::Resources(of, ids), command);
        }
    }
    if !instances.is_empty() {
        let command = attached(&instances);
        ask(AheadRows::Attached(instances), command);
    }
    let answers = tx.together(&commands)?;
    asked.into_iter().zip(answers).try_for_each(|(asked, rows)| learn(tx, asked, &rows))
}

/// Resources of a kind, locked in the order of their ids. One id is asked for by a statement of its
/// own, whose plan PostgreSQL keeps.
fn locked(of: &EntityType, ids: &BTreeSet<&str>, locking: &str) -> SqlCommand {
    let select = format!("SELECT body, revision FROM {} WHERE id", of.kind.plural);
    one_or_many(ids, |condition| format!("{select} {condition} ORDER BY id{locking}"))
}

/// The disks of instances, which are held.
fn attached(instances: &BTreeSet<&str>) -> SqlCommand {
    one_or_many(instances, |condition| {
        format!(
            "SELECT attachments.instance, disks.body FROM attachments \
             JOIN disks ON disks.id = attachments.disk WHERE attachments.instance {condition}"
        )
    })
}

fn one_or_many(ids: &BTreeSet<&str>, sql: impl Fn(&str) -> String) -> SqlCommand {
    match ids.iter().next() {
        Some(id) if ids.len() == 1 => SqlCommand::new(sql("= $1"), values![*id]),
        _ => SqlCommand::new(sql("= ANY($1)"), &[ids.iter().copied().collect::<SqlValue>()]),
    }
}

/// The transaction knows what was found.
fn learn(tx: &PostgresTx<'_>, asked: AheadRows<'_>, rows: &[Row]) -> Result<(), StoreError> {
    match asked {
        AheadRows::Begin => {}
        AheadRows::Epoch(host) => {
            let epoch = rows.first().map(|row| row.get(0));
            tx.known().set_epoch(host.to_owned(), epoch);
        }
        AheadRows::Nonces(saved) => {
            let new: BTreeSet<_> = rows.iter().map(nonces::nonce).collect();
            for nonce in saved {
                tx.known().set_nonce(*nonce, new.contains(nonce));
            }
        }
        AheadRows::Token(key) => {
            let found = rows.first().map(|row| reads::token_record(key, row));
            tx.known().set_token(key.clone(), found);
        }
        AheadRows::Resources(of, ids) => {
            for id in ids {
                tx.known().set_resource(of, id, None);
            }
            for row in rows {
                let found = (of.decode)(row.get(0))?;
                let id = found.id().to_owned();
                tx.known().set_resource(of, &id, Some((found, row.get(1))));
            }
        }
        AheadRows::Attached(instances) => {
            let mut lists: BTreeMap<InstanceId, AttachedById> =
                instances.into_iter().map(|id| (id.into(), AttachedById::new())).collect();
            for row in rows {
                let instance = InstanceId::from(row.get::<_, &str>(0));
                let found = (Disk::TYPE.decode)(row.get(1))?;
                let disk = disk_in(found.as_ref()).and_then(|disk| on_instance(disk, &instance));
                let disk = disk.map(|disk| (disk.disk.clone(), disk));
                lists.entry(instance).or_default().extend(disk);
            }
            for (instance, disks) in lists {
                tx.known().set_attached(instance, disks);
            }
        }
    }
    Ok(())
}
