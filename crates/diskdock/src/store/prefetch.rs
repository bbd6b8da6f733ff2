//! The rows that a write is going to look at, as far as they are known before it runs. An engine
//! that is a round trip away reads, locks or writes them together; what is not named here costs a
//! round trip when it is asked for, and what is named in vain costs a look.

use std::collections::BTreeSet;

use domain::AccountId;

use super::{EntityType, HostTerm, StoredNonce, TokenRecord};

/// The account, the action and the text of a ClientToken.
pub(super) type TokenName = (AccountId, String, String);

/// The rows that a write is going to look at.
#[derive(Clone, Debug, Default)]
pub struct Prefetch {
    /// Terms of hosts that it holds.
    pub(super) terms: Vec<HostTerm>,
    /// Nonces that it saves in any case.
    pub(super) nonces: BTreeSet<StoredNonce>,
    /// Tokens that it looks for.
    pub(super) tokens: Vec<TokenName>,
    /// Resources that it reads by their ids; of instances, the lists of their disks too.
    pub(super) resources: Vec<(&'static EntityType, String)>,
}

impl Prefetch {
    /// And a nonce that it saves, whatever else it does.
    #[must_use]
    pub fn nonce(mut self, nonce: Option<StoredNonce>) -> Prefetch {
        self.nonces.extend(nonce);
        self
    }

    /// And a token that it looks for.
    #[must_use]
    pub fn token(mut self, token: Option<&TokenRecord>) -> Prefetch {
        self.tokens.extend(token.map(token_name));
        self
    }

    /// And a resource that it reads.
    #[must_use]
    pub fn resource(mut self, of: &'static EntityType, id: &str) -> Prefetch {
        self.resources.push((of, id.to_owned()));
        self
    }

    /// Adds what another write is going to look at.
    pub(super) fn add(&mut self, other: &Prefetch) {
        let new = other.terms.iter().filter(|term| !self.terms.contains(term));
        let new: Vec<_> = new.cloned().collect();
        self.terms.extend(new);
        self.nonces.extend(&other.nonces);
        self.tokens.extend_from_slice(&other.tokens);
        self.resources.extend_from_slice(&other.resources);
    }
}

pub(super) fn token_name(token: &TokenRecord) -> TokenName {
    (token.account.clone(), token.action.clone(), token.token.clone())
}
