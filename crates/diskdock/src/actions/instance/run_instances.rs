//! `RunInstances`: make instances and start them.

use super::create_instance::{build, save};
use super::launch::make::make;
use super::launch::run_params::{InterfaceKind, NetworkInterface, RunOnly};
use super::launch::{AskedDisks, Launch, LaunchPlan, plan};
use super::resource::INSTANCE;
use super::start_instance::Starting;
use crate::actions::login::Password;
use crate::actions::order;
use crate::actions::prelude::*;
use crate::catalog::{Time, joined_params};

/// An automatic release is between half an hour and three years ahead, in seconds.
const AUTO_RELEASE_S: (i64, i64) = (30 * 60, 3 * 366 * 24 * 3_600);

/// Makes instances and starts them.
pub(crate) struct RunInstances;

joined_params!(
    /// Parameters of RunInstances.
    pub(crate) struct Params {
        /// Parameters that CreateInstance has as well.
        launch: Launch,
        /// Parameters that only this action has.
        run: RunOnly,
    }
);

reply!(
    /// Reply of RunInstances.
    pub(crate) struct Reply {
        /// The new instances.
        instance_id_sets: InstanceIdSets,
        /// The order of subscriptions, else empty.
        order_id: String,
        /// The price. Nothing costs anything here.
        trade_price: f64,
    }
);

reply!(
    /// Ids of instances.
    pub(crate) struct InstanceIdSets {
        /// One for each instance.
        instance_id_set: Vec<String>,
    }
);

/// Pending, Starting, Running.
static TRANSITION: Transition = Transition {
    resource: &INSTANCE,
    begins: &[Edge::into("Pending", "RunInstances")],
    ends: &[
        Edge::between("Pending", "Starting", "to be run"),
        Edge::between("Starting", "Running", "booted"),
    ],
    settles: Some(Settling::new(
        Ids::RepliedList(["InstanceIdSets", "InstanceIdSet"]),
        Goal::Status("Running"),
    )),
};

impl Action for RunInstances {
    type Params = Params;
    type Facts = LaunchPlan;
    type Reply = Reply;

    const NAME: &'static str = "RunInstances";
    const SUMMARY: &'static str = "Creates up to 100 instances and starts them.";
    const DETAILS: &'static str = "\
The instances are Starting, then Running; their system disks and data disks are on them from the \
beginning. All of them are made, or none.\n\n\
The tag `diskdock:forward`, such as `2222:22` or `2222:22,8080:80`, lets ports of this host lead into \
the guest: port 2222 of its loopback to port 22 of the guest. A port of this host leads into one guest \
only. A simulated instance has no guest, and nothing listens.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const SDK: &'static [SdkParam] = &[
        SdkParam::text("SystemDisk.Size"),
        SdkParam::text("SystemDisk.Encrypted"),
        SdkParam::text("DataDisk.Encrypted"),
        SdkParam::long("SystemDisk.ProvisionedIops"),
        SdkParam::long("DataDisk.ProvisionedIops"),
        SdkParam::long("Arn.AssumeRoleFor"),
        SdkParam::long("NetworkInterface.Ipv6AddressCount"),
        SdkParam::long("NetworkInterface.QueuePairNumber"),
        SdkParam::long("LaunchTemplateVersion"),
        SdkParam::lacking("ManagedHostId", TypedSdk::OLDER),
        SdkParam::lacking("SecurityOptions.EnableSecureBoot", TypedSdk::OLDER),
        SdkParam::lacking("CpuOptions.NestedVirtualization", TypedSdk::OLDER),
        SdkParam::lacking("NetworkInterface.SecondaryPrivateIpAddressCount", TypedSdk::OLDEST),
        SdkParam::lacking("NetworkInterface.SourceDestCheck", TypedSdk::OLDEST),
        SdkParam::lacking("ClockOptions.PtpStatus", TypedSdk::OLDEST),
        SdkParam::lacking("NetworkOptions.BandwidthWeighting", TypedSdk::OLDEST),
        SdkParam::lacking("NetworkOptions.EnableNetworkEncryption", TypedSdk::OLDEST),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        const { &ErrorList::of(RUN_ONLY_LOOKUPS).and(plan::LOAD_ERRORS) }.as_slice();

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<LaunchPlan>] = &plan::RULES_OF_RUN;

    const COMPUTES: fn(&Params) -> Option<&dyn Computes> =
        |params| Password::computes(params.launch.password.as_ref());

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<LaunchPlan, ActionError> {
        let amount = params.run.amount.map_or(1, |amount| amount.0);
        check(call, params, amount)?;
        let mut launch = params.launch.clone();
        let groups = primary_interface(&mut launch, &params.run);
        let disks = AskedDisks::of_run(&params.run.system_disk, &params.run.data_disk);
        let count = u32::try_from(amount).unwrap_or(1);
        let mut plan = LaunchPlan::of(tx, call, &launch, &disks, count)?;
        if plan.security_groups.is_empty() {
            plan.network.find_groups(tx, call, &groups)?;
            plan.security_groups = groups;
        }
        let listed = params.run.host_names.0.iter().map(|name| name.0.name(0, 1, false));
        plan.host_names.extend(listed);
        plan.unique_suffix = params.run.unique_suffix.unwrap_or(false);
        plan.auto_release_at = params.run.auto_release_time.map(|time| time.0);
        Ok(plan)
    }

