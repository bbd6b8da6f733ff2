//! Kinds of resource: names, the action that lists them, and statuses.
//!
//! Waiting, forms and state diagrams are made from this; none of them depends on a particular
//! kind.

use super::transition::Edge;

/// A kind of resource: disks, instances, regions.
#[derive(Debug)]
pub struct Resource {
    /// The word for one: `disk`.
    pub noun: &'static str,
    /// The same with its article: `a disk`.
    pub with_article: &'static str,
    /// How it is looked up.
    pub listing: Listing,
    /// Its statuses, in the order of its life; empty if it has none.
    pub statuses: &'static [Status],
    /// Changes of status that no action asks for.
    pub unasked: &'static [Edge],
}

/// How resources of a kind are listed. Entries have their status in `Status`, if they have one.
#[derive(Debug)]
pub struct Listing {
    /// The action that lists them: `DescribeDisks`.
    pub action: &'static str,
    /// Its parameter that takes ids as a JSON array; none if it cannot be asked for single ones.
    pub ids: Option<&'static str>,
    /// Where in the reply the list is: `["Disks", "Disk"]`.
    pub path: [&'static str; 2],
    /// The field of an entry that is its id: `DiskId`.
    pub id: &'static str,
    /// The label for people: fields in braces, with words around them. A text with an empty field
    /// is left out.
    pub texts: &'static [&'static str],
    /// The field that names the resource it is on, if it can be on one: `InstanceId`.
    pub holder: Option<&'static str>,
}

/// A status of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The literal in the API.
    pub name: &'static str,
    /// Whether it lasts until a request changes it.
    pub lasting: bool,
}

impl Status {
    /// A status that lasts until a request changes it.
    pub(crate) const fn lasting(name: &'static str) -> Status {
        Status { name, lasting: true }
    }

    /// A status on the way to another.
    pub(crate) const fn passing(name: &'static str) -> Status {
        Status { name, lasting: false }
    }
}

impl Resource {
    /// Statuses on the way to others.
    pub(crate) fn passing(&self) -> Vec<&'static str> {
        self.named(false)
    }

    /// Statuses that stay.
    pub fn lasting(&self) -> Vec<&'static str> {
        self.named(true)
    }

    fn named(&self, lasting: bool) -> Vec<&'static str> {
        let wanted = self.statuses.iter().filter(|status| status.lasting == lasting);
        wanted.map(|status| status.name).collect()
    }
}
