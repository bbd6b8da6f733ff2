//! Whether a host is fit to run instances as QEMU virtual machines, and what to do where not.
//!
//! Everything is tried out rather than looked up: a guest is run, a file is locked, a directory is
//! entered as the user that will have to enter it.

mod directory;
mod limits;
mod programs;
mod user;

use std::path::PathBuf;

use serde::Serialize;

/// How well it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, with a drawback.
    Warning,
    /// It does not work.
    Problem,
}

impl Verdict {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What.
    pub name: &'static str,
    /// How well it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it; empty if nothing.
    pub remedy: String,
}

impl Point {
    fn ok(name: &'static str, found: impl Into<String>) -> Point {
        Point { name, verdict: Verdict::Ok, found: found.into(), remedy: String::new() }
    }

    fn warning(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Point {
        let (found, remedy) = (found.into(), remedy.into());
        Point { name, verdict: Verdict::Warning, found, remedy }
    }

    fn problem(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Point {
        Point { verdict: Verdict::Problem, ..Point::warning(name, found, remedy) }
    }
}

/// What a server on this host would be started with.
#[derive(Clone, Debug)]
pub struct PlannedServer {
    /// Where the state, disks and images are to be.
    pub data_directory: PathBuf,
    /// The virtual machine monitor.
    pub qemu: PathBuf,
    /// The user that it runs as when the server runs as root.
    pub qemu_user: String,
}

/// Looks at everything. Takes up to some ten seconds, where guests hang.
pub async fn examine(wanted: &PlannedServer) -> Vec<Point> {
    let mut points = programs::examine(&wanted.qemu).await;
    let kvm_works =
        points.iter().any(|point| point.name == programs::KVM && point.verdict == Verdict::Ok);
    let beside = wanted.clone();
    let rest = tokio::task::spawn_blocking(move || {
        let mut points = user::examine(&beside, kvm_works);
        points.extend(directory::examine(&beside.data_directory));
        points.extend(limits::examine());
        points
    });
    // One that panics has told standard error why.
    points.extend(rest.await.unwrap_or_default());
    points
}
