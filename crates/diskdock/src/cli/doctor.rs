//! `diskdock doctor`: whether this host can run virtual machines, and what is missing.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;
use nix::unistd::{User, geteuid};
use serde::Serialize;
use serde_json::json;

use super::catalog::Output;
use super::{Failure, output};
use crate::hypervisor::qemu::accel::{Accel, KVM, probe};
use crate::hypervisor::qemu::user;

/// The oldest QEMU that is known to do: it takes networks in JSON.
const OLDEST: (u32, u32) = (7, 2);
/// Free space below which it is mentioned, and below which nothing can be expected to work.
const SPACE_GIB: (u64, u64) = (20, 1);
/// Files that the server and each machine may want to have open.
const OPEN_FILES: u64 = 4_096;
/// Bytes in a GiB.
const GIB: u64 = 1 << 30;
/// Sandboxing as machines are run with.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// Check whether this host can run virtual machines
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 machines can run (there may be warnings), 1 they cannot")]
pub struct DoctorArgs {
    /// The data directory that `serve` is to use
    #[arg(long, default_value = "diskdock-data", env = "DISKDOCK_DATA_DIR")]
    data_dir: PathBuf,
    /// The program that runs a virtual machine
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-x86_64")]
    qemu: PathBuf,
    /// Whom QEMU is to run as when the server runs as root
    #[arg(long, value_name = "NAME", default_value = user::BY_DEFAULT)]
    qemu_user: String,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Problem,
}

/// One point that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    /// What was found.
    found: String,
    /// What to do about it; empty if nothing need be done.
    fix: String,
}

impl Finding {
    fn ok(what: &'static str, found: impl ToString) -> Finding {
        Finding { what, verdict: Verdict::Ok, found: found.to_string(), fix: String::new() }
    }

    fn warning(what: &'static str, found: impl ToString, fix: impl ToString) -> Finding {
        Finding { verdict: Verdict::Warning, fix: fix.to_string(), ..Finding::ok(what, found) }
    }

    fn problem(what: &'static str, found: impl ToString, fix: impl ToString) -> Finding {
        Finding { verdict: Verdict::Problem, fix: fix.to_string(), ..Finding::ok(what, found) }
    }
}

/// Looks at the host and says what it found.
pub async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let directory = std::path::absolute(&args.data_dir).map_err(|error| Failure::new(error, ""))?;
    let mut findings = vec![qemu(&args.qemu), qemu_img()];
    findings.extend(acceleration(&args.qemu).await);
    findings.push(sandbox(&args.qemu));
    findings.push(qemu_user(&args.qemu_user));
    findings.push(writable(&directory));
    findings.push(passable(&directory, &args.qemu_user));
    findings.extend(space(&directory));
    findings.push(locks(&directory));
    findings.push(open_files());
    show(&findings, args.output)?;
    let problems = findings.iter().filter(|one| one.verdict == Verdict::Problem).count();
    match problems {
        0 => Ok(()),
        1 => Err(Failure::new("machines cannot run here: there is a problem", "Fix it as said.")),
        more => {
            let what = format!("machines cannot run here: there are {more} problems");
            Err(Failure::new(what, "Fix them as said."))
        }
    }
}

fn show(findings: &[Finding], how: Output) -> Result<(), Failure> {
    if how == Output::Json {
        return output::print_json(&json!({ "findings": findings }));
    }
    let mut text = String::new();
    for one in findings {
        let mark = match one.verdict {
            Verdict::Ok => "ok     ",
            Verdict::Warning => "warning",
            Verdict::Problem => "PROBLEM",
        };
        text.push_str(&format!("{mark}  {:<16} {}\n", one.what, one.found));
        if !one.fix.is_empty() {
            text.push_str(&format!("{:26}-> {}\n", "", one.fix));
        }
    }
    output::print(&text)
}

/// The first line that a program says about its version.
fn version_of(program: &Path) -> Result<String, String> {
    let ran = Command::new(program).arg("--version").env("LC_ALL", "C").output();
    let ran = ran.map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&ran.stdout);
    said.lines()
        .next()
        .map(str::to_owned)
        .ok_or_else(|| format!("{} says nothing", program.display()))
}

