//! Keys of KMS: steps of a run, and the answers that are expected.

use super::model::{Expected, WELL};
use super::steps::{CALLERS, Simulation};
use crate::harness::REGION;

/// Keys of an account that the runs make, at most.
const KEYS: usize = 4;

impl Simulation {
    /// Makes a key, or has one deleted: the runs do not last until it is gone.
    pub(super) async fn change_kms_keys(&mut self) {
        let caller = self.pick(CALLERS);
        let keys = &self.model.kms_keys[caller];
        let (id, is_pending) = match keys.len() {
            0 => ("key-none".to_owned(), None),
            number => {
                let nth = self.pick(number);
                keys.iter().nth(nth).map(|(id, gone)| (id.clone(), Some(*gone))).unwrap()
            }
        };
        if self.pick(3) > 0 && keys.len() < KEYS {
            let is_external = self.pick(4) == 0;
            let origin = ("Origin", if is_external { "EXTERNAL" } else { "Aliyun_KMS" });
            let expected: Expected = if is_external { &["UnsupportedOperation"] } else { WELL };
            let ask = [("RegionId", REGION), origin];
            if let Some(made) = self.call(caller, "Kms.CreateKey", &ask, expected).await {
                let id = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
                self.model.kms_keys[caller].insert(id, false);
            }
            return;
        }
        let expected: Expected = match is_pending {
            None => &["Forbidden.KeyNotFound"],
            Some(true) => &["UnsupportedOperation", "Forbidden.KeyNotFound"],
            Some(false) => WELL,
        };
        let ask = [("KeyId", id.as_str()), ("PendingWindowInDays", "366")];
        if self.call(caller, "Kms.ScheduleKeyDeletion", &ask, expected).await.is_some() {
            self.model.kms_keys[caller].insert(id, true);
        }
    }
}
