//! Lists: how they are asked for, and how they come, for every kind of resource.
//!
//! A list is in the order of creation, newest first, and of ids where that is the same. A page
//! ends at an entry, and the next one begins after it, whatever came or went meanwhile; so a
//! cursor means the same in every engine, and after a restore.

use domain::entity::{Entity, EntityId};
use domain::{AccountId, Instance, Moment, Tag};

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Page `number` (from 1) of pages of `size`. All that matches has to be counted.
    Numbered {
        /// From 1.
        number: u32,
        /// Entries on a page.
        size: u32,
    },
    /// Up to `most` entries that come after the entry `after` in the list.
    After {
        /// Where the page before ended; none for the first page.
        after: Option<Cursor>,
        /// Entries on a page.
        most: u32,
    },
}

/// An entry of a list, as the place after which the next page begins. The entry need not be there
/// any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When it was created.
    pub created_at: Moment,
    /// Its id.
    pub id: Box<str>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct ListPage<T> {
    /// The entries of the page.
    pub entries: Vec<T>,
    /// How many match in all; none where counting them would mean reading them.
    pub total: Option<u64>,
    /// Where the next page begins; none on the last page.
    pub next: Option<Cursor>,
}

/// The part of a filter that an engine can answer from an index. A field that is empty or `None`
/// does not restrict; all that is given must hold. Whether an entry is wanted is decided by the
/// filter itself; this only says which ones have to be looked at.
#[derive(Clone, Debug)]
pub struct Scope<'f> {
    /// The owner.
    pub account: &'f str,
    /// In this region.
    pub region: &'f str,
    /// Only these; an empty list matches nothing.
    pub ids: Option<Vec<&'f str>>,
    /// Values of columns of the kind. Without one of the below, every entry of the place with
    /// these values is looked at.
    pub columns: Vec<(&'static str, &'f str)>,
    /// Texts that it is indexed by.
    pub terms: Vec<(&'static str, &'f str)>,
    /// Tags, which are indexed; no value stands for any value.
    pub tags: &'f [(String, Option<String>)],
    /// Created in this span, inclusive; indexed.
    pub created: (Option<Moment>, Option<Moment>),
    /// Nothing restricts but account and region, so that what is counted already is the total.
    pub is_whole_place: bool,
}

/// A condition on an entity.
pub type Condition<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

/// Which instances are wanted.
pub type InstanceFilter = Filter<Instance>;

/// Which resources of a kind are wanted. A field that is `None` does not restrict; all that is
/// given must hold.
pub struct Filter<T: Entity> {
    /// The owner.
    pub account: AccountId,
    /// In this region.
    pub region: String,
    /// Only these; an empty list matches nothing.
    pub ids: Option<Vec<T::Id>>,
    /// With all these tags; no value stands for any value.
    pub tags: Vec<(String, Option<String>)>,
    /// In this resource group.
    pub resource_group: Option<String>,
    /// Created in this span, inclusive.
    pub created: (Option<Moment>, Option<Moment>),
    /// With these values of columns of the kind.
    pub columns: Vec<(&'static str, String)>,
    /// With these values of terms of the kind.
    pub terms: Vec<(&'static str, String)>,
    /// All further conditions. Every entry in the scope of the others is looked at.
    pub also: Vec<Condition<T>>,
}

impl<T: Entity> Filter<T> {
    /// All resources of an account in a region.
    pub fn all(account: AccountId, region: &str) -> Filter<T> {
        Filter {
            account,
            region: region.to_owned(),
            ids: None,
            tags: Vec::new(),
            resource_group: None,
            created: (None, None),
            columns: Vec::new(),
            terms: Vec::new(),
            also: Vec::new(),
        }
    }

    /// All of an account in a region that are found by this term and its value.
    pub(crate) fn with_term(
        account: AccountId,
        region: &str,
        (term, value): (&'static str, &str),
    ) -> Filter<T> {
        let terms = vec![(term, value.to_owned())];
        Filter { terms, ..Filter::all(account, region) }
    }

    /// Restricts to resources of this name, which may have `*` for any text.
    pub(crate) fn restrict_name(&mut self, pattern: String) {
        if !pattern.contains('*') {
            self.terms.push(("name", pattern));
            return;
        }
        self.also.push(Box::new(move |entity| {
            entity.terms().iter().any(|(term, name)| *term == "name" && like(&pattern, name))
        }));
    }

    /// Whether this resource is wanted.
    pub(crate) fn matches(&self, entity: &T) -> bool {
        *entity.account() == self.account
            && entity.region() == self.region
            && self.ids.as_ref().is_none_or(|ids| ids.contains(entity.id()))
            && has_tags(entity.tags(), &self.tags)
            && self.resource_group.as_ref().is_none_or(|group| group == entity.resource_group())
            && within(entity.created_at(), self.created)
            && self.has_columns(entity)
            && self.has_terms(entity)
            && self.also.iter().all(|holds| holds(entity))
    }

    /// The part that an engine can select by.
    pub fn scope(&self) -> Scope<'_> {
        let mut terms: Vec<_> = self.terms.iter().map(|(term, value)| (*term, &**value)).collect();
        terms.extend(self.resource_group.iter().map(|group| (RESOURCE_GROUP, &**group)));
        Scope {
            account: self.account.as_str(),
            region: &self.region,
            ids: self.ids.as_ref().map(|ids| ids.iter().map(EntityId::as_str).collect()),
            columns: self.columns.iter().map(|(column, value)| (*column, &**value)).collect(),
            is_whole_place: self.is_whole_place(),
            terms,
            tags: &self.tags,
            created: self.created,
        }
    }

    fn is_whole_place(&self) -> bool {
        self.ids.is_none()
            && self.tags.is_empty()
            && self.resource_group.is_none()
            && self.created == (None, None)
            && self.columns.is_empty()
            && self.terms.is_empty()
            && self.also.is_empty()
    }

    fn has_columns(&self, entity: &T) -> bool {
        if self.columns.is_empty() {
            return true;
        }
        let pairs: Vec<_> = T::KIND.columns.iter().zip(entity.columns()).collect();
        self.columns.iter().all(|(column, value)| pairs.contains(&(column, value.as_str())))
    }

    fn has_terms(&self, entity: &T) -> bool {
        if self.terms.is_empty() {
            return true;
        }
        let has = entity.terms();
        self.terms.iter().all(|(term, value)| has.contains(&(*term, value.as_str())))
    }
}

/// The term under which a resource is found by its resource group.
pub(super) const RESOURCE_GROUP: &str = "resource_group";

/// Whether `text` is `pattern`, in which `*` at either end stands for anything.
pub fn like(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

/// Whether `tags` has every wanted key, with the wanted value if one is given.
pub fn has_tags(tags: &[Tag], wanted: &[(String, Option<String>)]) -> bool {
    wanted.iter().all(|(key, value)| {
        let fits = |tag: &&Tag| value.as_ref().is_none_or(|value| *value == tag.value);
        tags.iter().filter(|tag| tag.key == *key).any(|tag| fits(&tag))
    })
}

/// Whether a moment is in a span, inclusive.
pub(super) fn within(moment: Moment, span: (Option<Moment>, Option<Moment>)) -> bool {
    span.0.is_none_or(|from| moment >= from) && span.1.is_none_or(|to| moment <= to)
}
