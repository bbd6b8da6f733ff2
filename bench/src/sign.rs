//! Prebuilt requests: what never changes is encoded and hashed once, the rest is filled in.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diskdock::catalog::times::with_seconds;
use diskdock::clock::Clock;
use diskdock::gateway::keys::{DEVELOPMENT_ID, DEVELOPMENT_SECRET};
use diskdock::gateway::signature::percent_encode;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// How long a timestamp is used before it is made anew.
const STAMP_KEPT: Duration = Duration::from_secs(1);

/// A variable part of a request.
#[derive(Clone, Copy)]
enum Slot {
    Nonce,
    Time,
    Variable(usize),
}

/// A slot and the fixed text that follows it, as it is signed and as it is sent.
struct Piece {
    slot: Slot,
    signed: Vec<u8>,
    sent: Vec<u8>,
}

/// The key that requests are signed with.
pub(crate) struct Key {
    pub id: String,
    pub secret: String,
}

impl Key {
    /// The key of a server that simulates.
    pub(crate) fn development() -> Key {
        Key { id: DEVELOPMENT_ID.to_owned(), secret: DEVELOPMENT_SECRET.to_owned() }
    }
}

/// A request of one action, ready but for nonce, time and variables.
pub(crate) struct Template {
    mac: Hmac<Sha1>,
    head: Vec<u8>,
    pieces: Vec<Piece>,
    tail: Vec<u8>,
}

impl Template {
    /// A GET of this action under signature 1.0. A `{}` in a value stands for a variable; those
    /// are numbered in the order of the parameters' names.
    pub(crate) fn new(host: &str, action: &str, own: &[(&str, &str)]) -> Template {
        Template::signed_by(&Key::development(), host, action, own)
    }

