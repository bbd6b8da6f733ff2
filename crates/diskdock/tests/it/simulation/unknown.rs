//! A store that breaks at a call: whether the call had its effect is seen after the next start.

use serde_json::{Value, json};

use super::faults::DOWN_MS;
use super::model::{Expected, WELL};
use super::steps::Simulation;

/// Actions whose reply the model needs: a caller asks for it again with its ClientToken.
const WITH_TOKEN: [&str; 10] = [
    "CreateDisk",
    "CreateImage",
    "CreateInstance",
    "CreateSecurityGroup",
    "CreateSnapshot",
    "CreateSnapshotGroup",
    "ReplaceSystemDisk",
    "RunInstances",
    "Vpc.CreateVSwitch",
    "Vpc.CreateVpc",
];
/// Other ones, whose effect is nothing to a caller that has not seen the reply.
const WITHOUT_TOKEN: [&str; 5] = [
    "CreateAutoSnapshotPolicy",
    "CreateKeyPair",
    "Kms.CreateKey",
    "ModifyDiskSpec",
    "Ram.CreateAccessKey",
];

impl Simulation {
    /// The parameters of a call at which the store may break; none if it must not at this action.
    pub(super) fn repeatable<'a>(
        &self,
        action: &str,
        parameters: &[(&'a str, &'a str)],
        token: &'a str,
    ) -> Option<Vec<(&'a str, &'a str)>> {
        let mut parameters = parameters.to_vec();
        if WITH_TOKEN.contains(&action) {
            parameters.push(("ClientToken", token));
        }
        (!WITHOUT_TOKEN.contains(&action)).then_some(parameters)
    }

    /// The store broke at a call: nothing else is written before the next start, which brings
    /// back what was acknowledged, with the call or without it. Gives the reply if the call is
    /// there.
    pub(super) async fn resolve(
        &mut self,
        caller: usize,
        action: &'static str,
        parameters: &[(&str, &str)],
        expected: Expected,
        before: &str,
    ) -> Option<Value> {
        assert_eq!(self.server.export_json(), before, "reads show what is known to be there");
        let refused = self.ask(caller, action, parameters).await;
        assert!(refused.status >= 400, "{action}: {}", refused.text);
        assert_eq!(self.server.export_json(), before, "{action} is refused");
        let is_written = self.start_again().await;
        let differs = self.server.export_json() != before;
        assert!(is_written || !differs, "{action} {parameters:?} is there and was not written");
        assert!(!differs || expected.contains(&""), "{action} {parameters:?} was to be refused");
        // Keys are no part of what is compared, and some calls change nothing.
        let is_there = differs || (is_written && expected == WELL);
        if !is_there {
            return None;
        }
        self.tally.entry("unknown").or_default()[0] += 1;
        if !WITH_TOKEN.contains(&action) {
            return Some(json!({}));
        }
        let there = self.server.export_json();
        let reply = self.ask(caller, action, parameters).await;
        assert_eq!(reply.status, 200, "{action} {parameters:?} again: {}", reply.text);
        assert_eq!(self.server.export_json(), there, "{action} {parameters:?} again");
        Some(reply.json)
    }

    /// Starts the server of a broken store again. True if the write at which it broke is there.
    pub(super) async fn start_again(&mut self) -> bool {
        let (is_written, down_ms) = (self.pick(2) == 0, DOWN_MS[self.pick(DOWN_MS.len())]);
        self.tally.entry("unknown").or_default()[1] += 1;
        self.server.start_again(is_written, down_ms).await;
        self.planted.clear();
        self.model.forget_paused();
        is_written
    }
}
