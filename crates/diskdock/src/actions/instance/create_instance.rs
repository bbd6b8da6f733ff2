//! `CreateInstance`: make an instance that is off.

use super::build::Build;
use super::launch::disk_params::{DataDiskParams, SystemDiskParams};
use super::launch::make::{Made, make};
use super::launch::{AskedDisks, Launch, LaunchPlan, plan};
use super::machine_spec::machine_spec;
use super::resource::INSTANCE;
use crate::actions::login::Password;
use crate::actions::order;
use crate::actions::prelude::*;
use crate::catalog::joined_params;
use crate::hypervisor::DiskLimit;

/// Makes an instance that is off.
pub(crate) struct CreateInstance;

params!(
    /// Parameters of CreateInstance that RunInstances has not, or has with more members.
    pub(crate) struct CreateOnly {
        /// The system disk.
        system_disk: Group<SystemDiskParams>,
        /// Data disks, up to 16.
        data_disk: Groups<DataDiskParams>,
        /// A cluster of the old days.
        cluster_id: Ignored<Option<Text<0, 64>>>,
        /// An address in the old classic network.
        inner_ip_address: Ignored<Option<Text<0, 64>>>,
        /// A machine of the old days.
        node_controller_id: Ignored<Option<Text<0, 64>>>,
        /// Whether the vendor's services set the guest up.
        use_additional_service: Ignored<Option<bool>>,
        /// A virtual LAN of the old days.
        vlan_id: Ignored<Option<Text<0, 64>>>,
    }
);

joined_params!(
    /// Parameters of CreateInstance.
    pub(crate) struct Params {
        /// Parameters that RunInstances has as well.
        launch: Launch,
        /// Parameters that only this action has.
        create: CreateOnly,
    }
);

reply!(
    /// Reply of CreateInstance.
    pub(crate) struct Reply {
        /// The new instance.
        instance_id: String,
        /// The order of a subscription, else empty.
        order_id: String,
        /// The price. Nothing costs anything here.
        trade_price: f64,
    }
);

/// Pending, Stopped.
static TRANSITION: Transition = Transition {
    resource: &INSTANCE,
    begins: &[Edge::into("Pending", "CreateInstance")],
    ends: &[Edge::between("Pending", "Stopped", "made")],
    settles: Some(Settling::new(Ids::Replied("InstanceId"), Goal::Status("Stopped"))),
};

impl Action for CreateInstance {
    type Params = Params;
    type Facts = LaunchPlan;
    type Reply = Reply;

    const NAME: &'static str = "CreateInstance";
    const SUMMARY: &'static str = "Creates an instance without starting it.";
    const DETAILS: &'static str = "\
The instance is Pending, then Stopped, with its system disk and data disks on it. StartInstance \
turns it on.\n\n\
The tag `diskdock:forward`, such as `2222:22` or `2222:22,8080:80`, lets ports of this host lead into \
the guest: port 2222 of its loopback to port 22 of the guest. A port of this host leads into one guest \
only. A simulated instance has no guest, and nothing listens.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const SDK: &'static [SdkParam] =
        &[SdkParam::long("Arn.AssumeRoleFor"), SdkParam::lacking("ManagedHostId", TypedSdk::OLDER)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = plan::LOAD_ERRORS;

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<LaunchPlan>] = plan::RULES;

    const COMPUTES: fn(&Params) -> Option<&dyn Computes> =
        |params| Password::computes(params.launch.password.as_ref());

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<LaunchPlan, ActionError> {
        let create = &params.create;
        let disks = AskedDisks::of_create(&create.system_disk, &create.data_disk);
        LaunchPlan::of(tx, call, &params.launch, &disks, 1)
    }

    fn effect(call: &Call<'_>, params: &Params, plan: LaunchPlan) -> Effect<Reply> {
        let made = make(call, &plan, 0);
        let reply = Reply {
            instance_id: made.instance.id.to_string(),
            order_id: order::number_for(call, plan.charge_type()),
            trade_price: 0.0,
        };
        let build = build(call, &made, &params.launch);
        save(Effect::reply(reply), made, &params.launch).start(CreatingInstance { build })
    }
}

/// The build of the machine of a new instance.
pub(crate) fn build(call: &Call<'_>, made: &Made, params: &Launch) -> Build {
    let user_data = params.user_data.as_ref().map(|data| data.0.clone()).unwrap_or_default();
    let order = made.disks.iter().map(|disk| disk.id.clone()).collect();
    let limits = made.disks.iter().map(DiskLimit::of).collect();
    let inventory = &call.environment.inventory;
    Build::of(made, machine_spec(inventory, &made.instance, order, user_data, limits))
}

/// Saves an instance that was just made, with everything that belongs to it.
pub(crate) fn save<R>(effect: Effect<R>, made: Made, params: &Launch) -> Effect<R> {
    let id = made.instance.id.clone();
    let mut effect = effect.save(made.instance);
    for disk in made.disks {
        effect = effect.save(disk);
    }
    match &params.user_data {
        Some(Text(data)) if !data.is_empty() => {
            effect.change(StoreChange::SaveUserData(id, data.clone()))
        }
        _ => effect,
    }
}

/// Makes the bytes and tells the hypervisor; then the instance is Stopped.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreatingInstance {
    build: Build,
}

impl Operation for CreatingInstance {
    const KIND: &'static str = "instance.create";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        Subject::of_instance(self.build.instance())
    }

    fn phase(&self) -> &'static str {
        self.build.phase()
    }

    fn making(&self) -> Vec<DiskId> {
        self.build.making()
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        self.build.advance(context).await
    }

    fn finish(&self, outcome: &Outcome, tx: &mut dyn WriteTx, _: Moment) -> Result<(), StoreError> {
        self.build.finish(outcome, tx)?;
        let Some(mut instance) = tx.instance(self.build.instance())? else { return Ok(()) };
        // A StartInstance may have started it meanwhile.
        let is_pending = instance.status == InstanceStatus::Pending;
        if is_pending && instance.stopped().is_ok() {
            tx.save_instance(&instance)?;
        }
        Ok(())
    }
}
