//! `diskdock image`: images that instances are started from, imported into the data directory.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use domain::inventory::BootMode;
use serde_json::{Value, json};

use super::catalog::TextFormat;
use super::data_directory::is_held;
use super::local_args::LocalArgs;
use super::progress::{Bar, blocking, show_progress};
use super::{Failure, host, output};
use crate::backup::{HOSTS, StateOwner};
use crate::catalog::times::with_seconds;
use crate::clock::Clock;
use crate::ids::IdGenerator;
use crate::storage::{
    self, ImageBoot, ImageRecord, Images, Import, ImportedFiles, StorageError, free_bytes,
};

/// Seconds to wait until a running server has read the images.
const TIMEOUT_S: u64 = 10;
/// Import, list and delete images.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock image import debian-12-genericcloud-amd64.qcow2 --name debian-12
  diskdock image import fedora-uefi.qcow2 --boot-mode uefi --name fedora
  diskdock image import --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --name tiny
  diskdock image list
  diskdock image delete m-debian-12

Images lie in the data directory. A server that has it open offers them at once; none needs to
run. RunInstances takes an image by its id, m-<name> unless --id gives another.")]
pub(crate) struct ImageArgs {
    #[command(flatten)]
    local: LocalArgs,
    #[command(subcommand)]
    command: Option<ImageCommand>,
}

#[derive(Debug, Subcommand)]
enum ImageCommand {
    /// Import an image from a disk, or from a kernel
    Import(ImportArgs),
    /// List the images
    List,
    /// Delete an image that no disk is based on
    Delete {
        /// The image's id
        id: String,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").args(["file", "kernel"]).required(true).multiple(true))]
struct ImportArgs {
    /// The disk: qcow2 or raw. With --kernel, the disk with its root file system, if any
    file: Option<PathBuf>,
    /// The image's name
    #[arg(long)]
    name: String,
    /// The image's id: letters, digits and dashes [default: m-<name>]
    #[arg(long)]
    id: Option<String>,
    /// The name of the operating system
    #[arg(long, value_name = "TEXT", default_value = "Linux 64 bit")]
    os_name: String,
    /// The format of the file [default: detected]
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// The firmware that the disk's boot loader is made for
    #[arg(long, value_enum, value_name = "MODE", default_value_t, conflicts_with = "kernel")]
    boot_mode: BootModeName,
    /// A Linux kernel (bzImage) to start directly, without a boot loader
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,
    /// The kernel's initial file system
    #[arg(long, value_name = "FILE", requires = "kernel")]
    initrd: Option<PathBuf>,
    /// The kernel's command line
    #[arg(
        long,
        value_name = "TEXT",
        requires = "kernel",
        default_value = "",
        hide_default_value = true
    )]
    #[arg(allow_hyphen_values = true)]
    append: String,
    /// GiB of the empty disk beside a kernel without a disk
    #[arg(
        long,
        value_name = "GIB",
        requires = "kernel",
        conflicts_with = "file",
        default_value = "1"
    )]
    size: u32,
}

/// As `BootMode` of CreateImage.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
#[value(rename_all = "lower")]
enum BootModeName {
    /// A boot sector
    #[default]
    #[value(alias = "BIOS")]
    Bios,
    /// An EFI system partition; machines need the package ovmf
    #[value(alias = "UEFI")]
    Uefi,
}

