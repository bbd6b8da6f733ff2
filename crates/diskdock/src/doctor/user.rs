//! Checks the user that QEMU runs as: existence and access to the data directory.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use super::{PlannedServer, Point};
use crate::hypervisor::qemu::accel::KVM;
use crate::hypervisor::qemu::user::{self, BY_DEFAULT};
use crate::storage::Owner;

const USER: &str = "user";
const REACH: &str = "reach";
const KVM_ACCESS: &str = "KVM access";
const MAKE_USER: &str = "useradd --system --gid kvm --no-create-home --shell /usr/sbin/nologin \
                         diskdock-qemu, then --qemu-user diskdock-qemu";

/// The user that QEMU is to run as.
struct QemuUser {
    name: String,
    owner: Owner,
}

/// Checks the user. Without root, QEMU runs as the user of the server.
pub(crate) fn examine(server: &PlannedServer, kvm_works: bool) -> Vec<Point> {
    if !geteuid().is_root() {
        return vec![Point::ok(USER, format!("QEMU runs as we do (uid {})", geteuid().as_raw()))];
    }
    let user = match find(&server.qemu_user) {
        Ok(user) => user,
        Err(point) => return vec![point],
    };
    let mut points = vec![user_exists(&user), reach(&user, &server.data_directory)];
    if kvm_works {
        points.push(kvm_access(&user));
    }
    points
}

fn user_exists(user: &QemuUser) -> Point {
    let name = &user.name;
    if user.owner.uid == 0 {
        let found = format!("{name} may do everything here, and so may a guest that breaks out");
        return Point::problem(USER, found, MAKE_USER);
    }
    if name == BY_DEFAULT {
        let found = format!("QEMU runs as {name}, and so may other services");
        return Point::warning(USER, found, MAKE_USER);
    }
    Point::ok(USER, format!("QEMU runs as {name} (uid {})", user.owner.uid))
}

fn find(name: &str) -> Result<QemuUser, Point> {
    match user::find(name) {
        Ok(Some(owner)) => Ok(QemuUser { name: name.to_owned(), owner }),
        Ok(None) => Err(Point::problem(USER, format!("there is no user {name}"), MAKE_USER)),
        Err(why) => Err(Point::problem(USER, why, "look at /etc/passwd and /etc/nsswitch.conf")),
    }
}

/// Enters, as that user, the directory that the data directory lies in. The data directory itself
/// is opened by the server.
fn reach(user: &QemuUser, data_directory: &Path) -> Point {
    let absolute = std::path::absolute(data_directory);
    let absolute = absolute.unwrap_or_else(|_| data_directory.to_owned());
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let there: Vec<PathBuf> = parent.ancestors().map(Path::to_owned).collect();
    // From the root on, so that the first directory without access is named.
    let closed = there.iter().rev().filter(|path| path.exists()).find(|path| !enters(user, path));
    let name = &user.name;
    match closed {
        None => Point::ok(REACH, format!("{name} can reach {}", absolute.display())),
        Some(directory) => Point::problem(
            REACH,
            format!("{name} cannot pass {}", directory.display()),
            format!("chmod o+x {}, or put the data directory elsewhere", directory.display()),
        ),
    }
}

fn enters(user: &QemuUser, directory: &Path) -> bool {
    tests(user, &["-x"], directory)
}

/// Tests the permissions on a path with the rights of QEMU: user and primary group only.
fn tests(user: &QemuUser, how: &[&str], path: &Path) -> bool {
    how.iter().all(|flag| {
        let mut command = Command::new("test");
        command.arg(flag).arg(path).stdin(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        command.gid(user.owner.gid).uid(user.owner.uid);
        command.status().is_ok_and(|status| status.success())
    })
}

fn kvm_access(user: &QemuUser) -> Point {
    let name = &user.name;
    if tests(user, &["-r", "-w"], Path::new(KVM)) {
        return Point::ok(KVM_ACCESS, format!("{name} may use {KVM}"));
    }
    let found = format!("{name} may not use {KVM}, so that its guests do not start under KVM");
    // QEMU has the user's primary group only.
    Point::problem(KVM_ACCESS, found, format!("usermod --gid kvm {name}"))
}
