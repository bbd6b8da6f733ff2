//! The programs that virtual machines need, and whether guests run in them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Point;
use crate::hypervisor::qemu::accel::{Accel, SANDBOX, probe, probe_with};

/// The name of the check of KVM.
pub(crate) const KVM: &str = "KVM";
const QEMU: &str = "QEMU";
/// The oldest QEMU that is known to work.
const OLDEST: (u32, u32) = (7, 2);
/// The deadline for the version of a program.
const TIMEOUT: Duration = Duration::from_secs(10);
const INSTALL_QEMU: &str = "apt-get install qemu-system-x86, or name another with --qemu";
const INSTALL_TOOLS: &str = "apt-get install qemu-utils";

/// Checks the programs.
pub(crate) async fn examine(qemu: &Path) -> Vec<Point> {
    let (qemu_point, tools) = tokio::join!(
        version(QEMU, qemu, INSTALL_QEMU),
        version("qemu-img", Path::new("qemu-img"), INSTALL_TOOLS),
    );
    let mut points = vec![qemu_point, tools];
    if is_missing(&points) {
        return points;
    }
    let (software, kvm, sandbox) = tokio::join!(
        probe(qemu, Accel::Tcg),
        probe(qemu, Accel::Kvm),
        probe_with(qemu, Accel::Tcg, Some(SANDBOX)),
    );
    points.push(match &software {
        Ok(()) => Point::ok("guests", "a guest runs"),
        Err(why) => Point::problem("guests", why, format!("install QEMU anew: {INSTALL_QEMU}")),
    });
    points.push(match kvm {
        Ok(()) => Point::ok(KVM, "a guest runs on the processor"),
        Err(why) => {
            let found = format!("{why}; guests run in software, about ten times slower");
            let remedy = "use a host with working virtualization, or live with it";
            Point::warning(KVM, found, remedy)
        }
    });
    points.push(match (sandbox, software) {
        (Ok(()), _) => Point::ok("sandbox", "a guest runs in the seccomp sandbox"),
        (Err(_), Err(_)) => Point::problem("sandbox", "no guest runs at all", "see to that first"),
        (Err(why), Ok(())) => {
            let remedy = "use a QEMU that is built with seccomp, as Debian's is";
            Point::problem("sandbox", why, remedy)
        }
    });
    points
}

const MISSING: &str = "cannot be run";

/// Whether there is no QEMU at all.
pub(super) fn is_missing(points: &[Point]) -> bool {
    points.iter().any(|point| point.name == QEMU && point.found.contains(MISSING))
}

async fn version(name: &'static str, program: &Path, install: &str) -> Point {
    let mut command = Command::new(program);
    command.arg("--version").env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(TIMEOUT, command.output()).await {
        Err(_) => Err("it did not answer in time".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(output)) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
    };
    match output {
        Err(why) => {
            Point::problem(name, format!("{} {MISSING}: {why}", program.display()), install)
        }
        Ok(output) => judge(name, &output, install),
    }
}

fn judge(name: &'static str, output: &str, install: &str) -> Point {
    let Some((text, number)) = number(output) else {
        let line = output.lines().next().unwrap_or_default();
        return Point::problem(name, format!("it is not QEMU: its output is {line:?}"), install);
    };
    if number >= OLDEST {
        return Point::ok(name, format!("version {text}"));
    }
    let (major, minor) = OLDEST;
    let found = format!("version {text} is too old");
    Point::problem(name, found, format!("install {major}.{minor} or newer: {install}"))
}

/// The version in `QEMU emulator version 7.2.22 (Debian …)` or `qemu-img version 7.2.22 (…`.
fn number(output: &str) -> Option<(&str, (u32, u32))> {
    let (_, rest) = output.split_once(" version ")?;
    let text = rest.split_whitespace().next()?;
    let mut parts = text.split('.').map(str::parse);
    Some((text, (parts.next()?.ok()?, parts.next()?.ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn versions_are_compared_as_numbers() {
        let verdict = |output: &str| judge("QEMU", output, "install").verdict;
        for new in ["7.2.22 (Debian 1:7.2)", "7.2.0", "10.0.2"] {
            assert_eq!(verdict(&format!("QEMU emulator version {new}\nCopyright")), Verdict::Ok);
        }
        for old in ["QEMU emulator version 7.1.9", "QEMU emulator version 6.20.1", "hello", ""] {
            assert_eq!(verdict(old), Verdict::Problem, "{old}");
        }
    }
}