impl From<BootModeName> for BootMode {
    fn from(name: BootModeName) -> BootMode {
        match name {
            BootModeName::Bios => BootMode::Bios,
            BootModeName::Uefi => BootMode::Uefi,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Raw,
    Qcow2,
}

impl From<FormatName> for storage::DiskFormat {
    fn from(name: FormatName) -> storage::DiskFormat {
        match name {
            FormatName::Raw => storage::DiskFormat::Raw,
            FormatName::Qcow2 => storage::DiskFormat::Qcow2,
        }
    }
}

/// Runs the command.
pub(super) async fn run(args: ImageArgs) -> Result<(), Failure> {
    match args.command.as_ref().unwrap_or(&ImageCommand::List) {
        ImageCommand::List => list(&args),
        ImageCommand::Delete { id } => {
            let (directory, gone) = (args.local.data_dir.clone(), id.clone());
            blocking(move || existing(&directory)?.delete(&gone).map_err(failed)).await?;
            tell_server(&args).await;
            show(&args, &json!({ "deleted": id }), &format!("{id} is deleted"))
        }
        ImageCommand::Import(wanted) => {
            let record = import(&args.local.data_dir, wanted).await?;
            tell_server(&args).await;
            let reply = format!("{} is imported ({} GiB)", record.id, record.size_gib);
            show(&args, &record_json(&record), &reply)
        }
    }
}

fn failed(fault: StorageError) -> Failure {
    Failure::new(fault, "")
}

fn existing(directory: &Path) -> Result<Images, Failure> {
    check_directory(directory)?;
    Images::open(directory).map_err(failed)
}

/// Parts of a data directory, one of which each has: of a server, of a host, or images alone.
const OF_A_DATA_DIRECTORY: &[&str] = &["hypervisor", "lock", "images"];

fn check_directory(directory: &Path) -> Result<(), Failure> {
    let shown = directory.display();
    let why = if !directory.is_dir() {
        format!("there is no directory {shown}")
    } else if !OF_A_DATA_DIRECTORY.iter().any(|name| directory.join(name).exists()) {
        format!("{shown} is no data directory: no server has used it, and it has no images")
    } else {
        return Ok(());
    };
    Err(Failure::usage(why, "Name the server's data directory with --data-dir."))
}

async fn import(directory: &Path, wanted: &ImportArgs) -> Result<ImageRecord, Failure> {
    // A directory is not made for a file that is not there.
    for file in [&wanted.file, &wanted.kernel, &wanted.initrd].into_iter().flatten() {
        let missing = |error: std::io::Error| format!("cannot find {}: {error}", file.display());
        std::fs::metadata(file).map_err(|error| Failure::new(missing(error), ""))?;
    }
    let import = plan(wanted);
    let directory = directory.to_owned();
    if StateOwner::read(&directory).unwrap_or_default().hypervisor() == Some(HOSTS) {
        let what = format!("the server of {} has its images on hosts", directory.display());
        return Err(Failure::usage(what, "Name the data directory of a host with --data-dir."));
    }
    blocking(move || {
        let images = Images::open(&directory).map_err(failed)?;
        let mut bar = Bar::default();
        let imported = images.import(&import, &mut |progress| show_progress(&mut bar, progress));
        bar.end();
        imported.map_err(failed)
    })
    .await
}

fn plan(wanted: &ImportArgs) -> Import {
    let format = wanted.format.map(storage::DiskFormat::from);
    let what = match (&wanted.kernel, &wanted.file) {
        (Some(kernel), disk) => ImportedFiles::Kernel {
            kernel: kernel.clone(),
            initrd: wanted.initrd.clone(),
            command_line: wanted.append.clone(),
            disk: disk.clone().map(|file| (file, format)),
            empty_gib: wanted.size,
        },
        (None, file) => ImportedFiles::Disk {
            file: file.clone().unwrap_or_default(),
            format,
            boot_mode: wanted.boot_mode.into(),
        },
    };
    let now = Clock::default().now();
    Import {
        id: wanted.id.clone().unwrap_or_else(|| id_of(&wanted.name, now)),
        name: wanted.name.clone(),
        os_name: wanted.os_name.clone(),
        created_at: with_seconds(now),
        what,
    }
}

/// `m-<name>` where that is an id; else one of its own.
fn id_of(name: &str, now: domain::Moment) -> String {
    let plain = |letter: char| if letter == '.' || letter == '_' { '-' } else { letter };
    let id = format!("m-{}", name.chars().map(plain).collect::<String>());
    match storage::checked(&id) {
        Ok(_) => id,
        Err(_) => IdGenerator::from_entropy().resource("m-", "", now),
    }
}

/// Tells a server that has the directory open to read the images again. If it cannot be told, its
/// maintenance finds the change.
async fn tell_server(args: &ImageArgs) {
    if !is_held(&args.local.data_dir).unwrap_or(false) {
        return;
    }
    if let Ok(Some(host)) = host::name_in(&args.local.data_dir) {
        eprintln!("diskdock: {host} has it within some seconds, and its servers soon after");
        return;
    }
    if let Err(failure) = ask_server(args).await {
        let why = failure.message;
        eprintln!("diskdock: the server will notice within half a minute (cannot tell it: {why})");
    }
}

async fn ask_server(args: &ImageArgs) -> Result<Value, Failure> {
    let controls = args.local.controls(TIMEOUT_S)?;
    controls.post("/images/reload", &json!({})).await
}

fn list(args: &ImageArgs) -> Result<(), Failure> {
    check_directory(&args.local.data_dir)?;
    let listing = Images::of(&args.local.data_dir).list().map_err(failed)?;
    for fault in &listing.faults {
        eprintln!("diskdock: {fault}");
    }
    if args.local.output == TextFormat::Json {
        let images: Vec<Value> = listing.records.iter().map(record_json).collect();
        return output::print_json(&json!({ "images": images }));
    }
    let row = |record: &ImageRecord| {
        let boot = match &record.boot {
            ImageBoot::Disk { boot_mode } => boot_mode.as_str(),
            ImageBoot::Kernel { .. } => "kernel",
        };
        let size = record.size_gib.to_string();
        [&record.id, &record.name, &record.os_name, &size, boot, &record.created_at]
            .map(str::to_owned)
            .to_vec()
    };
    let rows: Vec<Vec<String>> = listing.records.iter().map(row).collect();
    let headings = ["id", "name", "system", "GiB", "starts from", "imported"];
    if rows.is_empty() {
        output::print("no images: `diskdock image import FILE --name NAME` imports one")?;
    } else {
        output::print(&output::table(&headings, &rows))?;
    }
    if let Ok(free) = free_bytes(&args.local.data_dir) {
        eprintln!("{} GiB are free", free / storage::GIB);
    }
    Ok(())
}

fn record_json(record: &ImageRecord) -> Value {
    serde_json::to_value(record).expect("records are plain data")
}

fn show(args: &ImageArgs, reply: &Value, text: &str) -> Result<(), Failure> {
    match args.local.output {
        TextFormat::Json => output::print_json(reply),
        TextFormat::Table => output::print(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_id_is_derived_from_the_name() {
        let now = Clock::default().now();
        assert_eq!(id_of("debian-12.7_cloud", now), "m-debian-12-7-cloud");
        for odd in ["Müller", "a b", "../x", &"x".repeat(80)] {
            let id = id_of(odd, now);
            assert!(storage::checked(&id).is_ok() && id.starts_with("m-"), "{id}");
        }
    }
}
