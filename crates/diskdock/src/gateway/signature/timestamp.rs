//! The one form of time that requests carry.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads `YYYY-MM-DDThh:mm:ssZ` as seconds since 1970, or gives nothing for any other text.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if marks.iter().any(|&(at, mark)| bytes[at] != mark) {
        return None;
    }
    let two = |at: usize| i8::try_from(number(&bytes[at..at + 2])?).ok();
    let (year, month, day) = (number(&bytes[..4])?, two(5)?, two(8)?);
    let civil = DateTime::new(year, month, day, two(11)?, two(14)?, two(17)?, 0).ok()?;
    Some(TimeZone::UTC.to_timestamp(civil).ok()?.as_second())
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |total, digit| match digit {
        b'0'..=b'9' => Some(total * 10 + i16::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_the_documented_form() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_timestamp("2026-01-02T03:04:05Z"), Some(1_767_323_045));
        assert_eq!(parse_timestamp("1969-12-31T23:59:59Z"), Some(-1));
        assert_eq!(parse_timestamp("2024-02-29T00:00:00Z"), Some(1_709_164_800));
        for wrong in [
            "",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05+",
            "2026-13-02T03:04:05Z",
            "2025-02-29T03:04:05Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:60Z",
            "+026-01-02T03:04:05Z",
            "2026-01-02T03:04:5 Z",
            "2026-01-02T03:04:é5Z",
        ] {
            assert_eq!(parse_timestamp(wrong), None, "{wrong}");
        }
    }
}
