//! The usual mistakes of signers: what a string to sign looks like with each of them in it.

use crate::gateway::signature::{Mismatch, payload_hash};

/// A mistake and the string to sign that comes of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The mistake, and what to do instead.
    pub sentence: &'static str,
    /// The text that a signer with this mistake signs.
    pub string_to_sign: String,
    /// The text in which it shows: the canonical request of ACS3, the string to sign of 1.0.
    text: String,
}

type Alteration = fn(&str) -> String;

const SPACE: &str = "A space was signed as +; it has to be %20.";
const STAR: &str = "An asterisk was signed as it is; it has to be %2A.";
const TILDE: &str = "A tilde was signed as %7E; it has to stay ~.";
const JAVA: &str = "URLEncoder was used as it is: a space has to be %20, an asterisk %2A, and a \
                    tilde has to stay ~.";
const METHOD: &str = "Another HTTP method was signed than was used.";

/// Mistakes in a string to sign of version 1.0, in which everything is encoded twice.
const RPC: &[(&str, Alteration)] = &[
    (SPACE, |text| text.replace("%2520", "%2B")),
    (STAR, |text| text.replace("%252A", "%2A")),
    (TILDE, |text| text.replace('~', "%257E")),
    (JAVA, |text| text.replace("%2520", "%2B").replace("%252A", "%2A").replace('~', "%257E")),
    (METHOD, other_method),
    ("The parameters were encoded once; together they have to be encoded again.", |text| {
        text.replace("%3D", "=").replace("%26", "&").replace("%25", "%")
    }),
    ("The path was signed as /; it has to be %2F.", |text| text.replacen("%2F", "/", 1)),
];

/// Mistakes in a canonical request of ACS3.
const ACS3: &[(&str, Alteration)] = &[
    (SPACE, |text| text.replace("%20", "+")),
    (STAR, |text| text.replace("%2A", "*")),
    (TILDE, |text| text.replace('~', "%7E")),
    (JAVA, |text| text.replace("%20", "+").replace("%2A", "*").replace('~', "%7E")),
    (METHOD, other_method),
    ("The empty line after the headers was left out.", |text| text.replacen("\n\n", "\n", 1)),
    ("The canonical request ended in a line break.", |text| format!("{text}\n")),
];

fn other_method(text: &str) -> String {
    match text.strip_prefix("POST") {
        Some(rest) => format!("GET{rest}"),
        None => text.replacen("GET", "POST", 1),
    }
}

/// The mistakes that make a difference to what is signed here.
pub(super) fn usual(signed: &Mismatch) -> Vec<Mistake> {
    match signed {
        Mismatch::Rpc { string_to_sign } => changed(RPC, string_to_sign, str::to_owned),
        Mismatch::Acs3 { canonical_request, .. } => {
            let sign = |canonical: &str| {
                format!("ACS3-HMAC-SHA256\n{}", payload_hash(canonical.as_bytes()))
            };
            changed(ACS3, canonical_request, sign)
        }
        Mismatch::Unsigned => Vec::new(),
    }
}

fn changed(
    mistakes: &[(&'static str, Alteration)],
    text: &str,
    sign: impl Fn(&str) -> String,
) -> Vec<Mistake> {
    let with = mistakes.iter().map(|(sentence, change)| (*sentence, change(text)));
    with.filter(|(_, wrong)| wrong != text)
        .map(|(sentence, text)| Mistake { sentence, string_to_sign: sign(&text), text })
        .collect()
}

/// The first difference of a signer's own text from the server's; none if they are equal.
pub(super) fn difference(mine: &str, signed: &Mismatch) -> Option<String> {
    let mine = mine.replace("\r\n", "\n");
    let (name, theirs) = match signed {
        Mismatch::Rpc { string_to_sign } => ("string to sign", string_to_sign),
        Mismatch::Acs3 { string_to_sign, .. } if mine.starts_with("ACS3-") => {
            ("string to sign", string_to_sign)
        }
        Mismatch::Acs3 { canonical_request, .. } => ("canonical request", canonical_request),
        Mismatch::Unsigned => return None,
    };
    if mine == *theirs || mine.trim_end_matches('\n') == theirs {
        return None;
    }
    let known = usual(signed)
        .into_iter()
        .find(|mistake| mistake.string_to_sign == mine || mistake.text == mine);
    if let Some(mistake) = known {
        return Some(mistake.sentence.to_owned());
    }
    let same = mine.chars().zip(theirs.chars()).take_while(|(left, right)| left == right).count();
    let around =
        |text: &str| -> String { text.chars().skip(same.saturating_sub(20)).take(50).collect() };
    Some(format!(
        "Your {name} differs from the server's after {same} characters: you have {:?}, the server \
         has {:?}.",
        around(&mine),
        around(theirs)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpc(text: &str) -> Mismatch {
        Mismatch::Rpc { string_to_sign: text.to_owned() }
    }

    #[test]
    fn a_known_mistake_is_named() {
        let signed = rpc("GET&%2F&a%3D1%25202%26b%3D~");
        let told = |mine: &str| difference(mine, &signed).unwrap();
        assert_eq!(told("GET&%2F&a%3D1%2B2%26b%3D~"), SPACE);
        assert_eq!(told("POST&%2F&a%3D1%25202%26b%3D~"), METHOD);
        assert_eq!(told("GET&%2F&a%3D1%25202%26b%3D%257E"), TILDE);
    }

    #[test]
    fn an_unknown_difference_is_shown_where_it_begins() {
        let told = difference("GET&%2F&a%3D1", &rpc("GET&%2F&a%3D2")).unwrap();
        assert!(told.contains("after 12 characters"), "{told}");
        assert_eq!(difference("GET&%2F&a", &rpc("GET&%2F&a")), None);
    }

    #[test]
    fn only_mistakes_that_make_a_difference_are_tried() {
        let sentences =
            |text| usual(&rpc(text)).into_iter().map(|m| m.sentence).collect::<Vec<_>>();
        assert!(!sentences("GET&%2F&a%3D1").contains(&SPACE));
        assert!(sentences("GET&%2F&a%3D1%25202").contains(&SPACE));
    }
}
