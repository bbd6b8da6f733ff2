//! The one percent encoding that both schemes use: RFC 3986, everything but the unreserved set.

/// Whether a byte stands for itself.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    let mut at = 0;
    while at < kept.len() {
        table[kept[at] as usize] = true;
        at += 1;
    }
    table
};

/// Encodes text as RFC 3986 has it: a space is `%20`, `*` is `%2A`, and `~` is itself.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = Vec::with_capacity(text.len() + text.len() / 2);
    push_encoded(&mut encoded, text);
    // Only ASCII was written.
    String::from_utf8_lossy(&encoded).into_owned()
}

/// Appends the encoding of `text`.
pub(super) fn push_encoded(target: &mut Vec<u8>, text: &str) {
    push(target, text, b"%");
}

/// Appends the encoding of the encoding of `text`.
pub(super) fn push_twice_encoded(target: &mut Vec<u8>, text: &str) {
    push(target, text, b"%25");
}

fn push(target: &mut Vec<u8>, text: &str, escape: &[u8]) {
    let mut rest = text.as_bytes();
    // Most of a text stands for itself, and is copied in runs.
    while let Some(plain) = rest.iter().position(|&byte| !UNRESERVED[usize::from(byte)]) {
        target.extend_from_slice(&rest[..plain]);
        target.extend_from_slice(escape);
        push_hexadecimal(target, rest[plain], b"0123456789ABCDEF");
        rest = &rest[plain + 1..];
    }
    target.extend_from_slice(rest);
}

/// Whether the encoding of `text` is `text`.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| UNRESERVED[usize::from(byte)])
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        push_hexadecimal(&mut text, byte, b"0123456789abcdef");
    }
    text
}

fn push_hexadecimal(target: &mut Vec<u8>, byte: u8, digits: &[u8; 16]) {
    target.push(digits[usize::from(byte >> 4)]);
    target.push(digits[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_all_but_the_unreserved_set() {
        assert_eq!(percent_encode("Az09-_.~"), "Az09-_.~");
        assert_eq!(percent_encode(" *+/=&%\n'!()"), "%20%2A%2B%2F%3D%26%25%0A%27%21%28%29");
        assert_eq!(percent_encode("中é😀"), "%E4%B8%AD%C3%A9%F0%9F%98%80");
    }

    #[test]
    fn encoding_twice_equals_two_encodings() {
        let text = "a b*~中%20";
        let mut twice = Vec::new();
        push_twice_encoded(&mut twice, text);
        assert_eq!(twice, percent_encode(&percent_encode(text)).into_bytes());
    }
}
