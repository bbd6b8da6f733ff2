//! Ends virtual machines of a data directory without a driver.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::process::{Power, find};

/// How long the processes may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// How often that is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The instances that have a machine in this data directory.
pub(crate) fn machines_in(data_directory: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(data_directory.join("machines")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    let names = entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.collect())
}

/// Ends the QEMU of each of these instances in this data directory, and waits until none is left.
/// Gives those whose machines were on. Fails if one cannot be ended within a minute.
#[expect(clippy::disallowed_methods, reason = "a wait with a deadline, off the runtime")]
pub(crate) fn end_machines(data_directory: &Path, names: Vec<String>) -> io::Result<Vec<String>> {
    let machines = data_directory.join("machines");
    let mut ended = Vec::new();
    for name in names {
        let directory = machines.join(&name);
        let deadline = Instant::now() + ENDS_WITHIN;
        let mut was_on = false;
        while Power::is_on(&directory, &name)? {
            was_on = true;
            if let Some(process) = find(&directory.join("run"), &name) {
                process.kill()?;
            }
            if Instant::now() >= deadline {
                let words = format!("the QEMU of {name} does not end");
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        if was_on {
            ended.push(name);
        }
    }
    ended.sort();
    Ok(ended)
}
