//! New access keys, with secrets from the operating system.

use domain::{AccountId, Moment, UnknownFields};

use super::{AccessKey, KeyStatus, RoleSession};

/// How the ids of temporary keys begin.
pub(crate) const SESSION_KEY_PREFIX: &str = "STS.";

/// A new key with a secret from the operating system.
pub fn new_key(account: AccountId, now: Moment) -> AccessKey {
    AccessKey {
        id: format!("LTAI5t{}", secret_text(18)),
        secret: secret_text(30),
        account,
        status: KeyStatus::Active,
        created_at: now,
        user: None,
        session: None,
        policies: Vec::new(),
        unknown: UnknownFields::default(),
    }
}

/// A temporary key for a session of a role of this account, and the token that the session gets.
pub(crate) fn new_session_key(
    account: AccountId,
    now: Moment,
    session: RoleSession,
) -> (AccessKey, String) {
    let token = secret_text(200);
    let session = RoleSession { token: token.clone(), ..session };
    let key = AccessKey {
        id: format!("{SESSION_KEY_PREFIX}{}", secret_text(24)),
        session: Some(Box::new(session)),
        ..new_key(account, now)
    };
    (key, token)
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