/// 7 and 2 of `QEMU emulator version 7.2.22 (Debian …)`.
fn parse_version(line: &str) -> Option<(u32, u32)> {
    let number =
        line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

fn qemu(program: &Path) -> Finding {
    let (what, install) = ("QEMU", "apt-get install qemu-system-x86, or name it with --qemu");
    match version_of(program) {
        Err(why) => Finding::problem(what, why, install),
        Ok(line) => match parse_version(&line) {
            Some(version) if version >= OLDEST => Finding::ok(what, line),
            Some(_) => {
                Finding::problem(what, format!("{line} is too old"), "install QEMU 7.2 or newer")
            }
            None => Finding::problem(what, format!("no QEMU: {line}"), install),
        },
    }
}

fn qemu_img() -> Finding {
    match version_of(Path::new("qemu-img")) {
        Ok(line) => Finding::ok("qemu-img", line),
        Err(why) => Finding::problem("qemu-img", why, "apt-get install qemu-utils"),
    }
}

async fn acceleration(program: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    match probe(program, Accel::Kvm).await {
        Ok(()) => findings.push(Finding::ok("KVM", "a guest ran under it")),
        Err(why) => {
            let fix =
                "machines run in software, about ten times slower; nothing need be done for tests";
            findings.push(Finding::warning("KVM", why, fix));
            findings.push(match probe(program, Accel::Tcg).await {
                Ok(()) => Finding::ok("software", "a guest ran in software"),
                Err(why) => Finding::problem("software", why, "install a working QEMU"),
            });
        }
    }
    let opens = |path: &str| File::options().read(true).write(true).open(path).is_ok();
    if Path::new(KVM).exists() && !opens(KVM) {
        let fix = "add the user that runs QEMU to the group kvm";
        findings.push(Finding::warning("access to KVM", format!("{KVM} cannot be opened"), fix));
    }
    findings
}

/// Starts QEMU under the sandbox and ends it at once.
fn sandbox(program: &Path) -> Finding {
    let what = "sandbox";
    let mut command = Command::new(program);
    command.args(["-sandbox", SANDBOX, "-machine", "none", "-nodefaults", "-display", "none"]);
    command.args(["-monitor", "stdio"]).stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let ran = command.spawn().and_then(|mut child| {
        if let Some(mut monitor) = child.stdin.take() {
            // It may have ended already.
            let _ = monitor.write_all(b"quit\n");
        }
        child.wait_with_output()
    });
    let fix = "install a QEMU that was built with seccomp";
    match ran {
        Ok(ended) if ended.status.success() => Finding::ok(what, "QEMU runs under it"),
        Ok(ended) => {
            let words = String::from_utf8_lossy(&ended.stderr).trim().replace('\n', "; ");
            Finding::problem(what, format!("QEMU refuses it: {words}"), fix)
        }
        Err(error) => Finding::problem(what, error, fix),
    }
}

fn qemu_user(name: &str) -> Finding {
    let what = "user of QEMU";
    if !geteuid().is_root() {
        return Finding::ok(what, "QEMU runs as yourself, since this is not root");
    }
    let make = "useradd --system --no-create-home --shell /usr/sbin/nologin diskdock-qemu, then \
                serve with --qemu-user diskdock-qemu";
    match User::from_name(name) {
        Ok(Some(found)) if found.uid.is_root() => {
            Finding::problem(what, format!("{name} is root"), make)
        }
        Ok(Some(_)) if name == user::BY_DEFAULT => {
            Finding::warning(what, format!("{name}, which other services may use too"), make)
        }
        Ok(Some(_)) => Finding::ok(what, name),
        Ok(None) | Err(_) => Finding::problem(what, format!("there is no user {name}"), make),
    }
}

/// The directory itself, or the nearest above it that is there.
fn existing(directory: &Path) -> &Path {
    directory.ancestors().find(|one| one.exists()).unwrap_or(Path::new("/"))
}

/// Makes a file where the data is to be, does something with it, and removes it.
fn with_file<T>(
    directory: &Path,
    work: impl Fn(&Path, &File) -> std::io::Result<T>,
) -> std::io::Result<T> {
    let path = existing(directory).join(format!(".diskdock-doctor-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    let worked = work(&path, &file);
    fs::remove_file(&path)?;
    worked
}

fn writable(directory: &Path) -> Finding {
    let what = "data directory";
    match with_file(directory, |_, file| file.sync_all()) {
        Ok(()) => Finding::ok(what, format!("{} can be written", directory.display())),
        Err(error) => {
            let found = format!("{} cannot be written: {error}", existing(directory).display());
            Finding::problem(what, found, "choose another with --data-dir")
        }
    }
}

/// Whether the user of QEMU gets to the data directory: it has to pass through all above it.
fn passable(directory: &Path, name: &str) -> Finding {
    let what = "way there";
    let found = User::from_name(name).ok().flatten().filter(|_| geteuid().is_root());
    let Some(user) = found else { return Finding::ok(what, "open to yourself") };
    let closed = directory.ancestors().skip(1).find(|above| {
        let Ok(metadata) = fs::metadata(above) else { return false };
        let bit = if metadata.uid() == user.uid.as_raw() {
            0o100
        } else if metadata.gid() == user.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        metadata.mode() & bit == 0
    });
    match closed {
        None => Finding::ok(what, format!("{name} can get to {}", directory.display())),
        Some(closed) => {
            let found = format!("{name} cannot pass through {}", closed.display());
            let fix = format!("chmod o+x {}, or use /var/lib/diskdock", closed.display());
            Finding::problem(what, found, fix)
        }
    }
}

fn space(directory: &Path) -> Vec<Finding> {
    let Ok(found) = statvfs(existing(directory)) else { return Vec::new() };
    let gib = found.blocks_available() * found.fragment_size() / GIB;
    let fix = "free some, or put the data directory on a larger file system";
    let told = format!("{gib} GiB are free");
    let space = match gib {
        gib if gib < SPACE_GIB.1 => Finding::problem("space", told, fix),
        gib if gib < SPACE_GIB.0 => Finding::warning("space", told, fix),
        _ => Finding::ok("space", told),
    };
    // Some file systems have no fixed number of them.
    let few = found.files() > 0 && found.files_available() < 10_000;
    let told = format!("{} more files can be made", found.files_available());
    let inodes = few.then(|| Finding::warning("inodes", told, fix));
    std::iter::once(space).chain(inodes).collect()
}

/// Whether the file system keeps two openers apart, as images have to be.
fn locks(directory: &Path) -> Finding {
    let tried = with_file(directory, |path, file| {
        file.lock()?;
        Ok(File::open(path)?.try_lock().is_err())
    });
    match tried {
        Ok(true) => Finding::ok("file locks", "two openers are kept apart"),
        Ok(false) => {
            let fix = "use a local file system such as ext4 or XFS for the data directory";
            Finding::problem("file locks", "two openers are not kept apart", fix)
        }
        Err(error) => Finding::problem("file locks", error, "choose another data directory"),
    }
}

fn open_files() -> Finding {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((0, 0));
    let told = format!("{soft} may be open at a time");
    if soft >= OPEN_FILES.min(hard) {
        return Finding::ok("open files", told);
    }
    let fix = format!("ulimit -n {OPEN_FILES}, or LimitNOFILE={OPEN_FILES} in a systemd unit");
    Finding::warning("open files", told, fix)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let debian = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)";
        assert_eq!(parse_version(debian), Some((7, 2)));
        assert_eq!(parse_version("qemu-img version 10.1.0"), Some((10, 1)));
        assert_eq!(parse_version("bash: not found"), None);
        assert_eq!(parse_version("version 7"), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_a_problem_with_what_to_do() {
        let missing = qemu(Path::new("/nowhere/qemu"));
        assert_eq!(missing.verdict, Verdict::Problem);
        assert!(missing.fix.contains("apt-get install"), "{missing:?}");
    }

    #[test]
    fn a_directory_that_cannot_be_is_a_problem() {
        assert_eq!(writable(Path::new("/proc/diskdock")).verdict, Verdict::Problem);
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("data");
        assert_eq!(writable(&inside).verdict, Verdict::Ok);
        assert_eq!(locks(&inside).verdict, Verdict::Ok);
        assert!(fs::read_dir(directory.path()).unwrap().next().is_none(), "nothing is left");
    }

    #[test]
    fn a_closed_directory_on_the_way_is_named() {
        if !geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let found = passable(&directory.path().join("data"), user::BY_DEFAULT);
        assert_eq!(found.verdict, Verdict::Problem);
        assert!(found.found.contains(&directory.path().display().to_string()), "{found:?}");
    }
}
