//! Named places at which a test lets the process die, as if it were killed there.
//!
//! `DISKDOCK_FAILPOINT=unplug.asked` kills a debug build the first time it comes by that place.
//! A release build has no such places.

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
