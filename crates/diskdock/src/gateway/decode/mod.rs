//! Turns a query string and a request body into named parameters.
//!
//! Signatures are computed over decoded values, so a value that two readers could decode
//! differently is refused here instead of being repaired.

mod json;

pub use json::json;

/// A parameter: its name and its value, both decoded.
pub type Pair = (String, String);

/// The most parameters that one request may carry.
pub(crate) const MAX_PARAMETERS: usize = 2000;

/// How much of a name an error repeats, in characters.
const SHOWN_NAME: usize = 64;

/// Why the parameters of a request could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A percent sign that does not start an escape.
    #[error(
        "The parameter \"{0}\" has a % that is not followed by two hexadecimal digits. Write a \
         percent sign as %25."
    )]
    Escape(String),
    /// Bytes that are not UTF-8 once decoded.
    #[error("The parameter \"{0}\" is not valid UTF-8. Encode it as UTF-8 before escaping it.")]
    NotUtf8(String),
    /// More than [`MAX_PARAMETERS`].
    #[error("The request has more than {MAX_PARAMETERS} parameters. Send fewer.")]
    TooMany,
    /// A name with two values; only query and body may repeat each other, with the same value.
    #[error("The parameter \"{0}\" is given twice. Give it once, in the query or in the body.")]
    Duplicate(String),
    /// A body that is not JSON although it is declared to be.
    #[error("The body is not valid JSON: {0}. Correct it, or send the parameters as a form.")]
    Json(String),
    /// JSON whose outermost value is not an object.
    #[error("The body must be a JSON object that holds the parameters by name.")]
    NotAnObject,
    /// JSON nested more deeply than any operation needs.
    #[error("The JSON body is nested too deeply at \"{0}\". Flatten it.")]
    TooDeep(String),
    /// A flattened JSON name beyond any that an operation knows.
    #[error("The JSON body gives the overlong parameter name \"{0}...\". Shorten it.")]
    LongName(String),
}

/// Reads a query string, without its question mark, in the order in which it was written.
pub fn query(raw: &str) -> Result<Vec<Pair>, Malformed> {
    form(raw.as_bytes())
}

/// Reads an `application/x-www-form-urlencoded` body, in the order in which it was written.
pub fn form(body: &[u8]) -> Result<Vec<Pair>, Malformed> {
    let mut pairs = Vec::with_capacity(if body.is_empty() { 0 } else { 16 });
    let ends = memchr::memchr_iter(b'&', body).chain(std::iter::once(body.len()));
    let mut begins_at = 0;
    let items = ends.map(|end| &body[std::mem::replace(&mut begins_at, end + 1)..end]);
    for item in items.filter(|item| !item.is_empty()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(Malformed::TooMany);
        }
        let middle = memchr::memchr(b'=', item);
        let (name, value) = match middle {
            Some(at) => (&item[..at], &item[at + 1..]),
            None => (item, &item[item.len()..]),
        };
        pairs.push((component(name, name)?, component(value, name)?));
    }
    Ok(pairs)
}

/// Joins both sources into one list, sorted by the bytes of the name.
///
/// A parameter that query and body have with the same value counts once: the old Python client
/// repeats RegionId so, and signs it once. When the body holds no parameters the result also
/// serves as the sorted query.
pub fn merge(mut query: Vec<Pair>, mut body: Vec<Pair>) -> Result<Vec<Pair>, Malformed> {
    if query.len() + body.len() > MAX_PARAMETERS {
        return Err(Malformed::TooMany);
    }
    query.sort_unstable();
    if !body.is_empty() {
        body.sort_unstable();
        refuse_duplicates(&query)?;
        refuse_duplicates(&body)?;
        body.retain(|pair| query.binary_search(pair).is_err());
        query.extend(body);
        query.sort_unstable();
    }
    refuse_duplicates(&query)?;
    Ok(query)
}

/// One name with two values: it is unclear which one counts.
fn refuse_duplicates(sorted: &[Pair]) -> Result<(), Malformed> {
    match sorted.windows(2).find(|two| two[0].0 == two[1].0) {
        Some(two) => Err(Malformed::Duplicate(shown(&two[0].0))),
        None => Ok(()),
    }
}

