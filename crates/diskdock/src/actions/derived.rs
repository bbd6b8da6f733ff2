//! Deterministic ids and addresses of resources that diskdock does not model, such as the key of an
//! account: each is derived from the id of what it belongs to, so it is always the same.

use std::net::Ipv4Addr;

use sha2::{Digest, Sha256};

/// An id that follows from what it is the id of.
pub(crate) fn id(prefix: &str, hint: &str, of: &[&str]) -> String {
    let mut made = format!("{prefix}{hint}");
    let digest = digest(prefix, of);
    made.extend(digest.iter().take(17).map(|byte| {
        let digit = u32::from(*byte) % 36;
        char::from_digit(digit, 36).unwrap_or('0')
    }));
    made
}

/// The hardware address of an instance's interface, with the vendor's first half.
pub(crate) fn mac(instance: &str) -> String {
    let digest = digest("mac", &[instance]);
    format!("00:16:3e:{:02x}:{:02x}:{:02x}", digest[0], digest[1], digest[2])
}

/// The serial number of an instance, in the form of a UUID.
pub(crate) fn serial(instance: &str) -> String {
    uuid("serial", &[instance])
}

/// The id of the key that an account's disks in a region are encrypted with if none is named.
pub(crate) fn service_key(account: &str, region: &str) -> String {
    uuid("service key", &[account, region])
}

fn uuid(kind: &str, of: &[&str]) -> String {
    let digest = digest(kind, of);
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A private address out of 172.16.0.0/12.
pub(crate) fn address(random: u64) -> Ipv4Addr {
    let [host, third, second, ..] = random.to_le_bytes();
    Ipv4Addr::new(172, 16 + second % 16, third, 1 + host % 252)
}

/// A public address out of 198.18.0.0/15, a range for tests that no host on the internet has.
pub(crate) fn public_address(instance: &str) -> Ipv4Addr {
    let digest = digest("public", &[instance]);
    Ipv4Addr::new(198, 18 + digest[0] % 2, digest[1], 1 + digest[2] % 254)
}

/// The address that comes so many after another.
pub(crate) fn address_after(first: Ipv4Addr, count: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(first).saturating_add(count))
}

fn digest(kind: &str, of: &[&str]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in std::iter::once(&kind).chain(of) {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().to_vec()
}
