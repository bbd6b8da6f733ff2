//! `--watch`: looks again and again, and prints what has changed.

use std::time::Duration;

use serde_json::Value;

use super::controls::Controls;
use super::{AdminCommand, carry_out, shown};
use crate::cli::{Failure, output};

/// The interval of looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints a reply, and each later one that differs from it, until the pipe is closed.
pub(super) async fn until_closed(
    controls: &Controls,
    command: &AdminCommand,
    first: Value,
    json: bool,
) -> Result<(), Failure> {
    let mut seen = shown(command, &first, json);
    let mut is_open = output::write(format!("{seen}\n").as_bytes())?;
    while is_open {
        tokio::time::sleep(PAUSE).await;
        let latest = shown(command, &carry_out(controls, command).await?, json);
        if latest != seen {
            is_open = output::write(format!("\n{latest}\n").as_bytes())?;
            seen = latest;
        }
    }
    Ok(())
}