/// Decodes one name or value; `name` is the raw name, for the error.
fn component(raw: &[u8], name: &[u8]) -> Result<String, Malformed> {
    let plain = memchr::memchr2(b'%', b'+', raw).is_none();
    let decoded = if plain { Some(raw.to_vec()) } else { unescape(raw) };
    let Some(decoded) = decoded else {
        return Err(Malformed::Escape(shown_raw(name)));
    };
    String::from_utf8(decoded).map_err(|_| Malformed::NotUtf8(shown_raw(name)))
}

/// Undoes `+` and `%XX`, or gives nothing when an escape is broken.
fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hexadecimal(*rest.next()?)? << 4 | hexadecimal(*rest.next()?)?,
            other => other,
        });
    }
    Some(decoded)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Shortens a name for an error: the client chose it, so it may be of any length.
fn shown(name: &str) -> String {
    name.chars().take(SHOWN_NAME).collect()
}

fn shown_raw(name: &[u8]) -> String {
    // Four bytes are the longest character, so this prefix holds all that will be shown.
    shown(&String::from_utf8_lossy(&name[..name.len().min(SHOWN_NAME * 4)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(name: &str, value: &str) -> Pair {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn reads_every_spelling_of_a_query() {
        let read = query("&&a=1+2&b=%e4%BD%a0*~!'()/,:&c&=d&e=f=g&").unwrap();
        let expected = [
            pair("a", "1 2"),
            pair("b", "你*~!'()/,:"),
            pair("c", ""),
            pair("", "d"),
            pair("e", "f=g"),
        ];
        assert_eq!(read, expected);
        assert_eq!(query("").unwrap(), []);
    }

    #[test]
    fn refuses_broken_escapes_and_text() {
        for raw in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=1%2"] {
            assert_eq!(query(raw), Err(Malformed::Escape("a".to_owned())), "{raw}");
        }
        assert_eq!(query("a=%ff"), Err(Malformed::NotUtf8("a".to_owned())));
        assert_eq!(query("%=1"), Err(Malformed::Escape("%".to_owned())));
        assert_eq!(form(b"\xff=1"), Err(Malformed::NotUtf8("\u{fffd}".to_owned())));
    }

    #[test]
    fn bounds_the_number_of_parameters() {
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1&")).collect::<String>();
        let most = query(&many(MAX_PARAMETERS)).unwrap();
        assert_eq!(query(&many(MAX_PARAMETERS + 1)), Err(Malformed::TooMany));
        assert!(merge(most.clone(), vec![]).is_ok());
        assert_eq!(merge(most, vec![pair("x", "")]), Err(Malformed::TooMany));
    }

    #[test]
    fn merges_in_byte_order_and_refuses_duplicates() {
        let merged = merge(query("b=1&a.10=2").unwrap(), query("a.2=3&B=4").unwrap()).unwrap();
        let names: Vec<_> = merged.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["B", "a.10", "a.2", "b"]);
        let twice = Err(Malformed::Duplicate("a".to_owned()));
        assert_eq!(merge(vec![pair("a", "1")], vec![pair("a", "2")]), twice);
        assert_eq!(merge(vec![pair("a", "1"), pair("a", "1")], vec![]), twice);
        assert_eq!(merge(vec![pair("a", "1")], vec![pair("a", "1"), pair("a", "1")]), twice);
        let once = merge(vec![pair("a", "1")], vec![pair("b", "2"), pair("a", "1")]);
        assert_eq!(once.unwrap(), [pair("a", "1"), pair("b", "2")]);
    }

    #[test]
    fn an_error_repeats_a_long_name_only_in_part() {
        let raw = format!("{}=%", "你".repeat(5000));
        assert_eq!(query(&raw), Err(Malformed::Escape("你".repeat(SHOWN_NAME))));
    }

    proptest! {
        #[test]
        fn decode_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = form(&bytes);
            let _ = json(&bytes);
            let _ = query(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn reads_what_an_independent_encoder_wrote(
            pairs in proptest::collection::vec((".{1,8}", ".{0,20}"), 0..20),
        ) {
            let mut encoder = form_urlencoded::Serializer::new(String::new());
            encoder.extend_pairs(&pairs);
            prop_assert_eq!(query(&encoder.finish()).unwrap(), pairs);
        }
    }
}
