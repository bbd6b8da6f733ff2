//! The part of lists that is the same for every engine: which entries are on a page, and where the
//! next one begins.

use std::borrow::Cow;
use std::sync::Arc;

use super::resource::tag_term;
use super::{Cursor, DynEntity, EntityType, ListPage, Page, ReadTx, Scope, StoreError};

/// Decides whether a resource is wanted.
pub(super) type Matches<'m> = &'m mut dyn FnMut(&dyn DynEntity) -> Result<bool, StoreError>;

/// The resources of these ids that match, newest first.
pub(super) fn of_ids(
    tx: &dyn ReadTx,
    of: &'static EntityType,
    ids: &[&str],
    page: &Page,
    matches: Matches<'_>,
) -> Result<ListPage<Arc<dyn DynEntity>>, StoreError> {
    let mut ids = Cow::Borrowed(ids);
    if ids.len() > 1 {
        let ids = ids.to_mut();
        ids.sort_unstable();
        ids.dedup();
    }
    let mut matching = Vec::new();
    for id in ids.iter() {
        let Some(resource) = tx.resource(of, id)? else { continue };
        if matches(resource.as_ref())? {
            matching.push(resource);
        }
    }
    matching.sort_by(|one, other| order(other.as_ref()).cmp(&order(one.as_ref())));
    Ok(cut(matching, page))
}

fn order(resource: &dyn DynEntity) -> (domain::Moment, &str) {
    (resource.created_at(), resource.id())
}

fn last_of(entries: &[Arc<dyn DynEntity>]) -> Option<Cursor> {
    entries.last().map(|last| cursor(last.as_ref()))
}

fn cursor(resource: &dyn DynEntity) -> Cursor {
    Cursor { created_at: resource.created_at(), id: resource.id().into() }
}

/// A page of a short list that is there already.
fn cut(entries: Vec<Arc<dyn DynEntity>>, page: &Page) -> ListPage<Arc<dyn DynEntity>> {
    let total = entries.len();
    let (skip, size) = match page {
        Page::Numbered { number, size } => {
            ((*number as usize).saturating_sub(1).saturating_mul(*size as usize), *size as usize)
        }
        Page::After { after, most } => {
            let comes_later = |entry: &Arc<dyn DynEntity>| {
                after.as_ref().is_none_or(|after| {
                    order(entry.as_ref()) < (after.created_at, after.id.as_ref())
                })
            };
            (entries.iter().position(comes_later).unwrap_or(total), *most as usize)
        }
    };
    let on_page: Vec<_> = entries.into_iter().skip(skip).take(size).collect();
    let is_last = skip.saturating_add(size) >= total;
    let next = on_page.last().filter(|_| !is_last).map(|last| cursor(last.as_ref()));
    ListPage { entries: on_page, total: Some(total as u64), next }
}

/// The term that leaves least to look at: one with a value, if there is one.
pub(super) fn best_term<'s>(scope: &'s Scope<'_>) -> Option<(String, Option<&'s str>)> {
    let texts = scope.terms.iter().filter(|(_, value)| !value.is_empty());
    let texts = texts.map(|(term, value)| ((*term).to_owned(), Some(*value)));
    let tags = scope.tags.iter().map(|(key, value)| (tag_term(key), value.as_deref()));
    texts.chain(tags).max_by_key(|(_, value)| value.is_some())
}

/// A page that is filled from a walk over a list, newest first. A numbered page of a whole place
/// skips in the index and stops when full; a numbered page of a restricted list has to see all to
/// count them.
pub(super) struct PageFill<'p> {
    page: &'p Page,
    /// The number that is kept of the whole list, if nothing restricts.
    counted: Option<u64>,
    /// Entries before the page, and on it.
    skip: u64,
    size: usize,
    seen: u64,
    entries: Vec<Arc<dyn DynEntity>>,
    next: Option<Cursor>,
}

impl<'p> PageFill<'p> {
    pub(super) fn new(page: &'p Page, counted: Option<u64>) -> PageFill<'p> {
        let (skip, size) = match page {
            Page::Numbered { number, size } => {
                (u64::from(number.saturating_sub(1)) * u64::from(*size), *size)
            }
            Page::After { most, .. } => (0, *most),
        };
        let mut fill = PageFill {
            page,
            counted,
            skip,
            size: size as usize,
            seen: 0,
            entries: Vec::new(),
            next: None,
        };
        fill.seen = fill.offset();
        fill
    }

    /// Entries that the engine skips.
    pub(super) fn offset(&self) -> u64 {
        if self.counted.is_some() { self.skip } else { 0 }
    }

    /// The entry after which the page begins.
    pub(super) fn after(&self) -> Option<&'p Cursor> {
        match self.page {
            Page::Numbered { .. } => None,
            Page::After { after, .. } => after.as_ref(),
        }
    }

    fn by_token(&self) -> bool {
        matches!(self.page, Page::After { .. })
    }

    fn is_full(&self) -> bool {
        self.entries.len() == self.size
    }

    /// Whether the entry that comes now has to be looked at.
    pub(super) fn takes_another(&mut self) -> bool {
        let ends = self.is_full() && self.counted.is_some() && !self.by_token();
        if ends {
            self.next = last_of(&self.entries);
        }
        !ends
    }

    /// Takes an entry that matches; false if the page has ended before it.
    pub(super) fn take(&mut self, entry: Arc<dyn DynEntity>) -> bool {
        self.seen += 1;
        if self.is_full() {
            self.next = last_of(&self.entries);
            return !self.by_token();
        }
        if self.seen > self.skip {
            self.entries.push(entry);
        }
        true
    }

    pub(super) fn into_page(self) -> ListPage<Arc<dyn DynEntity>> {
        let total = self.counted.or((!self.by_token()).then_some(self.seen));
        ListPage { entries: self.entries, total, next: self.next }
    }
}
