//! The access keys that are accepted: a copy in memory of those in the store.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{AccountId, Moment};
use subtle::ConstantTimeEq;

use super::signature::SigningKey;
use crate::catalog::{AssumedRole, CallerIdentity};
use crate::policy::Policy;
use crate::service::Rights;
pub use crate::store::new_key;
pub(crate) use crate::store::secret_text;
use crate::store::{AccessKey, KeyStatus, RoleSession, Store, StoreError};

/// The id of the development key, which is well known and accepted on loopback only.
pub const DEVELOPMENT_ID: &str = "testid";
/// Its secret.
pub const DEVELOPMENT_SECRET: &str = "testsecret";
/// The account of the development key, and of new keys unless they name another.
pub const DEFAULT_ACCOUNT: &str = "1000000000000001";

/// An access key, as authentication uses it.
#[derive(Clone, Debug)]
pub(crate) struct KeyEntry {
    /// The secret part, which signs.
    pub signs: SigningKey,
    /// The account whose resources it gives access to.
    pub account: AccountId,
    /// The owner.
    pub identity: CallerIdentity,
    /// Its rights, if it is not a user's.
    pub rights: Rights,
    /// The token that it comes with, if it is a temporary one.
    pub session: Option<SessionToken>,
    /// Whether it can be used.
    pub active: bool,
    /// Whether it is the development key.
    pub development: bool,
}

/// The token of a temporary key.
#[derive(Clone)]
pub(crate) struct SessionToken {
    token: String,
    /// From then on the key is refused.
    pub expires_at: Moment,
}

impl SessionToken {
    /// Whether this is the token. It takes the same time for all of one length.
    pub(crate) fn is(&self, token: &str) -> bool {
        self.token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SessionToken(until {:?})", self.expires_at)
    }
}

/// Whether the store has a key that does not pass by itself, as those of roles do.
pub(crate) fn has_lasting_key(store: &Store) -> bool {
    let keys = store.read_blocking(|tx| tx.access_keys());
    keys.is_ok_and(|keys| keys.iter().any(|key| key.session.is_none()))
}

/// Keys that are valid while the server runs, besides those of the store.
#[derive(Clone, Debug, Default)]
pub struct StartKeys {
    /// Whether the development key is enabled.
    pub development: bool,
    /// Keys that the operator gave at the start.
    pub given: Vec<GivenKey>,
}

/// A key that the operator gave at the start, as `ID:SECRET` or `ID:SECRET@WORLD`. It belongs to
/// the default account.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenKey {
    /// Its id.
    pub id: String,
    /// Its secret part.
    pub secret: String,
    /// The world that it leads to; the main one if left out.
    pub world: Option<String>,
}

impl fmt::Debug for GivenKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "GivenKey({:?})", self.id)
    }
}

impl FromStr for GivenKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<GivenKey, &'static str> {
        let (id, rest) = text.split_once(':').ok_or("give ID:SECRET or ID:SECRET@WORLD")?;
        let (secret, world) = match rest.rsplit_once('@') {
            Some((secret, world)) => (secret, Some(world.to_owned())),
            None => (rest, None),
        };
        let fits = |text: &str| {
            (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !fits(id) || !fits(secret) {
            return Err("id and secret have 1 to 128 letters, digits and signs each");
        }
        Ok(GivenKey { id: id.to_owned(), secret: secret.to_owned(), world })
    }
}

/// All keys.
#[derive(Debug, Default)]
pub struct Keys {
    by_id: RwLock<HashMap<String, Arc<KeyEntry>>>,
    start: StartKeys,
    /// Held while the keys are read again, so that an older reading replaces no newer one.
    reloading: tokio::sync::Mutex<()>,
}

impl Keys {
    /// The keys of the store, and those of the start. Of two with one id, that of the start counts.
    pub fn load(store: &Store, start: StartKeys) -> Result<Keys, StoreError> {
        let by_id = by_id(store.read_blocking(|tx| tx.access_keys())?, &start);
        Ok(Keys { by_id: RwLock::new(by_id), start, reloading: tokio::sync::Mutex::default() })
    }

    /// Reads the keys of the store again.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let _reloading = self.reloading.lock().await;
        let by_id = by_id(store.read(|tx| tx.access_keys()).await?, &self.start);
        *self.by_id.write().unwrap_or_else(PoisonError::into_inner) = by_id;
        Ok(())
    }

    /// The key of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<KeyEntry>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Those that are valid while the server runs.
    pub(crate) fn of_start(&self) -> &StartKeys {
        &self.start
    }
}

impl KeyEntry {
    fn of(key: AccessKey) -> KeyEntry {
        let active = key.status == KeyStatus::Active;
        let rights = rights(&key);
        let session = key.session.as_ref().map(|session| SessionToken {
            token: session.token.clone(),
            expires_at: session.expires_at,
        });
        let identity = match (key.session, key.user, &rights) {
            (Some(session), ..) => {
                let RoleSession { role: id, role_name: name, name: session, .. } = *session;
                CallerIdentity::Role(AssumedRole { id, name, session })
            }
            (None, Some(user), _) => CallerIdentity::User(user),
            (None, None, Rights::All) => CallerIdentity::Account,
            (None, None, Rights::Limited(_)) => CallerIdentity::LimitedKey,
        };
        let (signs, account) = (SigningKey::new(&key.secret), key.account);
        KeyEntry { signs, account, identity, rights, session, active, development: false }
    }

    fn of_start(secret: &str, development: bool) -> KeyEntry {
        let account = DEFAULT_ACCOUNT.into();
        let (signs, identity) = (SigningKey::new(secret), CallerIdentity::Account);
        let rights = Rights::All;
        KeyEntry { signs, account, identity, rights, session: None, active: true, development }
    }
}

/// The rights of a key, as far as it has policies of its own. One with a policy that cannot be
/// read any more may do nothing.
fn rights(key: &AccessKey) -> Rights {
    let of_session = key.session.as_ref().and_then(|session| session.policy.as_ref());
    let policies: Vec<_> = key.policies.iter().chain(of_session).collect();
    if policies.is_empty() {
        return Rights::All;
    }
    let policies = (1..).zip(policies);
    let policies = policies.map(|(number, document)| {
        let name = format!("policy {number} of the key");
        Policy::parse(&name, document)
    });
    let policies = policies.collect::<Result<Vec<_>, _>>();
    let policies = policies.unwrap_or_else(|error| {
        tracing::error!(key = key.id, %error, "a policy cannot be read: the key may do nothing");
        Vec::new()
    });
    Rights::Limited(policies.into())
}

fn by_id(keys: Vec<AccessKey>, start: &StartKeys) -> HashMap<String, Arc<KeyEntry>> {
    let own = keys.into_iter().map(|key| (key.id.clone(), KeyEntry::of(key)));
    let shared = || (DEVELOPMENT_ID.to_owned(), KeyEntry::of_start(DEVELOPMENT_SECRET, true));
    let given =
        start.given.iter().map(|key| (key.id.clone(), KeyEntry::of_start(&key.secret, false)));
    let all = own.chain(start.development.then(shared)).chain(given);
    all.map(|(id, key)| (id, Arc::new(key))).collect()
}
