//! The access keys that are accepted: a copy in memory of those in the store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{AccountId, Moment, UnknownFields};

use crate::store::{AccessKey, KeyStatus, Store, StoreError};

/// The id of the development key, which is well known and accepted on loopback only.
pub const DEVELOPMENT_ID: &str = "testid";
/// Its secret.
pub const DEVELOPMENT_SECRET: &str = "testsecret";
/// The account of the development key, and of new keys unless they name another.
pub const DEFAULT_ACCOUNT: &str = "1000000000000001";

/// An access key, as authentication uses it.
#[derive(Clone, Debug)]
pub(crate) struct KeyEntry {
    /// The secret part.
    pub secret: String,
    /// The account whose resources it gives access to.
    pub account: AccountId,
    /// Whether it can be used.
    pub active: bool,
    /// Whether it is the development key.
    pub development: bool,
}

/// All keys.
#[derive(Debug, Default)]
pub struct Keys {
    by_id: RwLock<HashMap<String, Arc<KeyEntry>>>,
}

impl Keys {
    /// The keys of the store; and the development key, if it is enabled.
    pub fn load(store: &Store, development: bool) -> Result<Keys, StoreError> {
        let by_id = by_id(store.read_blocking(|tx| tx.access_keys())?, development);
        Ok(Keys { by_id: RwLock::new(by_id) })
    }

    /// Reads the keys again.
    pub async fn reload(&self, store: &Store, development: bool) -> Result<(), StoreError> {
        let by_id = by_id(store.read(|tx| tx.access_keys()).await?, development);
        *self.by_id.write().unwrap_or_else(PoisonError::into_inner) = by_id;
        Ok(())
    }

    /// The key of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<KeyEntry>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Whether the development key is among them.
    pub(crate) fn has_development_key(&self) -> bool {
        self.find(DEVELOPMENT_ID).is_some_and(|found| found.development)
    }
}

impl KeyEntry {
    fn of(key: AccessKey) -> KeyEntry {
        let active = key.status == KeyStatus::Active;
        KeyEntry { secret: key.secret, account: key.account, active, development: false }
    }

    fn development() -> KeyEntry {
        KeyEntry {
            secret: DEVELOPMENT_SECRET.to_owned(),
            account: DEFAULT_ACCOUNT.into(),
            active: true,
            development: true,
        }
    }
}

/// A new key with a secret from the operating system.
pub fn new_key(account: AccountId, now: Moment) -> AccessKey {
    AccessKey {
        id: format!("LTAI5t{}", secret_text(18)),
        secret: secret_text(30),
        account,
        status: KeyStatus::Active,
        created_at: now,
        unknown: UnknownFields::default(),
    }
}

fn by_id(keys: Vec<AccessKey>, development: bool) -> HashMap<String, Arc<KeyEntry>> {
    let own = keys.into_iter().map(|key| (key.id.clone(), Arc::new(KeyEntry::of(key))));
    let shared = || (DEVELOPMENT_ID.to_owned(), Arc::new(KeyEntry::development()));
    own.chain(development.then(shared)).collect()
}

/// Random letters and digits, `length` of them.
pub(crate) fn secret_text(length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        // 248 is the largest multiple of 62 in a byte: beyond, some letters would be likelier.
        let usable = bytes.iter().filter(|byte| **byte < 248);
        let letters = usable.map(|byte| char::from(LETTERS[usize::from(*byte) % 62]));
        text.extend(letters.take(length - text.len()));
    }
    text
}
