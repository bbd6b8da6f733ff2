//! Tags in one text: a JSON array of structures.

use serde::Deserialize;

use crate::actions::paging::add_tag;
use crate::actions::prelude::*;
use crate::catalog::{Shape, Value, json_elements};

/// `[{"Key":"team","Value":"storage"}]`.
#[derive(Clone, Debug)]
pub(crate) struct TagsText(pub Vec<Tag>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagText {
    key: String,
    #[serde(default)]
    value: String,
}

impl Value for TagsText {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 8_192,
        rule: "a JSON array of up to 20 structures with Key and Value",
    };
    const EXAMPLE: &'static str = r#"[{"Key":"team","Value":"storage"}]"#;

    fn parse(text: &str) -> Option<Self> {
        let pairs: Vec<TagText> = json_elements(text)?;
        let fits = |pair: &TagText| {
            (1..=128).contains(&pair.key.chars().count()) && pair.value.chars().count() <= 128
        };
        if pairs.len() > domain::limits::TAGS_PER_RESOURCE || !pairs.iter().all(fits) {
            return None;
        }
        let mut tags = Vec::new();
        for pair in pairs {
            add_tag(&mut tags, &pair.key, &pair.value).ok()?;
        }
        Some(TagsText(tags))
    }
}