    /// The same with another key.
    pub(crate) fn signed_by(key: &Key, host: &str, action: &str, own: &[(&str, &str)]) -> Template {
        let common = [
            ("AccessKeyId", key.id.as_str()),
            ("Action", action),
            ("Format", "JSON"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", ""),
            ("SignatureVersion", "1.0"),
            ("Timestamp", ""),
            ("Version", "2014-05-26"),
        ];
        let mut parameters: Vec<(&str, &str)> = common.iter().chain(own).copied().collect();
        parameters.sort_unstable();
        let mut draft = Draft { signed: b"GET&%2F&".to_vec(), sent: b"GET /?".to_vec(), last: 0 };
        let (mut first, mut pieces) = (None, Vec::new());
        for (at, (name, value)) in parameters.iter().enumerate() {
            draft.name(name, at > 0);
            let slot = match (*name, value.split_once("{}")) {
                ("SignatureNonce", _) => Some((Slot::Nonce, "")),
                ("Timestamp", _) => Some((Slot::Time, "")),
                (_, Some((before, after))) => {
                    draft.value(before);
                    draft.last += 1;
                    Some((Slot::Variable(draft.last - 1), after))
                }
                (_, None) => None,
            };
            if let Some((slot, after)) = slot {
                draft.cut(&mut first, &mut pieces, slot);
                draft.value(after);
            } else {
                draft.value(value);
            }
        }
        draft.end(&mut first, &mut pieces);
        let (signed, head) = first.expect("every request has a nonce");
        let key = format!("{}&", key.secret);
        let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("any key will do");
        mac.update(&signed);
        let tail = format!(" HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
        Template { mac, head, pieces, tail }
    }

    /// Appends a signed request. Variables must be made of unreserved characters.
    pub(crate) fn write(&self, stamp: &mut Stamp, variables: &[&str], out: &mut Vec<u8>) {
        let nonce = stamp.nonce();
        let mut mac = self.mac.clone();
        out.extend_from_slice(&self.head);
        for Piece { slot, signed, sent } in &self.pieces {
            let (to_sign, to_send) = match slot {
                Slot::Nonce => (&nonce[..], &nonce[..]),
                Slot::Time => (stamp.signed.as_bytes(), stamp.sent.as_bytes()),
                Slot::Variable(at) => (variables[*at].as_bytes(), variables[*at].as_bytes()),
            };
            mac.update(to_sign);
            mac.update(signed);
            out.extend_from_slice(to_send);
            out.extend_from_slice(sent);
        }
        out.extend_from_slice(b"&Signature=");
        push_signature(&mac.finalize().into_bytes(), out);
        out.extend_from_slice(&self.tail);
    }
}

/// Twenty bytes in Base64, with the characters that a query cannot hold escaped.
fn push_signature(bytes: &[u8], out: &mut Vec<u8>) {
    let mut text = [0; 28];
    let length = STANDARD.encode_slice(bytes, &mut text).expect("28 characters hold 20 bytes");
    for &byte in &text[..length] {
        match byte {
            b'+' => out.extend_from_slice(b"%2B"),
            b'/' => out.extend_from_slice(b"%2F"),
            b'=' => out.extend_from_slice(b"%3D"),
            plain => out.push(plain),
        }
    }
}

/// The text since the last slot.
struct Draft {
    signed: Vec<u8>,
    sent: Vec<u8>,
    last: usize,
}

/// The text before the first slot, as it is signed and as it is sent.
type First = Option<(Vec<u8>, Vec<u8>)>;

impl Draft {
    fn name(&mut self, name: &str, follows: bool) {
        if follows {
            self.signed.extend_from_slice(b"%26");
            self.sent.push(b'&');
        }
        self.value(name);
        self.signed.extend_from_slice(b"%3D");
        self.sent.push(b'=');
    }

    fn value(&mut self, text: &str) {
        let once = percent_encode(text);
        self.signed.extend_from_slice(percent_encode(&once).as_bytes());
        self.sent.extend_from_slice(once.as_bytes());
    }

    /// Ends the text that follows the last slot, or that comes before the first.
    fn end(&mut self, first: &mut First, pieces: &mut [Piece]) {
        let (signed, sent) = (std::mem::take(&mut self.signed), std::mem::take(&mut self.sent));
        match pieces.last_mut() {
            None => *first = Some((signed, sent)),
            Some(piece) => (piece.signed, piece.sent) = (signed, sent),
        }
    }

    /// Ends the text; this slot comes next.
    fn cut(&mut self, first: &mut First, pieces: &mut Vec<Piece>, next: Slot) {
        self.end(first, pieces);
        pieces.push(Piece { slot: next, signed: Vec::new(), sent: Vec::new() });
    }
}

/// The time as requests carry it, and nonces that never repeat.
pub(crate) struct Stamp {
    clock: Clock,
    made: Instant,
    signed: String,
    sent: String,
    last_nonce: u64,
}

impl Stamp {
    /// The present; nonces begin where no earlier run of this program ends.
    pub(crate) fn new() -> Stamp {
        let clock = Clock::default();
        let last_nonce = clock.now().0.unsigned_abs() << 20;
        let (made, signed, sent) = (Instant::now(), String::new(), String::new());
        let mut stamp = Stamp { clock, made, signed, sent, last_nonce };
        stamp.make();
        stamp
    }

    /// Makes the timestamp anew when it is old.
    pub(crate) fn refresh(&mut self, now: Instant) {
        if now.duration_since(self.made) >= STAMP_KEPT {
            self.made = now;
            self.make();
        }
    }

    fn make(&mut self) {
        self.sent = percent_encode(&with_seconds(self.clock.now()));
        self.signed = percent_encode(&self.sent);
    }

    fn nonce(&mut self) -> [u8; 16] {
        self.last_nonce += 1;
        let mut text = [b'0'; 16];
        for (place, byte) in text.iter_mut().enumerate() {
            let digit = (self.last_nonce >> (60 - 4 * place)) & 15;
            *byte = b"0123456789abcdef"[usize::try_from(digit).unwrap_or(0)];
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diskdock::gateway::decode;
    use diskdock::gateway::signature::sign_rpc;

    #[test]
    fn a_template_signs_as_the_library_does() {
        let own = [("RegionId", "cn-hangzhou"), ("DiskIds", "[\"{}\"]"), ("InstanceId", "{}")];
        let template = Template::new("127.0.0.1:1", "DescribeDisks", &own);
        let mut out = Vec::new();
        template.write(&mut Stamp::new(), &["d-1", "i-2"], &mut out);
        let text = String::from_utf8(out).unwrap();
        let query = text.strip_prefix("GET /?").unwrap().split_once(' ').unwrap().0;
        let mut pairs = decode::query(query).unwrap();
        let at = pairs.iter().position(|(name, _)| name == "Signature").unwrap();
        let (_, signature) = pairs.remove(at);
        assert_eq!(signature, sign_rpc("GET", &pairs, DEVELOPMENT_SECRET));
        assert!(pairs.contains(&("DiskIds".to_owned(), "[\"d-1\"]".to_owned())));
        assert!(pairs.contains(&("InstanceId".to_owned(), "i-2".to_owned())));
    }

    #[test]
    fn nonces_differ() {
        let mut stamp = Stamp::new();
        assert_ne!(stamp.nonce(), stamp.nonce());
    }
}
