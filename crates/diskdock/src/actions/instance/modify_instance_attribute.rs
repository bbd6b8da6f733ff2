//! `ModifyInstanceAttribute`: change the name and the like of an instance.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::inventory::OsType;

use super::launch::names::{HostName, fits_windows};
use super::launch::params::CreditSpecification;
use super::launch::plan::USER_DATA_BYTES;
use super::launch::run_params::PrivateDnsNameOptions;
use crate::actions::image_lookups;
use crate::actions::login::Password;
use crate::actions::prelude::*;

/// Changes attributes of an instance.
pub(crate) struct ModifyInstanceAttribute;

params!(
    /// Parameters of ModifyInstanceAttribute.
    pub(crate) struct Params {
        /// The instance.
        #[fits = ["Running", "Stopped"]]
        instance_id: InstanceId,
        /// The new display name.
        instance_name: Option<InstanceName>,
        /// The new description; empty takes it away.
        #[malformed = INSTANCE_DESCRIPTION_MALFORMED]
        description: Option<Description>,
        /// The new name inside the guest. A guest learns of it when it next starts.
        host_name: Option<HostName>,
        /// The new login password. Only its hash is kept, which makes it root's in the guest when
        /// that next starts. With virtual machines it needs an image with cloud-init.
        #[malformed = PASSWORD_MALFORMED]
        password: Option<Password>,
        /// The new user data in Base64, up to 32 KB before encoding; empty takes it away. A guest
        /// sees it when it next starts.
        user_data: Option<Text<0, 65536>>,
        /// Refuse the release of the instance. Pay-as-you-go only.
        deletion_protection: Option<bool>,
        /// How a burstable instance spends its credits.
        credit_specification: Option<CreditSpecification>,
        /// The security groups to show, in the place of all others. Any ids will do.
        #[names = "security group"]
        security_group_ids: Each<Text<1, 64>>,
        /// Encryption of the network. There is none here, so true is refused.
        enable_network_encryption: Option<bool>,
        /// The recycle bin, which is not open to the public: any value is refused.
        recyclable: Option<bool>,
        /// Jumbo frames.
        enable_jumbo_frame: Ignored<Option<bool>>,
        /// Queues of the primary network interface.
        network_interface_queue_number: Ignored<Option<Integer<-1, 1024>>>,
        /// How the processors are laid out.
        cpu_options: Ignored<Group<CpuOptions>>,
        /// Names in the private DNS.
        private_dns_name_options: Ignored<Group<PrivateDnsNameOptions>>,
        /// Not offered to the public.
        remote_connection_options: Ignored<Group<RemoteConnectionOptions>>,
    }
);

params!(
    /// How the processors are laid out.
    pub(crate) struct CpuOptions {
        /// Physical cores.
        core: Option<Integer<1, 1024>>,
        /// Threads on a core.
        threads_per_core: Option<Integer<1, 2>>,
        /// How threads lie on cores.
        topology_type: Option<Text<0, 64>>,
        /// Virtualisation inside the guest.
        nested_virtualization: Option<Text<0, 64>>,
    }
);

params!(
    /// Access by a remote console.
    pub(crate) struct RemoteConnectionOptions {
        /// Its password.
        password: Option<Text<0, 64>>,
        /// Its kind.
        #[wire = "Type"]
        kind: Option<Text<0, 64>>,
    }
);

/// The instance, which exists, and what is to change.
pub(crate) struct Facts {
    params: Params,
    instance: Instance,
    is_windows: bool,
    is_burstable: bool,
    /// Whether a new password, if there is one, can be accepted.
    takes_password: bool,
}

impl Facts {
    /// Whether it concerns the guest, and not only what is shown of the instance.
    fn reaches_guest(&self) -> bool {
        let params = &self.params;
        params.host_name.is_some() || params.user_data.is_some() || params.password.is_some()
    }

    fn host_name(&self) -> Option<String> {
        let name = self.params.host_name.as_ref()?.0.name(0, 1, false);
        Some(name.replace("${instance_id}", self.instance.id.as_str()))
    }

    fn host_name_fits(&self) -> bool {
        !self.is_windows || self.host_name().is_none_or(|name| fits_windows(&name))
    }

    /// Bytes of the new user data; none if it is not Base64.
    fn user_data_bytes(&self) -> Option<usize> {
        let text = self.params.user_data.as_ref().map_or("", |data| &data.0);
        STANDARD.decode(text).ok().map(|bytes| bytes.len())
    }

    fn can_be_protected(&self) -> bool {
        let is_spot = self.instance.spot_strategy != "NoSpot";
        self.instance.charge_type == ChargeType::PostPaid && !is_spot
    }

