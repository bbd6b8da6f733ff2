//! Names that count up from one instance of a request to the next.

use crate::actions::prelude::*;
use crate::catalog::{Shape, Value};

/// Digits of a number that counts up, unless the name says otherwise.
const DIGITS: usize = 6;
/// Digits that `UniqueSuffix` adds.
const SUFFIX_DIGITS: usize = 3;

/// A name with a place where a number goes: `head[begin,digits]tail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    head: String,
    counter: Option<Counter>,
    tail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counter {
    begin: u32,
    digits: usize,
}

impl Sequence {
    /// Reads `name`, `head[]tail`, `head[begin,]tail`, `head[,digits]tail` or
    /// `head[begin,digits]tail`. Begins with 0 to 999999, and has 1 to 6 digits.
    pub(crate) fn parse(text: &str) -> Option<Sequence> {
        let Some((head, rest)) = text.split_once('[') else {
            let plain = !text.contains(']');
            return plain.then(|| Sequence::plain(text));
        };
        let (inside, tail) = rest.split_once(']')?;
        if tail.contains(['[', ']']) || inside.contains('[') {
            return None;
        }
        let counter = Some(Counter::parse(inside)?);
        Some(Sequence { head: head.to_owned(), counter, tail: tail.to_owned() })
    }

    fn plain(text: &str) -> Sequence {
        Sequence { head: text.to_owned(), counter: None, tail: String::new() }
    }

    /// The name of the `index`-th of `amount` instances, from 0. `unique` numbers names that end
    /// without a number of their own.
    pub(crate) fn name(&self, index: u32, amount: u32, unique: bool) -> String {
        let mut name = self.head.clone();
        if let Some(Counter { begin, digits }) = self.counter {
            name.push_str(&format!("{:0digits$}", begin.saturating_add(index)));
            name.push_str(&self.tail);
        }
        let ends_in_counter = self.counter.is_some() && self.tail.is_empty();
        if unique && amount > 1 && !ends_in_counter {
            name.push_str(&format!("{:0SUFFIX_DIGITS$}", index + 1));
        }
        name
    }
}

impl Counter {
    fn parse(inside: &str) -> Option<Counter> {
        let (begin, digits) = inside.split_once(',').unwrap_or((inside, ""));
        let begin = if begin.is_empty() { 0 } else { begin.trim().parse().ok()? };
        let digits = if digits.is_empty() { DIGITS } else { digits.trim().parse().ok()? };
        let fits = begin <= 999_999 && (1..=6).contains(&digits);
        // A first number that is longer than its place widens the place.
        let needed = begin.to_string().len();
        let digits = if needed > digits { DIGITS } else { digits };
        fits.then_some(Counter { begin, digits })
    }
}

/// The display name of new instances.
#[derive(Clone, Debug)]
pub(crate) struct SequencedName(pub Sequence);

impl Value for SequencedName {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 128,
        rule: "a letter first, then letters, digits, colons, underscores, periods and hyphens; \
               [begin,bits] once",
    };
    const EXAMPLE: &'static str = "web-[1,3]";
    const MALFORMED: &'static ErrorCode = &INSTANCE_NAME_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let sequence = Sequence::parse(text)?;
        let fits = text.chars().count() <= 128 && is_instance_name(&sequence.name(0, 1, false));
        fits.then_some(SequencedName(sequence))
    }
}

fn is_instance_name(name: &str) -> bool {
    <InstanceName as Value>::parse(name).is_some()
}

/// The name inside the guest: 2 to 64 characters; letters, digits and hyphens in parts separated
/// by periods. Windows, which allows 15, is checked when the image is known.
#[derive(Clone, Debug)]
pub(crate) struct HostName(pub Sequence);

impl Value for HostName {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 64,
        rule: "letters, digits and hyphens in parts separated by periods; [begin,bits] once",
    };
    const EXAMPLE: &'static str = "web-1";
    const MALFORMED: &'static ErrorCode = &HOST_NAME_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let sequence = Sequence::parse(text)?;
        is_host_name(&sequence.name(0, 1, false)).then_some(HostName(sequence))
    }
}

fn is_host_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_${}".contains(c);
        let edges = !part.starts_with('-') && !part.ends_with('-');
        !part.is_empty() && edges && !part.contains("--") && part.chars().all(allowed)
    };
    (2..=64).contains(&name.chars().count()) && name.split('.').all(is_part)
}

/// Whether Windows takes it: at most 15 characters, no periods, not only digits.
pub(crate) fn fits_windows(name: &str) -> bool {
    let only_digits = name.chars().all(|c| c.is_ascii_digit());
    name.chars().count() <= 15 && !name.contains('.') && !only_digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str, amount: u32, unique: bool) -> Vec<String> {
        let sequence = Sequence::parse(pattern).expect("a valid pattern");
        (0..amount).map(|index| sequence.name(index, amount, unique)).collect()
    }

    #[test]
    fn a_counter_counts_up_with_the_wanted_digits() {
        assert_eq!(names("web-[9,3]-x", 2, false), ["web-009-x", "web-010-x"]);
        assert_eq!(names("web[]", 2, false), ["web000000", "web000001"]);
        assert_eq!(names("web[,2]", 1, false), ["web00"]);
        assert_eq!(names("web[1000,2]", 1, false), ["web001000"]);
    }

    #[test]
    fn a_unique_suffix_is_added_where_no_counter_ends_the_name() {
        assert_eq!(names("web", 2, true), ["web001", "web002"]);
        assert_eq!(names("web", 2, false), ["web", "web"]);
        assert_eq!(names("web", 1, true), ["web"]);
        assert_eq!(names("web[1,2]", 2, true), ["web01", "web02"]);
    }

    #[test]
    fn brackets_that_hold_no_counter_are_refused() {
        for wrong in ["web[a,2]", "web[1,7]", "web[1,2", "web]", "web[1][2]", "web[1000000,]"] {
            assert_eq!(Sequence::parse(wrong), None, "{wrong}");
        }
    }
}
