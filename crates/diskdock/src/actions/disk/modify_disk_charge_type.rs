//! `ModifyDiskChargeType`: switch disks of a subscription instance between the billing methods.

use domain::limits::CHARGE_TYPE_REST_S;

use crate::actions::order;
use crate::actions::prelude::*;

/// Switches the billing method of data disks on a subscription instance.
pub(crate) struct ModifyDiskChargeType;

params!(
    /// Parameters of ModifyDiskChargeType.
    pub(crate) struct Params {
        /// The region of the instance.
        #[missing = MISSING_REGION_ID]
        #[malformed = REGION_NOT_PROVIDED]
        region_id: RegionId,
        /// The subscription instance that the disks are attached to.
        #[missing = MISSING_INSTANCE_ID]
        instance_id: InstanceId,
        /// The disks to switch, up to 16; all of them are switched or none.
        #[malformed = DISK_IDS_NOT_VALID]
        disk_ids: JsonList<DiskId, 16>,
        /// The method to switch to; PrePaid if left out.
        disk_charge_type: Option<ChargeType>,
        /// Whether the order is paid at once. Nothing costs anything here.
        auto_pay: Ignored<Option<bool>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

reply!(
    /// Reply of ModifyDiskChargeType.
    pub(crate) struct Reply {
        /// The order's number.
        order_id: String,
    }
);

/// The instance and the disks that the request names. All exist.
pub(crate) struct Facts {
    instance: Instance,
    disks: Vec<Disk>,
    /// The method to switch to.
    to: ChargeType,
    now: Moment,
}

impl Facts {
    fn all(&self, holds: impl Fn(&Disk) -> bool) -> bool {
        self.disks.iter().all(holds)
    }

    fn is_in_good_standing(&self) -> bool {
        let expired = self.instance.expires_at.is_some_and(|end| end <= self.now);
        !expired && !self.instance.is_locked_for(LockReason::Financial)
    }

    fn is_attached(&self, disk: &Disk) -> bool {
        disk.on(&self.instance.id).is_some_and(|at| at.phase == Phase::Attached)
    }

    fn cooldown_has_passed(&self, disk: &Disk) -> bool {
        let since = |changed| self.now.since_ms(changed);
        // A switch that lies ahead was recorded while the clock was wrong.
        let rests = |ms: i64| (0..CHARGE_TYPE_REST_S * 1_000).contains(&ms);
        !disk.charge_type_changed_at.map(since).is_some_and(rests)
    }
}

impl Action for ModifyDiskChargeType {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "ModifyDiskChargeType";
    const SUMMARY: &'static str =
        "Switches the billing method of data disks on a subscription instance.";
    const DETAILS: &'static str = "\
A subscription disk belongs to its instance: it is not portable and ends when the instance does. \
Switched to pay-as-you-go it becomes portable, and so can be detached. A disk can be switched again \
after five minutes.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_PROVIDED, &INSTANCE_ID_NOT_FOUND, &DISKS_NOT_FOUND];
    const TOKEN_MISMATCH: &'static ErrorCode = &TOKEN_SIGNATURE_MISMATCH;

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("at least one disk is named",                    |f| !f.disks.is_empty(), &DISKS_NOT_FOUND),
        must("the instance is a subscription one",            |f| f.instance.charge_type == ChargeType::PrePaid, &CHARGE_TYPE_OF_INSTANCE),
        must("the instance is neither expired nor in arrears", |f| f.is_in_good_standing(), &INSTANCE_EXPIRED),
        must("the instance is Running or Stopped",            |f| f.instance.has_stable_status(), &INSTANCE_STATUS_INVALID),
        must("the disks are not multi-attach disks",          |f| f.all(|disk| !disk.multi_attach), &MULTI_ATTACH_NOT_HERE),
        must("the disks are not detached system disks",       |f| f.all(|disk| !disk.delete_protected), &DISK_IS_DETACHED_SYSTEM),
        must("the disks are data disks on the instance",      |f| f.all(|disk| disk.kind == DiskKind::Data && f.is_attached(disk)), &DISKS_NOT_ON_INSTANCE),
        must("the disks are not local disks",                 |f| f.all(|disk| !disk.category.is_local()), &DISKS_NOT_PORTABLE),
        must("the disks are not paid for so already",         |f| f.all(|disk| disk.charge_type != f.to), &CHARGE_TYPE_OF_DISK),
        must("the last switch of each disk is five minutes ago", |f| f.all(|disk| f.cooldown_has_passed(disk)), &CHARGE_TYPE_REST),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region =
            call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_PROVIDED)?;
        let instance = call.instance(tx, &params.instance_id)?;
        let instance =
            instance.filter(|found| found.region == region.id).ok_or(&INSTANCE_ID_NOT_FOUND)?;
        let mut ids: Vec<_> = params.disk_ids.0.iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let find = |id: &DiskId| -> Result<Disk, ActionError> {
            Ok(call.disk(tx, id)?.ok_or(&DISKS_NOT_FOUND)?)
        };
        let disks = ids.into_iter().map(find).collect::<Result<_, _>>()?;
        let to = params.disk_charge_type.unwrap_or(ChargeType::PrePaid);
        Ok(Facts { instance, disks, to, now: call.now })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let Facts { instance, disks, to, now } = facts;
        let order_id = order::number(call);
        let save = |effect: Effect<Reply>, disk| effect.save(switched(disk, to, &instance, now));
        disks.into_iter().fold(Effect::reply(Reply { order_id }), save)
    }
}

/// The disk under the other method: a subscription disk is tied to its instance and ends with it.
pub(crate) fn switched(mut disk: Disk, to: ChargeType, instance: &Instance, now: Moment) -> Disk {
    disk.charge_type = to;
    disk.charge_type_changed_at = Some(now);
    match to {
        ChargeType::PrePaid => {
            disk.portable = false;
            disk.expires_at = instance.expires_at;
        }
        ChargeType::PostPaid => {
            disk.portable = true;
            disk.expires_at = None;
        }
    }
    disk
}
