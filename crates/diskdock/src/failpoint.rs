//! Failpoints: named places at which a test kills the process or lets a step fail.
//!
//! `DISKDOCK_FAILPOINT=unplug.asked` kills a debug build the first time it reaches that place.
//! `DISKDOCK_FAILPOINT_STOP=unplug.asked` stops it there once, with SIGSTOP, so that a test can
//! kill another process at that moment.
//! `DISKDOCK_FAILPOINT_ERROR=volume.sync` lets the step there fail once, as a file system does that
//! reports a lost write; `volume.sync@/tmp/fails` lets it fail as long as that file is there. A
//! release build has no failpoints.

use std::io;

/// Kills or stops the process here, if the environment names this place.
#[cfg(debug_assertions)]
pub(crate) fn hit(name: &str) {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Signal, getpid, kill_process};
    static STOPPED: AtomicBool = AtomicBool::new(false);
    let names = |variable| std::env::var_os(variable).is_some_and(|wanted| wanted == name);
    if names("DISKDOCK_FAILPOINT") {
        let _ = kill_process(getpid(), Signal::KILL);
    }
    if names("DISKDOCK_FAILPOINT_STOP") && !STOPPED.swap(true, Ordering::Relaxed) {
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn hit(_: &str) {}

/// Fails here, if the environment or [`fail_next`] says so.
#[cfg(debug_assertions)]
pub(crate) fn error(name: &str) -> io::Result<()> {
    let from_environment = fails_by_environment(name);
    let from_test = FAILS_NEXT.with_borrow_mut(|next| next.take_if(|next| *next == name).is_some());
    if from_environment || from_test {
        return Err(rustix::io::Errno::IO.into());
    }
    Ok(())
}

#[cfg(debug_assertions)]
fn fails_by_environment(name: &str) -> bool {
    use std::sync::atomic::{AtomicBool, Ordering};
    static CAME_BY: AtomicBool = AtomicBool::new(false);
    let Ok(wanted) = std::env::var("DISKDOCK_FAILPOINT_ERROR") else { return false };
    match wanted.split_once('@') {
        Some((wanted, while_there)) => wanted == name && std::path::Path::new(while_there).exists(),
        None => wanted == name && !CAME_BY.swap(true, Ordering::Relaxed),
    }
}

#[cfg(debug_assertions)]
thread_local! {
    static FAILS_NEXT: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
}

/// The next step of this thread at this place fails, once.
#[cfg(debug_assertions)]
pub fn fail_next(name: &str) {
    FAILS_NEXT.set(Some(name.to_owned()));
}

/// A release build has no failpoints.
#[cfg(not(debug_assertions))]
pub(crate) fn error(_: &str) -> io::Result<()> {
    Ok(())
}
