//! Instances of a host that is fenced get other hosts: each in a transaction of its own, so that
//! what was moved before a crash stays moved, and the rest goes on.
//!
//! ```text
//!   the host is fenced, and stays so until the commit -> nothing is left to do there for the
//!   instance -> another host has room -> instance and disks name that -> it works for them
//! ```

use domain::host::{HostAdmission, HostStorage};
use domain::{Instance, InstanceId, InstanceStatus, Moment, OperationId, Uptime};

use super::Services;
use super::placement::InstancePlacement;
use crate::actions::instance::arriving::arrive;
use crate::actions::instance::power_facts::{self, Requested};
use crate::catalog::{ActionError, Call, Caller, CallerIdentity, Environment, Origin};
use crate::failpoint;
use crate::operations::NewOperation;
use crate::store::{AttachedDisks, OperationRow, ReadTx, StoreError, WriteTx, owner_of_host};

/// Operations that are looked at of a host: one that is fenced has next to none. Nothing moves from
/// one that has more, since the rest may be about what is to move.
const OPERATIONS: u32 = 10_000;

/// An evacuation.
#[derive(Clone, Debug)]
pub(crate) struct Evacuation {
    /// The host that is left.
    pub from: String,
    /// The only host to go to, if one is named.
    pub to: Option<String>,
}

/// Why an evacuation does not begin, or does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// There is no such host.
    Unknown,
    /// Its guests may write to their disks.
    NotFenced,
    /// Its disks are in a directory of its own.
    Directory,
    /// There is no such host to go to, or it is the same one.
    Target,
}

/// The end of an instance's move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MoveEnd {
    /// It has this host now, or would get it.
    To {
        /// The host.
        host: String,
        /// Whether it is started there.
        starts: bool,
        /// The rule that keeps it from being started, though it was on.
        not_started: Option<&'static str>,
    },
    /// It stays, for this reason.
    Stays(String),
    /// It is on the host no more.
    Gone,
}

/// The time of a move, and the server that makes it.
#[derive(Clone, Debug)]
struct MoveTime {
    now: Moment,
    uptime: Uptime,
    server: String,
}

impl Evacuation {
    /// The obstacle to the whole of it, if there is one.
    pub(crate) fn obstacle(&self, tx: &dyn ReadTx) -> Result<Option<Obstacle>, StoreError> {
        let Some(from) = tx.host(&self.from)? else { return Ok(Some(Obstacle::Unknown)) };
        if from.host.storage != HostStorage::Rbd {
            return Ok(Some(Obstacle::Directory));
        }
        if from.host.admission != HostAdmission::Fenced {
            return Ok(Some(Obstacle::NotFenced));
        }
        let Some(to) = &self.to else { return Ok(None) };
        let is_there = *to != self.from && tx.hosts()?.iter().any(|one| one.host.name == *to);
        Ok((!is_there).then_some(Obstacle::Target))
    }

    /// Moves an instance. The inner error is why nothing goes on.
    pub(crate) async fn move_one(
        &self,
        services: &Services,
        id: &InstanceId,
    ) -> Result<Result<MoveEnd, Obstacle>, ActionError> {
        let (this, id) = (self.clone(), id.clone());
        let environment = services.environment.current();
        let time = MoveTime {
            now: services.clock.now(),
            uptime: services.clock.uptime(),
            server: services.store.server().to_owned(),
        };
        let write = move |tx: &mut dyn WriteTx| {
            // The host stays as it is until the commit: it is fenced then.
            if let Some(obstacle) = this.obstacle(&*tx)? {
                return Ok(Ok(Err(obstacle)));
            }
            let mut placement = this.placement(&environment);
            let left = this.operations_left(&*tx)?;
            let decided = this.decide(&*tx, &mut placement, &left, &id);
            let decided = match decided {
                Err(ActionError::Failed(fault)) => return Err(fault),
                Err(refused) => return Ok(Err(refused)),
                Ok(decided) => decided,
            };
            let Move::Moves { instance, host, disks } = decided else {
                return Ok(Ok(Ok(decided.ended())));
            };
            placement.hold(&*tx)?;
            let moved = carry_out(tx, &environment, *instance, (host, disks), &time);
            match moved {
                Err(ActionError::Failed(fault)) => Err(fault),
                Err(refused) => Ok(Err(refused)),
                Ok(moved) => {
                    failpoint::hit("evacuate.written");
                    Ok(Ok(Ok(moved)))
                }
            }
        };
        let moved = services.store.write(write).await?;
        failpoint::hit("evacuate.moved");
        moved
    }

