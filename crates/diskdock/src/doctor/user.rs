//! The user that QEMU runs as: whether there is one, and what that user can reach.

use std::ffi::CString;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid, getgrouplist};

use super::{Point, Wanted};
use crate::hypervisor::qemu::accel::KVM;

const USER: &str = "user";
const REACH: &str = "reach";
const KVM_ACCESS: &str = "KVM access";
const MAKE_USER: &str = "make one: useradd --system --shell /usr/sbin/nologin NAME";

/// Looks at it.
pub fn examine(wanted: &Wanted, kvm_works: bool) -> Vec<Point> {
    let Some(name) = &wanted.qemu_user else { return vec![without()] };
    let user = match find(name) {
        Ok(user) => user,
        Err(point) => return vec![point],
    };
    if user.uid.is_root() {
        let found =
            format!("{name} may do everything on this host, and so may a guest that gets out");
        return vec![Point::problem(USER, found, MAKE_USER)];
    }
    if !geteuid().is_root() && user.uid != geteuid() {
        let found = format!("only root can run QEMU as {name}");
        return vec![Point::problem(USER, found, "run as root, or leave --qemu-user out")];
    }
    let mut points = vec![Point::ok(USER, format!("QEMU runs as {name} (uid {})", user.uid))];
    points.push(reach(&user, &wanted.data_directory));
    if kvm_works {
        points.push(kvm_access(&user));
    }
    points
}

fn without() -> Point {
    if geteuid().is_root() {
        let remedy = format!("name a user with --qemu-user; {MAKE_USER}");
        return Point::warning(USER, "QEMU would run as root", remedy);
    }
    Point::ok(USER, format!("QEMU runs as we do (uid {})", geteuid()))
}

fn find(name: &str) -> Result<User, Point> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(Point::problem(USER, format!("there is no user {name}"), MAKE_USER)),
        Err(error) => {
            let found = format!("cannot look {name} up: {error}");
            Err(Point::problem(USER, found, "look at /etc/passwd and /etc/nsswitch.conf"))
        }
    }
}

/// Enters, as that user, the directory that the data directory lies in. The data directory itself
/// is opened by the server.
fn reach(user: &User, data_directory: &Path) -> Point {
    let absolute = std::path::absolute(data_directory);
    let absolute = absolute.unwrap_or_else(|_| data_directory.to_owned());
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let there: Vec<PathBuf> = parent.ancestors().map(Path::to_owned).collect();
    // From the root on, so that the first closed door is named.
    let closed = there.iter().rev().filter(|path| path.exists()).find(|path| !enters(user, path));
    let name = &user.name;
    match closed {
        None => Point::ok(REACH, format!("{name} can reach {}", absolute.display())),
        Some(door) => Point::problem(
            REACH,
            format!("{name} cannot pass {}", door.display()),
            format!("chmod o+x {}, or put the data directory elsewhere", door.display()),
        ),
    }
}

fn enters(user: &User, directory: &Path) -> bool {
    let mut command = Command::new("/usr/bin/test");
    command.arg("-x").arg(directory).stdin(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if user.uid != geteuid() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command.status().is_ok_and(|status| status.success())
}

fn kvm_access(user: &User) -> Point {
    let name = &user.name;
    let Ok(device) = std::fs::metadata(KVM) else {
        return Point::warning(
            KVM_ACCESS,
            format!("there is no {KVM}"),
            "load kvm_intel or kvm_amd",
        );
    };
    let bits = if device.uid() == user.uid.as_raw() {
        device.mode() >> 6
    } else if groups(user).contains(&device.gid()) {
        device.mode() >> 3
    } else {
        device.mode()
    };
    if bits & 0o6 == 0o6 {
        return Point::ok(KVM_ACCESS, format!("{name} may use {KVM}"));
    }
    let remedy = format!("usermod -aG kvm {name}, with group kvm and mode 0660 on {KVM}");
    Point::warning(KVM_ACCESS, format!("{name} may not use {KVM}"), remedy)
}

fn groups(user: &User) -> Vec<u32> {
    let name = CString::new(user.name.as_str()).unwrap_or_default();
    let groups = getgrouplist(&name, user.gid).unwrap_or_default();
    groups.into_iter().chain([user.gid]).map(nix::unistd::Gid::as_raw).collect()
}
