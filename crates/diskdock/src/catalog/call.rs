//! The part of a request that actions see, and who makes it.

use std::net::IpAddr;
use std::sync::Arc;

use domain::entity::{Entity, EntityId};
use domain::ram::{RamRoleId, RamUserId};
use domain::{AccountId, Disk, DiskId, Instance, InstanceId, Moment};

use super::environment::Environment;
use crate::store::{EntityReads, ReadTx, StoreError};

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account whose resources the call sees.
    pub account: AccountId,
    /// The key it was signed with.
    pub access_key_id: String,
    /// The host that the caller named, with its port.
    pub host: String,
    /// The region that the request names by RegionId.
    pub region: Option<String>,
    /// The signer.
    pub identity: CallerIdentity,
    /// Where the request comes from.
    pub origin: Origin,
}

/// Where a request comes from, for conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub secure: bool,
}

/// The signer that a key stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallerIdentity {
    /// The account itself.
    #[default]
    Account,
    /// The account itself, with a key that has policies of its own.
    LimitedKey,
    /// A user of the account.
    User(RamUserId),
    /// A session of a role of the account.
    Role(AssumedRole),
}

/// A role that was assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// The role.
    pub id: RamRoleId,
    /// Its name.
    pub name: String,
    /// The name of the session.
    pub session: String,
}

impl Caller {
    /// The caller as refusals name it: the id of a user, role and session, else the key.
    pub(crate) fn principal(&self) -> String {
        match &self.identity {
            CallerIdentity::User(user) => user.to_string(),
            CallerIdentity::Role(role) => format!("{}:{}", role.name, role.session),
            CallerIdentity::Account | CallerIdentity::LimitedKey => self.access_key_id.clone(),
        }
    }

    /// The kind of the caller as refusals name it.
    pub(crate) fn principal_type(&self) -> &'static str {
        match self.identity {
            CallerIdentity::Role(_) => "AssumedRoleUser",
            CallerIdentity::User(_) | CallerIdentity::Account | CallerIdentity::LimitedKey => {
                "SubUser"
            }
        }
    }
}

/// The part of a request that actions see.
pub struct Call<'a> {
    /// The caller of a request.
    pub caller: &'a Caller,
    /// The present moment.
    pub now: Moment,
    /// Inventory, ids and abilities of the hypervisor.
    pub environment: &'a Environment,
}

impl Call<'_> {
    /// A new id of a resource in a region.
    pub(crate) fn new_id<I: EntityId + From<String>>(&self, region: &str) -> I {
        self.environment.new_id(region, self.now)
    }

    /// The region of a request that no parameter of its action gives: the one that it names all the
    /// same, else the one of the host that it was sent to, else the first of this server.
    pub(crate) fn region(&self) -> String {
        let regions = self.environment.inventory.regions();
        let of_host = self.caller.host.split('.').nth(1).unwrap_or_default();
        let named = [self.caller.region.as_deref().unwrap_or_default(), of_host];
        let known = named.iter().find_map(|name| regions.iter().find(|one| one.id == *name));
        known.or(regions.first()).map(|region| region.id.clone()).unwrap_or_default()
    }

    /// The caller's resource of this id.
    pub(crate) fn find<I: EntityId>(
        &self,
        tx: &dyn ReadTx,
        id: &I,
    ) -> Result<Option<I::Entity>, StoreError> {
        let of_caller = |found: &I::Entity| *Entity::account(found) == self.caller.account;
        Ok(tx.get(id)?.filter(of_caller))
    }

    /// The same, to be looked at only.
    pub(crate) fn look_at<I: EntityId>(
        &self,
        tx: &dyn ReadTx,
        id: &I,
    ) -> Result<Option<Arc<I::Entity>>, StoreError> {
        let of_caller =
            |found: &Arc<I::Entity>| *Entity::account(found.as_ref()) == self.caller.account;
        Ok(tx.look_at(id)?.filter(of_caller))
    }

    /// The caller's disk of this id.
    pub fn disk(&self, tx: &dyn ReadTx, id: &DiskId) -> Result<Option<Disk>, StoreError> {
        self.find(tx, id)
    }

    /// The caller's instance of this id.
    pub(crate) fn instance(
        &self,
        tx: &dyn ReadTx,
        id: &InstanceId,
    ) -> Result<Option<Instance>, StoreError> {
        self.find(tx, id)
    }
}