    fn groups_differ(&self) -> bool {
        let groups = &self.params.security_group_ids.0;
        groups.iter().enumerate().all(|(at, one)| groups[..at].iter().all(|g| g.0 != one.0))
    }
}

impl Action for ModifyInstanceAttribute {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifyInstanceAttribute";
    const SUMMARY: &'static str = "Changes the name and other attributes of an instance.";
    const DETAILS: &'static str = "\
HostName, UserData and Password reach a guest when it next starts: its seed for cloud-init is made anew with \
every start. UserData of a Running instance can be changed, as BOSH does with every disk that it \
attaches.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const SDK: &'static [SdkParam] = &[
        SdkParam::lacking("CpuOptions.Core", TypedSdk::OLDEST),
        SdkParam::lacking("CpuOptions.ThreadsPerCore", TypedSdk::OLDEST),
        SdkParam::lacking("CpuOptions.NestedVirtualization", TypedSdk::OLDER),
        SdkParam::lacking("EnableNetworkEncryption", TypedSdk::OLDEST),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the instance is not locked for security",               |f| !f.instance.is_locked_for(LockReason::Security), &INSTANCE_LOCKED_FOR_POWER),
        must("HostName, UserData and Password are for an instance that is Running or Stopped", |f| !f.reaches_guest() || f.instance.has_stable_status(), &INSTANCE_STATUS),
        must("Recyclable is left out",                                |f| f.params.recyclable.is_none(), &RECYCLABLE_NOT_PERMITTED),
        must("Windows takes the host name",                           |f| f.host_name_fits(), &HOST_NAME_MALFORMED),
        must("the image has cloud-init, with a password for a virtual machine", |f| f.takes_password, &PASSWORD_NOT_SET),
        must("user data is Base64",                                   |f| f.user_data_bytes().is_some(), &NEW_USER_DATA_NOT_BASE64),
        must("user data has at most 32 KB",                           |f| f.user_data_bytes().is_none_or(|bytes| bytes <= USER_DATA_BYTES), &USER_DATA_TOO_LARGE),
        must("only a plain pay-as-you-go instance is protected",      |f| f.params.deletion_protection != Some(true) || f.can_be_protected(), &PROTECTION_CHARGE_TYPE),
        must("CreditSpecification is for a burstable type",           |f| f.params.credit_specification.is_none() || f.is_burstable, &CREDITS_NOT_OF_TYPE),
        must("no security group is named twice",                      |f| f.groups_differ(), &SECURITY_GROUP_REPEATED),
        must("EnableNetworkEncryption is not true",                   |f| f.params.enable_network_encryption != Some(true), &NETWORK_ENCRYPTION_UNSUPPORTED),
    ];

    const COMPUTES: fn(&Params) -> Option<&dyn Computes> =
        |params| Password::computes(params.password.as_ref());

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let instance = call.instance(tx, &params.instance_id)?.ok_or(&INSTANCE_NOT_FOUND)?;
        let inventory = &call.environment.inventory;
        let image = image_lookups::facts(tx, call, &instance.image)?;
        let found = inventory.instance_type(&instance.instance_type);
        Ok(Facts {
            is_windows: image.as_ref().is_some_and(|image| image.os_type == OsType::Windows),
            is_burstable: found.is_some_and(|found| found.credits.is_some()),
            takes_password: Password::is_taken(
                params.password.as_ref(),
                call,
                image.as_ref().is_none_or(|image| image.cloud_init),
            ),
            params: params.clone(),
            instance,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let host_name = facts.host_name();
        let mut instance = facts.instance;
        instance.host_name = host_name.unwrap_or(instance.host_name);
        set(&mut instance.name, params.instance_name.as_ref().map(|name| &name.0));
        set(&mut instance.description, params.description.as_ref().map(|text| &text.0));
        let credits = params.credit_specification.map(CreditSpecification::as_str);
        set(&mut instance.credit_specification, credits.map(str::to_owned).as_ref());
        instance.deletion_protection =
            params.deletion_protection.unwrap_or(instance.deletion_protection);
        if !params.security_group_ids.0.is_empty() {
            let groups = params.security_group_ids.0.iter();
            instance.network.security_groups = groups.map(|group| group.0.clone()).collect();
        }
        if let Some(password) = &params.password {
            instance.password_hash = password.hash(call);
        }
        let id = instance.id.clone();
        let effect = Effect::reply(()).save(instance);
        match &params.user_data {
            Some(Text(data)) => effect.change(StoreChange::SaveUserData(id, data.clone())),
            None => effect,
        }
    }
}

fn set(field: &mut String, value: Option<&String>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}
