//! Keys in the form of OpenSSH: reading public ones, and making new pairs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

/// Types of public key that can be imported.
const TYPES: &[&str] = &[
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
];
/// Parts of the shortest key: its type, and two numbers or a curve and a point.
const FEWEST_PARTS: usize = 3;
/// Characters of Base64 on a line of PEM.
const PEM_LINE: usize = 64;

/// A public key that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    /// In one line, without the comment.
    pub line: String,
    /// The MD5 of its bytes, as pairs of hexadecimal digits.
    pub fingerprint: String,
}

impl PublicKey {
    /// Reads one line as `ssh-keygen` writes it: type, Base64, possibly a comment.
    pub(super) fn parse(text: &str) -> Option<PublicKey> {
        let text = text.trim();
        if text.contains(['\n', '\r']) {
            return None;
        }
        let mut words = text.split_ascii_whitespace();
        let (key_type, body) = (words.next()?, words.next()?);
        let bytes = STANDARD.decode(body).ok()?;
        let parts = parts(&bytes)?;
        let is_whole = parts.len() >= FEWEST_PARTS && parts[0] == key_type.as_bytes();
        (TYPES.contains(&key_type) && is_whole).then(|| PublicKey::of(key_type, &bytes))
    }

    fn of(key_type: &str, bytes: &[u8]) -> PublicKey {
        let pairs: Vec<String> = Md5::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let line = format!("{key_type} {}", STANDARD.encode(bytes));
        PublicKey { line, fingerprint: pairs.join(":") }
    }
}

/// The parts of a key, each with its length in front; none if they do not fill it.
fn parts(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        parts.push(part);
        bytes = rest;
    }
    Some(parts)
}

/// A new pair.
pub(super) struct NewPair {
    /// The public key.
    pub public: PublicKey,
    /// The private key as PEM (PKCS#8), which is shown once.
    pub private_pem: String,
}

/// Makes a pair on the curve P-256: unlike a pair of RSA it takes no time worth mentioning.
pub(super) fn new_pair() -> NewPair {
    const KEY_TYPE: &str = "ecdsa-sha2-nistp256";
    let random = SystemRandom::new();
    let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .expect("the operating system has randomness");
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref(), &random)
            .expect("the pair was just made");
    let mut bytes = Vec::new();
    for part in [KEY_TYPE.as_bytes(), b"nistp256", pair.public_key().as_ref()] {
        let length = u32::try_from(part.len()).expect("parts of a key are short");
        bytes.extend(length.to_be_bytes());
        bytes.extend(part);
    }
    NewPair { public: PublicKey::of(KEY_TYPE, &bytes), private_pem: pem(private.as_ref()) }
}

fn pem(bytes: &[u8]) -> String {
    let mut text = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    let encoded: Vec<char> = STANDARD.encode(bytes).chars().collect();
    for line in encoded.chunks(PEM_LINE) {
        text.extend(line);
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_pair_has_a_public_key_that_is_read_again() {
        let (one, other) = (new_pair(), new_pair());
        assert_eq!(PublicKey::parse(&one.public.line), Some(one.public.clone()));
        assert_ne!(one.public.line, other.public.line);
        assert_eq!(one.public.fingerprint.len(), 47);
        let body = one.private_pem.lines().filter(|line| !line.starts_with('-'));
        assert!(STANDARD.decode(body.collect::<String>()).is_ok(), "{}", one.private_pem);
    }

    #[test]
    fn parse_drops_the_comment_and_refuses_what_is_no_key() {
        let line = new_pair().public.line;
        let with_comment = format!("  {line} alice@example.com \n");
        assert_eq!(PublicKey::parse(&with_comment).unwrap().line, line);
        let body = line.split_once(' ').unwrap().1;
        for bad in [
            String::new(),
            "ssh-rsa".to_owned(),
            "ssh-rsa AAAA".to_owned(),
            format!("ssh-rsa {body}"),
            format!("ssh-new {body}"),
            format!("ecdsa-sha2-nistp256 {}", &body[..40]),
            format!("{line}\nssh-rsa AAAA"),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
        ] {
            assert_eq!(PublicKey::parse(&bad), None, "{bad}");
        }
    }
}
