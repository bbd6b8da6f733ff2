//! Logins of the systems of instances: passwords, of which only a hash is kept, and key pairs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use sha_crypt::{PasswordHasher, ShaCrypt};

use crate::actions::key_pair;
use crate::actions::prelude::*;
use crate::catalog::{Environment, Shape, Value};

/// Bytes of a salt: sixteen characters, of which crypt(3) takes no more.
const SALT: usize = 12;

/// A login password as the vendor wants it: 8 to 30 characters of three kinds.
#[derive(Clone)]
pub(crate) struct Password {
    text: String,
    /// Its hash, once it is computed: five thousand rounds of SHA-512.
    hash: Arc<OnceLock<String>>,
}

// Without its text, which is nobody's business.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Value for Password {
    const SHAPE: Shape = Shape::Text {
        min: 8,
        max: 30,
        rule: "with three of: upper case, lower case, digits, special characters",
    };
    const EXAMPLE: &'static str = "Example-1234";

    fn parse(text: &str) -> Option<Self> {
        let has = |kind: fn(char) -> bool| usize::from(text.chars().any(kind));
        let kinds = has(|c| c.is_ascii_uppercase())
            + has(|c| c.is_ascii_lowercase())
            + has(|c| c.is_ascii_digit())
            + has(|c| c.is_ascii_punctuation());
        let fits = (8..=30).contains(&text.chars().count()) && text.is_ascii() && kinds >= 3;
        fits.then(|| Password { text: text.to_owned(), hash: Arc::default() })
    }
}

impl Computes for Password {
    fn compute(&self, environment: &Environment) {
        self.hash_once(environment);
    }
}

impl Password {
    /// The password as crypt(3) of a guest takes it: SHA-512 with a salt of its own.
    pub(crate) fn hash(&self, call: &Call<'_>) -> String {
        self.hash_once(call.environment).to_owned()
    }

    /// For `Action::COMPUTES`, of which this is the value.
    pub(crate) fn computes(given: Option<&Password>) -> Option<&dyn Computes> {
        given.map(|password| password as &dyn Computes)
    }

    /// Whether the guest with this image learns of a password, if one is given.
    pub(crate) fn is_taken(given: Option<&Password>, call: &Call<'_>, cloud_init: bool) -> bool {
        given.is_none() || call.environment.is_simulated || cloud_init
    }

    fn hash_once(&self, environment: &Environment) -> &str {
        self.hash.get_or_init(|| {
            let ids = &environment.ids;
            let (low, high) = (ids.random().to_le_bytes(), ids.random().to_le_bytes());
            self.hash_with(&[low, high].concat()[..SALT])
        })
    }

    fn hash_with(&self, salt: &[u8]) -> String {
        let hash = ShaCrypt::SHA512.hash_password_with_salt(self.text.as_bytes(), salt);
        hash.expect("a salt of this length is taken").to_string()
    }
}

/// A new login of an instance's system, as far as a request changes it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct NewLogin {
    /// Name and public key of a key pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_pair: Option<(String, String)>,
    /// The hash of a password; an empty one for that of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_hash: Option<String>,
}

// Without the hash.
impl fmt::Debug for NewLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewLogin")
    }
}

impl NewLogin {
    /// The login with this key pair of a region, which has to be there, and with this password.
    pub(crate) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        region: &str,
        pair: Option<&Text<1, 128>>,
        password: Option<&Password>,
    ) -> Result<NewLogin, ActionError> {
        let key_pair = match pair {
            Some(Text(name)) => {
                let found = key_pair::named(tx, call, region, name)?.ok_or(&KEY_PAIR_UNKNOWN)?;
                Some((name.clone(), found.public_key))
            }
            None => None,
        };
        Ok(NewLogin { key_pair, password_hash: password.map(|password| password.hash(call)) })
    }

    /// The login that an instance has.
    pub(crate) fn of_instance(instance: &Instance) -> NewLogin {
        let key_pair = (instance.key_pair.clone(), instance.public_key.clone());
        let password_hash = Some(instance.password_hash.clone());
        NewLogin { key_pair: Some(key_pair), password_hash }
    }

    /// The same with the password of the image.
    pub(crate) fn inheriting_password(self) -> NewLogin {
        NewLogin { password_hash: Some(String::new()), ..self }
    }

    /// Whether nothing is new.
    pub(crate) fn is_none(&self) -> bool {
        self.key_pair.is_none() && self.password_hash.is_none()
    }

    /// Gives it to an instance of the store, if that is still there.
    pub(crate) fn give_stored(
        &self,
        tx: &mut dyn WriteTx,
        instance: &InstanceId,
    ) -> Result<(), StoreError> {
        if self.is_none() {
            return Ok(());
        }
        let Some(mut instance) = tx.instance(instance)? else { return Ok(()) };
        self.give(&mut instance);
        tx.save_instance(&instance)
    }

    /// Gives it to an instance, whose guest learns of it when it next starts.
    pub(crate) fn give(&self, instance: &mut Instance) {
        if let Some((name, key)) = &self.key_pair {
            instance.key_pair.clone_from(name);
            instance.public_key.clone_from(key);
        }
        if let Some(hash) = &self.password_hash {
            instance.password_hash.clone_from(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_has_8_to_30_characters_of_three_kinds() {
        for text in ["Example-1234", "aaaaaA1a", "aaaaaa1-", &format!("A1{}", "a".repeat(28))] {
            assert!(Password::parse(text).is_some(), "{text}");
        }
        for text in ["Exam-12", "aaaaaaa1", "aaaaaaaÄ1", &format!("A1{}", "a".repeat(29)), ""] {
            assert!(Password::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn password_is_hashed_as_crypt_does_and_shown_to_nobody() {
        let password = Password::parse("Example-1234").unwrap();
        let hash = password.hash_with(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        // As Python's crypt.crypt("Example-1234", "$6$rounds=5000$/6k.2IU/5UE08g.1") gives it.
        let known = "$6$rounds=5000$/6k.2IU/5UE08g.1$wLAu.45LQw75Zmerwig52kTOrMiZixtSNkO2O/lE9PH\
                     X11eUW5giT1t7ShTivkI798lG6MNC57Qp2MBIXh.SI/";
        assert_eq!(hash, known);
        assert_eq!(format!("{password:?}"), "Password");
    }
}
