//! Versions of policies: steps of a run, and the answers that are expected.

use super::access::{Access, DOCUMENT, NO_POLICY};
use super::model::{Expected, WELL};
use super::steps::Simulation;

/// Versions of the one policy of an account, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    all: Vec<u32>,
    counts: u32,
    last: u32,
}

impl Default for Versions {
    fn default() -> Self {
        Versions { all: vec![1], counts: 1, last: 1 }
    }
}

impl Versions {
    /// Whether there are others than the one that counts.
    pub(super) fn are_several(&self) -> bool {
        self.all.len() > 1
    }
}

impl Simulation {
    /// Adds, deletes or chooses a version of the policy, or describes it.
    pub(super) async fn change_policy_versions(&mut self, caller: usize, access: &mut Access) {
        let name = ("PolicyName", "writers");
        let versions = &mut access.versions;
        let number = u32::try_from(1 + self.pick(6)).unwrap();
        let id = format!("v{number}");
        let (ask, is_there) = ([name, ("VersionId", id.as_str())], versions.all.contains(&number));
        let of_policy = |well: Expected| if access.policy { well } else { NO_POLICY };
        let of_version =
            |well| of_policy(if is_there { well } else { &["EntityNotExist.Policy.Version"] });
        match self.pick(6) {
            0..3 => {
                let full = versions.all.len() == 5;
                let expected =
                    of_policy(if full { &["LimitExceeded.Policy.Version"] } else { WELL });
                let ask = [name, ("PolicyDocument", DOCUMENT)];
                let made = self.call(caller, "Ram.CreatePolicyVersion", &ask, expected).await;
                if let Some(made) = made {
                    versions.last += 1;
                    // A call that was repeated by nobody has no reply.
                    let id = format!("v{}", versions.last);
                    assert!(made.get("PolicyVersion").is_none_or(|one| one["VersionId"] == id));
                    versions.all.push(versions.last);
                }
            }
            3 => {
                let counts = versions.counts == number;
                let well: Expected =
                    if counts { &["DeleteConflict.Policy.Version.Default"] } else { WELL };
                let expected = of_version(well);
                let gone = self.call(caller, "Ram.DeletePolicyVersion", &ask, expected).await;
                if gone.is_some() {
                    versions.all.retain(|one| *one != number);
                }
            }
            4 => {
                let expected = of_version(WELL);
                let done = self.call(caller, "Ram.SetDefaultPolicyVersion", &ask, expected).await;
                if done.is_some() {
                    versions.counts = number;
                }
            }
            _ => {
                let ask = [name, ("NewDescription", "changed")];
                let expected = of_policy(WELL);
                self.call(caller, "Ram.UpdatePolicyDescription", &ask, expected).await;
            }
        }
    }
}
