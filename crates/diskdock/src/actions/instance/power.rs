//! What starting, stopping and rebooting share, one by one and in batches.

use domain::Illegal;
use domain::limits::INSTANCES_PER_REQUEST;

use super::machine_spec::machine_spec;
use crate::actions::prelude::*;
use crate::catalog::first_broken;
use crate::hypervisor::MachineSpec;
use crate::store::AttachedDisk;

/// What a request asks of an instance besides its being on or off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Requested {
    /// Compute is not to be paid for while it is off.
    pub stop_charging: bool,
    /// It is to hibernate.
    pub hibernate: bool,
}

/// An instance that is to be turned on, off or round. It exists.
pub struct Machine {
    /// The instance.
    pub instance: Instance,
    /// What is on it, or on its way on or off it.
    pub attached: Vec<AttachedDisk>,
    /// Whether the bytes of all its disks are there.
    pub disks_made: bool,
    /// Whether its type comes with local disks.
    pub has_local_disks: bool,
    /// What the hypervisor has to know of it.
    pub spec: MachineSpec,
    /// What the request asks for.
    pub requested: Requested,
}

impl Machine {
    /// Stopped; or made by CreateInstance and about to be Stopped, which some clients do not wait
    /// for.
    pub fn can_start(&self) -> bool {
        match self.instance.status {
            InstanceStatus::Stopped => true,
            InstanceStatus::Pending => self.disks_made,
            InstanceStatus::Starting | InstanceStatus::Running | InstanceStatus::Stopping => false,
        }
    }

    /// Whether the instance is on and stays so.
    pub fn is_running(&self) -> bool {
        self.instance.status == InstanceStatus::Running
    }

    /// Whether a disk is on its way on or off.
    pub fn has_disk_in_transit(&self) -> bool {
        self.attached.iter().any(|at| at.phase != Phase::Attached)
    }

    /// Whether a disk is on its way on.
    pub fn has_disk_attaching(&self) -> bool {
        self.attached.iter().any(|at| at.phase == Phase::Attaching)
    }
}

/// The machine of this id.
pub fn find(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    id: &InstanceId,
    requested: Requested,
) -> Result<Machine, Stop> {
    let instance = call.instance(tx, id)?.ok_or(&INSTANCE_NOT_FOUND)?;
    machine(tx, call, instance, requested)
}

fn machine(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    instance: Instance,
    requested: Requested,
) -> Result<Machine, Stop> {
    let attached = tx.attached(&instance.id)?;
    let mut disks_made = true;
    if instance.status == InstanceStatus::Pending {
        for at in &attached {
            disks_made &= tx.disk(&at.disk)?.is_some_and(|disk| disk.is_created());
        }
    }
    let found = call.environment.inventory.instance_type(&instance.instance_type);
    let has_local_disks = found.is_some_and(|found| found.local_storage.is_some());
    let user_data = tx.user_data(&instance.id)?.unwrap_or_default();
    let spec = machine_spec(&call.environment.inventory, &instance, user_data);
    Ok(Machine { instance, attached, disks_made, has_local_disks, spec, requested })
}

/// Moves an instance on, where it still is where the operation left it.
pub fn finish_transition(
    tx: &mut dyn WriteTx,
    id: &InstanceId,
    transition: impl FnOnce(&mut Instance) -> Result<(), Illegal>,
) -> Result<(), StoreError> {
    let Some(mut instance) = tx.instance(id)? else { return Ok(()) };
    match transition(&mut instance) {
        Ok(()) => tx.save_instance(&instance),
        Err(Illegal) => Ok(()),
    }
}

choice!(
    /// What becomes of a batch in which one instance fails.
    pub enum BatchOptimization {
        AllTogether = "AllTogether",
        SuccessFirst = "SuccessFirst",
    }
);

/// A batch: every instance with why it cannot be done, if it cannot.
pub struct Batch {
    entries: Vec<Entry>,
}

enum Entry {
    Can(Box<Machine>),
    Cannot { id: InstanceId, status: &'static str, error: &'static ErrorCode },
}

/// What a batch says of its instances.
pub struct BatchAsk<'a> {
    /// The region they are in.
    pub region: &'a RegionId,
    /// Their ids.
    pub ids: &'a AtLeastOne<InstanceId>,
    /// What becomes of the batch if one fails.
    pub optimization: Option<BatchOptimization>,
    /// What is asked of each.
    pub requested: Requested,
}

