//! Named places at which a test lets the process die, as if it were killed there.
//!
//! `DISKDOCK_FAILPOINT=unplug.asked` kills a debug build the first time it comes by that place.
//! `DISKDOCK_FAILPOINT_ERROR=image.sync` lets what is done there fail once, as a file system does
//! that tells of a lost write. A release build has no such places.

use std::io;

/// Dies here without a word, if the environment says so.
#[cfg(debug_assertions)]
pub fn hit(name: &str) {
    if std::env::var_os("DISKDOCK_FAILPOINT").is_some_and(|wanted| wanted == name) {
        let myself = rustix::process::getpid();
        let _ = rustix::process::kill_process(myself, rustix::process::Signal::KILL);
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub fn hit(_: &str) {}

/// Fails here once, if the environment or [`fail_next`] says so.
#[cfg(debug_assertions)]
pub fn error(name: &str) -> io::Result<()> {
    use std::sync::atomic::{AtomicBool, Ordering};
    static CAME_BY: AtomicBool = AtomicBool::new(false);
    let wanted = std::env::var_os("DISKDOCK_FAILPOINT_ERROR").is_some_and(|wanted| wanted == name);
    let from_environment = wanted && !CAME_BY.swap(true, Ordering::Relaxed);
    let from_test = FAILS_NEXT.with_borrow_mut(|next| next.take_if(|next| *next == name).is_some());
    if from_environment || from_test {
        return Err(rustix::io::Errno::IO.into());
    }
    Ok(())
}

#[cfg(debug_assertions)]
thread_local! {
    static FAILS_NEXT: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
}

/// What is done next at this place by this thread fails, once.
#[cfg(debug_assertions)]
pub fn fail_next(name: &str) {
    FAILS_NEXT.set(Some(name.to_owned()));
}

/// Nothing fails on request in a release build.
#[cfg(not(debug_assertions))]
pub fn error(_: &str) -> io::Result<()> {
    Ok(())
}
