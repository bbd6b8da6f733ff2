//! A network card on a bridge of this host, made by QEMU's own helper: it may where this server
//! may not, and its list of bridges, `/etc/qemu/bridge.conf`, is the operator's word on it.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::process::Command;
use tokio::time::timeout;

/// Where distributions put the helper.
const HELPERS: [&str; 2] = ["/usr/lib/qemu/qemu-bridge-helper", "/usr/libexec/qemu-bridge-helper"];
/// How long it has.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The open end of a new interface on this bridge; why there is none, in words. The interface is
/// gone when the last process that has it open ends.
pub(crate) async fn tap(bridge: &str) -> Result<OwnedFd, String> {
    let helper = HELPERS.into_iter().find(|path| Path::new(path).exists());
    let helper = helper.ok_or("there is no qemu-bridge-helper: install qemu-system-common")?;
    let (ours, its) = UnixStream::pair().map_err(|error| error.to_string())?;
    let mut command = Command::new(helper);
    // It hands the interface over on its standard input, which is a socket.
    command.args(["--use-vnet", &format!("--br={bridge}"), "--fd=0"]).kill_on_drop(true);
    command.stdin(OwnedFd::from(its)).stdout(Stdio::null()).stderr(Stdio::piped()).env_clear();
    let running = async { command.spawn()?.wait_with_output().await };
    let done = timeout(TIMEOUT, running).await.map_err(|_| format!("{helper} hangs"))?;
    let done = done.map_err(|error| format!("cannot run {helper}: {error}"))?;
    drop(command);
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let said = said.lines().last().unwrap_or("it gave no message").to_owned();
        return Err(format!(
            "no interface on the bridge {bridge}: {said}; see \"Networks\" in docs/hosts.md"
        ));
    }
    receive(&ours).map_err(|error| format!("{helper} handed nothing over: {error}"))
}

/// Takes the descriptor that is there already.
fn receive(from: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut control, flags)?;
    let descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    descriptors.flatten().next().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tap_names_a_bridge_that_it_cannot_use() {
        let refused = tap("dk-is-not-here").await.unwrap_err();
        assert!(refused.contains("dk-is-not-here") || refused.contains("qemu-system-common"));
    }

    #[test]
    fn receive_fails_without_a_file_descriptor() {
        let (ours, its) = UnixStream::pair().unwrap();
        assert!(receive(&ours).is_err());
        drop(its);
        assert!(receive(&ours).is_err());
    }
}
