//! Signers for other keys than that of the stories, and calls as their owners.

use diskdock::gateway::keys::new_key;
use diskdock::store::AccessKey;
use serde_json::{Value, json};

use super::{ACCOUNT, Answer, Signer, TestServer};

impl TestServer {
    /// A signer for a key of the stories' account that may do what a policy allows.
    pub(crate) async fn limited_key(&self, statements: Value) -> Signer {
        self.limited_key_of(ACCOUNT, statements).await
    }

    /// A signer for a key of an account that may do what a policy allows.
    pub(crate) async fn limited_key_of(&self, account: &str, statements: Value) -> Signer {
        let policy = json!({ "Version": "1", "Statement": statements });
        self.signer_with(account, vec![policy]).await
    }

    /// A signer for an account of its own.
    pub(crate) async fn another_account(&self, account: &str) -> Signer {
        self.signer_with(account, Vec::new()).await
    }

    /// A signer for a new key with these policies.
    async fn signer_with(&self, account: &str, policies: Vec<Value>) -> Signer {
        let services = &self.assembly.gateway.services;
        let key = AccessKey { policies, ..new_key(account.into(), services.clock.now()) };
        let saved = key.clone();
        services.store.write(move |tx| tx.save_access_key(&saved)).await.unwrap();
        self.assembly.gateway.keys.reload(&services.store).await.unwrap();
        Signer::new(&key.id, &key.secret)
    }

    /// Calls as the owner of another key.
    pub(crate) async fn call_as(
        &mut self,
        signer: &mut Signer,
        action: &str,
        ask: &[(&str, &str)],
    ) -> Answer {
        std::mem::swap(&mut self.signer, signer);
        let answer = self.call(action, ask).await;
        std::mem::swap(&mut self.signer, signer);
        answer
    }
}
