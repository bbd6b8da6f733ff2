//! Key pairs: steps of a run, and the answers that are expected.

use super::model::{Expected, WELL};
use super::steps::{CALLERS, Simulation};
use crate::harness::REGION;

const PUBLIC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";
const NO_PAIR: Expected = &["InvalidKeyPairName.NotFound"];
const NO_INSTANCE: Expected = &["InvalidInstanceIds.ValueNotSupported"];
/// Nothing shows when a released instance is gone, and its key pair with it.
const DELETED: Expected = &["", "InvalidParameter.KeypairAlreadyAttachedInstance"];

impl Simulation {
    /// Makes, gives, takes or deletes the one key pair of a caller.
    pub(super) async fn change_key_pairs(&mut self) {
        for _ in 0..3 {
            let caller = self.pick(CALLERS);
            let place = ("RegionId", REGION);
            let name = ("KeyPairName", "ops");
            let has_pair = self.model.key_pairs[caller];
            match self.pick(5) {
                0 | 1 => {
                    let expected: Expected =
                        if has_pair { &["KeyPair.AlreadyExist"] } else { WELL };
                    let action = if self.pick(2) == 0 { "CreateKeyPair" } else { "ImportKeyPair" };
                    let ask = [place, name, ("PublicKeyBody", PUBLIC)];
                    let ask = if action == "CreateKeyPair" { &ask[..2] } else { &ask[..] };
                    let made = self.call(caller, action, ask, expected).await;
                    self.model.key_pairs[caller] |= made.is_some();
                }
                2 | 3 => self.give_or_take(caller, has_pair).await,
                _ => {
                    let names = if self.pick(4) == 0 { "[ops]" } else { "[\"ops\"]" };
                    let expected: Expected = match names {
                        "[ops]" => &["InvalidKeyPairNames.ValueNotSupported"],
                        _ if has_pair => DELETED,
                        _ => WELL,
                    };
                    let ask = [place, ("KeyPairNames", names)];
                    let gone = self.call(caller, "DeleteKeyPairs", &ask, expected).await;
                    self.model.key_pairs[caller] &= gone.is_none();
                }
            }
        }
    }

    async fn give_or_take(&mut self, caller: usize, has_pair: bool) {
        let instance = self.some_instance();
        let ids = format!("[\"{instance}\"]");
        let expected = match self.model.own_instance(caller, &instance) {
            _ if !has_pair => NO_PAIR,
            None => NO_INSTANCE,
            Some(_) => WELL,
        };
        let action = if self.pick(2) == 0 { "AttachKeyPair" } else { "DetachKeyPair" };
        let ask = [("RegionId", REGION), ("KeyPairName", "ops"), ("InstanceIds", ids.as_str())];
        self.call(caller, action, &ask, expected).await;
    }

    /// Key pairs are there as long as nobody deletes them, whatever happens to the server.
    pub(super) async fn look_at_key_pairs(&mut self) {
        for caller in 0..CALLERS {
            let reply = self.ask(caller, "DescribeKeyPairs", &[("RegionId", REGION)]).await.json;
            assert_eq!(reply["TotalCount"], usize::from(self.model.key_pairs[caller]));
        }
    }
}
