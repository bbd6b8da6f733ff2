//! Paging by number and by token, and filters by tag, for every list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::prelude::*;
use crate::catalog::{PlainTag, PlainTagFilter};
use crate::store::Cursor;

/// Entries on a page unless the caller says otherwise.
const SIZE: u32 = 10;

/// Which page is asked for, in either way.
#[derive(Debug)]
pub(crate) struct Paging {
    /// For the store.
    pub page: Page,
    /// The page number to answer with.
    pub number: u32,
    /// The page size to answer with.
    pub size: u32,
}

impl Paging {
    /// NextToken and MaxResults win over PageNumber and PageSize.
    pub(crate) fn of<const LEAST: i64, const MOST: i64, const LAST: i64, const LARGEST: i64>(
        token: &Option<Text<1, 128>>,
        most: Option<Clamped<LEAST, MOST>>,
        number: Option<Integer<1, LAST>>,
        size: Option<Integer<1, LARGEST>>,
    ) -> Result<Paging, Refusal> {
        if token.is_none() && most.is_none() {
            return Ok(Paging::numbered(number, size));
        }
        Paging::by_token(token, most.map_or(SIZE, |most| bounded(most.0)))
    }

    /// The page of `most` entries after that which a token ends, for lists that know no numbers.
    pub(crate) fn by_token(token: &Option<Text<1, 128>>, most: u32) -> Result<Paging, Refusal> {
        let after = token.as_ref().map(|token| parse_token(&token.0)).transpose()?;
        Ok(Paging { page: Page::After { after, most }, number: 1, size: most })
    }

    /// A page by its number, for lists that know no token.
    pub(crate) fn numbered<const LAST: i64, const LARGEST: i64>(
        number: Option<Integer<1, LAST>>,
        size: Option<Integer<1, LARGEST>>,
    ) -> Paging {
        let number = number.map_or(1, |number| bounded(number.0));
        Paging::whole(number, size.map_or(SIZE, |size| bounded(size.0)))
    }

    /// A page by its number, which is known to be within bounds.
    pub(crate) fn whole(number: u32, size: u32) -> Paging {
        Paging { page: Page::Numbered { number, size }, number, size }
    }

    /// The NextToken to answer with when the page ended at this cursor. The first page by number
    /// has one as well: a caller can go on from it either way.
    pub(super) fn next_token(&self, end: Option<Cursor>) -> String {
        match self.page {
            Page::Numbered { number, .. } if number > 1 => String::new(),
            Page::Numbered { .. } | Page::After { .. } => token(end),
        }
    }

    /// The page of a list that is there whole.
    pub(crate) fn cut<'a, T>(&self, list: &'a [T]) -> &'a [T] {
        let before = (self.number as usize - 1).saturating_mul(self.size as usize);
        let left = list.get(before..).unwrap_or_default();
        &left[..left.len().min(self.size as usize)]
    }
}

fn bounded(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The cursor in a token that [`token`] made. Tokens of version 0.1.0 are refused.
pub(super) fn parse_token(token: &str) -> Result<Cursor, Refusal> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let parsed = text.as_deref().and_then(|text| {
        let (created_at, id) = text.split_once(' ')?;
        Some(Cursor { created_at: Moment(created_at.parse().ok()?), id: id.into() })
    });
    parsed.ok_or_else(|| Refusal::from(&NEXT_TOKEN_NOT_VALID))
}

/// The token of a cursor; empty at the end.
pub(super) fn token(next: Option<Cursor>) -> String {
    let text = |next: Cursor| format!("{} {}", next.created_at.0, next.id);
    next.map_or_else(String::new, |next| URL_SAFE_NO_PAD.encode(text(next)))
}

/// The tags to look for: every value with its key, at most 20.
pub(super) fn tags(filters: &[TagFilter]) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let pairs = filters.iter().map(|filter| {
        let key = filter.key.as_ref().or(filter.legacy_key.as_ref());
        (key, filter.value.as_ref().or(filter.legacy_value.as_ref()))
    });
    wanted(filters.len(), pairs)
}

/// The tags to look for, of a list that has no old spelling.
pub(super) fn plain_tags(
    filters: &[PlainTagFilter],
) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let pairs = filters.iter().map(|filter| (filter.key.as_ref(), filter.value.as_ref()));
    wanted(filters.len(), pairs)
}

fn wanted<'a>(
    count: usize,
    pairs: impl Iterator<Item = (Option<&'a Text<1, 128>>, Option<&'a Text<0, 128>>)>,
) -> Result<Vec<(String, Option<String>)>, Refusal> {
    if count > domain::limits::TAGS_PER_RESOURCE {
        return Err((&TAG_COUNT).into());
    }
    let pair = |(key, value): (Option<&Text<1, 128>>, Option<&Text<0, 128>>)| {
        let key = key.ok_or(&TAG_MISMATCH)?;
        Ok((key.0.clone(), value.map(|value| value.0.clone())))
    };
    pairs.map(pair).collect()
}

/// The tags to set: every value with its key, no key twice, at most 20.
pub(super) fn new_tags(given: &[TagParam]) -> Result<Vec<Tag>, Refusal> {
    if given.len() > domain::limits::TAGS_PER_RESOURCE {
        return Err((&TAG_COUNT).into());
    }
    let mut tags: Vec<Tag> = Vec::new();
    for one in given {
        let key = one.key.as_ref().or(one.legacy_key.as_ref()).ok_or(&TAG_MISMATCH)?;
        let value = one.value.as_ref().or(one.legacy_value.as_ref());
        add_tag(&mut tags, &key.0, value.map_or("", |value| &value.0))?;
    }
    Ok(tags)
}

/// The tags to set, of a list that has no old spelling.
pub(super) fn new_plain_tags(given: &[PlainTag]) -> Result<Vec<Tag>, Refusal> {
    let tag = |tag: &PlainTag| TagParam {
        key: tag.key.clone(),
        value: tag.value.clone(),
        legacy_key: None,
        legacy_value: None,
    };
    new_tags(&given.iter().map(tag).collect::<Vec<_>>())
}

/// Adds a tag to those of a request, in which no key may be twice.
pub(super) fn add_tag(
    tags: &mut Vec<Tag>,
    key: &str,
    value: &str,
) -> Result<(), &'static ErrorCode> {
    if tags.iter().any(|tag| tag.key == key) {
        return Err(&TAG_DUPLICATE);
    }
    tags.push(Tag::new(key, value));
    Ok(())
}
