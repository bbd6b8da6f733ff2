//! Flattens a JSON body into RPC parameter names while it is being parsed.
//!
//! No document is built in between: the name is a path that grows and shrinks as the parser
//! walks, so the memory taken is that of the resulting parameters and no more.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{MAX_PARAMETERS, Malformed, Pair, shown};

/// Objects and lists within each other; the deepest ECS parameter has four.
const MAX_DEPTH: usize = 16;

/// The longest flattened name in bytes. Without it a few kilobytes of JSON, one long outer name
/// with many inner ones, would unfold into gigabytes.
const MAX_NAME: usize = 1024;

/// Reads a JSON object: `{"Tag":[{"Key":"a"}]}` is the parameter `Tag.1.Key` with value `a`.
///
/// Scalars become their text, `null` means absent, and an empty body has no parameters.
pub fn json(body: &[u8]) -> Result<Vec<Pair>, Malformed> {
    let mut flat = Flat { pairs: Vec::new(), name: String::new(), depth: 0, fault: None };
    if body.trim_ascii().is_empty() {
        return Ok(flat.pairs);
    }
    let mut parser = serde_json::Deserializer::from_slice(body);
    let outcome = JsonNode(&mut flat).deserialize(&mut parser).and_then(|()| parser.end());
    match (flat.fault, outcome) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) => Err(Malformed::Json(error.to_string())),
        (None, Ok(())) => Ok(flat.pairs),
    }
}

/// The pairs read so far, and where in the document the parser is.
struct Flat {
    pairs: Vec<Pair>,
    name: String,
    depth: usize,
    /// The parser can only report text, so the reason for stopping is kept here.
    fault: Option<Malformed>,
}

impl Flat {
    fn stop<E: Error>(&mut self, fault: Malformed) -> E {
        let error = E::custom(&fault);
        self.fault = Some(fault);
        error
    }

    fn scalar<E: Error>(&mut self, value: String) -> Result<(), E> {
        if self.depth == 0 {
            return Err(self.stop(Malformed::NotAnObject));
        }
        if self.pairs.len() == MAX_PARAMETERS {
            return Err(self.stop(Malformed::TooMany));
        }
        self.pairs.push((self.name.clone(), value));
        Ok(())
    }

    fn descend<E: Error>(&mut self) -> Result<(), E> {
        if self.depth == MAX_DEPTH {
            return Err(self.stop(Malformed::TooDeep(shown(&self.name))));
        }
        self.depth += 1;
        Ok(())
    }

    /// Appends one part to the name and gives the length to shrink back to.
    fn enter<E: Error>(&mut self, part: &str) -> Result<usize, E> {
        let length = self.name.len();
        if length + part.len() >= MAX_NAME {
            let name = format!("{}.{}", shown(&self.name), shown(part));
            return Err(self.stop(Malformed::LongName(shown(&name))));
        }
        if self.depth > 1 {
            self.name.push('.');
        }
        self.name.push_str(part);
        Ok(length)
    }
}

/// The value that the parser is about to read, named by the current path.
struct JsonNode<'a>(&'a mut Flat);

impl<'de> DeserializeSeed<'de> for JsonNode<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonNode<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.scalar(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.scalar(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.scalar(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.0.scalar(value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.scalar(value.to_owned())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.0.depth {
            0 => Err(self.0.stop(Malformed::NotAnObject)),
            _ => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.0.depth == 0 {
            return Err(self.0.stop(Malformed::NotAnObject));
        }
        self.0.descend()?;
        for position in 1.. {
            let length = self.0.enter(&position.to_string())?;
            let more = items.next_element_seed(JsonNode(self.0))?;
            self.0.name.truncate(length);
            if more.is_none() {
                break;
            }
        }
        self.0.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.descend()?;
        while let Some(key) = entries.next_key::<String>()? {
            let length = self.0.enter(&key)?;
            entries.next_value_seed(JsonNode(self.0))?;
            self.0.name.truncate(length);
        }
        self.0.depth -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Vec<(String, String)> {
        json(body.as_bytes()).unwrap()
    }

    fn line(body: &str) -> String {
        read(body).iter().map(|(name, value)| format!("{name}={value};")).collect()
    }

    #[test]
    fn flattens_lists_and_objects() {
        let body =
            r#"{"Tag":[{"Key":"a","Value":"é"},{"Key":"b"}],"SystemDisk":{"Size":40},"x":{}}"#;
        assert_eq!(line(body), "Tag.1.Key=a;Tag.1.Value=é;Tag.2.Key=b;SystemDisk.Size=40;");
    }

    #[test]
    fn scalars_become_text_and_null_is_absent() {
        let body =
            r#"{"a":true,"b":-3,"c":1.5,"d":null,"e":[null,"x"],"f":"","g":18446744073709551615}"#;
        assert_eq!(line(body), "a=true;b=-3;c=1.5;e.2=x;f=;g=18446744073709551615;");
        assert_eq!(line(" "), "");
    }

    #[test]
    fn both_values_of_a_repeated_name_are_reported() {
        let pairs = read(r#"{"a":1,"a":2}"#);
        assert_eq!(super::super::merge(pairs, vec![]), Err(Malformed::Duplicate("a".to_owned())));
    }

    #[test]
    fn refuses_a_document_that_is_not_an_object() {
        for body in ["[]", "1", "\"a\"", "null", "[{\"a\":1}]"] {
            assert_eq!(json(body.as_bytes()), Err(Malformed::NotAnObject), "{body}");
        }
        for body in ["{", "{}x", "{\"a\":}", "\u{0}", "{\"a\":\"\\ud800\"}"] {
            assert!(matches!(json(body.as_bytes()), Err(Malformed::Json(_))), "{body}");
        }
        assert!(matches!(json(b"{\"a\":\"\xff\"}"), Err(Malformed::Json(_))));
    }

    #[test]
    fn bounds_depth_number_and_name() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(matches!(json(deep.as_bytes()), Err(Malformed::TooDeep(_))));
        let allowed = format!("{{\"a\":{}1{}}}", "[".repeat(15), "]".repeat(15));
        assert_eq!(read(&allowed).len(), 1);
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(MAX_PARAMETERS));
        assert_eq!(json(wide.as_bytes()), Err(Malformed::TooMany));
        let long = format!("{{\"{}\":1}}", "n".repeat(MAX_NAME));
        assert!(matches!(json(long.as_bytes()), Err(Malformed::LongName(_))));
    }
}
