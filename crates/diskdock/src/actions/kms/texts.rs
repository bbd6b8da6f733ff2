//! Lists of structures in one text, and lengths of time.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::actions::paging::add_tag;
use crate::actions::prelude::*;
use crate::catalog::{Shape, Value, json_elements};

/// Structures in a text, at most.
const STRUCTURES: usize = 20;

/// `[{"TagKey":"team","TagValue":"storage"}]`.
#[derive(Clone, Debug)]
pub(crate) struct KeyTags(pub Vec<Tag>);

/// `[{"Key":"KeyState","Values":["Enabled"]}]`.
#[derive(Clone, Debug)]
pub(crate) struct KeyFilters(pub Vec<KeyFilter>);

/// A filter of keys: one of the values has to be that of the key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct KeyFilter {
    pub key: String,
    pub values: Vec<String>,
}

/// Seconds between two rotations: a number with a unit, 7 to 730 days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RotationInterval(pub i64);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyTagText {
    tag_key: String,
    #[serde(default)]
    tag_value: String,
}

fn structures<T: DeserializeOwned>(text: &str) -> Option<Vec<T>> {
    let found: Vec<T> = json_elements(text)?;
    Some(found).filter(|found| found.len() <= STRUCTURES)
}

impl Value for KeyTags {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 8_192,
        rule: "a JSON array of up to 20 structures with TagKey and TagValue",
    };
    const EXAMPLE: &'static str = r#"[{"TagKey":"team","TagValue":"storage"}]"#;
    const MALFORMED: &'static ErrorCode = &KMS_PARAMETER_NOT_VALID;

    fn parse(text: &str) -> Option<Self> {
        let mut tags = Vec::new();
        for pair in structures::<KeyTagText>(text)? {
            let fits = (1..=128).contains(&pair.tag_key.chars().count())
                && pair.tag_value.chars().count() <= 128;
            add_tag(&mut tags, &pair.tag_key, &pair.tag_value).ok().filter(|()| fits)?;
        }
        Some(KeyTags(tags))
    }
}

impl Value for KeyFilters {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 8_192,
        rule: "a JSON array of up to 20 structures with Key (KeyState, KeySpec, KeyUsage, \
               ProtectionLevel, CreatorType or DKMSInstanceId) and Values",
    };
    const EXAMPLE: &'static str = r#"[{"Key":"KeyState","Values":["Enabled"]}]"#;
    const MALFORMED: &'static ErrorCode = &KMS_PARAMETER_NOT_VALID;

    fn parse(text: &str) -> Option<Self> {
        const KEYS: [&str; 6] =
            ["KeyState", "KeySpec", "KeyUsage", "ProtectionLevel", "CreatorType", "DKMSInstanceId"];
        let filters: Vec<KeyFilter> = structures(text)?;
        filters.iter().all(|one| KEYS.contains(&&*one.key)).then_some(KeyFilters(filters))
    }
}

impl Value for RotationInterval {
    const SHAPE: Shape =
        Shape::Text { min: 2, max: 16, rule: "a number and its unit d, h, m or s: 7 to 730 days" };
    const EXAMPLE: &'static str = "365d";
    const MALFORMED: &'static ErrorCode = &KMS_PARAMETER_NOT_VALID;

    fn parse(text: &str) -> Option<Self> {
        const DAY_S: i64 = 24 * 3_600;
        let unit_s = match text.as_bytes().last()? {
            b'd' => DAY_S,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        let number: i64 = text[..text.len() - 1].parse().ok()?;
        let seconds = number.checked_mul(unit_s)?;
        (7 * DAY_S..=730 * DAY_S).contains(&seconds).then_some(RotationInterval(seconds))
    }
}
