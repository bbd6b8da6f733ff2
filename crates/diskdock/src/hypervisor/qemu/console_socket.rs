//! Opens the serial port of a guest for viewers. QEMU serves one client at a time there, which is
//! this server, and only while somebody views the console.

use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::InstanceId;
use rustix::fs::{Mode, OFlags, open};
use tokio::net::UnixStream;

use super::command_line::CONSOLE_SOCKET;
use super::machine::{Machine, off_thread};
use super::{Qemu, console};
use crate::hypervisor::{ConsoleView, ConsoleViewer, NoConsole, SharedConsole, TransientError};

/// How long reaching QEMU may take.
const REACHING: Duration = Duration::from_secs(5);

impl Qemu {
    /// Opens the console of an instance for one more viewer; the inner error is why there is none.
    pub(super) async fn view_console(
        &self,
        instance: &InstanceId,
    ) -> Result<Result<ConsoleViewer, NoConsole>, TransientError> {
        let machine = self.machine(instance)?;
        if let Some(none) = obstacle(&machine).await? {
            return Ok(Err(none));
        }
        let mut shared = machine.console.lock().await;
        match shared.as_ref().map(SharedConsole::view) {
            Some(ConsoleView::Viewer(viewer)) => return Ok(Ok(viewer)),
            Some(ConsoleView::Full) => return Ok(Err(full(instance))),
            Some(ConsoleView::Over) | None => {}
        }
        let cannot = |error: &dyn std::fmt::Display| {
            TransientError(format!("the console of {instance} cannot be reached: {error}"))
        };
        let socket = machine.run.join(CONSOLE_SOCKET);
        let reached = tokio::time::timeout(REACHING, reach(&socket)).await;
        let guest = reached.map_err(|late| cannot(&late))?.map_err(|error| cannot(&error))?;
        // After the connection. What is written after QEMU has taken it, and before this, is seen
        // twice. QEMU may take it later than this: what is written in between is in the log only.
        let of = Arc::clone(&machine);
        let earlier = off_thread(move || console::read(&of)).await;
        let earlier = earlier.map_err(|error| cannot(&error))?;
        let (console, viewer) = SharedConsole::open(guest, &earlier);
        *shared = Some(console);
        Ok(Ok(viewer))
    }
}

/// Connects to a socket in a directory that belongs to QEMU: a link is not followed, since an
/// intruder in QEMU may have put it there to have what is typed led elsewhere.
async fn reach(socket: &Path) -> io::Result<UnixStream> {
    let handle = open(socket, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    qmp::reach(&Path::new("/proc/self/fd").join(handle.as_raw_fd().to_string())).await
}

/// Why a machine has no console that takes input.
async fn obstacle(machine: &Machine) -> Result<Option<NoConsole>, TransientError> {
    let id = &machine.id;
    let mut state = machine.state.lock().await;
    if !machine.is_on().await? {
        let error = format!("{id} is off: its console takes no input");
        let hint = "Start it; `diskdock console` without -i shows what it wrote last.";
        return Ok(Some(NoConsole { error, hint }));
    }
    let has_socket = machine.record(&mut state).await?.is_some_and(|record| record.console_socket);
    Ok((!has_socket).then(|| NoConsole {
        error: format!(
            "{id} was started by an earlier version of diskdock: its console has output, and takes \
             no input"
        ),
        hint: "RebootInstance, or StopInstance and StartInstance, give it one that does; \
               `diskdock console --follow` shows its output until then.",
    }))
}

fn full(instance: &InstanceId) -> NoConsole {
    NoConsole {
        error: format!("too many are viewing the console of {instance}"),
        hint: "Close another one.",
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn reach_does_not_follow_a_symbolic_link() {
        let directory = tempfile::tempdir().unwrap();
        let (socket, link) = (directory.path().join("s"), directory.path().join("link"));
        let _listener = UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        reach(&socket).await.unwrap();
        assert!(reach(&link).await.is_err());
    }
}
