//! `diskdock restore`: puts a backup in the place of the store of a data directory.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::backup::{contents_text, contents_value, refuse_postgres};
use super::catalog::TextFormat;
use super::data_directory::is_held;
use super::hypervisor_args::record_hypervisor;
use super::progress::{Bar, blocking};
use super::{Failure, output};
use crate::backup::{DataFiles, Disagreement, StateOwner, compare};
use crate::catalog::times::with_seconds;
use crate::clock::Clock;
use crate::store::StoreError;
use crate::store::sqlite::{BackupFile, ClosedStore};

/// Ids that are named at most; how many more there are is said.
const NAMED: usize = 10;

/// Put a backup in the place of the store of a data directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock restore /srv/backup/diskdock-monday.sqlite --data-dir /var/lib/diskdock
  diskdock restore --yes latest.sqlite

The server has to be stopped. The file is checked as a whole, what it holds is shown and compared
with the files of disks and the machines in the directory, and you are asked. The store that was
there is kept as books.sqlite.before-restore-<time>; disks, images and machines are not touched.")]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// The data directory
    #[arg(long, value_name = "DIRECTORY", default_value = "diskdock-data")]
    #[arg(env = "DISKDOCK_DATA_DIR")]
    data_dir: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// The format of the output
    #[arg(long, value_enum, default_value = "table")]
    output: TextFormat,
}

/// Runs the command.
pub(super) async fn run(args: RestoreArgs) -> Result<(), Failure> {
    blocking(move || restore(&args)).await
}

fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let directory = args.data_dir.as_path();
    refuse_postgres(directory, "Stop all its servers and restore it with pg_restore.")?;
    // Held until the end, so that no server starts meanwhile. One that is to be made is made later.
    let locked = if directory.exists() { Some(lock(directory)?) } else { None };
    let backup = BackupFile::open(&args.file).map_err(failed)?;
    check_hypervisor(&backup, directory)?;
    let beside = DataFiles::read(directory).map_err(|fault| Failure::new(fault, ""))?;
    let disagreement = compare(backup.contents(), &beside);
    if args.output == TextFormat::Table {
        let holds = contents_text(backup.contents());
        let compared = disagreement_text(&disagreement, directory);
        output::print(&format!("{} holds a store\n{holds}\n{compared}", args.file.display()))?;
    }
    if !args.yes && !is_confirmed(directory)? {
        return Err(Failure::new("nothing is changed", "Answer yes, or give --yes."));
    }
    let store = match locked {
        Some(store) => store,
        None => lock(directory)?,
    };
    let kept = replace(&store, &backup, directory)?;
    tell(args, &backup, &disagreement, kept.as_deref())
}

fn failed(fault: StoreError) -> Failure {
    Failure::new(fault, "Nothing is changed.")
}

fn lock(directory: &Path) -> Result<ClosedStore, Failure> {
    if is_held(directory)? {
        let hint = "Stop it first, and start it again when the backup is restored.";
        return Err(Failure::new(format!("a server has {} open", directory.display()), hint));
    }
    ClosedStore::lock(directory).map_err(failed)
}

/// Refuses a store of another hypervisor than the directory's: its disks would be others.
fn check_hypervisor(backup: &BackupFile, directory: &Path) -> Result<(), Failure> {
    let broken = |error: std::io::Error| Failure::new(error, "");
    let found = StateOwner::read(directory).map_err(broken)?;
    let here = found.marked.as_deref().or_else(|| found.hypervisor());
    match (here, backup.contents().origin.hypervisor.as_deref()) {
        (Some(here), Some(there)) if here != there => {
            let what = format!(
                "the backup was made with --hypervisor {there}, the state in {} with {here}",
                directory.display()
            );
            Err(Failure::new(what, "Restore it to another --data-dir."))
        }
        _ => Ok(()),
    }
}

fn is_confirmed(directory: &Path) -> Result<bool, Failure> {
    eprint!("Put it in the place of the store of {}? [y/N] ", directory.display());
    // A closed terminal shows nothing; what is answered counts.
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::new(error, ""))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn replace(
    store: &ClosedStore,
    backup: &BackupFile,
    directory: &Path,
) -> Result<Option<PathBuf>, Failure> {
    let now = Clock::default().now();
    let time = with_seconds(now).replace(['-', ':'], "");
    let broken = |error: std::io::Error| Failure::new(error, "Nothing is changed.");
    if let Some(hypervisor) = &backup.contents().origin.hypervisor {
        record_hypervisor(directory, hypervisor).map_err(broken)?;
    }
    let mut bar = Bar::default();
    let replaced = store.replace(backup, now, &time, &mut |percent| bar.show(percent));
    bar.end();
    replaced.map_err(|fault| {
        Failure::new(fault, "The store is the old one or the new one, as a whole. Try again.")
    })
}

fn disagreement_text(found: &Disagreement, directory: &Path) -> String {
    if found.is_none() {
        return "It agrees with the disks and machines in the directory.".to_owned();
    }
    let mut lines = vec![format!("It differs from what lies in {}:", directory.display())];
    let mut add = |ids: Vec<String>, what: &str| {
        if !ids.is_empty() {
            lines.push(format!("  {} {what}: {}", ids.len(), named(&ids)));
        }
    };
    let texts = |ids: &[domain::DiskId]| ids.iter().map(ToString::to_string).collect();
    add(texts(&found.disks_without_file), "disks without a file, which cannot be used");
    add(texts(&found.unknown_disk_files), "files of disks that the backup does not know");
    let reached = "disks that the backup has as Available and a machine here has: they are In_use \
                   after the start if it runs, and taken off it if it is off";
    add(texts(&found.available_disks_on_machines), reached);
    let snapshots = |ids: &[domain::SnapshotId]| ids.iter().map(ToString::to_string).collect();
    let lost = "snapshots without a file, of which no disks can be made";
    add(snapshots(&found.snapshots_without_file), lost);
    let unknown = "files of snapshots that the backup does not know";
    add(snapshots(&found.unknown_snapshot_files), unknown);
    let lost = "encrypted disks and snapshots without a key, which cannot be used";
    add(found.files_without_key.clone(), lost);
    add(found.unknown_keys.clone(), "keys of nothing that is here");
    let machines = found.unknown_machines.iter().map(ToString::to_string).collect();
    add(machines, "machines that the backup does not know, which may be running");
    let rest = "Disks and machines that the backup does not know are left as they are, and \
                `diskdock admin differences` names them.";
    lines.push(rest.to_owned());
    lines.join("\n")
}

fn named(ids: &[String]) -> String {
    let first = ids.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn tell(
    args: &RestoreArgs,
    backup: &BackupFile,
    disagreement: &Disagreement,
    kept: Option<&Path>,
) -> Result<(), Failure> {
    match (args.output, kept) {
        (TextFormat::Json, _) => output::print_json(&json!({
            "restored": args.file, "kept": kept, "contents": contents_value(backup.contents()),
            "differences": disagreement,
        })),
        (TextFormat::Table, Some(kept)) => output::print(&format!(
            "It is restored. The store that was there is {}",
            kept.display()
        )),
        (TextFormat::Table, None) => output::print("It is restored. There was no store before."),
    }
}
