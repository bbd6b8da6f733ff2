//! Where the state of a server is kept: in its data directory, or in a database.

use std::path::Path;

use super::args::ServeArgs;
use super::own_host;
use crate::cli::Failure;
use crate::cli::host::name_in;
use crate::cli::hypervisor_args::HypervisorChoice;
use crate::store::postgres::{self, PostgresAddress};
use crate::store::sqlite::STORE;

/// The database that the options name.
pub(super) fn postgres(args: &ServeArgs) -> Result<Option<PostgresAddress>, Failure> {
    let address = args.store.as_deref().map(|text| {
        PostgresAddress::new(text, args.store_ca.as_deref())
            .map_err(|error| Failure::usage(error, "See --store and docs/scale.md."))
    });
    address.transpose()
}

/// Refuses options that exclude each other, and a directory that is used in the other way: its
/// state would seem to be lost.
pub(super) fn check(args: &ServeArgs, directory: &Path) -> Result<(), Failure> {
    let place = directory.display();
    if let Some(host) = name_in(directory)?
        && !own_host::is_wanted(args)
    {
        let what = format!("{place} is the directory of the host {host}");
        return Err(Failure::new(what, "Name another --data-dir: a server has its own."));
    }
    if (args.host_name.is_some() || args.zone.is_some()) && !own_host::is_wanted(args) {
        let hint = "Only a server with both has a host of its own; `diskdock host` has its own.";
        let what = "--host-name and --zone go with --store and --hypervisor qemu";
        return Err(Failure::usage(what, hint));
    }
    if args.store.is_none() {
        if args.machines.hypervisor == HypervisorChoice::Hosts {
            let hint = "Name the database with --store, to `diskdock host` too.";
            return Err(Failure::usage("--hypervisor hosts needs --store", hint));
        }
        if args.store_ca.is_some() {
            return Err(Failure::usage("--store-ca wants --store", ""));
        }
        if postgres::is_used_by(directory) {
            let hint = "Name the database with --store, or another --data-dir.";
            let what = format!("{place} is of a server whose state is in PostgreSQL");
            return Err(Failure::new(what, hint));
        }
        return Ok(());
    }
    if args.ephemeral {
        let hint = "Give one of them: a database keeps the state, --ephemeral keeps none.";
        return Err(Failure::usage("--store and --ephemeral exclude each other", hint));
    }
    if directory.join(STORE).exists() {
        let hint = "Name another --data-dir. To take the state over: diskdock admin export from \
                    the old server, diskdock admin import into the new one.";
        return Err(Failure::new(format!("{place} has a store of its own"), hint));
    }
    Ok(())
}
