//! `GetInstanceConsoleOutput`: what an instance has written to its console.

use std::io::ErrorKind;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::actions::prelude::*;
use crate::ansi::AnsiStripper;
use crate::catalog::times::in_china;
use crate::catalog::{Completion, Environment};

/// Bytes of the console that are shown at most, the latest ones.
const SHOWN: usize = 64 << 10;

/// Shows what an instance has written to its console.
pub(crate) struct GetInstanceConsoleOutput;

params!(
    /// Parameters of GetInstanceConsoleOutput.
    pub(crate) struct Params {
        /// The region of the instance.
        region_id: RegionId,
        /// The instance.
        instance_id: InstanceId,
        /// Whether escape sequences and control characters are taken out; false if left out.
        remove_symbols: Option<bool>,
    }
);

reply!(
    /// Reply of GetInstanceConsoleOutput.
    pub(crate) struct Reply {
        /// The latest of what was written, in Base64.
        console_output: String,
        /// The instance.
        instance_id: String,
        /// When the last of it was written, in UTC+8 as `2026-01-02 03:04:05`; the present time if
        /// that is not known.
        last_update_time: String,
    }
);

impl Query for GetInstanceConsoleOutput {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetInstanceConsoleOutput";
    const SUMMARY: &'static str = "Shows what an instance has written to its console.";
    const DETAILS: &'static str = "\
The latest 64 KiB at most; `diskdock console` shows them decoded, and follows. With \
`RemoveSymbols=true` lines and tabs stay, and what is no UTF-8 is replaced.\n\n\
A simulated instance has no guest: its console says so. Where instances are on hosts, that of the \
instance is asked; if it does not answer within five seconds, the reply is 503 `ServiceUnavailable`.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &INSTANCE_NOT_FOUND];

    const COMPLETE: Option<Completion<Params, Reply>> = Some(add_console);

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region =
            call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let found = call.instance(tx, &params.instance_id)?;
        let instance = found.filter(|one| one.region == region.id).ok_or(&INSTANCE_NOT_FOUND)?;
        Ok(Reply {
            console_output: String::new(),
            instance_id: instance.id.to_string(),
            last_update_time: in_china(call.now),
        })
    }
}

/// Adds what the console has; its files are read here, after the read transaction.
fn add_console(
    environment: &Environment,
    params: &Params,
    reply: Reply,
) -> Result<Reply, ActionError> {
    let id = &params.instance_id;
    let written = (environment.console)(id).map_err(|fault| match fault.kind() {
        // Its host does not answer; it may later.
        ErrorKind::TimedOut => ActionError::Failed(StoreError::Unavailable),
        _ => ActionError::Broken(format!("the console of {id} cannot be read: {fault}")),
    })?;
    let latest = &written.bytes[written.bytes.len().saturating_sub(SHOWN)..];
    let console_output = if params.remove_symbols == Some(true) {
        STANDARD.encode(AnsiStripper::strip(latest))
    } else {
        STANDARD.encode(latest)
    };
    let last_update_time = written.at.map_or(reply.last_update_time, in_china);
    Ok(Reply { console_output, last_update_time, ..reply })
}
