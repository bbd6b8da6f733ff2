//! Whether guests run on this host, and how fast: found out by running one.
//!
//! That `/dev/kvm` can be opened proves nothing: nested hosts exist where it opens and guests
//! hang, or run a hundred times slower than in software. So a guest is started whose whole
//! firmware counts to ten million and then writes to a device that ends QEMU with a known status.
//! That takes some 0.1 s in software, and less on a processor.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long the system may take to remove a process that was killed.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);
/// Where KVM is.
pub(crate) const KVM: &str = "/dev/kvm";
/// Bytes of firmware: real mode begins 16 bytes before its end.
const FIRMWARE: usize = 64 * 1024;
const RESET: usize = FIRMWARE - 16;
/// `mov ecx, 10000000; again: dec ecx; jnz again; mov al, 0x10; out 0xf4, al; hlt`
const PROGRAM: [u8; 15] =
    [0x66, 0xb9, 0x80, 0x96, 0x98, 0x00, 0x66, 0x49, 0x75, 0xfc, 0xb0, 0x10, 0xe6, 0xf4, 0xf4];
/// isa-debug-exit ends QEMU with twice the value written, and one.
const EXPECTED: i32 = 0x10 * 2 + 1;
/// Bytes of QEMU's complaints that are kept.
const COMPLAINTS: u64 = 4096;

/// Sandboxing as tight as QEMU has it, for `-sandbox`: nothing obsolete, no other privileges, no
/// other processes, no other priorities.
pub(crate) const SANDBOX: &str =
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// The operator's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccelChoice {
    /// KVM where it works, else in software.
    #[default]
    Auto,
    /// KVM or nothing.
    Kvm,
    /// In software.
    Tcg,
}

/// How guests will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    /// On the processor.
    Kvm,
    /// In software, about ten times slower.
    Tcg,
}

impl Accel {
    /// QEMU's name for it after `-accel`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Accel::Kvm => "kvm",
            Accel::Tcg => "tcg",
        }
    }

    /// The processor that suits it, as QEMU calls it after `-cpu`.
    pub(crate) fn cpu_model(self) -> &'static str {
        match self {
            Accel::Kvm => "host",
            Accel::Tcg => "max",
        }
    }

    /// How long the guest of the probe may take to end QEMU, with the start of the program. Where
    /// KVM is slower than this, software is faster; software itself has no other to give way to.
    fn deadline(self) -> Duration {
        match self {
            Accel::Kvm => Duration::from_secs(2),
            Accel::Tcg => Duration::from_secs(5),
        }
    }

    /// How often it is tried: what is chosen stays chosen, and a busy moment should not decide.
    fn tries(self) -> u32 {
        match self {
            Accel::Kvm => 2,
            Accel::Tcg => 1,
        }
    }
}

/// The accelerator in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// For `-accel`.
    pub accel: Accel,
    /// For `-cpu`.
    pub cpu_model: &'static str,
    /// A remark for the operator.
    pub remark: Option<String>,
}

impl Choice {
    fn of(accel: Accel, remark: Option<String>) -> Choice {
        Choice { accel, cpu_model: accel.cpu_model(), remark }
    }
}

/// Chooses by running a guest; takes up to some ten seconds where guests hang. Fails, in words,
/// where none runs as it is wanted.
pub async fn choose(qemu: &Path, wanted: AccelChoice) -> Result<Choice, String> {
    if wanted == AccelChoice::Tcg {
        probe(qemu, Accel::Tcg).await?;
        return Ok(Choice::of(Accel::Tcg, None));
    }
    match (probe(qemu, Accel::Kvm).await, wanted) {
        (Ok(()), _) => Ok(Choice::of(Accel::Kvm, None)),
        (Err(why), AccelChoice::Kvm) => Err(why),
        (Err(why), _) => {
            probe(qemu, Accel::Tcg).await?;
            let remark = format!("{why}; guests run in software, about ten times slower");
            Ok(Choice::of(Accel::Tcg, Some(remark)))
        }
    }
}

