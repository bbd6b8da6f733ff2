//! Which calls ask before they are sent: those that take something away from somebody.

use crate::catalog::Spec;

/// What an action's name begins with when it takes something away: a disk from a guest, a guest
/// from its users, or anything for good.
const TAKES_AWAY: &[&str] = &["Delete", "Detach", "Reboot", "Release", "Stop"];

/// Whether a call of this action asks first.
pub fn asks_first(spec: &Spec) -> bool {
    spec.mutates && TAKES_AWAY.iter().any(|verb| spec.name.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explorer::specs;

    #[test]
    fn exactly_these_ask_first() {
        let asking: Vec<_> =
            specs().map(|(_, spec)| spec).filter(|spec| asks_first(spec)).map(|s| s.name).collect();
        let expected = [
            "DetachDisk",
            "DeleteDisk",
            "DeleteInstance",
            "DeleteInstances",
            "RebootInstance",
            "RebootInstances",
            "StopInstance",
            "StopInstances",
        ];
        for name in expected {
            assert!(asking.contains(&name), "{name} asks first");
        }
        assert_eq!(asking.len(), expected.len(), "{asking:?}");
    }
}
