//! `ReInitDisk`: give a disk the content that it had when it was made.

use domain::kms::KeyUse;

use super::resource::DISK;
use super::set_back::{self, SettingBack};
use crate::actions::image_lookups;
use crate::actions::instance::power_facts::{self, PowerFacts, Requested};
use crate::actions::instance::start_instance::Starting;
use crate::actions::kms_keys::{use_of_disk, use_of_snapshot};
use crate::actions::login::{NewLogin, Password};
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::catalog::Needs;
use crate::hypervisor::DiskContent;

/// Gives a disk its first content again.
pub(crate) struct ReInitDisk;

params!(
    /// Parameters of ReInitDisk.
    pub(crate) struct Params {
        /// The disk. It must be In_use, and its instance Stopped.
        #[fits = ["In_use"]]
        disk_id: DiskId,
        /// Start the instance afterwards.
        auto_start_instance: Option<bool>,
        /// The login password that goes with a system disk. Only its hash is kept, which makes it
        /// root's in the guest when that next starts.
        #[malformed = PASSWORD_MALFORMED]
        password: Option<Password>,
        /// The key pair of the instance from now on, for a system disk.
        #[offers = "key pair"]
        key_pair_name: Option<Text<1, 128>>,
        /// Whether the guest gets the vendor's agent. There is none here.
        security_enhancement_strategy: Ignored<Option<SecurityStrategy>>,
    }
);

choice!(
    /// Whether the vendor's agent is installed.
    pub(crate) enum SecurityStrategy {
        Active = "Active",
        Deactive = "Deactive",
    }
);

/// The disk that the request names, its instance, and what its first content was.
pub(crate) struct Facts {
    params: Params,
    disk: Disk,
    content: DiskContent,
    /// Whether image or snapshot of that content is there.
    content_exists: bool,
    /// Whether its image is there, if it was made from one.
    image_exists: bool,
    /// The key of the disk or of the snapshot of that content: the one that can be used less.
    keys: KeyUse,
    /// The instance that has it.
    power: Option<PowerFacts>,
    /// The login that the instance gets, and has here already.
    login: NewLogin,
    /// The login that it has in the store until the disk has its content.
    login_before: NewLogin,
    /// Whether that instance runs Windows.
    is_windows: bool,
    /// Whether a snapshot of the disk is being made.
    has_snapshot_in_progress: bool,
    /// Whether one of its snapshots has instant access.
    has_instant_access: bool,
    now: Moment,
}

impl Facts {
    fn of_instance(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        self.power.as_ref().is_some_and(|power| holds(&power.instance))
    }

    fn has_stable_status(&self) -> bool {
        self.disk.status() == DiskStatus::InUse && self.disk.activity.is_none()
    }

    fn is_from_snapshot(&self) -> bool {
        matches!(self.content, DiskContent::Snapshot(_))
    }

    fn was_started(&self) -> bool {
        self.of_instance(|instance| instance.started_at.is_some())
    }

    fn starts(&self) -> bool {
        self.params.auto_start_instance == Some(true)
    }

    /// Whether a start of the instance can follow.
    fn can_start(&self) -> bool {
        self.power
            .as_ref()
            .is_some_and(|power| power.instance.system_disk.is_some() && power.disks_are_still())
    }
}

/// In_use, ReIniting, In_use.
static TRANSITION: Transition = Transition {
    resource: &DISK,
    begins: &[Edge::between("In_use", "ReIniting", "ReInitDisk")],
    ends: &[Edge::between("ReIniting", "In_use", "set back")],
    settles: Some(Settling::new(Ids::Requested("DiskId"), Goal::Status("In_use"))),
};