/// The ids of a batch, each once, in order.
pub fn batch_ids(
    call: &Call<'_>,
    region: &RegionId,
    ids: &AtLeastOne<InstanceId>,
) -> Result<Vec<InstanceId>, &'static ErrorCode> {
    call.environment.inventory.region(&region.0).ok_or(&REGION_NOT_FOUND)?;
    let mut unique: Vec<InstanceId> = Vec::new();
    for id in &ids.0 {
        if !unique.contains(id) {
            unique.push(id.clone());
        }
    }
    let too_many = unique.len() > INSTANCES_PER_REQUEST as usize;
    if too_many { Err(&TOO_MANY_INSTANCE_IDS) } else { Ok(unique) }
}

impl Batch {
    /// Looks at every instance under these rules. All together, the first that cannot be done
    /// refuses the whole batch.
    pub fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        ask: &BatchAsk<'_>,
        rules: &[Precondition<Machine>],
    ) -> Result<Batch, Stop> {
        let together = ask.optimization != Some(BatchOptimization::SuccessFirst);
        let mut entries = Vec::new();
        for id in batch_ids(call, ask.region, ask.ids)? {
            let entry = Self::entry(tx, call, ask, rules, id)?;
            match &entry {
                Entry::Cannot { error, .. } if together && **error == INSTANCE_NOT_FOUND => {
                    return Err((&INSTANCE_IDS_NOT_FOUND).into());
                }
                Entry::Cannot { error, .. } if together => return Err((*error).into()),
                Entry::Cannot { .. } | Entry::Can(_) => entries.push(entry),
            }
        }
        Ok(Batch { entries })
    }

    fn entry(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        ask: &BatchAsk<'_>,
        rules: &[Precondition<Machine>],
        id: InstanceId,
    ) -> Result<Entry, Stop> {
        let found = call.instance(tx, &id)?.filter(|found| found.region == ask.region.0);
        let Some(found) = found else {
            return Ok(Entry::Cannot { id, status: "", error: &INSTANCE_NOT_FOUND });
        };
        let machine = machine(tx, call, found, ask.requested)?;
        let status = machine.instance.status.as_str();
        Ok(match first_broken(rules, &machine) {
            Some(error) => Entry::Cannot { id, status, error },
            None => Entry::Can(Box::new(machine)),
        })
    }

    /// Does it to every instance that it can be done to; the others are answered with why not.
    pub fn carry_out(
        self,
        becomes: InstanceStatus,
        act: impl Fn(Effect<BatchReply>, Machine) -> Effect<BatchReply>,
    ) -> Effect<BatchReply> {
        let responses = InstanceResponses { instance_response: Vec::new() };
        let mut effect = Effect::reply(BatchReply { instance_responses: responses });
        for entry in self.entries {
            let response = InstanceResponse::of(&entry, becomes);
            effect.reply.instance_responses.instance_response.push(response);
            if let Entry::Can(machine) = entry {
                effect = act(effect, *machine);
            }
        }
        effect
    }
}

reply!(
    /// Reply of a batch.
    pub struct BatchReply {
        /// What became of the instances.
        instance_responses: InstanceResponses,
    }
);

reply!(
    /// What became of the instances.
    pub struct InstanceResponses {
        /// One for each instance, in the order of the request.
        instance_response: Vec<InstanceResponse>,
    }
);

reply!(
    /// What became of one instance.
    pub struct InstanceResponse {
        /// The instance.
        instance_id: String,
        /// `200`, or the code of an error.
        code: String,
        /// `success`, or the message of an error.
        message: String,
        /// The status before.
        previous_status: &'static str,
        /// The status now.
        current_status: &'static str,
    }
);

impl InstanceResponse {
    fn of(entry: &Entry, becomes: InstanceStatus) -> InstanceResponse {
        match entry {
            Entry::Can(machine) => InstanceResponse {
                instance_id: machine.instance.id.to_string(),
                code: "200".to_owned(),
                message: "success".to_owned(),
                previous_status: machine.instance.status.as_str(),
                current_status: becomes.as_str(),
            },
            Entry::Cannot { id, status, error } => InstanceResponse {
                instance_id: id.to_string(),
                code: error.code.to_owned(),
                message: error.message.to_owned(),
                previous_status: status,
                current_status: status,
            },
        }
    }
}
