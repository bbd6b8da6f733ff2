//! `diskdock disk`: the bytes of disks and snapshots as files for other programs, and files of
//! other programs as disks.

mod import;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::catalog::TextFormat;
use super::local_args::LocalArgs;
use super::progress::{Bar, blocking, show_progress};
use super::serve::stop_requested;
use super::{Failure, output};
use crate::storage::{
    self, DiskExport, DiskFormat, Exported, StorageError, StoragePlace, TransferProgress,
};

/// Write a disk or snapshot into a file, or make a disk of a file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock disk export d-bp1… /srv/backup/data.qcow2
  diskdock disk export s-bp1… /srv/backup/data.raw --data-dir /var/lib/diskdock
  diskdock disk export s-bp1… latest.img --format raw --force
  diskdock disk import data.qcow2 --zone cn-hangzhou-i --size 40 --name data

An export reads in the data directory, whether a server has it open or not; an import needs the
server, which must run with --hypervisor qemu. A disk that a running virtual machine has is
exported from a snapshot of it, while its guest runs on:
  diskdock call CreateSnapshot --DiskId d-bp1… --wait")]
pub(crate) struct DiskArgs {
    #[command(flatten)]
    local: LocalArgs,
    #[command(subcommand)]
    command: DiskCommand,
}

#[derive(Debug, Subcommand)]
enum DiskCommand {
    /// Write a disk, or a snapshot, into a file that needs no other
    #[command(
        after_help = "Holes stay holes. The file has its name only when all of it is there and \
        durable; an export that fails or is interrupted leaves none. Only its owner may read \
        it.\n\nWhat is encrypted is exported in plain, without its key.\n\nNo machine can open a disk while it is exported: an attach and a start are \
        refused meanwhile. The export of a snapshot refuses nothing."
    )]
    Export(ExportArgs),
    /// Make a new disk with the content of a file, qcow2 or raw
    #[command(
        after_help = "The content is checked and copied beside the disks first; then CreateDisk \
        makes the disk, with its limits and quotas, and the disk is Available when it has the \
        content. A file that needs others (a backing file, data in another file) or a key is \
        refused: made whole, it could hold any file of this host.\n\nAn import that fails or is \
        interrupted leaves no disk. ReInitDisk makes the disk empty, as it does with every data \
        disk that was made without a snapshot."
    )]
    Import(Box<import::DiskImportArgs>),
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// The disk (d-…), which no running machine has, or the snapshot (s-…)
    id: String,
    /// The file to write
    file: PathBuf,
    /// The format of the file [default: by the end of its name; else qcow2]
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Take the place of a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// The bytes as the guest sees them; sparse
    Raw,
    /// The disk format of QEMU
    Qcow2,
}

impl FileFormat {
    fn of(file: &Path) -> FileFormat {
        match file.extension().and_then(|end| end.to_str()) {
            Some("raw" | "img") => FileFormat::Raw,
            _ => FileFormat::Qcow2,
        }
    }

    fn format(self) -> DiskFormat {
        match self {
            FileFormat::Raw => DiskFormat::Raw,
            FileFormat::Qcow2 => DiskFormat::Qcow2,
        }
    }
}

/// Runs the command.
pub(super) async fn run(args: DiskArgs) -> Result<(), Failure> {
    refuse_elsewhere(&args.local.data_dir)?;
    let wanted = match args.command {
        DiskCommand::Export(wanted) => wanted,
        DiskCommand::Import(wanted) => {
            return import::run(args.local, *wanted).await;
        }
    };
    let ExportArgs { id, file, format, force } = wanted;
    let format = format.unwrap_or_else(|| FileFormat::of(&file)).format();
    let export = DiskExport { id, file, format, replace: force };
    let (directory, what) = (args.local.data_dir, export.clone());
    let written =
        until_interrupted(move |cancel, tell| storage::export(&directory, &what, cancel, tell))
            .await?;
    let Exported { virtual_bytes, allocated_bytes, was_encrypted } = written;
    if was_encrypted {
        eprintln!("diskdock: {} is encrypted, and the export is not: keep it safe", export.id);
    }
    let DiskExport { id, file, .. } = export;
    match args.local.output {
        TextFormat::Json => output::print_json(&json!({
            "id": id, "file": file, "format": format.as_str(), "bytes": virtual_bytes,
            "allocated_bytes": allocated_bytes,
        })),
        TextFormat::Table => {
            let (size, used) = (output::size(virtual_bytes), output::size(allocated_bytes));
            let file = file.display();
            output::print(&format!("{file} holds {id}: {size}, {used} of them on disk"))
        }
    }
}

/// Refuses a data directory whose disks are not files.
fn refuse_elsewhere(directory: &Path) -> Result<(), Failure> {
    let place = directory.display();
    let found = StoragePlace::elsewhere(directory);
    let found = found.map_err(|error| Failure::new(format!("cannot use {place}: {error}"), ""))?;
    found.map_or(Ok(()), |found| {
        let hint = "Ceph's own tool writes one into a file: rbd export POOL/ID FILE. Files cannot \
                    be made disks there yet.";
        Err(Failure::new(format!("the disks of {place} are in --storage {found}"), hint))
    })
}

/// Copies on a thread, and shows how far that is. Interrupted, it ends by itself, and removes what
/// it has written.
async fn until_interrupted<T: Send + 'static>(
    copy: impl FnOnce(&AtomicBool, &mut dyn FnMut(TransferProgress)) -> Result<T, StorageError>
    + Send
    + 'static,
) -> Result<T, Failure> {
    let cancel = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&cancel);
    let stop_requested = stop_requested();
    let listener = tokio::spawn(async move {
        stop_requested.await;
        watched.store(true, Ordering::Relaxed);
    });
    let done = blocking(move || {
        let mut bar = Bar::default();
        let copied = copy(&cancel, &mut |progress| show_progress(&mut bar, progress));
        bar.end();
        copied.map_err(|fault| Failure::new(fault, ""))
    })
    .await;
    listener.abort();
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_follows_the_name_of_the_file() {
        for (file, format) in [
            ("a.raw", FileFormat::Raw),
            ("a.img", FileFormat::Raw),
            ("a.qcow2", FileFormat::Qcow2),
            ("a", FileFormat::Qcow2),
        ] {
            assert_eq!(FileFormat::of(Path::new(file)), format, "{file}");
        }
    }
}