    fn effect(call: &Call<'_>, _: &Params, plan: LaunchPlan) -> Effect<Reply> {
        let order_id = order::number_for(call, plan.charge_type());
        let sets = InstanceIdSets { instance_id_set: Vec::new() };
        let reply = Reply { instance_id_sets: sets, order_id, trade_price: 0.0 };
        let mut effect = Effect::reply(reply);
        for index in 0..plan.amount {
            let mut made = make(call, &plan, index);
            made.instance.start().expect("a new instance can be started");
            let id = made.instance.id.to_string();
            effect.reply.instance_id_sets.instance_id_set.push(id);
            let start = Starting::of(build(call, &made, &plan.params));
            effect = save(effect, made, &plan.params).start(start);
        }
        effect
    }
}

/// Errors that only RunInstances can give.
const RUN_ONLY_LOOKUPS: &[&ErrorCode] = &[
    &LAUNCH_SNAPSHOT_POLICY_NOT_FOUND,
    &LAUNCH_TEMPLATE_NOT_FOUND,
    &MIN_AMOUNT_MALFORMED,
    &HOST_NAME_AND_LIST,
    &HOST_NAMES_COUNT,
    &SECURITY_GROUP_AND_LIST,
    &AUTO_RELEASE_MALFORMED,
    &AUTO_PAY_POSTPAID,
    &CONFIDENTIAL_UNSUPPORTED,
    &TRUSTED_UNSUPPORTED,
    &INTERFACE_NOT_FOUND,
];

/// Checks the parameters that only RunInstances has.
fn check(call: &Call<'_>, params: &Params, amount: i64) -> Result<(), &'static ErrorCode> {
    let (launch, run) = (&params.launch, &params.run);
    let prepaid = launch.instance_charge_type == Some(ChargeType::PrePaid);
    let released_well = run.auto_release_time.is_none_or(|Time(at)| {
        let ahead = at.since_ms(call.now) / 1_000;
        (AUTO_RELEASE_S.0 - 60..=AUTO_RELEASE_S.1).contains(&ahead)
    });
    let host_names = run.host_names.0.len();
    let security = &run.security_options.0;
    let broken = [
        (run.launch_template_id.is_some(), &LAUNCH_TEMPLATE_NOT_FOUND),
        (run.launch_template_name.is_some(), &LAUNCH_TEMPLATE_NOT_FOUND),
        (run.min_amount.is_some_and(|fewest| fewest.0 > amount), &MIN_AMOUNT_MALFORMED),
        (host_names > 0 && launch.host_name.is_some(), &HOST_NAME_AND_LIST),
        (host_names > 0 && i64::try_from(host_names) != Ok(amount), &HOST_NAMES_COUNT),
        (
            launch.security_group_id.is_some() && !run.security_group_ids.0.is_empty(),
            &SECURITY_GROUP_AND_LIST,
        ),
        (!released_well, &AUTO_RELEASE_MALFORMED),
        (run.auto_pay == Some(false) && !prepaid, &AUTO_PAY_POSTPAID),
        (security.confidential_computing_mode.is_some(), &CONFIDENTIAL_UNSUPPORTED),
        (security.trusted_system_mode.is_some(), &TRUSTED_UNSUPPORTED),
        (
            run.network_interface.0.iter().any(|one| one.network_interface_id.is_some()),
            &INTERFACE_NOT_FOUND,
        ),
    ];
    let first = broken.into_iter().find(|(is_broken, _)| *is_broken);
    first.map_or(Ok(()), |(_, error)| Err(error))
}

/// Takes over where the primary interface lies, unless that is said directly. Gives the security
/// groups that are said in any other way than as the one SecurityGroupId.
fn primary_interface(launch: &mut Launch, run: &RunOnly) -> Vec<String> {
    let is_primary = |one: &&NetworkInterface| one.instance_type == Some(InterfaceKind::Primary);
    let mut groups: Vec<String> = run.security_group_ids.0.iter().map(|id| id.0.clone()).collect();
    if let Some(primary) = run.network_interface.0.iter().find(is_primary) {
        launch.v_switch_id = launch.v_switch_id.take().or(primary.v_switch_id.clone());
        launch.private_ip_address = launch.private_ip_address.or(primary.primary_ip_address);
        if groups.is_empty() {
            let given = primary.security_group_id.iter().chain(&primary.security_group_ids.0);
            groups.extend(given.map(|id| id.0.clone()));
        }
    }
    groups
}
