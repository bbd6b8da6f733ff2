//! Which names are actions of ECS at all, so that a misspelt name and an action that is not here
//! can be told apart. Public SDKs list the names.

/// All names, sorted, one on a line.
const NAMES: &str = include_str!("known_actions.txt");

/// Whether ECS has an action of this name.
pub fn is_action_of_ecs(name: &str) -> bool {
    NAMES.lines().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn real_names_are_known_and_others_are_not() {
        assert!(super::is_action_of_ecs("CreateSnapshot"));
        assert!(!super::is_action_of_ecs("DetachDiks"));
        assert!(!super::is_action_of_ecs(""));
    }
}
