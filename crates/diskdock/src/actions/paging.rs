//! What lists share: both ways of paging, and filters by tag.

use super::prelude::*;

/// Entries on a page unless the caller says otherwise.
const SIZE: u32 = 10;

/// Which page is asked for, in either way.
#[derive(Debug)]
pub struct Paging {
    /// For the store.
    pub page: Page,
    /// The page number to answer with.
    pub number: u32,
    /// The page size to answer with.
    pub size: u32,
    /// Whether the caller walks by NextToken.
    pub by_token: bool,
}

impl Paging {
    /// NextToken and MaxResults win over PageNumber and PageSize.
    pub fn of(
        token: Option<&str>,
        most: Option<i64>,
        number: Option<i64>,
        size: Option<i64>,
    ) -> Result<Paging, Refusal> {
        let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        if token.is_some() || most.is_some() {
            let most = most.map_or(SIZE, small);
            let after = token.map(parse_token).transpose()?;
            let page = Page::After { after, most };
            return Ok(Paging { page, number: 1, size: most, by_token: true });
        }
        let (number, size) = (number.map_or(1, small), size.map_or(SIZE, small));
        Ok(Paging { page: Page::Numbered { number, size }, number, size, by_token: false })
    }
}

/// The cursor in a token that [`token`] made.
pub fn parse_token(token: &str) -> Result<i64, Refusal> {
    let digits = token.strip_prefix("AAAAA");
    let parsed = digits.and_then(|digits| i64::from_str_radix(digits, 36).ok());
    parsed.ok_or_else(|| Refusal::from(&NEXT_TOKEN_NOT_VALID))
}

/// The token of a cursor; empty at the end.
pub fn token(next: Option<i64>) -> String {
    let Some(mut next) = next else { return String::new() };
    let mut digits = Vec::new();
    while next > 0 {
        let digit = u32::try_from(next % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        next /= 36;
    }
    format!("AAAAA{}", digits.iter().rev().collect::<String>())
}

/// The tags to look for: every value with its key, at most 20.
pub fn tags(filters: &[TagFilter]) -> Result<Vec<(String, Option<String>)>, Refusal> {
    if filters.len() > domain::limits::TAGS_PER_RESOURCE {
        return Err((&TAG_COUNT).into());
    }
    let pair = |filter: &TagFilter| {
        let key = filter.key.as_ref().or(filter.legacy_key.as_ref()).ok_or(&TAG_MISMATCH)?;
        let value = filter.value.as_ref().or(filter.legacy_value.as_ref());
        Ok((key.0.clone(), value.map(|value| value.0.clone())))
    };
    filters.iter().map(pair).collect()
}

/// The tags to set: every value with its key, no key twice, at most 20.
pub fn new_tags(given: &[TagParam]) -> Result<Vec<Tag>, Refusal> {
    if given.len() > domain::limits::TAGS_PER_RESOURCE {
        return Err((&TAG_COUNT).into());
    }
    let mut tags: Vec<Tag> = Vec::new();
    for one in given {
        let key = one.key.as_ref().or(one.legacy_key.as_ref()).ok_or(&TAG_MISMATCH)?;
        let value = one.value.as_ref().or(one.legacy_value.as_ref());
        if tags.iter().any(|tag| tag.key == key.0) {
            return Err((&TAG_DUPLICATE).into());
        }
        tags.push(Tag::new(&key.0, value.map_or("", |value| &value.0)));
    }
    Ok(tags)
}
