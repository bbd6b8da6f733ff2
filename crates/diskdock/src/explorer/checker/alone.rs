//! Checks a string to sign, or a canonical request, that comes without its request: it is made anew
//! from its own contents, and compared.

use super::mistakes;
use crate::gateway::decode::{self, Pair};
use crate::gateway::signature::{Mismatch, payload_hash, percent_encode, rpc_string_to_sign};

/// The answer for a text without a mistake.
pub(crate) const WELL_MADE: &str =
    "It is well made: names are sorted and everything is encoded as it has to be.";

/// The result of checking a text without its request.
#[derive(Debug)]
pub(crate) struct Checked {
    /// `rpc` or `acs3`.
    pub scheme: &'static str,
    /// The text to sign.
    pub string_to_sign: String,
    /// The first mistake; none if it is well made.
    pub difference: Option<String>,
}

/// Checks a string to sign of version 1.0, or a canonical request of ACS3.
pub(crate) fn check(mine: &str) -> Result<Checked, String> {
    let mine = mine.replace("\r\n", "\n");
    let mine = mine.trim();
    if mine.starts_with("ACS3-") {
        let hint = "This holds only a hash. Paste the canonical request that was hashed, or the \
                    request itself.";
        return Err(hint.to_owned());
    }
    let (scheme, signed) = if mine.contains('\n') {
        ("acs3", canonical_anew(mine)?)
    } else {
        ("rpc", rpc_anew(mine)?)
    };
    let difference = mistakes::difference(mine, &signed);
    let (Mismatch::Rpc { string_to_sign } | Mismatch::Acs3 { string_to_sign, .. }) = signed else {
        return Err(unreadable());
    };
    Ok(Checked { scheme, string_to_sign, difference })
}

fn unreadable() -> String {
    "This is neither a string to sign such as GET&%2F&Action%3D… nor a canonical request, which \
     begins with the method, the path and the query on lines of their own."
        .to_owned()
}

/// The string to sign of the parameters in one.
fn rpc_anew(mine: &str) -> Result<Mismatch, String> {
    let mut parts = mine.splitn(3, '&');
    let (Some(method), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unreadable());
    };
    // As one name without a value, it is decoded once.
    let once = pairs(encoded)?;
    let [(query, _)] = once.as_slice() else {
        let hint = "The parameters are encoded once; together they have to be encoded again.";
        return Err(hint.to_owned());
    };
    let text = rpc_string_to_sign(method, "/", &pairs(query)?);
    Ok(Mismatch::Rpc { string_to_sign: String::from_utf8_lossy(&text).into_owned() })
}

/// The canonical request with the query of one, sorted and encoded.
fn canonical_anew(mine: &str) -> Result<Mismatch, String> {
    let mut lines = mine.splitn(4, '\n');
    let parts = (lines.next(), lines.next(), lines.next(), lines.next());
    let (Some(method), Some(path), Some(query), Some(rest)) = parts else {
        return Err(unreadable());
    };
    let mut sorted = pairs(query)?;
    sorted.sort();
    let encode =
        |(name, value): &Pair| format!("{}={}", percent_encode(name), percent_encode(value));
    let query = sorted.iter().map(encode).collect::<Vec<_>>().join("&");
    let canonical_request = format!("{method}\n{path}\n{query}\n{rest}");
    let hash = payload_hash(canonical_request.as_bytes());
    Ok(Mismatch::Acs3 { string_to_sign: format!("ACS3-HMAC-SHA256\n{hash}"), canonical_request })
}

fn pairs(query: &str) -> Result<Vec<Pair>, String> {
    decode::query(query).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(mine: &str) -> Option<String> {
        check(mine).unwrap().difference
    }

    #[test]
    fn a_string_to_sign_is_made_anew_from_its_own_parameters() {
        assert_eq!(difference("GET&%2F&Action%3DX%26Name%3Da%2520b"), None);
        assert!(difference("GET&%2F&Name%3DX%26Action%3DY").unwrap().contains("after 8"));
        assert!(check("GET&%2F&Action=X&Name=Y").unwrap_err().contains("encoded again"));
    }

    #[test]
    fn a_canonical_request_is_made_anew_from_its_own_query() {
        let rest = "host:h\n\nhost\ne3b0";
        assert_eq!(difference(&format!("POST\n/\na=1%202&b=~\n{rest}")), None);
        let told = difference(&format!("POST\n/\na=1+2&b=~\n{rest}")).unwrap();
        assert!(told.contains("+; it has to be %20"), "{told}");
        assert!(difference(&format!("POST\n/\nb=1&a=2\n{rest}")).is_some());
    }

    #[test]
    fn check_of_an_unusable_text_says_what_to_paste() {
        for text in ["ACS3-HMAC-SHA256\nabc", "hello", "a\nb"] {
            assert!(!check(text).unwrap_err().is_empty(), "{text}");
        }
    }
}
