//! `ModifyInstanceSpec`: change the type of an instance, or its public bandwidth.

use domain::inventory::InstanceType;

use crate::actions::image_lookups;
use crate::actions::prelude::*;

/// Changes the type of an instance, or its public bandwidth.
pub(crate) struct ModifyInstanceSpec;

params!(
    /// Parameters of ModifyInstanceSpec.
    pub(crate) struct Params {
        /// The instance. It must be pay-as-you-go, and Stopped for another type.
        #[fits = ["Stopped"]]
        instance_id: InstanceId,
        /// The new type. Not together with a bandwidth.
        #[names = "type"]
        instance_type: Option<Text<1, 64>>,
        /// Megabits a second out of the instance to show.
        internet_max_bandwidth_out: Option<Integer<0, 100>>,
        /// Megabits a second into the instance to show.
        internet_max_bandwidth_in: Option<Integer<1, 100>>,
        /// Whether it may move to another host of its zone. It stays where it is.
        allow_migrate_across_zone: Ignored<Option<bool>>,
        /// Answer before the change is made. It is made at once.
        #[wire = "Async"]
        asynchronous: Ignored<Option<bool>>,
        /// How the change is made. Not offered to the public.
        modify_mode: Ignored<Option<Text<0, 64>>>,
        /// A bandwidth for a while, which is by invitation only.
        temporary: Ignored<Group<Temporary>>,
        /// The system disk of types of the old days.
        system_disk: Ignored<Group<SystemDisk>>,
        /// Not offered to the public.
        disk: Ignored<Groups<DiskOfSpec>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

params!(
    /// A bandwidth for a while.
    pub(crate) struct Temporary {
        /// Its beginning.
        start_time: Option<Text<0, 64>>,
        /// Its end.
        end_time: Option<Text<0, 64>>,
        /// Megabits a second out of the instance.
        internet_max_bandwidth_out: Option<Integer<0, 100>>,
    }
);

params!(
    /// The system disk.
    pub(crate) struct SystemDisk {
        /// Its category.
        category: Option<Category>,
    }
);

params!(
    /// A disk of the instance.
    pub(crate) struct DiskOfSpec {
        /// Its category.
        category: Option<Text<0, 64>>,
        /// Its id.
        #[offers = "disk"]
        disk_id: Option<Text<0, 128>>,
        /// Its level.
        performance_level: Option<Text<0, 64>>,
    }
);

/// An instance that exists, and what it is to become.
pub(crate) struct Facts {
    params: Params,
    instance: Instance,
    /// The new type, if there is one.
    wanted: Option<NewType>,
}

/// A new type for an instance, compared with what the instance has.
struct NewType {
    found: InstanceType,
    zone_sells: bool,
    image_fits: bool,
    /// Whether neither type comes with local disks, which cannot move.
    has_no_local_disks: bool,
    disks: usize,
    takes_all_categories: bool,
}

impl Facts {
    /// Whether the new type is right in this respect; true if there is none.
    fn type_is(&self, right: impl Fn(&NewType) -> bool) -> bool {
        self.wanted.as_ref().is_none_or(right)
    }

    fn changes_bandwidth(&self) -> bool {
        let params = &self.params;
        params.internet_max_bandwidth_out.is_some() || params.internet_max_bandwidth_in.is_some()
    }

    fn is_stopped(&self) -> bool {
        self.instance.status == InstanceStatus::Stopped
    }
}

impl Action for ModifyInstanceSpec {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifyInstanceSpec";
    const SUMMARY: &'static str =
        "Changes the type of a pay-as-you-go instance, or its public bandwidth.";
    const DETAILS: &'static str = "\
A virtual machine has the processors and the memory of its new type when it next starts.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND, &NEW_TYPE_UNKNOWN];
    const TOKEN_MISMATCH: &'static ErrorCode = &SPEC_TOKEN_MISMATCH;

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("InstanceType or a bandwidth is given",              |f| f.wanted.is_some() || f.changes_bandwidth(), &MISSING_INSTANCE_TYPE),
        must("type and bandwidth are changed one after the other", |f| f.wanted.is_none() || !f.changes_bandwidth(), &SPEC_TOO_MUCH),
        must("the instance is not locked for security",           |f| !f.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_POWER),
        must("the instance is pay-as-you-go",                     |f| f.instance.charge_type == ChargeType::PostPaid, &INSTANCE_CHARGE_TYPE),
        must("the instance is Stopped, for another type",         |f| f.wanted.is_none() || f.is_stopped(), &INSTANCE_NOT_STOPPED),
        must("the instance is Running or Stopped",                |f| f.instance.has_stable_status(), &INSTANCE_STATUS_FOR_SPEC),
        must("the zone sells the type",                           |f| f.type_is(|t| t.zone_sells), &TYPE_NOT_IN_ZONE_OF_INSTANCE),
        must("the image is of the architecture of the type",      |f| f.type_is(|t| t.image_fits), &IMAGE_NOT_FOR_TYPE),
        must("neither type comes with local disks",               |f| f.type_is(|t| t.has_no_local_disks), &TYPE_CANNOT_CHANGE),
        must("the type holds the disks of the instance",          |f| f.type_is(|t| t.disks <= t.found.disk_quantity as usize), &DISKS_EXCEED_NEW_TYPE),
        must("the type takes the categories of these disks",      |f| f.type_is(|t| t.takes_all_categories), &CATEGORY_UNSUPPORTED_BY_TYPE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let instance = call.instance(tx, &params.instance_id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        let inventory = &call.environment.inventory;
        let wanted = match &params.instance_type {
            None => None,
            Some(Text(id)) => {
                let found = inventory.instance_type(id).ok_or(&NEW_TYPE_UNKNOWN)?;
                Some(compare(tx, call, &instance, found)?)
            }
        };
        Ok(Facts { params: params.clone(), instance, wanted })
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let mut instance = facts.instance;
        if let Some(NewType { found, .. }) = facts.wanted {
            let spends = std::mem::take(&mut instance.credit_specification);
            instance.credit_specification = match found.credits {
                None => String::new(),
                Some(_) if spends.is_empty() => "Standard".to_owned(),
                Some(_) => spends,
            };
            instance.instance_type = found.id;
        }
        let network = &mut instance.network;
        set(
            &mut network.internet_max_bandwidth_out,
            params.internet_max_bandwidth_out.map(|n| n.0),
        );
        set(&mut network.internet_max_bandwidth_in, params.internet_max_bandwidth_in.map(|n| n.0));
        Effect::reply(()).save(instance)
    }
}

fn set(field: &mut u32, value: Option<i64>) {
    if let Some(value) = value {
        *field = u32::try_from(value).unwrap_or(*field);
    }
}

fn compare(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    instance: &Instance,
    found: &InstanceType,
) -> Result<NewType, StoreError> {
    let inventory = &call.environment.inventory;
    let family = inventory.family(&found.family);
    let image = image_lookups::facts(tx, call, &instance.image)?;
    let old = inventory.instance_type(&instance.instance_type);
    let is_local = |one: &InstanceType| one.local_storage.is_some();
    let (mut disks, mut takes_all_categories) = (0, true);
    for at in tx.attached(&instance.id)? {
        let Some(disk) = tx.disk(&at.disk)? else { continue };
        disks += 1;
        takes_all_categories &=
            family.is_none_or(|family| family.takes_category(disk.category.as_str()));
    }
    Ok(NewType {
        zone_sells: inventory.zone(&instance.zone).is_some_and(|zone| inventory.sells(zone, found)),
        image_fits: image.is_none_or(|image| image.architecture == found.architecture),
        has_no_local_disks: !is_local(found) && !old.is_some_and(is_local),
        disks,
        takes_all_categories,
        found: found.clone(),
    })
}
