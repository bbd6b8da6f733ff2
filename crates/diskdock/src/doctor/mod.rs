//! Checks whether a host can run instances as QEMU virtual machines, and names the remedies.
//!
//! Checks are tests rather than look-ups: a guest is run, a file is locked, a directory is entered
//! as the user of QEMU.

mod directory;
mod limits;
mod machines;
mod programs;
mod store;
mod user;

use std::path::PathBuf;

use serde::Serialize;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// The host passes.
    Ok,
    /// The host works, with a drawback.
    Warning,
    /// The host cannot run virtual machines.
    Problem,
}

impl Verdict {
    /// The result in one word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Point {
    /// Its name.
    pub name: &'static str,
    /// The result of a check.
    pub verdict: Verdict,
    /// The finding.
    pub found: String,
    /// The remedy; empty if none is needed.
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

/// The options of the server to check for.
#[derive(Clone, Debug)]
pub(crate) struct PlannedServer {
    /// The data directory.
    pub data_directory: PathBuf,
    /// The virtual machine monitor.
    pub qemu: PathBuf,
    /// The user that it runs as when the server runs as root.
    pub qemu_user: String,
}

/// Runs all checks. Takes up to ten seconds where test guests hang.
pub(crate) async fn examine(server: &PlannedServer) -> Vec<Point> {
    let mut points = programs::examine(&server.qemu).await;
    if !programs::is_missing(&points) {
        points.extend(machines::examine(&server.qemu).await);
    }
    let kvm_works =
        points.iter().any(|point| point.name == programs::KVM && point.verdict == Verdict::Ok);
    let planned = server.clone();
    let rest = tokio::task::spawn_blocking(move || {
        let mut points = user::examine(&planned, kvm_works);
        points.extend(directory::examine(&planned.data_directory));
        points.push(store::examine_owner(&planned.data_directory));
        points.push(store::examine(&planned.data_directory));
        points.extend(limits::examine());
        points
    });
    // A check that panics leaves its reason on standard error.
    points.extend(rest.await.unwrap_or_default());
    points
}
