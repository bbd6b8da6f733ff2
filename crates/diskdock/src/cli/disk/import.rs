//! `diskdock disk import`: a file is staged beside the disks, and CreateDisk makes a disk of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{FileFormat, until_interrupted};
use crate::backup::{QEMU, StateOwner};
use crate::cli::call::{Credentials, DEFAULT_REGION, SigningClient, SigningScheme};
use crate::cli::catalog::TextFormat;
use crate::cli::data_directory::is_held;
use crate::cli::local_args::LocalArgs;
use crate::cli::{Failure, host, output};
use crate::clock::Clock;
use crate::hypervisor::IMPORT_TAG;
use crate::ids::IdGenerator;
use crate::storage::{self, GIB};

/// Seconds to wait for a reply.
const TIMEOUT_S: u64 = 30;
/// The size of a small disk in GiB, which every category allows (documentation of CreateDisk).
const SMALLEST_GIB: u64 = 20;
/// How long the disk may take to be there, once its content is staged.
const UNTIL_THERE: Duration = Duration::from_secs(300);
/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct DiskImportArgs {
    /// The file
    file: PathBuf,
    /// The zone of the disk, such as cn-hangzhou-i
    #[arg(long)]
    zone: String,
    /// The region of the disk
    #[arg(long, default_value = DEFAULT_REGION, env = "ALIBABA_CLOUD_REGION_ID")]
    region: String,
    /// The size of the disk in GiB [default: what the content needs, 20 at least]
    #[arg(long, value_name = "GIB")]
    size: Option<u64>,
    /// The category of the disk
    #[arg(long, default_value = "cloud_essd")]
    category: String,
    /// The name of the disk
    #[arg(long)]
    name: Option<String>,
    /// The format of the file [default: detected]
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    #[command(flatten)]
    credentials: Credentials,
}

/// Runs the command.
pub(super) async fn run(local: LocalArgs, wanted: DiskImportArgs) -> Result<(), Failure> {
    let caller = server_of(&local, &wanted.credentials)?;
    let directory = local.data_dir;
    let now = Clock::default().now();
    let name = IdGenerator::from_entropy().resource("import-", "", now);
    let (staged_in, staged_as) = (directory.clone(), name.clone());
    let (file, given) = (wanted.file.clone(), wanted.format.map(FileFormat::format));
    let bytes = until_interrupted(move |cancel, tell| {
        storage::stage(&staged_in, &staged_as, (&file, given), cancel, tell)
    })
    .await?;
    let made = make_disk(&caller, &wanted, &name, bytes).await;
    if made.is_err()
        && let Err(fault) = storage::unstage(&directory, &name)
    {
        eprintln!("diskdock: {fault}");
    }
    let (disk, size_gib) = made?;
    match local.output {
        TextFormat::Json => output::print_json(&json!({ "disk": disk, "size_gib": size_gib })),
        TextFormat::Table => {
            let file = wanted.file.display();
            output::print(&format!("{disk} has the content of {file} ({size_gib} GiB)"))
        }
    }
}

/// The server that has the directory open; it must have real disks.
fn server_of(local: &LocalArgs, credentials: &Credentials) -> Result<SigningClient, Failure> {
    let directory = &local.data_dir;
    if let Some(host) = host::name_in(directory)? {
        let what = format!("{} is the directory of the host {host}", directory.display());
        let hint = "Hosts import no disks. Write the content from a guest, to a new disk.";
        return Err(Failure::usage(what, hint));
    }
    if !is_held(directory)? {
        let what = format!("no server has {} open", directory.display());
        let hint = "Start it: diskdock serve --hypervisor qemu; or name its data directory with \
                    --data-dir.";
        return Err(Failure::unreachable(what, hint));
    }
    if StateOwner::read(directory).unwrap_or_default().hypervisor() != Some(QEMU) {
        let hint = "Start one with --hypervisor qemu, on a data directory of its own.";
        return Err(Failure::new(
            "the disks of this server are simulated: they have no bytes",
            hint,
        ));
    }
    let connection = local.connection(TIMEOUT_S)?;
    let mut credentials = credentials.clone();
    if credentials.access_key_id.is_none()
        && let Some((id, secret)) = crate::cli::initial_access_key::read(directory)
    {
        (credentials.access_key_id, credentials.access_key_secret) = (Some(id), Some(secret));
    }
    SigningClient::new(&connection, &credentials, SigningScheme::V3)
}

/// Makes the disk, and waits until it is Available. Gives its id and its size in GiB.
async fn make_disk(
    caller: &SigningClient,
    wanted: &DiskImportArgs,
    staged: &str,
    bytes: u64,
) -> Result<(String, u64), Failure> {
    let needed = bytes.div_ceil(GIB);
    let size_gib = wanted.size.unwrap_or(needed.max(SMALLEST_GIB));
    if size_gib < needed {
        let what = format!("the content needs {needed} GiB, and --size is {size_gib}");
        return Err(Failure::usage(what, "Give a larger --size, or leave it out."));
    }
    let size = size_gib.to_string();
    let mut parameters = vec![
        ("RegionId", wanted.region.as_str()),
        ("ZoneId", &wanted.zone),
        ("Size", &size),
        ("DiskCategory", &wanted.category),
        ("Tag.1.Key", IMPORT_TAG),
        ("Tag.1.Value", staged),
    ];
    parameters.extend(wanted.name.as_deref().map(|name| ("DiskName", name)));
    let created = caller.ask("CreateDisk", &owned(&parameters)).await?;
    let Some(disk) = created["DiskId"].as_str() else {
        return Err(Failure::new("the server named no disk", "See the server's log."));
    };
    until_available(caller, &wanted.region, disk).await?;
    Ok((disk.to_owned(), size_gib))
}

async fn until_available(caller: &SigningClient, region: &str, disk: &str) -> Result<(), Failure> {
    let ids = json!([disk]).to_string();
    let ask = owned(&[("RegionId", region), ("DiskIds", &ids)]);
    let deadline = Instant::now() + UNTIL_THERE;
    loop {
        let shown = caller.ask("DescribeDisks", &ask).await?;
        match shown["Disks"]["Disk"].get(0).and_then(|found| found["Status"].as_str()) {
            Some("Available") => return Ok(()),
            None => {
                let what = format!("{disk} could not be made of the file");
                return Err(Failure::new(what, "The server's log says why."));
            }
            Some(_) if Instant::now() >= deadline => {
                let what = format!("{disk} is still not Available");
                return Err(Failure::new(what, "diskdock admin operations says why."));
            }
            Some(_) => sleep(LOOK).await,
        }
    }
}

fn owned(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
