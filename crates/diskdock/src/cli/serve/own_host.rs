//! A server over PostgreSQL with virtual machines of its own: the server, and the process of one
//! host, in one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::inventory::Inventory;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::args::ServeArgs;
use super::early_end::EarlyEnd;
use super::greeting::place_to_try;
use crate::cli::Failure;
use crate::cli::host;
use crate::cli::host::args::{DISK_SLOTS, HostArgs, HostHypervisorChoice, host_name};
use crate::cli::hypervisor_args::{HypervisorChoice, MachineMemory};

/// The directory of the server in the data directory, which is that of the host: images are
/// imported and machines are looked at as with any other host.
const SERVER_DIRECTORY: &str = "server";
/// GiB that are offered where memory is not limited: placement counts, and never runs out.
const UNLIMITED_GIB: u64 = 1 << 20;

/// Whether the options ask for a server with a host of its own.
pub(super) fn is_wanted(args: &ServeArgs) -> bool {
    args.store.is_some() && args.machines.hypervisor == HypervisorChoice::Qemu
}

/// The directory of the state of a server with this data directory.
pub(super) fn server_directory(args: &ServeArgs, directory: &Path) -> PathBuf {
    if is_wanted(args) { directory.join(SERVER_DIRECTORY) } else { directory.to_owned() }
}

/// The host of this server, if it has one, which works until it is told to stop.
pub(super) struct OwnHost(Option<(oneshot::Sender<()>, JoinHandle<()>)>);

impl OwnHost {
    /// Registers a host with these options, and begins to work. Fails where it cannot; why it ends
    /// later has `early_end`.
    pub(super) async fn start(
        args: Option<HostArgs>,
        early_end: &Arc<EarlyEnd>,
    ) -> Result<OwnHost, Failure> {
        let Some(args) = args else { return Ok(OwnHost(None)) };
        let (stop, stopped) = oneshot::channel();
        let (works, is_working) = oneshot::channel();
        let ended = Arc::clone(early_end);
        let working = tokio::spawn(async move {
            // The sender is dropped, and nothing is sent.
            let stopped = async move { stopped.await.unwrap_or(()) };
            let ready = move || {
                let _ = works.send(());
            };
            if let Err(failure) = host::work(args, ready, || stopped).await {
                ended.fail(failure);
            }
        });
        if is_working.await.is_err() {
            early_end.result()?;
        }
        Ok(OwnHost(Some((stop, working))))
    }

    /// Ends the work of the host; its machines run on.
    pub(super) async fn stop(self) {
        let Some((stop, working)) = self.0 else { return };
        drop(stop);
        if let Err(fault) = working.await {
            tracing::error!(%fault, "the work of the host ended early");
        }
    }
}

/// The options of the host, out of those of the server; none if it has no host of its own.
pub(super) fn host_args(
    args: &ServeArgs,
    inventory: &Inventory,
) -> Result<Option<HostArgs>, Failure> {
    if !is_wanted(args) {
        return Ok(None);
    }
    let machines = &args.machines;
    let hint = "Name it with --host-name, with lower-case letters, digits and hyphens.";
    let name = match &args.host_name {
        Some(name) => name.clone(),
        None => name_of_computer().map_err(|error| Failure::usage(error, hint))?,
    };
    Ok(Some(HostArgs {
        store: args.store.clone().unwrap_or_default(),
        store_ca: args.store_ca.clone(),
        name,
        zone: args.zone.clone().unwrap_or_else(|| place_to_try(inventory).1),
        hypervisor: HostHypervisorChoice::Qemu,
        storage: machines.storage.clone(),
        storage_address: Vec::new(),
        data_dir: args.data_dir.clone(),
        processors: None,
        memory: machines.machine_memory.map(|memory| match memory {
            MachineMemory::Unlimited => UNLIMITED_GIB,
            MachineMemory::Gib(gib) => gib,
        }),
        disk_slots: DISK_SLOTS,
        overcommit_processors: 100,
        overcommit_memory: 100,
        pace: args.pace,
        inventory: args.inventory.clone(),
        log: None,
        config: None,
        log_json: false,
        quiet: false,
        qemu: machines.qemu.clone(),
    }))
}

/// The name of this computer, as a host may be called.
fn name_of_computer() -> Result<String, String> {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().to_ascii_lowercase();
    let first = name.split('.').next().unwrap_or_default();
    host_name(first).map_err(|_| format!("`{name}`, the name of this computer, names no host"))
}
