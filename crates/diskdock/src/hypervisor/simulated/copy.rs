//! Copies a simulated hypervisor with all that is under way, for a copy of its server.

use super::Simulated;

impl Simulated {
    /// Takes over the machines, transitions, rules and pace of another one as they are now.
    pub(crate) fn copy_from(&self, other: &Simulated) {
        let copy = other.lock().clone();
        *self.lock() = copy;
    }
}
