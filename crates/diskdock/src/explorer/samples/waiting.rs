//! What is waited for after an asynchronous call, and how its end is known.

use super::tree::Pair;
use crate::catalog::{ReplyShape, Spec};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A disk, by DescribeDisks.
    Disk,
    /// An instance, by DescribeInstances.
    Instance,
}

impl Subject {
    /// `disk` or `instance`.
    pub fn noun(self) -> &'static str {
        match self {
            Subject::Disk => "disk",
            Subject::Instance => "instance",
        }
    }

    /// The parameter and the field of a reply that hold its id.
    fn id_name(self) -> &'static str {
        match self {
            Subject::Disk => "DiskId",
            Subject::Instance => "InstanceId",
        }
    }

    /// Statuses that do not last.
    pub fn passing(self) -> &'static [&'static str] {
        match self {
            Subject::Disk => &["Creating", "Attaching", "Detaching", "ReIniting"],
            Subject::Instance => &["Pending", "Starting", "Stopping"],
        }
    }
}

/// Where the ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ids {
    /// The request names them.
    Named(Vec<String>),
    /// The reply brings one, as `DiskId` or `InstanceId`.
    Replied(&'static str),
    /// The reply brings several, as `InstanceIdSets.InstanceIdSet`.
    RepliedSets,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is looked at.
    pub subject: Subject,
    /// Which ones.
    pub ids: Ids,
    /// The status to reach; none if it is to be gone.
    pub goal: Option<&'static str>,
}

/// Seconds until a sample gives up.
pub const TIMEOUT_S: u32 = 300;

/// What a sample has to wait for. A dry run changes nothing.
pub fn of(spec: &Spec, pairs: &[Pair]) -> Option<Waiting> {
    let value = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, v)| v);
    let is_dry = value("DryRun").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !spec.asynchronous || is_dry {
        return None;
    }
    let subject = if spec.name.contains("Disk") { Subject::Disk } else { Subject::Instance };
    let goal = match spec.name {
        name if name.starts_with("Delete") => None,
        name if name.starts_with("Detach") => Some("Available"),
        name if name.starts_with("Attach") => Some("In_use"),
        name if name.starts_with("Stop") => Some("Stopped"),
        "CreateInstance" => Some("Stopped"),
        // Made for an instance, it is attached at once.
        "CreateDisk" if value("InstanceId").is_some_and(|id| !id.is_empty()) => Some("In_use"),
        "CreateDisk" => Some("Available"),
        _ => Some("Running"),
    };
    Some(Waiting { subject, ids: ids(spec, subject, pairs), goal })
}

fn ids(spec: &Spec, subject: Subject, pairs: &[Pair]) -> Ids {
    let name = subject.id_name();
    let replied = |field: &str| match spec.reply {
        ReplyShape::Object(fields) => fields.iter().any(|known| known.name == field),
        _ => false,
    };
    if replied("InstanceIdSets") {
        return Ids::RepliedSets;
    }
    if replied(name) {
        return Ids::Replied(name);
    }
    let numbered = format!("{name}.");
    let named = pairs.iter().filter(|(given, _)| given == name || given.starts_with(&numbered));
    Ids::Named(named.map(|(_, id)| id.clone()).collect())
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
    fn knows_the_end_of_every_asynchronous_action() {
        let both = [("DiskId", "d-1"), ("InstanceId", "i-1")];
        let detach = waiting("DetachDisk", &both).unwrap();
        assert_eq!((detach.subject, detach.goal), (Subject::Disk, Some("Available")));
        assert_eq!(detach.ids, Ids::Named(vec!["d-1".to_owned()]));
        assert_eq!(waiting("CreateDisk", &both).unwrap().goal, Some("In_use"));
        assert_eq!(waiting("CreateDisk", &[]).unwrap().ids, Ids::Replied("DiskId"));
        assert_eq!(waiting("RunInstances", &[]).unwrap().ids, Ids::RepliedSets);
        assert_eq!(waiting("RunInstances", &[("DryRun", "true")]), None);
        let many = waiting("DeleteInstances", &[("InstanceId.1", "i-1"), ("InstanceId.2", "i-2")]);
        let many = many.unwrap();
        assert_eq!((many.goal, many.ids), (None, Ids::Named(vec!["i-1".into(), "i-2".into()])));
        assert_eq!(waiting("DescribeDisks", &[]), None);
    }
}
