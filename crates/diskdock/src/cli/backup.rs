//! `diskdock backup`: writes the store into a file, and says what is not in it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::catalog::TextFormat;
use super::progress::{Bar, blocking};
use super::{Failure, output};
use crate::backup::{DataFiles, StateOwner};
use crate::catalog::times::with_seconds;
use crate::clock::Clock;
use crate::storage::{DiskFileFound, ImageRecord};
use crate::store::sqlite::{BackupOrigin, BackupPlan, Sqlite, StoreContents};
use crate::store::{KINDS, postgres};

/// Write the store into a file: instances, disks and their states, operations, access keys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock backup /srv/backup/diskdock-monday.sqlite --data-dir /var/lib/diskdock
  diskdock backup --force latest.sqlite
  diskdock backup old.sqlite --store-version 2    for diskdock 0.1.0

A server may have the store open: the backup holds what it had acknowledged at one moment. The
bytes of disks, snapshots and images are not in it; the output lists them. The file holds secrets,
and only its owner may read it. `diskdock restore` puts it in the place of a store.")]
pub(crate) struct BackupArgs {
    /// The file to write
    file: PathBuf,
    /// The data directory
    #[arg(long, value_name = "DIRECTORY", default_value = "diskdock-data")]
    #[arg(env = "DISKDOCK_DATA_DIR")]
    data_dir: PathBuf,
    /// Take the place of a file that is there
    #[arg(long)]
    force: bool,
    /// The older store version to write, for an older diskdock [default: that of the store]
    #[arg(long, value_name = "NUMBER")]
    store_version: Option<i64>,
    /// The format of the output
    #[arg(long, value_enum, default_value = "table")]
    output: TextFormat,
}

/// A store in PostgreSQL is copied with PostgreSQL's own means.
pub(super) fn refuse_postgres(directory: &Path, hint: &str) -> Result<(), Failure> {
    if !postgres::is_used_by(directory) {
        return Ok(());
    }
    let what = format!("the store of {} is in PostgreSQL", directory.display());
    Err(Failure::new(what, &format!("{hint} See docs/scale.md.")))
}

/// Runs the command.
pub(super) async fn run(args: BackupArgs) -> Result<(), Failure> {
    let BackupArgs { file, data_dir, force, store_version, output } = args;
    refuse_postgres(&data_dir, "Back it up with pg_dump, or with your provider's backups.")?;
    let owner = StateOwner::read(&data_dir).unwrap_or_default();
    let hypervisor = owner.hypervisor().map(str::to_owned);
    let origin = BackupOrigin { made_at: Some(Clock::default().now()), hypervisor };
    let plan = BackupPlan { file: file.clone(), replace: force, version: store_version, origin };
    let directory = data_dir.clone();
    let contents = blocking(move || {
        let mut bar = Bar::default();
        let made = Sqlite::back_up(&directory, &plan, &mut |percent| bar.show(percent));
        bar.end();
        made.map_err(|fault| Failure::new(fault, ""))
    })
    .await?;
    let beside = DataFiles::read(&data_dir).map_err(|fault| {
        let hint = "The backup is written; only the list of what is not in it is missing.";
        Failure::new(fault, hint)
    })?;
    let bytes = std::fs::metadata(&file).map_or(0, |found| found.len());
    match output {
        TextFormat::Json => output::print_json(&json!({
            "file": file, "bytes": bytes, "contents": contents_value(&contents),
            "not_included": data_files_value(&beside, &data_dir),
        })),
        TextFormat::Table => {
            let size = output::size(bytes);
            let holds = contents_text(&contents);
            let missing = data_files_text(&beside, &data_dir);
            output::print(&format!("{} is written ({size})\n{holds}\n\n{missing}", file.display()))
        }
    }
}

/// The contents of a store, for programs.
pub(super) fn contents_value(contents: &StoreContents) -> Value {
    json!({
        "made_at": contents.origin.made_at.map(with_seconds),
        "hypervisor": contents.origin.hypervisor,
        "store_version": contents.version,
        "accounts": contents.accounts,
        "access_keys": contents.access_keys,
        "operations": contents.operations,
    })
}

/// The contents of a store, for people.
pub(super) fn contents_text(contents: &StoreContents) -> String {
    let time = contents.origin.made_at.map_or_else(
        || "of an unknown time: no `diskdock backup` wrote it".to_owned(),
        |moment| format!("of {}", with_seconds(moment)),
    );
    let hypervisor = contents.origin.hypervisor.as_deref().unwrap_or("unknown");
    let mut lines = vec![
        format!("  state        {time}, store version {}", contents.version),
        format!("  hypervisor   {hypervisor}"),
    ];
    for (account, kinds) in &contents.accounts {
        let counts = KINDS.iter().map(|of| of.kind.plural);
        let counts = counts.map(|plural| (plural, kinds.get(plural).copied().unwrap_or(0)));
        let counts: Vec<_> = counts.map(|(plural, many)| format!("{many} {plural}")).collect();
        lines.push(format!("  account      {account}: {}", counts.join(", ")));
    }
    lines.push(format!("  access keys  {}", contents.access_keys));
    lines.push(format!("  in flight    {} operations", contents.operations));
    lines.join("\n")
}

fn data_files_value(beside: &DataFiles, directory: &Path) -> Value {
    let disk = |file: &DiskFileFound| {
        json!({ "id": file.id, "bytes": file.bytes, "allocated_bytes": file.allocated_bytes,
                "path": file.path })
    };
    let key = |file: &DiskFileFound| json!({ "id": file.id, "path": file.path });
    let image = |image: &ImageRecord| {
        let path = directory.join("images").join(&image.id);
        json!({ "id": image.id, "size_gib": image.size_gib, "path": path })
    };
    let machine = |id: &domain::InstanceId| json!({ "id": id, "path": directory.join("machines").join(id.as_str()) });
    json!({
        "disks": beside.disks.iter().map(disk).collect::<Vec<_>>(),
        "snapshots": beside.snapshots.iter().map(disk).collect::<Vec<_>>(),
        "keys": beside.keys.iter().map(key).collect::<Vec<_>>(),
        "images": beside.images.iter().map(image).collect::<Vec<_>>(),
        "machines": beside.machines.iter().map(machine).collect::<Vec<_>>(),
    })
}

fn data_files_text(beside: &DataFiles, directory: &Path) -> String {
    let path = |folder: &str, id: &str| directory.join(folder).join(id).display().to_string();
    let disks = beside.disks.iter().chain(&beside.snapshots).map(|file| {
        let (size, used) = (output::size(file.bytes), output::size(file.allocated_bytes));
        vec![file.id.clone(), size, used, file.path.display().to_string()]
    });
    let keys = beside.keys.iter().map(|file| {
        let id = format!("key of {}", file.id);
        vec![id, String::new(), String::new(), file.path.display().to_string()]
    });
    let images = beside.images.iter().map(|image| {
        let size = format!("{} GiB", image.size_gib);
        vec![image.id.clone(), size, String::new(), path("images", &image.id)]
    });
    let machines = beside.machines.iter().map(|id| {
        vec![id.to_string(), String::new(), String::new(), path("machines", id.as_str())]
    });
    let rows: Vec<Vec<String>> = disks.chain(keys).chain(images).chain(machines).collect();
    if rows.is_empty() {
        return "No disks, snapshots, images or machines lie beside the store.".to_owned();
    }
    let table = output::table(&["id", "size", "on disk", "path"], &rows);
    format!("Not in it, to be kept by other means:\n\n{table}")
}