    /// The same for all of these without moving any: where they would go, if nothing else came.
    pub(crate) fn foresee(
        &self,
        tx: &dyn ReadTx,
        environment: &Environment,
        ids: &[InstanceId],
    ) -> Result<Vec<(InstanceId, MoveEnd)>, ActionError> {
        let (mut placement, left) = (self.placement(environment), self.operations_left(tx)?);
        let foreseen = ids.iter().map(|id| {
            let decided = self.decide(tx, &mut placement, &left, id)?;
            Ok((id.clone(), decided.ended()))
        });
        foreseen.collect()
    }

    fn placement<'c>(&self, environment: &'c Environment) -> InstancePlacement<'c> {
        InstancePlacement::new(&environment.inventory, self.to.clone())
    }

    /// Operations that are left to do on the host, up to a bound.
    fn operations_left(&self, tx: &dyn ReadTx) -> Result<Vec<OperationRow>, StoreError> {
        tx.operations_of(&owner_of_host(&self.from), FIRST, OPERATIONS)
    }

    fn decide(
        &self,
        tx: &dyn ReadTx,
        placement: &mut InstancePlacement<'_>,
        left: &[OperationRow],
        id: &InstanceId,
    ) -> Result<Move, ActionError> {
        let found = tx.instance(id)?.filter(|instance| instance.host == self.from);
        let Some(instance) = found else { return Ok(Move::Gone) };
        let disks = tx.attached(id)?;
        if let Some(left) = left.iter().find(|one| is_about(one, id, &disks)) {
            return Ok(Move::Stays(format!(
                "{} has not ended; `diskdock hosts fence` ends it",
                left.kind
            )));
        }
        if left.len() >= OPERATIONS as usize {
            return Ok(Move::Stays(format!(
                "{OPERATIONS} operations or more of its host have not ended, too many to look at"
            )));
        }
        if instance.releasing || !instance.has_stable_status() {
            return Ok(Move::Stays(format!("it is {}", instance.status.as_str())));
        }
        match placement.choose(tx, &instance, None) {
            Ok(host) => Ok(Move::Moves { instance: Box::new(instance), host, disks }),
            Err(ActionError::Refused(refusal)) => {
                Ok(Move::Stays(format!("{}: {}", refusal.error.code, refusal.message)))
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Before the first operation.
const FIRST: OperationId = OperationId(i64::MIN);

/// The move of an instance, decided.
enum Move {
    /// It gets this host, with these disks.
    Moves { instance: Box<Instance>, host: String, disks: AttachedDisks },
    /// It stays.
    Stays(String),
    /// It is on the host no more.
    Gone,
}

impl Move {
    fn ended(self) -> MoveEnd {
        match self {
            Move::Moves { instance, host, .. } => {
                MoveEnd::To { host, starts: was_on(&instance), not_started: None }
            }
            Move::Stays(why) => MoveEnd::Stays(why),
            Move::Gone => MoveEnd::Gone,
        }
    }
}

fn is_about(operation: &OperationRow, id: &InstanceId, disks: &AttachedDisks) -> bool {
    operation.instance.as_ref() == Some(id)
        || disks.iter().any(|at| operation.disk.as_ref() == Some(&at.disk))
}

/// Whether it was on when its host was lost: it is marked so, or still Running, since nothing has
/// said otherwise.
fn was_on(instance: &Instance) -> bool {
    instance.status == InstanceStatus::Running || instance.interrupted
}

fn carry_out(
    tx: &mut dyn WriteTx,
    environment: &Environment,
    mut instance: Instance,
    (host, disks): (String, AttachedDisks),
    time: &MoveTime,
) -> Result<MoveEnd, ActionError> {
    let starts = was_on(&instance);
    if instance.status == InstanceStatus::Running {
        instance.stopped().map_err(|illegal| ActionError::Broken(format!("{illegal:?}")))?;
    }
    (instance.interrupted, instance.host) = (false, host.clone());
    for at in &disks {
        if let Some(mut disk) = tx.disk(&at.disk)? {
            disk.host.clone_from(&host);
            tx.save_disk(&disk)?;
        }
    }
    let caller = caller_of(&instance);
    let call = Call { caller: &caller, now: time.now, environment };
    let facts = power_facts::facts(&*tx, &call, instance, Requested::default())?;
    let (instance, operation, not_started) = arrive(facts, starts);
    tx.save_instance(&instance)?;
    let id = environment.ids.operation(time.now);
    let (account, now) = (&instance.account, time.now);
    let new = NewOperation::new(id, account, operation, now, time.uptime, &time.server);
    new.begin(tx, environment.on_hosts)?;
    Ok(MoveEnd::To { host, starts: starts && not_started.is_none(), not_started })
}

/// The owner of an instance, for whom it is moved.
fn caller_of(instance: &Instance) -> Caller {
    Caller {
        account: instance.account.clone(),
        access_key_id: String::new(),
        host: String::new(),
        region: None,
        identity: CallerIdentity::Account,
        origin: Origin::default(),
    }
}