impl Action for ReInitDisk {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ReInitDisk";
    const SUMMARY: &'static str = "Gives a disk the content that it had when it was made.";
    const DETAILS: &'static str = "\
A system disk begins with its image again, a disk made from a snapshot with that, any other is empty. \
The disk is ReIniting, then In_use; what was written to it is lost. Its instance is not started \
meanwhile, unless AutoStartInstance asks for it: then it is Starting, and boots when the disk is \
ready.\n\n\
With real machines the new content is made beside the old one and takes its place as a whole: \
whatever fails meanwhile, the disk has one of the two.";
    const CAUTION: &'static str = "\
Everything written to the disk is lost. Take a snapshot first if any of it is needed.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const NEEDS: Needs = Needs::Snapshots;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&DISK_NOT_FOUND, &KEY_PAIR_UNKNOWN];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the disk is not a multi-attach disk",                  |f| !f.disk.multi_attach, &MULTI_ATTACH_NOT_HERE),
        must("the disk is neither local nor elastic ephemeral",      |f| set_back::takes_content(&f.disk), &CATEGORY_NOT_FOR_THIS),
        must("no snapshot of the disk has instant access",           |f| !f.has_instant_access, &INSTANT_ACCESS_SNAPSHOTS),
        must("no snapshot of the disk is being made",                |f| !f.has_snapshot_in_progress, &DISK_CREATING_SNAPSHOT),
        must("the disk is In_use, and nothing else is being done to it", |f| f.has_stable_status(), &DISK_STATUS),
        must("its instance is not locked for security",              |f| f.of_instance(|i| !i.is_locked_for(LockReason::Security)), &INSTANCE_LOCKED_FOR_SECURITY),
        must("its instance is neither expired nor in arrears",       |f| f.of_instance(|i| set_back::is_in_good_standing(i, f.now)), &INSTANCE_IN_ARREARS),
        must("its instance is Stopped",                              |f| f.of_instance(|i| i.status == InstanceStatus::Stopped), &INSTANCE_STATUS),
        must("its instance was started at least once",               |f| f.was_started(), &INSTANCE_STATUS),
        must("the snapshot that it was made from exists",            |f| f.content_exists || !f.is_from_snapshot(), &SOURCE_SNAPSHOT_GONE),
        must("the image that it was made from exists",               |f| f.content_exists && f.image_exists, &IMAGE_OF_DISK_GONE),
        must("the keys of the disk and of that snapshot are not deleted", |f| f.keys.is_there(), &KEY_NOT_FOUND),
        must("the keys of the disk and of that snapshot are Enabled", |f| f.keys.is_enabled(), &KEY_DISABLED),
        must("a key pair is not for Windows",                        |f| f.params.key_pair_name.is_none() || !f.is_windows, &KEY_PAIR_WINDOWS_DISK),
        must("with AutoStartInstance, the instance can start",       |f| !f.starts() || f.can_start(), &INSTANCE_STATUS),
    ];

    const COMPUTES: fn(&Params) -> Option<&dyn Computes> =
        |params| Password::computes(params.password.as_ref());

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let disk = call.disk(tx, &params.disk_id)?.ok_or(&DISK_NOT_FOUND)?;
        let login = login(tx, call, &disk, params)?;
        let instance = match disk.attachments.first() {
            Some(at) => call.instance(tx, &at.instance)?,
            None => None,
        };
        let login_before = instance.as_ref().map(NewLogin::of_instance).unwrap_or_default();
        let power = match instance {
            Some(mut instance) => {
                // Before its machine is specified.
                login.give(&mut instance);
                Some(power_facts::facts(tx, call, instance, Requested::default())?)
            }
            None => None,
        };
        let image_exists =
            disk.image.is_empty() || image_lookups::facts(tx, call, &disk.image)?.is_some();
        let content = set_back::first_content(&disk);
        let mut keys = use_of_disk(tx, &disk, call.now)?;
        let content_exists = match &content {
            DiskContent::Empty => true,
            DiskContent::Image(_) => image_exists,
            DiskContent::Snapshot(id) => {
                let found = call.find(tx, id)?;
                if let Some(snapshot) = &found {
                    keys = keys.max(use_of_snapshot(tx, snapshot, call.now)?);
                }
                found.is_some()
            }
        };
        let image = match &power {
            Some(power) => image_lookups::facts(tx, call, &power.instance.image)?,
            None => None,
        };
        Ok(Facts {
            params: params.clone(),
            login,
            login_before,
            content,
            content_exists,
            keys,
            image_exists,
            is_windows: image.is_some_and(|image| image.os_type.as_str() == "windows"),
            has_snapshot_in_progress: snapshot_lookups::has_snapshot_in_progress(tx, &disk)?,
            has_instant_access: snapshot_lookups::has_instant_access(tx, &disk)?,
            power,
            disk,
            now: call.now,
        })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let starts = facts.starts();
        let Facts { mut disk, content, power, login, login_before, .. } = facts;
        disk.reinit().expect("a disk that stands still can be set back");
        let power = power.expect("the rules want an instance");
        let of = power.instance.id.clone();
        let mut effect = Effect::reply(());
        let mut then = None;
        if starts {
            let (mut instance, starting) = Starting::of_stopped(power);
            login_before.give(&mut instance);
            effect = effect.save(instance);
            then = Some(starting);
        }
        let setting_back = SettingBack::new(&disk, content, then).with_login(of, login);
        effect.save(disk).start(setting_back)
    }
}

/// The new login of a system disk; a data disk has none.
fn login(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    disk: &Disk,
    params: &Params,
) -> Result<NewLogin, ActionError> {
    if disk.kind != DiskKind::System {
        return Ok(NewLogin::default());
    }
    let (pair, password) = (params.key_pair_name.as_ref(), params.password.as_ref());
    NewLogin::of(tx, call, &disk.region, pair, password)
}
