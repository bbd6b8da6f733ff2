//! The wait after an asynchronous call, and how its end is known: as the action declares it, for
//! the values of one request.

use crate::catalog::{Goal, Ids, Resource, Settling, Spec};
use crate::gateway::decode::Pair;

/// Where the ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SampleIds {
    /// The request names them.
    Named(Vec<String>),
    /// The reply brings one, in this field.
    Replied(&'static str),
    /// The reply brings several, in this list.
    RepliedList([&'static str; 2]),
}

/// Resources, and the status that they are to reach.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// The kind of resource.
    pub resource: &'static Resource,
    /// Which ones.
    pub ids: SampleIds,
    /// The status to reach; none if it is to be gone.
    pub goal: Option<&'static str>,
}

/// Seconds until a sample gives up.
pub(crate) const GIVE_UP_AFTER_S: u32 = 300;

/// The wait of a sample; none after a dry run, which changes nothing.
pub(super) fn of(spec: &Spec, pairs: &[Pair]) -> Option<Waiting> {
    let value = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, v)| v);
    if value("DryRun").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let transition = spec.transition?;
    let settling = transition.settles.as_ref()?;
    let goal = match settling.goal(|name| value(name).is_some_and(|value| !value.is_empty())) {
        Goal::Status(status) => Some(status),
        Goal::Gone => None,
        Goal::Unseen => return None,
    };
    // Without a parameter for ids there is no way to look at single ones.
    transition.resource.listing.ids?;
    Some(Waiting { resource: transition.resource, ids: ids(settling, pairs), goal })
}

fn ids(settling: &Settling, pairs: &[Pair]) -> SampleIds {
    match settling.ids {
        Ids::Replied(field) => SampleIds::Replied(field),
        Ids::RepliedList(path) => SampleIds::RepliedList(path),
        Ids::Requested(_) => {
            SampleIds::Named(settling.requested(pairs).into_iter().map(str::to_owned).collect())
        }
    }
}

impl Waiting {
    /// The section of a template that waits.
    pub(crate) fn section(&self) -> &'static str {
        if self.goal.is_some() { "wait" } else { "wait until gone" }
    }

    /// Values for the templates of all languages: how the resource is listed, and until when it is
    /// polled. `name` writes a wire name as the language does.
    pub(crate) fn slots(&self, name: fn(&str) -> String) -> Vec<(&'static str, String)> {
        let listing = &self.resource.listing;
        vec![
            ("noun", self.resource.noun.to_owned()),
            ("describe", listing.action.to_owned()),
            ("ids", name(listing.ids.unwrap_or_default())),
            ("group", listing.path[0].to_owned()),
            ("item", listing.path[1].to_owned()),
            ("group field", name(listing.path[0])),
            ("item field", name(listing.path[1])),
            ("id", name(listing.id)),
            ("give up after", GIVE_UP_AFTER_S.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(action: &str, pairs: &[(&str, &str)]) -> Option<Waiting> {
        let pairs: Vec<Pair> =
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        of(crate::actions::find(action).unwrap().spec(), &pairs)
    }

    #[test]
    fn waiting_ends_in_the_declared_status() {
        let both = [("DiskId", "d-1"), ("InstanceId", "i-1")];
        let detach = waiting("DetachDisk", &both).unwrap();
        assert_eq!((detach.resource.noun, detach.goal), ("disk", Some("Available")));
        assert_eq!(detach.ids, SampleIds::Named(vec!["d-1".to_owned()]));
        assert_eq!(waiting("CreateDisk", &both).unwrap().goal, Some("In_use"));
        assert_eq!(waiting("CreateDisk", &[("InstanceId", "")]).unwrap().goal, Some("Available"));
        assert_eq!(waiting("CreateDisk", &[]).unwrap().ids, SampleIds::Replied("DiskId"));
        let run = waiting("RunInstances", &[]).unwrap();
        assert_eq!(run.ids, SampleIds::RepliedList(["InstanceIdSets", "InstanceIdSet"]));
        let many = waiting("DeleteInstances", &[("InstanceId.1", "i-1"), ("InstanceId.2", "i-2")]);
        let many = many.unwrap();
        assert_eq!(
            (many.goal, many.ids),
            (None, SampleIds::Named(vec!["i-1".into(), "i-2".into()]))
        );
    }

    #[test]
    fn actions_without_status_have_no_waiting() {
        assert!(waiting("RunInstances", &[("DryRun", "true")]).is_none());
        assert!(waiting("DescribeDisks", &[]).is_none());
        assert!(waiting("ResizeDisk", &[("DiskId", "d-1")]).is_none());
    }
}
