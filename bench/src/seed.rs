//! Stores with many disks, made with the library and not through the API.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diskdock::clock::Clock;
use diskdock::gateway::keys::{DEFAULT_ACCOUNT, DEVELOPMENT_ID, DEVELOPMENT_SECRET};
use diskdock::ids::IdGenerator;
use diskdock::store::sqlite::{BackupOrigin, BackupPlan, Durability, STORE, Sqlite};
use diskdock::store::{Export, Store, WriteTx};
use domain::instance::{InstanceNetwork, StoppedMode};
use domain::{Category, ChargeType, Disk, Instance, InstanceStatus, Moment, UnknownFields};

/// The region of everything.
pub(crate) const REGION: &str = "cn-hangzhou";
/// The key that requests are signed with, as `--key` takes it.
pub(crate) fn key() -> String {
    format!("{DEVELOPMENT_ID}:{DEVELOPMENT_SECRET}")
}
/// The zone of everything.
pub(crate) const ZONE: &str = "cn-hangzhou-i";
/// The type of every instance.
pub(crate) const INSTANCE_TYPE: &str = "ecs.g6.large";
/// The image of every instance.
pub(crate) const IMAGE: &str = "ubuntu_22_04_x64_20G_alibase_20240926.vhd";
/// Disks that one transaction saves.
const BATCH: usize = 5_000;
/// One of so many ids is kept to be asked for.
const IDS_KEPT: usize = 20_000;

/// A store on disk, and ids of disks in it.
#[derive(Clone)]
pub(crate) struct Seed {
    /// The data directory.
    pub directory: PathBuf,
    /// Ids of disks, spread evenly.
    pub ids: Arc<Vec<String>>,
}

/// The store made so far, by number of disks.
pub(crate) struct Seeds {
    parent: PathBuf,
    /// The older store version of the server that opens them.
    version: Option<i64>,
    made: BTreeMap<usize, Seed>,
}

impl Seeds {
    /// None yet; they will lie in this directory.
    pub(crate) fn new(parent: &Path, version: Option<i64>) -> Seeds {
        Seeds { parent: parent.to_owned(), version, made: BTreeMap::new() }
    }

    /// A store with so many Available disks.
    pub(crate) fn with(&mut self, disks: usize) -> io::Result<Seed> {
        if let Some(seed) = self.made.get(&disks) {
            return Ok(seed.clone());
        }
        eprintln!("making a store with {disks} disks ...");
        let directory = self.parent.join(format!("disks-{disks}"));
        let now = Clock::default().now();
        let ids = IdGenerator::from_seed(1);
        let every = disks.div_ceil(IDS_KEPT).max(1);
        let mut kept = Vec::new();
        let mut left = disks;
        write(
            &directory,
            move || {
                let batch: Vec<Disk> =
                    (0..left.min(BATCH)).map(|at| disk(&ids, left - at, now)).collect();
                left -= batch.len();
                (!batch.is_empty()).then(|| Export::empty().with(batch))
            },
            |snapshot| {
                kept.extend(snapshot.all().step_by(every).map(|disk: &Disk| disk.id.to_string()));
            },
        )?;
        convert(&directory, self.version)?;
        let seed = Seed { directory, ids: Arc::new(kept) };
        self.made.insert(disks, seed.clone());
        Ok(seed)
    }

    /// A store with what this snapshot holds.
    pub(crate) fn of(&self, name: &str, snapshot: Export) -> io::Result<PathBuf> {
        let directory = self.parent.join(name);
        let mut snapshot = Some(snapshot);
        write(&directory, move || snapshot.take(), |_| {})?;
        convert(&directory, self.version)?;
        Ok(directory)
    }
}

/// Writes one snapshot after the other.
fn write(
    directory: &Path,
    mut next: impl FnMut() -> Option<Export>,
    mut seen: impl FnMut(&Export),
) -> io::Result<()> {
    let failed = |fault: diskdock::store::StoreError| io::Error::other(fault.to_string());
    let sqlite = Sqlite::open(directory, Durability::Relaxed).map_err(failed)?;
    let store = Store::new(sqlite);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    while let Some(snapshot) = next() {
        seen(&snapshot);
        let work = move |tx: &mut dyn WriteTx| tx.load_export(&snapshot);
        runtime.block_on(store.write(work)).map_err(failed)?;
    }
    Ok(())
}

