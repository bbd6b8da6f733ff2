//! The sentences of `diskdock admin` about what it changed.

use serde_json::Value;

use super::instances::InstancesVerb;
use super::{AdminCommand, FaultsVerb, RulesVerb};
use crate::cli::output::text_of;

/// The sentence for a reply; none for a command that shows something.
pub(super) fn sentence(command: &AdminCommand, reply: &Value) -> Option<String> {
    Some(match command {
        AdminCommand::Reset => "all is forgotten but the keys and the pace".to_owned(),
        AdminCommand::Import { .. } => imported(reply),
        AdminCommand::Lock { instance, .. } | AdminCommand::Unlock { instance, .. } => {
            locked(instance, reply)
        }
        AdminCommand::Kill { instance } => {
            with_differences(format!("the machine of {instance} is killed"), reply)
        }
        AdminCommand::Instances { verb } => match verb {
            InstancesVerb::Lose { instance } => {
                format!("{instance} is lost: its guest may still write, and its disks stay with it")
            }
            InstancesVerb::Find { instance } => format!("{instance} is found"),
            InstancesVerb::Fence { instance } => {
                with_differences(format!("{instance} is fenced: its guest writes no more"), reply)
            }
        },
        AdminCommand::Pause { instance } => format!("{instance} is paused"),
        AdminCommand::Resume { instance } => format!("{instance} is resumed"),
        AdminCommand::Rules { verb: Some(RulesVerb::Clear) } => "all rules are removed".to_owned(),
        AdminCommand::Faults { verb: Some(FaultsVerb::Clear) } => {
            "all faults are removed".to_owned()
        }
        AdminCommand::Finish(_) => transitions(reply, "finished"),
        AdminCommand::Refuse(_) => transitions(reply, "refused"),
        AdminCommand::Step(_) => transitions(reply, "retried"),
        AdminCommand::Accept { disk } => format!("the bytes of {disk} are accepted as they are"),
        AdminCommand::Restore { disk } => format!("the file of {disk} is restored"),
        _ => return None,
    })
}

/// The kinds of resources in an import, of which there are some.
fn imported(reply: &Value) -> String {
    let counts = reply["imported"].as_object().into_iter().flatten();
    let some = counts.filter(|(_, many)| many.as_u64() != Some(0));
    let some: Vec<_> =
        some.map(|(kind, many)| format!("{many} {}", kind.replace('_', " "))).collect();
    match some.as_slice() {
        [] => "the state is imported: it has no resources".to_owned(),
        some => format!("the state is imported: {}", some.join(", ")),
    }
}

fn locked(instance: &str, reply: &Value) -> String {
    let locks = reply["locks"].as_array().into_iter().flatten().filter_map(Value::as_str);
    match locks.collect::<Vec<_>>().as_slice() {
        [] => format!("{instance} is unlocked"),
        locks => format!("{instance} is locked: {}", locks.join(", ")),
    }
}

fn transitions(reply: &Value, what: &str) -> String {
    match reply["transitions"].as_u64().unwrap_or(0) {
        1 => format!("1 transition is {what}"),
        many => format!("{many} transitions are {what}"),
    }
}

/// The differences that were found of store and machine, a line each.
fn with_differences(mut text: String, reply: &Value) -> String {
    for one in reply["differences"].as_array().into_iter().flatten() {
        text.push_str(&format!("\n  {} {}", text_of(one, "instance"), text_of(one, "what")));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sentences_say_what_has_changed() {
        let kill = AdminCommand::Kill { instance: "i-1".to_owned() };
        let reply = json!({ "differences": [{ "instance": "i-1", "what": "is off" }] });
        let said = sentence(&kill, &reply).unwrap();
        assert_eq!(said, "the machine of i-1 is killed\n  i-1 is off");
        let unlock = AdminCommand::Unlock { instance: "i-1".to_owned(), reason: None };
        assert_eq!(sentence(&unlock, &json!({ "locks": [] })).unwrap(), "i-1 is unlocked");
        let left = sentence(&unlock, &json!({ "locks": ["security"] })).unwrap();
        assert_eq!(left, "i-1 is locked: security");
        let counts = json!({ "imported": { "disks": 2, "key_pairs": 1, "images": 0 } });
        assert_eq!(imported(&counts), "the state is imported: 2 disks, 1 key pairs");
        assert_eq!(transitions(&json!({ "transitions": 1 }), "refused"), "1 transition is refused");
        assert_eq!(sentence(&AdminCommand::Health, &json!({})), None);
    }
}