/// Runs a guest; why it did not run, in words.
pub(crate) async fn probe(qemu: &Path, accel: Accel) -> Result<(), String> {
    probe_with(qemu, accel, None).await
}

/// Runs a guest, in a `-sandbox` if one is given.
pub(crate) async fn probe_with(
    qemu: &Path,
    accel: Accel,
    sandbox: Option<&str>,
) -> Result<(), String> {
    if accel == Accel::Kvm && !Path::new(KVM).exists() {
        return Err(format!(
            "there is no {KVM}: turn virtualization on in the firmware (or for this virtual \
             machine, at its host) and load kvm_intel or kvm_amd"
        ));
    }
    for _ in 0..accel.tries() {
        if run(qemu, accel, sandbox).await? {
            return Ok(());
        }
    }
    Err(hangs(accel))
}

/// Runs a guest once; whether it was done in time.
async fn run(qemu: &Path, accel: Accel, sandbox: Option<&str>) -> Result<bool, String> {
    let firmware = firmware().map_err(|error| format!("cannot make a firmware: {error}"))?;
    // Opened through us, so that it needs no name and is gone with us.
    let path = format!("/proc/{}/fd/{}", std::process::id(), firmware.as_raw_fd());
    let mut child = command(qemu, accel, &path)
        .args(sandbox.iter().flat_map(|how| ["-sandbox", how]))
        .spawn()
        .map_err(|error| {
            let install = "install it: apt-get install qemu-system-x86";
            format!("cannot run {}: {error}; {install}", qemu.display())
        })?;
    let ended = timeout(accel.deadline(), outcome(&mut child)).await;
    let Ok(ended) = ended else {
        // It is reaped in the background if it takes longer.
        let _ = timeout(KILL_TIMEOUT, child.kill()).await;
        return Ok(false);
    };
    let (status, words) = ended.map_err(|error| format!("cannot wait for QEMU: {error}"))?;
    judge(accel, status, &words).map(|()| true)
}

fn firmware() -> std::io::Result<std::fs::File> {
    let mut bytes = vec![0; FIRMWARE];
    bytes[RESET..RESET + PROGRAM.len()].copy_from_slice(&PROGRAM);
    let memory = memfd_create(c"diskdock-probe", MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(&bytes)?;
    Ok(file)
}

fn command(qemu: &Path, accel: Accel, firmware: &str) -> Command {
    let mut command = Command::new(qemu);
    command
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
        .args(["-machine", "pc", "-m", "16", "-accel", accel.as_str(), "-cpu", accel.cpu_model()])
        .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-bios", firmware])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn outcome(child: &mut Child) -> std::io::Result<(ExitStatus, String)> {
    let mut words = String::new();
    if let Some(complaints) = child.stderr.take() {
        // Output that is not text is of no help.
        let _ = complaints.take(COMPLAINTS).read_to_string(&mut words).await;
    }
    Ok((child.wait().await?, words))
}

fn judge(accel: Accel, status: ExitStatus, words: &str) -> Result<(), String> {
    if status.code() == Some(EXPECTED) {
        return Ok(());
    }
    let words = words.trim().replace('\n', "; ");
    let words = if words.is_empty() { "it gave no message".to_owned() } else { words };
    let name = accel.as_str();
    Err(format!("a guest under {name} did not run: QEMU ended with {status}: {words}"))
}

fn hangs(accel: Accel) -> String {
    let after = accel.deadline().as_secs();
    match accel {
        Accel::Kvm => format!(
            "{KVM} opens, but a guest hangs or crawls (ended after {after} s): this host is itself \
             a virtual machine without working nested virtualization, or it is overloaded"
        ),
        Accel::Tcg => format!(
            "a guest that counts to ten million did not end within {after} s in software: the host \
             is overloaded, or this QEMU is broken"
        ),
    }
}
