//! The process between QEMU and passt: it carries frames, and stops those for the host.
//!
//! passt connects wherever a guest wants, also to the host's loopback when a guest writes 127.0.0.1
//! into a packet, which `--no-map-gw` does not change. So what a guest sends is looked at here,
//! frame by frame, before passt gets it. The process belongs to its machine, not to the server: it
//! ends with QEMU, and starts passt again should that end before.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::INSTALL;
use super::frame;
use super::host_addresses::HostAddresses;
use super::passt::Passt;

/// How old the list of the host's addresses may be.
const ADDRESSES_KEPT: Duration = Duration::from_secs(1);
/// How long the process waits before it starts passt again: at first, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Carries frames between QEMU and a passt of its own until QEMU closes its side.
pub(crate) fn run(program: &Path, passt: &Passt<'_>, qemu: UnixStream) -> io::Result<()> {
    let (child, to_passt) = start(program, passt)?;
    let link = Arc::new(Link::to(to_passt));
    let towards_guest = qemu.try_clone()?;
    thread::scope(|scope| {
        let outwards = Arc::clone(&link);
        let leaves = scope.spawn(move || {
            let carried = carry_out(qemu, &outwards);
            outwards.end();
            carried
        });
        let comes = carry_in(program, passt, child, &link, towards_guest);
        // With QEMU gone, there is nothing to carry.
        let left = leaves.join().unwrap_or_else(|_| Err(io::Error::other("the relay panicked")));
        comes.and(left)
    })
}

/// The way to the passt that there is now.
struct Link {
    to_passt: Mutex<UnixStream>,
    /// The first frame: the question that the server asks as the guest when it starts the machine.
    /// A passt knows the guest's hardware address by it, and can reach the guest from then on.
    first: OnceLock<Vec<u8>>,
    /// Whether QEMU has gone; a wait before the start of a passt ends at once.
    ended: (Mutex<bool>, Condvar),
}

impl Link {
    fn to(to_passt: UnixStream) -> Link {
        let to_passt = Mutex::new(to_passt);
        Link { to_passt, first: OnceLock::new(), ended: <(Mutex<bool>, Condvar)>::default() }
    }

    fn current(&self) -> io::Result<UnixStream> {
        self.to_passt.lock().unwrap_or_else(PoisonError::into_inner).try_clone()
    }

    fn send(&self, bytes: &[u8]) {
        self.first.get_or_init(|| bytes.to_vec());
        let mut to = self.to_passt.lock().unwrap_or_else(PoisonError::into_inner);
        // A passt that has ended is started again; what was under way to it is lost, as on any
        // network.
        let _ = frame::write(&mut *to, bytes);
    }

    fn replace(&self, to_passt: UnixStream) {
        *self.to_passt.lock().unwrap_or_else(PoisonError::into_inner) = to_passt;
    }

    fn send_first_again(&self) {
        if let Some(first) = self.first.get() {
            self.send(first);
        }
    }

    /// Ends passt, and with it the wait for its frames.
    fn end(&self) {
        let (ended, told) = &self.ended;
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_all();
        let to = self.to_passt.lock().unwrap_or_else(PoisonError::into_inner);
        // It is closed in any case once this process ends.
        let _ = to.shutdown(std::net::Shutdown::Both);
    }

    fn has_ended(&self) -> bool {
        self.ends_within(Duration::ZERO)
    }

    /// Waits for the end, for so long at most; whether it has come.
    fn ends_within(&self, pause: Duration) -> bool {
        let (ended, told) = &self.ended;
        let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = told.wait_timeout_while(ended, pause, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Carries the frames that the guest may send.
fn carry_out(mut qemu: UnixStream, link: &Link) -> io::Result<()> {
    let mut host = HostAddresses::now()?;
    let mut looked_at = Instant::now();
    while let Some(bytes) = frame::read(&mut qemu)? {
        if looked_at.elapsed() > ADDRESSES_KEPT {
            (host, looked_at) = (HostAddresses::now()?, Instant::now());
        }
        if frame::may_leave(&bytes, &host) {
            link.send(&bytes);
        }
    }
    Ok(())
}

/// Carries the frames for the guest, from one passt after another.
fn carry_in(
    program: &Path,
    passt: &Passt<'_>,
    mut child: Child,
    link: &Link,
    mut qemu: UnixStream,
) -> io::Result<()> {
    let mut pause = PAUSE;
    let mut served = false;
    loop {
        let mut from_passt = link.current()?;
        // A frame that is cut off means the same as the end between two of them.
        while let Ok(Some(bytes)) = frame::read(&mut from_passt) {
            (served, pause) = (true, PAUSE);
            frame::write(&mut qemu, &bytes)?;
        }
        if link.has_ended() {
            return Ok(());
        }
        let status = child.wait()?;
        if !served {
            // The server that started the machine waits for the first frame, and learns of our end.
            let _ = qemu.shutdown(std::net::Shutdown::Both);
            return Err(io::Error::other(format!("passt ended with {status}")));
        }
        eprintln!("passt ended with {status}; starting it again in {} s", pause.as_secs());
        if link.ends_within(pause) {
            return Ok(());
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        match start(program, passt) {
            Ok((next, to_passt)) => {
                child = next;
                link.replace(to_passt);
                link.send_first_again();
                if link.has_ended() {
                    // It ended before it had this passt to end.
                    return Ok(());
                }
            }
            Err(error) => eprintln!("{error}"),
        }
    }
}

/// Starts passt, and gives the way to it.
fn start(program: &Path, passt: &Passt<'_>) -> io::Result<(Child, UnixStream)> {
    let (ours, its) = UnixStream::pair()?;
    let mut command = Command::new(program);
    command.args(passt.arguments()).env_clear().stdin(Stdio::from(std::os::fd::OwnedFd::from(its)));
    let child = command.spawn().map_err(|error| {
        let what = format!("cannot run {}: {error}; {INSTALL}", program.display());
        io::Error::new(error.kind(), what)
    })?;
    Ok((child, ours))
}