/// Brings a store into the form of an older version.
fn convert(directory: &Path, version: Option<i64>) -> io::Result<()> {
    let Some(version) = version else { return Ok(()) };
    let old = directory.join("older.sqlite");
    let plan = BackupPlan {
        file: old.clone(),
        replace: true,
        version: Some(version),
        origin: BackupOrigin::default(),
    };
    let made = Sqlite::back_up(directory, &plan, &mut |_| ());
    made.map_err(|fault| io::Error::other(fault.to_string()))?;
    std::fs::rename(old, directory.join(STORE))
}

/// So many Running instances, and so many Available disks for each of them, disk by disk.
pub(crate) fn fleet(instances: usize, disks_each: usize) -> (Export, Vec<(String, String)>) {
    let now = Clock::default().now();
    let ids = IdGenerator::from_seed(2);
    let instances: Vec<Instance> = (0..instances).map(|at| instance(&ids, at, now)).collect();
    let (mut disks, mut pairs) = (Vec::new(), Vec::new());
    for _ in 0..disks_each {
        for instance in &instances {
            let disk = disk(&ids, disks.len(), now);
            pairs.push((disk.id.to_string(), instance.id.to_string()));
            disks.push(disk);
        }
    }
    (Export::empty().with(disks).with(instances), pairs)
}

/// Instances on hosts, and Available disks for each of them, with the disks and their instances.
/// The first of the instances has number `first`, by which ids differ from call to call.
pub(crate) fn placed(
    first: usize,
    instances: usize,
    disks_each: usize,
    host: impl Fn(usize) -> String,
) -> (Export, Vec<(String, String)>) {
    let now = Clock::default().now();
    let ids = IdGenerator::from_seed(1_000 + u64::try_from(first).unwrap_or(u64::MAX));
    let (mut made, mut disks, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..instances {
        let instance = Instance { host: host(at), ..instance(&ids, first + at, now) };
        for _ in 0..disks_each {
            let disk = disk(&ids, first * disks_each + disks.len(), now);
            pairs.push((disk.id.to_string(), instance.id.to_string()));
            disks.push(disk);
        }
        made.push(instance);
    }
    (Export::empty().with(disks).with(made), pairs)
}

fn disk(ids: &IdGenerator, number: usize, now: Moment) -> Disk {
    let id = ids.of("bp1", now);
    let disk = Disk::new(id, DEFAULT_ACCOUNT.into(), Category::CloudEfficiency, 20, now);
    let name = format!("disk-{number}");
    Disk { region: REGION.to_owned(), zone: ZONE.to_owned(), name, ..disk }
}

fn instance(ids: &IdGenerator, number: usize, now: Moment) -> Instance {
    Instance {
        id: ids.of("bp1", now),
        account: DEFAULT_ACCOUNT.into(),
        region: REGION.to_owned(),
        zone: ZONE.to_owned(),
        host: String::new(),
        instance_type: INSTANCE_TYPE.to_owned(),
        image: IMAGE.to_owned(),
        base_image: String::new(),
        name: format!("instance-{number}"),
        description: String::new(),
        host_name: format!("instance-{number}"),
        charge_type: ChargeType::PostPaid,
        expires_at: None,
        status: InstanceStatus::Running,
        stopped_mode: StoppedMode::NotApplicable,
        locks: Vec::new(),
        deletion_protection: false,
        tags: Vec::new(),
        system_disk: None,
        network: InstanceNetwork::default(),
        key_pair: String::new(),
        public_key: String::new(),
        password_hash: String::new(),
        ram_role: String::new(),
        resource_group: String::new(),
        spot_strategy: "NoSpot".to_owned(),
        credit_specification: String::new(),
        auto_release_at: None,
        created_at: now,
        started_at: Some(now),
        releasing: false,
        interrupted: false,
        unknown: UnknownFields::default(),
    }
}
