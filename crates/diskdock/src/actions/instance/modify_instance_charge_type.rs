//! `ModifyInstanceChargeType`: make instances subscriptions, or pay-as-you-go.

use jiff::Span;

use crate::actions::disk::modify_disk_charge_type::switched;
use crate::actions::order;
use crate::actions::prelude::*;

/// Switches instances between the billing methods.
pub(crate) struct ModifyInstanceChargeType;

params!(
    /// Parameters of ModifyInstanceChargeType.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances to switch, up to 20; all of them are switched or none.
        #[malformed = INSTANCES_TO_CHARGE_NOT_VALID]
        instance_ids: JsonList<InstanceId, 20>,
        /// The method to switch to; PrePaid if left out.
        instance_charge_type: Option<ChargeType>,
        /// Length of the subscription, in `PeriodUnit`; 1 if left out.
        #[malformed = PERIOD_NOT_VALID]
        period: Option<Integer<1, 60>>,
        /// Week, month or year.
        period_unit: Option<ChargeUnit>,
        /// Switch the data disks to subscription as well. The system disk always goes along.
        include_data_disks: Option<bool>,
        /// Whether the order is paid at once. Nothing costs anything here.
        auto_pay: Ignored<Option<bool>>,
        /// Show what is paid back, which is nothing.
        is_detail_fee: Option<bool>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

choice!(
    /// The unit of a subscription's length.
    pub(crate) enum ChargeUnit {
        Month = "Month",
        Week = "Week",
        Year = "Year",
    }
);

reply!(
    /// Reply of ModifyInstanceChargeType.
    pub(crate) struct Reply {
        /// The order's number.
        order_id: String,
        /// The sums paid back; only with IsDetailFee.
        fee_of_instances: FeeOfInstances,
    }
);

reply!(
    /// The sums of an order.
    pub(crate) struct FeeOfInstances {
        /// One instance each.
        fee_of_instance: Vec<FeeOfInstance>,
    }
);

reply!(
    /// The sum of an instance.
    pub(crate) struct FeeOfInstance {
        /// The instance.
        instance_id: String,
        /// The currency.
        currency: &'static str,
        /// The sum.
        fee: &'static str,
    }
);

/// The instances, which exist, with their disks, and the method to switch to.
pub(crate) struct Facts {
    params: Params,
    instances: Vec<Instance>,
    disks: Vec<Disk>,
    now: Moment,
}

impl Facts {
    fn to(&self) -> ChargeType {
        self.params.instance_charge_type.unwrap_or(ChargeType::PrePaid)
    }

    fn all(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.instances.iter().all(holds)
    }

    fn has_ended(&self, instance: &Instance) -> bool {
        instance.expires_at.is_some_and(|end| end <= self.now)
    }

    /// The length of the subscription; none if it is not one that is sold.
    fn length(&self) -> Option<Span> {
        let period = self.params.period.map_or(1, |period| period.0);
        match self.params.period_unit.unwrap_or(ChargeUnit::Month) {
            ChargeUnit::Week => (1..=4).contains(&period).then(|| Span::new().weeks(period)),
            ChargeUnit::Month => order::sells_months(period).then(|| Span::new().months(period)),
            ChargeUnit::Year => (1..=5).contains(&period).then(|| Span::new().years(period)),
        }
    }

    /// The end of the subscription; none for pay-as-you-go.
    fn end(&self) -> Option<Moment> {
        let length = self.length().filter(|_| self.to() == ChargeType::PrePaid)?;
        order::end_of_period(self.now, length)
    }

    /// Whether a disk is switched together with its instance. One that is on its way to or from the
    /// instance, on several ones, or a former system disk is none that can be tied to it.
    fn goes_along(&self, disk: &Disk) -> bool {
        match self.to() {
            ChargeType::PrePaid => {
                let stays = disk.status() == DiskStatus::InUse && !disk.multi_attach;
                let is_wanted = self.params.include_data_disks == Some(true);
                disk.kind == DiskKind::System || (is_wanted && stays && !disk.delete_protected)
            }
            ChargeType::PostPaid => disk.charge_type == ChargeType::PrePaid,
        }
    }
}

impl Action for ModifyInstanceChargeType {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "ModifyInstanceChargeType";
    const SUMMARY: &'static str = "Makes instances subscriptions, or pay-as-you-go.";
    const DETAILS: &'static str = "\
A system disk is paid for as its instance is. Data disks become subscriptions with IncludeDataDisks, and \
are then tied to the instance; they are pay-as-you-go again when the instance is.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("at least one instance is named",              |f| !f.instances.is_empty(), &INSTANCES_TO_CHARGE_NOT_VALID),
        must("the length of a subscription is one that is sold", |f| f.to() == ChargeType::PostPaid || f.length().is_some(), &PERIOD_UNIT_MISMATCH),
        must("no instance has expired",                     |f| f.all(|i| !f.has_ended(i)), &INSTANCE_EXPIRED_FOR_CHARGE),
        must("the instances are Running or Stopped",        |f| f.all(Instance::has_stable_status), &INSTANCE_STATUS_FOR_CHARGE),
        must("no instance is a spot instance",              |f| f.all(|i| i.spot_strategy == "NoSpot"), &SPOT_CANNOT_CHANGE),
        must("no instance is to be released by itself",     |f| f.all(|i| i.auto_release_at.is_none()), &RELEASE_TIME_SET),
        must("no instance has local disks",                 |f| f.disks.iter().all(|d| !d.category.is_local()), &LOCAL_DISKS_CANNOT_CHANGE),
        must("no instance is paid for so already",          |f| f.all(|i| i.charge_type != f.to()), &CHARGE_TYPE_UNCHANGED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let mut ids = params.instance_ids.0.clone();
        ids.sort_unstable();
        ids.dedup();
        let (mut instances, mut disks) = (Vec::new(), Vec::new());
        for id in &ids {
            let found = call.instance(tx, id)?.filter(|instance| instance.region == *region);
            instances.push(found.ok_or(&INSTANCE_NOT_FOUND)?);
            for at in tx.attached(id)? {
                disks.extend(tx.disk(&at.disk)?);
            }
        }
        Ok(Facts { params: params.clone(), instances, disks, now: call.now })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let (to, end) = (facts.to(), facts.end());
        let detailed = params.is_detail_fee == Some(true);
        let fees = facts.instances.iter().filter(|_| detailed).map(|instance| FeeOfInstance {
            instance_id: instance.id.to_string(),
            currency: "CNY",
            fee: "0.00",
        });
        let mut effect = Effect::reply(Reply {
            order_id: order::number(call),
            fee_of_instances: FeeOfInstances { fee_of_instance: fees.collect() },
        });
        for instance in &facts.instances {
            let switched_instance =
                Instance { charge_type: to, expires_at: end, ..instance.clone() };
            let its = facts.disks.iter().filter(|disk| disk.on(&instance.id).is_some());
            for disk in its.filter(|disk| facts.goes_along(disk)) {
                let portable = disk.portable;
                let mut changed = switched(disk.clone(), to, &switched_instance, facts.now);
                if changed.kind == DiskKind::System {
                    changed.portable = portable;
                }
                effect = effect.save(changed);
            }
            effect = effect.save(switched_instance);
        }
        effect
    }
}
